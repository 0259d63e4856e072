//! `NTSTATUS` values and bug check codes.

use core::fmt;

/// `NTSTATUS`: the result of a kernel routine.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NtStatus(i32);

impl NtStatus {
    /// The value, signed as the WDK has it.
    pub const fn code(self) -> i32 {
        self.0
    }

    /// What `NT_SUCCESS` says: success and informational values, zero and above.
    pub const fn is_ok(self) -> bool {
        self.0 >= 0
    }

    /// Not [`is_ok`](Self::is_ok): warnings and errors.
    pub const fn is_err(self) -> bool {
        self.0 < 0
    }

    const fn of(value: u32) -> Self {
        Self(value.cast_signed())
    }

    const fn name(self) -> Option<&'static str> {
        Some(match self {
            STATUS_SUCCESS => "STATUS_SUCCESS",
            STATUS_ASSERTION_FAILURE => "STATUS_ASSERTION_FAILURE",
            STATUS_BUFFER_TOO_SMALL => "STATUS_BUFFER_TOO_SMALL",
            STATUS_DATATYPE_MISALIGNMENT => "STATUS_DATATYPE_MISALIGNMENT",
            STATUS_ACCESS_VIOLATION => "STATUS_ACCESS_VIOLATION",
            STATUS_DELETE_PENDING => "STATUS_DELETE_PENDING",
            STATUS_INSUFFICIENT_RESOURCES => "STATUS_INSUFFICIENT_RESOURCES",
            STATUS_INTERNAL_ERROR => "STATUS_INTERNAL_ERROR",
            STATUS_INVALID_DEVICE_REQUEST => "STATUS_INVALID_DEVICE_REQUEST",
            STATUS_INVALID_DEVICE_STATE => "STATUS_INVALID_DEVICE_STATE",
            STATUS_INVALID_HANDLE => "STATUS_INVALID_HANDLE",
            STATUS_BUFFER_OVERFLOW => "STATUS_BUFFER_OVERFLOW",
            STATUS_NO_MEMORY => "STATUS_NO_MEMORY",
            STATUS_OBJECT_NAME_COLLISION => "STATUS_OBJECT_NAME_COLLISION",
            STATUS_OBJECT_NAME_NOT_FOUND => "STATUS_OBJECT_NAME_NOT_FOUND",
            STATUS_INVALID_PARAMETER => "STATUS_INVALID_PARAMETER",
            STATUS_INVALID_PARAMETER_4 => "STATUS_INVALID_PARAMETER_4",
            STATUS_INVALID_PARAMETER_5 => "STATUS_INVALID_PARAMETER_5",
            STATUS_INVALID_PARAMETER_8 => "STATUS_INVALID_PARAMETER_8",
            STATUS_INFO_LENGTH_MISMATCH => "STATUS_INFO_LENGTH_MISMATCH",
            STATUS_OBJECT_NAME_EXISTS => "STATUS_OBJECT_NAME_EXISTS",
            STATUS_DRIVER_INTERNAL_ERROR => "STATUS_DRIVER_INTERNAL_ERROR",
            STATUS_WDF_OBJECT_ATTRIBUTES_INVALID => "STATUS_WDF_OBJECT_ATTRIBUTES_INVALID",
            STATUS_QUOTA_EXCEEDED => "STATUS_QUOTA_EXCEEDED",
            STATUS_TIMEOUT => "STATUS_TIMEOUT",
            _ => return None,
        })
    }
}

impl From<i32> for NtStatus {
    fn from(value: i32) -> Self {
        Self(value)
    }
}

impl From<NtStatus> for i32 {
    fn from(value: NtStatus) -> Self {
        value.0
    }
}

impl fmt::Debug for NtStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "NtStatus({:#010x})", self.0),
        }
    }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

