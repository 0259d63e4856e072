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
mod depth_policy;
pub(crate) mod driver;
mod exhaust;
mod fault;
mod left;
mod lists;
mod policy_choice;
#[cfg(not(loom))]
mod values;

pub use balance::{set_depth, tick, tick_driver};
pub use depth_policy::{
    DepthPolicy, DepthState, FLOOR, MISS_RATIO, Period, SETTLED, UnknownDepthPolicy,
};
pub use driver::{Driver, Guard};
pub use exhaust::{FaultFailure, FaultReport};
pub use fault::Faults;
pub use left::{Leak, LeakKind, leak_text};
pub use lists::{
    abandon, close_list, confine, confined_to, has_callbacks, id, is_allocated_from, is_live, kind,
    list, refusal_of, set_own_entries_only, share, validate_arguments, why_not_live,
};
pub use policy_choice::{
    DEPTH_POLICY_VARIABLE, configure_depth_policy, depth_policy, ignore_environment,
};
#[cfg(not(loom))]
pub use values::{
    HeaderValues, PageValues, RecordValues, TagRowValues, header, page, record, state, tag_row,
    usage,
};

pub use crate::bug_check::{Armed, arm, in_foreign_frame, stop_of};
pub use crate::caller::{EntryPoint, set_entry_points};
pub use crate::list::{calling_list, hit, hit_many, keep, keep_many};
pub use crate::memory::region::{
    DEFAULT_MEBIBYTES, MAXIMUM_MEBIBYTES, Region, configure, map, mapped,
};
pub use crate::pool::heap::use_mapping;
pub use crate::pool::{Block, POISON, POISONED_BYTES, block_at};
pub use crate::registry::{holds_list, id_of};

/// Forgets the routine that the calling thread called last, so that a report of a stop does not name
/// it: the caller raises stops of its own.
pub fn forget_routine() {
    crate::scope::doing(crate::scope::Doing::NOTHING);
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
    pub use crate::owner::{SHARED, begin, current};
}

/// Every stop that the emulation raises.
pub mod stops {
    pub use crate::stops::*;
}
