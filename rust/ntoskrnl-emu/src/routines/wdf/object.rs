//! `wdfobject.h` and `wdfdriver.h`: objects in general, and a driver's.

use std::ffi::c_void;

use wdm::{
    NtStatus, STATUS_DELETE_PENDING, STATUS_DRIVER_INTERNAL_ERROR, STATUS_INFO_LENGTH_MISMATCH,
    STATUS_INVALID_PARAMETER, STATUS_OBJECT_NAME_EXISTS, STATUS_SUCCESS,
};

use super::{
    Body, Context, Judged, Kind, Life, TABLE, WdfContextTypeInfo, WdfObject, WdfObjectAttributes,
    WdfObjectCallback, context_block, create_by, default_tag, end, free_block, hand_out,
    not_an_object, null_argument, release, stop,
};
use crate::scope;
use crate::stops;

/// What the framework driver object holds.
#[derive(Clone, Copy)]
pub(super) struct DriverBody {
    driver_object: usize,
    unload: Option<WdfObjectCallback>,
    pub(super) tag: u32,
}

/// `WDF_DRIVER_CONFIG`.
#[repr(C)]
#[derive(Debug)]
pub struct WdfDriverConfig {
    size: u32,
    device_add: *const c_void,
    unload: Option<WdfObjectCallback>,
    init_flags: u32,
    pool_tag: u32,
}

const CONFIG_BYTES: usize = size_of::<WdfDriverConfig>();
const _: () = assert!(CONFIG_BYTES == 32);

/// `WdfObjectCreate`: makes a general object.
///
/// # Errors
///
/// Those of `framework-object-creation-errors`.
///
/// # Safety
///
/// The attributes are null or readable with what they point to; the context's callbacks can be called
/// until the object is gone; `object` is null or can be written.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfobject-wdfobjectcreate`).
pub unsafe extern "system-unwind" fn WdfObjectCreate(
    attributes: *const WdfObjectAttributes,
    object: *mut WdfObject,
) -> NtStatus {
    // SAFETY: by the caller's word.
    unsafe { create_plain("WdfObjectCreate", Kind::General, attributes, object) }
}

/// Makes an object without a body.
///
/// # Safety
///
/// As `WdfObjectCreate`'s.
unsafe fn create_plain(
    routine: &'static str,
    kind: Kind,
    attributes: *const WdfObjectAttributes,
    object: *mut WdfObject,
) -> NtStatus {
    if object.is_null() {
        null_argument(routine);
    }
    // SAFETY: by the caller's word.
    let created = unsafe { create_by(routine, kind, attributes, || Ok(Body::Nothing)) };
    // SAFETY: it can be written, by the caller's word.
    unsafe { hand_out(created, object) }
}

/// `emu_wdf_create`: makes what the framework makes for a driver, so that a test has one: 1 a device,
/// 2 a file object, 3 a queue, 4 a request.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for another kind; those of `WdfObjectCreate`.
///
/// # Safety
///
/// As `WdfObjectCreate`'s.
pub unsafe fn wdf_create(
    kind: u32,
    attributes: *const WdfObjectAttributes,
    object: *mut WdfObject,
) -> NtStatus {
    let kind = match kind {
        1 => Kind::Device,
        2 => Kind::FileObject,
        3 => Kind::Queue,
        4 => Kind::Request,
        _ => return STATUS_INVALID_PARAMETER,
    };
    // SAFETY: by the caller's word.
    unsafe { create_plain("emu_wdf_create", kind, attributes, object) }
}

/// `emu_wdf_end`: ends what `emu_wdf_create` made, as the framework does when a file is closed, a
/// device removed or a request completed.
pub fn wdf_end(object: WdfObject) {
    delete("emu_wdf_end", object, |_| true);
}

