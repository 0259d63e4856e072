//! `wdfmemory.h`: lookaside objects, and memory objects from them.

use std::ffi::c_void;

use wdm::{
    LookasideListEx, NtStatus, PoolType, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER,
};

use super::{
    Body, Buffer, Judged, Kind, Origin, TABLE, WdfObject, WdfObjectAttributes, body_of, create,
    default_tag, hand_out, null_argument, release,
};
use crate::routines::lookaside_ex::{
    ExAllocateFromLookasideListEx, ExDeleteLookasideListEx, ExFreeToLookasideListEx,
    ExInitializeLookasideListEx,
};
use crate::scope;

/// The list of a lookaside object, in memory of its own, and what its memory objects get.
#[derive(Clone, Copy)]
pub(super) struct List {
    list: usize,
    bytes: usize,
    memory: Judged,
}

impl List {
    fn pointer(self) -> *mut LookasideListEx {
        std::ptr::with_exposed_provenance_mut(self.list)
    }

    /// Frees a buffer to the list.
    pub(super) fn free(self, buffer: usize) {
        let entry: *mut c_void = std::ptr::with_exposed_provenance_mut(buffer);
        // SAFETY: the lookaside object stays while a memory object of it does, and so does the list.
        unsafe { ExFreeToLookasideListEx(self.pointer(), entry) };
    }

    /// Deletes the list.
    pub(super) fn delete(self) {
        // SAFETY: an initialised list, and the object was the last that knows it.
        unsafe { ExDeleteLookasideListEx(self.pointer()) };
        // SAFETY: memory of a `Box`, and nothing uses it any more.
        drop(unsafe { Box::from_raw(self.pointer()) });
    }
}

/// `WdfLookasideListCreate`: makes a lookaside list of buffers, as an object.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for no bytes and for a pool type that lists do not have; those of
/// `framework-object-creation-errors`, for both attributes.
///
/// # Safety
///
/// As `WdfObjectCreate`'s, for both attributes; those of the memory objects also while the list is
/// there.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below, for paged pool APC_LEVEL (`nf-wdfmemory-wdflookasidelistcreate`).
pub unsafe extern "system-unwind" fn WdfLookasideListCreate(
    attributes: *const WdfObjectAttributes,
    bytes: usize,
    pool_type: PoolType,
    memory_attributes: *const WdfObjectAttributes,
    tag: u32,
    lookaside: *mut WdfObject,
) -> NtStatus {
    const NAME: &str = "WdfLookasideListCreate";
    if lookaside.is_null() {
        null_argument(NAME);
    }
    if bytes == 0 {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: by the caller's word.
    let judged = unsafe { Judged::of(attributes) };
    // SAFETY: by the caller's word.
    let of_memory = unsafe { Judged::of(memory_attributes) };
    let (judged, of_memory) = match (judged, of_memory) {
        (Ok(judged), Ok(of_memory)) => (judged, of_memory),
        (Err(status), _) | (_, Err(status)) => return status,
    };
    let tag = if tag == 0 {
        default_tag(scope::driver())
    } else {
        tag
    };
    let created = create(NAME, Kind::Lookaside, &judged, || {
        let storage = Box::into_raw(Box::new(LookasideListEx::ZERO));
        // SAFETY: storage that stays where it is until the list is deleted.
        let status = unsafe {
            ExInitializeLookasideListEx(storage, None, None, pool_type, 0, bytes, tag, 0)
        };
        if status.is_err() {
            // SAFETY: there is no list in it.
            drop(unsafe { Box::from_raw(storage) });
            return Err(STATUS_INVALID_PARAMETER);
        }
        Ok(Body::Lookaside(List {
            list: storage.expose_provenance(),
            bytes,
            memory: of_memory,
        }))
    });
    // SAFETY: by the caller's word.
    unsafe { hand_out(created, lookaside) }
}

/// `WdfMemoryCreateFromLookaside`: makes a memory object whose buffer is an entry of a list.
///
/// The list goes when its object is deleted and the last memory object of it is gone.
///
/// # Errors
///
/// STATUS_INSUFFICIENT_RESOURCES; those of `framework-object-creation-errors`.
///
/// # Safety
///
/// `memory` is null or can be written.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below, for paged pool APC_LEVEL
/// (`nf-wdfmemory-wdfmemorycreatefromlookaside`).
pub unsafe extern "system-unwind" fn WdfMemoryCreateFromLookaside(
    lookaside: WdfObject,
    memory: *mut WdfObject,
) -> NtStatus {
    const NAME: &str = "WdfMemoryCreateFromLookaside";
    if memory.is_null() {
        null_argument(NAME);
    }
    let Body::Lookaside(list) = body_of(NAME, lookaside, Kind::Lookaside) else {
        return STATUS_INVALID_PARAMETER;
    };
    let handle = lookaside.addr();
    // The buffer's way back needs the list: the reference is the memory object's.
    if let Some(object) = TABLE.lock().objects.get_mut(&handle) {
        object.references = object.references.saturating_add(1);
    }
    let created = create(NAME, Kind::Memory, &list.memory, || {
        // SAFETY: the list is there: its object has a reference.
        let entry = unsafe { ExAllocateFromLookasideListEx(list.pointer()) };
        if entry.is_null() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        Ok(Body::Memory(Buffer {
            address: entry.expose_provenance(),
            bytes: list.bytes,
            origin: Origin::List(list, handle),
        }))
    });
    if created.is_err() {
        release(handle);
    }
    // SAFETY: by the caller's word.
    unsafe { hand_out(created, memory) }
}
