//! The slot of an isolate: where an export says what went wrong, and leaves a value beside its
//! status. JavaScript reads it through its view of the metadata.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use ntoskrnl_emu::host::forget_routine;
use ntoskrnl_emu::host::layout::Slot;
use ntoskrnl_emu::{BugCheck, Stop, catch_stop};
use wdm::{BAD_POOL_CALLER, DRIVER_VERIFIER_DETECTED_VIOLATION, NtStatus, STATUS_INTERNAL_ERROR};

use crate::stay;

exports! {
    /// Writes the report of the newest stop of this thread to an array, as UTF-8, cut to fit: as text,
    /// a zero byte, and as JSON. Returns the bytes of the whole, 0 when there was no stop.
    fn lookaside_stop_report(into: *mut u8, capacity: u32) -> u32 {
        let text = STOP.get().map_or(String::new(), |stop| {
            let report = stop.report();
            format!("{report}\0{}", report.to_json())
        });
        if !into.is_null() {
            let count = text.len().min(capacity as usize);
            // SAFETY: the array has `capacity` bytes, which are the caller's during the call.
            unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), into, count) };
        }
        u32::try_from(text.len()).unwrap_or(u32::MAX)
    }
}

thread_local! {
    /// The newest stop of this thread.
    static STOP: Cell<Option<BugCheck>> = const { Cell::new(None) };
}

/// Whether this thread has an isolate.
pub(crate) fn is_occupied() -> bool {
    of_this_thread().is_some()
}

/// A status as JavaScript writes it: unsigned.
pub(crate) fn number(status: NtStatus) -> u32 {
    status.code().cast_unsigned()
}

/// What an export's work came to.
enum Outcome<T> {
    Done(T),
    Failed(NtStatus),
    BugCheck(BugCheck),
}

#[inline]
fn outcome<T>(work: impl FnOnce() -> Result<T, NtStatus>) -> Outcome<T> {
    forget_routine();
    // Two layers: a bug check or a raised status is an answer. Any other unwind is a fault of this
    // library, which must not cross into the caller's frames either.
    match catch_unwind(AssertUnwindSafe(|| catch_stop(work))) {
        Ok(Ok(Ok(value))) => Outcome::Done(value),
        Ok(Ok(Err(status)) | Err(Stop::Raised(status))) => Outcome::Failed(status),
        Ok(Err(Stop::BugCheck(stop))) => {
            STOP.set(Some(stop));
            Outcome::BugCheck(stop)
        }
        Err(_) => Outcome::Failed(STATUS_INTERNAL_ERROR),
    }
}

/// An export that answers with a status: 0, or 1 when the slot says what went wrong.
#[inline]
pub(crate) fn status(work: impl FnOnce() -> Result<(), NtStatus>) -> u32 {
    match outcome(work) {
        Outcome::Done(()) => 0,
        failure => report(&failure),
    }
}

/// An export that answers with an entry or a count: 0 for none, and then the slot says why.
#[inline]
pub(crate) fn answer(work: impl FnOnce() -> Result<u32, NtStatus>) -> u32 {
    match outcome(work) {
        Outcome::Done(value) if value != 0 => value,
        nothing => {
            report(&nothing);
            0
        }
    }
}

/// An export that returns nothing: what it came to stands in the slot, success too, with the value
/// beside it, 0 where there is none.
#[inline]
pub(crate) fn deliver(work: impl FnOnce() -> Result<u32, NtStatus>) {
    let outcome = outcome(work);
    leave_value(match outcome {
        Outcome::Done(value) => value,
        Outcome::Failed(_) | Outcome::BugCheck(_) => 0,
    });
    report(&outcome);
}

fn of_this_thread() -> Option<&'static Slot> {
    stay::with(|stay| stay.slot.get()).flatten()
}

// Relaxed throughout: the slot is this thread's, and JavaScript reads it on this thread.

fn report<T>(outcome: &Outcome<T>) -> u32 {
    let Some(slot) = of_this_thread() else {
        return 1;
    };
    let (kind, code, parameters) = match outcome {
        Outcome::Done(_) => (0, 0, [0; 4]),
        Outcome::Failed(status) => (1, number(*status), [0; 4]),
        Outcome::BugCheck(stop) => (2, stop.code, without_caller(*stop)),
    };
    slot.kind.store(kind, Ordering::Relaxed);
    slot.code.store(code, Ordering::Relaxed);
    for (place, parameter) in slot.parameters.iter().zip(parameters) {
        place.store(parameter, Ordering::Relaxed);
    }
    1
}

/// The parameters of a stop. The caller's address is left out: JavaScript's has none, and that of this
/// library says nothing.
fn without_caller(stop: BugCheck) -> [u64; 4] {
    match (stop.code, stop.parameters) {
        (BAD_POOL_CALLER, [kind @ 0x9B..=0x9D, second, third, _]) => [kind, second, third, 0],
        (DRIVER_VERIFIER_DETECTED_VIOLATION, [0x2000, _, third, fourth]) => {
            [0x2000, 0, third, fourth]
        }
        (_, parameters) => parameters,
    }
}

/// Leaves a value for JavaScript beside what the call came to.
pub(crate) fn leave_value(value: u32) {
    if let Some(slot) = of_this_thread() {
        slot.value.store(value, Ordering::Relaxed);
    }
}

thread_local! {
    // No destructor: it is used while the thread ends.
    /// Whether the innermost export that runs on this thread may call back.
    static ALLOWED: Cell<bool> = const { Cell::new(false) };
}

/// Sets whether this thread may call back, as long as it lives.
pub(crate) struct Allowance(bool);

impl Allowance {
    pub(crate) fn set(is_allowed: bool) -> Self {
        Self(ALLOWED.replace(is_allowed))
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        ALLOWED.set(self.0);
    }
}

/// Runs an export inside which callbacks may be called.
pub(crate) fn allowed<T>(export: impl FnOnce() -> T) -> T {
    let _before = Allowance::set(true);
    export()
}

/// Whether the export under way on this thread may call back.
pub(crate) fn are_callbacks_allowed() -> bool {
    ALLOWED.get()
}
