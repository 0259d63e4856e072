//! Guard fills: what a driver that is verified writes around its blocks, to freed ones and to entries
//! that its lists keep is found.

mod common;

use std::ffi::c_void;

use common::{List, Options, stop, tag, write};
use ntoskrnl_emu::*;
use wdm::{PAGE_SIZE, PoolType};

const TAG: u32 = tag(b"Guar");

fn allocate(bytes: usize) -> *mut c_void {
    // SAFETY: each test frees what it gets, once.
    unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, TAG) }
}

fn free(block: *mut c_void) {
    // SAFETY: a block that is not used any more, or refused.
    unsafe { ExFreePoolWithTag(block, TAG) };
}

fn verified(options: Verifier, run: impl FnOnce()) {
    let driver = Driver::load("guarded.sys").verifier(options);
    let guard = driver.enter();
    run();
    drop(guard);
    assert_eq!(driver.unload(), Ok(()));
}

/// Behaviour: guard-fills.
#[test]
fn a_write_beyond_or_before_a_block_is_found_when_it_is_freed_and_once() {
    for bytes in [
        1,
        24,
        100,
        112,
        3800,
        3900,
        4090,
        PAGE_SIZE,
        5000,
        3 * PAGE_SIZE,
    ] {
        for beyond in [1, 8, 64] {
            verified(Verifier::POOL_TRACKING, || {
                let block = allocate(bytes);
                let at = block.addr() as u64;
                let size = bytes as u64;
                write(block, (bytes + beyond - 1) as isize, 0x5A);
                let last = at + size + beyond as u64 - 1;
                assert_eq!(
                    stop(|| free(block)),
                    (0xC4, [0x51, at, last, size]),
                    "{bytes} {beyond}"
                );
                write(block, -(beyond as isize), 0x5A);
                assert_eq!(
                    stop(|| free(block)),
                    (0x19, [0x20, at - beyond as u64, at, 0])
                );
                free(block);
            });
        }
    }
    verified(Verifier::MISCELLANEOUS, || {
        let block = allocate(100);
        write(block, 100, 0x5A);
        assert_eq!(
            stop(|| free(block)),
            (0x19, [0x21, block.addr() as u64, 100, 0x5A])
        );
        free(block);
    });
}

#[test]
fn a_write_to_a_freed_block_is_found_when_its_memory_is_allocated_again_with_the_stack_of_the_free()
{
    verified(Verifier::POOL_TRACKING, || {
        Driver::current().set_stacks(Some(StackDepth::USUAL));
        let block = allocate(100);
        free(block);
        write(block, 99, 0x5A);
        let found = catch_bug_check(|| allocate(100)).unwrap_err();
        assert_eq!(
            (found.code, found.parameters),
            (0xC6, [block.addr() as u64 + 99, 1, 0, 0])
        );
        let about = found.report().block.unwrap();
        assert_eq!(
            (about.address, about.offset, about.state),
            (block.addr() as u64, 99, "freed")
        );
        assert!(cfg!(miri) || !about.freed.is_empty());
        let again = allocate(100);
        assert_eq!(again, block, "it is found once");
        free(again);
    });
}

#[test]
fn an_entry_that_a_list_keeps_is_filled_beyond_its_link_and_looked_at_when_it_is_allocated_again() {
    verified(Verifier::POOL_TRACKING, || {
        let list = List::new(Options {
            size: 64,
            tag: TAG,
            ..Options::default()
        });
        let entry = list.allocate();
        let at = entry.address();
        write(entry.0, 64, 0x5A);
        assert_eq!(stop(|| list.free(entry)), (0xC4, [0x51, at, at + 64, 64]));
        list.free(entry);
        write(entry.0, 40, 0x5A);
        assert_eq!(stop(|| list.allocate()), (0xC6, [at + 40, 1, 0, 0]));
        let counters = list.counters();
        assert_eq!(
            (counters.allocates, counters.frees),
            (1, 1),
            "nothing has changed"
        );
        assert_eq!(list.allocate(), entry);
        list.free(entry);
        write(entry.0, 8, 0x5A);
        assert_eq!(stop(|| list.flush()), (0xC6, [at + 8, 1, 0, 0]));
        list.delete();
    });
}

#[test]
fn drivers_that_are_not_verified_have_no_guard_fills() {
    let block = allocate(100);
    write(block, 104, 0x5A);
    free(block);
    write(block, 50, 0x5A);
    free(allocate(100));
}
