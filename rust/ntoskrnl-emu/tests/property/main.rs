//! Programs over several lists beside a naive model of the rules.
//!
//! `PROPTEST_CASES` says how many programs; `PROPTEST_RNG_SEED`, which is printed, makes the same
//! ones again. A program that failed is kept in `proptest-regressions` and tried first from then on.

#[path = "../common/mod.rs"]
mod common;
#[path = "../naive/mod.rs"]
mod naive;
mod program;
mod world;

use common::turn;
use naive::Flaw;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestError, TestRunner};

/// The most steps of a program.
const LENGTH: usize = 160;

#[test]
fn programs_over_several_lists_agree_with_a_naive_model() {
    let _turn = turn();
    let mut config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/property.txt",
        ))),
        ..Config::default()
    };
    let seed = match config.rng_seed {
        RngSeed::Random => common::fresh_seed(),
        RngSeed::Fixed(seed) => seed,
    };
    config.rng_seed = RngSeed::Fixed(seed);
    println!("PROPTEST_RNG_SEED={seed}");
    let ended = TestRunner::new(config).run(&program::program(LENGTH), |program| {
        world::run(&program, None)
    });
    if let Err(error) = ended {
        panic!("{error}");
    }
}

#[test]
fn every_flaw_of_a_model_is_found() {
    let _turn = turn();
    for flaw in Flaw::ALL {
        let config = Config {
            cases: 256,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            // Found is enough; the programs above show that what is found is made small.
            max_shrink_iters: 0,
            ..Config::default()
        };
        let ended = TestRunner::new(config).run(&program::program(LENGTH), |program| {
            world::run(&program, Some(flaw))
        });
        assert!(
            matches!(ended, Err(TestError::Fail(..))),
            "{flaw:?}: {ended:?}"
        );
    }
}
