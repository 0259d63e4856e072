//! The routines of `wdm.h`, one file a family.

#[cfg(not(loom))]
pub(crate) mod bit_map;
#[cfg(not(loom))]
pub(crate) mod device;
#[cfg(not(loom))]
pub(crate) mod driver_entry;
#[cfg(not(loom))]
pub(crate) mod event;
#[cfg(not(loom))]
pub(crate) mod ex_spin_lock;
#[cfg(not(loom))]
pub(crate) mod interlocked_list;
pub(crate) mod irql;
pub(crate) mod lookaside_ex;
pub(crate) mod lookaside_legacy;
#[cfg(not(loom))]
pub(crate) mod mutex;
pub(crate) mod pool;
#[cfg(not(loom))]
pub(crate) mod processor;
#[cfg(not(loom))]
pub(crate) mod push_lock;
#[cfg(not(loom))]
pub(crate) mod queued_spin_lock;
#[cfg(not(loom))]
pub(crate) mod region;
#[cfg(not(loom))]
pub(crate) mod request;
#[cfg(not(loom))]
pub(crate) mod resource;
#[cfg(not(loom))]
pub(crate) mod rundown;
pub(crate) mod slist;
pub(crate) mod spin_lock;
pub(crate) mod stop;
#[cfg(not(loom))]
pub(crate) mod string;
#[cfg(not(loom))]
pub(crate) mod system_routine;
#[cfg(not(loom))]
pub(crate) mod thread;
#[cfg(not(loom))]
pub(crate) mod time;
#[cfg(not(loom))]
pub(crate) mod wait;
pub(crate) mod wdf;

use crate::bug_check;
use crate::caller::{self, EntryPoint};
use crate::pool::describe;

/// The routines that a report or a stack is to begin after.
static ROUTINES: [EntryPoint; 25] = [
    EntryPoint(pool::ExAllocatePoolWithTag as *const ()),
    EntryPoint(pool::ExAllocatePoolWithQuotaTag as *const ()),
    EntryPoint(pool::ExAllocatePool2 as *const ()),
    EntryPoint(pool::ExFreePool as *const ()),
    EntryPoint(pool::ExFreePoolWithTag as *const ()),
    EntryPoint(lookaside_ex::ExInitializeLookasideListEx as *const ()),
    EntryPoint(lookaside_ex::ExAllocateFromLookasideListEx as *const ()),
    EntryPoint(lookaside_ex::ExFreeToLookasideListEx as *const ()),
    EntryPoint(lookaside_ex::ExFlushLookasideListEx as *const ()),
    EntryPoint(lookaside_ex::ExDeleteLookasideListEx as *const ()),
    EntryPoint(lookaside_ex::default_allocate as *const ()),
    EntryPoint(lookaside_legacy::ExInitializeNPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExInitializePagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExAllocateFromNPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExAllocateFromPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExFreeToNPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExFreeToPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExDeleteNPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExDeletePagedLookasideList as *const ()),
    EntryPoint(slist::InitializeSListHead as *const ()),
    EntryPoint(slist::ExpInterlockedPushEntrySList as *const ()),
    EntryPoint(slist::ExpInterlockedPopEntrySList as *const ()),
    EntryPoint(stop::ExRaiseStatus as *const ()),
    EntryPoint(stop::ExRaiseAccessViolation as *const ()),
    EntryPoint(stop::ExRaiseDatatypeMisalignment as *const ()),
];

/// Lets a stop that is raised from now on name its caller. Called by what comes before any such stop,
/// and is no hit.
fn name_callers() {
    caller::set_routines(&ROUTINES);
    bug_check::describe_blocks_by(describe::describe);
}
