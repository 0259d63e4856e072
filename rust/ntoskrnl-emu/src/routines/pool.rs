//! The pool routines of the WDK.

use std::ffi::c_void;

use wdm::{
    APC_LEVEL, PAGE_SIZE, POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_NON_PAGED,
    POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED, POOL_FLAG_RAISE_ON_FAILURE,
    POOL_FLAG_REQUIRED_MASK, POOL_FLAG_SPECIAL_POOL, POOL_FLAG_UNINITIALIZED, POOL_FLAG_USE_QUOTA,
    POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_ZERO_ALLOCATION,
    PoolType,
};

use crate::bug_check::{BugCheck, raise_insufficient_resources};
use crate::event_log;
use crate::host::driver;
use crate::irql::{self, Limit};
use crate::list;
use crate::memory::region::{self, Region};
use crate::pool::{self, Request, heap, judge};
use crate::registry;
use crate::scope;
use crate::stops;

/// Frees a pool block, for `ExFreePool` and `ExFreePoolWithTag`.
fn free_pool(address: usize, tag: Option<u32>, limit: &'static Limit) {
    if !free_short(address, tag) {
        free_long(address, tag, limit);
    }
}

/// Frees a plain block the short way; whether that could be.
#[inline]
fn free_short(address: usize, tag: Option<u32>) -> bool {
    #[cfg(not(loom))]
    if super::resource::are_any() {
        return false;
    }
    if scope::level() > APC_LEVEL {
        return false;
    }
    region::current().is_some_and(|region| {
        let place = region.place_of(address);
        place.is_some_and(|place| pool::free_plain(&region, place, tag))
    })
}

#[inline(never)]
fn free_long(address: usize, tag: Option<u32>, limit: &'static Limit) {
    scope::calling(limit.routine);
    check_level_of_free(address);
    if address == 0 {
        refuse_free(stops::invalid_address(0), 0);
    }
    let Some(region) = region::mapped() else {
        refuse_free(stops::not_of_pool(address as u64), address);
    };
    let found = region.offset_of(address);
    #[cfg(not(loom))]
    refuse_resources(region, address);
    if found.is_none() && heap::may_have_blocks() {
        if let Some(stop) = list::free_to_heap(region, address, tag) {
            refuse_free(stop, address);
        }
        return;
    }
    if let Some(stop) = found.and_then(|offset| registry::list_in_block(region, offset)) {
        stop.raise();
    }
    let section = found.and_then(|offset| list::enter_list_of(region, offset));
    log_free(region, found, address);
    // Inside the section and under the pool's lock: another thread may just have freed the block.
    let freed = pool::free(region, address, tag);
    if let Some(section) = section {
        section.leave();
    }
    if let Err(stop) = freed {
        refuse_free(stop, address);
    }
    check_resting(region);
}

/// Raises the bug check for a block that an initialised resource lies in, if one does.
#[cfg(not(loom))]
fn refuse_resources(region: &Region, address: usize) {
    if let Some(bytes) = pool::bytes_at(region, address)
        && let Some(stop) = super::resource::in_block(address, bytes)
    {
        stop.raise();
    }
}

/// Raises the bug check of a free, as the driver whose page it is has it.
#[cold]
fn refuse_free(stop: BugCheck, address: usize) -> ! {
    let found = region::mapped().and_then(|region| pool::driver_around(region, address));
    let driver = found.unwrap_or(driver::current_index());
    stops::for_driver(driver, stop, address as u64).raise()
}

/// Raises the bug check for a free at a level that is too high for the block's pool. What is no block
/// counts as one of nonpaged pool.
#[inline]
fn check_level_of_free(address: usize) {
    if scope::level() <= APC_LEVEL {
        return;
    }
    let found = region::mapped().and_then(|region| pool::driver_and_pool_of(region, address));
    let (driver, is_paged) = found.unwrap_or((driver::current_index(), false));
    if let Some(stop) = irql::refusal_of_free(driver, address as u64, is_paged) {
        stop.raise();
    }
}

/// Raises the bug check for a block that was written to after it was freed, if one was found.
fn check_resting(region: &Region) {
    if let Some(stop) = pool::check_resting(region) {
        stop.raise();
    }
}

