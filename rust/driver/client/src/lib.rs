//! What the client does that needs no Windows: writing answers.
//!
//! The part that talks to the device is `main.rs`; this part is tested on the host.
#![no_std]

extern crate alloc;

pub mod answer;
