//! The C ABI by which the Deno module reaches lookaside lists: exports named `lookaside_…`,
//! declared by [`exports!`](exports) and described in `src/native/library/bindings.ts`.

#[cfg(not(panic = "unwind"))]
compile_error!("build with panic=unwind: a caught bug check is an unwind");

#[macro_use]
pub mod exports;
pub mod callbacks;
pub mod drivers;
pub mod isolate;
pub mod layout;
pub mod lists;
pub mod pool;
pub mod sharing;
mod slot;

use exports::Export;

exports! {
    /// The number by which a loader tells that its bindings were made for this library.
    fn lookaside_abi() -> u32 { ABI }
}

const MODULES: &[&[Export]] = &[
    EXPORTS,
    callbacks::EXPORTS,
    drivers::EXPORTS,
    isolate::EXPORTS,
    lists::EXPORTS,
    pool::EXPORTS,
    sharing::EXPORTS,
    slot::EXPORTS,
];

/// Every export of the library.
pub const MANIFEST: &[Export] = &exports::join::<{ exports::count(MODULES) }>(MODULES);

/// The number by which a loader tells that its bindings were made for this library.
pub const ABI: u32 = exports::abi(MANIFEST, layout::LAYOUT);
