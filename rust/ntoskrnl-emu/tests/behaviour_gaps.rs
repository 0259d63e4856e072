//! Situations of docs/behaviour.md that no other test is about.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use wdm::{LookasideListEx, PoolType};

mod common;

use common::*;

static ANSWER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

extern "system" fn answer(_: PoolType, _: usize, _: u32, _: *mut LookasideListEx) -> *mut c_void {
    ANSWER.load(Ordering::Relaxed)
}

#[test]
fn a_block_that_a_live_list_lies_in_is_no_entry() {
    let _turn = turn();
    let other = List::new(Options {
        in_pool: true,
        ..Options::default()
    });
    let list = List::new(Options {
        allocate: Some(answer),
        ..Options::default()
    });
    let block = other.memory();
    ANSWER.store(block.0, Ordering::Relaxed);
    let refused = (0x19, [0x22, block.address(), list.address(), 64]);
    assert_eq!(stop(|| list.allocate()), refused);
    assert_eq!(stop(|| push(list.header(), block)), not_an_entry(block));
    other.free(other.allocate());
    assert_eq!(other.current_depth(), 1, "the other list goes on");

    other.delete();
    assert_eq!(list.allocate(), block, "now it is a plain block");
    assert_eq!(list.counters().allocate_misses, 2);
    list.delete();
}

#[test]
fn fail_no_raise_without_a_callback_is_as_no_flags() {
    let _turn = turn();
    let mark = tag(b"FlNr");
    let list = List::new(Options {
        flags: 2,
        tag: mark,
        ..Options::default()
    });
    ntoskrnl_emu::Driver::root().faults().fail_next(1, mark);
    assert!(list.allocate().is_null());
    let entry = list.allocate();
    assert!(!entry.is_null());
    list.free(entry);
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.allocate_misses), (2, 2));
}