/// `WdfObjectDelete`: ends an object and all below it.
///
/// Cleanup callbacks come first, of children before their parents; then each object that has no
/// reference left is destroyed. An object that is being deleted, that is gone, or that only the
/// framework deletes (a driver's and a file's) is bug check 0x10D (0x5, object, 0, 0).
///
/// # Safety
///
/// Nothing uses the object's contexts and buffers any more.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfobject-wdfobjectdelete`).
pub unsafe extern "system-unwind" fn WdfObjectDelete(object: WdfObject) {
    delete("WdfObjectDelete", object, |kind| {
        !matches!(kind, Kind::Driver | Kind::FileObject)
    });
}

fn delete(routine: &'static str, object: WdfObject, may_delete: impl Fn(Kind) -> bool) {
    let handle = object.addr();
    let is_alive = TABLE
        .lock()
        .objects
        .get(&handle)
        .is_some_and(|it| it.life == Life::Alive && may_delete(it.kind));
    if !is_alive {
        not_an_object(routine, handle);
    }
    end(handle);
}

/// `WdfObjectReferenceActual`, which `WdfObjectReference` is made of: one reference more.
///
/// # Safety
///
/// No obligations beyond those of every routine.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfobject-wdfobjectreference`).
pub unsafe extern "system-unwind" fn WdfObjectReferenceActual(object: WdfObject) {
    let is_known = match TABLE.lock().objects.get_mut(&object.addr()) {
        Some(it) if it.life != Life::Gone => {
            it.references = it.references.saturating_add(1);
            true
        }
        _ => false,
    };
    if !is_known {
        not_an_object("WdfObjectReference", object.addr());
    }
}

/// `WdfObjectDereferenceActual`, which `WdfObjectDereference` is made of: one reference less.
///
/// The last reference of an object that was not deleted is bug check 0x10D (0x7, object, 0, 0).
///
/// # Safety
///
/// Nothing uses the object by this reference any more.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfobject-wdfobjectdereference`).
pub unsafe extern "system-unwind" fn WdfObjectDereferenceActual(object: WdfObject) {
    const NAME: &str = "WdfObjectDereference";
    let handle = object.addr();
    let (is_known, is_last_of_living) = match TABLE.lock().objects.get(&handle) {
        Some(it) => (
            it.life != Life::Gone,
            it.life == Life::Alive && it.references == 1,
        ),
        None => (false, false),
    };
    if !is_known {
        not_an_object(NAME, handle);
    }
    if is_last_of_living {
        stop(NAME, stops::wdf_dereferenced_away(handle));
    }
    release(handle);
}

/// `WdfObjectGetTypedContextWorker`: an object's context of a type; null where it has none.
///
/// # Safety
///
/// No obligations beyond those of every routine.
///
/// # IRQL
///
/// Any level (`nf-wdfobject-wdfobjectgettypedcontextworker`).
pub unsafe extern "system-unwind" fn WdfObjectGetTypedContextWorker(
    object: WdfObject,
    unique: *const WdfContextTypeInfo,
) -> *mut c_void {
    let found = TABLE.lock().objects.get(&object.addr()).map(|it| {
        let mut contexts = it.contexts.iter();
        let context =
            contexts.find(|context| context.unique != 0 && context.unique == unique.addr());
        context.map_or(0, |context| context.memory)
    });
    match found {
        Some(memory) => std::ptr::with_exposed_provenance_mut(memory),
        None => not_an_object("WdfObjectGetTypedContext", object.addr()),
    }
}

