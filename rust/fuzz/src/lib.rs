//! Fuzz targets over the emulation, the reader of compiled traces and the driver's programs, and the
//! interpreters and models behind them.
//!
//! | target | an input is | compared with |
//! |---|---|---|
//! | `operations` | operations on lists, S-lists and pool ([`operation`]) | a naive model, step by step ([`world`], [`model`]) |
//! | `stray_writes` | the same, and writes into pool memory ([`stray`]) | the model, for lists whose memory was left alone; rules of damage for the others |
//! | `program` | a compiled trace ([`program`]) | rules of the reader, the check of programs |
//! | `ioctl` | requests to the driver ([`ioctl`]) | the check once more, a naive model record by record |
//!
//! A target is one call. Everything else is here, so that it is tested without libFuzzer too: on
//! random bytes, and with models that err.

pub mod callbacks;
pub mod ioctl;
pub mod list;
pub mod memory;
pub mod mistake;
#[path = "../../ntoskrnl-emu/tests/naive/model.rs"]
pub mod model;
pub mod operation;
pub mod program;
pub mod stray;
pub mod world;

#[cfg(test)]
mod tests;
