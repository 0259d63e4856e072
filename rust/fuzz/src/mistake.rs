//! Mistakes that what an input is compared with can be given, to see that they are found.

use crate::model::Flaw;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Of the model of a list.
    List(Flaw),
    /// An allocation that finds no pool does not take back its fault.
    FaultStays,
    /// A block is charged to the other kind of pool.
    UsageElsewhere,
}

impl Mistake {
    /// Those that any program shows: of the rule, of flushing, of tuning.
    pub const OF_LISTS: [Self; 10] = [
        Self::List(Flaw::FirstInFirstOut),
        Self::List(Flaw::KeepsOneMore),
        Self::List(Flaw::KeepsOneFewer),
        Self::List(Flaw::HitIsMiss),
        Self::List(Flaw::FreeMissIsNoFree),
        Self::List(Flaw::FlushKeepsOne),
        Self::List(Flaw::FlushClearsCounters),
        Self::List(Flaw::DepthTrims),
        Self::List(Flaw::IdleKeepsDepth),
        Self::List(Flaw::PeriodNeverEnds),
    ];
    /// Those that it takes more than lists to show.
    pub const OF_THE_REST: [Self; 3] = [
        Self::List(Flaw::RawPopCounts),
        Self::FaultStays,
        Self::UsageElsewhere,
    ];

    /// The flaw of a list's model.
    #[must_use]
    pub fn flaw(self) -> Option<Flaw> {
        match self {
            Self::List(flaw) => Some(flaw),
            Self::FaultStays | Self::UsageElsewhere => None,
        }
    }
}
