//! What a test is given, and how it answers.

use core::alloc::Layout;

use win_lookaside::{PoolType, Stats};

use crate::List;

/// Passed, or which rule was broken.
pub type Outcome = Result<(), &'static str>;

/// What the lists of a test are made with.
///
/// # Examples
///
/// ```
/// use lookaside_contract::Fixture;
/// use win_lookaside::PoolType;
///
/// let paged = Fixture { pool_type: PoolType::PAGED_POOL, tag: u32::from_ne_bytes(*b"Test") };
/// assert!(paged.pool_type.is_paged());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fixture {
    /// The pool that entries come from.
    pub pool_type: PoolType,
    /// The pool tag of entries; whatever is left under it after a test was leaked.
    pub tag: u32,
}

/// Entries below a page, of a page, and above.
static SIZES: [usize; 10] = [8, 16, 24, 64, 100, 1000, 4095, 4096, 5000, 16_384];

/// How often a test begins again because the system tuned its list.
const ATTEMPTS: usize = 4;

impl Fixture {
    /// A new list of entries of `size` bytes.
    #[inline(never)]
    pub(crate) fn list<L: List>(&self, size: usize) -> Result<L, &'static str> {
        L::try_new(size, self.pool_type, Some(self.tag), None, None, None)
            .map_err(|_| "a list cannot be initialised")
    }

    /// Runs `test` on a new list of entries of each of the sizes.
    pub(crate) fn each_of<L: List>(
        &self,
        sizes: &[usize],
        test: &dyn Fn(&L, usize) -> Outcome,
    ) -> Outcome {
        for &size in sizes {
            test(&self.list(size)?, size)?;
        }
        Ok(())
    }

    /// Runs `test` on a new list of entries of each size that makes a difference.
    pub(crate) fn each_size<L: List>(&self, test: &dyn Fn(&L, usize) -> Outcome) -> Outcome {
        self.each_of(&SIZES, test)
    }

    /// Runs `test` on a new list and the depth that it has, again while the system tuned the list.
    ///
    /// A tuned list is told by its depth and by `LastTotalAllocates`, which is 0 until then.
    pub(crate) fn untuned<L: List>(
        &self,
        size: usize,
        test: &dyn Fn(&L, usize) -> Outcome,
    ) -> Outcome {
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            let list = self.list::<L>(size)?;
            let depth = stats(&list)?.depth;
            outcome = test(&list, usize::from(depth));
            let after = stats(&list)?;
            if outcome.is_ok() || (after.depth == depth && after.last_total_allocates == 0) {
                break;
            }
        }
        outcome
    }
}

/// The statistics of a list that is initialised.
#[inline(never)]
pub(crate) fn stats<L: List>(list: &L) -> Result<Stats, &'static str> {
    list.stats().ok_or("a list has no statistics")
}

/// Passes when `holds`.
pub(crate) fn ensure(holds: bool, otherwise: &'static str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// A layout, by value where the constructor is by `Result`.
pub(crate) fn layout(size: usize, alignment: usize) -> Result<Layout, &'static str> {
    Layout::from_size_align(size, alignment).map_err(|_| "the test asks for an illegal layout")
}
