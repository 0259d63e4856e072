//! The C ABI of `ntoskrnl-emu`: its routines by their WDK names, as `include/ntoskrnl_emu` declares
//! them.
//!
//! A bug check prints its report and aborts, unless C catches it: by `emu_catch`, up to which it
//! unwinds, or by a macro of `emu.h`, whose frame is left by `longjmp`. An exception also goes to the
//! guarded sections of `emu_seh.h`.

mod at_exit;
mod catch;
mod exhaust;
mod exports;
mod not_emulated;
mod seh;
mod verify;
