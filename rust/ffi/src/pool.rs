//! The pool: its two mappings, and blocks from it.

use ntoskrnl_emu::host::{self, Region, block_at, stops};
use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, ExFreePool, ExFreePoolWithTag};
use wdm::{
    NtStatus, POOL_ZERO_ALLOCATION, PoolType, STATUS_DELETE_PENDING, STATUS_INVALID_PARAMETER,
};

use crate::slot::{answer, status};

exports! {
    /// The address of the pool.
    fn lookaside_pool_address() -> u64 { mapping(|region| region.pool().expose_provenance() as u64) }

    /// The size of the pool.
    fn lookaside_pool_bytes() -> f64 { mapping(Region::pool_bytes) as f64 }

    /// The address of the metadata.
    fn lookaside_metadata_address() -> u64 {
        mapping(|region| region.metadata().expose_provenance() as u64)
    }

    /// The size of the metadata.
    fn lookaside_metadata_bytes() -> f64 { mapping(Region::metadata_bytes) as f64 }

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

fn mapping<T: Default>(of: impl FnOnce(&'static Region) -> T) -> T {
    host::mapped().map(of).unwrap_or_default()
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
