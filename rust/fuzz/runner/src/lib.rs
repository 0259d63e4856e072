//! The part of the driver that runs programs, over the emulation.
//!
//! These are the driver's own files. What surrounds them there (the device, its handles, loading and
//! unloading) needs a kernel.
#![no_std]
#![allow(dead_code, reason = "the device uses the rest")]

#[path = "../../../driver/src/callbacks.rs"]
mod callbacks;
#[path = "../../../driver/src/list.rs"]
mod list;
#[path = "../../../driver/src/ordinals.rs"]
mod ordinals;
#[path = "../../../driver/src/pool.rs"]
mod pool;
#[path = "../../../driver/src/run.rs"]
pub mod run;

pub use list::lists;
pub use pool::blocks;

/// Bytes that a list of a handle takes.
pub const LIST_BYTES: usize = size_of::<list::List>();
