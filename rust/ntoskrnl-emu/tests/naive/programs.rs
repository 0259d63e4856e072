//! Running programs that proptest makes.
//!
//! `PROPTEST_CASES` says how many; `PROPTEST_RNG_SEED`, which is printed, makes the same ones again.
//! A program that failed is kept in `proptest-regressions` and tried first from then on.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseResult, TestError, TestRunner,
};

use crate::common::fresh_seed;

/// Asserts that all programs run as they should.
#[track_caller]
pub fn expect_agreement<P: Debug>(
    programs: impl Strategy<Value = P>,
    run: impl Fn(&P) -> TestCaseResult,
) {
    let mut config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/property.txt",
        ))),
        ..Config::default()
    };
    let seed = match config.rng_seed {
        RngSeed::Random => fresh_seed(),
        RngSeed::Fixed(seed) => seed,
    };
    config.rng_seed = RngSeed::Fixed(seed);
    println!("PROPTEST_RNG_SEED={seed}");
    let ended = TestRunner::new(config).run(&programs, |program| run(&program));
    if let Err(error) = ended {
        panic!("{error}");
    }
}

/// Asserts that one of the programs shows what was put in on purpose.
#[track_caller]
pub fn expect_found<P: Debug>(
    what: impl Debug,
    programs: impl Strategy<Value = P>,
    run: impl Fn(&P) -> TestCaseResult,
) {
    let config = Config {
        cases: 256,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        // Found is enough: how what was found is made small is proptest's.
        max_shrink_iters: 0,
        ..Config::default()
    };
    let ended = TestRunner::new(config).run(&programs, |program| run(&program));
    assert!(
        matches!(ended, Err(TestError::Fail(..))),
        "{what:?}: {ended:?}"
    );
}