/// Records the free of a block, where a recording is on: before another thread can be given it.
fn log_free(region: &Region, found: Option<u32>, address: usize) {
    if !event_log::is_on() {
        return;
    }
    if let Some(block) = found.and_then(|offset| pool::block_at(region, offset))
        && !block.is_kept
    {
        event_log::call(event_log::Op::Free, || event_log::Call {
            kind: "pool",
            tag: block.tag,
            pool_type: u32::from(block.is_paged),
            size: block.bytes as usize,
            address,
            list: 0,
        });
    }
}

/// What the current driver asks for directly.
#[inline]
fn plain_request(pool_type: PoolType, bytes: usize, tag: u32) -> Request<'static> {
    Request {
        bytes,
        pool_type,
        tag,
        driver: driver::current_index(),
        list: None,
    }
}

/// Allocates a plain block for the current driver the short way; null where that cannot be.
#[inline]
fn allocate_short(pool_type: PoolType, bytes: usize, tag: u32, is_zeroed: bool) -> *mut c_void {
    super::name_callers();
    if scope::level() > APC_LEVEL
        || bytes >= PAGE_SIZE
        || !judge::is_pool(pool_type)
        || judge::mistake(pool_type, bytes, tag).is_some()
    {
        return std::ptr::null_mut();
    }
    let request = plain_request(pool_type, bytes, tag);
    region::current().map_or(std::ptr::null_mut(), |region| {
        let made = pool::allocate_plain(&region, &request, is_zeroed);
        made.map_or(std::ptr::null_mut(), |offset| region.at(offset).cast())
    })
}

/// Allocates for a request of the current driver by a routine with a limit, unless it is a mistake.
fn allocate_pool(
    bytes: usize,
    pool_type: PoolType,
    tag: u32,
    is_zeroed: bool,
    limit: &'static Limit,
) -> *mut c_void {
    let block = allocate_short(pool_type, bytes, tag, is_zeroed);
    if !block.is_null() {
        return block;
    }
    refuse_mistakes(pool_type, bytes, tag, limit);
    allocate_direct(bytes, pool_type, tag, is_zeroed)
}

/// Raises the bug check for a request that is a mistake.
fn refuse_mistakes(pool_type: PoolType, bytes: usize, tag: u32, limit: &'static Limit) {
    scope::calling(limit.routine);
    let driver = driver::current_index();
    if let Some(stop) = irql::refusal_of_allocation(limit, driver, pool_type, bytes, tag) {
        stop.raise();
    }
    if let Some(stop) = judge::mistake(pool_type, bytes, tag) {
        stops::for_driver(driver, stop, 0).raise();
    }
    let stop = judge::executable(driver, pool_type, tag);
    if let Some(stop) = stop.or_else(|| judge::while_unloading(driver)) {
        stop.raise();
    }
}

/// Allocates for a direct request of the current driver.
fn allocate_direct(bytes: usize, pool_type: PoolType, tag: u32, is_zeroed: bool) -> *mut c_void {
    if !judge::is_pool(pool_type) {
        return std::ptr::null_mut();
    }
    let Ok(region) = region::map() else {
        return std::ptr::null_mut();
    };
    let request = plain_request(pool_type, bytes, tag);
    check_resting(region);
    let block = pool::allocate_anywhere(region, &request);
    if block.is_null() {
        check_resting(region);
    }
    event_log::call(event_log::Op::Allocate, || event_log::Call {
        kind: "pool",
        tag,
        pool_type: pool_type.0.cast_unsigned(),
        size: bytes,
        address: block.addr(),
        list: 0,
    });
    if is_zeroed && !block.is_null() {
        match region.offset_of(block.addr()) {
            // SAFETY: the block was just allocated with so many bytes, for this request.
            Some(offset) => unsafe { region.fill(offset, 0, bytes) },
            // SAFETY: as above.
            None => unsafe { block.write_bytes(0, bytes) },
        }
    }
    block
}

/// `ExAllocatePoolWithTag`: a block of pool, its contents undefined; null when there is none.
///
/// A block below a page is 16-byte aligned and never crosses a page; a larger one begins on a page.
/// With [`POOL_RAISE_IF_ALLOCATION_FAILURE`] in the type it raises instead of returning null.
///
/// A request of no bytes, of must-succeed pool, or with a tag that is 0, "BIG" or without a letter or
/// digit raises BAD_POOL_CALLER (0xC2). Any other type of no pool gives null.
///
/// # Safety
///
/// The memory is the caller's until it frees it. It must not be used after.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for paged pool
/// (`nf-wdm-exallocatepoolwithtag`).
pub unsafe extern "system-unwind" fn ExAllocatePoolWithTag(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    allocate_with_tag(pool_type, bytes, tag, &irql::ALLOCATE_POOL_WITH_TAG)
}

