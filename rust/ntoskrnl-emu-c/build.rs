//! Link arguments of the shared library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=NTOSKRNL_EMU_SONAME");
    let family = std::env::var("CARGO_CFG_TARGET_FAMILY").unwrap_or_default();
    let vendor = std::env::var("CARGO_CFG_TARGET_VENDOR").unwrap_or_default();
    if family != "unix" {
        return;
    }
    // The name by which programs ask for the library; one that is installed has a version in it.
    let soname = std::env::var("NTOSKRNL_EMU_SONAME");
    if vendor == "apple" {
        let name = soname.unwrap_or_else(|_| "@rpath/libntoskrnl_emu.dylib".to_owned());
        println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,{name}");
    } else {
        let name = soname.unwrap_or_else(|_| "libntoskrnl_emu.so".to_owned());
        // Lists and blocks outlive the module that loaded the library: it stays until the process ends.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{name}");
    }
}
