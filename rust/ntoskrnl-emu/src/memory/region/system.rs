//! Address space from the operating system, and the code's own stay in the process.

#[cfg_attr(miri, path = "system/miri.rs")]
#[cfg_attr(all(unix, not(miri)), path = "system/unix.rs")]
#[cfg_attr(all(windows, not(miri)), path = "system/windows.rs")]
mod backend;

pub(crate) use backend::discard;
pub(super) use backend::{release, reserve, stay_loaded};
