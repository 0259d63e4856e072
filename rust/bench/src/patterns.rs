//! What is done with entries, and how long it takes. Each pattern checks its answer.

use std::hint::black_box;
use std::ptr::null_mut;
use std::time::Instant;

use crate::sources::{Counts, Slab, Source};

/// Entries of a burst.
pub const BURST: usize = 32;
/// Slots of the random pattern.
const SLOTS: usize = 128;

/// So many pairs of allocate and free; the sum of the bytes that were read.
pub type Pattern = fn(&dyn Source, u32) -> u32;

/// The patterns of one thread, by name.
pub const PATTERNS: [(&str, Pattern); 3] = [("tight", tight), ("burst", burst), ("random", random)];

/// Allocates, writes one byte, reads it back.
#[inline(always)]
fn touch(source: &dyn Source, value: u32) -> (*mut u8, u32) {
    let entry = source.alloc();
    assert!(!entry.is_null(), "no entry could be had");
    // SAFETY: the entry is ours, and has a byte.
    unsafe { entry.write_volatile(value as u8) };
    // SAFETY: as above.
    (entry, u32::from(unsafe { entry.read_volatile() }))
}

/// One entry, allocated and freed, over and over.
pub fn tight(source: &dyn Source, pairs: u32) -> u32 {
    let source = black_box(source);
    let mut sum = 0_u32;
    for round in 0..pairs {
        let (entry, value) = touch(source, round);
        sum = sum.wrapping_add(value);
        // SAFETY: allocated above.
        unsafe { source.free(entry) };
    }
    sum
}

/// 32 entries allocated, then freed in the same order. The pairs are a multiple of it.
pub fn burst(source: &dyn Source, pairs: u32) -> u32 {
    let source = black_box(source);
    let mut held = [null_mut(); BURST];
    let mut sum = 0_u32;
    for start in (0..pairs).step_by(BURST) {
        for (index, place) in held.iter_mut().enumerate() {
            let (entry, value) = touch(source, start.wrapping_add(index as u32));
            *place = entry;
            sum = sum.wrapping_add(value);
        }
        for &entry in &held {
            // SAFETY: allocated above.
            unsafe { source.free(entry) };
        }
    }
    sum
}

/// A random one of 128 slots is freed if it holds an entry and filled again. What is still held at the
/// end is freed, so there are as many frees as allocations.
pub fn random(source: &dyn Source, pairs: u32) -> u32 {
    let source = black_box(source);
    let mut held = [null_mut::<u8>(); SLOTS];
    let mut sum = 0_u32;
    let mut seed = 0x2545_F491_u32;
    for round in 0..pairs {
        // xorshift32 (Marsaglia, "Xorshift RNGs").
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        let place = &mut held[seed as usize % SLOTS];
        if !place.is_null() {
            // SAFETY: held, so allocated and not freed.
            unsafe { source.free(*place) };
        }
        let (entry, value) = touch(source, round);
        *place = entry;
        sum = sum.wrapping_add(value);
    }
    for entry in held.into_iter().filter(|entry| !entry.is_null()) {
        // SAFETY: held, so allocated and not freed.
        unsafe { source.free(entry) };
    }
    sum
}

/// The tight pattern on a slab.
pub fn tight_slab(slab: &Slab, pairs: u32) -> u32 {
    let slab = black_box(slab);
    let mut sum = 0_u32;
    for round in 0..pairs {
        let (key, value) = slab.insert(round as u8);
        sum = sum.wrapping_add(u32::from(value));
        slab.remove(black_box(key));
    }
    sum
}

/// What a pattern must have read in all: each round's number, its low byte.
pub fn checksum(pairs: u32) -> u32 {
    (0..pairs).fold(0, |sum, round| sum.wrapping_add(round & 0xff))
}

/// One run of a pattern, checked: nanoseconds per pair. `misses` of the pairs must miss.
pub fn measure(source: &dyn Source, pattern: Pattern, pairs: u32, misses: u32) -> f64 {
    let before = source.counts();
    let start = Instant::now();
    let sum = pattern(source, pairs);
    let elapsed = start.elapsed();
    assert_eq!(sum, checksum(pairs), "what was written was not read back");
    check_counts(before, source.counts(), pairs, misses);
    elapsed.as_secs_f64() * 1e9 / f64::from(pairs)
}

/// As many frees as allocations, and as many misses as there must be.
pub fn check_counts(before: Option<Counts>, after: Option<Counts>, pairs: u32, misses: u32) {
    if let (Some(before), Some(after)) = (before, after) {
        let wanted = Counts {
            allocates: before.allocates.wrapping_add(pairs),
            misses: before.misses.wrapping_add(misses),
            frees: before.frees.wrapping_add(pairs),
        };
        assert_eq!(after, wanted, "the counters are wrong");
    }
}

/// Fills a source, so that each pattern hits from its first pair on.
pub fn warm(source: &dyn Source) {
    let held: Vec<_> = (0..usize::from(crate::sources::DEPTH))
        .map(|_| source.alloc())
        .collect();
    for entry in held {
        // SAFETY: allocated above.
        unsafe { source.free(entry) };
    }
}
