//! Callbacks into JavaScript: the allocate and free routines of lists that have some.
//!
//! Each copy of the module in an isolate gives two functions once, and both get the list's identifier.
//! A list calls those of the copy that made it. Native code calls them on the isolate's own thread
//! only: lists with callbacks stay confined. Once the isolate has ended they are "fail" and "drop".
//!
//! The kernel tells the callbacks of an Ex list which list it is, and those of a legacy list nothing:
//! these ask the emulation, and so every callback has an identifier to pass on.
//!
//! Callbacks run inside exports that are marked for it, and inside no other: see
//! [`exports!`](crate::exports).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_void;

use ntoskrnl_emu::host::{self, block_at, holds_list};
use wdm::{
    AllocateFunctionRaw, FreeFunctionRaw, LookasideListEx, PoolType, STATUS_INVALID_DEVICE_STATE,
    STATUS_INVALID_PARAMETER,
};
use win_lookaside::{AllocateFunctionEx, FreeFunctionEx};

use crate::slot::{self, answer, leave_value, status};

/// A list calls back to allocate.
const ALLOCATES: u32 = 1;
/// A list calls back to free.
const FREES: u32 = 2;
/// The bits above say which copy's functions it calls: the number from `lookaside_set_callbacks`.
const COPY_SHIFT: u32 = 2;

/// Pool type, bytes, tag and list; returns a block, 0 for none.
type Allocate = unsafe extern "C" fn(i32, u32, u32, u32) -> u32;
/// Block and list.
type Free = unsafe extern "C" fn(u32, u32);

exports! {
    /// Gives the functions that lists of one copy of the module call back; their number stands in
    /// the slot's value. They neither throw nor unwind, and stay callable until the isolate ends.
    fn lookaside_set_callbacks(allocate: *const c_void, free: *const c_void) -> u32 {
        status(|| {
            let functions = Functions::new(allocate, free).ok_or(STATUS_INVALID_PARAMETER)?;
            // The end of the isolate takes them away: without one they would stay for ever.
            if !slot::is_occupied() {
                return Err(STATUS_INVALID_DEVICE_STATE);
            }
            let number = CALLED.with_borrow_mut(|called| called.add(functions));
            leave_value(number.ok_or(STATUS_INVALID_DEVICE_STATE)?);
            Ok(())
        })
    }

    /// 1 when a block is live pool of a type's kind, of at least so many bytes, that can become a list's
    /// entry.
    fn lookaside_fits(block: u32, bytes: u32, pool_type: i32) -> u32 {
        answer(|| Ok(u32::from(fits(block, bytes, PoolType(pool_type)))))
    }
}

/// The functions of a copy of the module.
#[derive(Clone, Copy)]
struct Functions {
    allocate: Allocate,
    free: Free,
}

impl Functions {
    fn new(allocate: *const c_void, free: *const c_void) -> Option<Self> {
        if allocate.is_null() || free.is_null() {
            return None;
        }
        Some(Self {
            // SAFETY: the export's contract: a function of that signature.
            allocate: unsafe { std::mem::transmute::<*const c_void, Allocate>(allocate) },
            // SAFETY: the export's contract: a function of that signature.
            free: unsafe { std::mem::transmute::<*const c_void, Free>(free) },
        })
    }
}

/// The functions that the isolate of this thread gave, and which list calls which.
struct Called {
    copies: Vec<Functions>,
    lists: BTreeMap<u32, Functions>,
}

impl Called {
    /// The number of the functions; none where there is no number left.
    fn add(&mut self, functions: Functions) -> Option<u32> {
        let number = u32::try_from(self.copies.len()).ok();
        let number = number.filter(|number| number.leading_zeros() >= COPY_SHIFT)?;
        self.copies.push(functions);
        Some(number)
    }
}

