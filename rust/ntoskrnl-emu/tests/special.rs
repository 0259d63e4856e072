//! Special pool: blocks on pages of their own, and what a free and a fault of one come to.

#![cfg(all(unix, not(miri)))]

mod common;

use std::ffi::c_void;

use common::{List, Options, in_child_with, stop, tag, write};
use ntoskrnl_emu::*;
use wdm::{PAGE_SIZE, PoolType};

const TAG: u32 = tag(b"Spec");

fn allocate(bytes: usize) -> *mut c_void {
    // SAFETY: each test frees what it gets, once.
    unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, TAG) }
}

fn free(block: *mut c_void) {
    // SAFETY: a block that is not used any more, or refused.
    unsafe { ExFreePoolWithTag(block, TAG) };
}

fn is_at_an_end(block: *mut c_void, bytes: usize) -> bool {
    (block.addr() + bytes.next_multiple_of(16)).is_multiple_of(PAGE_SIZE)
}

/// Behaviour: special-pool.
#[test]
fn a_verified_drivers_blocks_end_pages_and_what_surrounds_them_is_looked_at_when_they_are_freed() {
    let driver = Driver::load("special.sys").verifier(Verifier::SPECIAL_POOL);
    let guard = driver.enter();
    let (before, _) = host::special_pool_counts();
    for bytes in [1, 16, 17, 100, 4095] {
        let block = allocate(bytes);
        assert!(is_at_an_end(block, bytes), "{bytes}");
        free(block);
    }
    let (after, exhausted) = host::special_pool_counts();
    assert_eq!((after - before, exhausted), (5, 0));
    let page = allocate(PAGE_SIZE);
    assert!(
        host::mapped().unwrap().offset_of(page.addr()).is_some(),
        "a page is no less than one"
    );
    free(page);

    let block = allocate(100);
    let at = block.addr() as u64;
    write(block, 100, 0);
    assert_eq!(stop(|| free(block)), (0xC1, [at, at + 100, 0, 0x24]));
    write(block, 100, 0xF7);
    write(block, -1, 0);
    assert_eq!(stop(|| free(block)), (0xC1, [at, at - 1, 0, 0x23]));
    write(block, -1, 0xF7);
    assert_eq!(
        stop(|| free(block.wrapping_byte_add(16))),
        (0xC1, [at + 16, 100, 96, 0x22])
    );
    free(block);
    assert_eq!(stop(|| free(block)), (0xC1, [at, 0, 0, 0x20]));
    drop(guard);
    assert!(driver.unload().is_ok());
}

#[test]
fn a_list_of_a_verified_driver_keeps_nothing_also_one_that_was_made_before() {
    let driver = Driver::load("lists.sys");
    let guard = driver.enter();
    let options = Options {
        size: 100,
        tag: TAG,
        ..Options::default()
    };
    let list = List::new(options);
    let kept = list.allocate();
    list.free(kept);
    let driver = driver.verifier(Verifier::SPECIAL_POOL);
    let again = list.allocate();
    assert_eq!(again, kept, "what it kept is allocated first");
    list.free(again);
    let entry = list.allocate();
    assert!(is_at_an_end(entry.0, 100));
    list.free(entry);
    assert_ne!(list.allocate(), entry);
    assert_eq!(driver.leaks().len(), 2, "the list and its entry");
    drop(list);
    drop(guard);
    assert!(driver.unload().is_err());
}

#[test]
fn a_fault_of_rust_prints_its_stop_and_report_and_ends_the_process_even_where_a_catcher_is_armed() {
    let run = |write_at: fn(*mut c_void)| {
        move || {
            let _ = catch_bug_check(|| write_at(allocate(100)));
        }
    };
    let variables = [("EMU_SPECIAL_POOL", "1")];
    let name = "a_fault_of_rust_prints_its_stop_and_report_and_ends_the_process_even_where_a_catcher_is_armed";
    let output = in_child_with(name, &variables, run(|block| write(block, 112, 1)));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("*** STOP 0x000000d6 ("), "{said}");
    assert!(
        said.contains("an access beyond a block of special pool"),
        "{said}"
    );
    assert!(said.contains("block: 100 bytes at 0x"), "{said}");
    assert!(said.contains("allocated at:"), "{said}");
}
