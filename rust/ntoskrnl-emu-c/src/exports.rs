//! The exports, one line each.

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

use std::ffi::{c_char, c_void};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use emu::Driver;
use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw, Kirql,
    LookasideListEx, NPagedLookasideList, NtStatus, PagedLookasideList, PoolType, SListEntry,
    SListHeader,
};

use crate::catch::{self, EmuFrame, EmuLeap, EmuRun, EmuStop};

/// A word that `KeInitializeSpinLock` and its like work on (`KSPIN_LOCK`).
type SpinLock = usize;
/// `ULONG_PTR`: as wide as a pointer.
type UlongPtr = usize;
/// `BOOLEAN`: a byte, 0 or 1.
type Boolean = u8;

/// What C sees of an export: its name, the types of its arguments, and its result's, as Rust spells
/// them.
pub type Signature = (&'static str, &'static [&'static str], &'static str);

/// Declares exports and lists their signatures, which a test holds the headers to.
///
/// The body of one that stands without is the routine of `ntoskrnl-emu` by the same name. Only
/// catchers of C are ever armed in this library, so a stop may unwind into its callers: a callback of
/// a list, which it must not cross, disarms them while it runs.
macro_rules! exports {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $(= $body:block)?;)*) => {
        /// The signatures of all exports.
        #[allow(dead_code, reason = "read by the tests")]
        pub const SIGNATURES: &[Signature] = &[$((
            stringify!($name),
            &[$(stringify!($type)),*],
            concat!($(stringify!($result))?),
        )),*];
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            ///
            /// # Safety
            ///
            /// That of the routine by this name in `ntoskrnl-emu`.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $name($($argument: $type),*) $(-> $result)? {
                let run = || exports!(@body $name($($argument),*) $($body)?);
                match catch_unwind(AssertUnwindSafe(run)) {
                    Ok(value) => value,
                    Err(payload) => catch::leave(payload),
                }
            }
        )*
    };
    // SAFETY: the C caller's word is the routine's contract.
    (@body $name:ident($($argument:ident),*)) => { unsafe { emu::$name($($argument),*) } };
    (@body $name:ident($($argument:ident),*) $body:block) => { $body };
}

