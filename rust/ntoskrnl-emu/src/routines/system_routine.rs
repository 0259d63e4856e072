//! Routines by their names.

use std::ffi::c_void;

use wdm::UnicodeString;

use crate::host::system_routines;
use crate::irql;

/// `MmGetSystemRoutineAddress`: the export of a name; null where there is none, or where a test hides it
/// from the current driver ([`host::system_routines`](crate::host::system_routines)).
///
/// Routines that are inline in the headers, which Windows exports, are not found: `RtlInitUnicodeString`,
/// `DbgPrint`, `RtlCompareMemory`. One that is not emulated is found, and stops when it is called.
///
/// # Safety
///
/// The name is a string with as much text as it says.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-mmgetsystemroutineaddress`).
pub unsafe extern "system-unwind" fn MmGetSystemRoutineAddress(
    name: *const UnicodeString,
) -> *mut c_void {
    irql::SYSTEM_ROUTINE.check();
    // SAFETY: by the caller's word.
    let name = unsafe { name.read() };
    let length = usize::from(name.length) / 2;
    if name.buffer.is_null() || length == 0 {
        return std::ptr::null_mut();
    }
    // SAFETY: by the caller's word.
    let text = unsafe { std::slice::from_raw_parts(name.buffer, length) };
    let found = system_routines::find(&String::from_utf16_lossy(text));
    found.cast_mut().cast()
}
