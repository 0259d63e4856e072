//! What a list is initialised with.

use core::ffi::c_void;
use core::ptr::null_mut;

use wdm::{PoolTag, PoolType};

use crate::{AllocateFunctionEx, Flags, FreeFunctionEx};

/// The tag of lists that ask for none: a debugger shows `srLL`.
pub const DEFAULT_POOL_TAG: u32 = u32::from_ne_bytes(*b"srLL");

/// The arguments of `ExInitializeLookasideListEx`, and the context of the callbacks.
///
/// For `init_raw`, which passes them on as they are.
#[derive(Clone, Copy, Debug)]
pub struct InitArgs {
    /// Bytes per entry; the list stores at least 8.
    pub size: usize,
    /// The pool that entries come from.
    pub pool_type: PoolType,
    /// The pool tag of entries.
    pub tag: PoolTag,
    /// The flags.
    pub flags: Flags,
    /// The maximum depth; 0 asks for the usual one. Windows documents it as reserved.
    pub depth: u16,
    /// Makes entries; without one the kernel's pool routine does.
    pub alloc_fn: Option<AllocateFunctionEx>,
    /// Takes entries that the list does not keep; without one the kernel's pool routine does.
    pub free_fn: Option<FreeFunctionEx>,
    /// What [`context_of`](crate::context_of) answers to the callbacks.
    pub context: *mut c_void,
}

impl InitArgs {
    /// The arguments of the safe `init`, its optional ones filled in.
    pub(crate) fn of(
        size: usize,
        pool_type: PoolType,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
    ) -> Self {
        Self {
            size,
            pool_type,
            tag: PoolTag(tag.unwrap_or(DEFAULT_POOL_TAG)),
            flags: Flags(flags.unwrap_or(0)),
            depth: 0,
            alloc_fn,
            free_fn,
            context: null_mut(),
        }
    }

    /// Whether a failed allocation would raise an exception straight into Rust code.
    pub(crate) fn raises_without_callback(&self) -> bool {
        self.flags == Flags::RAISE_ON_FAIL && self.alloc_fn.is_none()
    }
}
