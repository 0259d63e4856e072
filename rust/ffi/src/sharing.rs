//! Shared lists: which isolates hold a handle, and when the list is deleted.
//!
//! A list is shared by its owner, and attached to by its identifier. Each handle counts. The owner
//! closes the list when it destroys it, and from then on every call by identifier answers
//! STATUS_DELETE_PENDING; the kernel's list is deleted with the last handle.

use std::ptr::NonNull;

use ntoskrnl_emu::catch_stop;
use ntoskrnl_emu::host::layout::KIND_EX;
use ntoskrnl_emu::host::{self, Lock, delay, owner};
use wdm::{
    LookasideListEx, NtStatus, STATUS_DELETE_PENDING, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
};
use win_lookaside::LocalLookasideAlloc;

use crate::by_id::{self, ById};
use crate::slot::status;
use crate::stay::{self, Stay};

exports! {
    /// Makes a confined list usable by other isolates. A list with callbacks is refused, and so is a
    /// legacy list.
    fn lookaside_share(id: u32) -> u32 { status(|| share(id)) }

    /// Takes a handle of a shared list.
    fn lookaside_attach(id: u32) -> u32 { status(|| attach(id)) }

    /// Gives a handle of a shared list back; the last one deletes the list.
    fn lookaside_release(id: u32) -> u32 {
        status(|| if let_go(id) { release(id) } else { Err(STATUS_INVALID_PARAMETER) })
    }

    /// Closes a shared list for all isolates and gives the owner's handle back.
    fn lookaside_close_list(id: u32) -> u32 {
        status(|| {
            if !let_go(id) {
                return Err(STATUS_INVALID_PARAMETER);
            }
            host::close_list(id);
            delay::point("sharing closed");
            release(id)
        })
    }
}

struct Shared {
    /// The control block, by its exposed address: a pointer could not cross threads.
    list: usize,
    handles: u32,
}

type Table = ById<Shared>;

/// In the chain of locks that a fork takes, like those of the emulation.
static TABLE: Lock<Table> = Lock::new(by_id::new());

/// Notes that this isolate holds one more handle of a shared list.
fn hold(id: u32) {
    stay::with(|stay| {
        let mut handles = stay.handles.borrow_mut();
        let count = handles.entry(id).or_insert(0_u32);
        *count = count.saturating_add(1);
    });
}

/// Takes one handle of a shared list from this isolate; false when it holds none.
fn let_go(id: u32) -> bool {
    let is_held = stay::with(|stay| {
        let mut handles = stay.handles.borrow_mut();
        match handles.get_mut(&id) {
            Some(count) if *count > 1 => {
                *count -= 1;
                true
            }
            _ => handles.remove(&id).is_some(),
        }
    });
    is_held.unwrap_or(false)
}

/// Gives back every handle of an isolate, which ends.
pub(crate) fn release_all(stay: &Stay) {
    let mut handles: Vec<(u32, u32)> = stay.handles.take().into_iter().collect();
    handles.sort_unstable();
    for (id, count) in handles {
        for _ in 0..count {
            // A list whose memory was written over is abandoned, like everything it kept.
            let _ = catch_stop(|| release(id));
        }
    }
}

/// Forgets the shared ones of some lists, which are about to be released; false, and nothing has
/// changed, when another isolate holds one of them.
pub(crate) fn forget(ids: &[u32]) -> bool {
    let mut table = TABLE.lock();
    let own = |id: u32| {
        let count = |stay: &Stay| stay.handles.borrow().get(&id).copied().unwrap_or(0);
        stay::with(count).unwrap_or(0)
    };
    let is_own = |&id: &u32| {
        let shared = table.get(&id);
        shared.is_none_or(|shared| shared.handles <= own(id))
    };
    if !ids.iter().all(is_own) {
        return false;
    }
    for id in ids {
        table.remove(id);
    }
    true
}

fn share(id: u32) -> Result<(), NtStatus> {
    let list = ntoskrnl_emu::list(id, owner::current())?;
    if host::has_callbacks(id) {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    if host::kind(id) != Some(KIND_EX) {
        return Err(STATUS_INVALID_DEVICE_REQUEST);
    }
    let mut table = TABLE.lock();
    if table.contains_key(&id) {
        return Ok(());
    }
    // SAFETY: a live list of this thread, which no other knows yet.
    unsafe { ntoskrnl_emu::share(list) };
    delay::point("sharing shared");
    table.insert(
        id,
        Shared {
            list: list.expose_provenance(),
            handles: 1,
        },
    );
    hold(id);
    Ok(())
}

fn attach(id: u32) -> Result<(), NtStatus> {
    let mut table = TABLE.lock();
    if !host::is_live(id) {
        return Err(host::why_not_live(id));
    }
    delay::point("sharing attach");
    let Some(shared) = table.get_mut(&id) else {
        return Err(STATUS_INVALID_PARAMETER);
    };
    shared.handles = shared
        .handles
        .checked_add(1)
        .ok_or(STATUS_INVALID_DEVICE_STATE)?;
    hold(id);
    Ok(())
}

/// Gives a handle back that no isolate counts any more.
fn release(id: u32) -> Result<(), NtStatus> {
    let list = {
        let mut table = TABLE.lock();
        let Some(shared) = table.get_mut(&id) else {
            // It is gone with its driver, or it was never shared.
            return match host::why_not_live(id) {
                STATUS_DELETE_PENDING => Ok(()),
                why => Err(why),
            };
        };
        shared.handles = shared.handles.saturating_sub(1);
        if shared.handles > 0 {
            return Ok(());
        }
        let list = shared.list;
        table.remove(&id);
        // Before the table is unlocked: a call by the identifier finds it deleted from now on.
        host::close_list(id);
        list
    };
    delay::point("sharing released");
    // Outside the lock: the list's memory may have been written over, and then this raises.
    let list = std::ptr::with_exposed_provenance_mut::<LookasideListEx>(list);
    let list = NonNull::new(list).ok_or(STATUS_INVALID_PARAMETER)?;
    // SAFETY: the list came from a handle of this type; this was the last one, so nothing else uses it.
    unsafe { LocalLookasideAlloc::from_raw(list) }.destroy();
    Ok(())
}
