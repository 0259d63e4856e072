//! Threads, their objects and handles, and the one process there is.
//!
//! A system thread is a thread of the host. Of handles and references only those of threads and of the
//! process are known: what is asked of another object stops, `not emulated`.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use wdm::{
    NtStatus, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER,
    STATUS_SUCCESS,
};

use super::stop::not_emulated;
use crate::irql;
use crate::scope;
use crate::stops;
use crate::threads;

/// A thread's routine (`KSTART_ROUTINE`).
pub type StartRoutine = unsafe extern "C-unwind" fn(*mut c_void);

/// The identifiers of a thread (`CLIENT_ID`).
#[repr(C)]
#[derive(Debug)]
pub struct ClientId {
    /// The process.
    pub process: *mut c_void,
    /// The thread.
    pub thread: *mut c_void,
}

/// The unwind by which a system thread ends.
struct Ended;

/// What stands for the one process: drivers only compare its address.
static PROCESS: u64 = 0;

/// `NtCurrentProcess()`, a handle.
const CURRENT_PROCESS: usize = usize::MAX;
/// `NtCurrentThread()`, a handle.
const CURRENT_THREAD: usize = usize::MAX - 1;

fn process() -> *mut c_void {
    (&raw const PROCESS).cast_mut().cast()
}

fn number(value: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(value)
}

fn process_id() -> usize {
    std::process::id() as usize
}

/// Runs a system thread to its end.
fn run(thread: usize, driver: u32, routine: StartRoutine, context: usize) {
    threads::begin(std::ptr::with_exposed_provenance_mut(thread));
    scope::set_driver(driver);
    let context = std::ptr::with_exposed_provenance_mut(context);
    // SAFETY: by the word of the caller that made the thread.
    let ended = catch_unwind(AssertUnwindSafe(|| unsafe { routine(context) }));
    if let Err(payload) = ended
        && !payload.is::<Ended>()
    {
        // A panic or an exception, which nothing handles: as for any other thread.
        resume_unwind(payload);
    }
}

/// `PsCreateSystemThread`: makes a thread that runs a routine, for the current driver.
///
/// The handle is closed by `ZwClose`; by `ObReferenceObjectByHandle` it gives the object that other
/// threads wait for until the thread ends.
///
/// # Safety
///
/// The routine can be called with the context, on another thread. `handle` and `client` can be written,
/// where they are not null.
///
/// # Errors
///
/// STATUS_INVALID_HANDLE for another process than the current one, STATUS_INSUFFICIENT_RESOURCES where
/// the host has no thread.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-pscreatesystemthread`).
pub unsafe extern "system-unwind" fn PsCreateSystemThread(
    handle: *mut *mut c_void,
    _access: u32,
    _attributes: *mut c_void,
    process: *mut c_void,
    client: *mut ClientId,
    routine: StartRoutine,
    context: *mut c_void,
) -> NtStatus {
    irql::CREATE_SYSTEM_THREAD.check();
    if !process.is_null() && process.addr() != CURRENT_PROCESS {
        return STATUS_INVALID_HANDLE;
    }
    let driver = scope::driver();
    let thread = threads::add_system(driver);
    let known = threads::known(thread.addr());
    // All of it before the thread runs: it may look.
    if !handle.is_null() {
        let value = threads::handle_of(thread.addr()).unwrap_or(0);
        // SAFETY: by the caller's word.
        unsafe { handle.write(number(value)) };
    }
    if !client.is_null() {
        let ids = ClientId {
            process: number(process_id()),
            thread: number(known.map_or(0, |known| known.id)),
        };
        // SAFETY: by the caller's word.
        unsafe { client.write(ids) };
    }
    let (address, context) = (thread.expose_provenance(), context.expose_provenance());
    // Without a name, which the thread would share with this one.
    let begun = std::thread::Builder::new().spawn(move || run(address, driver, routine, context));
    match begun {
        Ok(_) => STATUS_SUCCESS,
        Err(_) => {
            threads::forget(thread);
            STATUS_INSUFFICIENT_RESOURCES
        }
    }
}

/// `PsTerminateSystemThread`: ends the calling thread, where it is a system thread. Its frames are left
/// by an unwind.
///
/// # Safety
///
/// Nothing in the frames of the thread is left undone by their being left.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for a thread that is none: then it goes on.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-psterminatesystemthread`).
pub unsafe extern "system-unwind" fn PsTerminateSystemThread(_status: NtStatus) -> NtStatus {
    irql::TERMINATE_SYSTEM_THREAD.check();
    let is_system = threads::known(threads::current().addr()).is_some_and(|known| known.is_system);
    if !is_system {
        return STATUS_INVALID_PARAMETER;
    }
    let ended: Box<dyn Any + Send> = Box::new(Ended);
    resume_unwind(ended)
}

/// `KeGetCurrentThread`, which `PsGetCurrentThread` is made of: the calling thread's object.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kegetcurrentthread`).
pub unsafe extern "system-unwind" fn KeGetCurrentThread() -> *mut c_void {
    threads::current()
}

/// `IoGetCurrentProcess`, which `PsGetCurrentProcess` is made of: the one process there is.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-iogetcurrentprocess`).
pub unsafe extern "system-unwind" fn IoGetCurrentProcess() -> *mut c_void {
    process()
}

/// `PsGetCurrentProcessId`: the identifier of the host's process.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-ntddk-psgetcurrentprocessid`).
pub unsafe extern "system-unwind" fn PsGetCurrentProcessId() -> *mut c_void {
    number(process_id())
}

