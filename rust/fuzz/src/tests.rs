//! Random bytes through each interpreter, and models that err.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lookaside_protocol::malformed::{self, INPUT_BYTES};
use lookaside_protocol::wire::{HEADER_BYTES, OPERATION_BYTES};

use crate::mistake::Mistake;
use crate::operation::operations;
use crate::{callbacks, ioctl, memory, program, stray, world};

/// The seed of this run: SEED repeats one.
fn seed() -> u64 {
    match std::env::var("SEED") {
        Ok(seed) => seed.parse().expect("SEED is a number"),
        Err(_) => 1,
    }
}

/// Random bytes, in any amount up to a limit.
fn input(seed: u64, number: u64, limit: usize) -> Vec<u8> {
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut state = mixed ^ number.wrapping_mul(0xD1B5_4A32_D192_ED03) | 1;
    let mut next = || {
        // Xorshift, multiplied.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    };
    let length = next() as usize % limit;
    (0..length).map(|_| next() as u8).collect()
}

/// Held while inputs run: the pool is the process's, and tests are threads.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs inputs; the seed and the number of the one that fails are printed.
fn each(count: u64, limit: usize, mut run: impl FnMut(&[u8])) {
    let (_turn, seed) = (turn(), seed());
    for number in 0..count {
        let input = input(seed, number, limit);
        if let Err(failure) = catch_unwind(AssertUnwindSafe(|| run(&input))) {
            eprintln!("SEED={seed}, input {number}");
            resume_unwind(failure);
        }
    }
}

#[test]
fn random_operations_agree_with_the_model() {
    each(2_000, 4_000, |input| world::run(&operations(input), None));
}

#[test]
fn stray_writes_end_in_a_bug_check_at_worst() {
    let mut stops = 0;
    each(2_000, 2_000, |input| {
        stops += stray::run(&operations(input))
    });
    // A test that damages nothing proves nothing.
    assert!(stops > 1_000, "damage was met: {stops}");
}

#[test]
fn requests_to_the_driver_agree_with_the_model() {
    each(2_000, 2_000, |input| {
        ioctl::run(&ioctl::requests(input), None)
    });
}

#[test]
fn the_reader_keeps_its_rules_for_random_bytes_and_for_programs_that_are_nearly_sound() {
    each(2_000, 600, |input| {
        program::run(input);
    });
    let (mut buffer, mut operations, mut taken) = ([0; INPUT_BYTES], 0, 0);
    for number in 0..2_000 {
        let request = malformed::request(seed(), number, &mut buffer);
        let input = buffer.get(HEADER_BYTES..request.input_bytes).unwrap_or(&[]);
        taken += program::run(input);
        operations += input.len() / OPERATION_BYTES;
    }
    // A test in which hardly anything is sound, or nothing is refused, proves little.
    assert!(
        (operations / 20..operations).contains(&taken),
        "{taken} of {operations}"
    );
}

/// The first random input that finds a model out that errs. What a failed run left is given back.
fn found_by(run: impl Fn(&[u8])) -> Option<u64> {
    let _turn = turn();
    (0..400).find(|&number| {
        let input = input(seed(), number, 4_000);
        let is_found = catch_unwind(AssertUnwindSafe(|| run(&input))).is_err();
        if is_found {
            memory::sweep();
            callbacks::reset();
        }
        is_found
    })
}

#[test]
fn operations_find_every_model_that_errs() {
    for mistake in Mistake::OF_LISTS.into_iter().chain(Mistake::OF_THE_REST) {
        let found = found_by(|input| world::run(&operations(input), Some(mistake)));
        println!("{mistake:?}: {found:?}");
        assert!(found.is_some(), "{mistake:?}");
    }
}

#[test]
fn requests_to_the_driver_find_models_that_err() {
    for mistake in Mistake::OF_LISTS {
        let found = found_by(|input| ioctl::run(&ioctl::requests(input), Some(mistake)));
        println!("{mistake:?}: {found:?}");
        assert!(found.is_some(), "{mistake:?}");
    }
}
