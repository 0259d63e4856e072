//! Callbacks into JavaScript: the allocate and free routines of lists that have some.
//!
//! An isolate gives two functions once, and both get the list's identifier, so there is nothing to
//! release when a list goes. Native code calls them on the isolate's own thread only: lists with
//! callbacks stay confined. Once the isolate has ended they are "fail" and "drop".

use std::cell::RefCell;
use std::ffi::c_void;

use ntoskrnl_emu::host::{self, block_at, holds_list};
use wdm::{LookasideListEx, PoolType, STATUS_INVALID_PARAMETER};
use win_lookaside::{AllocateFunctionEx, FreeFunctionEx};

use crate::isolate::{self, answer, status};

/// A list calls back to allocate.
pub(crate) const ALLOCATES: u32 = 1;
/// A list calls back to free.
pub(crate) const FREES: u32 = 2;

/// Pool type, bytes, tag and list; returns a block, 0 for none.
type Allocate = unsafe extern "C" fn(i32, u32, u32, u32) -> u32;
/// Block and list.
type Free = unsafe extern "C" fn(u32, u32);

exports! {
    /// Gives the functions that lists of this isolate call back. They neither throw nor unwind, and
    /// stay callable until the isolate ends.
    fn lookaside_set_callbacks(allocate: *const c_void, free: *const c_void) -> u32 {
        status(|| {
            let callbacks = Callbacks::new(allocate, free).ok_or(STATUS_INVALID_PARAMETER)?;
            isolate::set_callbacks(callbacks);
            Ok(())
        })
    }

    /// 1 when a block is live pool of at least so many bytes that can become a list's entry.
    fn lookaside_fits(block: u32, bytes: u32) -> u32 {
        answer(|| Ok(u32::from(fits(block, bytes))))
    }
}

/// The functions of an isolate.
#[derive(Clone, Copy)]
pub(crate) struct Callbacks {
    allocate: Option<Allocate>,
    free: Option<Free>,
}

impl Callbacks {
    pub(crate) const NONE: Self = Self {
        allocate: None,
        free: None,
    };

    fn new(allocate: *const c_void, free: *const c_void) -> Option<Self> {
        if allocate.is_null() || free.is_null() {
            return None;
        }
        Some(Self {
            // SAFETY: the export's contract: a function of that signature.
            allocate: Some(unsafe { std::mem::transmute::<*const c_void, Allocate>(allocate) }),
            // SAFETY: the export's contract: a function of that signature.
            free: Some(unsafe { std::mem::transmute::<*const c_void, Free>(free) }),
        })
    }
}

thread_local! {
    /// The lists whose callbacks are running on this thread, one inside the other; 0 for legacy ones.
    static RUNNING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Whether a callback is running on this thread. At the thread's end none is.
pub(crate) fn is_running() -> bool {
    RUNNING
        .try_with(|running| !running.borrow().is_empty())
        .unwrap_or(false)
}

/// Whether a callback of a list is running on this thread: then its routine is still at work.
pub(crate) fn is_running_for(id: u32) -> bool {
    RUNNING
        .try_with(|running| running.borrow().contains(&id))
        .unwrap_or(false)
}

fn running<T>(id: u32, call: impl FnOnce() -> T) -> T {
    RUNNING.with_borrow_mut(|running| running.push(id));
    let result = call();
    RUNNING.with_borrow_mut(Vec::pop);
    result
}

fn fits(block: u32, bytes: u32) -> bool {
    host::mapped().is_some_and(|region| {
        let found = block_at(region, block);
        found.is_some_and(|found| found.is_plain && found.capacity >= bytes)
            && !holds_list(region, block)
    })
}

/// The allocate routine of a list with callbacks, as the kernel calls it.
pub(crate) fn allocate_routine() -> AllocateFunctionEx {
    // SAFETY: in the order of the contract:
    // - It returns null, or a block of the pool, which JavaScript gave away. The emulation refuses
    //   one that is no plain block or too small, before it becomes an entry.
    // - The free routine beside it, ours or the default one, takes any block of the pool.
    // - Lists with callbacks stay confined to the isolate's thread; the level is not changed.
    // - JavaScript's function neither throws nor unwinds (`lookaside_set_callbacks`).
    // - No context is used.
    unsafe { AllocateFunctionEx::new(allocate) }
}

/// The free routine of a list with callbacks, as the kernel calls it.
pub(crate) fn free_routine() -> FreeFunctionEx {
    // SAFETY: in the order of the contract:
    // - It takes any block of the pool: the entry is JavaScript's from then on.
    // - Lists with callbacks stay confined to the isolate's thread; the level is not changed.
    // - JavaScript's function neither throws nor unwinds (`lookaside_set_callbacks`).
    // - No context is used.
    unsafe { FreeFunctionEx::new(free) }
}

unsafe extern "system" fn allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    host::id(list).map_or(std::ptr::null_mut(), |id| {
        call_allocate(pool_type, bytes, tag, id)
    })
}

unsafe extern "system" fn free(entry: *mut c_void, list: *mut LookasideListEx) {
    if let Ok(id) = host::id(list) {
        call_free(entry, id);
    }
}

/// The allocate routine of legacy lists, which are not told of their list: JavaScript gets 0.
pub(crate) unsafe extern "system" fn legacy_allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    call_allocate(pool_type, bytes, tag, 0)
}

/// The free routine of legacy lists.
pub(crate) unsafe extern "system" fn legacy_free(entry: *mut c_void) {
    call_free(entry, 0);
}

fn call_allocate(pool_type: PoolType, bytes: usize, tag: u32, id: u32) -> *mut c_void {
    let function = isolate::current().and_then(|isolate| isolate.callbacks.allocate);
    let (Some(function), Some(region)) = (function, host::mapped()) else {
        return std::ptr::null_mut();
    };
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    // SAFETY: the isolate of this thread gave the function, and has not ended.
    match running(id, || unsafe { function(pool_type.0, bytes, tag, id) }) {
        0 => std::ptr::null_mut(),
        block => region.at(block).cast(),
    }
}

fn call_free(entry: *mut c_void, id: u32) {
    let function = isolate::current().and_then(|isolate| isolate.callbacks.free);
    let (Some(function), Some(region)) = (function, host::mapped()) else {
        return;
    };
    if let Some(block) = region.offset_of(entry.addr()) {
        // SAFETY: the isolate of this thread gave the function, and has not ended.
        running(id, || unsafe { function(block, id) });
    }
}
