//! Ticks under the default policy: what they free, and when. Ticks are for the whole process, so these
//! tests take turns.

mod common;

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;

use common::*;
use ntoskrnl_emu::host::{self, DEPTH_POLICY_VARIABLE, DepthPolicy};
use ntoskrnl_emu::{Driver, configure_depth_policy, tick};
use wdm::LookasideListEx;

/// What a list's free callback does, on this thread.
type Action = Box<dyn Fn(Block, u64)>;

thread_local! {
    static ACTION: RefCell<Option<Action>> = const { RefCell::new(None) };
}

/// Gives an entry to pool and does what the test wants.
extern "system" fn take(entry: *mut c_void, list: *mut LookasideListEx) {
    free_pool(Block(entry));
    ACTION.with_borrow(|action| {
        if let Some(action) = action {
            action(Block(entry), list.addr() as u64);
        }
    });
}

/// Has free callbacks of this thread do something.
fn on_free(action: impl Fn(Block, u64) + 'static) {
    ACTION.set(Some(Box::new(action)));
}

fn calling_back() -> List {
    List::new(Options {
        free: Some(take),
        ..Options::default()
    })
}

/// Makes lists keep so many entries with a depth below that, which the next tick leaves as it is.
fn surpluses(lists: &[&List], kept: usize, depth: u16) {
    for list in lists {
        list.keep(kept);
    }
    tick();
    for list in lists {
        list.set_depth(depth);
    }
}

/// The same for one list. Returns its entries in the order of the next allocations.
fn surplus(list: &List, kept: usize, depth: u16) -> Vec<Block> {
    let entries = list.keep(kept);
    tick();
    list.set_depth(depth);
    entries
}

fn ticks() -> u32 {
    host::header(mapped()).ticks
}

/// Behaviour: tick.
#[test]
fn a_tick_frees_what_a_list_keeps_above_its_depth_and_counts_nothing() {
    let _turn = turn();
    for list in [List::of(64), List::confined(64), calling_back()] {
        let entries = surplus(&list, 20, 6);
        let before = list.counters();
        tick();
        assert_eq!((list.depth(), list.current_depth()), (6, 6));
        assert_eq!(list.counters(), before);
        for (place, &entry) in entries.iter().enumerate() {
            assert_eq!(is_live(entry), place >= 14, "those freed last go first");
        }
        assert_eq!(list.allocate(), entries[14]);
        list.free(entries[14]);
    }
}

#[test]
fn a_tick_trims_lists_of_every_kind() {
    let _turn = turn();
    for kind in [Kind::Ex, Kind::NPaged, Kind::Paged] {
        let list = List::new(Options {
            kind,
            ..Options::default()
        });
        surplus(&list, 9, 5);
        tick();
        assert_eq!(list.current_depth(), 5, "{kind:?}");
    }
}

#[test]
fn an_idle_list_keeps_4_entries_after_16_ticks() {
    let _turn = turn();
    let list = List::of(64);
    list.keep(200);
    tick();
    for _ in 0..16 {
        tick();
    }
    assert_eq!((list.depth(), list.current_depth()), (4, 4));
}

/// Behaviour: tick.
#[test]
fn a_tick_writes_all_depths_before_it_trims_in_the_order_of_creation() {
    let _turn = turn();
    let lists = [calling_back(), calling_back(), calling_back()];
    surpluses(&lists.each_ref(), 8, 4);
    // Another depth of the last list can be seen while the first one is trimmed.
    lists[2].set_depth(0);
    let [first, second, third] = lists.each_ref().map(List::address);
    let last = lists[2].memory();
    let seen = std::rc::Rc::new(RefCell::new(Vec::new()));
    let calls = seen.clone();
    on_free(move |_, list| {
        let depth = last.read(2) as u16;
        calls.borrow_mut().push((list, depth));
    });
    tick();
    let expected = [first, second, third].map(|list| [(list, 4); 4]);
    assert_eq!(*seen.borrow(), expected.as_flattened());
}

/// Behaviour: tick.
#[test]
fn a_tick_inside_a_tick_does_nothing() {
    let _turn = turn();
    let (list, other) = (calling_back(), List::of(64));
    surplus(&list, 9, 5);
    other.free(other.allocate());
    let before = ticks();
    on_free(|_, _| tick());
    tick();
    assert_eq!(ticks() - before, 1);
    assert_eq!(list.current_depth(), 5);
    ACTION.set(None);
    tick();
    assert_eq!(ticks() - before, 2);
}

