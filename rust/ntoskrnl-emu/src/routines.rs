//! The routines of `wdm.h`, one file a family.

pub(crate) mod irql;
pub(crate) mod lookaside_ex;
pub(crate) mod lookaside_legacy;
pub(crate) mod pool;
pub(crate) mod slist;
pub(crate) mod spin_lock;
pub(crate) mod stop;

use crate::caller::{self, EntryPoint};

/// The routines whose stops name the code that called them.
static NAMING_THEIR_CALLER: [EntryPoint; 9] = [
    EntryPoint(pool::ExAllocatePoolWithTag as *const ()),
    EntryPoint(pool::ExAllocatePoolWithQuotaTag as *const ()),
    EntryPoint(pool::ExAllocatePool2 as *const ()),
    EntryPoint(lookaside_ex::ExAllocateFromLookasideListEx as *const ()),
    EntryPoint(lookaside_ex::default_allocate as *const ()),
    EntryPoint(lookaside_legacy::ExAllocateFromNPagedLookasideList as *const ()),
    EntryPoint(lookaside_legacy::ExAllocateFromPagedLookasideList as *const ()),
    EntryPoint(slist::InitializeSListHead as *const ()),
    EntryPoint(stop::ExRaiseStatus as *const ()),
];

/// Lets a stop that is raised from now on name its caller. Called by what comes before any such stop,
/// and is no hit.
fn name_callers() {
    caller::set_routines(&NAMING_THEIR_CALLER);
}
