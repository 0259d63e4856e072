//! The callbacks of lists under test.
//!
//! A callback notes what it was called with and what it made; the interpreter compares that with its
//! model once the routine is back. A callback that is to re-enter runs what the interpreter has
//! prepared. No bug check may leave a callback, so what is prepared catches its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr::null_mut;

use arbitrary::Arbitrary;
use ntoskrnl_emu::{ExAllocatePoolWithTag, ExFreePool, Stop};
use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw,
    LookasideListEx, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType,
};

use crate::host::{self, Outside};

/// What allocates the entries of a list.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocate {
    /// The default routine.
    Default,
    /// Pool.
    Pool,
    /// Nothing.
    Null,
    /// Memory outside the pool, as long as there is some.
    Outside,
    /// A pool block, but an address 8 bytes inside it.
    Misaligned,
    /// A pool block of 16 bytes.
    Small,
}

/// What frees the entries of a list.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Free {
    /// The default routine.
    Default,
    /// Pool, or the memory outside it.
    Pool,
    /// Nothing: a pool block stays allocated.
    Keep,
}

/// What came of calling a routine: an address or a number, or what stopped it.
pub type Actual = Result<usize, Stop>;

/// What happened in a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An allocate callback was called; `list` is 0 for a legacy list.
    Allocate {
        /// The pool type, with the bits that flags add.
        pool_type: i32,
        /// The size.
        size: usize,
        /// The tag.
        tag: u32,
        /// The list.
        list: usize,
    },
    /// A free callback was called; `list` is 0 for a legacy list.
    Free {
        /// The entry.
        entry: usize,
        /// The list.
        list: usize,
    },
    /// What was prepared was run.
    Inner(Actual),
    /// The allocate callback made a block at an address, or none (0).
    Made(usize),
}

/// Bytes of each piece of memory outside the pool.
pub const OUTSIDE_BYTES: usize = 256;
const OUTSIDE_PIECES: usize = 24;

type Prepared = Box<dyn FnOnce() -> Actual>;

/// What callbacks of this thread work with.
struct Desk {
    events: VecDeque<Event>,
    prepared: Option<Prepared>,
    outside: Outside,
    spare: Vec<usize>,
}

impl Desk {
    fn new() -> Self {
        let outside = Outside::zeroed(OUTSIDE_BYTES * OUTSIDE_PIECES);
        let start = outside.as_ptr().addr();
        let spare = (0..OUTSIDE_PIECES)
            .rev()
            .map(|piece| start + piece * OUTSIDE_BYTES)
            .collect();
        Self {
            events: VecDeque::new(),
            prepared: None,
            outside,
            spare,
        }
    }

    fn at(&self, address: usize) -> *mut c_void {
        self.outside.as_ptr().with_addr(address).cast()
    }
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk::new());
}

fn note(event: Event) {
    DESK.with_borrow_mut(|desk| desk.events.push_back(event));
}

/// The oldest event that was not looked at.
#[must_use]
pub fn next_event() -> Option<Event> {
    DESK.with_borrow_mut(|desk| desk.events.pop_front())
}

/// What the next callback is to run.
pub fn prepare(run: impl FnOnce() -> Actual + 'static) {
    DESK.with_borrow_mut(|desk| desk.prepared = Some(Box::new(run)));
}

/// Takes back what no callback has run.
pub fn unprepare() {
    DESK.with_borrow_mut(|desk| desk.prepared = None);
}

/// Takes a piece of memory outside the pool.
#[must_use]
pub fn take_outside() -> *mut c_void {
    DESK.with_borrow_mut(|desk| desk.spare.pop().map_or(null_mut(), |piece| desk.at(piece)))
}

/// Gives a piece of memory outside the pool back.
pub fn give_outside(address: usize) {
    DESK.with_borrow_mut(|desk| {
        debug_assert!(!desk.spare.contains(&address), "given back twice");
        desk.spare.push(address);
    });
}

/// Whether all memory outside the pool was given back, and every event was looked at.
#[must_use]
pub fn is_idle() -> bool {
    DESK.with_borrow(|desk| desk.spare.len() == OUTSIDE_PIECES && desk.events.is_empty())
}

/// Forgets what a program that failed has left.
pub fn reset() {
    DESK.set(Desk::new());
}

