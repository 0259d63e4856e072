//! An isolate's stay in the library: its owner, its slot, and how it ends.
//!
//! One thread hosts one isolate at a time, but may host several one after another. The slot is where
//! an export says what went wrong; JavaScript reads it through its view of the metadata.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use ntoskrnl_emu::host::layout::{SLOTS, SLOTS_OFFSET, Slot};
use ntoskrnl_emu::host::{self, delay, owner};
use ntoskrnl_emu::{BugCheck, Stop, catch_stop};
use wdm::{NtStatus, STATUS_INTERNAL_ERROR, STATUS_QUOTA_EXCEEDED};
use win_lookaside::LocalLookasideAlloc;

use crate::callbacks::{self, Callbacks};
use crate::{legacy, sharing};

exports! {
    /// The number by which a loader tells that its bindings were made for this library.
    fn lookaside_abi() -> u32 { crate::ABI }

    /// Sets the size of the pool before anything maps it; returns an NTSTATUS.
    fn lookaside_configure(mebibytes: u32) -> u32 {
        host::configure(mebibytes).map_or_else(number, |()| 0)
    }

    /// Begins a new isolate on this thread, ending the one that was there. Returns the offset of
    /// its slot in the metadata, 0 when that failed.
    fn lookaside_open() -> u32 {
        lookaside_close();
        begin().unwrap_or_else(|status| { OPEN_FAILURE.set(number(status)); 0 })
    }

    /// The NTSTATUS that made the last `lookaside_open` of this thread fail.
    fn lookaside_open_failure() -> u32 { OPEN_FAILURE.get() }

    /// Ends the isolate of this thread.
    fn lookaside_close() -> u32 {
        // The thread-local is gone only while the thread ends, which ends the isolate anyway.
        let _ = AT_THREAD_END.try_with(|stay| end(&stay.handles));
        0
    }
}

/// An isolate that is open on this thread.
#[derive(Clone, Copy)]
pub(crate) struct Isolate {
    pub(crate) owner: u32,
    pub(crate) callbacks: Callbacks,
    slot: &'static Slot,
}

thread_local! {
    // No destructors: they are read while the thread ends.
    static CURRENT: Cell<Option<Isolate>> = const { Cell::new(None) };
    static OPEN_FAILURE: Cell<u32> = const { Cell::new(0) };
    /// Ends the isolate of a Worker, whose thread ends without a call.
    static AT_THREAD_END: Stay = const { Stay { handles: RefCell::new(Vec::new()) } };
}

/// What an isolate holds until it ends.
struct Stay {
    /// Shared lists, once for each handle.
    handles: RefCell<Vec<u32>>,
}

impl Drop for Stay {
    fn drop(&mut self) {
        end(&self.handles);
    }
}

/// The isolate of this thread.
pub(crate) fn current() -> Option<Isolate> {
    CURRENT.get()
}

/// Sets what native code calls back in the isolate of this thread.
pub(crate) fn set_callbacks(callbacks: Callbacks) {
    CURRENT.set(CURRENT.get().map(|isolate| Isolate {
        callbacks,
        ..isolate
    }));
}

/// Notes that this isolate holds one more handle of a shared list.
pub(crate) fn hold(id: u32) {
    let _ = AT_THREAD_END.try_with(|stay| stay.handles.borrow_mut().push(id));
}

/// Takes one handle of a shared list from this isolate; false when it holds none.
pub(crate) fn let_go(id: u32) -> bool {
    let found = AT_THREAD_END.try_with(|stay| {
        let mut handles = stay.handles.borrow_mut();
        let place = handles.iter().position(|&held| held == id);
        place.map(|place| handles.swap_remove(place)).is_some()
    });
    found.unwrap_or(false)
}

/// A status as JavaScript writes it: unsigned.
fn number(status: NtStatus) -> u32 {
    status.code().cast_unsigned()
}

