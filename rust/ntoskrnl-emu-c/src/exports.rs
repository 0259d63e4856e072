//! The exports, one line each.

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use emu::host::{EntryPoint, set_entry_points};
use emu::{Driver, FaultFailure, Leak, LeakKind, Stop};
use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw, Kirql,
    LookasideListEx, NPagedLookasideList, NtStatus, PagedLookasideList, PoolTag, PoolType,
    SListEntry, SListHeader,
};

use crate::catch::{self, Between, EmuFrame, EmuLeap, EmuRun, EmuStop};

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
/// The body of one that stands without is the routine of `ntoskrnl-emu` by the same name. Only
/// catchers of C are ever armed in this library, so a stop may unwind into its callers: a callback of
/// a list, which it must not cross, disarms them while it runs.
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
            pub unsafe extern "C-unwind" fn $name($($argument: $type),*) $(-> $result)? {
                $($before();)?
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
    fn emu_fail_nth(driver: *mut EmuDriver, n: u32, tag: u32) = {
        driver_of(driver).faults().fail_nth(n, tag)
    };
    fn emu_fail_every(driver: *mut EmuDriver, n: u32, tag: u32) = {
        driver_of(driver).faults().fail_every(n, tag)
    };
    fn emu_exhaust(run: EmuRun, context: *mut c_void) -> u32 = {
        // SAFETY: by the C caller's word.
        exhaust(|| unsafe { run(context) })
    };
    fn emu_driver_load(name: *const c_char) -> *mut EmuDriver = {
        // SAFETY: a text that ends with a zero, by the C caller's word.
        let name = unsafe { CStr::from_ptr(name) };
        let driver = Driver::load(&name.to_string_lossy());
        std::ptr::without_provenance_mut(driver.index() as usize)
    };
    fn emu_driver_enter(driver: *mut EmuDriver) = {
        let before = Driver::current().index();
        std::mem::forget(driver_of(driver).enter());
        ENTERED.with_borrow_mut(|entered| entered.push(before));
    };
    fn emu_driver_leave() = {
        let before = ENTERED.with_borrow_mut(Vec::pop).and_then(Driver::by_index);
        std::mem::forget(before.unwrap_or(Driver::root()).enter());
    };
    fn emu_driver_unload(driver: *mut EmuDriver) = {
        emu::host::forget_routine();
        // SAFETY: the C caller uses nothing of the driver any more, by its word.
        if let Err(stop) = unsafe { driver_of(driver).unload_for_reuse() } {
            stop.raise();
        }
    };
    fn emu_driver_reset(driver: *mut EmuDriver) = {
        // SAFETY: as above.
        if let Err(status) = unsafe { driver_of(driver).reset() } {
            refuse(&format!("Cannot reset the driver: {status}: {driver:?}"));
        }
    };
    fn emu_leaks(driver: *mut EmuDriver, into: *mut EmuLeak, capacity: u32) -> u32 = {
        let leaks = driver_of(driver).leaks();
        for (place, leak) in (0..capacity as usize).zip(&leaks) {
            // SAFETY: `capacity` of them can be written, by the C caller's word.
            unsafe { into.wrapping_add(place).write(EmuLeak::of(leak)) };
        }
        u32::try_from(leaks.len()).unwrap_or(u32::MAX)
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

thread_local! {
    /// The drivers that were current when others were entered, by index.
    static ENTERED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The driver that a handle stands for; none is the root driver.
fn driver_of(handle: *mut EmuDriver) -> Driver {
    let index = u32::try_from(handle.addr()).ok();
    match index.and_then(Driver::by_index) {
        Some(driver) => driver,
        None => refuse(&format!("Not a driver that is loaded: {handle:?}")),
    }
}

fn refuse(why: &str) -> ! {
    eprintln!("emu.h: {why}");
    std::process::abort();
}

/// One thing that is left of a driver (`struct emu_leak`).
#[repr(C)]
pub struct EmuLeak {
    kind: u32,
    tag: u32,
    bytes: usize,
    address: usize,
}

impl EmuLeak {
    fn of(leak: &Leak) -> Self {
        Self {
            kind: match leak.kind {
                LeakKind::List => 0,
                LeakKind::Entry => 1,
                LeakKind::Block => 2,
            },
            tag: leak.tag,
            bytes: leak.bytes as usize,
            address: leak.address as usize,
        }
    }
}

/// Runs a scenario until no allocation of it fails; returns how many runs did not end well, after a
/// line for each on standard error.
fn exhaust(scenario: impl Fn()) -> u32 {
    let faults = Driver::current().faults();
    let ended = faults.systematically(|_| {
        let _between = Between::new();
        scenario();
    });
    match ended {
        Ok(report) => {
            for FaultFailure {
                allocation,
                tag,
                error,
            } in &report.failures
            {
                let tag = PoolTag(*tag);
                let how = match error {
                    Stop::BugCheck(stop) => stop.to_string(),
                    Stop::Raised(status) => status.to_string(),
                };
                eprintln!("emu_exhaust: allocation {allocation}, tag \"{tag}\": {how}");
            }
            u32::try_from(report.failures.len()).unwrap_or(u32::MAX)
        }
        Err(Stop::BugCheck(stop)) => stop.raise(),
        // SAFETY: it does not return, which is all there is to it.
        Err(Stop::Raised(status)) => unsafe { emu::ExRaiseStatus(status) },
    }
}