/// `WdfObjectAllocateContext`: gives an object one context more, with callbacks of its own.
///
/// # Errors
///
/// STATUS_OBJECT_NAME_EXISTS, a success, with the context that the object has of this type already;
/// STATUS_DELETE_PENDING for an object that is being deleted; STATUS_INVALID_PARAMETER for attributes
/// without a context type; those of `framework-object-creation-errors`.
///
/// # Safety
///
/// As `WdfObjectCreate`'s; `context` is null or can be written.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfobject-wdfobjectallocatecontext`).
pub unsafe extern "system-unwind" fn WdfObjectAllocateContext(
    object: WdfObject,
    attributes: *const WdfObjectAttributes,
    context: *mut *mut c_void,
) -> NtStatus {
    const NAME: &str = "WdfObjectAllocateContext";
    if attributes.is_null() {
        null_argument(NAME);
    }
    // SAFETY: by the caller's word.
    let judged = match unsafe { Judged::of(attributes) } {
        Ok(judged) if judged.unique != 0 => judged,
        Ok(_) => return STATUS_INVALID_PARAMETER,
        Err(status) => return status,
    };
    let Some(tag) = TABLE.lock().objects.get(&object.addr()).map(|it| it.tag) else {
        not_an_object(NAME, object.addr())
    };
    let memory = match context_block(judged.context_bytes, tag) {
        Ok(memory) => memory,
        Err(status) => return status,
    };
    let mut table = TABLE.lock();
    let (status, given) = match table.objects.get_mut(&object.addr()) {
        Some(it) if it.life == Life::Alive => {
            match it.contexts.iter().find(|one| one.unique == judged.unique) {
                Some(one) => (STATUS_OBJECT_NAME_EXISTS, one.memory),
                None => {
                    it.contexts.push(Context {
                        unique: judged.unique,
                        memory,
                        cleanup: judged.cleanup,
                        destroy: judged.destroy,
                    });
                    table.contexts.insert(memory, object.addr());
                    (STATUS_SUCCESS, memory)
                }
            }
        }
        _ => (STATUS_DELETE_PENDING, 0),
    };
    drop(table);
    if given != memory {
        free_block(memory, tag);
    }
    if given != 0 && !context.is_null() {
        // SAFETY: it can be written, by the caller's word.
        unsafe { context.write(std::ptr::with_exposed_provenance_mut(given)) };
    }
    status
}

/// `WdfObjectContextGetObject`: the object that a context belongs to.
///
/// An address that is no context is bug check 0x10D (0x5, address, 0, 0).
///
/// # Safety
///
/// No obligations beyond those of every routine.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfobject-wdfobjectcontextgetobject`).
pub unsafe extern "system-unwind" fn WdfObjectContextGetObject(context: *mut c_void) -> WdfObject {
    let memory = context.addr();
    let found = TABLE.lock().contexts.get(&memory).copied();
    match found {
        Some(handle) => std::ptr::without_provenance_mut(handle),
        None => not_an_object("WdfObjectContextGetObject", memory),
    }
}

/// `WdfFileObjectGetDevice`: the device that a file object is below.
///
/// # Safety
///
/// No obligations beyond those of every routine.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdffileobject-wdffileobjectgetdevice`).
pub unsafe extern "system-unwind" fn WdfFileObjectGetDevice(file: WdfObject) -> WdfObject {
    let found = {
        let table = TABLE.lock();
        let object = table.objects.get(&file.addr());
        let file = object.filter(|it| it.kind == Kind::FileObject);
        let parent = file.and_then(|it| table.objects.get_key_value(&it.parent));
        parent
            .filter(|(_, it)| it.kind == Kind::Device)
            .map(|(&handle, _)| handle)
    };
    match found {
        Some(handle) => std::ptr::without_provenance_mut(handle),
        None => not_an_object("WdfFileObjectGetDevice", file.addr()),
    }
}

