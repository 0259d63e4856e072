//! Where the process begins, and how it ends.

use alloc::string::String;
use alloc::vec::Vec;

use crate::commands;
use crate::windows::{arguments, exit, write_error};

/// Why the client ends early.
pub struct Failure {
    code: u32,
    message: String,
}

impl Failure {
    pub fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

const USAGE: &str = "Usage: lookaside-client info | replay FILE... | contract | probe | malformed SEED COUNT | hold FILE";

/// The first routine of the process.
#[unsafe(no_mangle)]
extern "system" fn start() -> ! {
    let arguments = arguments();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let done = match words.as_slice() {
        ["info"] => commands::info(),
        ["replay", files @ ..] if !files.is_empty() => commands::replay(files),
        ["contract"] => commands::contract(),
        ["probe"] => commands::probe(),
        ["malformed", seed, count] => match (seed.parse(), count.parse()) {
            (Ok(seed), Ok(count)) => commands::malformed(seed, count),
            _ => Err(Failure::new(2, USAGE)),
        },
        ["hold", file] => commands::hold(file),
        _ => Err(Failure::new(2, USAGE)),
    };
    match done {
        Ok(()) => exit(0),
        Err(Failure { code, message }) => {
            write_error(&message);
            exit(code)
        }
    }
}
