//! The sanitizers in this process, if there are any: AddressSanitizer, LeakSanitizer and
//! ThreadSanitizer.
//!
//! Pool is one mapping, and the emulation is not instrumented, so no sanitizer sees a block or a lock
//! of it by itself. Their public interfaces (`sanitizer/*_interface.h` of LLVM's compiler-rt, which
//! gcc has too) let a program tell them. The functions are looked up by name, once: one library serves
//! programs with a sanitizer and without. Where a name is not found nothing happens. A program in Rust
//! has the sanitizer linked into it and exports none of its names: there the linker finds them.
//!
//! No hit path comes here: where [`is_present`] holds, the words in a list's record match no entry
//! (see [`NO_STATE`](crate::memory::layout::NO_STATE)).
//!
//! The environment says `EMU_SANITIZERS=off` for a program that writes to free pool on purpose.

#![cfg_attr(loom, allow(dead_code, reason = "a model has no mapping of its own"))]

use std::ffi::{CStr, c_char, c_int, c_void};

use crate::symbols::functions;
use crate::sync::Once;

/// Bytes behind each block that AddressSanitizer reports an access to.
const RED_ZONE: usize = 64;

type OnBytes = unsafe extern "C" fn(*const c_void, usize);
type OnAddress = unsafe extern "C" fn(*mut c_void);
type OnReport = extern "C" fn(*const c_char);

functions! {
    struct Interface {
        poison: OnBytes = "__asan_poison_memory_region",
        unpoison: OnBytes = "__asan_unpoison_memory_region",
        set_report_callback: unsafe extern "C" fn(OnReport) = "__asan_set_error_report_callback",
        report_address: unsafe extern "C" fn() -> *mut c_void = "__asan_get_report_address",
        report_pc: unsafe extern "C" fn() -> *mut c_void = "__asan_get_report_pc",
        report_access_size: unsafe extern "C" fn() -> usize = "__asan_get_report_access_size",
        report_access_type: unsafe extern "C" fn() -> c_int = "__asan_get_report_access_type",
        symbolize: unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_char, usize)
            = "__sanitizer_symbolize_pc",
        register_root: OnBytes = "__lsan_register_root_region",
        acquire: OnAddress = "__tsan_acquire",
        release: OnAddress = "__tsan_release",
    }
}

fn interface() -> &'static Interface {
    static INTERFACE: Once<Interface> = Once::new();
    INTERFACE.get_or_init(Interface::find)
}

/// Whether a sanitizer is there that must see each allocation of a list.
#[inline]
pub(crate) fn is_present() -> bool {
    static IS_PRESENT: Once<bool> = Once::new();
    *IS_PRESENT.get_or_init(|| sees_addresses() || interface().acquire.is_some())
}

/// Whether AddressSanitizer is there.
pub(crate) fn sees_addresses() -> bool {
    interface().poison.is_some() && interface().unpoison.is_some()
}

/// How many bytes behind each block belong to none.
#[inline]
pub(crate) fn red_zone() -> usize {
    static BYTES: Once<usize> = Once::new();
    *BYTES.get_or_init(|| if sees_addresses() { RED_ZONE } else { 0 })
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

/// What the sanitizer's own reports say of an instruction, where there is one.
pub(crate) fn symbolized(instruction: usize) -> Option<String> {
    let symbolize = interface().symbolize?;
    let mut text = [0_u8; 512];
    let format = c"%p %F %L";
    // SAFETY: a format that it knows, and room for so many bytes.
    unsafe {
        symbolize(
            std::ptr::without_provenance_mut(instruction),
            format.as_ptr(),
            text.as_mut_ptr().cast(),
            text.len(),
        )
    };
    let found = CStr::from_bytes_until_nul(&text).ok()?;
    (!found.is_empty()).then(|| found.to_string_lossy().into_owned())
}
