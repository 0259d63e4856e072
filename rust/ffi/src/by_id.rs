//! Tables by lists' identifiers, in which nothing is searched.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by lists' identifiers.
pub(crate) type ById<T> = HashMap<u32, T, BuildHasherDefault<Spread>>;

/// An empty table.
pub(crate) const fn new<T>() -> ById<T> {
    HashMap::with_hasher(BuildHasherDefault::new())
}

/// Leaves an identifier as it is, so that lists made one after the other stand side by side: its low
/// bits are the index of a record. A table tells those side by side apart by the highest bits.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = u64::from(id) | u64::from(id) << 57;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
