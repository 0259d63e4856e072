//! Operations with writes into pool memory among them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lookaside_check::operation::decode;
use lookaside_fuzz::stray;

fuzz_target!(|input: &[u8]| {
    stray::run(&decode(input));
});
