//! What the client does that needs no Windows: reading traces, making programs, writing answers.
//!
//! The part that talks to the device is `main.rs`; this part is tested on the host.
#![no_std]

extern crate alloc;

pub mod answer;
pub mod trace;
