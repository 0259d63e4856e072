//! `EMU_QUARANTINE=BYTES`: freed blocks rest, and a write to one is found.

use std::ffi::c_void;

use ntoskrnl_emu::*;
use wdm::PoolType;

const TAG: u32 = u32::from_le_bytes(*b"Rest");

fn allocate(bytes: usize) -> *mut c_void {
    // SAFETY: the test frees what it gets, once.
    unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, TAG) }
}

fn free(block: *mut c_void) -> Result<(), BugCheck> {
    // SAFETY: a block that is not used any more.
    catch_bug_check(|| unsafe { ExFreePoolWithTag(block, TAG) })
}

/// Behaviour: freed-written.
#[test]
fn a_freed_block_rests_until_so_many_bytes_were_freed_after_it_and_a_write_to_it_is_found() {
    // SAFETY: no other thread of this process reads the environment: it has one test.
    unsafe { std::env::set_var("EMU_QUARANTINE", "1000") };
    host::configure(1).expect("not mapped yet");
    let first = allocate(100);
    assert_eq!(free(first), Ok(()));
    for _ in 0..9 {
        let other = allocate(100);
        assert_ne!(other, first, "it rests");
        assert_eq!(free(other), Ok(()));
    }
    assert_eq!(free(allocate(100)), Ok(()));
    assert_eq!(allocate(100), first, "it has left");
    assert_eq!(free(first), Ok(()));

    let written = first.wrapping_byte_add(99);
    // SAFETY: a stray write, into memory that stays mapped and that no block has.
    unsafe { written.cast::<u8>().write(1) };
    let found = BugCheck {
        code: 0xC6,
        parameters: [written.addr() as u64, 1, 0, 0],
    };
    let last = allocate(1000);
    assert_eq!(free(last), Err(found));
    assert_eq!(
        free(last).map_err(|stop| stop.parameters[0]),
        Err(0x07),
        "it was freed"
    );
    assert_eq!(free(allocate(100)), Ok(()), "it is reported once");

    // So it is where guard fills look at it too.
    let driver = Driver::load("rests.sys").verifier(Verifier::POOL_TRACKING);
    let entered = driver.enter();
    for bytes in [100, 900] {
        let block = allocate(bytes);
        assert_eq!(free(block), Ok(()));
        // SAFETY: as above.
        unsafe { block.cast::<u8>().wrapping_add(9).write(1) };
        let stop = driver.check().expect_err("it was written to");
        assert_eq!(
            (stop.code, stop.parameters[0]),
            (0xC6, block.addr() as u64 + 9)
        );
        assert_eq!(allocate(bytes), block);
        assert_eq!(free(block), Ok(()));
    }
    drop(entered);
    // What rests then comes back too.
    assert_eq!(driver.unload(), Ok(()));

    // What rests serves before the pool is exhausted.
    let count = |pages: usize| (0..pages).map(|_| allocate(4096)).collect::<Vec<_>>();
    let all = count(300);
    let had = all.iter().filter(|block| !block.is_null()).count();
    assert_eq!(had, 255, "all pages but the first");
}
