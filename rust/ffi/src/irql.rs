//! The interrupt request level of the isolate's thread.

use ntoskrnl_emu::host;

use crate::slot::{leave_value, status};

exports! {
    /// The level of this thread.
    fn lookaside_irql() -> u32 { u32::from(host::level()) }

    /// Raises the level of this thread; the one before stands in the slot's value.
    fn lookaside_raise_irql(level: u32) -> u32 {
        status(|| {
            leave_value(u32::from(host::raise_isolate(u8::try_from(level).unwrap_or(u8::MAX))));
            Ok(())
        })
    }

    /// Lowers the level of this thread to the one that the newest raise left.
    fn lookaside_lower_irql(level: u32) -> u32 {
        status(|| {
            host::lower_isolate(u8::try_from(level).unwrap_or(u8::MAX));
            Ok(())
        })
    }
}
