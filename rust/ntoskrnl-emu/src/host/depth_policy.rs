//! Depth policies: how a tick moves the depth of a list.
//!
//! Each is a pure function of the state that it left at the tick before and of what the list did
//! since. Windows documents that the depth follows demand, the counters that tell of it, and the
//! limits; the amounts are this project's own (`docs/depths.md`). `src/model.ts` says the same in
//! TypeScript, and a test compares the two on random states.

use std::fmt;
use std::str::FromStr;

use wdm::INITIAL_LOOKASIDE_DEPTH;

/// The depth below which a tick never goes, and where every list begins.
pub const FLOOR: u16 = INITIAL_LOOKASIDE_DEPTH;
/// Under `balanced` a list is busy when at least one in this many allocations missed.
pub const MISS_RATIO: u64 = 16;
/// Under `settling`: after so many ticks without a miss a list has settled. Twice the longest period
/// that a load may have: what it needs it has shown by then.
pub const SETTLED: u8 = 8;

/// What a list did since the last tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Calls of the allocate routine.
    pub allocates: u32,
    /// Those that missed.
    pub misses: u32,
    /// Whether one of them got no memory.
    pub no_memory: bool,
}

/// What a policy remembers of a list; all zero for a new one. A demand is a number of allocations
/// between two ticks; one of 65,535 or more counts as 65,535.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DepthState {
    /// The depth before the list grew last.
    pub former_depth: u16,
    /// The demand that it sufficed for.
    pub former_demand: u16,
    /// The demand at which the list was last seen to need the depth that it has.
    pub demand: u16,
    /// The most allocations of a tick since the last one that missed, or since the depth was
    /// reviewed.
    pub peak: u16,
    /// Ticks without a miss.
    pub quiet: u8,
}

/// How ticks move the depth of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DepthPolicy {
    /// `fixed`: not at all.
    Fixed,
    /// `balanced`: up while one allocation in [`MISS_RATIO`] misses, down by a quarter of the surplus
    /// while fewer are allocated than may be kept. Surplus entries go as entries are freed.
    Balanced,
    /// `settling`: up by what is missed until nothing is; back to what sufficed before when the demand
    /// is back there. Surplus entries are freed at the tick.
    #[default]
    Settling,
}

impl DepthPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Fixed, Self::Balanced, Self::Settling];

    /// The name by which it is chosen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Balanced => "balanced",
            Self::Settling => "settling",
        }
    }

    /// Whether a tick frees the entries that a list keeps above its depth.
    #[must_use]
    pub const fn trims(self) -> bool {
        matches!(self, Self::Settling)
    }

    /// State and depth after a tick.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::host::{DepthPolicy, DepthState, Period};
    /// let period = Period { allocates: 20, misses: 3, no_memory: false };
    /// let (state, depth) = DepthPolicy::Settling.adjusted(DepthState::default(), 17, 256, period);
    /// assert_eq!(depth, 20);
    /// assert_eq!(state.demand, 20);
    /// ```
    #[must_use]
    pub fn adjusted(
        self,
        state: DepthState,
        depth: u16,
        maximum_depth: u16,
        period: Period,
    ) -> (DepthState, u16) {
        match self {
            Self::Fixed => (state, depth),
            Self::Balanced => (state, balanced(depth, maximum_depth, period)),
            Self::Settling => settling(state, depth, maximum_depth, period),
        }
    }
}

impl fmt::Display for DepthPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no depth policy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDepthPolicy {
    name: String,
}

impl fmt::Display for UnknownDepthPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two, three] = DepthPolicy::ALL;
        let name = &self.name;
        write!(
            formatter,
            "the depth policy must be {one}, {two} or {three}"
        )?;
        write!(formatter, ", the nearest is {}: {name:?}", nearest(name))
    }
}

impl std::error::Error for UnknownDepthPolicy {}

impl FromStr for DepthPolicy {
    type Err = UnknownDepthPolicy;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|policy| policy.name() == name);
        found.ok_or_else(|| UnknownDepthPolicy {
            name: name.to_owned(),
        })
    }
}

/// The policy whose name takes the fewest changes of a letter from another one.
fn nearest(name: &str) -> DepthPolicy {
    let distance = |policy: &DepthPolicy| distance(name, policy.name());
    let nearest = DepthPolicy::ALL.into_iter().min_by_key(distance);
    nearest.unwrap_or_default()
}

/// How many letters have to be inserted, deleted or replaced to make one name of another.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, wanted) in other.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.chars().count()]
}

