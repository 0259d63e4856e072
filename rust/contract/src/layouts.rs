//! Which layouts are served, and by what.

use crate::fixture::{ensure, layout, stats};
use crate::guard::{Block, FILL};
use crate::{Fixture, List, Outcome};

/// What a block of pool is aligned to (nf-wdm-exallocatepoolwithtag).
pub(crate) const fn alignment_of(size: usize) -> usize {
    if size < 4096 { 16 } else { 4096 }
}

pub(crate) fn a_layout_that_fits_gets_the_whole_entry<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        let mut alignment = 1;
        while alignment <= alignment_of(size) {
            for asked in [1, size / 2, size - 1, size] {
                let block = Block::new(list, asked, alignment)?;
                ensure(block.bytes() == size, "a block is not the whole entry")?;
                let aligned = block.address().is_multiple_of(alignment);
                ensure(aligned, "a block is not aligned to its layout")?;
            }
            alignment *= 2;
        }
        Ok(())
    })
}

pub(crate) fn a_layout_larger_than_the_entry_is_refused<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        for asked in [size + 1, 2 * size, 1 << 40, isize::MAX.unsigned_abs()] {
            let refused = list.allocate(layout(asked, 1)?).is_err();
            ensure(refused, "a layout larger than the entry is served")?;
        }
        not_counted(list)
    })
}

pub(crate) fn an_alignment_beyond_the_entry_s_is_refused<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        let mut alignment = 2 * alignment_of(size);
        while alignment <= 1 << 20 {
            for asked in [0, 1, size] {
                let refused = list.allocate(layout(asked, alignment)?).is_err();
                ensure(refused, "an alignment that entries do not have is served")?;
            }
            alignment *= 2;
        }
        not_counted(list)
    })
}

fn not_counted<L: List>(list: &L) -> Outcome {
    let stats = stats(list)?;
    ensure(stats.total_allocates == 0, "what is refused is counted")
}

pub(crate) fn a_layout_of_size_zero_gets_an_entry<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_of::<L>(&[64], &|list, _| {
        let first = Block::new(list, 0, 1)?;
        let second = Block::new(list, 0, 16)?;
        let apart = first.address() != second.address();
        ensure(apart, "two blocks of size zero share an entry")?;
        let whole = first.bytes() == 64 && second.bytes() == 64;
        ensure(whole, "a block of size zero is not a whole entry")?;
        drop((first, second));
        let stats = stats(list)?;
        let counted = (stats.total_allocates, stats.total_frees) == (2, 2);
        ensure(counted, "blocks of size zero are not counted as entries")
    })
}

pub(crate) fn allocate_zeroed_clears_the_whole_entry<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_of::<L>(&[64], &|list, _| {
        drop(Block::new(list, 64, 1)?);
        // A hit, where the list keeps anything: its bytes are those written above.
        let block = Block::zeroed(list, 10, 1)?;
        ensure(block.bytes() == 64, "a block is not the whole entry")?;
        ensure(block.holds(0..64, 0), "allocate_zeroed leaves old bytes")?;
        let other = Block::new(list, 10, 1)?;
        ensure(block.holds(0..64, 0), "two blocks overlap")?;
        ensure(other.holds(0..64, FILL), "two blocks overlap")
    })
}
