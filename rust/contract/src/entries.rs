//! The rule of allocate and free.

use crate::fixture::{ensure, stats};
use crate::guard::Entry;
use crate::layouts::alignment_of;
use crate::{Fixture, List, Outcome};

/// The bytes that a kept entry's link takes (`SLIST_ENTRY`).
const LINK_BYTES: usize = 8;

pub(crate) fn entries_are_whole_aligned_and_apart<L: List>(fixture: &Fixture) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        ensure(
            list.size() == Some(size),
            "the size is not the one asked for",
        )?;
        let mut entries = [const { None::<Entry<L>> }; 10];
        for (number, entry) in (1..).zip(&mut entries) {
            let entry = entry.insert(Entry::new(list)?);
            let aligned = entry.address().is_multiple_of(alignment_of(size));
            ensure(aligned, "an entry is not aligned as pool is")?;
            entry.fill(number);
        }
        for (number, entry) in (1..).zip(entries.iter().flatten()) {
            // SAFETY: filled above.
            let whole = unsafe { entry.holds_from(0, number) };
            ensure(whole, "two entries overlap")?;
        }
        Ok(())
    })
}

pub(crate) fn the_entry_freed_last_is_allocated_first<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, depth| {
        let mut entries = [const { None }; 4];
        for entry in &mut entries {
            *entry = Some(Entry::new(list)?);
        }
        // Freed in order, the first of them kept, as many as the depth says.
        let freed = entries
            .each_mut()
            .map(|entry| entry.take().map(|entry| entry.address()));
        let mut again = [const { None }; 4];
        for (entry, freed) in again.iter_mut().zip(freed.iter().take(depth).rev()) {
            let entry = entry.insert(Entry::new(list)?);
            let last = Some(entry.address()) == *freed;
            ensure(last, "the entry freed last does not come first")?;
        }
        Ok(())
    })
}

pub(crate) fn every_allocate_and_free_is_counted<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, depth| {
        counters(list, [0, 0, 0, 0], 0)?;
        let first = Entry::new(list)?;
        counters(list, [1, 1, 0, 0], 0)?;
        let second = Entry::new(list)?;
        counters(list, [2, 2, 0, 0], 0)?;
        drop(first);
        let kept = depth.min(1);
        let missed = 1 - u32::from(kept == 1);
        counters(list, [2, 2, 1, missed], kept)?;
        drop(Entry::new(list)?);
        counters(list, [3, 2 + missed, 2, 2 * missed], kept)?;
        drop(second);
        let stats = stats(list)?;
        ensure(stats.total_frees == 3, "a free is not counted")
    })
}

/// Allocates, their misses, frees, their misses; and what the list keeps.
fn counters<L: List>(list: &L, expected: [u32; 4], kept: usize) -> Outcome {
    let stats = stats(list)?;
    let counted = [
        stats.total_allocates,
        stats.allocate_misses,
        stats.total_frees,
        stats.free_misses,
    ];
    ensure(counted == expected, "a counter does not say what was done")?;
    let current = usize::from(stats.current_depth);
    ensure(
        current == kept,
        "the current depth is not what the list keeps",
    )
}

pub(crate) fn a_free_at_depth_goes_to_the_free_routine<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, depth| {
        let mut entries = [const { None }; 8];
        for entry in &mut entries {
            *entry = Some(Entry::new(list)?);
        }
        for (freed, entry) in entries.iter_mut().enumerate() {
            *entry = None;
            let kept = depth.min(freed + 1);
            let stats = stats(list)?;
            let full = usize::from(stats.current_depth) == kept;
            ensure(full, "a list keeps more or fewer entries than its depth")?;
            let missed = u32::try_from(freed + 1 - kept).unwrap_or(u32::MAX);
            ensure(stats.free_misses == missed, "a free at depth is no miss")?;
        }
        Ok(())
    })
}

pub(crate) fn a_kept_entry_loses_its_first_8_bytes_only<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, depth| {
        if depth == 0 {
            return Ok(());
        }
        let mut entry = Entry::new(list)?;
        let before = entry.address();
        entry.fill(0x5a);
        drop(entry);
        let again = Entry::new(list)?;
        ensure(
            again.address() == before,
            "the entry freed last does not come first",
        )?;
        // SAFETY: it is the entry that was filled above.
        let rest = unsafe { again.holds_from(LINK_BYTES, 0x5a) };
        ensure(rest, "a kept entry loses more than its link")
    })
}

pub(crate) fn flush_empties_the_list_and_leaves_it_usable<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, _| {
        fill_and_flush(list)?;
        let before = stats(list)?;
        ensure(before.current_depth == 0, "a flushed list keeps entries")?;
        drop(Entry::new(list)?);
        let after = stats(list)?;
        let missed = after.allocate_misses.wrapping_sub(before.allocate_misses) == 1;
        ensure(missed, "a flushed list has a hit")
    })
}

/// Lets the list keep two entries, if it may, and flushes it.
fn fill_and_flush<L: List>(list: &L) -> Outcome {
    let two = (Entry::new(list)?, Entry::new(list)?);
    drop(two);
    list.flush();
    Ok(())
}

pub(crate) fn flush_leaves_the_counters<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, depth| {
        fill_and_flush(list)?;
        let kept = u32::try_from(depth.min(2)).unwrap_or(2);
        counters(list, [2, 2, 2, 2 - kept], 0)
    })
}

pub(crate) fn a_new_list_is_empty_and_says_what_it_was_made_with<L: List>(
    fixture: &Fixture,
) -> Outcome {
    fixture.each_size::<L>(&|list, size| {
        counters(list, [0, 0, 0, 0], 0)?;
        let stats = stats(list)?;
        let stored = u32::try_from(size) == Ok(stats.size);
        ensure(stored, "the size is not the one asked for")?;
        ensure(
            stats.tag.0 == fixture.tag,
            "the tag is not the one asked for",
        )?;
        let pool = stats.pool_type == fixture.pool_type;
        ensure(pool, "the pool type is not the one asked for")
    })
}

pub(crate) fn a_new_list_keeps_4_entries_and_at_most_256<L: List>(fixture: &Fixture) -> Outcome {
    fixture.untuned::<L>(64, &|list, depth| {
        ensure(depth == 4, "a new list's depth is not 4")?;
        let stats = stats(list)?;
        ensure(
            stats.maximum_depth == 256,
            "a new list's maximum depth is not 256",
        )
    })
}

pub(crate) fn a_size_below_8_is_stored_as_8<L: List>(fixture: &Fixture) -> Outcome {
    for size in 0..8 {
        let list = fixture.list::<L>(size)?;
        ensure(list.size() == Some(8), "a size below 8 is not stored as 8")?;
        let stats = stats(&list)?;
        ensure(stats.size == 8, "a size below 8 is not stored as 8")?;
        let mut entry = Entry::new(&list)?;
        entry.fill(0x5a);
    }
    Ok(())
}
