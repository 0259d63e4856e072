//! What can fail, as values.

use core::fmt;

use wdm::NtStatus;

/// Why an operation on a lookaside list failed.
///
/// # Examples
///
/// ```
/// use win_lookaside::{LookasideAlloc, LookasideError, PoolType};
///
/// let list = LookasideAlloc::new();
/// let error = list.init(64, PoolType(3), None, None, None, None).unwrap_err();
/// let LookasideError::InitError(status) = error else { unreachable!() };
/// assert_eq!(status.code().cast_unsigned(), 0xC000_00F2);
/// assert_eq!(error.to_string(), "Cannot initialise the list: STATUS_INVALID_PARAMETER_4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookasideError {
    /// The list cannot be initialised; the status says why.
    InitError(NtStatus),
}

/// The result of an operation on a lookaside list.
pub type LookasideResult<T> = Result<T, LookasideError>;

impl fmt::Display for LookasideError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InitError(status) => write!(formatter, "Cannot initialise the list: {status}"),
        }
    }
}

impl core::error::Error for LookasideError {}