// Values: `ntstatus.h`.
/// The operation succeeded.
pub const STATUS_SUCCESS: NtStatus = NtStatus::of(0);
/// A pointer to data that is not aligned as it must be.
pub const STATUS_DATATYPE_MISALIGNMENT: NtStatus = NtStatus::of(0x8000_0002);
/// An access to memory that may not be accessed so.
pub const STATUS_ACCESS_VIOLATION: NtStatus = NtStatus::of(0xC000_0005);
/// An assertion does not hold.
pub const STATUS_ASSERTION_FAILURE: NtStatus = NtStatus::of(0xC000_0420);
/// The output buffer cannot hold the answer.
pub const STATUS_BUFFER_TOO_SMALL: NtStatus = NtStatus::of(0xC000_0023);
/// The object is being deleted.
pub const STATUS_DELETE_PENDING: NtStatus = NtStatus::of(0xC000_0056);
/// Not enough memory or other resources.
pub const STATUS_INSUFFICIENT_RESOURCES: NtStatus = NtStatus::of(0xC000_009A);
/// A fault of the software that answers.
pub const STATUS_INTERNAL_ERROR: NtStatus = NtStatus::of(0xC000_00E5);
/// The device does not know this request.
pub const STATUS_INVALID_DEVICE_REQUEST: NtStatus = NtStatus::of(0xC000_0010);
/// The object is not in a state that allows the operation.
pub const STATUS_INVALID_DEVICE_STATE: NtStatus = NtStatus::of(0xC000_0184);
/// A handle that is none, or another object's than is wanted.
pub const STATUS_INVALID_HANDLE: NtStatus = NtStatus::of(0xC000_0008);
/// The buffer is too small for the answer.
pub const STATUS_BUFFER_OVERFLOW: NtStatus = NtStatus::of(0x8000_0005);
/// There is no memory.
pub const STATUS_NO_MEMORY: NtStatus = NtStatus::of(0xC000_0017);
/// There is an object of that name.
pub const STATUS_OBJECT_NAME_COLLISION: NtStatus = NtStatus::of(0xC000_0035);
/// There is no object of that name.
pub const STATUS_OBJECT_NAME_NOT_FOUND: NtStatus = NtStatus::of(0xC000_0034);
/// A parameter has an illegal value.
pub const STATUS_INVALID_PARAMETER: NtStatus = NtStatus::of(0xC000_000D);
/// The fourth parameter has an illegal value: the pool type of `ExInitializeLookasideListEx`.
pub const STATUS_INVALID_PARAMETER_4: NtStatus = NtStatus::of(0xC000_00F2);
/// The fifth parameter has an illegal value: the flags of `ExInitializeLookasideListEx`.
pub const STATUS_INVALID_PARAMETER_5: NtStatus = NtStatus::of(0xC000_00F3);
/// The eighth parameter has an illegal value: the depth of `ExInitializeLookasideListEx`.
pub const STATUS_INVALID_PARAMETER_8: NtStatus = NtStatus::of(0xC000_00F6);
/// A structure does not have the length that it says.
pub const STATUS_INFO_LENGTH_MISMATCH: NtStatus = NtStatus::of(0xC000_0004);
/// There is one of this name already: a success.
pub const STATUS_OBJECT_NAME_EXISTS: NtStatus = NtStatus::of(0x4000_0000);
/// A driver made a mistake that no other value says.
pub const STATUS_DRIVER_INTERNAL_ERROR: NtStatus = NtStatus::of(0xC000_0183);
/// The time to wait is over: a success.
pub const STATUS_TIMEOUT: NtStatus = NtStatus::of(0x0000_0102);
/// `WDF_OBJECT_ATTRIBUTES` that cannot be (`wdfstatus.h`).
pub const STATUS_WDF_OBJECT_ATTRIBUTES_INVALID: NtStatus = NtStatus::of(0xC020_0209);
/// A quota would be exceeded.
pub const STATUS_QUOTA_EXCEEDED: NtStatus = NtStatus::of(0xC000_0044);

// Values: the bug check reference of windows-driver-docs.
/// Bug check: a pool block's surroundings are damaged.
pub const BAD_POOL_HEADER: u32 = 0x19;
/// Bug check: an illegal pool request.
pub const BAD_POOL_CALLER: u32 = 0xC2;
/// Bug check: Driver Verifier found a violation.
pub const DRIVER_VERIFIER_DETECTED_VIOLATION: u32 = 0xC4;
/// Bug check: a routine returned at another IRQL than it was called at.
pub const IRQL_UNEXPECTED_VALUE: u32 = 0xC8;
/// Bug check: a driver was unloaded with lists, timers or work pending.
pub const DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS: u32 = 0xCE;
/// Bug check: a kernel structure failed an integrity check.
pub const KERNEL_SECURITY_CHECK_FAILURE: u32 = 0x139;