/// `ExAllocatePoolWithTag`, for a routine with a limit.
fn allocate_with_tag(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    limit: &'static Limit,
) -> *mut c_void {
    let is_zeroed = pool_type.0 & POOL_ZERO_ALLOCATION != 0;
    let block = allocate_pool(bytes, pool_type, tag, is_zeroed, limit);
    if block.is_null() && pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
        raise_insufficient_resources();
    }
    block
}

/// `ExAllocatePoolWithQuotaTag`: a block of pool that is charged to the current process's quota.
///
/// Raises when there is none, unless [`POOL_QUOTA_FAIL_INSTEAD_OF_RAISE`] in the type asks for null.
/// There are no processes here, so no quota is ever exceeded: it fails where the pool does.
///
/// # Safety
///
/// As [`ExAllocatePoolWithTag`].
///
/// # IRQL
///
/// As [`ExAllocatePoolWithTag`] (`nf-wdm-exallocatepoolwithquotatag`).
pub unsafe extern "system-unwind" fn ExAllocatePoolWithQuotaTag(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    let quiet = pool_type.0 & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    let raise = if quiet == 0 {
        POOL_RAISE_IF_ALLOCATION_FAILURE
    } else {
        0
    };
    let pool_type = PoolType(pool_type.0 & !quiet | raise);
    allocate_with_tag(pool_type, bytes, tag, &irql::ALLOCATE_POOL_WITH_QUOTA_TAG)
}

/// The `POOL_FLAGS` that this pool understands.
const KNOWN_FLAGS: u64 = POOL_FLAG_USE_QUOTA
    | POOL_FLAG_UNINITIALIZED
    | POOL_FLAG_CACHE_ALIGNED
    | POOL_FLAG_RAISE_ON_FAILURE
    | POOL_FLAG_NON_PAGED
    | POOL_FLAG_NON_PAGED_EXECUTE
    | POOL_FLAG_PAGED
    | POOL_FLAG_SPECIAL_POOL;

/// `ExAllocatePool2`: a block of pool, cleared unless the flags say otherwise; null when there is
/// none, the tag is zero, or the flags are illegal.
///
/// A tag that is "BIG" or without a letter or digit raises BAD_POOL_CALLER (0xC2), as in
/// [`ExAllocatePoolWithTag`].
///
/// # Safety
///
/// The memory is the caller's until it frees it. It must not be used after.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for paged pool (`nf-wdm-exallocatepool2`).
pub unsafe extern "system-unwind" fn ExAllocatePool2(
    flags: u64,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    let block = pool_type_of(flags)
        .filter(|_| tag != 0 && bytes != 0)
        .map_or(std::ptr::null_mut(), |pool_type| {
            let is_zeroed = flags & POOL_FLAG_UNINITIALIZED == 0;
            allocate_pool(bytes, pool_type, tag, is_zeroed, &irql::ALLOCATE_POOL_2)
        });
    if block.is_null() && flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
        raise_insufficient_resources();
    }
    block
}

/// What a `POOL_EXTENDED_PARAMETER` says: its type in the lowest byte, and above it whether the request may
/// do without it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PoolExtendedParameter {
    /// The type, and bit 8: optional.
    pub kind: u64,
    /// What it says.
    pub value: u64,
}

impl PoolExtendedParameter {
    /// Whether a request with it can be met: a priority and a node are advice. Stops for a secure pool,
    /// which there is none of.
    fn is_met(self, routine: &str) -> bool {
        const PRIORITY: u64 = 1;
        const SECURE_POOL: u64 = 2;
        const NODE: u64 = 3;
        match self.kind & 0xFF {
            PRIORITY | NODE => true,
            SECURE_POOL => super::stop::not_emulated(routine),
            _ => self.kind & 0x100 != 0,
        }
    }
}

