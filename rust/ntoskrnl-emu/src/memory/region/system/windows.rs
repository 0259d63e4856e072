//! Windows.

use std::ptr::NonNull;

use wdm::{NtStatus, STATUS_INSUFFICIENT_RESOURCES};

/// Reserves `bytes` of zeroed memory at a multiple of `alignment`, and `before` bytes before it, of
/// which the first `used` are zeroed memory too.
pub(in super::super) fn reserve(
    before: usize,
    used: usize,
    bytes: usize,
    alignment: usize,
) -> Result<NonNull<u8>, NtStatus> {
    use windows_sys::Win32::System::Memory::{
        MEM_ADDRESS_REQUIREMENTS, MEM_COMMIT, MEM_EXTENDED_PARAMETER, MEM_EXTENDED_PARAMETER_0,
        MEM_EXTENDED_PARAMETER_1, MEM_RESERVE, MemExtendedParameterAddressRequirements,
        PAGE_NOACCESS, PAGE_READWRITE, VirtualAlloc, VirtualAlloc2,
    };
    use windows_sys::Win32::System::Threading::GetCurrentProcess;

    // Below the system's allocation granularity the alignment is given anyway.
    let mut requirements = MEM_ADDRESS_REQUIREMENTS {
        LowestStartingAddress: std::ptr::null_mut(),
        HighestEndingAddress: std::ptr::null_mut(),
        Alignment: if alignment > 1 << 16 { alignment } else { 0 },
    };
    let mut parameter = MEM_EXTENDED_PARAMETER {
        Anonymous1: MEM_EXTENDED_PARAMETER_0 {
            _bitfield: MemExtendedParameterAddressRequirements as u64,
        },
        Anonymous2: MEM_EXTENDED_PARAMETER_1 {
            Pointer: (&raw mut requirements).cast(),
        },
    };
    // So much address space before the memory that its beginning is aligned.
    let margin = before.next_multiple_of(alignment);
    // SAFETY: a pseudo-handle; the call has no obligations.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: a fresh reservation at an address of the system's choice; the parameter and what it
    // points to live through the call.
    let start = unsafe {
        VirtualAlloc2(
            process,
            std::ptr::null(),
            margin + bytes,
            MEM_RESERVE,
            PAGE_NOACCESS,
            &raw mut parameter,
            1,
        )
    };
    let start = NonNull::new(start.cast::<u8>()).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
    let wanted = start.as_ptr().wrapping_add(margin);
    for (part, length) in [(wanted.wrapping_sub(before), used), (wanted, bytes)] {
        // SAFETY: a part of the reservation just made, which no other code knows.
        let committed = length == 0
            || !unsafe { VirtualAlloc(part.cast(), length, MEM_COMMIT, PAGE_READWRITE) }.is_null();
        if !committed {
            // SAFETY: the whole reservation, which is not used.
            unsafe { release(start, 0) };
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
    }
    NonNull::new(wanted).ok_or(STATUS_INSUFFICIENT_RESOURCES)
}

/// Has the system take the physical memory of a part of a reservation; returns whether the part reads
/// as zeroes from now on. It may be used as before.
///
/// # Safety
///
/// `start` and `bytes` are whole pages that are committed, whose contents are not needed.
pub(crate) unsafe fn discard(start: NonNull<u8>, bytes: usize) -> bool {
    use windows_sys::Win32::System::Memory::{MEM_RESET, PAGE_READWRITE, VirtualAlloc};
    // DiscardVirtualMemory takes the memory sooner, but Wine 8 has none.
    // SAFETY: by the caller's word. A refusal leaves the pages as they are.
    unsafe { VirtualAlloc(start.as_ptr().cast(), bytes, MEM_RESET, PAGE_READWRITE) };
    // What they hold then is undefined.
    false
}

/// Gives a whole reservation back.
///
/// # Safety
///
/// `start` came from [`reserve`], and the memory is not used.
pub(in super::super) unsafe fn release(start: NonNull<u8>, _bytes: usize) {
    use windows_sys::Win32::System::Memory::{MEM_RELEASE, VirtualFree};
    // SAFETY: by the caller's word. A refusal leaves the range reserved, which does no harm.
    unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
}

/// Keeps the module that holds this code loaded until the process ends.
pub(in super::super) fn stay_loaded() -> Result<(), NtStatus> {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the name is an address, which lies in the module that runs.
    let is_pinned = unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
            (stay_loaded as *const ()).cast(),
            &raw mut module,
        )
    };
    match is_pinned {
        0 => Err(STATUS_INSUFFICIENT_RESOURCES),
        _ => Ok(()),
    }
}
