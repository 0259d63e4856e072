//! A user-mode twin of the Windows kernel routines behind lookaside lists.
//!
//! The routines bear the WDK's names and keep its layouts and rules, so driver code that is written
//! against `wdm.h` runs here, on Linux, macOS and Windows, without the WDK. The emulation is
//! stricter than Windows where that helps: counters are exact under concurrency, misuse is a bug
//! check that a test can catch with [`catch_bug_check`], and pool allocations can be made to fail.
//!
//! ```
//! use ntoskrnl_emu::*;
//! use wdm::{LookasideListEx, PoolType};
//!
//! let mut list = Box::new(LookasideListEx::ZERO);
//! let list = &raw mut *list;
//! // SAFETY: the list stays where it is until it is deleted below.
//! let status = unsafe {
//!     ExInitializeLookasideListEx(list, None, None, PoolType::NON_PAGED_POOL_NX, 0, 64, 0x6b736f54, 0)
//! };
//! assert!(status.is_ok());
//! // SAFETY: the list is initialised.
//! let first = unsafe { ExAllocateFromLookasideListEx(list) };
//! // SAFETY: as above; the entry was allocated from this list.
//! unsafe { ExFreeToLookasideListEx(list, first) };
//! // SAFETY: as above.
//! let second = unsafe { ExAllocateFromLookasideListEx(list) };
//! assert_eq!(first, second, "the entry freed last is allocated next");
//! // SAFETY: as above.
//! let stop = catch_bug_check(|| unsafe { ExFreeToLookasideListEx(list, second.wrapping_byte_add(16)) });
//! assert_eq!(stop.unwrap_err().code, 0xC2);
//! // SAFETY: as above.
//! unsafe { ExFreeToLookasideListEx(list, second) };
//! // SAFETY: the list is initialised and nobody else uses it.
//! unsafe { ExDeleteLookasideListEx(list) };
//! ```
//!
//! # Layers
//!
//! Bottom up: [`region`] maps the memory, [`pool`] cuts it into blocks, [`registry`] knows the
//! lists, [`slist`] keeps the entries of a list, [`lookaside`] is the rule of allocate and free,
//! [`balance`] tunes depths. [`bug_check`], [`owner`], [`fault`] and [`delay`] serve all of them.

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

#[cfg(panic = "abort")]
compile_error!("a caught bug check is an unwind: build ntoskrnl-emu with panic=unwind");
#[cfg(not(target_endian = "little"))]
compile_error!("the layouts are those of little-endian machines");

pub mod balance;
pub mod bug_check;
pub mod delay;
pub mod driver;
pub mod fault;
pub mod irql;
pub mod layout;
pub mod lookaside;
pub mod owner;
pub mod pool;
pub mod region;
pub mod registry;
pub mod slist;
pub mod spin_lock;
mod sync;

pub use balance::{set_depth, tick};
pub use bug_check::{
    BugCheck, ExRaiseStatus, KeBugCheckEx, Raised, Stop, catch_bug_check, catch_stop,
};
pub use driver::Driver;
pub use irql::{KeGetCurrentIrql, KeLowerIrql, KeRaiseIrqlToDpcLevel, KfRaiseIrql};
pub use lookaside::{
    ExAllocateFromLookasideListEx, ExAllocateFromNPagedLookasideList,
    ExAllocateFromPagedLookasideList, ExDeleteLookasideListEx, ExDeleteNPagedLookasideList,
    ExDeletePagedLookasideList, ExFlushLookasideListEx, ExFreeToLookasideListEx,
    ExFreeToNPagedLookasideList, ExFreeToPagedLookasideList, ExInitializeLookasideListEx,
    ExInitializeNPagedLookasideList, ExInitializePagedLookasideList, abandon, confine, share,
};
pub use pool::{
    ExAllocatePool2, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag, ExFreePool,
    ExFreePoolWithTag,
};
pub use region::configure;
pub use registry::list;
pub use slist::{
    ExQueryDepthSList, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, InitializeSListHead,
};
pub use spin_lock::{
    KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeInitializeSpinLock,
    KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, KeTestSpinLock,
    KeTryToAcquireSpinLockAtDpcLevel,
};
