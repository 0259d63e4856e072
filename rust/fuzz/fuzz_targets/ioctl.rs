//! Requests to the driver.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lookaside_fuzz::ioctl;

fuzz_target!(|input: &[u8]| ioctl::run(&ioctl::requests(input), None));
