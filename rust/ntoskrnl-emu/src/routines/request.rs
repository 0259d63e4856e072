//! Requests (`IRP`) and memory descriptor lists (`MDL`), as far as they are allocated: a request goes
//! nowhere, and memory is where it is.

use std::ffi::c_void;

use wdm::{
    IO_STACK_LOCATION_BYTES, Irp, Mdl, NtStatus, PAGE_SIZE, PoolType, STATUS_INVALID_PARAMETER,
};

use super::pool::{ExAllocatePoolWithTag, ExFreePoolWithTag};
use crate::irql;
use crate::memory::region;
use crate::pool;
use crate::scope;
use crate::stops;

/// Which object a request is (`IO_TYPE_IRP`).
const IO_TYPE_IRP: i16 = 6;
/// The tags of both.
const IRP_TAG: u32 = u32::from_le_bytes(*b"Irp ");
const MDL_TAG: u32 = u32::from_le_bytes(*b"Mdl ");

/// The system sees the memory (`MDL_MAPPED_TO_SYSTEM_VA`).
const MAPPED: i16 = 0x0001;
/// The memory stays (`MDL_PAGES_LOCKED`).
const LOCKED: i16 = 0x0002;
/// It is nonpaged pool (`MDL_SOURCE_IS_NONPAGED_POOL`).
const NONPAGED: i16 = 0x0004;
/// It is a part of another's (`MDL_PARTIAL`).
const PARTIAL: i16 = 0x0010;

/// Bytes of a request with so many stack locations.
fn bytes_of(stack_size: i8) -> usize {
    size_of::<Irp>() + usize::from(stack_size.cast_unsigned()) * IO_STACK_LOCATION_BYTES
}

/// `IoInitializeIrp`: makes memory a request, of `bytes` and with so many stack locations.
///
/// # Safety
///
/// So many bytes can be written.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-ioinitializeirp`).
pub unsafe extern "system-unwind" fn IoInitializeIrp(irp: *mut Irp, bytes: u16, stack_size: i8) {
    irql::INITIALIZE_IRP.check();
    // SAFETY: by the caller's word.
    unsafe { irp.cast::<u8>().write_bytes(0, usize::from(bytes)) };
    let behind = irp.wrapping_add(1).cast::<c_void>();
    // SAFETY: by the caller's word; all of its fields may be zero.
    let fields = unsafe { &mut *irp };
    fields.kind = IO_TYPE_IRP;
    fields.size = bytes;
    fields.stack_count = stack_size;
    fields.current_location = stack_size.wrapping_add(1);
    let link = &raw mut fields.thread_list_entry;
    fields.thread_list_entry.flink = link;
    fields.thread_list_entry.blink = link;
    let locations = usize::from(stack_size.cast_unsigned()) * IO_STACK_LOCATION_BYTES;
    fields.current_stack_location = behind.wrapping_byte_add(locations);
}

/// `IoAllocateIrp`: a request with so many stack locations, from nonpaged pool; null where there is none.
///
/// # Safety
///
/// It is freed by `IoFreeIrp`.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-ioallocateirp`).
pub unsafe extern "system-unwind" fn IoAllocateIrp(stack_size: i8, _quota: u8) -> *mut Irp {
    irql::ALLOCATE_IRP.check();
    let bytes = bytes_of(stack_size);
    // SAFETY: freed by `IoFreeIrp`.
    let block = unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, IRP_TAG) };
    let irp = block.cast::<Irp>();
    if !irp.is_null() {
        // SAFETY: allocated above: less than 64 KiB.
        unsafe { IoInitializeIrp(irp, bytes as u16, stack_size) };
    }
    irp
}

/// `IoReuseIrp`: makes a request that is done a new one, with a status.
///
/// # Safety
///
/// A request that `IoAllocateIrp` returned.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-ioreuseirp`).
pub unsafe extern "system-unwind" fn IoReuseIrp(irp: *mut Irp, status: NtStatus) {
    irql::REUSE_IRP.check();
    // SAFETY: by the caller's word.
    let bytes = unsafe { (*irp).size };
    // SAFETY: as above.
    let stack_size = unsafe { (*irp).stack_count };
    // SAFETY: as above.
    unsafe { IoInitializeIrp(irp, bytes, stack_size) };
    // SAFETY: as above.
    unsafe { (*irp).status = status.code().cast_unsigned() as usize };
}

