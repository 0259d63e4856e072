//! The hit paths by identifier: the rule without its out-of-the-ordinary half, which they leave to
//! the routines.

mod common;

use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::host::{self, owner};

fn in_pool(size: usize) -> List {
    List::new(Options {
        size,
        in_pool: true,
        ..Options::default()
    })
}

fn contents(list: &List) -> Vec<u64> {
    (0..12).map(|word| list.memory().read(word)).collect()
}

/// Allocates by an identifier.
fn hit(id: u32, caller: u32) -> u32 {
    // SAFETY: no other thread has the lists of these tests, so none is confined to another owner.
    unsafe { host::hit(id, caller) }
}

/// Frees by an identifier, as [`hit`].
fn keep(id: u32, entry: u32, caller: u32) -> bool {
    // SAFETY: as of `hit`; and the tests hold no reference to an entry.
    unsafe { host::keep(id, entry, caller) }
}

/// Asserts that neither path does anything.
#[track_caller]
fn assert_left_to_the_routines(list: &List, id: u32, entry: Block, caller: u32) {
    let before = contents(list);
    assert_eq!(hit(id, caller), 0);
    assert!(!keep(id, entry.offset(), caller));
    assert_eq!(contents(list), before, "nothing changed");
}

#[test]
fn a_hit_and_a_kept_entry_follow_the_rule_and_count() {
    let _turn = turn();
    for list in [in_pool(64), List::confined(64)] {
        let id = list.id();
        let caller = owner::current();
        let kept = list.keep(3);
        let before = list.counters();
        assert_eq!(hit(id, caller), kept[0].offset());
        assert_eq!(hit(id, caller), kept[1].offset());
        assert!(keep(id, kept[0].offset(), caller));
        assert_eq!(list.current_depth(), 2);
        assert_eq!(list.allocate(), kept[0]);
        let after = list.counters();
        assert_eq!(after.allocates, before.allocates + 3);
        assert_eq!(after.allocate_misses, before.allocate_misses);
        assert_eq!(after.frees, before.frees + 1);
        assert_eq!(after.free_misses, before.free_misses);
    }
}

#[test]
fn a_miss_and_a_free_at_depth_are_left_to_the_routines() {
    let _turn = turn();
    for list in [in_pool(64), List::confined(64)] {
        let caller = owner::current();
        let entry = list.allocate();
        assert_eq!(hit(list.id(), caller), 0);
        list.set_depth(0);
        assert!(!keep(list.id(), entry.offset(), caller));
        list.set_depth(4);
        list.free(entry);
        assert_eq!(list.allocate(), entry);
        list.free(entry);
    }
}

#[test]
fn what_is_no_entry_of_the_list_is_left_to_the_routines() {
    let _turn = turn();
    for list in [in_pool(64), List::confined(64)] {
        let other = in_pool(64);
        let caller = owner::current();
        let kept = list.keep(1)[0];
        let own = other.allocate();
        let before = contents(&list);
        for offset in [
            0,
            kept.offset(),
            kept.offset() + 8,
            kept.offset() + 16,
            own.offset(),
            u32::MAX,
            mapped().pool_bytes() as u32,
        ] {
            assert!(!keep(list.id(), offset, caller), "{offset:#x}");
        }
        assert_eq!(contents(&list), before);
        other.free(own);
    }
}

#[test]
fn another_owner_gets_nothing_of_a_confined_list() {
    let _turn = turn();
    let list = List::confined(64);
    let entry = list.allocate();
    let offset = entry.offset();
    assert!(!keep_many(list.id(), &[offset], owner::current() ^ 0x100));
    assert_eq!(hit_many(list.id(), 1, owner::current() ^ 0x100), []);
    list.keep(1);
    assert_left_to_the_routines(&list, list.id(), entry, owner::current() + 1);
    assert_left_to_the_routines(&list, list.id(), entry, owner::SHARED);
    assert_left_to_the_routines(&list, list.id(), entry, 0);
    list.free(entry);
}

#[test]
fn a_stale_or_forged_identifier_gets_nothing() {
    let _turn = turn();
    let list = in_pool(64);
    let caller = owner::current();
    let id = list.id();
    let entry = list.allocate();
    list.keep(1);
    for forged in [0, id & 0xffff, id ^ 0x1_0000, id ^ 1, u32::MAX] {
        assert_left_to_the_routines(&list, forged, entry, caller);
    }
    host::close_list(id);
    assert_left_to_the_routines(&list, id, entry, caller);
    list.delete();
    assert_left_to_the_routines(&list, id, entry, caller);
    assert!(list.initialise(Options::default()).is_ok());
    let anew = list.allocate();
    list.keep(1);
    assert_left_to_the_routines(&list, id, anew, caller);
    free_pool(entry);
}