thread_local! {
    /// What the isolate of this thread gave, until it ends. At the thread's end there is nothing.
    static CALLED: RefCell<Called> = const {
        RefCell::new(Called { copies: Vec::new(), lists: BTreeMap::new() })
    };
    /// The lists whose callbacks are running on this thread, one inside the other.
    static RUNNING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Takes the functions of this thread's isolate away: no callback is called any more.
pub(crate) fn forget() {
    // Where the thread ends they may be gone already.
    let _ = CALLED.try_with(|called| {
        let mut called = called.borrow_mut();
        called.copies.clear();
        called.lists.clear();
    });
}

/// Notes whose functions a new list calls, if it calls any.
pub(crate) fn enter(id: u32, wanted: u32) {
    if wanted & (ALLOCATES | FREES) == 0 {
        return;
    }
    CALLED.with_borrow_mut(|called| {
        let functions = called.copies.get((wanted >> COPY_SHIFT) as usize).copied();
        if let Some(functions) = functions {
            called.lists.insert(id, functions);
        }
    });
}

/// Forgets whose functions a deleted list called.
pub(crate) fn leave(id: u32) {
    let _ = CALLED.try_with(|called| called.borrow_mut().lists.remove(&id));
}

/// The functions that a list calls; none once the isolate has ended, or where the export that runs
/// may not call back.
fn functions_of(id: u32) -> Option<Functions> {
    if !slot::are_callbacks_allowed() {
        return None;
    }
    let found = CALLED.try_with(|called| called.borrow().lists.get(&id).copied());
    found.ok().flatten()
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
    // The exports that JavaScript calls meanwhile have an allowance of their own.
    let _before = slot::Allowance::set(false);
    RUNNING.with_borrow_mut(|running| running.push(id));
    let result = call();
    RUNNING.with_borrow_mut(Vec::pop);
    result
}

fn fits(block: u32, bytes: u32, pool_type: PoolType) -> bool {
    host::mapped().is_some_and(|region| {
        let found = block_at(region, block);
        found.is_some_and(|found| {
            found.is_plain && found.is_paged == pool_type.is_paged() && found.capacity >= bytes
        }) && !holds_list(region, block)
    })
}

/// The allocate routine of an Ex list that calls back for what `wanted` says.
pub(crate) fn allocate_routine(wanted: u32) -> Option<AllocateFunctionEx> {
    // SAFETY: the routine answers null or a block that JavaScript gave away and that the emulation
    // checks: a live pool block of at least the list's size, aligned as pool is, and on no other
    // list. `free` takes such blocks, and so does the pool. It is called on the isolate's thread
    // alone, as lists with callbacks are never shared, and leaves the level. JavaScript's function
    // neither throws nor unwinds. No context is used.
    (wanted & ALLOCATES != 0).then(|| unsafe { AllocateFunctionEx::new(allocate) })
}

/// The free routine of an Ex list that calls back for what `wanted` says.
pub(crate) fn free_routine(wanted: u32) -> Option<FreeFunctionEx> {
    // SAFETY: the entry is JavaScript's from then on, wherever it came from. The rest as above.
    (wanted & FREES != 0).then(|| unsafe { FreeFunctionEx::new(free) })
}

/// The allocate routine of a legacy list that calls back for what `wanted` says.
pub(crate) fn legacy_allocate_routine(wanted: u32) -> Option<AllocateFunctionRaw> {
    (wanted & ALLOCATES != 0).then_some(legacy_allocate as AllocateFunctionRaw)
}

/// The free routine of a legacy list that calls back for what `wanted` says.
pub(crate) fn legacy_free_routine(wanted: u32) -> Option<FreeFunctionRaw> {
    (wanted & FREES != 0).then_some(legacy_free as FreeFunctionRaw)
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

unsafe extern "system" fn legacy_allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    call_allocate(pool_type, bytes, tag, host::calling_list())
}

unsafe extern "system" fn legacy_free(entry: *mut c_void) {
    call_free(entry, host::calling_list());
}

fn call_allocate(pool_type: PoolType, bytes: usize, tag: u32, id: u32) -> *mut c_void {
    let (Some(Functions { allocate, .. }), Some(region)) = (functions_of(id), host::mapped())
    else {
        return std::ptr::null_mut();
    };
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    // SAFETY: a copy in this thread's isolate gave the function, and the isolate has not ended.
    match running(id, || unsafe { allocate(pool_type.0, bytes, tag, id) }) {
        0 => std::ptr::null_mut(),
        block => region.at(block).cast(),
    }
}

fn call_free(entry: *mut c_void, id: u32) {
    let (Some(Functions { free, .. }), Some(region)) = (functions_of(id), host::mapped()) else {
        return;
    };
    if let Some(block) = region.offset_of(entry.addr()) {
        // SAFETY: a copy in this thread's isolate gave the function, and the isolate has not ended.
        running(id, || unsafe { free(block, id) });
    }
}
