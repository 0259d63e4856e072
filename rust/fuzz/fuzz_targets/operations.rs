//! Operations beside a model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lookaside_fuzz::operation::operations;
use lookaside_fuzz::world;

fuzz_target!(|input: &[u8]| world::run(&operations(input), None));
