//! The driver's answers, as JSON lines.

use alloc::string::String;
use core::fmt::Write;

use lookaside_protocol::wire::{Record, outcome};

/// Writes a text as a JSON string.
pub fn write_text(into: &mut String, text: &str) {
    into.push('"');
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(into, "\\u{:04x}", u32::from(control));
            }
            other => into.push(other),
        }
    }
    into.push('"');
}

/// Writes the record of an operation that stands on this line of the trace.
pub fn write_record(into: &mut String, line: u32, record: &Record) {
    // Writing to a string cannot fail.
    let _ = write!(into, r#"{{"line":{line},"entry":{},"#, record.entry);
    if record.birth != 0 {
        let _ = write!(into, r#""birth":{},"#, record.birth);
    }
    let _ = match record.outcome {
        outcome::DONE => write!(into, r#""outcome":"done""#),
        outcome::NOTHING => write!(into, r#""outcome":"nothing""#),
        _ => write!(into, r#""outcome":"status 0x{:X}""#, record.status),
    };
    if record.size == 0 {
        into.push_str(",\"stats\":null}\n");
        return;
    }
    let _ = write!(
        into,
        concat!(
            r#","stats":{{"size":{},"depth":{},"maximumDepth":{},"currentDepth":{},"#,
            r#""totalAllocates":{},"allocateMisses":{},"totalFrees":{},"freeMisses":{},"#,
            r#""lastTotalAllocates":{},"lastAllocateMisses":{}}}}}"#,
            "\n"
        ),
        record.size,
        record.depths & 0xffff,
        record.maximum_depth,
        record.depths >> 16,
        record.total_allocates,
        record.allocate_misses,
        record.total_frees,
        record.free_misses,
        record.last_total_allocates,
        record.last_allocate_misses,
    );
}
