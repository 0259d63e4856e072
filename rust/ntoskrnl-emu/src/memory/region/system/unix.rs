//! POSIX.

use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use wdm::{NtStatus, STATUS_INSUFFICIENT_RESOURCES};

/// Reserves `bytes` of zeroed memory at a multiple of `alignment`, and `before` bytes before it, of
/// which the first `_used` are used; physical memory is committed as it is touched.
pub(in super::super) fn reserve(
    before: usize,
    _used: usize,
    bytes: usize,
    alignment: usize,
) -> Result<NonNull<u8>, NtStatus> {
    let padded = before
        .checked_add(bytes)
        .and_then(|length| length.checked_add(alignment))
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
    let margin = (start.addr().wrapping_add(before)).wrapping_neg() % alignment;
    let wanted = start.wrapping_add(margin + before);
    let after = padded - margin - before - bytes;
    for (part, length) in [(start, margin), (wanted.wrapping_add(bytes), after)] {
        if let Some(part) = NonNull::new(part).filter(|_| length > 0) {
            // SAFETY: whole pages of the mapping just made, which no other code knows.
            unsafe { release(part, length) };
        }
    }
    NonNull::new(wanted).ok_or(STATUS_INSUFFICIENT_RESOURCES)
}

/// Has the system take the physical memory of a part of a mapping; returns whether the part reads as
/// zeroes from now on. It may be used as before.
///
/// # Safety
///
/// `start` and `bytes` are whole pages of a private mapping, by [`reserve`] or another, whose contents
/// are not needed.
pub(crate) unsafe fn discard(start: NonNull<u8>, bytes: usize) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let advice = rustix::mm::Advice::LinuxDontNeed;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let advice = rustix::mm::Advice::DontNeed;
    // SAFETY: by the caller's word.
    let done = unsafe { rustix::mm::madvise(start.as_ptr().cast(), bytes, advice) };
    // Only Linux says so (madvise(2)).
    cfg!(any(target_os = "linux", target_os = "android")) && done.is_ok()
}

/// Gives a part of a mapping back.
///
/// # Safety
///
/// `start` and `bytes` are whole pages of a mapping by [`reserve`], and not used.
pub(in super::super) unsafe fn release(start: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller's word. A refusal leaves the range mapped, which does no harm.
    let _ = unsafe { munmap(start.as_ptr().cast(), bytes) };
}

/// Keeps the module that holds this code loaded until the process ends: it is linked so.
pub(in super::super) fn stay_loaded() -> Result<(), NtStatus> {
    Ok(())
}
