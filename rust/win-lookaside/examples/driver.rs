//! A driver's life with a lookaside list: `DriverEntry`, requests, unload.
//!
//! The list is a `static`, as in most drivers: initialised in `DriverEntry`, deleted when the driver
//! is unloaded. What the driver keeps between the two is a [`Context`] in a `Box` whose memory is an
//! entry of that list, and so is each request. Nothing here panics: without memory, `DriverEntry`
//! returns a status.
//!
//! In a `.sys` the system calls [`driver_entry`] and [`unload`], with a `DRIVER_OBJECT` and a
//! `UNICODE_STRING` for `c_void`. Here `main` is the system, and no Windows is needed:
//!
//! ```sh
//! cargo run -p lookaside-alloc --example driver
//! ```
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use allocator_api2::boxed::Box;
use win_lookaside::{LookasideAlloc, LookasideError, NtStatus, PoolType, resolve};

/// The tag that the debugger and PoolMon show for the driver's entries.
const TAG: u32 = u32::from_ne_bytes(*b"Smpl");

// `ntstatus.h`, as the signed numbers that they are in C.
const STATUS_SUCCESS: i32 = 0;
const STATUS_UNSUCCESSFUL: i32 = 0xC000_0001_u32.cast_signed();
const STATUS_INSUFFICIENT_RESOURCES: i32 = 0xC000_009A_u32.cast_signed();
const STATUS_DEVICE_NOT_READY: i32 = 0xC000_00A3_u32.cast_signed();

/// Where the driver's small allocations come from.
static ENTRIES: LookasideAlloc = LookasideAlloc::new();
/// The driver's context: in a driver with a device, a field of the device extension.
static CONTEXT: AtomicPtr<Context> = AtomicPtr::new(null_mut());

/// What the driver knows between two requests.
struct Context {
    requests: AtomicU32,
    bytes: AtomicU32,
}

/// One request while it is worked on.
struct Request {
    length: u32,
    payload: [u8; 40],
}

/// What both need of an entry.
const ENTRY_BYTES: usize = if size_of::<Context>() > size_of::<Request>() {
    size_of::<Context>()
} else {
    size_of::<Request>()
};

/// `DRIVER_INITIALIZE`: the driver is loaded, at `PASSIVE_LEVEL`.
///
/// # Safety
///
/// * The system calls it once, before any request; again only after [`unload`].
unsafe extern "system" fn driver_entry(
    _driver: *mut c_void,
    _registry_path: *mut c_void,
) -> NtStatus {
    resolve();
    let pool = PoolType::NON_PAGED_POOL_NX;
    match ENTRIES.init(ENTRY_BYTES, pool, Some(TAG), None, None, None) {
        Ok(()) => {}
        Err(LookasideError::InitError(status)) => return status,
        Err(_) => return NtStatus::from(STATUS_UNSUCCESSFUL),
    }
    let context = Context {
        requests: AtomicU32::new(0),
        bytes: AtomicU32::new(0),
    };
    let Ok(context) = Box::try_new_in(context, &ENTRIES) else {
        // A driver that fails to load is not unloaded: what it has made is its own to undo.
        // SAFETY: no request has come yet, and no entry is allocated.
        unsafe { ENTRIES.destroy_shared() };
        return NtStatus::from(STATUS_INSUFFICIENT_RESOURCES);
    };
    // Release pairs with the Acquire in `dispatch`: a thread that sees the context sees what is in it.
    let (context, _) = Box::into_raw_with_allocator(context);
    CONTEXT.store(context, Ordering::Release);
    NtStatus::from(STATUS_SUCCESS)
}

/// `DRIVER_DISPATCH`: works on one request; any thread, up to `DISPATCH_LEVEL`.
///
/// # Safety
///
/// * The system calls it between [`driver_entry`] and [`unload`] only.
unsafe fn dispatch(payload: &[u8]) -> NtStatus {
    let context = CONTEXT.load(Ordering::Acquire);
    // SAFETY: null, or the context, which lives until the driver is unloaded.
    let Some(context) = (unsafe { context.as_ref() }) else {
        return NtStatus::from(STATUS_DEVICE_NOT_READY);
    };
    let mut request = Request {
        length: 0,
        payload: [0; 40],
    };
    for (to, from) in request.payload.iter_mut().zip(payload) {
        *to = *from;
        request.length += 1;
    }
    // A hit, nearly always: the request before this one left its entry on the list.
    let Ok(request) = Box::try_new_in(request, &ENTRIES) else {
        return NtStatus::from(STATUS_INSUFFICIENT_RESOURCES);
    };
    context.requests.fetch_add(1, Ordering::Relaxed);
    context.bytes.fetch_add(request.length, Ordering::Relaxed);
    NtStatus::from(STATUS_SUCCESS)
    // The request ends here, and its entry goes back to the list.
}

