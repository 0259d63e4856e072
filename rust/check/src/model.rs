//! What a lookaside list should do, said as naively as it can be: a vector as the stack, plain
//! counters, and the tuning formula written down once more.
//!
//! It knows no memory: an entry is what its user calls one, an address or an ordinal.

macro_rules! flaws {
    ($($(#[$doc:meta])* $flaw:ident,)*) => {
        /// A mistake that is put into a model on purpose: what compares with the model must find it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Flaw {
            $($(#[$doc])* $flaw,)*
        }

        impl Flaw {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$flaw),*];
        }
    };
}

flaws! {
    /// The entry freed first comes first.
    FirstInFirstOut,
    /// A list keeps one entry more than its depth.
    KeepsOneMore,
    /// A list keeps one entry fewer than its depth.
    KeepsOneFewer,
    /// A miss that could not be served is not counted.
    FailureIsNoMiss,
    /// A hit counts as a miss.
    HitIsMiss,
    /// An entry that is not kept is not counted as a free.
    FreeMissIsNoFree,
    /// A flush forgets the entry freed first.
    FlushKeepsOne,
    /// A flush begins the counters anew.
    FlushClearsCounters,
    /// A smaller depth throws surplus entries away at once.
    DepthTrims,
    /// A tick looks at all misses there ever were.
    PeriodNeverEnds,
    /// A tick does not lower the depth of an idle list.
    IdleKeepsDepth,
    /// A tick trims one entry too many.
    TrimsOneMore,
    /// A tick counts what it trims.
    TrimCounts,
    /// A list grows although it got no memory.
    PressureGrows,
    /// A tick does not look at the maximum depth.
    UnboundedGrowth,
    /// A tick goes below the least depth.
    NoFloor,
    /// What is taken from the header counts as an allocation.
    RawPopCounts,
    /// What is put on the header is refused at the depth.
    RawPushMindsDepth,
    /// A free that is refused is counted.
    RefusedFreeCounts,
    /// An allocation that finds no pool does not take back its fault.
    FaultStays,
    /// A block is charged to the other kind of pool.
    UsageElsewhere,
    /// `grow_zeroed` clears nothing.
    NothingCleared,
    /// Any alignment is served.
    AnyAlignment,
    /// A layout as large as the entry is refused.
    WholeEntryRefused,
    /// A second `init` makes a new list.
    SecondInit,
    /// A list takes no entry of another one.
    OthersEntryIsRefused,
    /// An entry that goes to another list counts as a free of the one it came from.
    GiverCountsAFree,
}

impl Flaw {
    /// Those that allocations, frees, flushes, depths and ticks show by themselves.
    #[must_use]
    pub fn of_lists() -> &'static [Self] {
        &Self::ALL[..=Self::PeriodNeverEnds as usize]
    }
}

/// The depth of a new list, below which no tick lowers it.
const FLOOR: u32 = 4;

/// What the default depth policy remembers of a list.
#[derive(Clone, Debug, Default)]
struct Tuning {
    /// The depth before the list grew last, and what it allocated in a tick at most then.
    former: (u32, u32),
    /// What it allocated in a tick at most when it needed the depth that it has.
    demand: u32,
    /// The allocations of each tick since one that missed, or since the depth was looked at.
    quiet: Vec<u32>,
    /// Whether the depth was looked at and left since the list missed.
    has_settled: bool,
}

/// After so many ticks without a miss the depth is looked at.
const SETTLED: usize = 8;

/// One list, whose entries are told apart by `E`.
#[derive(Clone, Debug)]
pub struct Model<E> {
    /// The entries kept, the last freed at the end.
    pub kept: Vec<E>,
    /// `Depth`.
    pub depth: u32,
    /// `MaximumDepth`.
    pub maximum: u32,
    /// `TotalAllocates`.
    pub allocates: u32,
    /// `AllocateMisses`.
    pub allocate_misses: u32,
    /// `TotalFrees`.
    pub frees: u32,
    /// `FreeMisses`.
    pub free_misses: u32,
    /// `LastTotalAllocates` and `LastAllocateMisses`.
    pub last: (u32, u32),
    /// Whether an allocation got no memory since the last tick.
    no_memory: bool,
    tuning: Tuning,
    flaw: Option<Flaw>,
}

impl<E: Copy> Model<E> {
    /// A new list; maximum 0 stands for 256.
    #[must_use]
    pub fn new(maximum: u16, flaw: Option<Flaw>) -> Self {
        Self {
            kept: Vec::new(),
            depth: FLOOR,
            maximum: if maximum == 0 {
                256
            } else {
                u32::from(maximum)
            },
            allocates: 0,
            allocate_misses: 0,
            frees: 0,
            free_misses: 0,
            last: (0, 0),
            no_memory: false,
            tuning: Tuning::default(),
            flaw,
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// An allocation: the entry that has to come, or none on a miss.
    pub fn allocate(&mut self) -> Option<E> {
        let hit = self.take();
        self.count_allocation(hit.is_some());
        hit
    }

    /// Counts an allocation.
    pub fn count_allocation(&mut self, is_hit: bool) {
        self.allocates += 1;
        self.allocate_misses += u32::from(!is_hit || self.has(Flaw::HitIsMiss));
    }

    /// The allocate routine had nothing for the miss before.
    pub fn fail(&mut self) {
        self.no_memory = !self.has(Flaw::PressureGrows);
        self.allocate_misses -= u32::from(self.has(Flaw::FailureIsNoMiss));
    }

    fn take(&mut self) -> Option<E> {
        if self.has(Flaw::FirstInFirstOut) && !self.kept.is_empty() {
            return Some(self.kept.remove(0));
        }
        self.kept.pop()
    }

    /// Whether a free would be a miss.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let limit = match self.flaw {
            Some(Flaw::KeepsOneMore) => self.depth + 1,
            Some(Flaw::KeepsOneFewer) => self.depth.saturating_sub(1),
            _ => self.depth,
        };
        self.kept.len() as u32 >= limit
    }

