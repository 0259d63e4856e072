//! How the client is linked: without a C library, by the same linker as the driver.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_WINDOWS").is_err() {
        return;
    }
    for argument in [
        "/SUBSYSTEM:CONSOLE,6.0",
        "/ENTRY:start",
        "/NODEFAULTLIB",
        "/DYNAMICBASE",
        "/NXCOMPAT",
        "/DEBUG:NONE",
        "/Brepro",
        "/OPT:REF,ICF",
    ] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
