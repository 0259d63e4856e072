//! The device: opening, closing, requests.

use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::slice;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use allocator_api2::boxed::Box;
use lookaside_protocol::shape::{Program, Refusal};
use lookaside_protocol::wire::{
    CONTRACT, CONTRACT_OUTPUT_BYTES, INFO, INFO_BYTES, Info, MAGIC, RECORD_BYTES, RUN, VERSION,
    write_words,
};
use wdm::{
    NtStatus, STATUS_BUFFER_TOO_SMALL, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
    STATUS_SUCCESS,
};
use win_lookaside::{LookasideAlloc, Origin, origins};

use crate::nt::{
    DeviceObject, FileObject, IoStackLocation, IofCompleteRequest, Irp, STATUS_DEVICE_BUSY,
};
use crate::pool::{self, Bytes};
use crate::run::{self, State};
use crate::{callbacks, contract, heap, list};

/// What the handles live in.
pub static HANDLES: LookasideAlloc = LookasideAlloc::new();
/// One of `wire::security`, by `DriverEntry`.
pub static SECURITY: AtomicU32 = AtomicU32::new(0);

static OPEN: AtomicU32 = AtomicU32::new(0);

/// More handles are refused: each takes more than half a mebibyte of pool.
const MAXIMUM_HANDLES: u32 = 64;

/// What belongs to an open handle: `FsContext` of its file object.
///
/// # Invariants
///
/// * Only the thread that made `busy` true touches `state`, until `busy` is false again.
pub struct Handle {
    busy: AtomicBool,
    state: UnsafeCell<State>,
}

/// How a request ended: how many bytes go back.
type Answer = Result<usize, NtStatus>;

/// A request that the I/O manager has sent.
struct Request {
    irp: *mut Irp,
    stack: *mut IoStackLocation,
}

impl Request {
    /// # Safety
    ///
    /// * The IRP is one that a dispatch routine was given and has not completed.
    unsafe fn new(irp: *mut Irp) -> Self {
        // SAFETY: the caller's word; the location is this driver's until the request is completed.
        let stack = unsafe { (*irp).current_stack_location };
        Self { irp, stack }
    }

    fn code(&self) -> u32 {
        // SAFETY: the stack location is this driver's.
        unsafe { (*self.stack).io_control_code }
    }

    fn input_bytes(&self) -> usize {
        // SAFETY: the stack location is this driver's.
        let bytes = unsafe { (*self.stack).input_buffer_length };
        bytes as usize
    }

    fn output_bytes(&self) -> usize {
        // SAFETY: the stack location is this driver's.
        let bytes = unsafe { (*self.stack).output_buffer_length };
        bytes as usize
    }

    fn file(&self) -> *mut FileObject {
        // SAFETY: the stack location is this driver's.
        unsafe { (*self.stack).file_object }
    }

    fn buffer(&self) -> *mut u8 {
        // SAFETY: the IRP is this driver's until it is completed.
        unsafe { (*self.irp).system_buffer }.cast()
    }

    /// The input. With `METHOD_BUFFERED` it is a copy that user mode cannot reach.
    fn input(&self) -> &[u8] {
        let (buffer, bytes) = (self.buffer(), self.input_bytes());
        if buffer.is_null() || bytes == 0 {
            return &[];
        }
        // SAFETY: the I/O manager's buffer is that long and initialised, and `output` borrows mutably.
        unsafe { slice::from_raw_parts(buffer, bytes) }
    }

    /// The first `most` bytes of the output. It is the same buffer: whatever is needed of the input is
    /// copied first.
    fn output(&mut self, most: usize) -> &mut [u8] {
        let (buffer, bytes) = (self.buffer(), self.output_bytes().min(most));
        if buffer.is_null() || bytes == 0 {
            return &mut [];
        }
        // What lies beyond the input may never have been written.
        // SAFETY: the I/O manager's buffer is that long.
        unsafe { buffer.write_bytes(0, bytes) };
        // SAFETY: as above, initialised now, and `input` borrows.
        unsafe { slice::from_raw_parts_mut(buffer, bytes) }
    }

    /// The handle's own; none where opening failed, which Wine does not tell the opening program.
    fn handle(&self) -> Option<&Handle> {
        let file = self.file();
        if file.is_null() {
            return None;
        }
        // SAFETY: the file object lives as long as its requests, and the field is this driver's.
        let handle = unsafe { (*file).fs_context }.cast::<Handle>();
        // SAFETY: it is null or what `create` stored, which `close` drops after the last request.
        unsafe { handle.as_ref() }
    }

    fn complete(self, answer: Answer) -> NtStatus {
        let (status, information) = match answer {
            Ok(bytes) => (STATUS_SUCCESS, bytes),
            Err(status) => (status, 0),
        };
        // SAFETY: the IRP is this driver's until it is completed.
        unsafe { (*self.irp).io_status.status = status };
        // SAFETY: as above.
        unsafe { (*self.irp).io_status.information = information };
        // SAFETY: the IRP is completed once, here, and not used any more. 0: IO_NO_INCREMENT.
        unsafe { IofCompleteRequest(self.irp, 0) };
        status
    }
}

/// `IRP_MJ_CREATE`.
///
/// # Safety
///
/// * Called by the I/O manager (nc-wdm-driver_dispatch), as are the two below.
pub unsafe extern "system" fn create(_device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    // SAFETY: the caller's word.
    let request = unsafe { Request::new(irp) };
    let answer = open(request.file());
    request.complete(answer)
}

