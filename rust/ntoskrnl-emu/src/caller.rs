//! The code that called a routine, for the stops that name it.
//!
//! It is looked for when a stop is made, never before: a routine that stops nothing pays nothing.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The address that the calling routine returns to: in the code that called the innermost of the
/// kernel's routines. Zero where the system has no unwind tables to find it by.
#[cold]
#[inline(never)]
pub(crate) fn return_address() -> u64 {
    let mut walk = Walk::default();
    frames::each(&mut |address| walk.sees(address));
    walk.found as u64
}

/// A walk over the frames of a stack, the innermost first.
#[derive(Default)]
struct Walk {
    seen: usize,
    /// The number of the last frame that was a routine's.
    routine: Option<usize>,
    found: usize,
}

impl Walk {
    /// Looks at the address that the next frame returns to; whether to go on.
    fn sees(&mut self, address: usize) -> bool {
        let number = self.seen;
        self.seen += 1;
        if number >= LIMIT || self.routine.is_some_and(|last| number > last + BETWEEN) {
            return false;
        }
        if is_entry_point(frames::function_at(address)) {
            self.routine = Some(number);
        } else if self.routine.is_some_and(|last| number == last + 1) {
            self.found = address;
        }
        true
    }
}

/// The address of a function by which other code enters the kernel.
#[derive(Clone, Copy, Debug)]
pub struct EntryPoint(pub *const ());

// SAFETY: the address of a function, which is compared only.
unsafe impl Send for EntryPoint {}
// SAFETY: as for Send.
unsafe impl Sync for EntryPoint {}

/// Which functions enter the kernel: the routines, and what foreign code enters those by.
static ENTRY_POINTS: [Table; 2] = [const { Table::new() }; 2];

/// A table of entry points: how many, and where the first one stands.
struct Table {
    first: AtomicPtr<EntryPoint>,
    length: AtomicUsize,
}

impl Table {
    const fn new() -> Self {
        Self {
            first: AtomicPtr::new(std::ptr::null_mut()),
            length: AtomicUsize::new(0),
        }
    }

    #[inline]
    fn set(&self, points: &'static [EntryPoint]) {
        // Relaxed, both: whether it was set before. Threads that do it again do not write one line in turn.
        let is_set = self.length.load(Ordering::Relaxed) == points.len()
            && self.first.load(Ordering::Relaxed).cast_const() == points.as_ptr();
        if !is_set {
            self.fill(points);
        }
    }

    #[cold]
    fn fill(&self, points: &'static [EntryPoint]) {
        // Relaxed: each table is one and the same at every call.
        self.first
            .store(points.as_ptr().cast_mut(), Ordering::Relaxed);
        // Release: pairs with the acquire in `has`.
        self.length.store(points.len(), Ordering::Release);
    }

    fn has(&self, function: usize) -> bool {
        let length = self.length.load(Ordering::Acquire);
        let first = self.first.load(Ordering::Relaxed);
        (0..length).any(|number| {
            // SAFETY: `set` stored a table of that length, which lives for ever.
            let point = unsafe { *first.wrapping_add(number) };
            point.0.addr() == function
        })
    }
}

/// Names the routines that may have to name their caller.
pub(crate) fn set_routines(points: &'static [EntryPoint]) {
    ENTRY_POINTS[0].set(points);
}

/// Names the functions by which foreign code enters the routines, such as exports to C: what these
/// return to is the caller. There is one table in a process.
pub fn set_entry_points(points: &'static [EntryPoint]) {
    ENTRY_POINTS[1].set(points);
}

fn is_entry_point(function: usize) -> bool {
    ENTRY_POINTS.iter().any(|table| table.has(function))
}

/// How many frames are looked at.
const LIMIT: usize = 32;

/// How many frames of its own an entry point may have above the routine that it enters.
const BETWEEN: usize = 4;

/// How many of these frames, the innermost first, are those of the innermost of the kernel's routines
/// and of what it calls; 0 where none is a routine's.
pub(crate) fn own_frames(addresses: &[usize]) -> usize {
    let mut own = 0;
    for (number, &address) in addresses.iter().enumerate() {
        if own != 0 && number > own + BETWEEN {
            break;
        }
        if is_entry_point(frames::function_at(address)) {
            own = number + 1;
        }
    }
    own
}

/// The module that holds an address, and the place in it, as `module+0xoffset`; empty where it is not
/// known.
pub(crate) fn module_of(address: usize) -> String {
    module::name_of(address)
}

/// The code that called an allocate routine, as `module+0xoffset`; empty where it is not known.
pub(crate) fn call_site() -> String {
    match usize::try_from(return_address()) {
        Ok(address) if address != 0 => module_of(address),
        _ => String::new(),
    }
}

/// Whether the calling thread is in a signal handler, as far as unwind tables tell.
#[cold]
pub(crate) fn is_in_signal_handler() -> bool {
    frames::is_in_signal_handler()
}

/// Whether the process has no other thread than this, where the system tells it without taking memory.
#[cold]
pub(crate) fn is_only_thread() -> bool {
    cfg!(all(target_os = "linux", not(any(miri, loom)))) && number_of_threads() == Some(1)
}

