//! Text as a trace file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lookaside_fuzz::trace_text;

fuzz_target!(|text: &str| trace_text::run(text));
