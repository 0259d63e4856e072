//! Which code called the emulation, as module and offset.

/// The code that called an allocate routine, as `module+0xoffset`; empty where it is not known.
pub(super) fn call_site() -> String {
    let address = usize::try_from(crate::caller::return_address()).unwrap_or(0);
    if address == 0 {
        return String::new();
    }
    module::name_of(address)
}

/// No modules are known here.
#[cfg(not(all(target_os = "linux", not(any(loom, miri)))))]
mod module {
    pub(super) fn name_of(_address: usize) -> String {
        String::new()
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
        let is_field = |&c: &char| !c.is_control() && !matches!(c, ',' | '"');
        let file = path.rsplit('/').next().unwrap_or_default();
        let name: String = file.chars().filter(is_field).collect();
        format!("{name}+0x{:x}", address.saturating_sub(found.base.addr()))
    }
}
