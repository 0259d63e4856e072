//! Guarded sections: `__try`, `__except` and `__finally` of `emu_seh.h`.
//!
//! An exception goes to the innermost section on the thread. In C that section is a frame with a jump
//! buffer: the frames below it are unwound first, so that their cleanups and the destructors of C++ run
//! ([`unwind`]), and the jump leaves none but the unwinder's. In C++ the section is a `try`, and the leap
//! throws. A section that does not end the exception raises it once more.

use std::cell::RefCell;
use std::mem::offset_of;

use emu::host::{guard, raised_at};
use wdm::NtStatus;

use crate::catch::{self, LEAVING, Place, disarm, push};
use crate::exports::refuse_by;

/// The unwinder's own part of an exception (`_Unwind_Exception`): the greatest of the systems' is that
/// of Windows.
#[repr(C, align(16))]
pub struct UnwindException {
    class: u64,
    cleanup: Option<unsafe extern "C" fn()>,
    private: [usize; 6],
}

/// A guarded section in a frame of C or C++ (`emu_seh_frame`).
#[repr(C)]
pub struct SehFrame {
    exception: UnwindException,
    leap: Option<SehLeap>,
    /// Where the stack of the section's function ends: the frames below are unwound. Zero where the
    /// leap unwinds them.
    stack: usize,
    address: u64,
    status: NtStatus,
    is_finally: u32,
}

// As `emu_seh.h` has it.
const _: () = assert!(size_of::<SehFrame>() == 96 && offset_of!(SehFrame, is_finally) == 92);

/// Goes to a guarded section.
pub type SehLeap = unsafe extern "C-unwind" fn(*mut SehFrame) -> !;

thread_local! {
    /// The exceptions that functions of C handle: the function's frame and the status.
    static HANDLED: RefCell<Vec<(usize, NtStatus)>> = const { RefCell::new(Vec::new()) };
}

/// Arms a guarded section.
///
/// # Safety
///
/// `frame` is initialised, but for what an exception writes, and stays where it is until it is disarmed.
pub unsafe fn enter(frame: *mut SehFrame) {
    // SAFETY: by the caller's word.
    let is_finally = unsafe { (*frame).is_finally };
    push(Place::Guard(frame), guard(is_finally == 0));
}

/// Disarms a guarded section whose end was reached.
pub fn end(frame: *mut SehFrame) {
    disarm(Place::Guard(frame));
}

/// Disarms a guarded section whose scope is left; one that is armed still is left by a jump.
///
/// # Safety
///
/// `frame` is that of [`enter`].
pub unsafe fn left(frame: *mut SehFrame) {
    // SAFETY: by the caller's word.
    let is_finally = unsafe { (*frame).is_finally };
    if disarm(Place::Guard(frame)).is_some() && is_finally != 0 {
        refuse(
            "return, goto, break, continue or an exception of C++ left a __try that has a __finally; \
             __leave runs the __finally",
        );
    }
}

/// Ends the process where a `__finally` is left before its end, unless by a stop.
pub fn left_finally() {
    if !LEAVING.get() {
        refuse("return, goto, break or continue left a __finally");
    }
}

/// Disarms a guarded section at which an exception has arrived, and what was armed in it.
pub fn arrive(frame: *mut SehFrame) {
    catch::arrive(Place::Guard(frame));
}

/// Ends the process: no code can run a `__finally` that a jump has passed.
fn refuse(why: &str) -> ! {
    refuse_by("emu_seh.h", why)
}

/// Notes the exception that a function of C handles, by its frame. Functions that it called have
/// returned.
pub fn handle(function: usize, status: NtStatus) {
    HANDLED.with_borrow_mut(|handled| {
        handled.retain(|&(other, _)| other > function);
        handled.push((function, status));
    });
}

/// The exception that a function of C handles, zero for none.
pub fn code(function: usize) -> u32 {
    HANDLED.with_borrow(|handled| {
        let found = handled.iter().find(|&&(other, _)| other == function);
        found.map_or(0, |&(_, status)| status.code().cast_unsigned())
    })
}

