//! Random bytes through each interpreter, and models that have flaws. `SEED` repeats a run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lookaside_check::model::Flaw;
use lookaside_check::operation::decode;
use lookaside_check::random::{Random, setting};
use lookaside_check::world;
use lookaside_protocol::malformed::{self, INPUT_BYTES};
use lookaside_protocol::wire::{HEADER_BYTES, OPERATION_BYTES};

use crate::{ioctl, program, stray};

/// Random bytes, in any amount up to a limit.
fn input(seed: u64, number: u64, limit: usize) -> Vec<u8> {
    Random::new(seed << 32 ^ number << 16).bytes(limit)
}

/// Held while inputs run: the pool is the process's, and tests are threads.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs inputs; the seed and the number of the one that fails are printed.
fn each(count: u64, limit: usize, mut run: impl FnMut(&[u8])) {
    let (_turn, seed) = (turn(), setting("SEED", 1));
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
    each(2_000, 4_000, |input| world::run(decode(input), None));
}

#[test]
fn stray_writes_end_in_a_bug_check_at_worst() {
    let mut stops = 0;
    each(2_000, 2_000, |input| stops += stray::run(&decode(input)));
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
        let request = malformed::request(setting("SEED", 1), number, &mut buffer);
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

/// Asserts that each flaw makes one of some random inputs fail.
fn expect_found(flaws: &[Flaw], run: impl Fn(&[u8], Flaw)) {
    let _turn = turn();
    for &flaw in flaws {
        let found = (0..400).find(|&number| {
            let input = input(setting("SEED", 1), number, 4_000);
            world::failure(|| run(&input, flaw)).is_some()
        });
        println!("{flaw:?}: {found:?}");
        assert!(found.is_some(), "{flaw:?}");
    }
}

#[test]
fn operations_find_every_flaw_of_a_model() {
    expect_found(Flaw::ALL, |input, flaw| {
        world::run(decode(input), Some(flaw))
    });
}

#[test]
fn requests_to_the_driver_find_the_flaws_of_lists() {
    expect_found(Flaw::of_lists(), |input, flaw| {
        ioctl::run(&ioctl::requests(input), Some(flaw));
    });
}
