//! The declarations agree with `windows-sys` 0.61 where that has them and has them right.
//!
//! Not compared, because `windows-sys` is wrong on 64-bit targets:
//!
//! * the alignment of `SLIST_HEADER`: it says 8, `wdm.h` says 16;
//! * size and alignment of `SLIST_ENTRY`: it says 8 and 8, `wdm.h` says 16 and 16;
//! * `KeBugCheckEx`: it says that the routine returns.
//!
//! Wrong too, but nothing here declares them: `IO_STACK_LOCATION.Parameters` (the members of
//! `DeviceIoControl`, `Read` and `Write` have lost their pointer alignment) and the size of
//! `DEVICE_OBJECT`.
//!
//! Absent, so that the compile-time assertions beside the declarations are all there is: the
//! lookaside lists, their callbacks and routines, `LOOKASIDE_MINIMUM_BLOCK_SIZE`,
//! `MEMORY_ALLOCATION_ALIGNMENT` and the `POOL_FLAG_…` bits.

use std::mem::{align_of, offset_of, size_of};

use windows_sys::Wdk::Foundation as wdk;
use windows_sys::Wdk::System::SystemServices as ddk;
use windows_sys::Win32::Foundation as nt;
use windows_sys::Win32::System::Diagnostics::Debug as debug;
use windows_sys::Win32::System::Kernel as kernel;
use windows_sys::Win32::System::SystemServices as system;

#[test]
fn slist_header_has_the_same_size_and_fields() {
    assert_eq!(
        size_of::<wdm::SListHeader>(),
        size_of::<kernel::SLIST_HEADER>()
    );
    assert_eq!(
        offset_of!(wdm::SListHeader, alignment),
        offset_of!(kernel::SLIST_HEADER_0, Alignment)
    );
    assert_eq!(
        offset_of!(wdm::SListHeader, region),
        offset_of!(kernel::SLIST_HEADER_0, Region)
    );
}

#[test]
fn slist_entry_begins_with_its_link() {
    assert_eq!(
        offset_of!(wdm::SListEntry, next),
        offset_of!(kernel::SLIST_ENTRY, Next)
    );
}

#[test]
fn list_entry_has_the_same_layout() {
    assert_eq!(size_of::<wdm::ListEntry>(), size_of::<kernel::LIST_ENTRY>());
    assert_eq!(
        align_of::<wdm::ListEntry>(),
        align_of::<kernel::LIST_ENTRY>()
    );
    assert_eq!(
        offset_of!(wdm::ListEntry, flink),
        offset_of!(kernel::LIST_ENTRY, Flink)
    );
    assert_eq!(
        offset_of!(wdm::ListEntry, blink),
        offset_of!(kernel::LIST_ENTRY, Blink)
    );
}

#[test]
fn scalar_types_have_the_same_size() {
    assert_eq!(size_of::<wdm::PoolType>(), size_of::<wdk::POOL_TYPE>());
    assert_eq!(align_of::<wdm::PoolType>(), align_of::<wdk::POOL_TYPE>());
    assert_eq!(size_of::<wdm::NtStatus>(), size_of::<nt::NTSTATUS>());
    assert_eq!(align_of::<wdm::NtStatus>(), align_of::<nt::NTSTATUS>());
}

#[test]
fn pool_types_have_the_same_values() {
    for (ours, theirs) in [
        (wdm::PoolType::NON_PAGED_POOL, wdk::NonPagedPool),
        (wdm::PoolType::PAGED_POOL, wdk::PagedPool),
        (
            wdm::PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
            wdk::NonPagedPoolCacheAligned,
        ),
        (
            wdm::PoolType::PAGED_POOL_CACHE_ALIGNED,
            wdk::PagedPoolCacheAligned,
        ),
        (wdm::PoolType::NON_PAGED_POOL_NX, wdk::NonPagedPoolNx),
        (
            wdm::PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
            wdk::NonPagedPoolNxCacheAligned,
        ),
    ] {
        assert_eq!(ours.0, theirs);
    }
}

