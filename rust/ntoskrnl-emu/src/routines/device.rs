//! Devices and the names that lead to them.
//!
//! A device is a block of nonpaged pool, so one that is left counts among what its driver leaves, and
//! making one fails where pool does. Names belong to the driver that gives them: drivers of one process
//! do not see each other's.

use std::collections::BTreeSet;
use std::ffi::c_void;

use wdm::{
    DeviceObject, DriverObject, NtStatus, PAGE_SIZE, PoolType, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS,
    SYSTEM_CACHE_ALIGNMENT_SIZE, UnicodeString,
};

use super::pool::{ExAllocatePoolWithTag, ExFreePoolWithTag};
use crate::dispatcher::{Kind, Object};
use crate::irql;
use crate::scope;
use crate::sync::{Lock, global};

/// Which object a device is (`IO_TYPE_DEVICE`).
const IO_TYPE_DEVICE: i16 = 3;
/// The pool of devices.
const POOL: PoolType = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED;
/// The tag of devices.
const TAG: u32 = u32::from_le_bytes(*b"Devi");
/// The device is not ready (`DO_DEVICE_INITIALIZING`).
const INITIALISING: u32 = 0x80;
/// One may have it open at a time (`DO_EXCLUSIVE`).
const EXCLUSIVE: u32 = 0x08;
/// It has a name (`DO_DEVICE_HAS_NAME`).
const HAS_NAME: u32 = 0x40;
/// Where the extension lies in the block of a device: on a cache line, as a list in it may want.
const EXTENSION: usize = size_of::<DeviceObject>().next_multiple_of(SYSTEM_CACHE_ALIGNMENT_SIZE);

/// A name: whose, of which device (zero for a link), and its text, as names are compared.
type Name = (u32, Vec<u16>, usize);

global! {
    static NAMES: Lock<BTreeSet<Name>> = Lock::new(BTreeSet::new());
}

/// A name's text, as names are compared.
///
/// # Safety
///
/// Null, or a string with as much text as it says.
unsafe fn text_of(name: *const UnicodeString) -> Vec<u16> {
    if name.is_null() {
        return Vec::new();
    }
    // SAFETY: by the caller's word.
    let name = unsafe { name.read() };
    if name.buffer.is_null() || name.length < 2 {
        return Vec::new();
    }
    // SAFETY: by the caller's word.
    let text = unsafe { std::slice::from_raw_parts(name.buffer, usize::from(name.length) / 2) };
    text.iter()
        .map(|&unit| super::string::upcase(unit))
        .collect()
}

/// Gives a name, unless it is given already; whether it did.
fn give(text: Vec<u16>, device: usize) -> bool {
    let driver = scope::driver();
    let mut names = NAMES.lock();
    let is_given = names.iter().any(|one| one.0 == driver && one.1 == text);
    !is_given && names.insert((driver, text, device))
}

/// The names of a driver are gone.
pub(super) fn forget_names(driver: u32) {
    NAMES.lock().retain(|one| one.0 != driver);
}

/// What Windows does after a driver's first function: the devices that it has made are ready.
///
/// # Safety
///
/// A driver object, whose devices are there.
pub(super) unsafe fn end_initialising(driver: *mut DriverObject) {
    // SAFETY: by the caller's word.
    let mut device = unsafe { (*driver).device_object };
    while !device.is_null() {
        // SAFETY: by the caller's word.
        unsafe { (*device).flags &= !INITIALISING };
        // SAFETY: as above.
        device = unsafe { (*device).next_device };
    }
}

