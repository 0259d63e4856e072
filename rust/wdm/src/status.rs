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
            STATUS_DELETE_PENDING => "STATUS_DELETE_PENDING",
            STATUS_INSUFFICIENT_RESOURCES => "STATUS_INSUFFICIENT_RESOURCES",
            STATUS_INTERNAL_ERROR => "STATUS_INTERNAL_ERROR",
            STATUS_INVALID_DEVICE_REQUEST => "STATUS_INVALID_DEVICE_REQUEST",
            STATUS_INVALID_DEVICE_STATE => "STATUS_INVALID_DEVICE_STATE",
            STATUS_INVALID_PARAMETER => "STATUS_INVALID_PARAMETER",
            STATUS_INVALID_PARAMETER_4 => "STATUS_INVALID_PARAMETER_4",
            STATUS_INVALID_PARAMETER_5 => "STATUS_INVALID_PARAMETER_5",
            STATUS_INVALID_PARAMETER_8 => "STATUS_INVALID_PARAMETER_8",
            STATUS_QUOTA_EXCEEDED => "STATUS_QUOTA_EXCEEDED",
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
/// A parameter has an illegal value.
pub const STATUS_INVALID_PARAMETER: NtStatus = NtStatus::of(0xC000_000D);
/// The fourth parameter has an illegal value: the pool type of `ExInitializeLookasideListEx`.
pub const STATUS_INVALID_PARAMETER_4: NtStatus = NtStatus::of(0xC000_00F2);
/// The fifth parameter has an illegal value: the flags of `ExInitializeLookasideListEx`.
pub const STATUS_INVALID_PARAMETER_5: NtStatus = NtStatus::of(0xC000_00F3);
/// The eighth parameter has an illegal value: the depth of `ExInitializeLookasideListEx`.
pub const STATUS_INVALID_PARAMETER_8: NtStatus = NtStatus::of(0xC000_00F6);
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
