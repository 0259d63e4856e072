//! Entries that are freed to another list than they were allocated from.

mod common;

use std::sync::Barrier;

use common::*;
use ntoskrnl_emu::{Driver, LeakKind, catch_bug_check, host};
use wdm::*;

/// A list that takes entries of others, as lists of drivers do.
fn open(options: Options) -> List {
    List::new(Options {
        own_entries_only: false,
        ..options
    })
}

fn plain() -> Options {
    Options::default()
}

/// The size of the block that two lists of a size class share.
fn sized(size: usize) -> Options {
    Options { size, ..plain() }
}

/// The list that a block belongs to, by its record: the word of a list with few others names it.
fn list_of(block: Block) -> u32 {
    u32::from(host::state(mapped(), block.offset()) & 0x3fff)
}

/// Behaviour: free-to-another.
#[test]
fn an_entry_may_be_freed_to_another_list_of_its_size_class_pool_type_and_tag() {
    let _turn = turn();
    let before = usage(TAG, false).live();
    for sizes in [
        [64, 64],
        [49, 64],
        [1, 16],
        [8, 9],
        [4081, 4096],
        [5000, 8192],
        [4097, 8192],
    ] {
        let lists = sizes.map(|size| open(sized(size)));
        for [from, to] in [[0, 1], [1, 0]] {
            let before = lists.each_ref().map(List::counters);
            let entry = lists[from].allocate();
            lists[to].free(entry);
            let after = lists.each_ref().map(List::counters);
            assert_eq!(
                after[from].frees, before[from].frees,
                "the giver counts nothing"
            );
            assert_eq!(after[to].frees, before[to].frees + 1);
            assert_eq!(lists[to].current_depth(), 1);
            assert_eq!(lists[to].allocate(), entry, "it is the taker's now");
            assert_eq!(list_of(entry), lists[to].id() & 0xffff);
            lists[to].free(entry);
            lists[to].flush();
        }
        lists.iter().for_each(List::delete);
    }
    assert_eq!(usage(TAG, false).live(), before);
}

/// What is left of a driver and is no list: the kind and address, and the list of an entry.
fn left_of(driver: Driver) -> Vec<(LeakKind, u64, Option<u32>)> {
    let leaks = driver.leaks().into_iter();
    let left = leaks.filter(|leak| leak.kind != LeakKind::List);
    left.map(|leak| (leak.kind, leak.address, leak.list))
        .collect()
}

/// Behaviour: free-to-another, unload-leaks.
#[test]
fn a_leak_names_the_list_that_took_the_entry_last() {
    let _turn = turn();
    let driver = Driver::load("takers.sys");
    let inside = driver.enter();
    let [first, second, third] = [(); 3].map(|()| open(plain()));
    let entry = first.allocate();
    let address = entry.0.addr() as u64;
    assert_eq!(
        left_of(driver),
        [(LeakKind::Entry, address, Some(first.id()))]
    );
    for to in [&second, &third, &first, &second] {
        to.free(entry);
        assert_eq!(left_of(driver), [], "a list keeps it");
        assert_eq!(to.allocate(), entry);
        assert_eq!(left_of(driver), [(LeakKind::Entry, address, Some(to.id()))]);
    }
    // The list of its birth and one that had it meanwhile go; the one that has it stays, then goes too.
    first.delete();
    third.delete();
    assert_eq!(
        left_of(driver),
        [(LeakKind::Entry, address, Some(second.id()))]
    );
    second.delete();
    assert_eq!(left_of(driver), [(LeakKind::Block, address, None)]);
    drop(inside);
    assert_eq!(driver.unload().map_err(|stop| stop.code), Err(0xC4));
}

