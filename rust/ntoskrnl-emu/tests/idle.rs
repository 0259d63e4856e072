//! Pages that hold nothing go back to the system, and what is known of their blocks stays.

use std::ffi::c_void;

use ntoskrnl_emu::*;
use wdm::PoolType;

const TAG: u32 = u32::from_le_bytes(*b"Idle");
const BYTES: usize = 64;
const COUNT: usize = 100_000;
const MARK: u8 = 0xA7;

const MEBIBYTES: usize = 16;

fn allocate() -> *mut c_void {
    // SAFETY: the test frees what it gets.
    unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, BYTES, TAG) }
}

fn free(block: *mut c_void) -> Result<(), BugCheck> {
    // SAFETY: a block that is not used any more; a second free is refused.
    catch_bug_check(|| unsafe { ExFreePool(block) })
}

/// The last byte of a block, of which the emulation itself writes the first ones only.
fn last(block: *mut c_void) -> *mut u8 {
    block.wrapping_byte_add(BYTES - 1).cast()
}

/// Allocates blocks and marks each.
fn marked() -> Vec<*mut c_void> {
    let blocks: Vec<_> = (0..COUNT).map(|_| allocate()).collect();
    for &block in &blocks {
        assert!(!block.is_null());
        // SAFETY: a block of this test's own.
        unsafe { last(block).write(MARK) };
    }
    blocks
}

#[test]
fn freed_pages_go_back_to_the_system_and_a_second_free_is_told_all_the_same() {
    assert!(host::configure(MEBIBYTES as u32).is_ok());
    for _ in 0..2 {
        let blocks = marked();
        for &block in &blocks {
            assert_eq!(free(block), Ok(()));
        }
        for &block in blocks.iter().step_by(97) {
            let stop = free(block).expect_err("it was freed");
            let tag = u64::from(TAG);
            assert_eq!((stop.code, stop.parameters[0]), (0xC2, 0x07));
            assert!(stop.parameters.contains(&tag), "{stop:?}");
        }
        let holds = |&block: &*mut c_void| {
            // SAFETY: the pool stays mapped. No block is there any more.
            unsafe { last(block).read_volatile() == MARK }
        };
        let kept = blocks.iter().filter(|&block| holds(block)).count();
        if cfg!(all(target_os = "linux", not(miri))) {
            assert!(kept * 10 < COUNT * 3, "{kept} of {COUNT} stay in memory");
        }
    }
    // None of the pages is lost: the pool serves as many blocks as it has room for.
    let pages = MEBIBYTES * 256 - 1;
    let all = pages * (4096 / BYTES);
    let blocks: Vec<_> = (0..=all).map(|_| allocate()).collect();
    assert!(!blocks[all - 1].is_null(), "all pages but the first");
    assert!(blocks[all].is_null());
    for block in blocks.into_iter().take(all) {
        assert_eq!(free(block), Ok(()));
    }
}