/// Behaviour: tick, other-thread.
#[test]
fn another_threads_confined_list_is_trimmed_by_its_own_next_tick_or_slow_free() {
    let _turn = turn();
    for is_by_tick in [false, true] {
        let list = List::confined(64);
        let mut entries = surplus(&list, 20, 6);
        std::thread::scope(|scope| scope.spawn(tick).join()).expect("a tick");
        assert_eq!(list.current_depth(), 20, "not by another thread");
        // Hits trim nothing.
        let kept = list.allocate();
        assert_eq!((kept, list.current_depth()), (entries.remove(0), 19));
        if is_by_tick {
            tick();
            assert_eq!(list.current_depth(), 6);
            list.set_depth(7);
            list.free(kept);
            assert_eq!(list.current_depth(), 7);
        } else {
            list.free(kept);
            assert_eq!(list.current_depth(), 6);
            assert_eq!(list.counters().free_misses, 1, "that of the free itself");
            // It was due once: what a debugger lowers waits for the next tick.
            list.set_depth(2);
            let kept = list.allocate();
            list.free(kept);
            assert_eq!(list.current_depth(), 5);
        }
    }
}

#[test]
fn a_callback_may_delete_its_list_or_another_while_a_tick_trims_them() {
    let _turn = turn();
    let lists = [(); 3].map(|()| std::rc::Rc::new(calling_back()));
    surpluses(&lists.each_ref().map(|list| &**list), 8, 4);
    let [first, second, third] = lists.clone();
    let is_done = Cell::new(false);
    on_free(move |_, list| {
        if list == second.address() && !is_done.replace(true) {
            third.delete();
            second.delete();
        }
    });
    tick();
    ACTION.set(None);
    assert_eq!(first.current_depth(), 4);
    let [_, second, third] = &lists;
    for list in [second, third] {
        assert_eq!(stop(|| list.allocate()), no_list(list));
    }
}

#[test]
fn a_list_is_not_deleted_by_another_thread_while_a_tick_calls_its_free_routine() {
    let _turn = turn();
    let list = std::sync::Arc::new(calling_back());
    surplus(&list, 8, 7);
    let (inside, is_inside) = mpsc::channel();
    let is_deleted = std::sync::Arc::new(AtomicBool::new(false));
    let deleting = std::thread::spawn({
        let (list, is_deleted) = (list.clone(), is_deleted.clone());
        move || {
            is_inside.recv().expect("the tick calls");
            list.delete();
            is_deleted.store(true, Ordering::Relaxed);
        }
    });
    let seen = is_deleted.clone();
    on_free(move |_, _| {
        let _ = inside.send(());
        for _ in 0..1000 {
            std::thread::yield_now();
            assert!(!seen.load(Ordering::Relaxed), "deleted under its callback");
        }
    });
    tick();
    ACTION.set(None);
    deleting.join().expect("then it is deleted");
    assert!(is_deleted.load(Ordering::Relaxed));
}

/// Behaviour: written-over.
#[test]
fn a_list_that_was_written_over_stops_the_tick_once_the_others_are_trimmed() {
    let _turn = turn();
    let (damaged, other) = (List::of(64), List::of(64));
    surpluses(&[&damaged, &other], 8, 4);
    let first = damaged.allocate();
    damaged.set_depth(8);
    damaged.free(first);
    damaged.set_depth(4);
    first.write(0, 0x10);
    assert_eq!(stop(tick), damaged.damage());
    assert_eq!((damaged.current_depth(), other.current_depth()), (0, 4));
    tick();
    damaged.free(damaged.allocate());
}

#[test]
fn an_entry_that_a_list_lies_in_stays_allocated() {
    let _turn = turn();
    let list = List::of(256);
    let entries = surplus(&list, 8, 6);
    let inner: *mut LookasideListEx = entries[1].0.cast();
    // SAFETY: storage that stays: no routine gives the block away.
    let status = unsafe {
        ntoskrnl_emu::ExInitializeLookasideListEx(
            inner,
            None,
            None,
            wdm::PoolType::NON_PAGED_POOL_NX,
            0,
            64,
            TAG,
            0,
        )
    };
    assert!(status.is_ok());
    // Its header is the link of the entry after it: that list ends here, and the other begins empty.
    assert_eq!(stop(tick).0, 0xC4);
    assert!(is_live(entries[1]) && !is_live(entries[0]));
    // SAFETY: initialised above.
    unsafe { ntoskrnl_emu::ExDeleteLookasideListEx(inner) };
}

#[test]
fn a_miss_that_got_no_memory_stops_the_growth_of_its_list_until_the_next_tick() {
    let _turn = turn();
    let (list, other) = (List::of(64), List::of(64));
    Driver::root().faults().fail_next(1, 0);
    assert!(list.allocate().is_null());
    for list in [&list, &other] {
        list.free_all(&list.allocate_many(9));
    }
    tick();
    assert_eq!((list.depth(), other.depth()), (4, 8));
    list.free_all(&list.allocate_many(9));
    tick();
    assert_eq!(list.depth(), 8);
}

#[test]
fn a_depth_below_4_or_above_the_maximum_is_brought_back_by_a_tick() {
    let _turn = turn();
    for (set, expected) in [(0, 4), (3, 4), (257, 256), (u16::MAX, 256)] {
        let list = List::of(64);
        list.set_depth(set);
        tick();
        assert_eq!(list.depth(), expected);
    }
}