/// Takes an exception to a guarded section.
///
/// # Safety
///
/// It is armed. Between its frame and the caller lie frames that may be unwound, and those of Rust have
/// nothing to drop.
pub unsafe fn leap_to(frame: *mut SehFrame, status: NtStatus) -> ! {
    // SAFETY: an armed frame stays where it is.
    let place = unsafe { &mut *frame };
    place.status = status;
    place.address = raised_at();
    LEAVING.set(true);
    if place.stack != 0 {
        // SAFETY: by the caller's word.
        unsafe { unwind::to(frame) };
    }
    // SAFETY: by the caller's word.
    unsafe { leap(frame) }
}

/// # Safety
///
/// As of [`leap_to`].
unsafe fn leap(frame: *mut SehFrame) -> ! {
    // SAFETY: an armed frame stays where it is.
    let Some(leap) = (unsafe { (*frame).leap }) else {
        std::process::abort();
    };
    // SAFETY: by the caller's word.
    unsafe { leap(frame) }
}

/// The unwinder of the C++ ABI, whose forced unwind runs cleanups only.
#[cfg(unix)]
mod unwind {
    use std::ffi::{c_int, c_void};

    use super::{SehFrame, leap};

    /// `_UA_END_OF_STACK`
    const END_OF_STACK: c_int = 16;
    /// `_URC_NO_REASON`
    const GO_ON: c_int = 0;

    type Stop = unsafe extern "C-unwind" fn(
        c_int,
        c_int,
        u64,
        *mut c_void,
        *mut c_void,
        *mut c_void,
    ) -> c_int;

    unsafe extern "C-unwind" {
        fn _Unwind_ForcedUnwind(
            exception: *mut super::UnwindException,
            stop: Stop,
            argument: *mut c_void,
        ) -> c_int;
    }
    unsafe extern "C" {
        fn _Unwind_GetCFA(context: *mut c_void) -> usize;
    }

    /// Unwinds the frames below that of a guarded section, and goes there. It returns where the unwinder
    /// does not know the frames.
    ///
    /// # Safety
    ///
    /// As of [`leap_to`](super::leap_to).
    pub unsafe fn to(frame: *mut SehFrame) {
        // SAFETY: an armed frame stays where it is.
        let exception = unsafe { &raw mut (*frame).exception };
        // SAFETY: it is this function's to write; no other exception is on its way to this frame.
        unsafe {
            exception.write(super::UnwindException {
                class: u64::from_be_bytes(*b"NTEMUSEH"),
                cleanup: None,
                private: [0; 6],
            });
        }
        // SAFETY: by the caller's word; `at` ends the unwind at the frame.
        unsafe { _Unwind_ForcedUnwind(exception, at, frame.cast()) };
    }

    /// Called for each frame before it is unwound.
    unsafe extern "C-unwind" fn at(
        _version: c_int,
        actions: c_int,
        _class: u64,
        _exception: *mut c_void,
        context: *mut c_void,
        frame: *mut c_void,
    ) -> c_int {
        let frame = frame.cast::<SehFrame>();
        // SAFETY: the frame's part that is not changed while it is armed.
        let stack = unsafe { (*frame).stack };
        // The end of the callee's stack, which is where that of this context's function ends.
        // SAFETY: the unwinder's context.
        let end = unsafe { _Unwind_GetCFA(context) };
        if end < stack && actions & END_OF_STACK == 0 {
            return GO_ON;
        }
        // SAFETY: all between is unwound, or unknown to the unwinder; only its own frames are left.
        unsafe { leap(frame) }
    }
}

/// On Windows the jump itself unwinds.
#[cfg(not(unix))]
mod unwind {
    /// # Safety
    ///
    /// None.
    pub unsafe fn to(_frame: *mut super::SehFrame) {}
}
