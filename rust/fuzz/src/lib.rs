//! Fuzz targets over the emulation, the reader of compiled traces and the driver's programs.
//!
//! | target | an input is | compared with |
//! |---|---|---|
//! | `operations` | operations on lists, S-lists and pool ([`lookaside_check::operation`]) | a naive model, step by step ([`lookaside_check::world`]) |
//! | `stray_writes` | the same, and writes into pool memory ([`stray`]) | the model, for lists whose memory was left alone; rules of damage for the others |
//! | `program` | a compiled trace ([`program`]) | rules of the reader, the check of programs |
//! | `ioctl` | requests to the driver ([`ioctl`]) | the check once more, the naive model record by record |
//!
//! A target is one call. Everything else is here or in `rust/check`, so that it is tested without
//! libFuzzer too: on random bytes, and with models that have flaws.

pub mod ioctl;
pub mod program;
pub mod stray;

#[cfg(test)]
mod tests;