    /// A free; true when the list keeps the entry, false when the free routine gets it.
    pub fn free(&mut self, entry: E) -> bool {
        self.frees += 1;
        if !self.is_full() {
            self.kept.push(entry);
            return true;
        }
        self.free_misses += 1;
        self.frees -= u32::from(self.has(Flaw::FreeMissIsNoFree));
        false
    }

    /// A free that is refused.
    pub fn refuse(&mut self) {
        self.frees += u32::from(self.has(Flaw::RefusedFreeCounts));
    }

    /// `ExpInterlockedPopEntrySList` on the list's header.
    pub fn pop(&mut self) -> Option<E> {
        self.count_pop();
        self.take()
    }

    /// Counts what is taken from the header, which is nothing.
    pub fn count_pop(&mut self) {
        self.allocates += u32::from(self.has(Flaw::RawPopCounts));
    }

    /// `ExpInterlockedPushEntrySList` on the list's header; returns the entry that was first.
    pub fn push(&mut self, entry: E) -> Option<E> {
        let before = self.kept.last().copied();
        if self.has(Flaw::RawPushMindsDepth) && self.kept.len() as u32 >= self.depth {
            return before;
        }
        self.kept.push(entry);
        before
    }

    /// `ExpInterlockedFlushSList` on the list's header: what it kept, in its order.
    pub fn flush_raw(&mut self) -> Vec<E> {
        self.kept.drain(..).rev().collect()
    }

    /// Empties the list and returns what the free routine gets, in its order.
    pub fn flush(&mut self) -> Vec<E> {
        let kept = usize::from(self.has(Flaw::FlushKeepsOne)).min(self.kept.len());
        if self.has(Flaw::FlushClearsCounters) {
            (self.allocates, self.frees) = (0, 0);
        }
        self.kept.drain(kept..).rev().collect()
    }

    /// Sets `Depth`.
    pub fn set_depth(&mut self, depth: u16) {
        self.depth = u32::from(depth);
        if self.has(Flaw::DepthTrims) {
            self.kept.truncate(usize::from(depth));
        }
    }

    /// The first half of a second of the balance set manager: the depth moves.
    pub fn tick(&mut self) {
        let allocates = self.allocates.wrapping_sub(self.last.0);
        let misses = self.allocate_misses.wrapping_sub(self.last.1);
        if !self.has(Flaw::PeriodNeverEnds) {
            self.last = (self.allocates, self.allocate_misses);
        }
        let maximum = match self.flaw {
            Some(Flaw::UnboundedGrowth) => u32::from(u16::MAX),
            _ => self.maximum,
        };
        let floor = if self.has(Flaw::NoFloor) { 0 } else { FLOOR };
        self.depth = self.depth.clamp(floor, maximum);
        let demand = allocates.min(u32::from(u16::MAX));
        if std::mem::take(&mut self.no_memory) {
            return;
        }
        if misses > 0 {
            self.tuning.miss(self.depth, demand);
            self.depth = (self.depth + misses.min(self.depth)).min(maximum);
            return;
        }
        self.tuning.quiet.push(demand);
        if self.tuning.quiet.len() == SETTLED {
            let wanted = self.tuning.wanted(self.depth).max(floor);
            if !self.has(Flaw::IdleKeepsDepth) {
                self.depth = self.depth.min(wanted);
            }
        }
    }

    /// The second half, entry by entry: what goes to the free routine next, if more is kept than the
    /// depth.
    pub fn trim(&mut self) -> Option<E> {
        let spare = u32::from(self.has(Flaw::TrimsOneMore));
        if self.kept.len() as u32 <= self.depth.saturating_sub(spare) {
            return None;
        }
        self.free_misses += u32::from(self.has(Flaw::TrimCounts));
        self.take()
    }
}

impl Tuning {
    /// A tick in which the list missed at a depth.
    fn miss(&mut self, depth: u32, demand: u32) {
        if self.has_settled {
            self.former = (depth, self.demand);
            self.demand = 0;
        }
        self.demand = self.demand.max(demand);
        self.quiet.clear();
        self.has_settled = false;
    }

    /// The depth after so many ticks without a miss.
    fn wanted(&mut self, depth: u32) -> u32 {
        let peak = self.quiet.drain(..).max().unwrap_or(0);
        if peak == 0 {
            *self = Self::default();
            return 0;
        }
        let (former_depth, former_demand) = self.former;
        let is_back = peak <= former_demand + former_demand / 8;
        let wanted = if is_back {
            former_depth
        } else if peak < self.demand - self.demand / 8 && former_depth < depth {
            let surplus = (depth - former_depth) * (peak - former_demand);
            former_depth + surplus.div_ceil(self.demand - former_demand)
        } else {
            depth
        };
        let is_lowered = wanted.max(FLOOR) < depth;
        if is_lowered {
            if is_back {
                self.former = (0, 0);
            }
            self.demand = peak;
        } else if !self.has_settled {
            self.demand = self.demand.max(peak);
        }
        self.has_settled = !is_lowered;
        wanted
    }
}
