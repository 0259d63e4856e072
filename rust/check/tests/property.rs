//! Random programs beside the naive model, as proptest makes and shrinks them.
//!
//! `PROPTEST_CASES` says how many; `PROPTEST_RNG_SEED`, which is printed, makes the same ones again.
//! A program that failed is kept in `proptest-regressions` and tried first from then on.

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use arbitrary::Unstructured;
use lookaside_check::model::Flaw;
use lookaside_check::operation::Operation;
use lookaside_check::world::disagreement;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestCaseResult, TestError, TestRunner,
};

/// The most operations of a program.
const LENGTH: usize = 240;

/// Held while programs run: the pool is the process's, and tests are threads.
static TURN: Mutex<()> = Mutex::new(());

/// Any operations, as bytes spell them; smaller bytes spell simpler ones.
fn program() -> impl Strategy<Value = Vec<Operation>> {
    let operation = any::<[u8; 24]>().prop_map(|bytes| {
        let operation = Unstructured::new(&bytes).arbitrary();
        operation.expect("bytes spell an operation")
    });
    vec(operation, 1..=LENGTH)
}

fn run(program: &[Operation], flaw: Option<Flaw>) -> TestCaseResult {
    disagreement(program, flaw).map_or(Ok(()), |said| Err(TestCaseError::fail(said)))
}

#[test]
fn programs_agree_with_the_naive_model() {
    let _turn = TURN.lock();
    let mut config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/property.txt",
        ))),
        ..Config::default()
    };
    let seed = match config.rng_seed {
        RngSeed::Random => RandomState::new().hash_one(0),
        RngSeed::Fixed(seed) => seed,
    };
    config.rng_seed = RngSeed::Fixed(seed);
    println!("PROPTEST_RNG_SEED={seed}");
    let ended = TestRunner::new(config).run(&program(), |program| run(&program, None));
    if let Err(error) = ended {
        panic!("{error}");
    }
}

#[test]
fn every_flaw_of_a_model_is_found() {
    let _turn = TURN.lock();
    for &flaw in Flaw::ALL {
        let config = Config {
            cases: 256,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            // Found is enough: how what was found is made small is proptest's.
            max_shrink_iters: 0,
            ..Config::default()
        };
        let ended = TestRunner::new(config).run(&program(), |program| run(&program, Some(flaw)));
        println!("{flaw:?}: {ended:?}");
        assert!(matches!(ended, Err(TestError::Fail(..))), "{flaw:?}");
    }
}
