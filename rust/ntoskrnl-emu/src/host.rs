//! What no driver asks of a kernel: lists by identifier, ticks, drivers, faults, and the state of
//! the emulation for tests and tools.
//!
//! A function by which safe code could break memory is `unsafe`. To take an entry under a forged
//! owner, or to free one that is still in use, takes an `unsafe` block:
//!
//! ```compile_fail,E0133
//! # use ntoskrnl_emu::host::{hit, owner};
//! let entry = hit(1, owner::current());
//! ```
//!
//! ```compile_fail,E0133
//! # use ntoskrnl_emu::host::{keep, owner};
//! let is_kept = keep(1, 0x1000, owner::current());
//! ```
//!
//! What the emulation believes of its lists and pages is read as plain values:
//!
//! ```
//! # use ntoskrnl_emu::host;
//! let region = host::map()?;
//! let record = host::record(region, 0);
//! assert_eq!(record.list, 0, "no list has record 0");
//! # Ok::<(), wdm::NtStatus>(())
//! ```
//!
//! The atomics themselves are not reachable:
//!
//! ```compile_fail,E0624
//! # use ntoskrnl_emu::host;
//! let region = host::map().unwrap();
//! region.record(1).allocate.store(0x1234, std::sync::atomic::Ordering::Relaxed);
//! ```

pub(crate) mod balance;
#[cfg(not(loom))]
pub mod clock;
mod depth_policy;
pub(crate) mod driver;
#[cfg(not(loom))]
pub(crate) mod driver_objects;
mod exhaust;
mod fault;
mod irql_guard;
mod left;
mod lists;
mod policy_choice;
#[cfg(not(loom))]
pub mod processors;
mod stacks;
#[cfg(not(loom))]
pub mod system_routines;
#[cfg(not(loom))]
mod values;
mod verifier;
#[cfg(not(loom))]
mod views;

pub use balance::{set_depth, tick, tick_driver};
pub use depth_policy::{
    DepthPolicy, DepthState, FLOOR, MISS_RATIO, Period, SETTLED, UnknownDepthPolicy,
};
pub use driver::{Driver, Guard};
#[cfg(not(loom))]
pub use driver_objects::driver_object;
pub use exhaust::{FaultFailure, FaultReport};
pub use fault::{Faults, begin_call_stacks, end_call_stacks};
pub use irql_guard::{IrqlGuard, end_isolate, level, lower_isolate, raise_isolate};
pub use left::{Leak, LeakKind, leak_text};
pub use lists::{
    abandon, address_of, close_list, confine, confined_to, driver_of, has_callbacks, id,
    is_allocated_from, is_live, kind, list, refusal_of, set_own_entries_only, share,
    validate_arguments, why_not_live,
};
pub use policy_choice::{
    DEPTH_POLICY_VARIABLE, configure_depth_policy, depth_policy, ignore_environment,
};
pub use stacks::{allocated_at, configure_stacks, expect_told_stacks, tell_stack};
#[cfg(not(loom))]
pub use values::{
    HeaderValues, PageValues, RecordValues, TagRowValues, header, page, record, state, tag_row,
    usage,
};

pub use verifier::{Verifier, check_environment, tags_of};

#[cfg(not(loom))]
pub use views::debug;

pub use crate::bug_check::{Armed, arm, guard, in_foreign_frame, raise_from, raised_at, stop_of};
pub use crate::caller::{EntryPoint, set_entry_points};
pub use crate::irql::{LIMITS, Limit, Rule};
pub use crate::list::{calling_list, hit, hit_many, keep, keep_many};
#[cfg(not(loom))]
pub use crate::memory::region::DISTANCE;
pub use crate::memory::region::{
    DEFAULT_MEBIBYTES, MAXIMUM_MEBIBYTES, Region, configure, map, mapped,
};
pub use crate::pool::heap::use_mapping;
pub use crate::pool::special::{
    SpecialPool, set_catcher as set_fault_catcher, special_pool_counts,
};
pub use crate::pool::{Block, POISON, POISONED_BYTES, block_at};
pub use crate::registry::{holds_list, id_of};
pub use crate::stack::StackDepth;
pub use crate::switches::Check;
#[cfg(not(loom))]
pub use crate::sync::{Lock, Once};
pub use crate::verifier::{Counters, PoolCounters};

/// Forgets the routine that the calling thread called last, so that a report of a stop does not name
/// it: the caller raises stops of its own.
pub fn forget_routine() {
    crate::scope::doing(crate::scope::Doing::NOTHING);
}

/// Says which blocks come from special pool: on pages of their own, between pages that no access may
/// reach. Before the first block of the process is allocated. On Unix only; elsewhere nothing happens.
///
/// The environment says it for unchanged programs, `EMU_SPECIAL_POOL`.
///
/// # Errors
///
/// STATUS_INVALID_DEVICE_STATE once a block was allocated, or it was said before.
pub fn configure_special_pool(special: SpecialPool) -> Result<(), wdm::NtStatus> {
    if crate::pool::special::configure(special) {
        Ok(())
    } else {
        Err(wdm::STATUS_INVALID_DEVICE_STATE)
    }
}

/// Moments between two steps of a protocol, for tests.
pub mod delay {
    #[cfg(delays)]
    pub use crate::delay::amid;
    pub use crate::delay::point;
}

/// The layout of the metadata.
///
/// The types tell offsets. No function gives a reference to one of these, but for a
/// [`Slot`](layout::Slot): the emulation believes nothing that stands there.
pub mod layout {
    pub use crate::memory::layout::*;
}

/// Owners of confined lists.
pub mod owner {
    pub use crate::owner::{SHARED, begin, current, hitting, resume};
}

/// Every stop that the emulation raises.
pub mod stops {
    pub use crate::stops::*;
}
