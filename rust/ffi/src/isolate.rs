//! An isolate's stay in the library: how it begins and how it ends.
//!
//! One thread hosts one isolate at a time, but may host several one after another.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use ntoskrnl_emu::catch_stop;
use ntoskrnl_emu::host::layout::{SLOTS, SLOTS_OFFSET, Slot};
use ntoskrnl_emu::host::{self, delay, owner};
use wdm::{NtStatus, STATUS_QUOTA_EXCEEDED};

use crate::slot::{self, number};
use crate::{callbacks, lists, sharing};

exports! {
    /// Sets the size of the pool before anything maps it; returns an NTSTATUS.
    fn lookaside_configure(mebibytes: u32) -> u32 {
        host::configure(mebibytes).map_or_else(number, |()| 0)
    }

    /// Begins a new isolate on this thread, ending the one that was there. Returns the offset of
    /// its slot in the metadata, 0 when that failed.
    fn lookaside_open() -> u32 {
        end();
        begin().unwrap_or_else(|status| { OPEN_FAILURE.set(number(status)); 0 })
    }

    /// The NTSTATUS that made the last `lookaside_open` of this thread fail.
    fn lookaside_open_failure() -> u32 { OPEN_FAILURE.get() }

    /// Ends the isolate of this thread.
    fn lookaside_close() -> u32 {
        end();
        0
    }
}

thread_local! {
    // No destructor: it is read while the thread ends.
    static OWNER: Cell<u32> = const { Cell::new(0) };
    static OPEN_FAILURE: Cell<u32> = const { Cell::new(0) };
    /// Ends the isolate of a Worker, whose thread ends without a call.
    static AT_THREAD_END: Stay = const { Stay };
}

/// An isolate's time on a thread.
struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        end();
    }
}

fn begin() -> Result<u32, NtStatus> {
    // JavaScript knows blocks by their offsets.
    host::use_mapping();
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
            OWNER.set(owner);
            slot::occupy(slot);
            // The first use of it on a thread sees to it that it is dropped with the thread.
            let _ = AT_THREAD_END.try_with(|_| {});
            return Ok((SLOTS_OFFSET + index * size_of::<Slot>()) as u32);
        }
    }
    Err(STATUS_QUOTA_EXCEEDED)
}

/// Closes what only the isolate of this thread could use, and gives its handles and slot back.
fn end() {
    // First of all, so that no callback is called any more: the isolate may be gone already.
    callbacks::forget();
    let Some(slot) = slot::leave() else {
        return;
    };
    delay::point("isolate ending");
    sharing::release_all();
    // Inside a callback a routine of the list that called it is still at work: those lists stay, as
    // leaks of an isolate that ended itself there.
    if !callbacks::is_running() {
        for id in host::confined_to(OWNER.get()) {
            // A list whose memory was written over is abandoned, like everything it kept.
            let _ = catch_stop(|| lists::delete(id));
        }
    }
    delay::point("isolate ended");
    // Release pairs with the acquire in `begin`.
    slot.owner.store(0, Ordering::Release);
}
