//! Growing and shrinking: in place, or not at all.

use crate::fixture::{ensure, stats};
use crate::guard::{Block, FILL, Resize};
use crate::layouts::alignment_of;
use crate::{Fixture, List, Outcome};

/// A new block of `old` bytes that was given another layout.
#[inline(never)]
fn resized<L: List>(
    list: &L,
    how: Resize,
    old: usize,
    (new, alignment): (usize, usize),
) -> Result<Block<'_, L>, &'static str> {
    let mut block = Block::new(list, old, 1)?;
    let before = block.address();
    let resized = block.resize(how, new, alignment)?;
    ensure(resized.is_ok(), "a layout that fits is refused")?;
    ensure(block.address() == before, "a resized block moves")?;
    let whole = list.size() == Some(block.bytes());
    ensure(whole, "a resized block is not the whole entry")?;
    Ok(block)
}

/// That a new block of `old` bytes is refused another layout, and stays as it is.
#[inline(never)]
fn refused<L: List>(
    list: &L,
    how: Resize,
    old: usize,
    (new, alignment): (usize, usize),
) -> Outcome {
    let mut block = Block::new(list, old, 1)?;
    let before = block.address();
    let resized = block.resize(how, new, alignment)?;
    ensure(resized.is_err(), "a layout that does not fit is served")?;
    ensure(block.address() == before, "a refused block moves")?;
    let whole = block.holds(0..block.bytes(), FILL);
    ensure(whole, "a refused block changes")
}

/// That as many entries were allocated and freed: resizing does neither.
fn counted<L: List>(list: &L, count: u32) -> Outcome {
    let stats = stats(list)?;
    let counted = (stats.total_allocates, stats.total_frees) == (count, count);
    ensure(counted, "resizing allocates or frees")
}

pub(crate) fn grow_stays_in_place_and_keeps_the_contents<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        for new in [(1, 1), (size / 2, 8), (size, alignment_of(size))] {
            let block = resized(list, Resize::Grow, 1, new)?;
            ensure(block.holds(0..size, FILL), "grow changes the contents")?;
        }
        counted(list, 3)
    })
}

pub(crate) fn grow_zeroed_clears_what_is_new_and_only_that<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        for (old, new) in [(0, size), (1, 2), (7, size), (size, size)] {
            let block = resized(list, Resize::GrowZeroed, old, (new, 1))?;
            let kept = block.holds(0..old, FILL);
            ensure(kept, "grow_zeroed clears the old contents")?;
            ensure(block.holds(old..size, 0), "grow_zeroed leaves old bytes")?;
        }
        counted(list, 4)
    })
}

pub(crate) fn shrink_stays_in_place_and_keeps_the_contents<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        for new in [(size, 1), (size / 2, alignment_of(size)), (0, 1)] {
            let block = resized(list, Resize::Shrink, size, new)?;
            ensure(block.holds(0..size, FILL), "shrink changes the contents")?;
        }
        counted(list, 3)
    })
}

/// What a grown block cannot have: too many bytes, or too large an alignment.
fn beyond<L: List>(fixture: &Fixture, how: Resize) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        for new in [(size + 1, 4), (1 << 40, 1), (size, 2 * alignment_of(size))] {
            refused(list, how, 4, new)?;
        }
        counted(list, 3)
    })
}

pub(crate) fn grow_beyond_the_entry_leaves_the_block_as_it_was<L: List>(
    fixture: &Fixture,
) -> Outcome {
    beyond::<L>(fixture, Resize::Grow)
}

pub(crate) fn grow_zeroed_beyond_the_entry_leaves_the_block_as_it_was<L: List>(
    fixture: &Fixture,
) -> Outcome {
    beyond::<L>(fixture, Resize::GrowZeroed)
}

pub(crate) fn shrink_to_an_alignment_beyond_the_entry_s_is_refused<L: List>(
    fixture: &Fixture,
) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        refused(list, Resize::Shrink, size, (0, 2 * alignment_of(size)))?;
        counted(list, 1)
    })
}
