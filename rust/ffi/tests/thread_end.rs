//! What a thread that ends gives back. It ends without a call, as a Worker's does, and its
//! thread-locals are destroyed in an order that differs between targets.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use lookaside::drivers::lookaside_tell_stack;
use lookaside::isolate::lookaside_open;
use lookaside::lists::{lookaside_alloc, lookaside_create, lookaside_free};
use lookaside::sharing::{lookaside_attach, lookaside_share};
use ntoskrnl_emu::host::layout::{SLOTS_OFFSET, Slot};
use ntoskrnl_emu::host::{self, owner};
use ntoskrnl_emu::{ExFreePoolWithTag, catch_bug_check};
use wdm::PoolType;

const TAG: u32 = u32::from_le_bytes(*b"ThEn");
const THREADS: usize = 1000;
const AT_ONCE: usize = 8;

static TURN: Mutex<()> = Mutex::new(());

/// Held by each test: they count slots.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The offset of a new isolate's slot.
fn open() -> u32 {
    let offset = lookaside_open(0);
    assert_ne!(offset, 0, "an isolate can be opened");
    offset
}

fn slot(offset: u32) -> &'static Slot {
    let index = (offset as usize - SLOTS_OFFSET) / size_of::<Slot>();
    let region = host::mapped().expect("the pool is mapped");
    region.slot(index).expect("the offset is a slot's")
}

/// A list of the isolate with a slot, with an entry on it.
fn create(offset: u32) -> u32 {
    let nonpaged = PoolType::NON_PAGED_POOL_NX.0;
    assert_eq!(lookaside_create(0, 64, nonpaged, TAG, 0, 0, 0, 0), 0);
    let id = slot(offset).value.load(Ordering::Relaxed);
    lookaside_alloc(id);
    lookaside_free(id, slot(offset).value.load(Ordering::Relaxed));
    assert_eq!(slot(offset).kind.load(Ordering::Relaxed), 0);
    id
}

/// Runs something on a thread that has ended when this returns.
fn ended<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    // A scope that ends by itself would not wait for the destructors of thread-locals.
    thread::scope(|scope| scope.spawn(run).join()).expect("the thread does not panic")
}

#[test]
fn an_isolate_knows_no_stack_of_the_one_before_it_on_its_thread() {
    let _turn = turn();
    let told = || {
        // SAFETY: there is no block: it is refused.
        let stop = catch_bug_check(|| unsafe { ExFreePoolWithTag(std::ptr::null_mut(), 0) });
        stop.expect_err("it is refused").report().stack.join("\n")
    };
    ended(|| {
        let frame = "https://an.example/first.ts:1:1";
        open();
        lookaside_tell_stack(frame.as_ptr().cast(), frame.len() as u32);
        assert!(told().contains(frame));
        open();
        assert!(!told().contains(frame));
    });
}

#[test]
fn a_thousand_threads_end_and_give_back_their_lists_and_slots() {
    let _turn = turn();
    let mut offsets: Vec<u32> = Vec::new();
    for _ in 0..THREADS / AT_ONCE {
        let stay = || {
            let offset = open();
            let [confined, shared] = [create(offset), create(offset)];
            assert_eq!(lookaside_share(shared), 0);
            assert_eq!(lookaside_attach(shared), 0, "a second handle");
            assert!(host::is_live(confined) && host::is_live(shared));
            (offset, [confined, shared])
        };
        let left: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(stay)).collect();
            let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
            joined.map(|left| left.expect("no panic")).collect()
        });
        for (offset, ids) in left {
            assert_eq!(slot(offset).owner.load(Ordering::Relaxed), 0);
            assert_eq!(ids.map(host::is_live), [false; 2]);
            offsets.push(offset);
        }
    }
    assert_eq!(offsets.len(), THREADS);
    offsets.sort_unstable();
    offsets.dedup();
    assert!(offsets.len() <= AT_ONCE, "{offsets:?}");
}

#[test]
fn a_slot_is_free_again_once_its_thread_has_ended() {
    let _turn = turn();
    assert_eq!(ended(open), ended(open));
}

#[test]
fn an_isolate_ends_as_the_owner_that_it_began_as() {
    let _turn = turn();
    let (offset, id) = ended(|| {
        let offset = open();
        let id = create(offset);
        // What a thread comes to that has lost its owner's thread-local before its isolate's.
        owner::begin().expect("identifiers are left");
        (offset, id)
    });
    assert!(!host::is_live(id));
    assert_eq!(slot(offset).owner.load(Ordering::Relaxed), 0);
}

/// Opens an isolate, or makes a list in it, when a thread-local is destroyed.
struct Late(Cell<Option<fn() -> u32>>);

impl Drop for Late {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}

thread_local! {
    static LATE: Late = const { Late(Cell::new(None)) };
}

#[test]
fn a_thread_that_opens_an_isolate_while_it_ends_leaves_no_slot() {
    let _turn = turn();
    let before = ended(open);
    // The thread-local that is used first is, on most targets, destroyed last.
    for is_late in [true, false] {
        ended(|| {
            if is_late {
                LATE.with(|late| late.0.set(Some(|| lookaside_open(0))));
            }
            open();
            if !is_late {
                LATE.with(|late| late.0.set(Some(|| lookaside_open(0))));
            }
        });
        assert_eq!(ended(open), before, "late: {is_late}");
    }
}
