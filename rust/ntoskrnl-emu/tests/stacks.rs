//! Stacks of allocations, frees and stops, and what a report makes of them.

mod common;

use std::ffi::c_void;

use ntoskrnl_emu::{
    Driver, ExAllocateFromLookasideListEx, ExAllocatePoolWithTag, ExFreePoolWithTag,
    ExFreeToLookasideListEx, StackDepth, catch_bug_check,
};
use wdm::PoolType;

const TAG: u32 = u32::from_le_bytes(*b"Stck");

#[inline(never)]
fn allocate_here() -> *mut c_void {
    // SAFETY: size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(PoolType::PAGED_POOL, 100, TAG) }
}

#[inline(never)]
fn free_here(block: *mut c_void) {
    // SAFETY: freed once, or refused.
    unsafe { ExFreePoolWithTag(block, TAG) };
}

fn first_is(frames: &[String], function: &str) -> bool {
    frames.first().is_some_and(|frame| frame.contains(function))
}

/// Behaviour: report-stacks.
#[test]
#[cfg_attr(miri, ignore = "Miri walks no stacks")]
fn a_stop_names_its_call_site_the_block_and_where_that_was_allocated_and_freed() {
    let driver = Driver::load("stacks.sys");
    driver.set_stacks(Some(StackDepth::USUAL));
    let guard = driver.enter();
    let block = allocate_here();
    free_here(block);
    let stop = catch_bug_check(|| free_here(block)).unwrap_err();
    let report = stop.report();
    assert!(
        report
            .call_site
            .as_ref()
            .is_some_and(|site| site.contains("free_here")),
        "{report}"
    );
    let found = report.block.as_ref().unwrap();
    assert_eq!((found.bytes, found.tag, found.state), (100, TAG, "freed"));
    assert!(first_is(&found.allocated, "allocate_here"), "{report}");
    assert!(first_is(&found.freed, "free_here"), "{report}");
    assert!(first_is(&report.stack, "free_here"), "{report}");
    let text = report.to_string();
    for part in [
        "call site: ",
        "allocated at:",
        "freed at:",
        "last calls:",
        "alloc pool Stck 100 bytes",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = report.to_json();
    for part in [
        "\"callSite\":\"0x",
        "\"block\":{\"address\":\"0x",
        "\"events\":[\"",
    ] {
        assert!(json.contains(part), "{part}: {json}");
    }
    drop(guard);
    assert!(driver.unload().is_ok());
}

#[test]
fn without_stacks_a_report_has_a_call_site_and_none_of_the_rest() {
    let driver = Driver::load("plain.sys");
    driver.set_stacks(Some(StackDepth { frames: 0, skip: 0 }));
    let _guard = driver.enter();
    let block = allocate_here();
    free_here(block);
    let report = catch_bug_check(|| free_here(block)).unwrap_err().report();
    assert!(report.stack.is_empty());
    let found = report.block.unwrap();
    assert!(found.allocated.is_empty() && found.freed.is_empty());
    #[cfg(not(miri))]
    assert!(report.call_site.unwrap().contains("free_here"));
}

#[test]
#[cfg_attr(miri, ignore = "Miri walks no stacks")]
fn an_entry_that_a_list_keeps_has_the_stack_of_its_free_and_frames_of_wrappers_are_left_out() {
    let driver = Driver::load("skips.sys");
    driver.set_stacks(Some(StackDepth { frames: 2, skip: 1 }));
    let guard = driver.enter();
    #[inline(never)]
    fn wrapper(list: &common::List) -> *mut c_void {
        // SAFETY: initialised.
        let entry = unsafe { ExAllocateFromLookasideListEx(list.as_ptr()) };
        std::hint::black_box(entry)
    }
    #[inline(never)]
    fn behind(list: &common::List) -> *mut c_void {
        std::hint::black_box(wrapper(list))
    }
    let list = common::List::new(common::Options {
        size: 64,
        ..common::Options::default()
    });
    let entry = behind(&list);
    let leaks = driver.leaks();
    let leak = leaks
        .iter()
        .find(|leak| leak.address == entry.addr() as u64)
        .unwrap();
    let frames = leak.allocated_at();
    assert_eq!(frames.len(), 2);
    assert!(first_is(&frames, "behind"), "{frames:?}");
    // SAFETY: allocated from the list.
    unsafe { ExFreeToLookasideListEx(list.as_ptr(), entry) };
    // SAFETY: refused.
    let stop = catch_bug_check(|| unsafe { ExFreeToLookasideListEx(list.as_ptr(), entry) });
    let found = stop.unwrap_err().report().block.unwrap();
    assert_eq!(found.state, "kept by its list");
    assert_eq!(found.freed.len(), 2);
    list.delete();
    drop(guard);
    assert!(driver.unload().is_ok());
}

/// Behaviour: fail-by-stack.
#[test]
#[cfg_attr(miri, ignore = "Miri walks no stacks")]
fn each_call_stack_fails_once_however_often_it_allocates() {
    let once = || {
        let block = allocate_here();
        if !block.is_null() {
            free_here(block);
        }
    };
    let report = Driver::root().faults().by_call_stack(|_| {
        for _ in 0..10 {
            once();
        }
        once();
    });
    let report = report.unwrap();
    assert_eq!((report.runs, report.failures.len()), (3, 0));
}
