//! Bug checks and raised statuses, as unwinds that a test can catch.
//!
//! In a kernel a bug check halts the machine. Here it is raised by
//! [`std::panic::resume_unwind`] when a catcher is armed on this thread and no foreign frame lies
//! between; otherwise it prints its `*** STOP` line and aborts. One that is raised in a destructor
//! while another unwinds prints its line too, before Rust aborts.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use wdm::{NtStatus, STATUS_INSUFFICIENT_RESOURCES};

use crate::caller;
use crate::scope::{self, Mark};
use crate::sync::per_thread;

mod meanings;
mod report;

pub(crate) use report::describe_blocks_by;
pub use report::{Report, ReportedBlock, ReportedParameter};

/// A bug check: its code and four parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BugCheck {
    /// The stop code, such as 0xC2.
    pub code: u32,
    /// The four parameters, whose meaning the code decides.
    pub parameters: [u64; 4],
}

impl fmt::Display for BugCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth] = self.parameters;
        write!(
            formatter,
            "*** STOP {:#010x} ({first:#018x}, {second:#018x}, {third:#018x}, {fourth:#018x})",
            self.code
        )
    }
}

impl std::error::Error for BugCheck {}

impl BugCheck {
    /// Raises it, as [`KeBugCheckEx`](crate::KeBugCheckEx) does.
    ///
    /// What the thread is in the midst of goes back to what it was when the innermost catcher was
    /// armed: its level, its current driver and the spin locks that it holds.
    #[cold]
    #[inline(never)]
    pub fn raise(self) -> ! {
        report::note(self);
        if WAITING.with(Cell::get).catchers == 0 {
            let report = self.report();
            report::write_file(&report);
            end_with(&format!("{report}\n"));
        }
        scope::restore();
        note_second_unwind(&format!("{self}\n"));
        resume_unwind(Box::new(self))
    }

    /// As [`Self::raise`], for a fault at an instruction, called by its handler. No unwind may begin in
    /// the midst of Rust: where a catcher is armed, `catch` ends the fault if only frames of C lie
    /// between, else it returns.
    #[cfg_attr(
        any(not(unix), loom, miri),
        allow(dead_code, reason = "there is no special pool")
    )]
    #[cold]
    pub(crate) fn raise_at(self, instruction: usize, catch: impl FnOnce(Self)) -> ! {
        report::note_at(self, instruction);
        if WAITING.with(Cell::get).catchers != 0 {
            scope::restore();
            catch(self);
        }
        let report = self.report();
        report::write_file(&report);
        end_with(&format!("{report}\n"));
    }

    /// What the numbers mean, and where the thread was.
    ///
    /// Routine, list, driver and level are those of the newest stop of the calling thread. They are
    /// left out for a stop that is another one.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{ExFreePoolWithTag, catch_bug_check};
    /// // SAFETY: refused.
    /// let stop = catch_bug_check(|| unsafe { ExFreePoolWithTag(std::ptr::null_mut(), 7) }).unwrap_err();
    /// let report = stop.report();
    /// assert_eq!(report.name, "BAD_POOL_CALLER");
    /// assert_eq!(report.routine, Some("ExFreePoolWithTag"));
    /// ```
    pub fn report(&self) -> Report {
        report::of(*self)
    }
}

/// Bug check: a raised exception that nothing catches.
pub const KMODE_EXCEPTION_NOT_HANDLED: u32 = 0x1E;

/// 0x1E (status, address, 0, 0): a raised exception that nothing catches. Documented
/// (`bug-check-0x1e--kmode-exception-not-handled`); the address is that of the code that called the
/// routine, zero where it is not known.
#[cold]
pub fn not_handled(status: NtStatus, address: u64) -> BugCheck {
    BugCheck {
        code: KMODE_EXCEPTION_NOT_HANDLED,
        parameters: [u64::from(status.code().cast_unsigned()), address, 0, 0],
    }
}

/// The unwind payload of a raised status ([`ExRaiseStatus`](crate::ExRaiseStatus)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Raised(pub NtStatus);

/// What ended a guarded run before it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// A broken contract.
    BugCheck(BugCheck),
    /// An exception, such as pool raises on failure when it is asked to.
    Raised(NtStatus),
}

