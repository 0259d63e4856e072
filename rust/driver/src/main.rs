//! A Windows driver that runs trace programs and contract tests over `win-lookaside`.
//!
//! It is a test instrument: it shows that the crate behaves in a kernel as it does over the
//! emulation. What it is asked, and what it answers, is the crate `lookaside-protocol`; nothing that
//! user mode sends may stop the system, so the driver checks each request whole before it does anything.
#![no_std]
#![no_main]

#[cfg(not(kernel_mode))]
compile_error!(
    "the driver is for the kernel: build with --cfg kernel_mode, as rust/driver/.cargo/config.toml does"
);

mod callbacks;
mod contract;
mod device;
mod heap;
mod list;
mod nt;
mod ordinals;
mod pool;
mod run;
mod security;
mod stop;

use core::ffi::c_void;
use core::ptr::{addr_of, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use wdm::{NtStatus, PoolType, STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS};
use win_lookaside::{LookasideAlloc, LookasideError};

use device::{HANDLES, Handle, SECURITY};
use nt::{
    DeviceObject, DriverObject, FILE_DEVICE_SECURE_OPEN, FILE_DEVICE_UNKNOWN, IRP_MJ_CLOSE,
    IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IoCreateDevice, IoCreateSymbolicLink, IoDeleteDevice,
    IoDeleteSymbolicLink, UnicodeString,
};
use run::LISTS_OF_HANDLES;

/// The tag of what belongs to handles.
const TAG: u32 = u32::from_ne_bytes(*b"LkDv");

/// Writes a name as the kernel takes it.
macro_rules! unicode {
    ($text:literal) => {{
        const LENGTH: usize = $text.len();
        static CHARACTERS: [u16; LENGTH] = {
            let mut wide = [0; LENGTH];
            let mut i = 0;
            while i < LENGTH {
                // In a constant: an index out of bounds would not compile.
                #[allow(clippy::indexing_slicing)]
                {
                    wide[i] = $text[i] as u16;
                }
                i = i.wrapping_add(1);
            }
            wide
        };
        UnicodeString {
            length: (LENGTH * 2) as u16,
            maximum_length: (LENGTH * 2) as u16,
            buffer: addr_of!(CHARACTERS).cast(),
        }
    }};
}

static DEVICE_NAME: UnicodeString = unicode!(b"\\Device\\WinLookaside");
static LINK_NAME: UnicodeString = unicode!(b"\\DosDevices\\WinLookaside");

static DEVICE: AtomicPtr<DeviceObject> = AtomicPtr::new(null_mut());

/// The driver's first routine (nc-wdm-driver_initialize), at PASSIVE_LEVEL.
///
/// # Safety
///
/// * Called once, by the kernel, with the driver's own object.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DriverEntry(
    driver: *mut DriverObject,
    _registry_path: *const c_void,
) -> NtStatus {
    #[cfg(feature = "stand-in")]
    // SAFETY: the routine has no requirements.
    unsafe {
        nt::LookasideExportCalls();
    }
    win_lookaside::resolve();
    let status = start(driver);
    if status.is_err() {
        stop();
        return status;
    }
    // SAFETY: the driver object is the caller's word, and its table is this driver's to fill in.
    let driver = unsafe { &mut *driver };
    let dispatch = [
        (IRP_MJ_CREATE, device::create as nt::Dispatch),
        (IRP_MJ_CLOSE, device::close),
        (IRP_MJ_DEVICE_CONTROL, device::control),
    ];
    for (function, routine) in dispatch {
        if let Some(place) = driver.major_function.get_mut(function) {
            *place = Some(routine);
        }
    }
    driver.driver_unload = Some(unload);
    STATUS_SUCCESS
}

fn start(driver: *mut DriverObject) -> NtStatus {
    let lists = [
        (&HANDLES, size_of::<Handle>()),
        (&LISTS_OF_HANDLES, size_of::<list::List>()),
    ];
    for (list, size) in lists {
        if let Err(status) = init(list, size) {
            return status;
        }
    }
    let mut device = null_mut();
    // SAFETY: the driver object is the kernel's word; the name lives for ever.
    let status = unsafe {
        IoCreateDevice(
            driver,
            0,
            &raw const DEVICE_NAME,
            FILE_DEVICE_UNKNOWN,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut device,
        )
    };
    if status.is_err() {
        return status;
    }
    DEVICE.store(device, Ordering::Relaxed);
    match security::secure(device) {
        Ok(how) => SECURITY.store(how, Ordering::Relaxed),
        Err(status) => return status,
    }
    // SAFETY: both names live for ever.
    unsafe { IoCreateSymbolicLink(&raw const LINK_NAME, &raw const DEVICE_NAME) }
}

fn init(list: &LookasideAlloc, size: usize) -> Result<(), NtStatus> {
    list.init(
        size,
        PoolType::NON_PAGED_POOL_NX,
        Some(TAG),
        None,
        None,
        None,
    )
    .map_err(|error| match error {
        LookasideError::InitError(status) => status,
        _ => STATUS_INSUFFICIENT_RESOURCES,
    })
}

/// Undoes what [`start`] did, as far as it came.
fn stop() {
    let device = DEVICE.swap(null_mut(), Ordering::Relaxed);
    if !device.is_null() {
        // SAFETY: the device is ours, and no handle of it is open.
        unsafe { IoDeleteDevice(device) };
    }
    // SAFETY: no handle is open: nothing uses the lists, nor an entry of them.
    unsafe { HANDLES.destroy_shared() };
    // SAFETY: as above.
    unsafe { LISTS_OF_HANDLES.destroy_shared() };
}

/// The driver's last routine: the kernel calls it when no handle is open any more.
unsafe extern "system" fn unload(_driver: *mut DriverObject) {
    // SAFETY: the name lives for ever, and the link is ours.
    unsafe { IoDeleteSymbolicLink(&raw const LINK_NAME) };
    stop();
}
