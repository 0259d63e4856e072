//! What a handle goes through.

use win_lookaside::{Flags, LookasideError, LookasideResult, PoolType, Stats};

use crate::fixture::{ensure, layout, stats};
use crate::guard::Entry;
use crate::watch::{Watch, Watched};
use crate::{Fixture, List, Outcome};

// `ntstatus.h`.
const STATUS_INVALID_PARAMETER: u32 = 0xC000_000D;
const STATUS_INVALID_PARAMETER_4: u32 = 0xC000_00F2;
const STATUS_INVALID_PARAMETER_5: u32 = 0xC000_00F3;
const STATUS_INVALID_DEVICE_STATE: u32 = 0xC000_0184;

/// Whether an `init` was refused with `expected`.
fn is(result: LookasideResult<()>, expected: u32) -> bool {
    matches!(
        result,
        Err(LookasideError::InitError(status)) if status.code().cast_unsigned() == expected
    )
}

pub(crate) fn a_handle_without_a_list_serves_nothing<L: List>(_: &Fixture) -> Outcome {
    let mut list = L::new();
    without_list(&list)?;
    list.flush();
    list.destroy();
    without_list(&list)?;
    ensure(
        list.into_raw().is_none(),
        "a handle without a list gives one away",
    )
}

fn without_list<L: List>(list: &L) -> Outcome {
    ensure(
        list.alloc().is_null(),
        "alloc without a list answers an entry",
    )?;
    for (size, alignment) in [(0, 1), (1, 1), (64, 16)] {
        let refused = list.allocate(layout(size, alignment)?).is_err();
        ensure(refused, "allocate without a list answers an entry")?;
    }
    ensure(list.size().is_none(), "a handle without a list has a size")?;
    ensure(
        list.stats().is_none(),
        "a handle without a list has statistics",
    )
}

pub(crate) fn a_second_init_is_refused_and_changes_nothing<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_of::<L>(&[64], &|list, _| {
        let mut entry = Entry::new(list)?;
        entry.fill(0x5a);
        let before = list.stats();
        let second = list.init(128, fixture.pool_type, None, None, None, None);
        ensure(
            is(second, STATUS_INVALID_DEVICE_STATE),
            "a second init is not refused",
        )?;
        let same = untouched(list.stats(), before);
        ensure(same, "a refused init changes the list")?;
        // SAFETY: filled above.
        let whole = unsafe { entry.holds_from(0, 0x5a) };
        ensure(whole, "a refused init changes an entry")
    })
}

/// Whether two statistics agree in all that the system does not tune meanwhile.
fn untouched(after: Option<Stats>, before: Option<Stats>) -> bool {
    let kept = |stats: Stats| {
        let made_with = (stats.size, stats.tag, stats.pool_type);
        let counters = (
            stats.total_allocates,
            stats.allocate_misses,
            stats.total_frees,
            stats.free_misses,
        );
        (made_with, counters, stats.current_depth)
    };
    after.is_some() && after.map(kept) == before.map(kept)
}

pub(crate) fn illegal_arguments_are_refused_and_init_may_follow<L: List>(
    fixture: &Fixture,
) -> Outcome {
    let Fixture { pool_type, tag } = *fixture;
    let list = L::new();
    let refused = list.init(64, PoolType(-1), Some(tag), None, None, None);
    ensure(
        is(refused, STATUS_INVALID_PARAMETER_4),
        "an illegal pool type is not refused",
    )?;
    without_list(&list)?;
    let refused = list.init(64, pool_type, Some(tag), Some(u32::MAX), None, None);
    ensure(
        is(refused, STATUS_INVALID_PARAMETER_5),
        "illegal flags are not refused",
    )?;
    without_list(&list)?;
    let raise = Some(Flags::RAISE_ON_FAIL.0);
    let refused = list.init(64, pool_type, Some(tag), raise, None, None);
    let refused = is(refused, STATUS_INVALID_PARAMETER_5);
    ensure(refused, "a default routine that raises is not refused")?;
    without_list(&list)?;
    let refused = list.init(1 << 32, pool_type, Some(tag), None, None, None);
    ensure(
        is(refused, STATUS_INVALID_PARAMETER),
        "a size over 32 bits is not refused",
    )?;
    without_list(&list)?;
    let accepted = list
        .init(64, pool_type, Some(tag), None, None, None)
        .is_ok();
    ensure(accepted, "init after a refused one is refused")?;
    drop(Entry::new(&list)?);
    Ok(())
}

pub(crate) fn init_after_destroy_makes_a_new_list<L: List>(fixture: &Fixture) -> Outcome {
    let mut list = fixture.list::<L>(64)?;
    for size in [32, 4096, 8, 100] {
        drop((Entry::new(&list)?, Entry::new(&list)?));
        list.destroy();
        without_list(&list)?;
        let made = list.init(size, fixture.pool_type, Some(fixture.tag), None, None, None);
        ensure(made.is_ok(), "init after destroy is refused")?;
        let stats = stats(&list)?;
        let new = (
            stats.total_allocates,
            stats.total_frees,
            stats.current_depth,
        ) == (0, 0, 0);
        ensure(new, "a new list begins with the counters of another")?;
        ensure(list.size() == Some(size), "a new list has another size")?;
    }
    Ok(())
}

pub(crate) fn destroy_and_drop_delete_the_list_once<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |mut list, watch| {
        drop((Entry::new(&list)?, Entry::new(&list)?));
        list.destroy();
        ensure(watch.taken() == 2, "destroy leaves entries")?;
        without_list(&list)?;
        list.destroy();
        drop(list);
        ensure(watch.taken() == 2, "a list is deleted twice")
    })
}

pub(crate) fn drop_deletes_the_list<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        drop((Entry::new(&list)?, Entry::new(&list)?));
        drop(list);
        ensure(watch.taken() == 2, "drop leaves entries")
    })
}

pub(crate) fn the_handle_moves_and_the_list_stays<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        drop((Entry::new(&list)?, Entry::new(&list)?));
        list.flush();
        let before = watch.list();
        ensure(!before.is_null(), "the callbacks are not given the list")?;
        let entry = list.alloc();
        let mut handles = [Some(list), Some(L::new())];
        handles.reverse();
        let [other, Some(list)] = handles else {
            return Err("the test lost its handle");
        };
        drop(other);
        if !entry.is_null() {
            // SAFETY: allocated above from the list that this handle has, and freed once.
            unsafe { list.free(entry) };
        }
        list.flush();
        ensure(watch.list() == before, "the list moves with its handle")?;
        ensure(watch.taken() == 3, "the moved handle has another list")
    })
}

pub(crate) fn a_list_given_away_comes_back_as_it_was<L: List>(fixture: &Fixture) -> Outcome {
    let list = fixture.list::<L>(64)?;
    drop(Entry::new(&list)?);
    let before = list.stats();
    let raw = list
        .into_raw()
        .ok_or("a handle does not give its list away")?;
    // SAFETY: the list came from `into_raw` above, on this thread, and nothing else owns it.
    let list = unsafe { L::from_raw(raw) };
    ensure(
        untouched(list.stats(), before),
        "a list given away and back changes",
    )?;
    drop(Entry::new(&list)?);
    Ok(())
}
