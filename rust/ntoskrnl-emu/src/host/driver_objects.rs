//! Driver objects: what a driver's first function is given.

use std::collections::BTreeMap;
use std::ffi::c_void;

use wdm::{DriverExtension, DriverObject, MAJOR_FUNCTIONS, UnicodeString};

use crate::sync::{Lock, global};

/// Which object a driver object is (`IO_TYPE_DRIVER`).
const IO_TYPE_DRIVER: i16 = 4;

/// A driver object with what it points to, and the path of the driver's key. It is never moved.
struct Parts {
    object: DriverObject,
    extension: DriverExtension,
    path: UnicodeString,
    _texts: [Vec<u16>; 3],
}

global! {
    /// The parts by the driver's index: an address, for the memory is the driver's as well.
    static PARTS: Lock<BTreeMap<u32, usize>> = Lock::new(BTreeMap::new());
}

fn text(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn string(text: &mut Vec<u16>) -> UnicodeString {
    // Names here are a few words: never so long that a count of bytes does not hold them.
    let bytes = u16::try_from(text.len() * 2).unwrap_or(u16::MAX);
    UnicodeString {
        length: bytes.saturating_sub(2),
        maximum_length: bytes,
        buffer: text.as_mut_ptr(),
    }
}

/// Makes the object of a driver, which answers no request yet: object and path of its key.
pub(crate) fn make(
    driver: u32,
    name: &str,
    entry: *mut c_void,
    refuse: *mut c_void,
) -> (*mut DriverObject, *mut UnicodeString) {
    let mut texts = [
        text(&format!("\\Driver\\{name}")),
        text(&format!(
            "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\{name}"
        )),
        text(name),
    ];
    let [driver_name, path, service_key_name] = texts.each_mut().map(string);
    let null = std::ptr::null_mut();
    let mut parts = Box::new(Parts {
        object: DriverObject {
            kind: IO_TYPE_DRIVER,
            size: size_of::<DriverObject>() as i16,
            device_object: std::ptr::null_mut(),
            flags: 0,
            driver_start: null,
            driver_size: 0,
            driver_section: null,
            driver_extension: std::ptr::null_mut(),
            driver_name,
            hardware_database: std::ptr::null_mut(),
            fast_io_dispatch: null,
            driver_init: entry,
            driver_start_io: null,
            driver_unload: null,
            major_function: [refuse; MAJOR_FUNCTIONS],
        },
        extension: DriverExtension {
            driver_object: std::ptr::null_mut(),
            add_device: null,
            count: 0,
            service_key_name,
        },
        path,
        _texts: texts,
    });
    parts.extension.driver_object = &raw mut parts.object;
    parts.object.driver_extension = &raw mut parts.extension;
    let parts = Box::into_raw(parts);
    PARTS.lock().insert(driver, parts.expose_provenance());
    // SAFETY: made above, and never freed while the driver is loaded.
    let object = unsafe { &raw mut (*parts).object };
    // SAFETY: as above.
    (object, unsafe { &raw mut (*parts).path })
}

fn parts_of(driver: u32) -> Option<*mut Parts> {
    let address = PARTS.lock().get(&driver).copied()?;
    Some(std::ptr::with_exposed_provenance_mut(address))
}

/// A driver's object; null where it has none.
pub fn driver_object(driver: u32) -> *mut DriverObject {
    match parts_of(driver) {
        // SAFETY: made by `make`, and there until it is forgotten.
        Some(parts) => unsafe { &raw mut (*parts).object },
        None => std::ptr::null_mut(),
    }
}

/// A driver's object is gone.
///
/// # Safety
///
/// Nothing refers to it any more.
pub(crate) unsafe fn forget(driver: u32) {
    let parts = PARTS.lock().remove(&driver);
    if let Some(address) = parts {
        let parts = std::ptr::with_exposed_provenance_mut::<Parts>(address);
        // SAFETY: a box's, by `make`, and used by nothing any more, by the caller's word.
        drop(unsafe { Box::from_raw(parts) });
    }
}