/// `PsGetCurrentThreadId`: the calling thread's identifier, a multiple of four.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-ntddk-psgetcurrentthreadid`).
pub unsafe extern "system-unwind" fn PsGetCurrentThreadId() -> *mut c_void {
    number(threads::known(threads::current().addr()).map_or(0, |known| known.id))
}

/// `PsGetProcessId`: a process's identifier.
///
/// # Safety
///
/// `of` is what [`IoGetCurrentProcess`] returned; else it stops, `not emulated`.
///
/// # IRQL
///
/// Any level (`nf-ntddk-psgetprocessid`).
pub unsafe extern "system-unwind" fn PsGetProcessId(of: *mut c_void) -> *mut c_void {
    if of != process() {
        not_emulated("PsGetProcessId");
    }
    number(process_id())
}

/// `PsGetThreadId`: a thread's identifier.
///
/// # Safety
///
/// `thread` is a thread's object; else it stops, `not emulated`.
///
/// # IRQL
///
/// Any level (`nf-ntddk-psgetthreadid`).
pub unsafe extern "system-unwind" fn PsGetThreadId(thread: *mut c_void) -> *mut c_void {
    match threads::known(thread.addr()) {
        Some(known) => number(known.id),
        None => not_emulated("PsGetThreadId"),
    }
}

/// `PsIsSystemThread`: 1 for a thread that [`PsCreateSystemThread`] made, else 0.
///
/// # Safety
///
/// `thread` is a thread's object; else it stops, `not emulated`.
///
/// # IRQL
///
/// Any level (`nf-ntifs-psissystemthread`).
pub unsafe extern "system-unwind" fn PsIsSystemThread(thread: *mut c_void) -> u8 {
    match threads::known(thread.addr()) {
        Some(known) => u8::from(known.is_system),
        None => not_emulated("PsIsSystemThread"),
    }
}

/// `PsIsThreadTerminating`: 1 for a thread that has ended, else 0.
///
/// # Safety
///
/// `thread` is a thread's object; else it stops, `not emulated`.
///
/// # IRQL
///
/// Any level (`nf-ntifs-psisthreadterminating`).
pub unsafe extern "system-unwind" fn PsIsThreadTerminating(thread: *mut c_void) -> u8 {
    match threads::known(thread.addr()) {
        Some(known) => u8::from(!known.is_running),
        None => not_emulated("PsIsThreadTerminating"),
    }
}

/// `ObReferenceObjectByHandle`: the object of a thread's handle, referenced once more.
///
/// # Safety
///
/// `object` can be written.
///
/// # Errors
///
/// Another handle than a thread's, or the current process's, stops, `not emulated`.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-obreferenceobjectbyhandle`).
pub unsafe extern "system-unwind" fn ObReferenceObjectByHandle(
    handle: *mut c_void,
    _access: u32,
    _kind: *mut c_void,
    _mode: i8,
    object: *mut *mut c_void,
    _information: *mut c_void,
) -> NtStatus {
    irql::REFERENCE_BY_HANDLE.check();
    let found = match handle.addr() {
        CURRENT_PROCESS => Some(process()),
        CURRENT_THREAD => Some(threads::current()),
        handle => threads::of_handle(handle),
    };
    let Some(found) = found else {
        not_emulated("ObReferenceObjectByHandle");
    };
    threads::reference(found.addr());
    // SAFETY: by the caller's word.
    unsafe { object.write(found) };
    STATUS_SUCCESS
}

/// `ObfReferenceObject`, which `ObReferenceObject` is: refers to a thread, or to the process, once more.
///
/// # Safety
///
/// `object` is a thread or the process; else it stops, `not emulated`.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-obfreferenceobject`).
pub unsafe extern "system-unwind" fn ObfReferenceObject(object: *mut c_void) -> isize {
    irql::REFERENCE_OBJECT.check();
    if object == process() {
        return 1;
    }
    match threads::reference(object.addr()) {
        Some(count) => count.cast_signed(),
        None => not_emulated("ObfReferenceObject"),
    }
}

/// `ObfDereferenceObject`, which `ObDereferenceObject` is: refers to a thread, or to the process, once
/// less.
///
/// A thread that the driver does not refer to is bug check 0xC4 (0x3F, thread, -1, 0), as under Driver
/// Verifier.
///
/// # Safety
///
/// `object` is a thread or the process; else it stops, `not emulated`.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-obfdereferenceobject`).
pub unsafe extern "system-unwind" fn ObfDereferenceObject(object: *mut c_void) -> isize {
    irql::DEREFERENCE_OBJECT.check();
    if object == process() {
        return 1;
    }
    if threads::known(object.addr()).is_none() {
        not_emulated("ObfDereferenceObject");
    }
    match threads::dereference(object.addr()) {
        Some(count) => count.cast_signed(),
        None => {
            scope::calling("ObfDereferenceObject");
            stops::dereferenced_too_often(object.addr()).raise()
        }
    }
}

/// `ZwClose`: closes a handle of a thread.
///
/// # Safety
///
/// The handle is not used any more. Another handle than a thread's stops, `not emulated`.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-ntifs-ntclose`).
pub unsafe extern "system-unwind" fn ZwClose(handle: *mut c_void) -> NtStatus {
    irql::CLOSE.check();
    if !threads::close(handle.addr()) {
        not_emulated("ZwClose");
    }
    STATUS_SUCCESS
}
