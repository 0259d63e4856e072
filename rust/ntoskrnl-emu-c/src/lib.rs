//! The C ABI of `ntoskrnl-emu`: its routines by their WDK names, as `include/ntoskrnl_emu` declares
//! them.
//!
//! A bug check prints its `*** STOP` line and aborts: nothing unwinds into C.

mod exports;
mod not_emulated;
