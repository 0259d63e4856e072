//! Link arguments of the shared library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let family = std::env::var("CARGO_CFG_TARGET_FAMILY").unwrap_or_default();
    let vendor = std::env::var("CARGO_CFG_TARGET_VENDOR").unwrap_or_default();
    if vendor == "apple" {
        // Else the library would name the folder that it was built in.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/liblookaside.dylib");
    } else if family == "unix" {
        // Deno closes its libraries when an isolate ends, while other isolates and thread-local
        // destructors may still need this code: it stays until the process ends.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,liblookaside.so");
    }
}
