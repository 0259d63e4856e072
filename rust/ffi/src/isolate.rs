//! An isolate's stay in the library: how it begins and how it ends.
//!
//! One thread hosts one isolate at a time, but may host several one after another. Several copies of
//! the module in one isolate share its stay: they give the same number when they open the library.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use ntoskrnl_emu::catch_stop;
use ntoskrnl_emu::host::layout::{SLOTS, SLOTS_OFFSET, Slot};
use ntoskrnl_emu::host::{self, delay, owner};
use wdm::{NtStatus, STATUS_QUOTA_EXCEEDED};

use crate::drivers::policy_by_number;
use crate::slot::{self, number};
use crate::{callbacks, lists, sharing};

exports! {
    /// Sets the size of the pool and the depth policy, one more than its place among the policies,
    /// before anything maps the pool; 0 leaves either as it is. Returns an NTSTATUS.
    fn lookaside_configure(mebibytes: u32, depth_policy: u32) -> u32 {
        configure(mebibytes, depth_policy).map_or_else(number, |()| 0)
    }

    /// Opens the library for a copy of the module in the isolate with a number, which is never 0. A
    /// new number begins a new isolate on this thread, ending the one that was there. Returns the
    /// offset of the isolate's slot in the metadata, 0 when that failed.
    fn lookaside_open(isolate: u32) -> u32 {
        if isolate != 0 && ISOLATE.get() == isolate && slot::is_occupied() {
            COPIES.set(COPIES.get().saturating_add(1));
            return SLOT_OFFSET.get();
        }
        end();
        begin(isolate).unwrap_or_else(|status| { OPEN_FAILURE.set(number(status)); 0 })
    }

    /// The NTSTATUS that made the last `lookaside_open` of this thread fail.
    fn lookaside_open_failure() -> u32 { OPEN_FAILURE.get() }

    /// Closes the library for one copy. The last one ends the isolate of this thread.
    fn lookaside_close() -> u32 {
        COPIES.set(COPIES.get().saturating_sub(1));
        if COPIES.get() == 0 {
            end();
        }
        0
    }
}

thread_local! {
    // None of the cells has a destructor: they are read while the thread ends.
    static OWNER: Cell<u32> = const { Cell::new(0) };
    /// The number that the copies of this thread's isolate open the library with.
    static ISOLATE: Cell<u32> = const { Cell::new(0) };
    /// How many of them have it open.
    static COPIES: Cell<u32> = const { Cell::new(0) };
    /// The offset of the isolate's slot in the metadata.
    static SLOT_OFFSET: Cell<u32> = const { Cell::new(0) };
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

fn configure(mebibytes: u32, depth_policy: u32) -> Result<(), NtStatus> {
    // The model in JavaScript does not read the environment.
    host::ignore_environment();
    if let Some(policy) = policy_by_number(depth_policy)? {
        host::configure_depth_policy(policy)?;
    }
    if mebibytes != 0 {
        host::configure(mebibytes)?;
    }
    Ok(())
}

fn begin(isolate: u32) -> Result<u32, NtStatus> {
    host::ignore_environment();
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
            let offset = (SLOTS_OFFSET + index * size_of::<Slot>()) as u32;
            SLOT_OFFSET.set(offset);
            ISOLATE.set(isolate);
            COPIES.set(1);
            return Ok(offset);
        }
    }
    Err(STATUS_QUOTA_EXCEEDED)
}

/// Closes what only the isolate of this thread could use, and gives its handles and slot back.
fn end() {
    // First of all, so that no callback is called any more: the isolate may be gone already.
    callbacks::forget();
    ISOLATE.set(0);
    COPIES.set(0);
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
