//! The contract tests, in this kernel; without the feature `contract` there are none.

use lookaside_protocol::shape::Refusal;
use lookaside_protocol::wire::{
    CONTRACT_BYTES, CONTRACT_INPUT_BYTES, CONTRACT_OUTPUT_BYTES, read_words, verdict, write_words,
};

/// How one test ended.
struct Ended {
    name: &'static str,
    /// Whether its rule is a choice of this project.
    chosen: bool,
    outcome: Result<(), &'static str>,
}

#[cfg(feature = "contract")]
mod suites {
    use lookaside_contract::{Basis, Fixture, Test, suite};
    use win_lookaside::{LocalLookasideAlloc, LookasideAlloc, PoolType};

    use super::Ended;

    /// The tag of what tests allocate.
    const TAG: u32 = u32::from_ne_bytes(*b"LkCt");

    static SHARED: &[Test] = suite::<LookasideAlloc>();
    static LOCAL: &[Test] = suite::<LocalLookasideAlloc>();

    /// Each table with the pool that its lists are of.
    static SUITES: [(&[Test], PoolType); 4] = [
        (SHARED, PoolType::NON_PAGED_POOL_NX),
        (SHARED, PoolType::PAGED_POOL),
        (LOCAL, PoolType::NON_PAGED_POOL_NX),
        (LOCAL, PoolType::PAGED_POOL),
    ];

    pub fn suites() -> u32 {
        SUITES.len() as u32
    }

    pub fn tests() -> u32 {
        SHARED.len().min(LOCAL.len()) as u32
    }

    pub fn run(suite: u32, index: u32) -> Option<Ended> {
        let (tests, pool_type) = SUITES.get(suite as usize)?;
        let test = tests.get(index as usize)?;
        let fixture = Fixture {
            pool_type: *pool_type,
            tag: TAG,
        };
        Some(Ended {
            name: test.name,
            chosen: test.basis == Basis::Chosen,
            outcome: (test.run)(&fixture),
        })
    }
}

#[cfg(not(feature = "contract"))]
mod suites {
    use super::Ended;

    pub fn suites() -> u32 {
        0
    }

    pub fn tests() -> u32 {
        0
    }

    pub fn run(_suite: u32, _index: u32) -> Option<Ended> {
        None
    }
}

pub use suites::{suites, tests};

/// The test that a request asks for.
pub struct Chosen {
    suite: u32,
    index: u32,
}

impl Chosen {
    /// # Errors
    ///
    /// Where there is no such test, or no room for the answer.
    pub fn of(input: &[u8], output_bytes: usize) -> Result<Self, Refusal> {
        if input.len() != CONTRACT_INPUT_BYTES {
            return Err(Refusal::Input);
        }
        let [suite, index] = read_words(input).ok_or(Refusal::Input)?;
        if suite >= suites() || index >= tests() {
            return Err(Refusal::Input);
        }
        if output_bytes < CONTRACT_OUTPUT_BYTES {
            return Err(Refusal::Output);
        }
        Ok(Self { suite, index })
    }

    /// Runs it; how many bytes the answer has.
    pub fn run(&self, output: &mut [u8]) -> usize {
        let Some(ended) = suites::run(self.suite, self.index) else {
            return 0;
        };
        let (verdict, reason) = match ended.outcome {
            Ok(()) => (verdict::PASSED, ""),
            Err(reason) => (verdict::FAILED, reason),
        };
        let Some((head, texts)) = output.split_at_mut_checked(CONTRACT_BYTES) else {
            return 0;
        };
        let mut room = texts.iter_mut();
        let mut write = |text: &str| {
            let places = room.by_ref().zip(text.bytes());
            places.map(|(place, byte)| *place = byte).count() as u32
        };
        let (name, reason) = (write(ended.name), write(reason));
        write_words(&[verdict, ended.chosen.into(), name, reason], head);
        CONTRACT_BYTES
            .saturating_add(name as usize)
            .saturating_add(reason as usize)
    }
}
