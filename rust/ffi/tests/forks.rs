//! Forks beside isolates that share lists: the child has the memory of the process and one of its threads.
#![cfg(all(unix, not(miri)))]

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use lookaside::isolate::lookaside_open;
use lookaside::lists::{lookaside_alloc, lookaside_create, lookaside_free};
use lookaside::sharing::{
    lookaside_attach, lookaside_close_list, lookaside_release, lookaside_share,
};
use ntoskrnl_emu::host;
use ntoskrnl_emu::host::layout::{SLOTS_OFFSET, Slot};
use wdm::PoolType;

unsafe extern "C" {
    fn fork() -> c_int;
    fn _exit(status: c_int) -> !;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn alarm(seconds: u32) -> u32;
}

/// What the last call of an isolate left in its slot.
fn value(offset: u32) -> u32 {
    let index = (offset as usize - SLOTS_OFFSET) / size_of::<Slot>();
    let region = host::mapped().expect("the pool is mapped");
    let slot = region.slot(index).expect("the offset is a slot's");
    slot.value.load(Ordering::Relaxed)
}

/// A shared list of the isolate with a slot.
fn shared(offset: u32) -> u32 {
    let nonpaged = PoolType::NON_PAGED_POOL_NX.0;
    let tag = u32::from_le_bytes(*b"Fork");
    assert_eq!(lookaside_create(0, 64, nonpaged, tag, 0, 0, 0, 0), 0);
    let id = value(offset);
    assert_eq!(lookaside_share(id), 0);
    id
}

/// What an isolate does with shared lists.
fn use_lists(offset: u32, id: u32) {
    assert_eq!(lookaside_attach(id), 0);
    lookaside_alloc(id);
    lookaside_free(id, value(offset));
    assert_eq!(lookaside_release(id), 0);
    assert_eq!(lookaside_close_list(shared(offset)), 0);
}

/// Runs something in a child, and returns whether it ended as it should. One that hangs is ended.
fn in_child(work: impl FnOnce()) -> bool {
    // SAFETY: the child works with what it has, and ends without a destructor of the parent's.
    match unsafe { fork() } {
        0 => {
            // SAFETY: no handler is set.
            unsafe { alarm(120) };
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // SAFETY: nothing of the child is to be done any more.
            unsafe { _exit(c_int::from(ended.is_err())) }
        }
        child => {
            assert!(child > 0, "a child");
            let mut status = 0;
            // SAFETY: the place is writable.
            assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
            status == 0
        }
    }
}

/// Behaviour: fork.
#[test]
fn shared_lists_are_attached_to_released_and_closed_in_the_child_whatever_other_isolates_were_doing()
 {
    let offset = lookaside_open(0);
    let id = shared(offset);
    let is_over = AtomicBool::new(false);
    let (begin, begun) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let offset = lookaside_open(0);
            begin.send(()).expect("the other end stands");
            while !is_over.load(Ordering::Relaxed) {
                use_lists(offset, id);
            }
        });
        begun.recv().expect("it begins");
        let all_work = (0..60).all(|_| in_child(|| use_lists(offset, id)));
        is_over.store(true, Ordering::Relaxed);
        assert!(all_work);
    });
}
