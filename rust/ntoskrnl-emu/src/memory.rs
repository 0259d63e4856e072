//! Memory: the two mappings, what stands in them, and the structures that the WDK lays out.
//!
//! Nothing here knows a pool or a list.

pub(crate) mod control_block;
pub(crate) mod layout;
pub(crate) mod probe;
pub(crate) mod region;
pub(crate) mod slist_header;
