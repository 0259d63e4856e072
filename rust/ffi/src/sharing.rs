//! Shared lists: which isolates hold a handle, and when the list is deleted.
//!
//! A list is shared by its owner, and attached to by its identifier. Each handle counts. The owner
//! closes the list when it destroys it, and from then on every call by identifier answers
//! STATUS_DELETE_PENDING; the kernel's list is deleted with the last handle.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use ntoskrnl_emu::catch_stop;
use ntoskrnl_emu::host::layout::KIND_EX;
use ntoskrnl_emu::host::{self, delay, owner};
use spin::mutex::SpinMutex;
use wdm::{
    LookasideListEx, NtStatus, STATUS_DELETE_PENDING, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
};
use win_lookaside::LocalLookasideAlloc;

use crate::slot::status;

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

type Table = BTreeMap<u32, Shared>;

static TABLE: SpinMutex<Table, spin::relax::Yield> = SpinMutex::new(BTreeMap::new());

thread_local! {
    // Without a destructor: it is read while the thread ends.
    /// The shared lists that the isolate of this thread holds, once for each handle.
    static HANDLES: ManuallyDrop<RefCell<Vec<u32>>> =
        const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Notes that this isolate holds one more handle of a shared list.
fn hold(id: u32) {
    HANDLES.with(|handles| handles.borrow_mut().push(id));
}

/// Takes one handle of a shared list from this isolate; false when it holds none.
fn let_go(id: u32) -> bool {
    HANDLES.with(|handles| {
        let mut handles = handles.borrow_mut();
        let place = handles.iter().position(|&held| held == id);
        place.map(|place| handles.swap_remove(place)).is_some()
    })
}

/// Gives back every handle of this thread's isolate, which ends.
pub(crate) fn release_all() {
    for id in HANDLES.with(|handles| handles.take()) {
        // A list whose memory was written over is abandoned, like everything it kept.
        let _ = catch_stop(|| release(id));
    }
}

/// Forgets the shared ones of some lists, which are about to be released; false, and nothing has
/// changed, when another isolate holds one of them.
pub(crate) fn forget(ids: &[u32]) -> bool {
    let mut table = TABLE.lock();
    let own = |id: u32| {
        HANDLES.with(|handles| handles.borrow().iter().filter(|&&held| held == id).count())
    };
    let is_own = |&id: &u32| {
        let shared = table.get(&id);
        shared.is_none_or(|shared| shared.handles as usize <= own(id))
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