fn begin() -> Result<u32, NtStatus> {
    let region = host::map()?;
    let owner = owner::begin()?;
    for index in 0..SLOTS {
        let Some(slot) = region.slot(index) else {
            break;
        };
        // Acquire pairs with the release in `end`: the slot's last user is done with it.
        let taken = slot
            .owner
            .compare_exchange(0, owner, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_ok() {
            delay::point("isolate beginning");
            slot.kind.store(0, Ordering::Relaxed);
            CURRENT.set(Some(Isolate {
                owner,
                callbacks: Callbacks::NONE,
                slot,
            }));
            // The first use of it on a thread sees to it that it is dropped with the thread.
            let _ = AT_THREAD_END.try_with(|_| {});
            return Ok((SLOTS_OFFSET + index * size_of::<Slot>()) as u32);
        }
    }
    Err(STATUS_QUOTA_EXCEEDED)
}

/// Closes what only the isolate of this thread could use, and gives its handles and slot back.
fn end(handles: &RefCell<Vec<u32>>) {
    // First of all, so that no callback is called any more: the isolate may be gone already.
    let Some(Isolate { owner, slot, .. }) = CURRENT.take() else {
        return;
    };
    delay::point("isolate ending");
    for id in handles.take() {
        // A list whose memory was written over is abandoned, like everything it kept.
        let _ = catch_stop(|| sharing::release(id));
    }
    // Inside a callback a routine of the list that called it is still at work: those lists stay, as
    // leaks of an isolate that ended itself there.
    if !callbacks::is_running() {
        for id in host::confined_to(owner) {
            let _ = catch_stop(|| {
                if !legacy::end(id) {
                    drop(borrow(id).map(ManuallyDrop::into_inner));
                }
            });
        }
    }
    delay::point("isolate ended");
    // Release pairs with the acquire in `begin`.
    slot.owner.store(0, Ordering::Release);
}

/// The list with an identifier, for the isolate of this thread; the handle is borrowed.
#[inline]
pub(crate) fn borrow(id: u32) -> Result<ManuallyDrop<LocalLookasideAlloc>, NtStatus> {
    let list = ntoskrnl_emu::list(id, owner::current())?;
    let list = NonNull::new(list).ok_or(wdm::STATUS_INVALID_PARAMETER)?;
    // SAFETY: the control block of a live list that `lookaside_create` made through a handle of this
    // type. Nobody deletes it while the handle is used: the list is confined to this thread, or else
    // this isolate holds one of the handles that keep it (`sharing`). The handle is not dropped but
    // by who takes the ownership over.
    Ok(ManuallyDrop::new(unsafe {
        LocalLookasideAlloc::from_raw(list)
    }))
}

/// What an export's work came to.
enum Outcome<T> {
    Done(T),
    Failed(NtStatus),
    BugCheck(BugCheck),
}

#[inline]
fn outcome<T>(work: impl FnOnce() -> Result<T, NtStatus>) -> Outcome<T> {
    // Two layers: a bug check or a raised status is an answer. Any other unwind is a fault of this
    // library, which must not cross into the caller's frames either.
    match catch_unwind(AssertUnwindSafe(|| catch_stop(work))) {
        Ok(Ok(Ok(value))) => Outcome::Done(value),
        Ok(Ok(Err(status)) | Err(Stop::Raised(status))) => Outcome::Failed(status),
        Ok(Err(Stop::BugCheck(stop))) => Outcome::BugCheck(stop),
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

// Relaxed throughout: the slot is this thread's, and JavaScript reads it on this thread.

#[cold]
fn report<T>(outcome: &Outcome<T>) -> u32 {
    let Some(Isolate { slot, .. }) = CURRENT.get() else {
        return 1;
    };
    let (kind, code, parameters) = match outcome {
        Outcome::Done(_) => (0, 0, [0; 4]),
        Outcome::Failed(status) => (1, number(*status), [0; 4]),
        Outcome::BugCheck(stop) => (2, stop.code, stop.parameters),
    };
    slot.kind.store(kind, Ordering::Relaxed);
    slot.code.store(code, Ordering::Relaxed);
    for (place, parameter) in slot.parameters.iter().zip(parameters) {
        place.store(parameter, Ordering::Relaxed);
    }
    1
}

/// Leaves a value for JavaScript beside the status.
pub(crate) fn leave_value(value: u32) {
    if let Some(Isolate { slot, .. }) = CURRENT.get() {
        slot.value.store(value, Ordering::Relaxed);
    }
}
