//! A driver's first function and its last.

use std::ffi::c_void;

use wdm::{
    DeviceObject, DriverObject, Irp, NtStatus, STATUS_INVALID_DEVICE_REQUEST, UnicodeString,
};

use super::{device, wdf};
use crate::bug_check::BugCheck;
use crate::host::driver::Driver;
use crate::host::driver_objects;
use crate::scope;

/// `DRIVER_INITIALIZE`: a driver's first function.
pub type DriverInitialize =
    unsafe extern "C-unwind" fn(*mut DriverObject, *mut UnicodeString) -> NtStatus;

/// The name of a driver that is loaded by its first function.
const NAME: &str = "driver";

/// What answers a kind of request that the driver does not: the request's status is
/// STATUS_INVALID_DEVICE_REQUEST. On Windows it is completed too.
unsafe extern "C-unwind" fn refuse_request(_: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    let status = STATUS_INVALID_DEVICE_REQUEST;
    if !irp.is_null() {
        // SAFETY: a request, by the word of the one that calls a dispatch routine.
        unsafe { (*irp).status = status.code().cast_unsigned() as usize };
        // SAFETY: as above.
        unsafe { (*irp).information = 0 };
    }
    status
}

/// Loads a driver by its first function, which runs as the current driver's, with a driver object.
///
/// # Errors
///
/// The status that the function returns, where it is no success. The driver is unloaded then, without
/// its last function, as by Windows: what it has left is a bug check, as of [`unload_driver`].
///
/// # Safety
///
/// The function can be called with a driver object and a path.
pub unsafe fn load_driver(entry: DriverInitialize) -> Result<Driver, NtStatus> {
    let driver = Driver::load(NAME);
    let refuse = refuse_request as unsafe extern "C-unwind" fn(_, _) -> _;
    let (object, path) = driver_objects::make(
        driver.index(),
        NAME,
        entry as *mut c_void,
        refuse as *mut c_void,
    );
    let levels = scope::levels();
    let status = {
        let _current = driver.enter();
        // SAFETY: by the caller's word.
        unsafe { entry(object, path) }
    };
    scope::set_levels(levels);
    if status.is_ok() {
        // SAFETY: the driver's object.
        unsafe { device::end_initialising(object) };
        return Ok(driver);
    }
    wdf::object::wdf_forget(driver.index());
    // SAFETY: a driver whose first function failed is used by nothing.
    match unsafe { finish(driver) } {
        Ok(()) => Err(status),
        Err(stop) => stop.raise(),
    }
}

/// Unloads a driver: calls its last function, where it was loaded by its first and has one, and ends its
/// framework objects.
///
/// # Errors
///
/// As of [`Driver::unload`].
///
/// # Safety
///
/// Nothing of the driver is used any more.
pub unsafe fn unload_driver(driver: Driver) -> Result<(), BugCheck> {
    let object = driver_objects::driver_object(driver.index());
    if !object.is_null() {
        // SAFETY: the driver's object.
        let unload = unsafe { (*object).driver_unload };
        if !unload.is_null() {
            let _current = driver.enter();
            // SAFETY: a driver has its last function there.
            let unload = unsafe {
                std::mem::transmute::<*mut c_void, unsafe extern "C-unwind" fn(*mut DriverObject)>(
                    unload,
                )
            };
            // SAFETY: as above.
            unsafe { unload(object) };
        }
    }
    wdf::object::wdf_unload(driver.index());
    // SAFETY: by the caller's word.
    unsafe { finish(driver) }
}

/// Unloads what has run its last function.
///
/// # Safety
///
/// As of [`unload_driver`].
unsafe fn finish(driver: Driver) -> Result<(), BugCheck> {
    crate::host::forget_routine();
    device::forget_names(driver.index());
    // SAFETY: by the caller's word.
    let unloaded = unsafe { driver.unload_for_reuse() };
    // SAFETY: as above.
    unsafe { driver_objects::forget(driver.index()) };
    unloaded
}
