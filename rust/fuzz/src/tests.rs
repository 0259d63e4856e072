//! Random bytes through each interpreter, and models that have flaws. `SEED` repeats a run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lookaside_check::model::Flaw;
use lookaside_check::operation::decode;
use lookaside_check::random::{Random, setting};
use lookaside_check::world;

use crate::{ioctl, stray, trace_text};

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
fn the_reader_keeps_its_rules_for_random_words_of_its_grammar() {
    const WORDS: [&str; 40] = [
        "list",
        "name=a",
        "name=b",
        "kind=ex",
        "kind=npaged",
        "kind=paged",
        "size=8",
        "size=64",
        "size=0",
        "size=70000",
        "pool=1",
        "pool=PagedPool",
        "tag=Ab",
        "tag=0x65656565",
        "flags=1",
        "flags=RaiseOnFail",
        "max=300",
        "max=9",
        "alloc=pool",
        "alloc=fail",
        "free=throw",
        "a",
        "f",
        "batch",
        "flush",
        "destroy",
        "depth",
        "tick",
        "fail",
        "expect",
        "bad",
        "1",
        "2",
        "a:1",
        "b:2",
        "a",
        "b",
        "0:3",
        "#",
        "\u{e9}",
    ];
    each(5_000, 600, |input| {
        let mut text = String::new();
        for pair in input.chunks_exact(2) {
            text.push_str(WORDS[usize::from(pair[0]) % WORDS.len()]);
            text.push(if pair[1] < 90 { '\n' } else { ' ' });
        }
        trace_text::run(&text);
        trace_text::run(&String::from_utf8_lossy(input));
    });
}

#[test]
fn every_trace_of_the_project_keeps_the_rules() {
    let traces = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/traces");
    let mut count = 0;
    for entry in std::fs::read_dir(traces).expect("the folder of traces") {
        let path = entry.expect("a file").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "trace")
        {
            trace_text::run(&std::fs::read_to_string(path).expect("a text"));
            count += 1;
        }
    }
    assert!(count > 30, "{count} traces");
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
