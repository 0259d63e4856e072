//! What other threads see while one stands between two steps of a protocol. Built with
//! `--cfg delays` only; `DELAY_SEED` replays the time that threads lose at random.
#![cfg(delays)]

mod common;

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use common::*;
use ntoskrnl_emu::host::delay::{amid, point};
use ntoskrnl_emu::host::layout::ARENAS;
use ntoskrnl_emu::host::{self, owner};
use ntoskrnl_emu::{catch_bug_check, list as list_with, tick};
use wdm::*;

/// A list in the pool that keeps nothing, with a tag of its own.
fn new_list(mark: u32) -> List {
    List::new(Options {
        tag: mark,
        in_pool: true,
        ..Options::default()
    })
}

/// What an identifier leads to, for a thread that does not own the list.
fn status_of(id: u32) -> Result<(), NtStatus> {
    list_with(id, owner::current()).map(drop)
}

#[test]
fn a_list_that_is_being_entered_is_found_by_no_identifier() {
    let _turn = turn();
    let storage = List::storage(true);
    let ((), id) = amid(
        "record written",
        || assert_eq!(storage.initialise(Options::default()), STATUS_SUCCESS),
        || {
            let limit = host::header(mapped()).record_limit;
            let is_its = |&index: &u32| host::record(mapped(), index).list == storage.address();
            let index = (1..limit).find(is_its).expect("its record is written");
            let id = host::id_of(mapped(), index);
            assert!(!host::is_live(id));
            assert_eq!(status_of(id), Err(STATUS_DELETE_PENDING));
            id
        },
    );
    assert_eq!(storage.id(), id);
    assert!(host::is_live(id));
}

#[test]
fn a_list_that_a_tick_can_find_has_the_values_of_a_new_one() {
    let _turn = turn();
    let storage = List::storage(true);
    for word in 0..12 {
        storage.memory().write(word, u64::MAX);
    }
    let expect_new = || {
        assert_eq!((storage.depth(), storage.current_depth()), (4, 0));
        assert_eq!(storage.counters(), Counters::default());
    };
    amid(
        "list entered",
        || assert_eq!(storage.initialise(Options::default()), STATUS_SUCCESS),
        || {
            tick();
            expect_new();
        },
    );
    expect_new();
    assert_eq!(storage.maximum_depth(), 256);
}

#[test]
fn a_list_that_is_being_deleted_is_closed_until_it_is_gone() {
    let _turn = turn();
    let mark = tag(b"DlDl");
    // A list that nothing is allocated from is forgotten while no tick can come.
    for (window, held) in [
        ("list closed", 0),
        ("list closed", 1),
        ("list forgotten", 1),
    ] {
        let list = new_list(mark);
        let entries = list.allocate_many(held);
        list.keep(3);
        let id = list.id();
        amid(
            window,
            || list.delete(),
            || {
                assert!(!host::is_live(id));
                assert_eq!(status_of(id), Err(STATUS_DELETE_PENDING));
                assert_eq!(
                    usage(mark, false).live(),
                    held as u64,
                    "it was emptied first"
                );
                tick();
                let bytes = CONTROL_BYTES as u64;
                assert_eq!(
                    stop(|| free_pool(list.memory())),
                    (0xC4, [0xCC, list.address(), list.address(), bytes]),
                    "its memory is not free yet"
                );
            },
        );
        assert_eq!(stop(|| list.allocate()), no_list(&list));
        assert_eq!(status_of(id), Err(STATUS_DELETE_PENDING));
        entries.into_iter().for_each(free_pool);
    }
}

#[test]
fn a_record_is_issued_again_only_when_the_list_before_has_left() {
    let _turn = turn();
    let limit = || host::header(mapped()).record_limit;
    let before = limit();
    let mut lists = Vec::new();
    // Until no record is left that was issued before.
    while limit() == before {
        lists.push(new_list(TAG));
    }
    let last = lists.pop().expect("a list was made");
    let id = last.id();
    // A record comes back to the threads of the arena that gave it back.
    let arena = owner::current() as usize % ARENAS;
    let come_to_that_arena = || {
        while owner::current() as usize % ARENAS != arena {
            owner::begin().expect("there are more owners");
        }
    };
    let delete = || {
        come_to_that_arena();
        last.delete();
    };
    let make = || {
        come_to_that_arena();
        new_list(TAG)
    };
    thread::scope(|scope| {
        let ((), others) = amid("record leaving", delete, || {
            assert_eq!(status_of(id), Err(STATUS_DELETE_PENDING));
            (scope.spawn(tick), scope.spawn(make))
        });
        others.0.join().expect("a tick finds no list that has left");
        let new = others.1.join().expect("a list can be made");
        assert_eq!((new.id() & 0xffff, new.id() == id), (id & 0xffff, false));
        assert!(
            host::is_live(new.id()),
            "the list before takes nothing from it"
        );
    });
    assert_eq!(status_of(id), Err(STATUS_DELETE_PENDING));
}