/// `IoCreateDevice`: makes a device of a driver, with an extension that is zero.
///
/// # Errors
///
/// STATUS_OBJECT_NAME_COLLISION for a name that the driver gave already, STATUS_INSUFFICIENT_RESOURCES
/// where there is no pool.
///
/// # Safety
///
/// A driver object; the name is null or a string; the device can be written.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-iocreatedevice`).
#[allow(clippy::too_many_arguments, reason = "they are the routine's")]
pub unsafe extern "system-unwind" fn IoCreateDevice(
    driver: *mut DriverObject,
    extension_bytes: u32,
    name: *mut UnicodeString,
    device_type: u32,
    characteristics: u32,
    exclusive: u8,
    into: *mut *mut DeviceObject,
) -> NtStatus {
    irql::CREATE_DEVICE.check();
    let bytes = EXTENSION.saturating_add(extension_bytes as usize);
    // SAFETY: freed with the device.
    let block = unsafe { ExAllocatePoolWithTag(POOL, bytes, TAG) };
    if block.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: by the caller's word.
    let text = unsafe { text_of(name) };
    let has_name = !text.is_empty();
    if has_name && !give(text, block.addr()) {
        // SAFETY: allocated above.
        unsafe { ExFreePoolWithTag(block, TAG) };
        return STATUS_OBJECT_NAME_COLLISION;
    }
    // SAFETY: allocated above, with so many bytes.
    unsafe { block.cast::<u8>().write_bytes(0, bytes) };
    let device = block.cast::<DeviceObject>();
    // SAFETY: a block of a device's size that is zero, as all of its fields may be.
    let fields = unsafe { &mut *device };
    fields.kind = IO_TYPE_DEVICE;
    fields.size =
        u16::try_from(size_of::<DeviceObject>() + extension_bytes as usize).unwrap_or(u16::MAX);
    fields.driver_object = driver;
    fields.flags = INITIALISING
        | if exclusive != 0 { EXCLUSIVE } else { 0 }
        | if has_name { HAS_NAME } else { 0 };
    fields.characteristics = characteristics;
    fields.device_type = device_type;
    fields.stack_size = 1;
    if extension_bytes > 0 {
        fields.device_extension = block.wrapping_byte_add(EXTENSION);
    }
    let lock = (&raw mut fields.device_lock).cast::<c_void>();
    // SAFETY: an event's memory, in the block.
    unsafe { Object::at(lock) }.initialise(Kind::Synchronization, true);
    // SAFETY: by the caller's word.
    fields.next_device = unsafe { (*driver).device_object };
    // SAFETY: as above.
    unsafe { (*driver).device_object = device };
    // SAFETY: as above.
    unsafe { into.write(device) };
    STATUS_SUCCESS
}

/// `IoDeleteDevice`: a device is gone, with its name and its extension.
///
/// # Safety
///
/// A device that `IoCreateDevice` made, which nothing uses any more.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-iodeletedevice`).
pub unsafe extern "system-unwind" fn IoDeleteDevice(device: *mut DeviceObject) {
    irql::DELETE_DEVICE.check();
    // SAFETY: by the caller's word.
    let driver = unsafe { (*device).driver_object };
    // SAFETY: as above.
    let next = unsafe { (*device).next_device };
    // SAFETY: as above.
    let mut link = unsafe { &raw mut (*driver).device_object };
    loop {
        // SAFETY: a link of the driver's devices.
        let found = unsafe { link.read() };
        if found.is_null() {
            break;
        }
        if found == device {
            // SAFETY: as above.
            unsafe { link.write(next) };
            break;
        }
        // SAFETY: as above.
        link = unsafe { &raw mut (*found).next_device };
    }
    NAMES.lock().retain(|one| one.2 != device.addr());
    // SAFETY: by the caller's word.
    unsafe { ExFreePoolWithTag(device.cast(), TAG) };
}

/// `IoCreateSymbolicLink`: gives a second name. Nothing opens a device by it here.
///
/// # Errors
///
/// STATUS_OBJECT_NAME_COLLISION for a name that the driver gave already.
///
/// # Safety
///
/// Both are strings.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-iocreatesymboliclink`).
pub unsafe extern "system-unwind" fn IoCreateSymbolicLink(
    link: *mut UnicodeString,
    _name: *mut UnicodeString,
) -> NtStatus {
    irql::CREATE_LINK.check();
    // SAFETY: by the caller's word.
    if give(unsafe { text_of(link) }, 0) {
        STATUS_SUCCESS
    } else {
        STATUS_OBJECT_NAME_COLLISION
    }
}

/// `IoDeleteSymbolicLink`: takes a second name back.
///
/// # Errors
///
/// STATUS_OBJECT_NAME_NOT_FOUND for a name that the driver did not give.
///
/// # Safety
///
/// A string.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-iodeletesymboliclink`).
pub unsafe extern "system-unwind" fn IoDeleteSymbolicLink(link: *mut UnicodeString) -> NtStatus {
    irql::DELETE_LINK.check();
    // SAFETY: by the caller's word.
    let name = (scope::driver(), unsafe { text_of(link) }, 0);
    if NAMES.lock().remove(&name) {
        STATUS_SUCCESS
    } else {
        STATUS_OBJECT_NAME_NOT_FOUND
    }
}

const _: () = assert!(EXTENSION < PAGE_SIZE);