#[test]
fn a_new_list_in_a_used_record_begins_anew() {
    let _turn = turn();
    let list = List::of(64);
    for _ in 0..12 {
        list.free_all(&list.allocate_many(100));
        tick();
    }
    let record = list.record();
    assert!(record.demand >= 100 && record.quiet > 0);
    assert_eq!(list.initialise(Options::default()), wdm::STATUS_SUCCESS);
    let record = list.record();
    assert_eq!((record.demand, record.quiet, record.peak), (0, 0, 0));
    assert_eq!((record.former_depth, record.former_demand), (0, 0));
}

#[test]
fn counters_are_exact_while_ticks_trim_beside_other_threads() {
    let _turn = turn();
    let list = List::of(48);
    let is_over = AtomicBool::new(false);
    let trims = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    list.set_depth(4);
                    tick();
                    trims.fetch_add(1, Ordering::Relaxed);
                    list.set_depth(64);
                    std::thread::yield_now();
                }
            });
        }
        let workers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        list.free_all(&list.allocate_many(30));
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("a worker ends well");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let counters = list.counters();
    assert_eq!(counters.allocates, 2 * 2000 * 30);
    assert_eq!(counters.frees, counters.allocates);
    list.flush();
    assert_eq!(list.current_depth(), 0);
    assert!(trims.load(Ordering::Relaxed) > 0);
}

#[test]
fn the_policy_is_fixed_once_the_pool_is_mapped() {
    let _turn = turn();
    mapped();
    assert_eq!(
        configure_depth_policy(DepthPolicy::Fixed),
        Err(wdm::STATUS_INVALID_DEVICE_STATE)
    );
    assert_eq!(host::depth_policy(), DepthPolicy::Settling);
}

#[test]
fn the_environment_chooses_where_no_call_did() {
    let test = "the_environment_chooses_where_no_call_did";
    let child = in_child_with(test, &[(DEPTH_POLICY_VARIABLE, "fixed")], || {
        let list = List::of(64);
        list.free_all(&list.allocate_many(20));
        tick();
        assert_eq!(
            (list.depth(), host::depth_policy()),
            (4, DepthPolicy::Fixed)
        );
    });
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn a_call_counts_more_than_the_environment() {
    let test = "a_call_counts_more_than_the_environment";
    let child = in_child_with(test, &[(DEPTH_POLICY_VARIABLE, "fixed")], || {
        assert_eq!(configure_depth_policy(DepthPolicy::Balanced), Ok(()));
        assert_eq!(host::depth_policy(), DepthPolicy::Balanced);
    });
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn a_caller_may_have_the_environment_ignored() {
    let test = "a_caller_may_have_the_environment_ignored";
    let child = in_child_with(test, &[(DEPTH_POLICY_VARIABLE, "fixed")], || {
        host::ignore_environment();
        assert_eq!(host::depth_policy(), DepthPolicy::Settling);
    });
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn an_unknown_policy_in_the_environment_is_reported_with_the_nearest_and_not_used() {
    let test = "an_unknown_policy_in_the_environment_is_reported_with_the_nearest_and_not_used";
    let child = in_child_with(test, &[(DEPTH_POLICY_VARIABLE, "balancd")], || {
        for _ in 0..2 {
            assert_eq!(host::depth_policy(), DepthPolicy::Settling);
        }
    });
    assert!(child.status.success(), "{child:?}");
    let said = String::from_utf8_lossy(&child.stderr);
    let line = "EMU_DEPTH_POLICY: the depth policy must be fixed, balanced or settling, \
                the nearest is balanced: \"balancd\"; settling is used";
    let times = said.lines().filter(|said| *said == line).count();
    assert_eq!(times, 1, "once: {said}");
}

#[test]
fn a_name_of_no_policy_is_refused_with_the_nearest() {
    for (name, nearest) in [
        ("setling", "settling"),
        ("Fixed", "fixed"),
        ("", "fixed"),
        ("ballanced", "balanced"),
        ("unbalanced", "balanced"),
    ] {
        let refused = name
            .parse::<DepthPolicy>()
            .map_err(|error| error.to_string());
        let message = format!(
            "the depth policy must be fixed, balanced or settling, the nearest is {nearest}: {name:?}"
        );
        assert_eq!(refused, Err(message));
    }
    for policy in DepthPolicy::ALL {
        assert_eq!(policy.name().parse(), Ok(policy));
    }
}

#[test]
fn a_driver_with_a_policy_of_its_own_is_not_tuned_by_the_process_s() {
    let _turn = turn();
    let driver = Driver::load_with_depth_policy("fixed.sys", DepthPolicy::Fixed);
    let guard = driver.enter();
    let list = List::of(64);
    drop(guard);
    let other = List::of(64);
    for list in [&list, &other] {
        surplus(list, 20, 6);
    }
    tick();
    assert_eq!((list.depth(), list.current_depth()), (6, 20));
    assert_eq!((other.depth(), other.current_depth()), (6, 6));
    list.delete();
    assert_eq!(driver.unload(), Ok(()));
}
