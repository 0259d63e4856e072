//! The sanitizers in this process, if there are any: AddressSanitizer, LeakSanitizer and
//! ThreadSanitizer.
//!
//! Pool is one mapping, and the emulation is not instrumented, so no sanitizer sees a block or a lock
//! of it by itself. Their public interfaces (`sanitizer/*_interface.h` of LLVM's compiler-rt, which
//! gcc has too) let a program tell them. The functions are looked up by name, once: one library serves
//! programs with a sanitizer and without. Where a name is not found nothing happens.
//!
//! No hit path comes here: where [`is_present`] holds, the words in a list's record match no entry
//! (see [`NO_STATE`](crate::memory::layout::NO_STATE)).
//!
//! The environment says `EMU_SANITIZERS=off` for a program that writes to free pool on purpose.

#![cfg_attr(loom, allow(dead_code, reason = "a model has no mapping of its own"))]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

/// Bytes behind each block that AddressSanitizer reports an access to.
const RED_ZONE: usize = 64;

/// Declares the functions, and finds them.
macro_rules! interface {
    ($($field:ident: $type:ty = $name:literal,)*) => {
        struct Interface {
            $($field: Option<$type>,)*
        }

        impl Interface {
            fn find(is_wanted: bool) -> Self {
                let symbol = |name| symbol(name).filter(|_| is_wanted);
                Self {
                    $($field: symbol($name).map(|found| {
                        // SAFETY: the address of the function by that public name, which has that type.
                        unsafe { std::mem::transmute::<*mut c_void, $type>(found) }
                    }),)*
                }
            }
        }
    };
}

type OnBytes = unsafe extern "C" fn(*const c_void, usize);
type OnAddress = unsafe extern "C" fn(*mut c_void);
type OnReport = extern "C" fn(*const c_char);

interface! {
    poison: OnBytes = c"__asan_poison_memory_region",
    unpoison: OnBytes = c"__asan_unpoison_memory_region",
    set_report_callback: unsafe extern "C" fn(OnReport) = c"__asan_set_error_report_callback",
    report_address: unsafe extern "C" fn() -> *mut c_void = c"__asan_get_report_address",
    report_pc: unsafe extern "C" fn() -> *mut c_void = c"__asan_get_report_pc",
    report_access_size: unsafe extern "C" fn() -> usize = c"__asan_get_report_access_size",
    report_access_type: unsafe extern "C" fn() -> c_int = c"__asan_get_report_access_type",
    symbolize: unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_char, usize)
        = c"__sanitizer_symbolize_pc",
    register_root: OnBytes = c"__lsan_register_root_region",
    acquire: OnAddress = c"__tsan_acquire",
    release: OnAddress = c"__tsan_release",
    backtrace: unsafe extern "C" fn(*mut *mut c_void, c_int) -> c_int = c"backtrace",
}

fn interface() -> &'static Interface {
    static INTERFACE: OnceLock<Interface> = OnceLock::new();
    INTERFACE.get_or_init(|| Interface::find(!is_switched_off()))
}

/// Whether the environment says that no sanitizer is to be told anything.
fn is_switched_off() -> bool {
    std::env::var_os("EMU_SANITIZERS").is_some_and(|value| value == "off")
}

