//! What a list's `Allocate` and `Free` fields point to when no callback was given: code that inlines
//! the allocate and free bodies of older headers calls them.

mod common;

use std::mem::offset_of;
use std::sync::atomic::Ordering;

use common::*;
use wdm::{AllocateFunctionExRaw, FreeFunctionExRaw, GeneralLookasidePool, PoolType};

fn allocate_by_field(list: &List) -> Block {
    let field = offset_of!(GeneralLookasidePool, allocate);
    let routine = list.u64_at(field).load(Ordering::Relaxed) as usize as *const ();
    // SAFETY: the field of an initialised list without a callback.
    let routine: AllocateFunctionExRaw = unsafe { std::mem::transmute(routine) };
    // SAFETY: as an inlined body calls it.
    Block(unsafe { routine(PoolType::NON_PAGED_POOL_NX, 64, TAG, list.as_ptr()) })
}

/// Does not stand between a bug check and its catcher: the routine unwinds.
fn free_by_field(list: &List, entry: Block) {
    type Unwinding =
        unsafe extern "system-unwind" fn(*mut std::ffi::c_void, *mut wdm::LookasideListEx);
    const _: () = assert!(size_of::<Unwinding>() == size_of::<FreeFunctionExRaw>());
    let field = offset_of!(GeneralLookasidePool, free);
    let routine = list.u64_at(field).load(Ordering::Relaxed) as usize as *const ();
    // SAFETY: the field of an initialised list without a callback.
    let routine: Unwinding = unsafe { std::mem::transmute(routine) };
    // SAFETY: as an inlined body calls it; what is no entry of the list is refused.
    unsafe { routine(entry.0, list.as_ptr()) }
}

#[test]
fn they_make_and_take_entries_of_the_list_and_count_nothing() {
    let _turn = turn();
    let list = List::of(64);
    let entry = allocate_by_field(&list);
    assert_eq!(list.counters(), Counters::default());
    list.free(entry);
    assert_eq!(list.allocate(), entry);
    let before = list.counters();
    free_by_field(&list, entry);
    assert!(!is_live(entry));
    assert_eq!(list.counters(), before);
}

#[test]
fn the_free_routine_refuses_what_is_not_allocated_from_the_list() {
    let _turn = turn();
    let list = List::of(64);
    let other = List::of(64);
    let entry = list.allocate();
    let foreign = other.allocate();
    let kept = list.keep(1)[0];
    for bad in [entry.plus(16), entry.plus(8), foreign, Block::NULL] {
        assert_eq!(stop(|| free_by_field(&list, bad)), not_an_entry(bad));
    }
    assert_eq!(stop(|| free_by_field(&list, kept)), freed_twice(kept));
    free_by_field(&list, entry);
    assert_eq!(stop(|| free_by_field(&list, entry)), freed_twice(entry));
    assert_eq!(list.allocate(), kept);
    list.free(kept);
    other.free(foreign);
}

#[test]
fn a_confined_list_has_them_for_its_owner_only() {
    let _turn = turn();
    let list = List::confined(64);
    let entry = allocate_by_field(&list);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(
                stop(|| free_by_field(&list, entry)),
                confined_elsewhere(&list)
            );
        });
    });
    free_by_field(&list, entry);
}
