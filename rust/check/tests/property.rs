//! Random programs beside the naive model, as proptest makes and shrinks them.
//!
//! `PROPTEST_CASES` says how many; `PROPTEST_RNG_SEED`, which is printed, makes the same ones again.
//! A program that failed is kept in `proptest-regressions` and tried first from then on.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use arbitrary::{Arbitrary, Unstructured};
use lookaside_check::model::Flaw;
use lookaside_check::operation::Operation;
use lookaside_check::world::disagreement;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestCaseResult, TestError, TestRunner,
};

/// The most operations of a program after its first lists are made.
const LENGTH: usize = 160;

/// Held while programs run: the pool is the process's, and tests are threads.
static TURN: Mutex<()> = Mutex::new(());

/// Any value of a type, as bytes spell it; fewer and smaller bytes spell simpler ones.
fn spelt<T: for<'input> Arbitrary<'input> + Debug>() -> impl Strategy<Value = T> {
    any::<[u8; 16]>().prop_map(|bytes| {
        let spelt = Unstructured::new(&bytes).arbitrary();
        spelt.expect("bytes spell a value")
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation as Op;
    // Few lists, so that much is done with each.
    let list = || prop_oneof![3 => 0_u8..3, 1 => any::<u8>()];
    let pair = || (list(), any::<u8>());
    let count = || (list(), prop_oneof![3 => 1_u8..3, 1 => 1_u8..40]);
    let bad = || (list(), spelt(), any::<u8>());
    prop_oneof![
        9 => (list(), spelt()).prop_map(|(list, wish)| Op::Create { list, wish }),
        20 => list().prop_map(|list| Op::Allocate { list }),
        20 => count().prop_map(|(list, count)| Op::AllocateMany { list, count }),
        20 => pair().prop_map(|(list, entry)| Op::Free { list, entry }),
        20 => count().prop_map(|(list, count)| Op::FreeMany { list, count }),
        12 => (list(), spelt(), any::<bool>())
            .prop_map(|(list, fit, is_zeroed)| Op::AllocateFor { list, fit, is_zeroed }),
        8 => (any::<u8>(), spelt(), any::<bool>())
            .prop_map(|(entry, fit, is_zeroed)| Op::Resize { entry, fit, is_zeroed }),
        12 => bad().prop_map(|(list, bad, which)| Op::FreeBad { list, bad, which }),
        3 => list().prop_map(|list| Op::Flush { list }),
        2 => list().prop_map(|list| Op::Delete { list }),
        2 => list().prop_map(|list| Op::GiveUp { list }),
        1 => list().prop_map(|list| Op::Share { list }),
        2 => pair().prop_map(|(list, routine)| Op::Elsewhere { list, routine }),
        5 => (list(), any::<u16>())
            .prop_map(|(list, depth)| Op::SetDepth { list, depth }),
        6 => Just(Op::Tick),
        4 => pair().prop_map(|(count, tag)| Op::FailNext { count, tag }),
        3 => (list(), spelt()).prop_map(|(list, inner)| Op::Reenter { list, inner }),
        6 => pair().prop_map(|(list, entry)| Op::Push { list, entry }),
        4 => bad().prop_map(|(list, bad, which)| Op::PushBad { list, bad, which }),
        3 => list().prop_map(|list| Op::Pop { list }),
        1 => list().prop_map(|list| Op::FlushRaw { list }),
        3 => list().prop_map(|list| Op::Hit { list }),
        3 => pair().prop_map(|(list, entry)| Op::Keep { list, entry }),
        5 => spelt().prop_map(|request| Op::PoolAllocate { request }),
        4 => (list(), any::<bool>()).prop_map(|(which, with_tag)| Op::PoolFree { which, with_tag }),
        6 => (spelt(), list(), list())
            .prop_map(|(bad, which, tag)| Op::PoolFreeBad { bad, which, tag }),
        2 => list().prop_map(|which| Op::PlainPush { which }),
        1 => Just(Op::PlainPop),
        1 => Just(Op::PlainFlush),
    ]
}

/// Lists, and what is done with them.
fn program() -> impl Strategy<Value = Vec<Operation>> {
    let wishes = vec(spelt(), 6..=18);
    (wishes, vec(operation(), 1..=LENGTH)).prop_map(|(wishes, operations)| {
        let lists = (0..6).cycle().zip(wishes);
        let lists = lists.map(|(list, wish)| Operation::Create { list, wish });
        lists.chain(operations).collect()
    })
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
    for flaw in Flaw::ALL {
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
