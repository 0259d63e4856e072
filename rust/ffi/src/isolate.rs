//! An isolate's stay in the library: how it begins and how it ends.
//!
//! One thread hosts one isolate at a time, but may host several one after another. Several copies of
//! the module in one isolate share its stay: they give the same number when they open the library.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use ntoskrnl_emu::catch_stop;
use ntoskrnl_emu::host::layout::{SLOTS, SLOTS_OFFSET, Slot};
use ntoskrnl_emu::host::{self, delay, owner};
use wdm::{NtStatus, STATUS_INVALID_DEVICE_STATE, STATUS_QUOTA_EXCEEDED};

use crate::drivers::policy_by_number;
use crate::slot::number;
use crate::stay::{self, Stay};
use crate::{callbacks, drivers, lists, sharing};

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
        stay::with(|stay| {
            if isolate != 0 && stay.isolate.get() == isolate && stay.slot.get().is_some() {
                stay.copies.set(stay.copies.get().saturating_add(1));
                return Ok(stay.slot_offset.get());
            }
            end(stay);
            begin(stay, isolate)
        })
        .unwrap_or(Err(STATUS_INVALID_DEVICE_STATE))
        .unwrap_or_else(|status| { OPEN_FAILURE.set(number(status)); 0 })
    }

    /// The NTSTATUS that made the last `lookaside_open` of this thread fail.
    fn lookaside_open_failure() -> u32 { OPEN_FAILURE.get() }

    /// Closes the library for one copy. The last one ends the isolate of this thread.
    fn lookaside_close() -> u32 {
        stay::with(|stay| {
            stay.copies.set(stay.copies.get().saturating_sub(1));
            if stay.copies.get() == 0 {
                end(stay);
            }
        });
        0
    }
}

thread_local! {
    static OPEN_FAILURE: Cell<u32> = const { Cell::new(0) };
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

fn begin(stay: &Stay, isolate: u32) -> Result<u32, NtStatus> {
    host::ignore_environment();
    // JavaScript knows blocks by their offsets.
    host::use_mapping();
    let region = host::map()?;
    // Nor are frames of JavaScript any that a stack could name.
    host::expect_told_stacks();
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
            let offset = (SLOTS_OFFSET + index * size_of::<Slot>()) as u32;
            stay.owner.set(owner);
            stay.slot.set(Some(slot));
            stay.slot_offset.set(offset);
            stay.isolate.set(isolate);
            stay.copies.set(1);
            stay.end.set(end);
            return Ok(offset);
        }
    }
    Err(STATUS_QUOTA_EXCEEDED)
}

/// Closes what only the isolate of this thread could use, and gives its handles and slot back.
///
/// Where the thread ends, other thread-locals may be gone, the emulation's among them.
fn end(stay: &Stay) {
    // First of all, so that no callback is called any more: the isolate may be gone already.
    callbacks::forget();
    host::tell_stack("");
    host::end_isolate();
    stay.isolate.set(0);
    stay.copies.set(0);
    let Some(slot) = stay.slot.take() else {
        return;
    };
    // SAFETY: `begin` got the owner on this thread, whose thread-local the stay is.
    unsafe { owner::resume(stay.owner.get()) };
    delay::point("isolate ending");
    drivers::unload_all(stay);
    sharing::release_all(stay);
    // Inside a callback a routine of the list that called it is still at work: those lists stay, as
    // leaks of an isolate that ended itself there.
    if !callbacks::is_running() {
        for id in host::confined_to(stay.owner.get()) {
            // A list whose memory was written over is abandoned, like everything it kept.
            let _ = catch_stop(|| lists::delete(id));
        }
    }
    delay::point("isolate ended");
    // Release pairs with the acquire in `begin`.
    slot.owner.store(0, Ordering::Release);
}
