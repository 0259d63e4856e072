//! Requests that no client makes: malformed, or random.
//!
//! A seed and a number determine each, so that the driver in a kernel and the check on the host,
//! under a sanitizer, get the same ones. Most come close: a sound program with one thing
//! wrong finds more than noise does.

use crate::wire::{
    Allocate, CONTRACT, Free, HEADER_BYTES, INFO, Kind, LISTS, ListArguments, OPERATION_BYTES,
    Operation, RECORD_BYTES, RUN, SLOTS, Step, header, write_words,
};

/// The longest input of a request made here.
pub const INPUT_BYTES: usize = HEADER_BYTES + 40 * OPERATION_BYTES;
/// The longest output of a request made here.
pub const OUTPUT_BYTES: usize = 64 * RECORD_BYTES;

/// A sequence that a seed determines (xorshift, multiplied).
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed and a number.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        let state = seed
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(number.wrapping_mul(0xD1B5_4A32_D192_ED03));
        Self((state ^ state >> 29) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// A number below `limit`, or 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    fn pick(&mut self, values: &[u32]) -> u32 {
        let index = self.below(u32::try_from(values.len()).unwrap_or(0));
        values.get(index as usize).copied().unwrap_or(0)
    }
}

/// A request: what `DeviceIoControl` is given, but for the device.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The control code.
    pub code: u32,
    /// How many bytes of the buffer are the input.
    pub input_bytes: usize,
    /// How long the output is.
    pub output_bytes: usize,
}

/// Words that are wrong almost anywhere.
const ODD: [u32; 14] = [
    0,
    1,
    2,
    7,
    8,
    64,
    255,
    257,
    1025,
    16_384,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
];

/// After so many requests a handle is closed and a new one opened.
pub const REQUESTS_PER_HANDLE: u64 = 500;
/// Where the slots of a program may begin.
const BASES: u32 = SLOTS as u32 - 64;

/// Makes request `number` of the seed; its input is at the beginning of `buffer`.
pub fn request(seed: u64, number: u64, buffer: &mut [u8; INPUT_BYTES]) -> Request {
    let mut random = Random::new(seed, number);
    let code = match random.below(16) {
        0 => INFO,
        1 => CONTRACT,
        // Other functions, methods and devices.
        2 => random.next(),
        3 => INFO ^ 1 << random.below(32),
        _ => RUN,
    };
    let (input_bytes, operations) = match random.below(8) {
        0 => (noise(&mut random, buffer), random.below(64)),
        _ => program(&mut random, buffer),
    };
    let needed = u64::from(operations).saturating_mul(RECORD_BYTES as u64);
    let output_bytes = match random.below(12) {
        0 => 0,
        1 => needed.saturating_sub(1 + u64::from(random.below(48))),
        2 => random.below(OUTPUT_BYTES as u32).into(),
        _ => OUTPUT_BYTES as u64,
    };
    Request {
        code,
        input_bytes,
        output_bytes: output_bytes.min(OUTPUT_BYTES as u64) as usize,
    }
}

/// Bytes without any sense.
fn noise(random: &mut Random, buffer: &mut [u8; INPUT_BYTES]) -> usize {
    for byte in buffer.iter_mut() {
        *byte = random.next() as u8;
    }
    random.below(INPUT_BYTES as u32) as usize
}

/// A program that looks sound, mostly with something wrong in it; its length and operations.
fn program(random: &mut Random, buffer: &mut [u8; INPUT_BYTES]) -> (usize, u32) {
    let operations = random.pick(&[1, 2, 3, 8, 40]);
    let (head, body) = buffer.split_at_mut(HEADER_BYTES);
    head.copy_from_slice(&header(operations));
    // A program for itself: it makes a list, uses it, and mostly deletes it.
    let list = random.below(LISTS as u32);
    let base = random.below(BASES);
    let mut live = 0;
    for (i, bytes) in (0..operations).zip(body.chunks_exact_mut(OPERATION_BYTES)) {
        let last = i.wrapping_add(1) == operations;
        let operation = if i == 0 {
            Operation::Create(arguments(random))
        } else if last && random.below(8) != 0 {
            Operation::Destroy
        } else if live > 0 && random.below(2) == 0 {
            live = u32::saturating_sub(live, 1);
            Operation::Free {
                slot: base.saturating_add(live),
                into: None,
            }
        } else {
            let slot = base.saturating_add(live);
            live = live.saturating_add(1);
            Operation::Allocate {
                slot,
                chained: random.below(4) == 0,
            }
        };
        write_words(&Step { list, operation }.words(), bytes);
    }
    let mut bytes = operations.saturating_mul(OPERATION_BYTES as u32);
    bytes = bytes.saturating_add(HEADER_BYTES as u32);
    match random.below(8) {
        // As it is.
        0 => {}
        // Cut off, or too long.
        1 => bytes = random.below(bytes.saturating_add(1)),
        2 => bytes = bytes.saturating_add(random.below(64)),
        // One bit.
        3 => {
            let at = random.below(bytes) as usize;
            if let Some(byte) = buffer.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        // One to three words.
        _ => {
            for _ in 0..=random.below(3) {
                let word = match random.below(4) {
                    0 => random.next(),
                    _ => random.pick(&ODD),
                };
                let at = random.below(bytes / 4) as usize;
                if let Some(target) = buffer.chunks_exact_mut(4).nth(at) {
                    target.copy_from_slice(&word.to_le_bytes());
                }
            }
        }
    }
    ((bytes as usize).min(INPUT_BYTES), operations)
}

fn arguments(random: &mut Random) -> ListArguments {
    let kind = match random.below(4) {
        0 => Kind::NPaged,
        1 => Kind::Paged,
        _ => Kind::Ex,
    };
    let allocate = match random.below(4) {
        0 => Allocate::Pool,
        1 => Allocate::Fail,
        _ => Allocate::Default,
    };
    let free = if random.below(2) == 0 {
        Free::Default
    } else {
        Free::Pool
    };
    let ex = kind == Kind::Ex;
    ListArguments {
        kind,
        allocate,
        free,
        size: random.pick(&[1, 8, 24, 64, 500, 4096, 65_536]),
        pool_type: if ex {
            random.pick(&[0, 1, 4, 5, 512, 516])
        } else {
            0
        },
        tag: 0x3030_3041,
        flags: 0,
        maximum_depth: if ex {
            random.pick(&[0, 256, 1024]) as u16
        } else {
            0
        },
        takes_others: random.below(2) == 0,
    }
}