/// Behaviour: free-to-another.
#[test]
fn of_another_size_class_pool_type_or_tag_an_entry_is_refused() {
    let _turn = turn();
    let list = open(plain());
    let others = [
        sized(48),
        sized(65),
        sized(4096),
        Options {
            pool_type: PoolType::NON_PAGED_POOL,
            ..plain()
        },
        Options {
            pool_type: PoolType::PAGED_POOL,
            ..plain()
        },
        Options {
            pool_type: PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
            ..plain()
        },
        Options {
            tag: tag(b"Else"),
            ..plain()
        },
    ];
    for other in others {
        let other = open(other);
        for (from, to) in [(&list, &other), (&other, &list)] {
            let before = to.counters();
            let entry = from.allocate();
            assert_eq!(stop(|| to.free(entry)), not_an_entry(entry));
            assert_eq!(to.counters(), before, "nothing is counted");
            from.free(entry);
            from.flush();
        }
        other.delete();
        list.delete();
        list.initialise(Options {
            own_entries_only: false,
            ..plain()
        });
    }
}

/// Behaviour: free-to-another.
#[test]
fn what_a_failure_comes_to_does_not_tell_two_lists_apart() {
    let _turn = turn();
    let raises = Options {
        flags: EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
        ..plain()
    };
    let [list, other] = [plain(), raises].map(open);
    other.free(list.allocate());
    list.free(other.allocate());
    assert_eq!((list.current_depth(), other.current_depth()), (1, 0));
}

/// Behaviour: free-to-another-strict.
#[test]
fn a_list_can_be_told_to_take_its_own_entries_only() {
    let _turn = turn();
    let [list, other] = [plain(), plain()].map(open);
    let entry = list.allocate();
    other.set_own_entries_only(true);
    assert_eq!(stop(|| other.free(entry)), not_an_entry(entry));
    let block = nonpaged(64);
    assert_eq!(stop(|| other.free(block)), not_an_entry(block));
    assert_eq!(other.counters(), Counters::default());
    // It forbids what comes to the list, not what goes elsewhere.
    list.free(other.allocate());
    other.set_own_entries_only(false);
    other.free(entry);
    other.free(block);
    assert_eq!(other.current_depth(), 2);
}

/// Behaviour: free-to-another-confined.
#[test]
fn an_entry_of_a_list_confined_to_another_owner_is_refused() {
    let _turn = turn();
    let confined = List::confined(64);
    let entry = confined.allocate();
    let list = open(plain());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(stop(|| list.free(entry)), confined_elsewhere(&confined));
        });
    });
    assert_eq!((list.counters().frees, list.current_depth()), (0, 0));
    // Its own thread may.
    list.free(entry);
    assert_eq!(list.current_depth(), 1);
}

/// Behaviour: free-to-another-twice.
#[test]
fn a_second_free_of_an_entry_that_changed_lists_is_refused_by_either() {
    let _turn = turn();
    let [list, other] = [plain(), plain()].map(open);
    let entry = list.allocate();
    other.free(entry);
    for to in [&list, &other] {
        assert_eq!(stop(|| to.free(entry)), freed_twice(entry));
    }
    other.set_depth(0);
    other.free(other.allocate());
    for to in [&list, &other] {
        assert_eq!(stop(|| to.free(entry)), freed_twice(entry));
    }
}

/// Behaviour: free-to-another.
#[test]
fn at_depth_the_taker_gives_the_entry_to_pool() {
    let _turn = turn();
    let [list, other] = [plain(), plain()].map(open);
    other.set_depth(0);
    let before = usage(TAG, false);
    let entry = list.allocate();
    other.free(entry);
    assert_eq!(usage(TAG, false).live(), before.live());
    let counters = other.counters();
    assert_eq!((counters.frees, counters.free_misses), (1, 1));
    assert!(!is_live(entry));
}

/// Behaviour: free-to-another.
#[test]
fn a_list_that_goes_leaves_the_entries_that_others_took() {
    let _turn = turn();
    let [list, other] = [plain(), plain()].map(open);
    let kept = list.allocate();
    let busy = list.allocate();
    other.free(kept);
    other.free(busy);
    assert_eq!(other.allocate(), busy);
    list.delete();
    assert_eq!(other.current_depth(), 1);
    other.free(busy);
    other.delete();
    assert!(!is_live(kept) && !is_live(busy));
}

