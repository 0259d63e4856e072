//! Stops that C catches: by a function ([`catch`]), by a frame that a macro of `emu.h` arms, or, where they
//! are exceptions, by a guarded section of `emu_seh.h` ([`crate::seh`]).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_void};
use std::panic::resume_unwind;

use emu::host::{Armed, arm, stop_of};
use emu::{BugCheck, Stop, catch_stop};
use wdm::{NtStatus, STATUS_SUCCESS};

use crate::seh::{self, SehFrame};

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
    pub(crate) const NONE: Self = Self {
        kind: RETURNED,
        code: 0,
        status: STATUS_SUCCESS,
        parameters: [0; 4],
    };

    pub(crate) fn of(stop: Stop) -> Self {
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

/// What waits for a stop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An `emu_catch`, which an unwind finds.
    Unwind,
    /// A frame that a macro of `emu.h` armed.
    Frame(*mut EmuFrame),
    /// A guarded section, for exceptions alone.
    Guard(*mut SehFrame),
}

/// One of what waits.
struct Catcher {
    place: Place,
    /// Whether frames were being left when it was armed, as in a destructor that an unwind runs.
    was_leaving: bool,
    _armed: Armed,
}

thread_local! {
    /// What waits on this thread, the innermost last.
    static CATCHERS: RefCell<Vec<Catcher>> = const { RefCell::new(Vec::new()) };
    /// Whether a stop is on its way to what waits for it.
    pub static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, a stop unwinds through the frames of C.
pub struct Between {
    count: usize,
    was_leaving: bool,
}

impl Between {
    /// Begins it.
    #[allow(clippy::new_without_default, reason = "it does something")]
    pub fn new() -> Self {
        let count = CATCHERS.with_borrow(Vec::len);
        push(Place::Unwind, arm());
        Self {
            count,
            was_leaving: LEAVING.get(),
        }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        pop_to(self.count);
        LEAVING.set(self.was_leaving);
    }
}

/// Arms a place, the innermost from now on.
pub fn push(place: Place, armed: Armed) {
    let was_leaving = LEAVING.get();
    CATCHERS.with_borrow_mut(|catchers| {
        catchers.push(Catcher {
            place,
            was_leaving,
            _armed: armed,
        });
    });
}

/// Disarms what waits, the innermost first, until so many are left.
fn pop_to(count: usize) {
    CATCHERS.with_borrow_mut(|catchers| {
        while catchers.len() > count {
            drop(catchers.pop());
        }
    });
}

/// Disarms a place and those in it that were left without it; whether frames were being left when it
/// was armed. `None` where it is not armed.
pub fn disarm(place: Place) -> Option<bool> {
    let (index, was_leaving) = CATCHERS.with_borrow(|catchers| {
        let index = catchers.iter().rposition(|one| one.place == place)?;
        catchers.get(index).map(|one| (index, one.was_leaving))
    })?;
    pop_to(index);
    Some(was_leaving)
}

/// Disarms a place that a stop has reached, and what was armed in it.
pub fn arrive(place: Place) {
    if let Some(was_leaving) = disarm(place) {
        LEAVING.set(was_leaving);
    }
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
    push(Place::Frame(frame), arm());
}

/// Disarms a frame, and those in it that were left without it.
pub fn disarm_frame(frame: *mut EmuFrame) {
    disarm(Place::Frame(frame));
}

/// Ends a fault of special pool in the catcher of C that is armed innermost, if one is: only frames of C
/// lie between. In the midst of them an unwind may begin, for they have nothing to clean up.
pub fn at_fault(stop: BugCheck) {
    let is_caught = |one: &Catcher| !matches!(one.place, Place::Guard(_));
    if CATCHERS.with_borrow(|catchers| catchers.iter().any(is_caught)) {
        leave(Box::new(stop));
    }
}

/// Goes on with an unwind that reached an export: to what waits innermost for it, or through the frames
/// of C to an `emu_catch`.
#[cold]
pub fn leave(payload: Box<dyn Any + Send>) -> ! {
    let stop = stop_of(payload.as_ref());
    let is_exception = matches!(stop, Some(Stop::Raised(_)));
    let waits = |one: &Catcher| is_exception || !matches!(one.place, Place::Guard(_));
    let found = CATCHERS.with_borrow(|catchers| {
        let index = catchers.iter().rposition(waits)?;
        catchers.get(index).map(|one| (index, one.place))
    });
    match (found, stop) {
        (Some((_, Place::Guard(guard))), Some(Stop::Raised(status))) => {
            drop(payload);
            // SAFETY: an armed guarded section, the innermost of what waits; between it and here lie
            // frames of C and C++ and the export's, which has nothing left to drop.
            unsafe { seh::leap_to(guard, status) }
        }
        (Some((_, Place::Frame(frame))), Some(stop)) => {
            drop(payload);
            arrive(Place::Frame(frame));
            // SAFETY: an armed frame, which stays where it is until it is disarmed.
            let place = unsafe { &mut *frame };
            place.stop = EmuStop::of(stop);
            let Some(leap) = place.leap else {
                std::process::abort();
            };
            // SAFETY: its jump buffer is set, and between it and here lie frames of C and the export's,
            // which has nothing left to drop.
            unsafe { leap(frame) }
        }
        (found, _) => {
            // The guarded sections on the way are left, and wait for nothing any more.
            pop_to(found.map_or(0, |(index, _)| index + 1));
            LEAVING.set(true);
            resume_unwind(payload)
        }
    }
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
    // SAFETY: by the caller's word.
    unsafe { write_text(&text, into, bytes) }
}

/// Writes a text, cut to fit, with a zero at its end; returns its whole length.
///
/// # Safety
///
/// So many bytes can be written to `into`.
pub unsafe fn write_text(text: &str, into: *mut c_char, bytes: usize) -> usize {
    if let Some(room) = bytes.checked_sub(1) {
        let count = text.len().min(room);
        // SAFETY: `bytes` can be written, by the caller's word, and the text has so many.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), into.cast::<u8>(), count) };
        // SAFETY: as above; `count` is below `bytes`.
        unsafe { into.wrapping_add(count).write(0) };
    }
    text.len()
}
