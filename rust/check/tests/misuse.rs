//! Misuses between valid operations: each stops as the naive model says, and changes nothing for what
//! comes after it.
//!
//! `MISUSE_SEED` begins another run; `MISUSE_OPERATIONS` says how many operations are valid.

use arbitrary::Unstructured;
use lookaside_check::host;
use lookaside_check::operation::{Action, Operation};
use lookaside_check::random::{Random, setting};
use lookaside_check::world::World;

/// Valid operations for each misuse.
const BETWEEN: u64 = 100;
/// Operations after which all is given back and a new world begins: what is left over would show there.
const LENGTH: u64 = 2000;

fn operation(random: &mut Random) -> Operation {
    let bytes: Vec<u8> = (0..3)
        .flat_map(|_| random.next_number().to_le_bytes())
        .collect();
    let operation = Unstructured::new(&bytes).arbitrary();
    operation.expect("bytes spell an operation")
}

fn is_misuse(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::On(_, Action::FreeBad(..) | Action::PushBad(..)) | Operation::PoolFreeBad(..)
    )
}

/// Operations that did not stop, and misuses that did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    valid: u64,
    misuses: u64,
}

fn run(seed: u64, operations: u64) -> Counts {
    let mut random = Random::new(seed);
    let mut counts = Counts::default();
    while counts.valid < operations {
        let mut world = World::new(None);
        for _ in 0..LENGTH {
            let wanted = counts.misuses * BETWEEN < counts.valid;
            let next = loop {
                let next = operation(&mut random);
                if is_misuse(next) == wanted {
                    break next;
                }
            };
            let before = world.stops();
            world.step(next);
            let has_stopped = world.stops() != before;
            counts.misuses += u64::from(wanted && has_stopped);
            counts.valid += u64::from(!wanted && !has_stopped);
        }
        world.finish();
        host::assert_clean();
    }
    counts
}

/// The model says what each call answers, what every list counts and what lies in pool, after each
/// operation; and at the end of a world that nothing is left.
#[test]
fn a_misuse_after_each_100_valid_operations_stops_and_the_kernel_goes_on() {
    let seed = setting("MISUSE_SEED", 1);
    let operations = setting("MISUSE_OPERATIONS", 10_000);
    let counts = run(seed, operations);
    println!("MISUSE_SEED={seed}: {counts:?}");
    assert!(counts.valid >= operations);
    assert!(counts.misuses >= operations / BETWEEN);
}
