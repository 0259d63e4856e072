//! Address space from the operating system.

use std::ptr::NonNull;

use wdm::{NtStatus, STATUS_INSUFFICIENT_RESOURCES};

/// Reserves `bytes` of zeroed memory at a multiple of `alignment`; physical memory is committed as
/// it is touched.
#[cfg(unix)]
pub(super) fn reserve(bytes: usize, alignment: usize) -> Result<NonNull<u8>, NtStatus> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

    let padded = bytes
        .checked_add(alignment)
        .ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
    // SAFETY: a fresh anonymous mapping at an address of the system's choice touches no other.
    let mapping = unsafe {
        mmap_anonymous(
            std::ptr::null_mut(),
            padded,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    };
    let start = mapping
        .map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?
        .cast::<u8>();
    let before = start.addr().wrapping_neg() % alignment;
    let wanted = start.wrapping_add(before);
    let after = padded - before - bytes;
    for (margin, length) in [(start, before), (wanted.wrapping_add(bytes), after)] {
        if let Some(margin) = NonNull::new(margin).filter(|_| length > 0) {
            // SAFETY: whole pages of the mapping just made, which nobody has seen.
            unsafe { release(margin, length) };
        }
    }
    NonNull::new(wanted).ok_or(STATUS_INSUFFICIENT_RESOURCES)
}

/// Gives a part of a mapping back.
///
/// # Safety
///
/// `start` and `bytes` are whole pages of a mapping by [`reserve`] that nobody uses.
#[cfg(unix)]
pub(super) unsafe fn release(start: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller's word. A refusal leaves the range mapped, which harms nobody.
    let _ = unsafe { rustix::mm::munmap(start.as_ptr().cast(), bytes) };
}

/// Reserves `bytes` of zeroed memory at a multiple of `alignment`.
#[cfg(windows)]
pub(super) fn reserve(bytes: usize, alignment: usize) -> Result<NonNull<u8>, NtStatus> {
    use windows_sys::Win32::System::Memory::{
        MEM_ADDRESS_REQUIREMENTS, MEM_COMMIT, MEM_EXTENDED_PARAMETER, MEM_EXTENDED_PARAMETER_0,
        MEM_EXTENDED_PARAMETER_1, MEM_RESERVE, MemExtendedParameterAddressRequirements,
        PAGE_READWRITE, VirtualAlloc2,
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
    // SAFETY: a pseudo-handle; the call has no obligations.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: a fresh allocation at an address of the system's choice; the parameter and what it
    // points to live through the call.
    let start = unsafe {
        VirtualAlloc2(
            process,
            std::ptr::null(),
            bytes,
            MEM_RESERVE | MEM_COMMIT,
            PAGE_READWRITE,
            &raw mut parameter,
            1,
        )
    };
    NonNull::new(start.cast()).ok_or(STATUS_INSUFFICIENT_RESOURCES)
}

/// Gives a whole reservation back.
///
/// # Safety
///
/// `start` came from [`reserve`] and nobody uses the memory.
#[cfg(windows)]
pub(super) unsafe fn release(start: NonNull<u8>, _bytes: usize) {
    use windows_sys::Win32::System::Memory::{MEM_RELEASE, VirtualFree};
    // SAFETY: by the caller's word. A refusal leaves the range reserved, which harms nobody.
    unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
}
