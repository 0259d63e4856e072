//! What a list should do: a vector as the stack, plain counters, and the tuning formula.
//!
//! It knows no memory: an entry is whatever its user calls one, an address or an ordinal.

/// What a list counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// `TotalAllocates`.
    pub allocates: u32,
    /// `AllocateMisses`.
    pub allocate_misses: u32,
    /// `TotalFrees`.
    pub frees: u32,
    /// `FreeMisses`.
    pub free_misses: u32,
    /// `LastTotalAllocates`.
    pub last_allocates: u32,
    /// `LastAllocateMisses`.
    pub last_allocate_misses: u32,
}

/// A mistake that a model can be given, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The entry freed first is handed out.
    FirstInFirstOut,
    /// A list keeps one entry more than its depth.
    KeepsOneMore,
    /// A miss is counted by the allocation alone.
    AllocateMissUncounted,
    /// A free miss is counted by the free alone.
    FreeMissUncounted,
    /// A flush leaves the oldest entry.
    FlushForgetsOne,
    /// A flush counts its entries as frees.
    FlushCounts,
    /// A tick raises a depth by one at most.
    TickTooSlow,
    /// A tick does not remember what it has seen.
    TickForgets,
    /// A raw pop counts as an allocation.
    PopCounts,
    /// An allocation that finds no pool does not take back its fault.
    FaultStays,
    /// A block is charged to the other kind of pool.
    UsageElsewhere,
}

impl Mistake {
    /// Those that any program shows: of the rule, of flushing, of tuning.
    pub const OF_LISTS: [Self; 8] = [
        Self::FirstInFirstOut,
        Self::KeepsOneMore,
        Self::AllocateMissUncounted,
        Self::FreeMissUncounted,
        Self::FlushForgetsOne,
        Self::FlushCounts,
        Self::TickTooSlow,
        Self::TickForgets,
    ];
    /// Those that it takes more than lists to show.
    pub const OF_THE_REST: [Self; 3] = [Self::PopCounts, Self::FaultStays, Self::UsageElsewhere];
}

/// A list of entries.
#[derive(Clone, Debug)]
pub struct Model<Entry> {
    kept: Vec<Entry>,
    depth: u16,
    maximum: u16,
    counters: Counters,
    mistake: Option<Mistake>,
}

impl<Entry: Copy> Model<Entry> {
    /// The depth that a list begins with and that no tick goes below.
    const FLOOR: u16 = 4;

    /// A new list; the maximum depth is as its initialisation was given it.
    #[must_use]
    pub fn new(maximum: u16, mistake: Option<Mistake>) -> Self {
        Self {
            kept: Vec::new(),
            depth: Self::FLOOR,
            maximum: if maximum == 0 { 256 } else { maximum },
            counters: Counters::default(),
            mistake,
        }
    }

    fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// The entries kept, the last freed at the end.
    #[must_use]
    pub fn kept(&self) -> &[Entry] {
        &self.kept
    }

    /// `Depth`.
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// `MaximumDepth`.
    #[must_use]
    pub fn maximum(&self) -> u16 {
        self.maximum
    }

    /// What it counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether a free would be a miss.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept.len() >= usize::from(self.depth) + usize::from(self.errs(Mistake::KeepsOneMore))
    }

    /// An allocation: the entry of a hit, none for a miss.
    pub fn allocate(&mut self) -> Option<Entry> {
        self.counters.allocates += 1;
        let hit = self.take();
        if hit.is_none() && !self.errs(Mistake::AllocateMissUncounted) {
            self.counters.allocate_misses += 1;
        }
        hit
    }

    /// A free; whether the list keeps the entry.
    pub fn free(&mut self, entry: Entry) -> bool {
        self.counters.frees += 1;
        if self.is_full() {
            self.counters.free_misses += u32::from(!self.errs(Mistake::FreeMissUncounted));
            return false;
        }
        self.kept.push(entry);
        true
    }

    fn take(&mut self) -> Option<Entry> {
        if self.errs(Mistake::FirstInFirstOut) && !self.kept.is_empty() {
            return Some(self.kept.remove(0));
        }
        self.kept.pop()
    }

    /// A raw push.
    pub fn push(&mut self, entry: Entry) {
        self.kept.push(entry);
    }

    /// A raw pop.
    pub fn pop(&mut self) -> Option<Entry> {
        self.counters.allocates += u32::from(self.errs(Mistake::PopCounts));
        self.take()
    }

    /// A flush: the entries in the order in which they leave.
    pub fn flush(&mut self) -> Vec<Entry> {
        let remaining = usize::from(self.errs(Mistake::FlushForgetsOne)).min(self.kept.len());
        let flushed: Vec<Entry> = self.kept.drain(remaining..).rev().collect();
        if self.errs(Mistake::FlushCounts) {
            self.counters.frees += flushed.len() as u32;
        }
        flushed
    }

    /// Sets `Depth`.
    pub fn set_depth(&mut self, depth: u16) {
        self.depth = depth;
    }

    /// A second of the balance set manager.
    pub fn tick(&mut self) {
        let counters = &mut self.counters;
        let allocates = u64::from(counters.allocates.wrapping_sub(counters.last_allocates));
        let misses = counters
            .allocate_misses
            .wrapping_sub(counters.last_allocate_misses);
        if self.mistake != Some(Mistake::TickForgets) {
            counters.last_allocates = counters.allocates;
            counters.last_allocate_misses = counters.allocate_misses;
        }
        let (depth, floor) = (u32::from(self.depth), u32::from(Self::FLOOR));
        let tuned = if misses > 0 && u64::from(misses) * 16 >= allocates {
            let most = if self.errs(Mistake::TickTooSlow) {
                1
            } else {
                depth.max(floor)
            };
            (depth + misses.min(most)).max(floor)
        } else if depth > floor && allocates < u64::from(depth) {
            // A quarter of what is above the floor, rounded up.
            depth - (depth - floor).div_ceil(4)
        } else {
            depth
        };
        self.depth = tuned.min(u32::from(self.maximum)) as u16;
    }
}
