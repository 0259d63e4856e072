//! What the driver and its client say to each other.
//!
//! [`wire`] is the format, [`shape`] the judgement of a program by it, [`malformed`] a supply of
//! requests that must be refused. None of them knows a kernel: the driver, its client and the tests
//! of the host compile the same files.
#![no_std]

pub mod malformed;
pub mod shape;
pub mod wire;
