//! The code that called a routine, for the stops that name it.
//!
//! It is looked for when a stop is made, never before: a routine that stops nothing pays nothing.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The address that the calling routine returns to: in the code that called the innermost of the
/// kernel's routines. Zero where the system has no unwind tables to find it by.
#[cold]
#[inline(never)]
pub(crate) fn return_address() -> u64 {
    frames::return_address(is_entry_point)
}

/// The address of a function by which other code enters the kernel.
#[derive(Clone, Copy, Debug)]
pub struct EntryPoint(pub *const ());

// SAFETY: the address of a function, which is compared only.
unsafe impl Send for EntryPoint {}
// SAFETY: as for Send.
unsafe impl Sync for EntryPoint {}

/// Which functions enter the kernel: the routines, and what foreign code enters those by.
static ENTRY_POINTS: [Table; 2] = [const { Table::new() }; 2];

/// A table of entry points: how many, and where the first one stands.
struct Table {
    first: AtomicPtr<EntryPoint>,
    length: AtomicUsize,
}

impl Table {
    const fn new() -> Self {
        Self {
            first: AtomicPtr::new(std::ptr::null_mut()),
            length: AtomicUsize::new(0),
        }
    }

    fn set(&self, points: &'static [EntryPoint]) {
        // Relaxed: each table is one and the same at every call.
        self.first
            .store(points.as_ptr().cast_mut(), Ordering::Relaxed);
        // Release: pairs with the acquire in `has`.
        self.length.store(points.len(), Ordering::Release);
    }

    fn has(&self, function: usize) -> bool {
        let length = self.length.load(Ordering::Acquire);
        let first = self.first.load(Ordering::Relaxed);
        (0..length).any(|number| {
            // SAFETY: `set` stored a table of that length, which lives for ever.
            let point = unsafe { *first.wrapping_add(number) };
            point.0.addr() == function
        })
    }
}

/// Names the routines that may have to name their caller.
pub(crate) fn set_routines(points: &'static [EntryPoint]) {
    ENTRY_POINTS[0].set(points);
}

/// Names the functions by which foreign code enters the routines, such as exports to C: what these
/// return to is the caller. There is one table in a process.
pub fn set_entry_points(points: &'static [EntryPoint]) {
    ENTRY_POINTS[1].set(points);
}

fn is_entry_point(function: usize) -> bool {
    ENTRY_POINTS.iter().any(|table| table.has(function))
}

#[cfg(all(unix, not(any(miri, loom))))]
mod frames {
    use std::ffi::{c_int, c_void};

    /// How many frames are looked at.
    const LIMIT: usize = 32;
    /// How many frames of its own an entry point may have above the routine that it enters.
    const BETWEEN: usize = 4;

    #[allow(non_camel_case_types, reason = "the name of the unwinder's interface")]
    enum _Unwind_Context {}

    // The unwinder that the standard library links (Itanium C++ ABI: Exception Handling).
    unsafe extern "C" {
        fn _Unwind_Backtrace(
            trace: extern "C" fn(*mut _Unwind_Context, *mut c_void) -> c_int,
            argument: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(context: *mut _Unwind_Context) -> usize;
        fn _Unwind_FindEnclosingFunction(address: *mut c_void) -> *mut c_void;
    }

    const GO_ON: c_int = 0;
    const END: c_int = 5;

    struct Walk {
        is_routine: fn(usize) -> bool,
        seen: usize,
        /// The number of the last frame that was a routine's.
        routine: Option<usize>,
        found: usize,
    }

    extern "C" fn visit(context: *mut _Unwind_Context, argument: *mut c_void) -> c_int {
        // SAFETY: the walk that `return_address` began; nothing else refers to it meanwhile.
        let walk = unsafe { &mut *argument.cast::<Walk>() };
        // SAFETY: the unwinder's own context.
        let address = unsafe { _Unwind_GetIP(context) };
        let number = walk.seen;
        walk.seen += 1;
        if number >= LIMIT || walk.routine.is_some_and(|last| number > last + BETWEEN) {
            return END;
        }
        // The call itself: the address after it may be another function's.
        let call = std::ptr::without_provenance_mut(address.wrapping_sub(1));
        // SAFETY: it looks tables up by the address and follows nothing.
        let function = unsafe { _Unwind_FindEnclosingFunction(call) };
        if (walk.is_routine)(function.addr()) {
            walk.routine = Some(number);
        } else if walk.routine.is_some_and(|last| number == last + 1) {
            walk.found = address;
        }
        GO_ON
    }

    pub(super) fn return_address(is_routine: fn(usize) -> bool) -> u64 {
        let mut walk = Walk {
            is_routine,
            seen: 0,
            routine: None,
            found: 0,
        };
        let argument = (&raw mut walk).cast();
        // SAFETY: the walk outlives the call, and `visit` takes it for what it is.
        unsafe { _Unwind_Backtrace(visit, argument) };
        walk.found as u64
    }
}

#[cfg(not(all(unix, not(any(miri, loom)))))]
mod frames {
    pub(super) fn return_address(_is_routine: fn(usize) -> bool) -> u64 {
        0
    }
}
