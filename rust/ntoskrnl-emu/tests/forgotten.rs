//! Lists that were not deleted before their memory went.

#![cfg(all(target_os = "linux", not(miri)))]

mod common;

use std::alloc::{Layout, alloc_zeroed, dealloc};

use common::*;
use ntoskrnl_emu::ExInitializeLookasideListEx;
use wdm::*;

/// So large that the allocator gives the memory back to the system.
const LAYOUT: Layout = match Layout::from_size_align(4 << 20, 64) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

/// Makes a list that keeps an entry, and has its memory unmapped. Returns the stop that names it.
fn forget_a_list() -> Stop {
    // SAFETY: the layout has a size.
    let memory = unsafe { alloc_zeroed(LAYOUT) };
    let list: *mut LookasideListEx = memory.cast();
    let kind = PoolType::NON_PAGED_POOL_NX;
    // SAFETY: the promise that the storage stays is broken below: that is what is tested.
    let status = unsafe { ExInitializeLookasideListEx(list, None, None, kind, 0, 64, TAG, 0) };
    assert!(status.is_ok());
    // SAFETY: initialised.
    let entry = unsafe { ntoskrnl_emu::ExAllocateFromLookasideListEx(list) };
    // SAFETY: allocated from it.
    unsafe { ntoskrnl_emu::ExFreeToLookasideListEx(list, entry) };
    // SAFETY: allocated above with this layout.
    unsafe { dealloc(memory, LAYOUT) };
    (0xC4, [0x4C4B_0003, list.addr() as u64, 0, 0])
}

/// Whether the system says that memory is not there; QEMU's emulation of a process does not.
fn system_tells() -> bool {
    use std::ffi::{c_int, c_ulong, c_void};
    // process_vm_readv(2), with an address and a length for each `iovec`.
    unsafe extern "C" {
        fn process_vm_readv(
            process: c_int,
            local: *const [usize; 2],
            locals: c_ulong,
            remote: *const [usize; 2],
            remotes: c_ulong,
            flags: c_ulong,
        ) -> isize;
    }
    const EFAULT: i32 = 14;
    let mut byte = 0_u8;
    let local = [(&raw mut byte).cast::<c_void>().expose_provenance(), 1];
    let nowhere = [1, 1];
    let process = std::process::id().cast_signed();
    // SAFETY: one byte of this function's; the system looks for itself at what lies elsewhere.
    let read = unsafe { process_vm_readv(process, &raw const local, 1, &raw const nowhere, 1, 0) };
    read == -1 && std::io::Error::last_os_error().raw_os_error() == Some(EFAULT)
}

/// Runs a test in a process of its own.
#[track_caller]
fn assert_passes_in_child(test: &str, run: impl FnOnce()) {
    if !system_tells() {
        println!("skipped: the system does not say which memory is there");
        return;
    }
    let output = in_child(test, run);
    assert!(output.status.success(), "{output:?}");
}

/// Behaviour: forgotten-list.
#[test]
fn the_next_list_that_is_initialised_stops_by_the_name_of_one_whose_memory_is_gone() {
    let test = "the_next_list_that_is_initialised_stops_by_the_name_of_one_whose_memory_is_gone";
    assert_passes_in_child(test, || {
        let forgotten = forget_a_list();
        assert_eq!(stop(|| List::of(64)), forgotten);
        let list = List::of(64);
        list.free(list.allocate());
        ntoskrnl_emu::tick();
        list.delete();
        assert_eq!(usage(TAG, false).live(), 1, "what it kept is a leak");
    });
}

/// Behaviour: forgotten-list.
#[test]
fn a_tick_stops_by_the_name_of_a_list_whose_memory_is_gone_and_the_next_one_goes_on() {
    let test = "a_tick_stops_by_the_name_of_a_list_whose_memory_is_gone_and_the_next_one_goes_on";
    assert_passes_in_child(test, || {
        let before = List::of(64);
        let forgotten = forget_a_list();
        assert_eq!(stop(ntoskrnl_emu::tick), forgotten);
        ntoskrnl_emu::tick();
        before.delete();
    });
}

/// Behaviour: forgotten-list.
#[test]
fn a_list_is_deleted_beside_one_whose_memory_is_gone() {
    let test = "a_list_is_deleted_beside_one_whose_memory_is_gone";
    assert_passes_in_child(test, || {
        let before = List::of(64);
        let forgotten = forget_a_list();
        before.delete();
        assert_eq!(stop(|| List::of(64)), forgotten);
    });
}