/// Behaviour: free-to-another.
#[test]
fn lists_of_all_kinds_take_each_others_entries() {
    let _turn = turn();
    let flags = POOL_NX_ALLOCATION.cast_unsigned();
    let kind = |kind| Options {
        kind,
        flags,
        ..plain()
    };
    let legacy = open(kind(Kind::NPaged));
    let list = open(plain());
    legacy.free(list.allocate());
    list.free(legacy.allocate());
    assert_eq!((legacy.current_depth(), list.current_depth()), (0, 1));
}

/// Behaviour: free-to-another.
#[test]
fn the_free_routine_and_a_push_take_another_lists_entry_too() {
    let _turn = turn();
    let [list, other] = [plain(), plain()].map(open);
    let entry = list.allocate();
    push(other.header(), entry);
    assert_eq!((other.current_depth(), other.allocate()), (1, entry));
    assert_eq!(stop(|| push(list.header(), Block::NULL)).0, 0xC2);
    push(list.header(), entry);
    assert_eq!(stop(|| push(other.header(), entry)), freed_twice(entry));
}

/// Behaviour: free-to-another-callbacks.
#[test]
fn a_list_with_callbacks_neither_gives_nor_takes() {
    let _turn = turn();
    unsafe extern "system" fn pass_on(entry: *mut std::ffi::c_void, _: *mut LookasideListEx) {
        free_pool(Block(entry));
    }
    let list = open(plain());
    let other = open(Options {
        free: Some(pass_on),
        ..plain()
    });
    for (from, to) in [(&list, &other), (&other, &list)] {
        let entry = from.allocate();
        assert_eq!(stop(|| to.free(entry)), not_an_entry(entry));
        from.free(entry);
    }
}

/// Behaviour: free-plain-block.
#[test]
fn a_plain_block_of_a_lists_size_tag_and_kind_of_pool_is_taken_by_every_kind_of_list() {
    let _turn = turn();
    for kind in [Kind::Ex, Kind::NPaged, Kind::Paged] {
        let pool_type = match kind {
            Kind::Paged => PoolType::PAGED_POOL,
            _ => PoolType::NON_PAGED_POOL_NX,
        };
        let list = open(Options { kind, ..plain() });
        let block = allocate_pool(pool_type, 64, TAG);
        list.free(block);
        assert_eq!((list.current_depth(), list.allocate()), (1, block));
        list.free(block);
        let other_pool = PoolType(pool_type.0 ^ 1);
        for (pool_type, bytes, mark) in [
            (other_pool, 64, TAG),
            (pool_type, 63, TAG),
            (pool_type, 65, TAG),
            (pool_type, 64, tag(b"Else")),
        ] {
            let block = allocate_pool(pool_type, bytes, mark);
            assert_eq!(stop(|| list.free(block)), not_an_entry(block));
            free_pool(block);
        }
        list.delete();
    }
}

/// Behaviour: free-to-another-twice.
#[test]
fn of_two_racing_frees_of_one_entry_to_two_lists_one_is_refused() {
    let _turn = turn();
    let lists = [plain(), plain(), plain()].map(open);
    let barrier = Barrier::new(2);
    for round in 0..600 {
        let entry = lists[0].allocate();
        let targets = [round % 3, (round / 3) % 3];
        let free_at_once = |to: usize| {
            barrier.wait();
            catch_bug_check(|| lists[to].free(entry)).err()
        };
        let refused: Vec<_> = std::thread::scope(|scope| {
            let threads = targets.map(|to| scope.spawn(move || free_at_once(to)));
            threads
                .into_iter()
                .filter_map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        assert_eq!(refused.len(), 1, "round {round} to {targets:?}");
        let stop = (refused[0].code, refused[0].parameters);
        assert_eq!(stop, freed_twice(entry));
        let kept: u16 = lists.iter().map(List::current_depth).sum();
        assert_eq!(kept, 1);
        lists.iter().for_each(List::flush);
    }
}