#[test]
fn what_a_flush_has_detached_is_on_no_list_and_nobodys() {
    let _turn = turn();
    let mark = tag(b"DlFl");
    let list = new_list(mark);
    let kept = list.keep(3);
    let before = list.counters();
    let ((), new) = amid(
        "list detached",
        || list.flush(),
        || {
            assert_eq!(list.current_depth(), 0);
            for &entry in &kept {
                assert_eq!(stop(|| list.free(entry)), freed_twice_of(mark, entry));
                assert_eq!(stop(|| free_pool(entry)), freed_twice_of(mark, entry));
            }
            let new = list.allocate();
            assert!(
                !kept.contains(&new),
                "what a flush has taken is not handed out"
            );
            list.free(new);
            assert_eq!(list.current_depth(), 1);
            new
        },
    );
    assert_eq!((list.current_depth(), usage(mark, false).live()), (1, 1));
    let after = Counters {
        allocates: before.allocates + 1,
        allocate_misses: before.allocate_misses + 1,
        frees: before.frees + 1,
        ..before
    };
    assert_eq!(list.counters(), after);
    assert_eq!(list.allocate(), new);
    list.free(new);
}

#[test]
fn a_list_that_changes_its_owner_is_refused_to_others_until_it_is_everybodys() {
    let _turn = turn();
    let refused = |list: &List| {
        assert_eq!(stop(|| list.allocate()), confined_elsewhere(list));
        assert_eq!(stop(|| list.flush()), confined_elsewhere(list));
        assert_eq!(stop(|| pop(list.header())), confined_elsewhere(list));
    };
    let list = new_list(TAG);
    let (kept, ()) = amid(
        "list confining",
        || {
            list.confine();
            let kept = list.keep(2);
            // The same thread shares it again: no other can.
            list.share();
            kept
        },
        || refused(&list),
    );
    assert_eq!(list.allocate(), kept[0]);
    let list = new_list(TAG);
    let id = list.id();
    let (kept, ()) = amid(
        "list sharing",
        || {
            list.confine();
            let kept = list.keep(2);
            list.share();
            kept
        },
        || {
            refused(&list);
            assert_eq!(stop(|| status_of(id)), confined_elsewhere(&list));
        },
    );
    assert_eq!(status_of(id), Ok(()));
    assert_eq!([list.allocate(), list.allocate()], kept[..]);
}

#[test]
fn a_header_that_is_held_makes_others_wait_and_loses_nothing() {
    let _turn = turn();
    let list = new_list(TAG);
    let kept = list.keep(3);
    let before = list.counters();
    thread::scope(|scope| {
        let (popped, others) = amid(
            "section entered",
            || pop(list.header()),
            || {
                let others = [(); 2].map(|()| scope.spawn(|| list.allocate()));
                assert_eq!(list.current_depth(), 3, "nothing is taken yet");
                others
            },
        );
        let mut all = vec![popped];
        all.extend(others.map(|other| other.join().expect("it waited")));
        all.sort();
        let mut expected = kept.clone();
        expected.sort();
        assert_eq!(all, expected, "each has one of them");
    });
    let counters = list.counters();
    assert_eq!(counters.allocates, before.allocates + 2);
    assert_eq!(counters.allocate_misses, before.allocate_misses);
}

