//! What is printed when the process ends.

use std::io::Write;

unsafe extern "C" {
    /// Of the C library: has a function called when the process ends. The result is 0 when it will.
    fn atexit(function: extern "C" fn()) -> i32;
}

/// Runs when the library is loaded, before any of its routines: none has to ask for it.
#[used]
#[cfg_attr(
    all(unix, not(target_vendor = "apple")),
    unsafe(link_section = ".init_array")
)]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
static AT_LOAD: extern "C" fn() = at_load;

extern "C" fn at_load() {
    // A program that is believed to be verified does not run without: what is wrong stands on standard
    // error.
    if emu::host::check_environment().is_err() {
        std::process::exit(2);
    }
    if std::env::var_os("EMU_LEAKS").is_some_and(|value| value == "1") {
        // Nothing is printed where the C library has no room for one more function.
        // SAFETY: the function stays: the library is never unloaded.
        let _ = unsafe { atexit(at_exit) };
    }
}

extern "C" fn at_exit() {
    // Nowhere to complain where there is no standard error.
    let _ = std::io::stderr().write_all(emu::host::leak_text().as_bytes());
}