/// `DRIVER_UNLOAD`: the driver leaves, at `PASSIVE_LEVEL`.
///
/// # Safety
///
/// * The system calls it after the last request has returned.
unsafe extern "system" fn unload(_driver: *mut c_void) {
    let context = CONTEXT.swap(null_mut(), Ordering::Acquire);
    if !context.is_null() {
        // SAFETY: the pointer came from `into_raw` of a box of this list, and is taken once.
        drop(unsafe { Box::from_raw_in(context, &ENTRIES) });
    }
    // SAFETY: no request runs any more, and every entry is freed. An undeleted list is linked into
    // the system's own, and would be followed after the driver is gone.
    unsafe { ENTRIES.destroy_shared() };
}

/// Requests and bytes so far.
fn summary() -> Option<(u32, u32)> {
    // SAFETY: null, or the context, which lives until the driver is unloaded.
    let context = unsafe { CONTEXT.load(Ordering::Acquire).as_ref() }?;
    let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    Some((count(&context.requests), count(&context.bytes)))
}

fn main() {
    for run in 1..=2 {
        // SAFETY: the system's part, in its order.
        let status = unsafe { driver_entry(null_mut(), null_mut()) };
        assert!(status.is_ok(), "DriverEntry failed: {status}");
        for length in 0..100 {
            // SAFETY: the driver is loaded.
            let status = unsafe { dispatch(&[7; 64][..length % 40]) };
            assert!(status.is_ok(), "The request failed: {status}");
        }
        let (requests, bytes) = summary().expect("the driver is loaded");
        let stats = ENTRIES.stats().expect("the list is initialised");
        println!(
            "run {run}: requests: {requests}, bytes: {bytes}, allocates: {}, from pool: {}",
            stats.total_allocates, stats.allocate_misses
        );
        // SAFETY: no request runs any more.
        unsafe { unload(null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ntoskrnl_emu::Driver;
    use std::sync::{Mutex, PoisonError};

    /// The driver is one, and so is the fault injection of the root driver.
    static TURN: Mutex<()> = Mutex::new(());

    #[test]
    fn the_driver_loads_serves_and_unloads_twice_and_fails_by_status() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        main();
        main();
        assert!(ENTRIES.alloc().is_null(), "the list is deleted");
        // SAFETY: that the driver is not loaded is what is tried; it looks.
        let refused = unsafe { dispatch(&[1]) };
        assert_eq!(refused.code(), STATUS_DEVICE_NOT_READY);

        // No pool for the list; then none for the context.
        for tag in [u32::from_ne_bytes(*b"LkCb"), TAG] {
            Driver::root().faults().fail_next(1, tag);
            // SAFETY: the driver is not loaded.
            let status = unsafe { driver_entry(null_mut(), null_mut()) };
            assert_eq!(status.code(), STATUS_INSUFFICIENT_RESOURCES);
            assert_eq!(ENTRIES.stats(), None);
        }

        // SAFETY: the system's part, in its order.
        let status = unsafe { driver_entry(null_mut(), null_mut()) };
        assert!(status.is_ok());
        Driver::root().faults().fail_next(1, TAG);
        // SAFETY: the driver is loaded.
        let status = unsafe { dispatch(&[1, 2, 3]) };
        assert_eq!(status.code(), STATUS_INSUFFICIENT_RESOURCES);
        assert_eq!(summary(), Some((0, 0)));
        // SAFETY: the driver is loaded.
        assert!(unsafe { dispatch(&[1, 2, 3]) }.is_ok());
        assert_eq!(summary(), Some((1, 3)));
        // SAFETY: no request runs any more.
        unsafe { unload(null_mut()) };
    }

    /// Each allocation fails once, in `DriverEntry` or in a request: a status says so, and the driver can
    /// be unloaded with nothing left.
    #[test]
    fn each_allocation_fails_once_and_nothing_is_left() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let report = Driver::root().faults().systematically(|_| {
            // SAFETY: the system's part, in its order.
            if unsafe { driver_entry(null_mut(), null_mut()) }.is_err() {
                return;
            }
            for length in 0..10 {
                // SAFETY: the driver is loaded. Whether there is memory is what is tried.
                _ = unsafe { dispatch(&[7; 64][..length]) };
            }
            // SAFETY: no request runs any more.
            unsafe { unload(null_mut()) };
        });
        let report = report.expect("nothing is wrong where nothing fails");
        assert_eq!(report.failures, []);
        // The list, the context and the first request; each request where a list keeps nothing.
        let [list, entries @ ..] = report.failed.as_slice() else {
            panic!("nothing failed");
        };
        assert_eq!(*list, u32::from_ne_bytes(*b"LkCb"));
        assert!(entries.len() >= 2 && entries.iter().all(|&tag| tag == TAG));
    }
}
