//! The C ABI by which the Deno module reaches lookaside lists: exports named `lookaside_…`,
//! declared by [`exports!`](exports) and described in `src/native/library/bindings.ts`.

#[cfg(not(panic = "unwind"))]
compile_error!("build with panic=unwind: a caught bug check is an unwind");

#[macro_use]
pub mod exports;
mod by_id;
pub mod callbacks;
pub mod drivers;
pub mod irql;
pub mod isolate;
pub mod layout;
pub mod lists;
pub mod pool;
pub mod sharing;
mod slot;
mod stay;
pub mod verifier;

use exports::Export;

exports! {
    /// The number by which a loader tells that its bindings were made for this library.
    fn lookaside_abi() -> u32 { ABI }

    /// The library's version, for errors: a byte each for major, minor and patch, the last the lowest.
    fn lookaside_version() -> u32 { version(env!("CARGO_PKG_VERSION")) }
}

/// `"1.2.3"` as `0x010203`. What follows the patch, as in `"1.2.3-beta"`, is left out.
const fn version(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let (mut whole, mut part, mut index) = (0_u32, 0_u32, 0);
    while index < bytes.len() {
        match bytes[index] {
            b'.' => {
                whole = (whole | part) << 8;
                part = 0;
            }
            digit @ b'0'..=b'9' => part = part * 10 + (digit - b'0') as u32,
            _ => break,
        }
        index += 1;
    }
    whole | part
}

const MODULES: &[&[Export]] = &[
    EXPORTS,
    callbacks::EXPORTS,
    drivers::EXPORTS,
    irql::EXPORTS,
    isolate::EXPORTS,
    lists::EXPORTS,
    pool::EXPORTS,
    sharing::EXPORTS,
    slot::EXPORTS,
    verifier::EXPORTS,
];

/// Every export of the library.
pub const MANIFEST: &[Export] = &exports::join::<{ exports::count(MODULES) }>(MODULES);

/// The number by which a loader tells that its bindings were made for this library.
pub const ABI: u32 = exports::abi(MANIFEST, layout::LAYOUT);

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_version_is_a_byte_for_each_of_its_parts() {
        assert_eq!(version("0.2.0"), 0x00_02_00);
        assert_eq!(version("1.20.255"), 0x01_14_FF);
        assert_eq!(version("3.4.5-beta.1"), 0x03_04_05);
    }
}
