//! What the driver and its client send each other.
//!
//! [`wire`] is the format, [`shape`] the check of a program before it runs, [`compiled`] the file that
//! a trace becomes, [`malformed`] a supply of requests that a driver must refuse. None of them knows a
//! kernel: the driver, its client and the tests of the host compile the same files.
#![no_std]

pub mod compiled;
pub mod malformed;
pub mod shape;
pub mod wire;