/// `IoFreeIrp`: frees a request.
///
/// # Safety
///
/// A request that `IoAllocateIrp` returned, which nothing uses any more.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-iofreeirp`).
pub unsafe extern "system-unwind" fn IoFreeIrp(irp: *mut Irp) {
    irql::FREE_IRP.check();
    // SAFETY: by the caller's word.
    unsafe { ExFreePoolWithTag(irp.cast(), IRP_TAG) };
}

/// How many pages some memory lies in.
fn pages(address: usize, bytes: usize) -> usize {
    ((address % PAGE_SIZE).saturating_add(bytes)).div_ceil(PAGE_SIZE)
}

/// `MmSizeOfMdl`: bytes of a list for some memory.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-mmsizeofmdl`).
pub unsafe extern "system-unwind" fn MmSizeOfMdl(base: *mut c_void, bytes: usize) -> usize {
    size_of::<Mdl>() + pages(base.addr(), bytes) * size_of::<usize>()
}

/// `IoAllocateMdl`: a list for some memory, from nonpaged pool; null where there is none. With a request
/// it becomes the request's, or, where `secondary` is not zero, the last of the request's.
///
/// # Safety
///
/// The request is null or one; its lists are there.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-ioallocatemdl`).
pub unsafe extern "system-unwind" fn IoAllocateMdl(
    address: *mut c_void,
    length: u32,
    secondary: u8,
    _quota: u8,
    irp: *mut Irp,
) -> *mut Mdl {
    irql::ALLOCATE_MDL.check();
    // SAFETY: no obligations.
    let bytes = unsafe { MmSizeOfMdl(address, length as usize) };
    let Ok(size) = i16::try_from(bytes) else {
        return std::ptr::null_mut();
    };
    // SAFETY: freed by `IoFreeMdl`.
    let block = unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, MDL_TAG) };
    if block.is_null() {
        return std::ptr::null_mut();
    }
    let mdl = block.cast::<Mdl>();
    let offset = address.addr() % PAGE_SIZE;
    let made = Mdl {
        next: std::ptr::null_mut(),
        size,
        flags: 0,
        process: std::ptr::null_mut(),
        mapped_system_va: std::ptr::null_mut(),
        start_va: address.wrapping_byte_sub(offset),
        byte_count: length,
        byte_offset: offset as u32,
    };
    // SAFETY: allocated above.
    unsafe { mdl.write(made) };
    if !irp.is_null() {
        // SAFETY: by the caller's word.
        let mut link = unsafe { &raw mut (*irp).mdl_address };
        // SAFETY: as above.
        while secondary != 0 && !unsafe { link.read() }.is_null() {
            // SAFETY: as above.
            let last = unsafe { link.read() };
            // SAFETY: as above.
            link = unsafe { &raw mut (*last).next };
        }
        // SAFETY: as above.
        unsafe { link.write(mdl) };
    }
    mdl
}

/// `IoFreeMdl`: frees a list.
///
/// # Safety
///
/// A list that `IoAllocateMdl` returned, which nothing uses any more.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-iofreemdl`).
pub unsafe extern "system-unwind" fn IoFreeMdl(mdl: *mut Mdl) {
    irql::FREE_MDL.check();
    // SAFETY: by the caller's word.
    unsafe { ExFreePoolWithTag(mdl.cast(), MDL_TAG) };
}

/// The memory of a list.
fn memory_of(mdl: &Mdl) -> *mut c_void {
    mdl.start_va.wrapping_byte_add(mdl.byte_offset as usize)
}

