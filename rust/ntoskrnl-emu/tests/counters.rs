//! What a list counts, and when.

mod common;

use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::Ordering;

use common::*;
use wdm::*;

extern "system" fn no_entry(_: PoolType, _: usize, _: u32, _: *mut LookasideListEx) -> *mut c_void {
    std::ptr::null_mut()
}

#[test]
fn every_call_is_counted_and_a_miss_beside_it() {
    let list = List::of(64);
    let first = list.allocate();
    assert_eq!(
        list.counters(),
        Counters {
            allocates: 1,
            allocate_misses: 1,
            ..Counters::default()
        }
    );
    list.free(first);
    let second = list.allocate();
    assert_eq!(
        list.counters(),
        Counters {
            allocates: 2,
            allocate_misses: 1,
            frees: 1,
            free_misses: 0
        }
    );
    list.set_depth(0);
    list.free(second);
    assert_eq!(
        list.counters(),
        Counters {
            allocates: 2,
            allocate_misses: 1,
            frees: 2,
            free_misses: 1
        }
    );
}

#[test]
fn a_null_from_the_callback_is_a_miss() {
    let list = List::new(Options {
        allocate: Some(no_entry),
        ..Options::default()
    });
    for count in 1..=5 {
        assert!(list.allocate().is_null());
        let counters = list.counters();
        assert_eq!(
            (counters.allocates, counters.allocate_misses),
            (count, count)
        );
    }
}

#[test]
fn counters_wrap_at_32_bits() {
    let list = List::of(64);
    for field in [
        offset_of!(GeneralLookasidePool, total_allocates),
        offset_of!(GeneralLookasidePool, allocate_misses),
        offset_of!(GeneralLookasidePool, total_frees),
        offset_of!(GeneralLookasidePool, free_misses),
    ] {
        list.u32_at(field).store(u32::MAX, Ordering::Relaxed);
    }
    list.set_depth(0);
    list.free(list.allocate());
    assert_eq!(list.counters(), Counters::default());
}

#[test]
fn flush_leaves_the_counters_as_they_are() {
    let list = List::of(64);
    list.free_all(&list.allocate_many(6));
    let before = list.counters();
    list.flush();
    assert_eq!(list.counters(), before);
    list.free(list.allocate());
    assert_eq!(list.counters().allocate_misses, before.allocate_misses + 1);
}

#[test]
fn raw_pops_and_pushes_on_the_header_are_not_counted() {
    let list = List::of(64);
    list.keep(3);
    let before = list.counters();
    let entry = pop(list.header());
    assert_eq!(list.current_depth(), 2);
    push(list.header(), entry);
    assert_eq!(list.current_depth(), 3);
    assert_eq!(list.counters(), before);
}

#[test]
fn a_refused_call_is_not_counted() {
    let list = List::of(64);
    let entry = list.allocate();
    list.free(entry);
    let before = list.counters();
    stop(|| list.free(entry));
    stop(|| list.free(entry.plus(16)));
    assert_eq!(list.counters(), before);
}