exports! {
    // Lists of LOOKASIDE_LIST_EX.
    fn ExInitializeLookasideListEx(
        lookaside: *mut LookasideListEx, allocate: Option<AllocateFunctionExRaw>,
        free: Option<FreeFunctionExRaw>, pool_type: PoolType, flags: u32, size: usize, tag: u32,
        depth: u16,
    ) -> NtStatus;
    fn ExDeleteLookasideListEx(lookaside: *mut LookasideListEx);
    fn ExFlushLookasideListEx(lookaside: *mut LookasideListEx);
    fn ExAllocateFromLookasideListEx(lookaside: *mut LookasideListEx) -> *mut c_void;
    fn ExFreeToLookasideListEx(lookaside: *mut LookasideListEx, entry: *mut c_void);

    // Legacy lists.
    fn ExInitializeNPagedLookasideList(
        lookaside: *mut NPagedLookasideList, allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>, flags: u32, size: usize, tag: u32, depth: u16,
    );
    fn ExDeleteNPagedLookasideList(lookaside: *mut NPagedLookasideList);
    fn ExAllocateFromNPagedLookasideList(lookaside: *mut NPagedLookasideList) -> *mut c_void;
    fn ExFreeToNPagedLookasideList(lookaside: *mut NPagedLookasideList, entry: *mut c_void);
    fn ExInitializePagedLookasideList(
        lookaside: *mut PagedLookasideList, allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>, flags: u32, size: usize, tag: u32, depth: u16,
    );
    fn ExDeletePagedLookasideList(lookaside: *mut PagedLookasideList);
    fn ExAllocateFromPagedLookasideList(lookaside: *mut PagedLookasideList) -> *mut c_void;
    fn ExFreeToPagedLookasideList(lookaside: *mut PagedLookasideList, entry: *mut c_void);

    // Sequenced singly linked lists.
    fn InitializeSListHead(header: *mut SListHeader);
    fn ExQueryDepthSList(header: *mut SListHeader) -> u16;
    fn ExpInterlockedPushEntrySList(
        header: *mut SListHeader, entry: *mut SListEntry,
    ) -> *mut SListEntry;
    fn ExpInterlockedPopEntrySList(header: *mut SListHeader) -> *mut SListEntry;
    fn ExpInterlockedFlushSList(header: *mut SListHeader) -> *mut SListEntry;

    // Pool.
    fn ExAllocatePool2(flags: u64, bytes: usize, tag: u32) -> *mut c_void;
    fn ExAllocatePoolWithTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;
    fn ExAllocatePoolWithQuotaTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;
    fn ExFreePool(block: *mut c_void);
    fn ExFreePoolWithTag(block: *mut c_void, tag: u32);

    // Interrupt request levels and spin locks.
    fn KeGetCurrentIrql() -> Kirql;
    fn KfRaiseIrql(level: Kirql) -> Kirql;
    fn KeRaiseIrqlToDpcLevel() -> Kirql;
    fn KeLowerIrql(level: Kirql);
    fn KeInitializeSpinLock(lock: *mut SpinLock);
    fn KeAcquireSpinLockRaiseToDpc(lock: *mut SpinLock) -> Kirql;
    fn KeReleaseSpinLock(lock: *mut SpinLock, level: Kirql);
    fn KeAcquireSpinLockAtDpcLevel(lock: *mut SpinLock);
    fn KeReleaseSpinLockFromDpcLevel(lock: *mut SpinLock);
    fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut SpinLock) -> Boolean;
    fn KeTestSpinLock(lock: *mut SpinLock) -> Boolean;

    // Stops.
    fn KeBugCheckEx(
        code: u32, first: UlongPtr, second: UlongPtr, third: UlongPtr, fourth: UlongPtr,
    ) -> !;
    fn KeBugCheck(code: u32) -> ! = {
        // SAFETY: it does not return, which is all there is to it.
        unsafe { emu::KeBugCheckEx(code, 0, 0, 0, 0) }
    };
    fn ExRaiseStatus(status: NtStatus) -> !;

    // What Windows has no name for: emu.h.
    fn emu_fail_next(driver: *mut EmuDriver, count: u32, tag: u32) = {
        driver_of(driver).faults().fail_next(count, tag)
    };
    fn emu_catch(run: EmuRun, context: *mut c_void, stop: *mut EmuStop) -> u32 = {
        // SAFETY: by the C caller's word, both.
        unsafe { catch::catch(run, context, stop) }
    };
    fn emu_arm(frame: *mut EmuFrame, leap: EmuLeap) = {
        // SAFETY: by the word of the macro that calls it.
        unsafe { catch::arm_frame(frame, leap) }
    };
    fn emu_disarm(frame: *mut EmuFrame) = { catch::disarm_frame(frame) };
    fn emu_stop_report(stop: *const EmuStop, into: *mut c_char, bytes: usize) -> usize = {
        // SAFETY: by the C caller's word.
        unsafe { catch::report(stop, into, bytes) }
    };
    fn emu_set_depth(lookaside: *mut LookasideListEx, depth: u16) = {
        // SAFETY: an initialised list, by the C caller's word.
        unsafe { emu::set_depth(lookaside, depth) }
    };
    fn emu_tick() = { emu::tick() };
    fn emu_debug_print(text: *const c_char, bytes: usize) = {
        // SAFETY: that many bytes of text, by the C caller's word.
        let text = unsafe { std::slice::from_raw_parts(text.cast(), bytes) };
        // Nowhere to complain where there is no standard error.
        let _ = std::io::stderr().write_all(text);
    };
}

/// `struct emu_driver`, which C sees from the outside only.
pub enum EmuDriver {}

/// The driver that a handle stands for: none is the root driver, and there is no other yet.
fn driver_of(handle: *mut EmuDriver) -> Driver {
    if !handle.is_null() {
        eprintln!("emu.h: Not a driver: {handle:?}");
        std::process::abort();
    }
    Driver::root()
}
