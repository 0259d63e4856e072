//! Which accounts may open the device: administrators and the system.
//!
//! `IoCreateDeviceSecure` is code of a WDK library, not of the kernel. Its effect is that of a
//! security descriptor set on the device object before anything can open it, which the documented
//! exports can do: until `DriverEntry` returns the device has DO_DEVICE_INITIALIZING.

use core::ffi::c_void;
use core::ptr::null_mut;

use lookaside_protocol::wire::security;
use wdm::NtStatus;

use crate::nt::{
    DACL_SECURITY_INFORMATION, DeviceObject, OBJ_KERNEL_HANDLE, ObOpenObjectByPointer,
    READ_CONTROL_WRITE_DAC, ZwClose, ZwQuerySecurityObject, ZwSetSecurityObject,
};

/// Bytes of the descriptor's header (SECURITY_DESCRIPTOR_RELATIVE).
const HEADER: usize = 20;
/// Bytes of the list: its header, the system's entry, the administrators' entry.
const LIST: usize = 8 + 20 + 24;

/// `D:P(A;;FA;;;SY)(A;;FA;;;BA)` in the self-relative form of MS-DTYP 2.4.6.
#[repr(C, align(8))]
struct Descriptor([u8; HEADER + LIST]);

#[rustfmt::skip]
static DESCRIPTOR: Descriptor = Descriptor([
    // Revision 1; SE_SELF_RELATIVE, SE_DACL_PROTECTED, SE_DACL_PRESENT.
    1, 0, 0x04, 0x90,
    // No owner, no group, no SACL; the DACL follows.
    0, 0, 0, 0,   0, 0, 0, 0,   0, 0, 0, 0,   HEADER as u8, 0, 0, 0,
    // ACL_REVISION, its length, two entries.
    2, 0, LIST as u8, 0,   2, 0, 0, 0,
    // ACCESS_ALLOWED, 20 bytes, FILE_ALL_ACCESS, S-1-5-18 (the system).
    0, 0, 20, 0,   0xFF, 0x01, 0x1F, 0x00,
    1, 1, 0, 0, 0, 0, 0, 5,   18, 0, 0, 0,
    // ACCESS_ALLOWED, 24 bytes, FILE_ALL_ACCESS, S-1-5-32-544 (administrators).
    0, 0, 24, 0,   0xFF, 0x01, 0x1F, 0x00,
    1, 2, 0, 0, 0, 0, 0, 5,   32, 0, 0, 0,   0x20, 0x02, 0, 0,
]);

/// Sets the descriptor and reads it back; one of `wire::security`.
///
/// # Errors
///
/// Where it cannot be set: such a device must not stay.
pub fn secure(device: *mut DeviceObject) -> Result<u32, NtStatus> {
    let mut handle = null_mut();
    // SAFETY: the device is ours and lives; without a type the routine takes any object.
    let opened = unsafe {
        ObOpenObjectByPointer(
            device.cast(),
            OBJ_KERNEL_HANDLE,
            null_mut(),
            READ_CONTROL_WRITE_DAC,
            null_mut(),
            0,
            &raw mut handle,
        )
    };
    if opened.is_err() {
        return Err(opened);
    }
    let descriptor = (&raw const DESCRIPTOR).cast::<c_void>();
    // SAFETY: the handle is open for that, and the descriptor is a whole one.
    let set = unsafe { ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, descriptor) };
    let confirmed = set.is_ok() && is_set(handle);
    // SAFETY: the handle is ours, and not used any more.
    unsafe { ZwClose(handle) };
    if set.is_err() {
        return Err(set);
    }
    Ok(if confirmed {
        security::DESCRIPTOR
    } else {
        security::UNCONFIRMED
    })
}

/// A descriptor as it is read back.
#[repr(C, align(8))]
struct Found([u8; 256]);

/// Whether the object behind a handle has the descriptor's list.
fn is_set(handle: *mut c_void) -> bool {
    // Room for more than is expected: what is there may be another.
    let mut found = Found([0; 256]);
    let mut needed = 0;
    // SAFETY: the handle is open for that; the buffer is ours, aligned, and as long as is said.
    let status = unsafe {
        ZwQuerySecurityObject(
            handle,
            DACL_SECURITY_INFORMATION,
            (&raw mut found).cast(),
            256,
            &raw mut needed,
        )
    };
    if status.is_err() {
        return false;
    }
    // Only the lists are compared: where in the descriptor they stand is the kernel's choice.
    let offset = found.0.get(16).copied().map_or(0, usize::from);
    let list = found.0.get(offset..offset.saturating_add(LIST));
    list.is_some() && list == DESCRIPTOR.0.get(HEADER..)
}
