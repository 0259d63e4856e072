//! Where routines are found.

/// Where a routine is found.
///
/// [`Origins`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the emulation: this is user mode.
    Emulated,
    /// In the running kernel.
    Exported,
    /// In this crate: the running kernel has no such routine.
    Inline,
}

/// Where each routine of Ex lists is found.
///
/// # Examples
///
/// ```
/// use win_lookaside::{Origin, origins};
///
/// assert_eq!(origins().allocate, Origin::Emulated);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origins {
    /// `ExInitializeLookasideListEx`. `Inline`: the kernel tunes none of the lists.
    pub initialize: Origin,
    /// `ExDeleteLookasideListEx`.
    pub delete: Origin,
    /// `ExFlushLookasideListEx`.
    pub flush: Origin,
    /// `ExAllocateFromLookasideListEx`.
    pub allocate: Origin,
    /// `ExFreeToLookasideListEx`.
    pub free: Origin,
}