/// The depth after a tick under `balanced`.
///
/// Between two ticks a list that missed would have needed at most as many more entries as it missed,
/// so it grows by that, at most to double. A list that served fewer allocations than it may keep
/// entries gives a quarter of its surplus up.
fn balanced(depth: u16, maximum_depth: u16, period: Period) -> u16 {
    let allocates = u64::from(period.allocates);
    let misses = u64::from(period.misses);
    if misses > 0 && MISS_RATIO * misses >= allocates {
        return grown(depth, maximum_depth, period);
    }
    if depth > FLOOR && allocates < u64::from(depth) {
        return (depth - (depth - FLOOR).div_ceil(4)).min(maximum_depth);
    }
    depth.min(maximum_depth)
}

/// The depth of a list that missed: more by what was missed, at most double. Where a miss got no
/// memory, a list that may keep more would only take more of what there is too little of.
fn grown(depth: u16, maximum_depth: u16, period: Period) -> u16 {
    if period.no_memory {
        return depth.min(maximum_depth);
    }
    let missed = u16::try_from(period.misses).unwrap_or(u16::MAX);
    let added = missed.min(depth.max(FLOOR));
    depth.saturating_add(added).max(FLOOR).min(maximum_depth)
}

/// State and depth after a tick under `settling`.
fn settling(
    state: DepthState,
    depth: u16,
    maximum_depth: u16,
    period: Period,
) -> (DepthState, u16) {
    let depth = depth.max(FLOOR).min(maximum_depth);
    let demand = u16::try_from(period.allocates).unwrap_or(u16::MAX);
    if period.no_memory {
        return (state, depth);
    }
    if period.misses > 0 {
        return (
            state.missed(depth, demand),
            grown(depth, maximum_depth, period),
        );
    }
    let mut state = state.without_a_miss(demand);
    if state.quiet != SETTLED && state.quiet < 2 * SETTLED {
        return (state, depth);
    }
    if state.peak == 0 {
        // Idle: what it is used for next, if at all, need not be what it was used for.
        return (DepthState::default(), FLOOR.min(maximum_depth));
    }
    let lowered = state.depth_for_peak(depth).max(FLOOR).min(depth);
    state.watch_again(lowered < depth);
    (state, lowered)
}

impl DepthState {
    /// After a tick in which the list missed at a depth. One that had settled there may come back.
    fn missed(self, depth: u16, demand: u16) -> Self {
        let (former_depth, former_demand, before) = if self.quiet >= SETTLED {
            (depth, self.demand, 0)
        } else {
            (self.former_depth, self.former_demand, self.demand)
        };
        Self {
            former_depth,
            former_demand,
            demand: before.max(demand),
            peak: 0,
            quiet: 0,
        }
    }

    fn without_a_miss(self, demand: u16) -> Self {
        Self {
            peak: self.peak.max(demand),
            quiet: self.quiet.saturating_add(1),
            ..self
        }
    }

    /// Whether the demand is back where the former depth sufficed, an eighth more or less.
    fn is_as_before(self) -> bool {
        self.peak <= self.former_demand.saturating_add(self.former_demand / 8)
    }

    /// What the list may keep when the busiest of its ticks is like the busiest of the last ones.
    fn depth_for_peak(self, depth: u16) -> u16 {
        if self.is_as_before() {
            return self.former_depth;
        }
        if self.former_depth >= depth || self.peak >= self.demand - self.demand / 8 {
            return depth;
        }
        // The demand is between those of two depths, so the depth is too. None of these underflows:
        // former demand < peak < demand.
        let surplus = u32::from(depth - self.former_depth);
        let left = u32::from(self.peak - self.former_demand);
        let share = (surplus * left).div_ceil(u32::from(self.demand - self.former_demand));
        self.former_depth + u16::try_from(share).unwrap_or(u16::MAX)
    }

    /// Begins to watch anew. A list that was lowered has to settle first: until then a miss says that
    /// this was too low for the demand, not that the demand rose.
    fn watch_again(&mut self, is_lowered: bool) {
        if is_lowered {
            if self.is_as_before() {
                self.former_depth = 0;
                self.former_demand = 0;
            }
            self.demand = self.peak;
            self.quiet = 0;
        } else {
            if self.quiet == SETTLED {
                self.demand = self.demand.max(self.peak);
            }
            self.quiet = SETTLED;
        }
        self.peak = 0;
    }
}
