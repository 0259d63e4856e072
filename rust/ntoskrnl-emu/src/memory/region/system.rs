//! Address space from the operating system.

#[cfg_attr(miri, path = "system/miri.rs")]
#[cfg_attr(all(unix, not(miri)), path = "system/unix.rs")]
#[cfg_attr(all(windows, not(miri)), path = "system/windows.rs")]
mod backend;

pub(super) use backend::{release, reserve};