#[test]
fn damage_is_left_to_the_routines_which_raise() {
    let _turn = turn();
    for list in [in_pool(64), List::confined(64)] {
        let caller = owner::current();
        let id = list.id();
        for (word, value) in [(0, 0), (1, 16), (1, 2), (11, 0), (11, 0x7777_0001)] {
            let entry = list.allocate();
            list.keep(2);
            list.memory().write(word, value);
            if hit(id, caller) == 0 {
                assert_eq!(stop(|| list.allocate()), list.damage());
            }
            list.free(entry);
            list.flush();
        }
    }
}

#[test]
fn a_lock_that_is_held_is_not_waited_for() {
    let _turn = turn();
    let list = in_pool(64);
    let entry = list.allocate();
    list.keep(1);
    list.memory().word(1).fetch_or(1, Ordering::Relaxed);
    assert_left_to_the_routines(&list, list.id(), entry, owner::current());
    list.memory().word(1).fetch_and(!1, Ordering::Relaxed);
    list.free(entry);
}

/// Allocates a batch by an identifier, as [`hit`].
fn hit_many(id: u32, count: usize, caller: u32) -> Vec<u32> {
    let mut into = vec![0; count];
    // SAFETY: as of `hit`.
    let had = unsafe { host::hit_many(id, &mut into, caller) };
    into.truncate(had);
    into
}

/// Frees a batch by an identifier, as [`keep`].
fn keep_many(id: u32, entries: &[u32], caller: u32) -> bool {
    // SAFETY: as of `keep`.
    unsafe { host::keep_many(id, entries, caller) }
}

#[test]
fn a_batch_does_what_as_many_hits_and_frees_do() {
    let _turn = turn();
    let caller = owner::current();
    let lists = [in_pool(64), in_pool(64)];
    let kept = lists.each_ref().map(|list| list.keep(4));
    for (list, kept) in lists.iter().zip(&kept) {
        // Sequence is about to carry.
        list.u16_at(2).store(0xfffd, Ordering::Relaxed);
        list.set_depth(6);
        let more = list.allocate_many(6);
        assert_eq!(&more[..4], &kept[..]);
        list.free_all(&more[4..]);
        list.free_all(&more[..2]);
    }
    let [one, other] = &lists;
    let batch = hit_many(one.id(), 3, caller);
    let singles: Vec<u32> = (0..3).map(|_| hit(other.id(), caller)).collect();
    assert_eq!(batch.len(), 3);
    assert!(keep_many(one.id(), &batch, caller));
    for entry in singles {
        assert!(keep(other.id(), entry, caller));
    }
    assert_eq!(one.counters(), other.counters());
    assert_eq!(one.memory().read(0), other.memory().read(0));
    // As many as there are.
    assert_eq!(hit_many(one.id(), 9, caller).len(), 4);
    assert_eq!(hit_many(one.id(), 9, caller), []);
}

#[test]
fn a_batch_with_an_entry_that_cannot_be_freed_changes_nothing() {
    let _turn = turn();
    for list in [in_pool(64), List::confined(64)] {
        let caller = owner::current();
        list.set_depth(5);
        let entries = list.allocate_many(4);
        list.free(entries[3]);
        let [a, b, c] = [entries[0], entries[1], entries[2]];
        for entry in [a, b, c] {
            entry.write(0, 0xa5a5);
        }
        let [a, b, c] = [a, b, c].map(Block::offset);
        let before = contents(&list);
        let beyond = mapped().pool_bytes() as u32;
        for bad in [a, entries[3].offset(), 0, c + 8, c + 16, beyond, u32::MAX] {
            assert!(!keep_many(list.id(), &[a, b, bad, c], caller), "{bad:#x}");
            assert_eq!(contents(&list), before);
        }
        list.set_depth(3);
        assert!(!keep_many(list.id(), &[a, b, c], caller), "no room for all");
        for entry in &entries[..3] {
            assert_eq!(entry.read(0), 0xa5a5);
        }
        assert!(keep_many(list.id(), &[a, b], caller));
        assert_eq!(list.current_depth(), 3);
        assert_eq!(list.allocate().offset(), b);
        for entry in [entries[1], entries[2]] {
            list.free(entry);
        }
    }
}
