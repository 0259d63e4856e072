//! `Box` and `Vec` whose memory is a list's, and whose failures are values.

use core::sync::atomic::{AtomicU32, Ordering};

use allocator_api2::alloc::Allocator;
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use win_lookaside::Flags;

use crate::fixture::{ensure, stats};
use crate::watch::{Watch, Watched};
use crate::{Fixture, List, Outcome};

/// Counts its drops.
struct Tally<'count>(&'count AtomicU32);

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Allocates and frees so far.
fn counted<L: List>(list: &L) -> Result<(u32, u32), &'static str> {
    let stats = stats(list)?;
    Ok((stats.total_allocates, stats.total_frees))
}

pub(crate) fn a_box_is_an_entry<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_of::<L>(&[64], &|list, _| {
        let drops = AtomicU32::new(0);
        let new = |number: u64| Box::try_new_in((number, Tally(&drops)), list);
        let (Ok(first), Ok(second)) = (new(1), new(2)) else {
            return Err("a box of what fits fails");
        };
        ensure((first.0, second.0) == (1, 2), "a box holds another value")?;
        ensure(counted(list)? == (2, 0), "a box is not one entry")?;
        drop(second);
        drop(first);
        ensure(
            drops.load(Ordering::Relaxed) == 2,
            "a boxed value is not dropped once",
        )?;
        ensure(counted(list)? == (2, 2), "a box does not free its entry")
    })
}

pub(crate) fn a_box_of_what_does_not_fit_fails<L: List>(fixture: &Fixture) -> Outcome {
    #[repr(align(32))]
    struct Aligned(#[expect(dead_code, reason = "it is there to be aligned")] u8);

    fixture.each_of::<L>(&[64], &|list, _| {
        let drops = AtomicU32::new(0);
        let large = Box::try_new_in(([0_u64; 8], Tally(&drops)), list);
        ensure(large.is_err(), "a value larger than the entry is boxed")?;
        let aligned = Box::try_new_in((Aligned(1), Tally(&drops)), list);
        ensure(aligned.is_err(), "a value of a larger alignment is boxed")?;
        ensure(
            drops.load(Ordering::Relaxed) == 2,
            "a refused value is not dropped once",
        )?;
        ensure(counted(list)? == (0, 0), "what is refused is counted")
    })
}

pub(crate) fn a_box_without_memory_fails<L: List>(fixture: &Fixture) -> Outcome {
    ensure(
        Box::try_new_in(1_u64, L::new()).is_err(),
        "a box without a list is made",
    )?;
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        watch.fail(true);
        let refused = Box::try_new_in(1_u64, &list).is_err();
        ensure(refused, "a box without memory is made")?;
        let mut numbers = Vec::<u32, _>::new_in(&list);
        ensure(
            numbers.try_reserve(1).is_err(),
            "a vector without memory grows",
        )?;
        watch.fail(false);
        ensure(
            Box::try_new_in(1_u64, &list).is_ok(),
            "a box of what fits fails",
        )
    })
}

pub(crate) fn a_box_may_own_its_list<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        let boxed = Box::try_new_in(42_u64, list).map_err(|_| "a box of what fits fails")?;
        let mut boxes = [Some(boxed), None];
        boxes.reverse();
        let [_, Some(moved)] = boxes else {
            return Err("the test lost its box");
        };
        ensure(*moved == 42, "a moved box holds another value")?;
        drop(moved);
        let ended = (watch.made(), watch.taken()) == (1, 1);
        ensure(
            ended,
            "a box that owns its list leaves the entry or the list",
        )
    })
}

pub(crate) fn a_box_of_size_zero_is_no_entry<L: List>(fixture: &Fixture) -> Outcome {
    #[repr(align(8192))]
    struct Aligned;

    fixture.each_of::<L>(&[64], &|list, _| {
        ensure(
            Box::try_new_in((), list).is_ok(),
            "a box of size zero fails",
        )?;
        ensure(
            Box::try_new_in([0_u64; 0], list).is_ok(),
            "a box of size zero fails",
        )?;
        ensure(
            Box::try_new_in(Aligned, list).is_ok(),
            "a box of size zero fails",
        )?;
        ensure(
            counted(list)? == (0, 0),
            "a box of size zero allocates or frees",
        )
    })
}

/// `Vec::push` that fails by value: first by doubling, then, where that does not fit, by one.
fn push<T, A: Allocator>(items: &mut Vec<T, A>, item: T) -> Outcome {
    if items.try_reserve(1).is_err() {
        items
            .try_reserve_exact(1)
            .map_err(|_| "a vector cannot grow")?;
    }
    let length = items.len();
    let spare = items.spare_capacity_mut().first_mut();
    spare
        .ok_or("a vector has less capacity than it reserved")?
        .write(item);
    // SAFETY: there is capacity for one more, which was written.
    unsafe { items.set_len(length + 1) };
    Ok(())
}

pub(crate) fn a_vector_grows_in_its_entry_and_fails_beyond_it<L: List>(
    fixture: &Fixture,
) -> Outcome {
    // The second is not a power of two: doubling stops short of it.
    fixture.each_of::<L>(&[64, 100, 4096], &|list, size| {
        let length = u32::try_from(size / 4).unwrap_or(0);
        let mut numbers = Vec::<u32, _>::new_in(list);
        push(&mut numbers, 0)?;
        let before = numbers.as_ptr();
        for number in 1..length {
            push(&mut numbers, number)?;
        }
        ensure(numbers.as_ptr() == before, "a vector moves")?;
        let beyond = push(&mut numbers, length).is_err();
        ensure(beyond, "a vector grows beyond its entry")?;
        ensure(
            numbers.as_ptr() == before,
            "a vector that cannot grow moves",
        )?;
        let whole = numbers.iter().copied().eq(0..length);
        ensure(whole, "a vector that cannot grow changes")?;
        ensure(counted(list)? == (1, 0), "a vector is not one entry")?;
        drop(numbers);
        let freed = counted(list)? == (1, 1);
        ensure(freed, "a vector does not free its entry")
    })
}

pub(crate) fn a_vector_of_size_zero_is_no_entry<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_of::<L>(&[64], &|list, _| {
        let mut nothing = Vec::<(), _>::new_in(list);
        for _ in 0..1000 {
            push(&mut nothing, ())?;
        }
        drop(nothing);
        let mut empty = Vec::<u32, _>::new_in(list);
        ensure(empty.try_reserve(0).is_ok(), "a vector cannot stay empty")?;
        drop(empty);
        ensure(
            counted(list)? == (0, 0),
            "an empty vector allocates or frees",
        )
    })
}
