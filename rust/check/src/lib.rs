//! One random program for every driver of tests: operations on lists, S-lists and pool, and what
//! the rules make of them.
//!
//! | driver | where an operation comes from | compared with |
//! |---|---|---|
//! | proptest (`tests/property.rs`) | a strategy that shrinks | [`world`] |
//! | libFuzzer (`rust/fuzz`) | bytes, by [`operation::decode`] | [`world`] |
//! | threads (`tests/stress.rs`) | the part of a thread | an owner for each 16 bytes, the sums of the [`model`] |
//!
//! A [`model::Flaw`] is a mistake that is put into the model on purpose: every driver has to find
//! those that its operations can show. All that a test asks of the emulation and that no driver asks
//! of a kernel is in [`host`].
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

pub mod callbacks;
pub mod contents;
pub mod host;
pub mod list;
pub mod model;
pub mod operation;
pub mod random;
pub mod world;

// The examples of docs/rust.md. They are for stable Rust, and no published crate has that page.
#[cfg(all(doctest, not(feature = "allocator_api")))]
#[doc = include_str!("../../../docs/rust.md")]
mod docs {}
