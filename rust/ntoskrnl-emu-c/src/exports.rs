//! The exports, one line each.

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

use std::ffi::{c_char, c_void};
use std::io::Write;

use emu::Driver;
use emu::host::{EntryPoint, in_foreign_frame, set_entry_points};
use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw, Kirql,
    LookasideListEx, NPagedLookasideList, NtStatus, PagedLookasideList, PoolType, SListEntry,
    SListHeader,
};

/// A word that `KeInitializeSpinLock` and its like work on (`KSPIN_LOCK`).
type SpinLock = usize;
/// `ULONG_PTR`: as wide as a pointer.
type UlongPtr = usize;
/// `BOOLEAN`: a byte, 0 or 1.
type Boolean = u8;

/// What C sees of an export: its name, the types of its arguments, and its result's, as Rust spells
/// them.
pub type Signature = (&'static str, &'static [&'static str], &'static str);

/// Declares exports and lists their signatures, which a test holds the headers to, and the exports
/// themselves. What is marked `#[name_callers]` lets later stops name the code that called an export.
///
/// The body of one that stands without is the routine of `ntoskrnl-emu` by the same name. Every
/// export is a foreign frame: inside it no catcher is armed.
macro_rules! exports {
    ($($(#[$before:ident])? fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $(= $body:block)?;)*) => {
        /// The signatures of all exports.
        #[allow(dead_code, reason = "read by the tests")]
        pub const SIGNATURES: &[Signature] = &[$((
            stringify!($name),
            &[$(stringify!($type)),*],
            concat!($(stringify!($result))?),
        )),*];

        static ENTRY_POINTS: &[EntryPoint] = &[$(EntryPoint($name as *const ())),*];
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            ///
            /// # Safety
            ///
            /// That of the routine by this name in `ntoskrnl-emu`.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
                $($before();)?
                in_foreign_frame(|| exports!(@body $name($($argument),*) $($body)?))
            }
        )*
    };
    // SAFETY: the C caller's word is the routine's contract.
    (@body $name:ident($($argument:ident),*)) => { unsafe { emu::$name($($argument),*) } };
    (@body $name:ident($($argument:ident),*) $body:block) => { $body };
}

fn name_callers() {
    set_entry_points(ENTRY_POINTS);
}

exports! {
    // Lists of LOOKASIDE_LIST_EX.
    #[name_callers]
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
    #[name_callers]
    fn ExInitializeNPagedLookasideList(
        lookaside: *mut NPagedLookasideList, allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>, flags: u32, size: usize, tag: u32, depth: u16,
    );
    fn ExDeleteNPagedLookasideList(lookaside: *mut NPagedLookasideList);
    fn ExAllocateFromNPagedLookasideList(lookaside: *mut NPagedLookasideList) -> *mut c_void;
    fn ExFreeToNPagedLookasideList(lookaside: *mut NPagedLookasideList, entry: *mut c_void);
    #[name_callers]
    fn ExInitializePagedLookasideList(
        lookaside: *mut PagedLookasideList, allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>, flags: u32, size: usize, tag: u32, depth: u16,
    );
    fn ExDeletePagedLookasideList(lookaside: *mut PagedLookasideList);
    fn ExAllocateFromPagedLookasideList(lookaside: *mut PagedLookasideList) -> *mut c_void;
    fn ExFreeToPagedLookasideList(lookaside: *mut PagedLookasideList, entry: *mut c_void);

    // Sequenced singly linked lists.
    #[name_callers]
    fn InitializeSListHead(header: *mut SListHeader);
    fn ExQueryDepthSList(header: *mut SListHeader) -> u16;
    fn ExpInterlockedPushEntrySList(
        header: *mut SListHeader, entry: *mut SListEntry,
    ) -> *mut SListEntry;
    fn ExpInterlockedPopEntrySList(header: *mut SListHeader) -> *mut SListEntry;
    fn ExpInterlockedFlushSList(header: *mut SListHeader) -> *mut SListEntry;

    // Pool.
    #[name_callers]
    fn ExAllocatePool2(flags: u64, bytes: usize, tag: u32) -> *mut c_void;
    #[name_callers]
    fn ExAllocatePoolWithTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;
    #[name_callers]
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
    #[name_callers]
    fn ExRaiseStatus(status: NtStatus) -> !;

    // What Windows has no name for: emu.h.
    fn emu_fail_next(driver: *mut EmuDriver, count: u32, tag: u32) = {
        driver_of(driver).faults().fail_next(count, tag)
    };
    fn emu_set_depth(lookaside: *mut LookasideListEx, depth: u16) = {
        // SAFETY: an initialised list, by the C caller's word.
        unsafe { emu::set_depth(lookaside, depth) }
    };
    fn emu_set_own_entries_only(lookaside: *mut LookasideListEx, own_only: Boolean) = {
        if emu::host::set_own_entries_only(lookaside, own_only != 0).is_err() {
            emu::host::stops::not_initialised(lookaside.addr()).raise();
        }
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
