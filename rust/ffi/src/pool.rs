//! The pool: where it is, and blocks from it.

use ntoskrnl_emu::host::{self, block_at, stops};
use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, ExFreePool, ExFreePoolWithTag};
use wdm::{
    NtStatus, POOL_ZERO_ALLOCATION, PoolType, STATUS_DELETE_PENDING, STATUS_INVALID_PARAMETER,
};

use crate::slot::{answer, status};

exports! {
    /// Where the pool is and how large: its address, a multiple of 4 GiB, plus its size in bytes.
    fn lookaside_pool() -> u64 {
        let Some(region) = host::mapped() else { return 0 };
        region.pool().expose_provenance() as u64 | region.pool_bytes() as u64
    }

    /// Allocates a block of pool, 0 for none.
    fn lookaside_pool_allocate(bytes: u32, pool_type: i32, tag: u32, zero: u32, driver: u32) -> u32 {
        answer(|| {
            let driver = Driver::by_index(driver).ok_or(STATUS_DELETE_PENDING)?;
            let _current = driver.enter();
            let zeroed = if zero == 0 { 0 } else { POOL_ZERO_ALLOCATION };
            // SAFETY: JavaScript owns the block by its offset, and the pool is never unmapped.
            let block = unsafe {
                ExAllocatePoolWithTag(PoolType(pool_type | zeroed), bytes as usize, tag)
            };
            Ok(block.addr() as u32)
        })
    }

    /// Frees a block of pool, checking its tag where one is given.
    fn lookaside_pool_free(block: u32, tag: u32, with_tag: u32) -> u32 {
        status(|| free(block, (with_tag != 0).then_some(tag)))
    }

    /// The size of a live block as asked for; a bug check for what is none.
    fn lookaside_pool_size(block: u32) -> u32 { answer(|| size(block)) }
}

fn free(block: u32, tag: Option<u32>) -> Result<(), NtStatus> {
    let region = host::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    let address = region.at(block).cast();
    match tag {
        // SAFETY: the emulation checks the block: what is none is refused by a bug check.
        Some(tag) => unsafe { ExFreePoolWithTag(address, tag) },
        // SAFETY: as above.
        None => unsafe { ExFreePool(address) },
    }
    Ok(())
}

fn size(block: u32) -> Result<u32, NtStatus> {
    let region = host::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    match block_at(region, block).filter(|block| !block.is_kept) {
        Some(block) => Ok(block.bytes),
        None => stops::invalid_address(region.at(block).addr() as u64).raise(),
    }
}