/// What waits for a stop on this thread since the last foreign frame.
#[derive(Clone, Copy)]
struct Waiting {
    /// Catchers, which end each stop.
    catchers: u32,
    /// What may end an exception: catchers, and guarded sections that have a handler.
    handlers: u32,
    /// Guarded sections in the innermost catcher.
    guards: u32,
}

impl Waiting {
    const NONE: Self = Self {
        catchers: 0,
        handlers: 0,
        guards: 0,
    };
}

per_thread! {
    /// What waits for a stop.
    static WAITING: Cell<Waiting> = const { Cell::new(Waiting::NONE) };
    /// Where the newest exception was raised; zero where no guarded section could ask.
    static RAISED_AT: Cell<u64> = const { Cell::new(0) };
    /// Whether an unwind began since the innermost catcher was armed. One that a catcher which is
    /// not ours has ended counts too: `note_second_unwind` asks whether it is still under way.
    static UNWINDING: Cell<bool> = const { Cell::new(false) };
    /// Whether the thread was unwinding already when that catcher was armed: it is in a destructor.
    static ARMED_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Prints a line where an unwind begins in a destructor that another unwind runs: Rust then aborts,
/// and would name neither.
fn note_second_unwind(line: &str) {
    let is_second =
        std::thread::panicking() && (UNWINDING.with(Cell::get) || !ARMED_INSIDE.with(Cell::get));
    if is_second {
        print(line);
    }
    UNWINDING.with(|unwinding| unwinding.set(true));
}

/// A catcher or a guarded section that is armed by hand, for callers that cannot give a closure. What
/// is around it is the innermost again when it is dropped; the innermost is dropped first.
#[must_use = "it is disarmed when it is dropped"]
pub struct Armed {
    _waiting: WaitingScope,
    /// The mark of the catcher before; `None` for a guarded section.
    before: Option<Mark>,
}

impl Drop for Armed {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            scope::unmark(before);
        }
    }
}

/// Arms a catcher by hand. A stop then unwinds; the caller sees to it that the unwind ends before a
/// frame that it must not cross.
pub fn arm() -> Armed {
    Armed {
        _waiting: WaitingScope::set(|waiting| Waiting {
            catchers: waiting.catchers.saturating_add(1),
            handlers: waiting.handlers.saturating_add(1),
            guards: 0,
        }),
        before: Some(scope::mark()),
    }
}

/// Arms a guarded section by hand: an exception, and no bug check, unwinds to it. Level, driver and
/// locks are there as they were at the raise. Where `has_handler` is false, it goes on from there by
/// [`raise_from`].
pub fn guard(has_handler: bool) -> Armed {
    Armed {
        _waiting: WaitingScope::set(|waiting| Waiting {
            handlers: waiting.handlers.saturating_add(u32::from(has_handler)),
            guards: waiting.guards.saturating_add(1),
            ..waiting
        }),
        before: None,
    }
}

/// Changes what waits for a scope and restores it at its end, also by unwinding.
struct WaitingScope {
    before: Waiting,
    was_unwinding: bool,
    was_inside: bool,
}

impl WaitingScope {
    fn set(waiting: impl FnOnce(Waiting) -> Waiting) -> Self {
        let before = WAITING.with(Cell::get);
        WAITING.with(|place| place.set(waiting(before)));
        Self {
            before,
            was_unwinding: UNWINDING.with(|unwinding| unwinding.replace(false)),
            was_inside: ARMED_INSIDE.with(|inside| inside.replace(std::thread::panicking())),
        }
    }
}

impl Drop for WaitingScope {
    fn drop(&mut self) {
        WAITING.with(|place| place.set(self.before));
        UNWINDING.with(|unwinding| unwinding.set(self.was_unwinding));
        ARMED_INSIDE.with(|inside| inside.set(self.was_inside));
    }
}

