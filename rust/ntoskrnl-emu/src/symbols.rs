//! Functions of the sanitizers in this process, looked up by their names.

#![cfg_attr(loom, allow(dead_code, reason = "a model has no sanitizer"))]

use std::ffi::c_void;
#[cfg(all(unix, not(any(loom, miri))))]
use std::ffi::{CStr, c_char};

/// The address of a symbol that is linked into the same file, or that the system finds for it; `None`
/// where there is none.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(any(loom, miri))
))]
macro_rules! linked {
    ($name:literal) => {{
        let found: *mut c_void;
        #[cfg(target_arch = "x86_64")]
        // SAFETY: it loads the word that the linker made for the address, which is zero for none.
        unsafe {
            std::arch::asm!(
                concat!(".weak ", $name),
                concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
                out(reg) found,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        unsafe {
            std::arch::asm!(
                concat!(".weak ", $name),
                concat!("adrp {0}, :got:", $name),
                concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                out(reg) found,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        (!found.is_null()).then_some(found)
    }};
}

/// Elsewhere a sanitizer is a library of its own.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(any(loom, miri))
)))]
macro_rules! linked {
    ($name:literal) => {
        None
    };
}
pub(crate) use linked;

/// Declares functions, and a `find` that looks for them; it finds none where the environment says so.
macro_rules! functions {
    (struct $struct:ident { $($field:ident: $type:ty = $name:literal,)* }) => {
        struct $struct {
            $($field: Option<$type>,)*
        }

        impl $struct {
            fn find() -> Self {
                let is_wanted = !$crate::symbols::are_sanitizers_off();
                let wanted = |found: Option<*mut c_void>| found.filter(|_| is_wanted);
                Self {
                    $($field: wanted(
                        $crate::symbols::symbol(concat!($name, "\0"))
                            .or($crate::symbols::linked!($name)),
                    )
                    .map(|found| {
                        // SAFETY: the address of the function by that public name, which has that type.
                        unsafe { std::mem::transmute::<*mut c_void, $type>(found) }
                    }),)*
                }
            }
        }
    };
}
pub(crate) use functions;

/// Whether the environment says that no sanitizer is to be told anything.
pub(crate) fn are_sanitizers_off() -> bool {
    std::env::var_os("EMU_SANITIZERS").is_some_and(|value| value == "off")
}

/// The address of a symbol of this process, by its name with a zero behind it.
#[cfg(all(unix, not(any(loom, miri))))]
pub(crate) fn symbol(name: &str) -> Option<*mut c_void> {
    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
    }
    // `RTLD_DEFAULT` of the system's `dlfcn.h`: all modules, in the order of their loading.
    let everywhere = if cfg!(any(target_os = "linux", target_os = "android")) {
        std::ptr::null_mut()
    } else {
        std::ptr::without_provenance_mut(usize::MAX - 1)
    };
    let name = CStr::from_bytes_with_nul(name.as_bytes()).ok()?;
    // SAFETY: a handle of the system's own, and a string that ends with zero.
    let found = unsafe { dlsym(everywhere, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

#[cfg(not(all(unix, not(any(loom, miri)))))]
pub(crate) fn symbol(_name: &str) -> Option<*mut c_void> {
    None
}
