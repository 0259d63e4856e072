//! Bytes as a compiled trace.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lookaside_fuzz::program;

fuzz_target!(|input: &[u8]| {
    program::run(input);
});