/// Field 20 of `/proc/self/stat`, `num_threads` (proc_pid_stat(5)).
fn number_of_threads() -> Option<u32> {
    use std::io::Read;

    let mut text = [0; 1024];
    let mut file = std::fs::File::open("/proc/self/stat").ok()?;
    let length = file.read(&mut text).ok()?;
    let text = text.get(..length)?;
    // Field 2 is the program's name in parentheses, in which anything may stand.
    let end_of_name = text.iter().rposition(|&byte| byte == b')')?;
    let mut fields = text.get(end_of_name..)?.split(|&byte| byte == b' ');
    std::str::from_utf8(fields.nth(18)?).ok()?.parse().ok()
}

#[cfg(all(unix, not(any(miri, loom))))]
mod frames {
    use std::ffi::{c_int, c_void};

    #[allow(non_camel_case_types, reason = "the name of the unwinder's interface")]
    enum _Unwind_Context {}

    // The unwinder that the standard library links (Itanium C++ ABI: Exception Handling).
    unsafe extern "C" {
        fn _Unwind_Backtrace(
            trace: extern "C" fn(*mut _Unwind_Context, *mut c_void) -> c_int,
            argument: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(context: *mut _Unwind_Context) -> usize;
        fn _Unwind_GetIPInfo(context: *mut _Unwind_Context, is_before: *mut c_int) -> usize;
        fn _Unwind_FindEnclosingFunction(address: *mut c_void) -> *mut c_void;
    }

    const GO_ON: c_int = 0;
    const END: c_int = 5;

    /// Notes a frame that stopped before an instruction and not at a call: a signal interrupted it.
    extern "C" fn look_for_signal(context: *mut _Unwind_Context, argument: *mut c_void) -> c_int {
        let mut is_before = 0;
        // SAFETY: the unwinder's own context, and a place for its answer.
        unsafe { _Unwind_GetIPInfo(context, &raw mut is_before) };
        if is_before == 0 {
            return GO_ON;
        }
        // SAFETY: that of `is_in_signal_handler`; nothing else refers to it meanwhile.
        unsafe { argument.cast::<bool>().write(true) };
        END
    }

    pub(super) fn is_in_signal_handler() -> bool {
        let mut is_found = false;
        // SAFETY: the function has the interface's signature, and its argument lives meanwhile.
        unsafe { _Unwind_Backtrace(look_for_signal, (&raw mut is_found).cast()) };
        is_found
    }

    type See<'a> = &'a mut dyn FnMut(usize) -> bool;

    extern "C" fn visit(context: *mut _Unwind_Context, argument: *mut c_void) -> c_int {
        // SAFETY: that of `each`; nothing else refers to it meanwhile.
        let see = unsafe { &mut *argument.cast::<See<'_>>() };
        // SAFETY: the unwinder's own context.
        let address = unsafe { _Unwind_GetIP(context) };
        if see(address) { GO_ON } else { END }
    }

    /// Shows the address that each frame returns to, the innermost first, until one is enough.
    pub(super) fn each(mut see: See<'_>) {
        // SAFETY: what sees them outlives the call, and `visit` takes it for what it is.
        unsafe { _Unwind_Backtrace(visit, (&raw mut see).cast()) };
    }

    /// The first instruction of the function that an address returns to; zero where it is not known.
    pub(super) fn function_at(address: usize) -> usize {
        // The call itself: the address after it may be another function's.
        let call = std::ptr::without_provenance_mut(address.wrapping_sub(1));
        // SAFETY: it looks tables up by the address and follows nothing.
        unsafe { _Unwind_FindEnclosingFunction(call) }.addr()
    }
}

#[cfg(all(windows, not(any(miri, loom))))]
mod frames {
    use std::ffi::c_void;
    use std::ptr;

    use windows_sys::Win32::System::Diagnostics::Debug::RtlLookupFunctionEntry;
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};

    use super::LIMIT;

    type Function = unsafe extern "system" fn() -> isize;
    type Capture = unsafe extern "system" fn(u32, u32, *mut *mut c_void, *mut u32) -> u16;

    /// The system's `RtlCaptureStackBackTrace`. By its name a linker would find the kernel's, which the
    /// library for C exports.
    fn capture() -> Option<Capture> {
        // SAFETY: texts that end with zero. The module stays until the process ends.
        let found = unsafe {
            let ntdll = GetModuleHandleW(windows_sys::w!("ntdll.dll"));
            GetProcAddress(ntdll, windows_sys::s!("RtlCaptureStackBackTrace"))
        };
        // SAFETY: the function by that name has that type (`winnt.h`).
        found.map(|found| unsafe { std::mem::transmute::<Function, Capture>(found) })
    }

    /// Shows the address that each frame returns to, the innermost first, until one is enough.
    pub(super) fn each(see: &mut dyn FnMut(usize) -> bool) {
        let Some(capture) = capture() else { return };
        let mut frames = [ptr::null_mut(); LIMIT];
        // SAFETY: there is room for so many, and no hash is asked for.
        let count = unsafe { capture(0, LIMIT as u32, frames.as_mut_ptr(), ptr::null_mut()) };
        let frames = frames.iter().take(usize::from(count));
        let _ = frames.map(|frame| frame.addr()).all(see);
    }

    /// The first instruction of the function that an address returns to; zero where it is not known.
    pub(super) fn function_at(address: usize) -> usize {
        let mut base = 0;
        // The call itself: the address after it may be another function's.
        let call = address.wrapping_sub(1);
        // SAFETY: it looks tables up by the address and follows nothing; no history is kept.
        let entry = unsafe { RtlLookupFunctionEntry(call as _, &raw mut base, ptr::null_mut()) };
        // SAFETY: null, or an entry of the table of a module, whose code is on the stack.
        match unsafe { entry.as_ref() } {
            None => 0,
            Some(entry) => base as usize + entry.BeginAddress as usize,
        }
    }

    /// There are no signals.
    pub(super) fn is_in_signal_handler() -> bool {
        false
    }
}

#[cfg(not(all(any(unix, windows), not(any(miri, loom)))))]
mod frames {
    pub(super) fn each(_see: &mut dyn FnMut(usize) -> bool) {}