/// Runs `run` and returns the bug check that ended it, if one did.
///
/// A raised status or a panic goes on to the caller.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::{KeBugCheckEx, catch_bug_check};
/// // SAFETY: a catcher is armed.
/// let stop = catch_bug_check(|| unsafe { KeBugCheckEx(0xE2, 1, 2, 3, 4) }).unwrap_err();
/// assert_eq!((stop.code, stop.parameters), (0xE2, [1, 2, 3, 4]));
/// ```
pub fn catch_bug_check<T>(run: impl FnOnce() -> T) -> Result<T, BugCheck> {
    match catch_stop(run) {
        Ok(value) => Ok(value),
        Err(Stop::BugCheck(stop)) => Err(stop),
        Err(Stop::Raised(status)) => {
            let waiting = WAITING.with(Cell::get);
            if waiting.catchers != 0 && waiting.guards == 0 {
                scope::restore();
            }
            resume_unwind(Box::new(Raised(status)))
        }
    }
}

/// Runs `run` and returns the bug check or raised status that ended it, if one did.
///
/// A panic goes on to the caller.
pub fn catch_stop<T>(run: impl FnOnce() -> T) -> Result<T, Stop> {
    let armed = arm();
    let result = catch_unwind(AssertUnwindSafe(run));
    drop(armed);
    result.map_err(|payload| match stop_of(payload.as_ref()) {
        Some(stop) => stop,
        None => resume_unwind(payload),
    })
}

/// The bug check or raised status that an unwind carries; `None` for a panic.
pub fn stop_of(payload: &(dyn Any + Send)) -> Option<Stop> {
    if let Some(stop) = payload.downcast_ref::<BugCheck>() {
        return Some(Stop::BugCheck(*stop));
    }
    payload
        .downcast_ref::<Raised>()
        .map(|raised| Stop::Raised(raised.0))
}

/// Runs a foreign frame: a user's callback or a C caller's request.
///
/// No unwind may cross such a frame, so inside it a bug check aborts unless a catcher is armed
/// anew.
pub fn in_foreign_frame<T>(run: impl FnOnce() -> T) -> T {
    let _disarmed = WaitingScope::set(|_| Waiting::NONE);
    run()
}

/// Prints a line. In one write: other threads and processes print as well.
fn print(line: &str) {
    // Nowhere to complain where there is no standard error.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Runs a callback of a driver's, which is a foreign frame. Nothing may unwind through it: an exception
/// that leaves it, such as one of C++, ends the process with a line that says which callback it left.
pub(crate) fn in_callback<T>(name: impl Fn() -> String, run: impl FnOnce() -> T) -> T {
    /// Dropped by an unwind alone.
    struct Left<F: Fn() -> String>(F);
    impl<F: Fn() -> String> Drop for Left<F> {
        fn drop(&mut self) {
            end_with(&format!("*** An exception left {}\n", (self.0)()));
        }
    }
    // A catcher, so that an exception which nothing else catches unwinds as well.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let left = Left(name);
        let value = in_foreign_frame(run);
        std::mem::forget(left);
        value
    }));
    result.unwrap_or_else(|payload| resume_unwind(payload))
}

/// Prints a line and aborts.
fn end_with(line: &str) -> ! {
    print(line);
    std::process::abort();
}

#[cold]
#[inline(never)]
pub(crate) fn raise(status: NtStatus) -> ! {
    let waiting = WAITING.with(Cell::get);
    // The bug check and guarded sections say it; a catcher does not.
    let is_told = waiting.handlers == 0 || waiting.guards != 0;
    raise_from(status, if is_told { caller::return_address() } else { 0 })
}

/// Raises an exception from an address, or goes on with one that a guarded section has not ended: to
/// what waits for it innermost, else it is bug check 0x1E.
#[cold]
pub fn raise_from(status: NtStatus, address: u64) -> ! {
    let waiting = WAITING.with(Cell::get);
    if waiting.handlers == 0 {
        end_with(&format!("{}\n", not_handled(status, address)));
    }
    // A guarded section finds the thread as it is.
    if waiting.guards == 0 {
        scope::restore();
    }
    RAISED_AT.with(|at| at.set(address));
    note_second_unwind(&format!("*** Unhandled exception {status}\n"));
    resume_unwind(Box::new(Raised(status)))
}

/// Where the newest exception of the thread was raised; zero where it is not known.
pub fn raised_at() -> u64 {
    RAISED_AT.with(Cell::get)
}

/// Raises what pool raises when it is asked to and has no memory (the status is the usual reading,
/// not documented).
#[cold]
pub(crate) fn raise_insufficient_resources() -> ! {
    raise(STATUS_INSUFFICIENT_RESOURCES)
}