fn run_prepared() {
    if let Some(run) = DESK.with_borrow_mut(|desk| desk.prepared.take()) {
        note(Event::Inner(run()));
    }
}

fn from_pool(pool_type: PoolType, size: usize, tag: u32) -> *mut c_void {
    const RAISING: i32 = POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    // SAFETY: size and tag are not 0; without those bits it answers null where there is none.
    unsafe { ExAllocatePoolWithTag(PoolType(pool_type.0 & !RAISING), size, tag) }
}

fn allocate(
    kind: Allocate,
    pool_type: PoolType,
    size: usize,
    tag: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    note(Event::Allocate {
        pool_type: pool_type.0,
        size,
        tag,
        list: list.addr(),
    });
    run_prepared();
    let made = match kind {
        Allocate::Pool => from_pool(pool_type, size, tag),
        Allocate::Outside if size <= OUTSIDE_BYTES => take_outside(),
        Allocate::Misaligned => from_pool(pool_type, size.saturating_add(16), tag),
        Allocate::Small => from_pool(pool_type, 16, tag),
        Allocate::Default | Allocate::Null | Allocate::Outside => null_mut(),
    };
    note(Event::Made(made.addr()));
    if kind == Allocate::Misaligned && !made.is_null() {
        return made.wrapping_byte_add(8);
    }
    made
}

fn free(kind: Free, entry: *mut c_void, list: *mut LookasideListEx) {
    note(Event::Free {
        entry: entry.addr(),
        list: list.addr(),
    });
    run_prepared();
    if !host::is_in_pool(entry.addr()) {
        give_outside(entry.addr());
    } else if kind == Free::Pool {
        // SAFETY: the list has given the entry away to this callback.
        unsafe { ExFreePool(entry) };
    }
}

macro_rules! allocate_callbacks {
    ($($kind:ident: $ex:ident, $legacy:ident;)*) => {
        $(
            unsafe extern "system" fn $ex(
                pool_type: PoolType,
                size: usize,
                tag: u32,
                list: *mut LookasideListEx,
            ) -> *mut c_void {
                allocate(Allocate::$kind, pool_type, size, tag, list)
            }

            unsafe extern "system" fn $legacy(
                pool_type: PoolType,
                size: usize,
                tag: u32,
            ) -> *mut c_void {
                allocate(Allocate::$kind, pool_type, size, tag, null_mut())
            }
        )*

        impl Allocate {
            /// The callback of an Ex list.
            #[must_use]
            pub fn ex(self) -> Option<AllocateFunctionExRaw> {
                match self {
                    Self::Default => None,
                    $(Self::$kind => Some($ex),)*
                }
            }

            /// The callback of a legacy list.
            #[must_use]
            pub fn legacy(self) -> Option<AllocateFunctionRaw> {
                match self {
                    Self::Default => None,
                    $(Self::$kind => Some($legacy),)*
                }
            }
        }
    };
}

allocate_callbacks! {
    Pool: pool_ex, pool_legacy;
    Null: null_ex, null_legacy;
    Outside: outside_ex, outside_legacy;
    Misaligned: misaligned_ex, misaligned_legacy;
    Small: small_ex, small_legacy;
}

unsafe extern "system" fn free_ex(entry: *mut c_void, list: *mut LookasideListEx) {
    free(Free::Pool, entry, list);
}

unsafe extern "system" fn free_legacy(entry: *mut c_void) {
    free(Free::Pool, entry, null_mut());
}

unsafe extern "system" fn keep_ex(entry: *mut c_void, list: *mut LookasideListEx) {
    free(Free::Keep, entry, list);
}

unsafe extern "system" fn keep_legacy(entry: *mut c_void) {
    free(Free::Keep, entry, null_mut());
}

impl Free {
    /// The callback of an Ex list.
    #[must_use]
    pub fn ex(self) -> Option<FreeFunctionExRaw> {
        match self {
            Self::Default => None,
            Self::Pool => Some(free_ex),
            Self::Keep => Some(keep_ex),
        }
    }

    /// The callback of a legacy list.
    #[must_use]
    pub fn legacy(self) -> Option<FreeFunctionRaw> {
        match self {
            Self::Default => None,
            Self::Pool => Some(free_legacy),
            Self::Keep => Some(keep_legacy),
        }
    }
}
