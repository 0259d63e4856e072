//! The client: sends compiled traces to the driver and writes its answers as JSON lines.
//!
//! | command | does | writes |
//! |---|---|---|
//! | `info` | asks the driver about itself | one line |
//! | `replay FILE…` | runs compiled traces, each with a handle of its own | a line per operation |
//! | `contract` | runs the contract tests in the kernel | a line per test |
//! | `probe` | makes a driver that is built for it panic | nothing |
//! | `malformed SEED COUNT` | sends requests that must be refused, or run like any other | one line |
//! | `hold FILE` | runs a file and then waits, to be killed with its handle open | as `replay` |
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | a contract test failed, or a request was answered wrongly |
//! | 2 | called wrongly |
//! | 3 | the device is missing: the driver is not running |
//! | 4 | the device cannot be opened: not an administrator, or too many handles |
//! | 5 | the driver refused a request, or answered in another version |
//! | 6 | a file cannot be read, or is not a compiled trace |
#![cfg_attr(windows, no_std, no_main)]

// On the host only the library is of use: `cargo test` wants to build this all the same.
#[cfg(not(windows))]
fn main() {
    eprintln!("The client is for Windows");
}

#[cfg(windows)]
extern crate alloc;

#[cfg(windows)]
mod client;
#[cfg(windows)]
mod commands;
#[cfg(windows)]
mod device;
#[cfg(windows)]
mod windows;
