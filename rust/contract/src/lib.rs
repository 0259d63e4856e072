//! What every allocator over a kernel's lookaside lists must do, as a table of tests.
//!
//! The tests are ordinary functions that answer a `Result` and never panic, and the crate knows no
//! kernel: `cargo test` runs the table over the emulation, a driver runs the same table in the
//! kernel and reports the outcomes to its client. [`suite`] is that table, for one type of handle.
//!
//! # Examples
//!
//! ```
//! # #![cfg_attr(feature = "allocator_api", feature(allocator_api))]
//! use lookaside_contract::{Fixture, suite};
//! use win_lookaside::{LookasideAlloc, PoolType};
//!
//! let fixture = Fixture { pool_type: PoolType::NON_PAGED_POOL_NX, tag: 0x7473_6554 };
//! for test in suite::<LookasideAlloc>() {
//!     assert_eq!((test.run)(&fixture), Ok(()), "{}", test.name);
//! }
//! ```
//!
//! # In a kernel
//!
//! Run the tests at `PASSIVE_LEVEL`. They need a `#[global_allocator]` to link, for that is what
//! `Box` and `Vec` bring along; none of them calls it. Under Driver Verifier leave out what is not
//! [`Basis::Documented`]: a list of entries below 8 bytes stops the system there (0xC4, 0xCD).
//!
//! The system tunes the depth of a live list at moments of its own. Tests that look at what a list
//! keeps go by the depth that the list has, and begin again on a new list when it was tuned
//! meanwhile.
#![no_std]
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

mod callbacks;
mod collections;
mod entries;
mod fixture;
mod guard;
mod layouts;
mod lifecycle;
mod list;
// Its example is for stable Rust, as that of lookaside-alloc.
#[cfg(all(doctest, not(feature = "allocator_api")))]
#[doc = include_str!("../README.md")]
mod readme {}
mod resizing;
mod suite;
mod watch;

pub use fixture::{Fixture, Outcome};
pub use list::List;
pub use suite::{Basis, Test, suite};