/// `ExAllocatePool3`: as [`ExAllocatePool2`], with parameters. A priority and a preferred node change
/// nothing; one of an unknown type, which is not optional, gives null. A secure pool stops, `not emulated`.
///
/// # Safety
///
/// As [`ExAllocatePool2`]; so many parameters can be read.
///
/// # IRQL
///
/// As [`ExAllocatePool2`] (`nf-wdm-exallocatepool3`).
pub unsafe extern "system-unwind" fn ExAllocatePool3(
    flags: u64,
    bytes: usize,
    tag: u32,
    parameters: *const PoolExtendedParameter,
    count: u32,
) -> *mut c_void {
    let given: &[PoolExtendedParameter] = match parameters.is_null() {
        true => &[],
        // SAFETY: by the caller's word.
        false => unsafe { std::slice::from_raw_parts(parameters, count as usize) },
    };
    let is_met = given.len() == count as usize
        && given
            .iter()
            .all(|parameter| parameter.is_met("ExAllocatePool3"));
    if !is_met {
        if flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
            raise_insufficient_resources();
        }
        return std::ptr::null_mut();
    }
    // SAFETY: by the caller's word.
    unsafe { ExAllocatePool2(flags, bytes, tag) }
}

/// `ExAllocatePoolWithTagPriority`: as [`ExAllocatePoolWithTag`]. The priority changes nothing: to test what
/// a driver does without memory, an allocation is made to fail.
///
/// # Safety
///
/// As [`ExAllocatePoolWithTag`].
///
/// # IRQL
///
/// As [`ExAllocatePoolWithTag`] (`nf-wdm-exallocatepoolwithtagpriority`).
pub unsafe extern "system-unwind" fn ExAllocatePoolWithTagPriority(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _priority: i32,
) -> *mut c_void {
    // SAFETY: by the caller's word.
    unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
}

/// `ExFreePool2`: as [`ExFreePoolWithTag`]. Parameters are those of a secure pool, and stop, `not emulated`.
///
/// # Safety
///
/// As [`ExFreePool`].
///
/// # IRQL
///
/// As [`ExFreePool`] (`nf-wdm-exfreepool2`).
pub unsafe extern "system-unwind" fn ExFreePool2(
    block: *mut c_void,
    tag: u32,
    _parameters: *const PoolExtendedParameter,
    count: u32,
) {
    if count != 0 {
        super::stop::not_emulated("ExFreePool2");
    }
    free_pool(block.addr(), (tag != 0).then_some(tag), &irql::FREE_POOL_2);
}

/// The pool type that `POOL_FLAGS` name: exactly one kind of pool, no unknown required flag.
fn pool_type_of(flags: u64) -> Option<PoolType> {
    if flags & POOL_FLAG_REQUIRED_MASK & !KNOWN_FLAGS != 0 {
        return None;
    }
    let is_aligned = flags & POOL_FLAG_CACHE_ALIGNED != 0;
    let kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    Some(match (flags & kinds, is_aligned) {
        (POOL_FLAG_NON_PAGED, false) => PoolType::NON_PAGED_POOL_NX,
        (POOL_FLAG_NON_PAGED, true) => PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
        (POOL_FLAG_NON_PAGED_EXECUTE, false) => PoolType::NON_PAGED_POOL,
        (POOL_FLAG_NON_PAGED_EXECUTE, true) => PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
        (POOL_FLAG_PAGED, false) => PoolType::PAGED_POOL,
        (POOL_FLAG_PAGED, true) => PoolType::PAGED_POOL_CACHE_ALIGNED,
        _ => return None,
    })
}

/// `ExFreePool`: gives a block back.
///
/// # Safety
///
/// The block came from this pool, is not used any more, and was not freed before. Where the last is
/// broken, or the address is no block's, the emulation raises BAD_POOL_CALLER (0xC2) and changes
/// nothing.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for a block of paged pool (`nf-ntddk-exfreepool`).
pub unsafe extern "system-unwind" fn ExFreePool(block: *mut c_void) {
    free_pool(block.addr(), None, &irql::FREE_POOL);
}

/// `ExFreePoolWithTag`: gives a block back that was allocated with this tag; a zero tag is not
/// compared.
///
/// # Safety
///
/// As [`ExFreePool`].
///
/// # IRQL
///
/// As [`ExFreePool`] (`nf-wdm-exfreepoolwithtag`).
pub unsafe extern "system-unwind" fn ExFreePoolWithTag(block: *mut c_void, tag: u32) {
    free_pool(
        block.addr(),
        (tag != 0).then_some(tag),
        &irql::FREE_POOL_WITH_TAG,
    );
}