/// `MmBuildMdlForNonPagedPool`: the memory of a list is nonpaged pool, and the system sees it.
///
/// Memory in paged pool is bug check 0xC4 (0x7F, level, list, its flags), as under Driver Verifier.
///
/// # Safety
///
/// A list.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-mmbuildmdlfornonpagedpool`).
pub unsafe extern "system-unwind" fn MmBuildMdlForNonPagedPool(mdl: *mut Mdl) {
    irql::BUILD_MDL.check();
    // SAFETY: by the caller's word.
    let fields = unsafe { &mut *mdl };
    let memory = memory_of(fields);
    let is_paged =
        region::mapped().is_some_and(|region| pool::is_in_paged_pool(region, memory.addr()));
    if is_paged {
        let flags = u64::from(fields.flags.cast_unsigned());
        let stop = stops::mdl_of_paged_pool(scope::level(), mdl.addr(), flags);
        irql::BUILD_MDL.raise(stop);
    }
    fields.flags |= NONPAGED;
    fields.mapped_system_va = memory;
}

/// `IoBuildPartialMdl`: a list for a part of another's memory; of all that is left where `length` is zero.
///
/// # Safety
///
/// Two lists, the second large enough for the part.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-iobuildpartialmdl`).
pub unsafe extern "system-unwind" fn IoBuildPartialMdl(
    source: *mut Mdl,
    target: *mut Mdl,
    address: *mut c_void,
    length: u32,
) {
    irql::BUILD_PARTIAL_MDL.check();
    // SAFETY: by the caller's word.
    let whole = unsafe { &*source };
    // SAFETY: as above.
    let part = unsafe { &mut *target };
    let skipped = address.addr().wrapping_sub(memory_of(whole).addr());
    let offset = address.addr() % PAGE_SIZE;
    part.start_va = address.wrapping_byte_sub(offset);
    part.byte_offset = offset as u32;
    part.byte_count = match length {
        0 => whole.byte_count.wrapping_sub(skipped as u32),
        length => length,
    };
    part.process = whole.process;
    part.flags = PARTIAL | (whole.flags & (NONPAGED | MAPPED | LOCKED));
    part.mapped_system_va = if whole.flags & (NONPAGED | MAPPED) == 0 {
        std::ptr::null_mut()
    } else {
        whole.mapped_system_va.wrapping_byte_add(skipped)
    };
}

/// `MmMapLockedPagesSpecifyCache`: where the system sees the memory of a list: where it is.
///
/// # Safety
///
/// A list.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-mmmaplockedpagesspecifycache`).
pub unsafe extern "system-unwind" fn MmMapLockedPagesSpecifyCache(
    mdl: *mut Mdl,
    _mode: i8,
    _cache: i32,
    _base: *mut c_void,
    _stops: u32,
    _priority: u32,
) -> *mut c_void {
    irql::MAP_PAGES.check();
    // SAFETY: by the caller's word.
    let fields = unsafe { &mut *mdl };
    fields.flags |= MAPPED;
    fields.mapped_system_va = memory_of(fields);
    fields.mapped_system_va
}

/// `MmUnmapLockedPages`: the system sees the memory of a list no more.
///
/// # Safety
///
/// A list.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-mmunmaplockedpages`).
pub unsafe extern "system-unwind" fn MmUnmapLockedPages(_base: *mut c_void, mdl: *mut Mdl) {
    irql::UNMAP_PAGES.check();
    // SAFETY: by the caller's word.
    let fields = unsafe { &mut *mdl };
    fields.flags &= !MAPPED;
    fields.mapped_system_va = std::ptr::null_mut();
}

/// `MmAdvanceMdl`: a list begins so many bytes later.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER where it has not so many.
///
/// # Safety
///
/// A list.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-mmadvancemdl`).
pub unsafe extern "system-unwind" fn MmAdvanceMdl(mdl: *mut Mdl, bytes: u32) -> NtStatus {
    irql::ADVANCE_MDL.check();
    // SAFETY: by the caller's word.
    let fields = unsafe { &mut *mdl };
    if bytes > fields.byte_count {
        return STATUS_INVALID_PARAMETER;
    }
    let memory = memory_of(fields).wrapping_byte_add(bytes as usize);
    let offset = memory.addr() % PAGE_SIZE;
    fields.start_va = memory.wrapping_byte_sub(offset);
    fields.byte_offset = offset as u32;
    fields.byte_count -= bytes;
    if fields.flags & (NONPAGED | MAPPED) != 0 {
        fields.mapped_system_va = memory;
    }
    wdm::STATUS_SUCCESS
}