fn open(file: *mut FileObject) -> Answer {
    if file.is_null() {
        return Err(STATUS_INVALID_PARAMETER);
    }
    // SAFETY: the file object is being opened: the field is this driver's.
    unsafe { (*file).fs_context = null_mut() };
    if OPEN.fetch_add(1, Ordering::Relaxed) >= MAXIMUM_HANDLES {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    }
    let Some(handle) = make_handle() else {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    };
    // SAFETY: as above.
    unsafe { (*file).fs_context = Box::into_raw(handle).cast() };
    Ok(0)
}

fn make_handle() -> Option<Box<Handle, &'static LookasideAlloc>> {
    let handle = Handle {
        busy: AtomicBool::new(false),
        state: UnsafeCell::new(State::new()?),
    };
    Box::try_new_in(handle, &HANDLES).ok()
}

/// `IRP_MJ_CLOSE`: the last of a handle; all that it has goes back.
///
/// # Safety
///
/// * As for [`create`].
pub unsafe extern "system" fn close(_device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    // SAFETY: the caller's word.
    let request = unsafe { Request::new(irp) };
    let file = request.file();
    if !file.is_null() {
        // SAFETY: the file object is being closed: the field is this driver's.
        let handle = unsafe { (*file).fs_context }.cast::<Handle>();
        // SAFETY: as above.
        unsafe { (*file).fs_context = null_mut() };
        if !handle.is_null() {
            // SAFETY: `open` made it with this allocator, and no request uses it any more.
            drop(unsafe { Box::from_raw_in(handle, &HANDLES) });
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
    request.complete(Ok(0))
}

/// `IRP_MJ_DEVICE_CONTROL`.
///
/// # Safety
///
/// * As for [`create`].
pub unsafe extern "system" fn control(_device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    // SAFETY: the caller's word.
    let mut request = unsafe { Request::new(irp) };
    let answer = match request.code() {
        INFO => info(&mut request),
        RUN => run(&mut request),
        CONTRACT => test(&mut request),
        #[cfg(feature = "probe")]
        lookaside_protocol::wire::PROBE => probe(),
        _ => Err(STATUS_INVALID_DEVICE_REQUEST),
    };
    request.complete(answer)
}

fn info(request: &mut Request) -> Answer {
    if request.handle().is_none() {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    if request.input_bytes() != 0 {
        return Err(STATUS_INVALID_PARAMETER);
    }
    if request.output_bytes() < INFO_BYTES {
        return Err(STATUS_BUFFER_TOO_SMALL);
    }
    let found = origins();
    let info = Info {
        magic: MAGIC,
        version: VERSION,
        initialize: word(found.initialize),
        delete: word(found.delete),
        flush: word(found.flush),
        allocate: word(found.allocate),
        free: word(found.free),
        security: SECURITY.load(Ordering::Relaxed),
        handles: OPEN.load(Ordering::Relaxed),
        lists: list::lists(),
        entries: run::entries(),
        blocks: pool::blocks(),
        callback_calls: callbacks::calls(),
        heap_refusals: heap::refusals(),
        suites: contract::suites(),
        tests: contract::tests(),
        programs: run::programs(),
    };
    write_words(&info.words(), request.output(INFO_BYTES));
    Ok(INFO_BYTES)
}

fn word(origin: Origin) -> u32 {
    use lookaside_protocol::wire::origin;
    match origin {
        Origin::Emulated => origin::EMULATED,
        Origin::Exported => origin::EXPORTED,
        Origin::Inline => origin::INLINE,
    }
}

fn run(request: &mut Request) -> Answer {
    if request.handle().is_none() {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    // First by what lies in the I/O manager's buffer: most of what is wrong is found without a copy.
    let output_bytes = request.output_bytes();
    Program::of(request.input(), output_bytes).map_err(status)?;
    let input = Bytes::copy_of(request.input()).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
    let program = Program::of(&input, output_bytes).map_err(status)?;
    // The handle outlives the request; borrowed through it, the output could not be written.
    let handle: *const Handle = request.handle().ok_or(STATUS_INVALID_DEVICE_STATE)?;
    // SAFETY: see `Request::handle`.
    let handle = unsafe { &*handle };
    let mut state = handle
        .lock()
        .ok_or(NtStatus::from(STATUS_DEVICE_BUSY.cast_signed()))?;
    let records = program.steps().len().saturating_mul(RECORD_BYTES);
    state.run(&program, request.output(records)).map_err(status)
}

fn test(request: &mut Request) -> Answer {
    if request.handle().is_none() {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    let test = contract::Chosen::of(request.input(), request.output_bytes()).map_err(status)?;
    Ok(test.run(request.output(CONTRACT_OUTPUT_BYTES)))
}

/// Panics, which nothing else here can.
#[cfg(feature = "probe")]
#[expect(clippy::panic)]
fn probe() -> Answer {
    panic!()
}

fn status(refusal: Refusal) -> NtStatus {
    match refusal {
        Refusal::Input => STATUS_INVALID_PARAMETER,
        Refusal::Output => STATUS_BUFFER_TOO_SMALL,
    }
}

/// The state of a handle, while a request has it.
struct Locked<'handle>(&'handle Handle);

impl Handle {
    /// The state, unless another request of the same handle has it: the driver does not wait for a
    /// client that does two things at once.
    fn lock(&self) -> Option<Locked<'_>> {
        // Acquire pairs with the Release in `drop`.
        let was = self.busy.swap(true, Ordering::Acquire);
        (!was).then(|| Locked(self))
    }
}

impl core::ops::Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        // SAFETY: this request has made the handle busy.
        unsafe { &*self.0.state.get() }
    }
}

impl core::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        // SAFETY: this request has made the handle busy.
        unsafe { &mut *self.0.state.get() }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Release pairs with the Acquire in `lock`.
        self.0.busy.store(false, Ordering::Release);
    }
}
