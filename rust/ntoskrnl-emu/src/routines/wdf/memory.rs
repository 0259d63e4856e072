//! `wdfmemory.h`: memory objects.

use std::ffi::c_void;

use wdm::{
    NtStatus, PoolType, STATUS_BUFFER_TOO_SMALL, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
};

use super::{
    Body, Buffer, Kind, Origin, TABLE, WdfObject, WdfObjectAttributes, body_of, create_by,
    default_tag, hand_out, null_argument,
};
use crate::routines::pool::ExAllocatePoolWithTag;
use crate::scope;

fn buffer_of(routine: &'static str, memory: WdfObject) -> Buffer {
    match body_of(routine, memory, Kind::Memory) {
        Body::Memory(buffer) => buffer,
        _ => super::not_an_object(routine, memory.addr()),
    }
}

/// `WdfMemoryCreate`: makes a memory object with a buffer of pool.
///
/// Tag 0 stands for the driver's: that of `WDF_DRIVER_CONFIG`, else the first four characters of its
/// name, behind a "WDF" there, else 'FxDr'.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for no bytes; STATUS_INSUFFICIENT_RESOURCES; those of
/// `framework-object-creation-errors`. What stops `ExAllocatePoolWithTag` stops here.
///
/// # Safety
///
/// As `WdfObjectCreate`'s; `buffer` is null or can be written.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below, for paged pool APC_LEVEL (`nf-wdfmemory-wdfmemorycreate`).
pub unsafe extern "system-unwind" fn WdfMemoryCreate(
    attributes: *const WdfObjectAttributes,
    pool_type: PoolType,
    tag: u32,
    bytes: usize,
    memory: *mut WdfObject,
    buffer: *mut *mut c_void,
) -> NtStatus {
    const NAME: &str = "WdfMemoryCreate";
    if memory.is_null() {
        null_argument(NAME);
    }
    if bytes == 0 {
        return STATUS_INVALID_PARAMETER;
    }
    let tag = if tag == 0 {
        default_tag(scope::driver())
    } else {
        tag
    };
    let buffer_of_pool = || {
        // SAFETY: no obligations but to free the block.
        let block = unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) };
        if block.is_null() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        Ok(Body::Memory(Buffer {
            address: block.expose_provenance(),
            bytes,
            origin: Origin::Pool,
        }))
    };
    // SAFETY: by the caller's word.
    let created = unsafe { create_by(NAME, Kind::Memory, attributes, buffer_of_pool) };
    if let (Ok(object), false) = (created, buffer.is_null()) {
        let address = buffer_of(NAME, object).address;
        // SAFETY: it can be written, by the caller's word.
        unsafe { buffer.write(std::ptr::with_exposed_provenance_mut(address)) };
    }
    // SAFETY: by the caller's word.
    unsafe { hand_out(created, memory) }
}

/// `WdfMemoryCreatePreallocated`: makes a memory object for a buffer of the driver's.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for no bytes; those of `framework-object-creation-errors`.
///
/// # Safety
///
/// As `WdfObjectCreate`'s; the buffer outlives the object.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfmemory-wdfmemorycreatepreallocated`).
pub unsafe extern "system-unwind" fn WdfMemoryCreatePreallocated(
    attributes: *const WdfObjectAttributes,
    buffer: *mut c_void,
    bytes: usize,
    memory: *mut WdfObject,
) -> NtStatus {
    const NAME: &str = "WdfMemoryCreatePreallocated";
    if memory.is_null() || buffer.is_null() {
        null_argument(NAME);
    }
    if bytes == 0 {
        return STATUS_INVALID_PARAMETER;
    }
    let body = Buffer {
        address: buffer.expose_provenance(),
        bytes,
        origin: Origin::Driver,
    };
    // SAFETY: by the caller's word.
    let created = unsafe { create_by(NAME, Kind::Memory, attributes, || Ok(Body::Memory(body))) };
    // SAFETY: by the caller's word.
    unsafe { hand_out(created, memory) }
}

