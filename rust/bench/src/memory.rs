//! Memory that goes back to the system.

use crate::output::Figure;
use crate::sources::{DEPTH, Source, shared_list};

const ENTRIES: usize = 100_000;

/// Bytes of the process in memory, where the system tells.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// What is kept of the memory of 100,000 entries that were written to, once they are freed and the list
/// is destroyed, as a share of what they took.
pub fn given_back(_rounds: usize) {
    // Once: what a second time takes may be there already.
    for bytes in [64, 512, 4096] {
        let mut figure = Figure::new("memory", format!("{bytes} B"), "kept of 100000 entries");
        let mut held: Vec<*mut u8> = Vec::with_capacity(ENTRIES);
        {
            let before = resident();
            let list = shared_list(bytes, DEPTH);
            for _ in 0..ENTRIES {
                let entry = Source::alloc(&list);
                assert!(!entry.is_null(), "no entry could be had");
                // SAFETY: the entry is ours, of so many bytes.
                unsafe { entry.write_bytes(1, bytes) };
                held.push(entry);
            }
            let peak = resident();
            for entry in held.drain(..) {
                // SAFETY: allocated above.
                unsafe { Source::free(&list, entry) };
            }
            drop(list);
            let after = resident();
            if let (Some(before), Some(peak), Some(after)) = (before, peak, after) {
                figure.add((after - before).max(0.0) / (peak - before).max(1.0));
            }
        }
        figure.print();
    }
}
