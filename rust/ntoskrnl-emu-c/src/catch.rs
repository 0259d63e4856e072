//! Stops that C catches: by a function ([`catch`]), or by a frame that a macro of `emu.h` arms.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::panic::resume_unwind;

use emu::host::{Armed, arm, stop_of};
use emu::{BugCheck, Stop, catch_stop};
use wdm::{NtStatus, STATUS_SUCCESS};

/// What ended a call (`emu_stop`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EmuStop {
    kind: u32,
    code: u32,
    status: NtStatus,
    parameters: [u64; 4],
}

const RETURNED: u32 = 0;
const STOPPED: u32 = 1;
const RAISED: u32 = 2;

impl EmuStop {
    const NONE: Self = Self {
        kind: RETURNED,
        code: 0,
        status: STATUS_SUCCESS,
        parameters: [0; 4],
    };

    fn of(stop: Stop) -> Self {
        match stop {
            Stop::BugCheck(BugCheck { code, parameters }) => Self {
                kind: STOPPED,
                code,
                parameters,
                ..Self::NONE
            },
            Stop::Raised(status) => Self {
                kind: RAISED,
                status,
                ..Self::NONE
            },
        }
    }
}

/// A catcher in a frame of C (`emu_frame`); the jump buffer of the C library lies behind it.
#[repr(C)]
pub struct EmuFrame {
    stop: EmuStop,
    leap: Option<EmuLeap>,
}

/// Leaves a frame by its jump buffer.
pub type EmuLeap = unsafe extern "C-unwind" fn(*mut EmuFrame) -> !;
/// What `emu_catch` runs.
pub type EmuRun = unsafe extern "C-unwind" fn(*mut c_void);

thread_local! {
    /// The catchers of C that are armed on this thread, the innermost last; null for an `emu_catch`.
    static CATCHERS: RefCell<Vec<(*mut EmuFrame, Armed)>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, a stop unwinds through the frames of C.
pub struct Between {
    count: usize,
}

impl Between {
    /// Begins it.
    #[allow(clippy::new_without_default, reason = "it does something")]
    pub fn new() -> Self {
        let count = CATCHERS.with_borrow(Vec::len);
        push(std::ptr::null_mut());
        Self { count }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        pop_to(self.count);
    }
}

fn push(frame: *mut EmuFrame) {
    CATCHERS.with_borrow_mut(|catchers| catchers.push((frame, arm())));
}

/// Disarms catchers, the innermost first, until so many are left.
fn pop_to(count: usize) {
    CATCHERS.with_borrow_mut(|catchers| {
        while catchers.len() > count {
            drop(catchers.pop());
        }
    });
}

/// Runs a function and returns what ended it.
///
/// # Safety
///
/// `run` can be called with `context`; a stop may unwind its frames. `stop` is null, or an `emu_stop`
/// can be written there.
pub unsafe fn catch(run: EmuRun, context: *mut c_void, stop: *mut EmuStop) -> u32 {
    let ended = catch_stop(|| {
        let _between = Between::new();
        // SAFETY: by the caller's word.
        unsafe { run(context) }
    });
    let ended = ended.err().map_or(EmuStop::NONE, EmuStop::of);
    if !stop.is_null() {
        // SAFETY: by the caller's word.
        unsafe { stop.write(ended) };
    }
    ended.kind
}

/// Arms a frame.
///
/// # Safety
///
/// `frame` stays where it is until it is disarmed, and its jump buffer is set.
pub unsafe fn arm_frame(frame: *mut EmuFrame, leap: EmuLeap) {
    let armed = EmuFrame {
        stop: EmuStop::NONE,
        leap: Some(leap),
    };
    // SAFETY: by the caller's word.
    unsafe { frame.write(armed) };
    push(frame);
}

/// Disarms a frame, and those in it that were left without it.
pub fn disarm_frame(frame: *mut EmuFrame) {
    let found = CATCHERS.with_borrow(|catchers| catchers.iter().rposition(|one| one.0 == frame));
    if let Some(count) = found {
        pop_to(count);
    }
}

/// Goes on with an unwind that reached an export: to the frame of C that is armed innermost, or
/// through the frames of C to an `emu_catch`.
#[cold]
pub fn leave(payload: Box<dyn Any + Send>) -> ! {
    let innermost = CATCHERS.with_borrow(|catchers| catchers.last().map(|one| one.0));
    let frame = innermost.unwrap_or(std::ptr::null_mut());
    let Some(stop) = stop_of(payload.as_ref()).filter(|_| !frame.is_null()) else {
        resume_unwind(payload);
    };
    drop(payload);
    disarm_frame(frame);
    // SAFETY: an armed frame, which stays where it is until it is disarmed.
    let place = unsafe { &mut *frame };
    place.stop = EmuStop::of(stop);
    let Some(leap) = place.leap else {
        std::process::abort();
    };
    // SAFETY: its jump buffer is set, and between it and here lie frames of C and the export's, which
    // has nothing left to drop.
    unsafe { leap(frame) }
}

/// Writes the report of a stop as text, cut to fit, with a zero at its end; returns its whole length.
///
/// # Safety
///
/// `stop` is an `emu_stop`; so many bytes can be written to `into`.
pub unsafe fn report(stop: *const EmuStop, into: *mut c_char, bytes: usize) -> usize {
    // SAFETY: by the caller's word.
    let stop = unsafe { *stop };
    let text = match stop.kind {
        STOPPED => BugCheck {
            code: stop.code,
            parameters: stop.parameters,
        }
        .report()
        .to_string(),
        RAISED => format!("*** Unhandled exception {}", stop.status),
        _ => String::new(),
    };
    if let Some(room) = bytes.checked_sub(1) {
        let count = text.len().min(room);
        // SAFETY: `bytes` can be written, by the caller's word, and the text has so many.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), into.cast::<u8>(), count) };
        // SAFETY: as above; `count` is below `bytes`.
        unsafe { into.wrapping_add(count).write(0) };
    }
    text.len()
}
