//! What callbacks are given, and what becomes of what they answer.

use win_lookaside::Flags;

use crate::fixture::{ensure, layout, stats};
use crate::guard::Entry;
use crate::watch::{Watch, Watched};
use crate::{Fixture, List, Outcome};

pub(crate) fn the_allocate_callback_is_asked_for_what_the_list_was_made_with<L: List>(
    fixture: &Fixture,
) -> Outcome {
    for flags in [Flags::NONE, Flags::RAISE_ON_FAIL, Flags::FAIL_NO_RAISE] {
        Watch::run::<L>(fixture, Watched::Both, flags, |list, watch| {
            drop(Entry::new(&list)?);
            let asked = watch.asked_as_made();
            ensure(asked, "the allocate callback is asked for something else")
        })?;
    }
    Ok(())
}

pub(crate) fn an_entry_that_cannot_be_made_is_null_and_counted<L: List>(
    fixture: &Fixture,
) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        watch.fail(true);
        ensure(list.alloc().is_null(), "alloc does not answer null")?;
        let refused = list.allocate(layout(1, 1)?).is_err();
        ensure(refused, "allocate does not answer AllocError")?;
        let stats = stats(&list)?;
        let counted = (stats.total_allocates, stats.allocate_misses) == (2, 2);
        ensure(counted, "a failed allocate is no miss")?;
        watch.fail(false);
        drop(Entry::new(&list)?);
        ensure(
            watch.made() == 1,
            "an entry does not come from the callback",
        )
    })
}

pub(crate) fn a_hit_asks_no_callback<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        drop(Entry::new(&list)?);
        let kept = list.stats().is_some_and(|stats| stats.current_depth == 1);
        watch.fail(kept);
        drop(Entry::new(&list)?);
        ensure(
            !kept || watch.made() == 1,
            "a hit asks the allocate callback",
        )
    })
}

pub(crate) fn each_callback_may_be_given_alone<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Allocate, Flags::NONE, |list, watch| {
        drop(Entry::new(&list)?);
        drop(list);
        ensure(
            (watch.made(), watch.taken()) == (1, 0),
            "the allocate callback is not asked",
        )
    })?;
    Watch::run::<L>(fixture, Watched::Free, Flags::NONE, |list, watch| {
        drop(Entry::new(&list)?);
        drop(list);
        ensure(
            (watch.made(), watch.taken()) == (0, 1),
            "the free callback is not asked",
        )
    })
}

pub(crate) fn every_entry_made_is_given_back_once<L: List>(fixture: &Fixture) -> Outcome {
    Watch::run::<L>(fixture, Watched::Both, Flags::NONE, |list, watch| {
        let mut entries = [const { None }; 8];
        for round in 0..3 {
            for entry in &mut entries {
                *entry = Some(Entry::new(&list)?);
            }
            entries = [const { None }; 8];
            if round == 1 {
                list.flush();
                ensure(watch.made() == watch.taken(), "a flush leaves entries")?;
            }
        }
        let stats = stats(&list)?;
        ensure(
            watch.made() == stats.allocate_misses,
            "a miss is not an entry made",
        )?;
        drop(entries);
        drop(list);
        ensure(
            watch.made() == watch.taken(),
            "a deleted list leaves entries",
        )
    })
}
