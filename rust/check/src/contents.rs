//! What a block holds while it is allocated: a pattern over all of it, so that any byte that another
//! user writes is seen.
//!
//! The mark of a pattern stands in word 1. A list that keeps an entry uses word 0.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::list::pointer;
use crate::random::mix;

/// A longer block is written at its beginning, so far, and at its end.
const WRITTEN: usize = 16 << 10;

fn word(mark: u64, index: usize) -> u64 {
    match index {
        1 => mark,
        _ => mix(mark ^ (index as u64) << 32),
    }
}

/// The bytes of a block that the caller has.
#[derive(Clone, Copy, Debug)]
pub struct Contents {
    at: usize,
    bytes: usize,
}

// Relaxed below: a block is its user's alone. Atomics, because a list may still look at the link of
// an entry that another thread has taken meanwhile.

impl Contents {
    /// Those of a block at an address.
    ///
    /// # Safety
    ///
    /// * The block is so long, is aligned to 16, and is the caller's as long as this is used.
    #[must_use]
    pub unsafe fn new(at: usize, bytes: usize) -> Self {
        Self { at, bytes }
    }

    fn byte(&self, at: usize) -> &AtomicU8 {
        // SAFETY: a byte of the caller's block.
        unsafe { AtomicU8::from_ptr(pointer(self.at + at).cast()) }
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        // SAFETY: an aligned word of the caller's block.
        unsafe { AtomicU64::from_ptr(pointer(self.at + at).cast()) }
    }

    /// Visits a range in words, and in bytes where no whole word is left.
    fn visit(&self, range: Range<usize>, mut each: impl FnMut(usize, bool)) {
        let end = self.bytes.saturating_sub(8).max(WRITTEN).max(range.start);
        for part in [range.start..range.end.min(WRITTEN), end..range.end] {
            let mut at = part.start;
            while at < part.end {
                let is_word = at.is_multiple_of(8) && at + 8 <= part.end;
                each(at, is_word);
                at += if is_word { 8 } else { 1 };
            }
        }
    }

    #[track_caller]
    fn expect(&self, range: Range<usize>, word: impl Fn(usize) -> u64) {
        self.visit(range, |at, is_word| {
            let expected = word(at / 8);
            let (actual, expected) = if is_word {
                (self.word(at).load(Ordering::Relaxed), expected)
            } else {
                let byte = self.byte(at).load(Ordering::Relaxed);
                (byte.into(), expected.to_le_bytes()[at % 8].into())
            };
            let block = self.at;
            assert!(
                actual == expected,
                "byte {at} of {block:#x}: {actual:#x} instead of {expected:#x}"
            );
        });
    }

    /// Writes the pattern of a mark.
    pub fn fill(&self, mark: u64) {
        self.visit(0..self.bytes, |at, is_word| {
            let word = word(mark, at / 8);
            if is_word {
                self.word(at).store(word, Ordering::Relaxed);
            } else {
                let byte = word.to_le_bytes()[at % 8];
                self.byte(at).store(byte, Ordering::Relaxed);
            }
        });
    }

    /// Asserts that a range holds the pattern of a mark.
    ///
    /// # Panics
    ///
    /// Where it does not.
    #[track_caller]
    pub fn expect_pattern(&self, range: Range<usize>, mark: u64) {
        self.expect(range, |index| word(mark, index));
    }

    /// Asserts that all bytes of a range are alike.
    ///
    /// # Panics
    ///
    /// Where they are not.
    #[track_caller]
    pub fn expect_bytes(&self, range: Range<usize>, value: u8) {
        self.expect(range, |_| u64::from_ne_bytes([value; 8]));
    }

    /// The mark of the pattern, in a block of at least 16 bytes.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.word(8).load(Ordering::Relaxed)
    }

    /// The link of an entry that was on a list.
    #[must_use]
    pub fn link(&self) -> usize {
        self.word(0).load(Ordering::Relaxed) as usize
    }
}