#[test]
fn a_header_that_is_held_for_seconds_is_damage_and_its_holder_hands_nothing_out() {
    let _turn = turn();
    let mark = tag(b"DlSt");
    let list = new_list(mark);
    let kept = list.keep(2);
    let (late, ours) = amid(
        "section entered",
        || catch_bug_check(|| pop(list.header())),
        || {
            assert_eq!(stop(|| list.allocate()), list.damage());
            let ours = list.allocate();
            assert!(!kept.contains(&ours), "what the list kept is abandoned");
            ours
        },
    );
    let late = late.expect_err("its entry is no longer the list's");
    assert_eq!((late.code, late.parameters), list.damage());
    assert_eq!(usage(mark, false).live(), 3);
    list.free(ours);
    assert_eq!(list.allocate(), ours);
    list.free(ours);
    kept.into_iter().for_each(free_pool);
    list.delete();
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn a_free_that_was_held_for_seconds_puts_nothing_on_the_list_twice() {
    let _turn = turn();
    let mark = tag(b"DlS2");
    let list = new_list(mark);
    let kept = list.keep(2);
    let late = list.allocate();
    let (pushed, ours) = amid(
        "section entered",
        || catch_bug_check(|| push(list.header(), late)),
        || {
            assert_eq!(stop(|| list.allocate()), list.damage());
            let ours = list.allocate();
            list.free(ours);
            ours
        },
    );
    // Whatever became of the push, no entry is had twice and none but the list's own is handed out.
    let is_on = pushed.is_ok();
    let mut handed_out = Vec::new();
    while handed_out.len() < 4 {
        match catch_bug_check(|| list.allocate()) {
            Ok(entry) => handed_out.push(entry),
            Err(stop) => assert_eq!((stop.code, stop.parameters), list.damage()),
        }
    }
    assert!(!handed_out.contains(&kept[1]), "abandoned");
    let mut distinct = handed_out.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);
    assert!(
        is_on || !handed_out.contains(&late),
        "it is still its holder's"
    );
    list.free_all(&handed_out);
    list.delete();
    for entry in [kept[1], late, ours] {
        if is_live(entry) {
            free_pool(entry);
        }
    }
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn damage_that_was_mended_is_not_reported_to_a_thread_that_saw_it_before() {
    let _turn = turn();
    let mark = tag(b"DlDm");
    // The owner and the record index, by which a list is found or entered.
    for field in [0x58, 0x5c] {
        for routine in [
            |list: &List| list.allocate(),
            |list: &List| pop(list.header()),
        ] {
            let list = new_list(mark);
            let lost = list.keep(2);
            let field = list.u32_at(field);
            field.store(field.load(Ordering::Relaxed) ^ 1, Ordering::Relaxed);
            let (late, kept) = amid(
                "damage seen",
                || catch_bug_check(|| routine(&list)),
                || {
                    assert_eq!(stop(|| list.allocate()), list.damage());
                    list.keep(1)
                },
            );
            assert_eq!(late, Ok(kept[0]), "as if nothing had happened");
            list.free(kept[0]);
            assert_eq!(list.current_depth(), 1);
            list.delete();
            lost.into_iter().for_each(free_pool);
            assert_eq!(usage(mark, false).live(), 0);
        }
    }
}

#[test]
fn of_a_free_to_pool_and_a_free_to_the_list_the_first_counts() {
    let _turn = turn();
    for depth in [4, 0] {
        let list = new_list(TAG);
        list.set_depth(depth);
        let entry = list.allocate();
        let (to_pool, ()) = amid(
            "owner found",
            || catch_bug_check(|| free_pool(entry)),
            || list.free(entry),
        );
        let refused = to_pool.expect_err("the list was first");
        assert_eq!((refused.code, refused.parameters), freed_twice(entry));
        assert_eq!(u16::from(depth > 0), list.current_depth());
        assert_eq!(list.counters().frees, 1);
        let entry = list.allocate();
        let before = list.current_depth();
        thread::scope(|scope| {
            let ((), to_list) = amid(
                "section entered",
                || free_pool(entry),
                || scope.spawn(|| stop(|| list.free(entry))),
            );
            let refused = to_list.join().expect("it waited");
            assert_eq!(refused, freed_twice(entry), "the pool was first");
        });
        assert_eq!((list.counters().frees, list.current_depth()), (1, before));
    }
}

/// Words of a control block.
const CONTROL_WORDS: usize = CONTROL_BYTES / 8;

/// What a caller writes into storage that was a list's: odd numbers, as a held lock's word is.
fn take_back(storage: Block) {
    (0..CONTROL_WORDS).for_each(|word| storage.write(word, 0x1235 + 2 * word as u64));
}

fn assert_taken_back(storage: Block) {
    for word in 0..CONTROL_WORDS {
        assert_eq!(storage.read(word), 0x1235 + 2 * word as u64, "word {word}");
    }
}

#[test]
fn a_list_that_is_gone_is_not_touched_by_a_free_of_its_entry_to_pool() {
    let _turn = turn();
    let mark = tag(b"DlDp");
    for in_pool in [true, false] {
        let options = Options {
            tag: mark,
            in_pool,
            ..Options::default()
        };
        let list = List::new(options);
        let entry = list.allocate();
        let (freed, ()) = amid(
            "owner found",
            || catch_bug_check(|| free_pool(entry)),
            || {
                list.delete();
                take_back(list.memory());
            },
        );
        assert_eq!(freed, Ok(()));
        assert_taken_back(list.memory());
        assert_eq!(usage(mark, false).live(), 0);
        // The same record serves another list, which the block is no entry of: this thread's own.
        let list = List::new(options);
        let entry = list.allocate();
        let (freed, next) = amid(
            "owner found",
            || catch_bug_check(|| free_pool(entry)),
            || {
                let index = list.id() & 0xffff;
                list.delete();
                let mut others = Vec::new();
                loop {
                    let next = List::new(options);
                    if next.id() & 0xffff == index {
                        next.confine();
                        break next;
                    }
                    others.push(next);
                }
            },
        );
        assert_eq!(freed, Ok(()));
        assert_eq!(usage(mark, false).live(), 0);
        next.delete();
    }
}

#[test]
fn a_list_stays_until_a_free_of_its_entry_to_pool_has_left_it() {
    let _turn = turn();
    let mark = tag(b"DlPp");
    for in_pool in [true, false] {
        let list = List::new(Options {
            tag: mark,
            in_pool,
            ..Options::default()
        });
        let entry = list.allocate();
        let id = list.id();
        thread::scope(|scope| {
            let (freed, deleting) = amid(
                "owner pinned",
                || catch_bug_check(|| free_pool(entry)),
                || {
                    let deleting = scope.spawn(|| {
                        list.delete();
                        take_back(list.memory());
                    });
                    // It begins, and waits before it touches the entries.
                    while status_of(id) != Err(STATUS_DELETE_PENDING) {
                        thread::yield_now();
                    }
                    assert!(is_live(entry), "as an entry");
                    assert_ne!(list.u32_at(0x5c).load(Ordering::Relaxed), 0);
                    tick();
                    deleting
                },
            );
            assert_eq!(freed, Ok(()));
            deleting.join().expect("it waited");
        });
        assert_taken_back(list.memory());
        assert_eq!(usage(mark, false).live(), 0);
    }
}

#[test]
fn a_refused_free_to_pool_lets_its_list_go() {
    let _turn = turn();
    let list = new_list(TAG);
    let entry = list.allocate();
    list.confine();
    let refused = thread::scope(|scope| {
        let other = scope.spawn(|| stop(|| free_pool(entry)));
        other.join().expect("it was refused")
    });
    assert_eq!(refused, confined_elsewhere(&list));
    list.delete();
    free_pool(entry);
}

/// Makes entries, before a window of its own.
extern "system" fn make(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    let entry = allocate_pool(pool_type, bytes, tag);
    point("callback");
    entry.0
}

/// Gives entries to pool, after a window of its own.
extern "system" fn give(entry: *mut c_void, _: *mut LookasideListEx) {
    point("callback");
    free_pool(Block(entry));
}

#[test]
fn a_list_whose_callback_runs_is_everybodys() {
    let _turn = turn();
    let mark = tag(b"DlCb");
    let list = List::new(Options {
        allocate: Some(make),
        free: Some(give),
        tag: mark,
        in_pool: true,
        ..Options::default()
    });
    let use_all = || {
        let entry = list.allocate();
        list.free(entry);
        assert_eq!(pop(list.header()), entry);
        push(list.header(), entry);
        list.flush();
        tick();
        assert_eq!(list.current_depth(), 0);
        entry
    };
    let (held, other) = amid("callback", || list.allocate(), use_all);
    assert_ne!(held, other);
    list.set_depth(0);
    let ((), ()) = amid(
        "callback",
        || list.free(held),
        || {
            list.set_depth(4);
            assert_ne!(use_all(), held, "it is the free routine's");
            assert_eq!(stop(|| list.free(held)), not_an_entry(held));
            assert_eq!(usage(mark, false).live(), 1);
        },
    );
    assert_eq!(usage(mark, false).live(), 0);
    let counters = Counters {
        allocates: 3,
        allocate_misses: 3,
        frees: 3,
        free_misses: 1,
    };
    assert_eq!(list.counters(), counters);
}

#[test]
fn identifiers_of_lists_that_come_and_go_lead_to_live_lists_or_say_deleted() {
    const ROUNDS: u32 = 400;
    let _turn = turn();
    let mark = tag(b"DlRn");
    let newest = [const { AtomicU32::new(0) }; 3];
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                tick();
                for id in &newest {
                    // Acquire pairs with the release below.
                    match id.load(Ordering::Acquire) {
                        0 => {}
                        id => {
                            let said = status_of(id);
                            assert!(
                                matches!(said, Ok(()) | Err(STATUS_DELETE_PENDING)),
                                "{said:?}"
                            );
                        }
                    }
                }
            }
        });
        let makers = newest.each_ref().map(|newest| {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let list = new_list(mark);
                    assert_eq!((list.depth(), list.counters()), (4, Counters::default()));
                    newest.store(list.id(), Ordering::Release);
                    let entries = list.allocate_many(5);
                    assert_eq!(list.counters().allocate_misses, 5);
                    list.free_all(&entries);
                    if round % 3 == 0 {
                        list.flush();
                    }
                    let id = list.id();
                    list.delete();
                    assert_eq!(status_of(id), Err(STATUS_DELETE_PENDING));
                }
            })
        });
        let ended = makers.map(|maker| maker.join());
        is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "every maker ends well");
    });
    assert_eq!(usage(mark, false).live(), 0);
}