/// `WdfDriverCreate`: makes the driver's framework object, the parent of what has none.
///
/// # Errors
///
/// STATUS_DRIVER_INTERNAL_ERROR where the driver has one already; STATUS_INFO_LENGTH_MISMATCH for a
/// configuration of another size; those of `framework-object-creation-errors`.
///
/// # Safety
///
/// As `WdfObjectCreate`'s; the configuration is readable, and its function can be called when the
/// driver is unloaded.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdfdriver-wdfdrivercreate`).
pub unsafe extern "system-unwind" fn WdfDriverCreate(
    driver_object: *mut c_void,
    registry_path: *const c_void,
    attributes: *const WdfObjectAttributes,
    config: *const WdfDriverConfig,
    driver: *mut WdfObject,
) -> NtStatus {
    const NAME: &str = "WdfDriverCreate";
    // SAFETY: null or readable, by the caller's word.
    let Some(config) = (unsafe { config.as_ref() }) else {
        null_argument(NAME)
    };
    if driver_object.is_null() || registry_path.is_null() {
        null_argument(NAME);
    }
    if config.size as usize != CONFIG_BYTES {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if !WdfGetDriver().is_null() {
        return STATUS_DRIVER_INTERNAL_ERROR;
    }
    let tag = match config.pool_tag {
        0 => default_tag(scope::driver()),
        tag => tag,
    };
    let body = DriverBody {
        driver_object: driver_object.expose_provenance(),
        unload: config.unload,
        tag,
    };
    // SAFETY: by the caller's word.
    let created = unsafe { create_by(NAME, Kind::Driver, attributes, || Ok(Body::Driver(body))) };
    let mut unwanted = std::ptr::null_mut();
    let into = if driver.is_null() {
        &raw mut unwanted
    } else {
        driver
    };
    // SAFETY: it can be written, by the caller's word or as a variable.
    unsafe { hand_out(created, into) }
}

/// `WdfGetDriver`: the framework object of the current driver; null where there is none.
///
/// # IRQL
///
/// Any level (`nf-wdfdriver-wdfgetdriver`).
pub extern "system-unwind" fn WdfGetDriver() -> WdfObject {
    let found = TABLE.lock().drivers.get(&scope::driver()).copied();
    std::ptr::without_provenance_mut(found.unwrap_or(0))
}

/// `WdfDriverWdmGetDriverObject`: the `DRIVER_OBJECT` that a framework driver object was made for.
///
/// # Safety
///
/// No obligations beyond those of every routine.
///
/// # IRQL
///
/// Any level (`nf-wdfdriver-wdfdriverwdmgetdriverobject`).
pub unsafe extern "system-unwind" fn WdfDriverWdmGetDriverObject(driver: WdfObject) -> *mut c_void {
    match super::body_of("WdfDriverWdmGetDriverObject", driver, Kind::Driver) {
        Body::Driver(body) => std::ptr::with_exposed_provenance_mut(body.driver_object),
        _ => std::ptr::null_mut(),
    }
}

/// Ends a driver's objects, as the framework does when the driver is unloaded: its function for that
/// is called first. What has references left stays, and is a leak.
pub fn wdf_unload(driver: u32) {
    let before = scope::set_driver(driver);
    let own = WdfGetDriver();
    if !own.is_null() {
        let body = super::body_of("WdfDriverCreate", own, Kind::Driver);
        if let Body::Driver(DriverBody {
            unload: Some(unload),
            ..
        }) = body
        {
            // SAFETY: the driver's function for this moment, by the word of its configuration.
            unsafe { unload(own) };
        }
    }
    let roots: Vec<usize> = {
        let table = TABLE.lock();
        let objects = table.objects.iter().rev();
        let own = objects.filter(|(_, it)| it.driver == driver && it.parent == 0);
        own.map(|(&handle, _)| handle).collect()
    };
    for handle in roots {
        end(handle);
    }
    wdf_forget(driver);
    scope::set_driver(before);
}

/// Forgets a driver's objects without a callback; their memory is left to the driver's leaks.
pub fn wdf_forget(driver: u32) {
    let mut table = TABLE.lock();
    let objects = table.objects.iter();
    let own: Vec<usize> = objects
        .filter(|(_, it)| it.driver == driver)
        .map(|(&handle, _)| handle)
        .collect();
    for handle in own {
        table.remove(handle);
    }
}
