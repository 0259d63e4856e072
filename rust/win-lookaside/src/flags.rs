//! Flags of a list.

use wdm::{EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL};

/// Flags of `ExInitializeLookasideListEx`.
///
/// They can hold illegal values: the routine judges (`nf-wdm-exinitializelookasidelistex`).
///
/// # Examples
///
/// ```
/// use win_lookaside::{Flags, LookasideAlloc, PoolType};
///
/// let flags = Flags::FAIL_NO_RAISE;
/// let list = LookasideAlloc::new();
/// list.init(64, PoolType::PAGED_POOL, None, Some(flags.into()), None, None)?;
/// # Ok::<(), win_lookaside::LookasideError>(())
/// ```
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// No flag: a failed allocation is null.
    pub const NONE: Self = Self(0);
    /// `EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL`: the allocate callback is asked to raise an
    /// exception when it fails (its pool type has the bit 0x10).
    pub const RAISE_ON_FAIL: Self = Self(EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL);
    /// `EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE`: an allocate callback that charges quota is asked
    /// not to raise when it fails (its pool type has the bit 8).
    pub const FAIL_NO_RAISE: Self = Self(EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE);
}

impl From<u32> for Flags {
    fn from(value: u32) -> Self {
        Self(value)
    }
}

impl From<Flags> for u32 {
    fn from(value: Flags) -> Self {
        value.0
    }
}
