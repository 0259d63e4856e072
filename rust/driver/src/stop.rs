//! What happens when Rust panics: a bug check.
//!
//! Nothing in the driver can panic by intent; a panic is a fault in it, and a kernel must not go on
//! after one. The parameters are `LkTs`, the line and the column.

use core::panic::PanicInfo;

use win_lookaside::KeBugCheckEx;

/// `MANUALLY_INITIATED_CRASH`: the code for stops of a driver's own making.
const MANUALLY_INITIATED_CRASH: u32 = 0xE2;
/// Tells the stop from others of that code.
const SIGNATURE: usize = u32::from_le_bytes(*b"LkTs") as usize;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let (line, column) = info.location().map_or((0, 0), |place| {
        (place.line() as usize, place.column() as usize)
    });
    // SAFETY: stopping is always allowed.
    unsafe { KeBugCheckEx(MANUALLY_INITIATED_CRASH, SIGNATURE, line, column, 0) }
}

/// The linker wants it as soon as a memory routine is needed; no floating point is used.
#[unsafe(no_mangle)]
static _fltused: i32 = 0;
