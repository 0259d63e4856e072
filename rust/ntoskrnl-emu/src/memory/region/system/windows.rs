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
