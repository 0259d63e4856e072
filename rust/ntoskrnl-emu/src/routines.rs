//! The routines of `wdm.h`, one file a family.

pub(crate) mod irql;
pub(crate) mod lookaside_ex;
pub(crate) mod lookaside_legacy;
pub(crate) mod pool;
pub(crate) mod slist;
pub(crate) mod spin_lock;
pub(crate) mod stop;
