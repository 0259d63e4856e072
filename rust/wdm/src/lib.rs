//! Types, layouts and constants of `wdm.h` that lookaside lists need, for 64-bit targets.
//!
//! Everything is declared by hand from public facts (each item names its source) and every size,
//! alignment and offset is asserted at compile time. There are no functions with effects here:
//! both the emulated and the real kernel use these declarations.
//!
//! Structures take Rust-case names; constants keep their WDK names.
#![no_std]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("wdm describes the 64-bit layouts only");

mod dispatcher;
mod io;
mod lookaside;
mod pool;
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
mod slist;
mod status;
mod string;

pub use dispatcher::*;
pub use io::*;
pub use lookaside::*;
pub use pool::*;
pub use slist::*;
pub use status::*;
pub use string::*;

/// An interrupt request level (`KIRQL`, an unsigned 8-bit value).
pub type Kirql = u8;
/// Interrupt request level of ordinary thread code.
pub const PASSIVE_LEVEL: Kirql = 0;
/// Interrupt request level at which asynchronous procedure calls are held off.
pub const APC_LEVEL: Kirql = 1;
/// Interrupt request level at which the dispatcher is held off: no page faults, no waits.
pub const DISPATCH_LEVEL: Kirql = 2;
/// Bytes in a page of memory.
pub const PAGE_SIZE: usize = 4096;
