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
//! // SAFETY: the list is initialised and no other thread uses it.
//! unsafe { ExDeleteLookasideListEx(list) };
//! ```
//!
//! # Layers
//!
//! Bottom up; no file imports from a floor above its own.
//!
//! | floor | what it knows |
//! |---|---|
//! | `sync`, `owner`, `delay`, `scope`, `event_log` | threads, and the file of a recording |
//! | `sanitizer` | the sanitizers in the process |
//! | `memory` | the two mappings, the metadata in one of them, control blocks and S-list headers |
//! | `caller`, `bug_check`, `stops` | how the emulation stops, and every stop |
//! | `pool` | blocks |
//! | `registry` | which lists exist |
//! | `list` | the rule of allocate and free, and damage |
//! | [`host`] | what no driver asks of a kernel |
//! | `routines` | the names of `wdm.h` |

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

#[cfg(panic = "abort")]
compile_error!("a caught bug check is an unwind: build ntoskrnl-emu with panic=unwind");
#[cfg(not(target_endian = "little"))]
compile_error!("the layouts are those of little-endian machines");

mod bug_check;
mod caller;
mod delay;
mod event_log;
pub mod host;
mod list;
mod memory;
#[cfg(all(test, loom))]
mod models;
mod owner;
mod pool;
mod registry;
mod routines;
mod sanitizer;
mod scope;
mod stops;
mod sync;

pub use bug_check::{
    BugCheck, Raised, Report, ReportedParameter, Stop, catch_bug_check, catch_stop,
};
pub use host::{
    DepthPolicy, Driver, FaultFailure, FaultReport, Faults, Guard, Leak, LeakKind, abandon,
    configure, configure_depth_policy, confine, list, set_depth, share, tick,
};
pub use routines::irql::{KeGetCurrentIrql, KeLowerIrql, KeRaiseIrqlToDpcLevel, KfRaiseIrql};
pub use routines::lookaside_ex::{
    ExAllocateFromLookasideListEx, ExDeleteLookasideListEx, ExFlushLookasideListEx,
    ExFreeToLookasideListEx, ExInitializeLookasideListEx,
};
pub use routines::lookaside_legacy::{
    ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeNPagedLookasideList, ExInitializePagedLookasideList,
};
pub use routines::pool::{
    ExAllocatePool2, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag, ExFreePool,
    ExFreePoolWithTag,
};
pub use routines::slist::{
    ExQueryDepthSList, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, InitializeSListHead,
};
pub use routines::spin_lock::{
    KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeInitializeSpinLock,
    KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, KeTestSpinLock,
    KeTryToAcquireSpinLockAtDpcLevel,
};
pub use routines::stop::{ExRaiseStatus, KeBugCheckEx};