/// The address of a symbol of this process.
#[cfg(all(unix, not(any(loom, miri))))]
fn symbol(name: &CStr) -> Option<*mut c_void> {
    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
    }
    // `RTLD_DEFAULT` of the system's `dlfcn.h`: all modules, in the order of their loading.
    let everywhere = if cfg!(any(target_os = "linux", target_os = "android")) {
        std::ptr::null_mut()
    } else {
        std::ptr::without_provenance_mut(usize::MAX - 1)
    };
    // SAFETY: a handle of the system's own, and a string that ends with zero.
    let found = unsafe { dlsym(everywhere, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

#[cfg(not(all(unix, not(any(loom, miri)))))]
fn symbol(_name: &CStr) -> Option<*mut c_void> {
    None
}

/// Whether a sanitizer is there that must see each allocation of a list.
pub(crate) fn is_present() -> bool {
    sees_addresses() || interface().acquire.is_some()
}

/// Whether AddressSanitizer is there.
pub(crate) fn sees_addresses() -> bool {
    interface().poison.is_some() && interface().unpoison.is_some()
}

/// How many bytes behind each block belong to none.
pub(crate) fn red_zone() -> usize {
    if sees_addresses() { RED_ZONE } else { 0 }
}

/// Has AddressSanitizer report each access to some bytes.
pub(crate) fn shut(start: *const u8, bytes: usize) {
    if let Some(poison) = interface().poison {
        // SAFETY: it writes to the sanitizer's own memory alone.
        unsafe { poison(start.cast(), bytes) };
    }
}

/// Has AddressSanitizer allow accesses to some bytes.
pub(crate) fn open(start: *const u8, bytes: usize) {
    if let Some(unpoison) = interface().unpoison {
        // SAFETY: it writes to the sanitizer's own memory alone.
        unsafe { unpoison(start.cast(), bytes) };
    }
}

/// Has LeakSanitizer look for pointers in some bytes.
///
/// # Safety
///
/// They stay readable until the process ends.
pub(crate) unsafe fn look_into(start: *const u8, bytes: usize) {
    if let Some(register) = interface().register_root {
        // SAFETY: readable to the end, by the caller's word.
        unsafe { register(start.cast(), bytes) };
    }
}

/// Tells ThreadSanitizer that this thread sees what others did before they [released](release) an
/// address.
pub(crate) fn acquire(address: usize) {
    if let Some(acquire) = interface().acquire {
        // SAFETY: it takes the address as a name.
        unsafe { acquire(std::ptr::without_provenance_mut(address)) };
    }
}

/// Tells ThreadSanitizer that a thread which [acquires](acquire) an address later sees what this one
/// did.
pub(crate) fn release(address: usize) {
    if let Some(release) = interface().release {
        // SAFETY: it takes the address as a name.
        unsafe { release(std::ptr::without_provenance_mut(address)) };
    }
}

/// Calls a function with each report of AddressSanitizer's, after it was printed.
pub(crate) fn on_report(callback: OnReport) {
    if let Some(set) = interface().set_report_callback {
        // SAFETY: a function of the type that it wants.
        unsafe { set(callback) };
    }
}

/// The access that AddressSanitizer reports.
pub(crate) struct Access {
    pub(crate) address: usize,
    pub(crate) instruction: usize,
    pub(crate) bytes: usize,
    pub(crate) is_write: bool,
}

impl Access {
    /// The one reported now. For a callback of [`on_report`].
    pub(crate) fn reported() -> Option<Self> {
        let interface = interface();
        let address = interface.report_address?;
        let instruction = interface.report_pc?;
        let bytes = interface.report_access_size?;
        let kind = interface.report_access_type?;
        Some(Self {
            // SAFETY: it has no obligations.
            address: unsafe { address() }.addr(),
            // SAFETY: it has no obligations.
            instruction: unsafe { instruction() }.addr(),
            // SAFETY: it has no obligations.
            bytes: unsafe { bytes() },
            // SAFETY: it has no obligations.
            is_write: unsafe { kind() } == 1,
        })
    }
}

/// The chain of calls: return addresses, the innermost first, zero for none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stack([usize; Self::FRAMES]);

impl Stack {
    const FRAMES: usize = 20;

    /// The calling thread's.
    pub(crate) fn here() -> Self {
        let mut frames = [std::ptr::null_mut(); Self::FRAMES];
        if let Some(backtrace) = interface().backtrace {
            // SAFETY: there is room for so many addresses.
            unsafe { backtrace(frames.as_mut_ptr(), Self::FRAMES as c_int) };
        }
        Self(frames.map(|frame| frame.addr()))
    }

    /// A line for each frame, from the first that is not the emulation's.
    pub(crate) fn lines(&self) -> Vec<String> {
        // A return address may be the next function's first.
        let frames = self.0.iter().take_while(|&&frame| frame != 0);
        let names: Vec<String> = frames.map(|&frame| symbolized(frame - 1)).collect();
        // The first is `backtrace` itself. A program of all whose files look like ours is shown whole.
        let own = names.iter().skip(1).take_while(|name| is_own(name));
        let skipped = Some(1 + own.count()).filter(|&skipped| skipped < names.len());
        let skipped = skipped.unwrap_or(0);
        let numbered = names[skipped..].iter().enumerate();
        numbered
            .map(|(number, name)| format!("    #{number} {name}"))
            .collect()
    }
}

/// Whether what is said of an instruction shows that it is the emulation's.
fn is_own(text: &str) -> bool {
    text.contains("ntoskrnl_emu") || text.contains("ntoskrnl-emu") && text.contains(".rs")
}

/// What the sanitizer's own reports say of an instruction.
fn symbolized(instruction: usize) -> String {
    let mut text = [0_u8; 512];
    if let Some(symbolize) = interface().symbolize {
        let instruction = std::ptr::without_provenance_mut(instruction);
        let format = c"%p %F %L";
        // SAFETY: a format that it knows, and room for so many bytes.
        unsafe {
            symbolize(
                instruction,
                format.as_ptr(),
                text.as_mut_ptr().cast(),
                text.len(),
            )
        };
    }
    match CStr::from_bytes_until_nul(&text) {
        Ok(found) if !found.is_empty() => found.to_string_lossy().into_owned(),
        _ => format!("{instruction:#x}"),
    }
}
