//! An allocator over Windows lookaside lists, for kernel drivers and, over an emulated kernel,
//! for user mode.
//!
//! A lookaside list is the kernel's cache of entries of one size: what is freed stays on the list,
//! the last freed first, up to a depth that the system tunes, and is handed out again without going
//! back to pool. [`LookasideAlloc`] owns such a list for any number of threads,
//! [`LocalLookasideAlloc`] for one. Both implement `Allocator` of the crate `allocator-api2`, and
//! every failure is a value: nothing here panics.
//!
//! With `--cfg kernel_mode` and a Windows target the routines are those of `ntoskrnl.exe`; without
//! it they are the crate `ntoskrnl-emu`'s. Nothing above that choice differs.
//!
//! # Examples
//!
//! ```
//! use win_lookaside::{LookasideAlloc, PoolType};
//!
//! let list = LookasideAlloc::new();
//! list.init(64, PoolType::NON_PAGED_POOL_NX, None, None, None, None)?;
//!
//! let entry = list.alloc();
//! assert!(!entry.is_null());
//! // SAFETY: the entry came from this list and is freed once.
//! unsafe { list.free(entry) };
//! assert_eq!(list.alloc(), entry, "the entry freed last comes first");
//! # // SAFETY: as above.
//! # unsafe { list.free(entry) };
//! # Ok::<(), win_lookaside::LookasideError>(())
//! ```
//!
//! With collections that take an allocator and can fail:
//!
//! ```
//! # #![cfg_attr(feature = "allocator_api", feature(allocator_api))]
//! use allocator_api2::boxed::Box;
//! use win_lookaside::{LookasideAlloc, PoolType};
//!
//! struct Request {
//!     length: usize,
//! }
//!
//! let size = size_of::<Request>();
//! let list = LookasideAlloc::try_new(size, PoolType::NON_PAGED_POOL_NX, None, None, None, None)?;
//! let Ok(request) = Box::try_new_in(Request { length: 512 }, &list) else {
//!     return Ok(()); // no memory: an ordinary outcome
//! };
//! assert_eq!(request.length, 512);
//! # Ok::<(), win_lookaside::LookasideError>(())
//! ```
//!
//! # IRQL
//!
//! Each method names the highest level at which it may be called. The levels are those of the
//! routine underneath, from its page in the WDK reference (`nf-wdm-…`).
//!
//! # Implementation
//!
//! A handle is one atomic pointer: null, *busy* while a list is being initialised, or the control
//! block. The control block (the `LOOKASIDE_LIST_EX` and one context pointer) has a nonpaged pool
//! block of its own, because the kernel links lists together: they must never move. The handle may.
#![no_std]
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

mod allocator;
mod callback;
mod control_block;
mod error;
mod ex;
mod flags;
mod handle;
mod init_args;
mod lookaside_alloc;
#[cfg(doctest)]
mod must_not_compile;
// Its examples are for stable Rust: with nightly's trait they would have to name the feature.
#[cfg(all(doctest, not(feature = "allocator_api")))]
#[doc = include_str!("../README.md")]
mod readme {}
mod stats;

pub use callback::{AllocateFunctionEx, FreeFunctionEx, context_of};
pub use error::{LookasideError, LookasideResult};
pub use ex::{
    ExAllocateFromLookasideListEx, ExAllocateFromNPagedLookasideList,
    ExAllocateFromPagedLookasideList, ExAllocatePoolWithTag, ExDeleteLookasideListEx,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFlushLookasideListEx, ExFreePool,
    ExFreePoolWithTag, ExFreeToLookasideListEx, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeLookasideListEx, ExInitializeNPagedLookasideList,
    ExInitializePagedLookasideList, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, KeBugCheckEx, Origin, Origins, origins, resolve,
};
pub use flags::Flags;
pub use init_args::{DEFAULT_POOL_TAG, InitArgs};
pub use lookaside_alloc::{Confined, List, LocalLookasideAlloc, LookasideAlloc, Shared};
pub use stats::Stats;
pub use wdm::LookasideListEx as LookasideList;
pub use wdm::{AllocateFunctionExRaw, FreeFunctionExRaw, NtStatus, PoolTag, PoolType};