    pub(super) fn function_at(_address: usize) -> usize {
        0
    }

    pub(super) fn is_in_signal_handler() -> bool {
        false
    }
}

/// A module by the last part of its path, and a place in it: as a field of a recording may be.
#[cfg(all(any(target_os = "linux", windows), not(any(loom, miri))))]
fn named(path: &str, separator: char, offset: usize) -> String {
    let is_field = |&c: &char| !c.is_control() && !matches!(c, ',' | '"');
    let file = path.rsplit(separator).next().unwrap_or_default();
    let name: String = file.chars().filter(is_field).collect();
    format!("{name}+0x{offset:x}")
}

/// No modules are known here.
#[cfg(not(all(any(target_os = "linux", windows), not(any(loom, miri)))))]
mod module {
    pub(super) fn name_of(_address: usize) -> String {
        String::new()
    }
}

#[cfg(all(windows, not(any(loom, miri))))]
mod module {
    use std::ptr;

    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
        GetModuleFileNameW, GetModuleHandleExW,
    };

    /// The module that holds an address, and the offset in it.
    pub(super) fn name_of(address: usize) -> String {
        const FLAGS: u32 =
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
        let mut module = ptr::null_mut();
        let place = ptr::without_provenance(address);
        // SAFETY: with these flags the name is an address, which is looked up and not followed.
        let is_known = unsafe { GetModuleHandleExW(FLAGS, place, &raw mut module) } != 0;
        let mut path = [0; 1024];
        let length = if is_known {
            // SAFETY: a module that is loaded, for the caller is code of it; there is so much room.
            unsafe { GetModuleFileNameW(module, path.as_mut_ptr(), path.len() as u32) }
        } else {
            0
        };
        match path.get(..length as usize) {
            None | Some([]) => String::new(),
            Some(path) => {
                let path = String::from_utf16_lossy(path);
                super::named(&path, '\\', address.saturating_sub(module.addr()))
            }
        }
    }
}

#[cfg(all(target_os = "linux", not(any(loom, miri))))]
mod module {
    use std::ffi::{CStr, c_char, c_int, c_void};
    use std::ptr::{null, without_provenance};

    /// `Dl_info` of `dlfcn.h`.
    #[repr(C)]
    struct Information {
        file: *const c_char,
        base: *const c_void,
        symbol: *const c_char,
        symbol_address: *const c_void,
    }

    unsafe extern "C" {
        fn dladdr(address: *const c_void, information: *mut Information) -> c_int;
    }

    /// The module that holds an address, and the offset in it.
    pub(super) fn name_of(address: usize) -> String {
        let mut found = Information {
            file: null(),
            base: null(),
            symbol: null(),
            symbol_address: null(),
        };
        // SAFETY: any address may be asked about, and nothing is read there; `found` is writable.
        let is_known = unsafe { dladdr(without_provenance(address), &raw mut found) } != 0;
        if !is_known || found.file.is_null() {
            return String::new();
        }
        // SAFETY: not null: a string that lives as long as its module is loaded, and the caller, which
        // is on the stack, is code of it.
        let path = unsafe { CStr::from_ptr(found.file) }.to_string_lossy();
        super::named(&path, '/', address.saturating_sub(found.base.addr()))
    }
}

#[cfg(all(test, target_os = "linux", not(any(miri, loom))))]
mod tests {
    use super::{is_only_thread, number_of_threads};

    #[test]
    fn a_process_knows_whether_it_has_one_thread() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || ended.recv());
        assert!(!is_only_thread());
        if number_of_threads() == Some(0) {
            println!("not run: QEMU's emulation of a process does not count threads");
            return;
        }
        // SAFETY: the child looks at its threads, of which it has one, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: nothing of the child is to be done any more.
            unsafe { libc::_exit(i32::from(!is_only_thread())) };
        }
        let mut status = 0;
        // SAFETY: the place is writable.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        drop(end);
        let _ = other.join();
    }
}