/// `WdfMemoryAssignBuffer`: gives a memory object of `WdfMemoryCreatePreallocated` another buffer.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for no bytes, and for an object whose buffer is the framework's.
///
/// # Safety
///
/// The buffer outlives the object, or is replaced first.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfmemory-wdfmemoryassignbuffer`).
pub unsafe extern "system-unwind" fn WdfMemoryAssignBuffer(
    memory: WdfObject,
    buffer: *mut c_void,
    bytes: usize,
) -> NtStatus {
    const NAME: &str = "WdfMemoryAssignBuffer";
    if buffer.is_null() {
        null_argument(NAME);
    }
    let before = buffer_of(NAME, memory);
    if bytes == 0 || !matches!(before.origin, Origin::Driver) {
        return STATUS_INVALID_PARAMETER;
    }
    if let Some(object) = TABLE.lock().objects.get_mut(&memory.addr()) {
        object.body = Body::Memory(Buffer {
            address: buffer.expose_provenance(),
            bytes,
            origin: Origin::Driver,
        });
    }
    STATUS_SUCCESS
}

/// `WdfMemoryGetBuffer`: the buffer of a memory object, and its bytes.
///
/// # Safety
///
/// `bytes` is null or can be written.
///
/// # IRQL
///
/// Any level (`nf-wdfmemory-wdfmemorygetbuffer`).
pub unsafe extern "system-unwind" fn WdfMemoryGetBuffer(
    memory: WdfObject,
    bytes: *mut usize,
) -> *mut c_void {
    let buffer = buffer_of("WdfMemoryGetBuffer", memory);
    if !bytes.is_null() {
        // SAFETY: by the caller's word.
        unsafe { bytes.write(buffer.bytes) };
    }
    std::ptr::with_exposed_provenance_mut(buffer.address)
}

/// Where a copy to or from a buffer begins; `None` where it would leave the buffer.
fn part_of(buffer: Buffer, offset: usize, bytes: usize) -> Option<*mut u8> {
    let end = offset.checked_add(bytes)?;
    let start = buffer.address.checked_add(offset)?;
    (end <= buffer.bytes).then(|| std::ptr::with_exposed_provenance_mut(start))
}

/// `WdfMemoryCopyToBuffer`: copies from a memory object's buffer.
///
/// # Errors
///
/// STATUS_BUFFER_TOO_SMALL where the object's buffer has fewer bytes from the offset on.
///
/// # Safety
///
/// So many bytes can be written at `into`, and nothing writes to the buffer meanwhile.
///
/// # IRQL
///
/// Any level (`nf-wdfmemory-wdfmemorycopytobuffer`).
pub unsafe extern "system-unwind" fn WdfMemoryCopyToBuffer(
    memory: WdfObject,
    offset: usize,
    into: *mut c_void,
    bytes: usize,
) -> NtStatus {
    const NAME: &str = "WdfMemoryCopyToBuffer";
    if into.is_null() {
        null_argument(NAME);
    }
    let Some(from) = part_of(buffer_of(NAME, memory), offset, bytes) else {
        return STATUS_BUFFER_TOO_SMALL;
    };
    // SAFETY: within the object's buffer, and writable, by the caller's word. They may overlap.
    unsafe { into.cast::<u8>().copy_from(from, bytes) };
    STATUS_SUCCESS
}

/// `WdfMemoryCopyFromBuffer`: copies to a memory object's buffer.
///
/// # Errors
///
/// STATUS_BUFFER_TOO_SMALL where the object's buffer has fewer bytes from the offset on.
///
/// # Safety
///
/// So many bytes can be read at `from`, and nothing else uses the buffer meanwhile.
///
/// # IRQL
///
/// Any level (`nf-wdfmemory-wdfmemorycopyfrombuffer`).
pub unsafe extern "system-unwind" fn WdfMemoryCopyFromBuffer(
    memory: WdfObject,
    offset: usize,
    from: *const c_void,
    bytes: usize,
) -> NtStatus {
    const NAME: &str = "WdfMemoryCopyFromBuffer";
    if from.is_null() {
        null_argument(NAME);
    }
    let Some(into) = part_of(buffer_of(NAME, memory), offset, bytes) else {
        return STATUS_BUFFER_TOO_SMALL;
    };
    // SAFETY: within the object's buffer, and readable, by the caller's word. They may overlap.
    unsafe { into.copy_from(from.cast::<u8>(), bytes) };
    STATUS_SUCCESS
}
