//! Processors: how many there are, and which one a thread is on. Both are numbers that a test can set
//! ([`host::processors`](crate::host::processors)); the host runs threads as it likes.

use wdm::{NtStatus, STATUS_INVALID_PARAMETER, STATUS_SUCCESS};

use crate::host::processors::{count, current};

/// `PROCESSOR_NUMBER`: a processor by its group and its place in it. There is one group.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProcessorNumber {
    /// The group.
    pub group: u16,
    /// The place in the group.
    pub number: u8,
    /// Zero.
    pub reserved: u8,
}

/// All groups (`ALL_PROCESSOR_GROUPS`).
const ALL_GROUPS: u16 = 0xFFFF;

/// A bit for each processor.
fn mask() -> usize {
    usize::MAX >> (usize::BITS - count().min(usize::BITS))
}

/// `KeGetCurrentProcessorNumber`: the processor that the calling thread is on.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-ntddk-kegetcurrentprocessornumber`).
pub unsafe extern "system-unwind" fn KeGetCurrentProcessorNumber() -> u32 {
    current()
}

/// `KeGetCurrentProcessorIndex`: as [`KeGetCurrentProcessorNumber`].
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-ntddk-kegetcurrentprocessorindex`).
pub unsafe extern "system-unwind" fn KeGetCurrentProcessorIndex() -> u32 {
    current()
}

/// `KeGetCurrentProcessorNumberEx`: the processor that the calling thread is on, and its place.
///
/// # Safety
///
/// `place` is null, or can be written.
///
/// # IRQL
///
/// Any level (`nf-wdm-kegetcurrentprocessornumberex`).
pub unsafe extern "system-unwind" fn KeGetCurrentProcessorNumberEx(
    place: *mut ProcessorNumber,
) -> u32 {
    let current = current();
    if !place.is_null() {
        // SAFETY: by the caller's word.
        unsafe { place.write(place_of(current)) };
    }
    current
}

fn place_of(index: u32) -> ProcessorNumber {
    ProcessorNumber {
        group: 0,
        number: u8::try_from(index).unwrap_or(u8::MAX),
        reserved: 0,
    }
}

/// `KeGetProcessorNumberFromIndex`: the place of a processor.
///
/// # Safety
///
/// `place` can be written.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER where there are not so many processors.
///
/// # IRQL
///
/// Any level (`nf-wdm-kegetprocessornumberfromindex`).
pub unsafe extern "system-unwind" fn KeGetProcessorNumberFromIndex(
    index: u32,
    place: *mut ProcessorNumber,
) -> NtStatus {
    if index >= count() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: by the caller's word.
    unsafe { place.write(place_of(index)) };
    STATUS_SUCCESS
}

/// `KeGetProcessorIndexFromNumber`: the index of a processor; 0xFFFFFFFF where there is none.
///
/// # Safety
///
/// `place` can be read.
///
/// # IRQL
///
/// Any level (`nf-wdm-kegetprocessorindexfromnumber`).
pub unsafe extern "system-unwind" fn KeGetProcessorIndexFromNumber(
    place: *mut ProcessorNumber,
) -> u32 {
    // SAFETY: by the caller's word.
    let place = unsafe { place.read() };
    let is_there = place.group == 0 && place.reserved == 0 && u32::from(place.number) < count();
    if is_there {
        u32::from(place.number)
    } else {
        u32::MAX
    }
}

/// `KeQueryActiveProcessorCount`: how many processors there are, and a bit for each.
///
/// # Safety
///
/// `active` is null, or can be written.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequeryactiveprocessorcount`).
pub unsafe extern "system-unwind" fn KeQueryActiveProcessorCount(active: *mut usize) -> u32 {
    if !active.is_null() {
        // SAFETY: by the caller's word.
        unsafe { active.write(mask()) };
    }
    count()
}

fn count_in(group: u16) -> u32 {
    if group == 0 || group == ALL_GROUPS {
        count()
    } else {
        0
    }
}

/// `KeQueryActiveProcessorCountEx`: how many processors a group has.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequeryactiveprocessorcountex`).
pub unsafe extern "system-unwind" fn KeQueryActiveProcessorCountEx(group: u16) -> u32 {
    count_in(group)
}

/// `KeQueryMaximumProcessorCount`: how many processors there can be: those that there are.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequerymaximumprocessorcount`).
pub unsafe extern "system-unwind" fn KeQueryMaximumProcessorCount() -> u32 {
    count()
}

/// `KeQueryMaximumProcessorCountEx`: how many processors a group can have.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequerymaximumprocessorcountex`).
pub unsafe extern "system-unwind" fn KeQueryMaximumProcessorCountEx(group: u16) -> u32 {
    count_in(group)
}

/// `KeQueryActiveProcessors`: a bit for each processor.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-ntddk-kequeryactiveprocessors`).
pub unsafe extern "system-unwind" fn KeQueryActiveProcessors() -> usize {
    mask()
}