#[test]
fn pool_type_bits_have_the_same_values() {
    for (ours, theirs) in [
        (
            wdm::POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
            ddk::POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
        ),
        (
            wdm::POOL_RAISE_IF_ALLOCATION_FAILURE,
            ddk::POOL_RAISE_IF_ALLOCATION_FAILURE,
        ),
        (wdm::POOL_COLD_ALLOCATION, ddk::POOL_COLD_ALLOCATION),
        (wdm::POOL_NX_ALLOCATION, ddk::POOL_NX_ALLOCATION),
        (wdm::POOL_ZERO_ALLOCATION, ddk::POOL_ZERO_ALLOCATION),
    ] {
        assert_eq!(ours.cast_unsigned(), theirs);
    }
}

#[test]
fn lookaside_constants_have_the_same_values() {
    for (ours, theirs) in [
        (
            wdm::EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
            ddk::EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
        ),
        (
            wdm::EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
            ddk::EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
        ),
        (
            wdm::EX_MAXIMUM_LOOKASIDE_DEPTH_BASE.into(),
            ddk::EX_MAXIMUM_LOOKASIDE_DEPTH_BASE,
        ),
        (
            wdm::EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT.into(),
            ddk::EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT,
        ),
    ] {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn interrupt_request_levels_have_the_same_values() {
    assert_eq!(u32::from(wdm::PASSIVE_LEVEL), ddk::PASSIVE_LEVEL);
    assert_eq!(u32::from(wdm::APC_LEVEL), ddk::APC_LEVEL);
    assert_eq!(u32::from(wdm::DISPATCH_LEVEL), ddk::DISPATCH_LEVEL);
}

#[test]
fn memory_sizes_have_the_same_values() {
    assert_eq!(wdm::PAGE_SIZE, ddk::PAGE_SIZE as usize);
    assert_eq!(
        wdm::SYSTEM_CACHE_ALIGNMENT_SIZE,
        system::SYSTEM_CACHE_ALIGNMENT_SIZE as usize
    );
}

#[test]
fn statuses_have_the_same_values() {
    for (ours, theirs) in [
        (wdm::STATUS_SUCCESS, nt::STATUS_SUCCESS),
        (
            wdm::STATUS_DATATYPE_MISALIGNMENT,
            nt::STATUS_DATATYPE_MISALIGNMENT,
        ),
        (wdm::STATUS_ASSERTION_FAILURE, nt::STATUS_ASSERTION_FAILURE),
        (wdm::STATUS_BUFFER_TOO_SMALL, nt::STATUS_BUFFER_TOO_SMALL),
        (wdm::STATUS_DELETE_PENDING, nt::STATUS_DELETE_PENDING),
        (
            wdm::STATUS_INSUFFICIENT_RESOURCES,
            nt::STATUS_INSUFFICIENT_RESOURCES,
        ),
        (
            wdm::STATUS_INVALID_DEVICE_REQUEST,
            nt::STATUS_INVALID_DEVICE_REQUEST,
        ),
        (
            wdm::STATUS_INVALID_DEVICE_STATE,
            nt::STATUS_INVALID_DEVICE_STATE,
        ),
        (wdm::STATUS_INVALID_PARAMETER, nt::STATUS_INVALID_PARAMETER),
        (
            wdm::STATUS_INVALID_PARAMETER_4,
            nt::STATUS_INVALID_PARAMETER_4,
        ),
        (
            wdm::STATUS_INVALID_PARAMETER_5,
            nt::STATUS_INVALID_PARAMETER_5,
        ),
        (
            wdm::STATUS_INVALID_PARAMETER_8,
            nt::STATUS_INVALID_PARAMETER_8,
        ),
        (wdm::STATUS_QUOTA_EXCEEDED, nt::STATUS_QUOTA_EXCEEDED),
    ] {
        assert_eq!(ours.code(), theirs, "{ours}");
    }
}

#[test]
fn bug_check_codes_have_the_same_values() {
    for (ours, theirs) in [
        (wdm::BAD_POOL_HEADER, debug::BAD_POOL_HEADER),
        (wdm::BAD_POOL_CALLER, debug::BAD_POOL_CALLER),
        (
            wdm::DRIVER_VERIFIER_DETECTED_VIOLATION,
            debug::DRIVER_VERIFIER_DETECTED_VIOLATION,
        ),
        (wdm::IRQL_UNEXPECTED_VALUE, debug::IRQL_UNEXPECTED_VALUE),
        (
            wdm::DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS,
            debug::DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS,
        ),
        (
            wdm::KERNEL_SECURITY_CHECK_FAILURE,
            debug::KERNEL_SECURITY_CHECK_FAILURE,
        ),
    ] {
        assert_eq!(ours, theirs);
    }
}
