//! Operations beside a model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lookaside_check::operation::decode;
use lookaside_check::world;

fuzz_target!(|input: &[u8]| world::run(decode(input), None));
