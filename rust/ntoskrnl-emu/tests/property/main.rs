//! Programs over several lists beside a naive model of the rules; see `naive::programs`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../naive/mod.rs"]
mod naive;
mod program;
mod world;

use common::turn;
use naive::Flaw;
use naive::programs::{expect_agreement, expect_found};
use program::program;
use world::run;

/// The most steps of a program.
const LENGTH: usize = 160;

#[test]
fn programs_over_several_lists_agree_with_a_naive_model() {
    let _turn = turn();
    expect_agreement(program(LENGTH), |program| run(program, None));
}

#[test]
fn every_flaw_of_a_model_is_found() {
    let _turn = turn();
    for flaw in Flaw::ALL {
        expect_found(flaw, program(LENGTH), |program| run(program, Some(flaw)));
    }
}
