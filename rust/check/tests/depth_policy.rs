//! What each depth policy promises, as properties over random loads. No list of the emulation takes
//! part: the policies are pure functions, and a list is a few counters.

use ntoskrnl_emu::host::{DepthPolicy, DepthState, FLOOR, Period};
use proptest::collection::vec;
use proptest::prelude::*;

/// Random loads for each property.
const LOADS: u32 = 2000;

/// What a load does at once: allocates so many, or frees so many of what it has.
#[derive(Clone, Copy, Debug)]
enum Step {
    Allocate(u32),
    Free(u32),
}

/// The steps of each tick of a period. What is allocated in a period is freed in it.
#[derive(Clone, Debug)]
struct Load {
    ticks: Vec<Vec<Step>>,
}

impl Load {
    /// Makes a load of numbers: below zero is free, above allocate, and never more than `most` at once.
    fn new(numbers: &[Vec<i32>], most: u32) -> Self {
        let mut outstanding = 0;
        let mut ticks: Vec<Vec<Step>> = Vec::new();
        for numbers in numbers {
            let mut steps = Vec::new();
            for number in numbers {
                let count = number.unsigned_abs();
                let step = if *number < 0 {
                    Step::Free(count.min(outstanding))
                } else {
                    Step::Allocate(count.min(most - outstanding))
                };
                match step {
                    Step::Allocate(count) => outstanding += count,
                    Step::Free(count) => outstanding -= count,
                }
                steps.push(step);
            }
            ticks.push(steps);
        }
        if let Some(last) = ticks.last_mut() {
            last.push(Step::Free(outstanding));
        }
        Self { ticks }
    }

    fn period(&self) -> usize {
        self.ticks.len()
    }
}

/// A list as its policy sees it.
#[derive(Clone, Debug)]
struct List {
    policy: DepthPolicy,
    state: DepthState,
    depth: u16,
    maximum_depth: u16,
    kept: u32,
    period: Period,
    /// Since the last call of `take_counts`.
    counts: Period,
}

impl List {
    fn new(policy: DepthPolicy, maximum_depth: u16) -> Self {
        Self {
            policy,
            state: DepthState::default(),
            depth: FLOOR,
            maximum_depth,
            kept: 0,
            period: Period::default(),
            counts: Period::default(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Allocate(count) => {
                let misses = count.saturating_sub(self.kept);
                self.kept -= count - misses;
                for counts in [&mut self.period, &mut self.counts] {
                    counts.allocates += count;
                    counts.misses += misses;
                }
            }
            // At most up to the depth; one that was lowered may be exceeded already.
            Step::Free(count) => {
                let room = u32::from(self.depth).saturating_sub(self.kept);
                self.kept += count.min(room);
            }
        }
    }

    fn tick(&mut self) {
        let period = std::mem::take(&mut self.period);
        (self.state, self.depth) =
            self.policy
                .adjusted(self.state, self.depth, self.maximum_depth, period);
        if self.policy.trims() {
            self.kept = self.kept.min(u32::from(self.depth));
        }
    }

    /// The steps of some ticks of a load, from one of its ticks on.
    fn run(&mut self, load: &Load, from: usize, ticks: usize) {
        for tick in from..from + ticks {
            for &step in &load.ticks[tick % load.period()] {
                self.step(step);
            }
            self.tick();
        }
    }

    fn take_counts(&mut self) -> Period {
        std::mem::take(&mut self.counts)
    }
}

fn maximum_depths() -> impl Strategy<Value = u16> {
    prop_oneof![Just(256), 256..=1024_u16]
}

/// Small steps beside large ones, so that a load goes up and down within a tick and across ticks.
fn numbers() -> impl Strategy<Value = i32> {
    prop_oneof![-8..=8_i32, -100..=100_i32, -1400..=1400_i32]
}

/// Loads that repeat with a period of at most `ticks` ticks and allocate something.
fn loads(ticks: usize) -> impl Strategy<Value = Load> {
    let numbers = vec(vec(numbers(), 0..12), 1..=ticks);
    (numbers, 1..=1400_u32).prop_map(|(mut numbers, most)| {
        numbers[0].insert(0, 1);
        Load::new(&numbers, most)
    })
}

/// Whatever a list may have been through.
fn states() -> impl Strategy<Value = DepthState> {
    any::<([u16; 4], u8)>().prop_map(|([former_depth, former_demand, demand, peak], quiet)| {
        DepthState {
            former_depth,
            former_demand,
            demand,
            peak,
            quiet,
        }
    })
}

fn periods() -> impl Strategy<Value = Period> {
    let counts = prop_oneof![0..20_u32, 0..100_000_u32, any::<u32>()];
    let misses = prop_oneof![Just(0), any::<u32>()];
    (counts, misses, any::<[bool; 2]>()).prop_map(|(allocates, most, no_memory)| {
        let misses = most.min(allocates);
        Period {
            allocates,
            misses,
            no_memory: misses > 0 && no_memory == [true; 2],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(LOADS))]

    #[test]
    fn settling_ends_with_misses_below_one_in_1000_when_a_load_repeats_within_4_ticks(
        load in loads(4),
        maximum_depth in maximum_depths(),
    ) {
        let mut list = List::new(DepthPolicy::Settling, maximum_depth);
        list.run(&load, 0, 10 * load.period());
        list.take_counts();
        let settled = list.depth;
        list.run(&load, 0, 100 * load.period());
        let counts = list.take_counts();
        prop_assert!(
            1000 * counts.misses < counts.allocates || settled == maximum_depth,
            "{counts:?} at depth {settled}"
        );
    }

    #[test]
    fn settling_is_back_at_4_and_keeps_no_more_within_16_ticks_without_an_allocate(
        load in loads(6),
        ticks in 0..60_usize,
        maximum_depth in maximum_depths(),
        frees in 0..2000_u32,
    ) {
        let mut list = List::new(DepthPolicy::Settling, maximum_depth);
        list.run(&load, 0, ticks);
        for tick in 0..16 {
            if tick < 8 {
                list.step(Step::Free(frees / 8));
            }
            list.tick();
        }
        prop_assert_eq!(list.depth, FLOOR);
        prop_assert!(list.kept <= u32::from(FLOOR));
        let idle = DepthState { quiet: 0, ..list.state };
        prop_assert_eq!(idle, DepthState::default(), "an idle list is as a new one");
    }

    #[test]
    fn settling_is_back_within_a_tenth_30_ticks_after_a_burst(
        load in loads(4),
        burst in vec((1..1500_u32, 1..4_usize, any::<bool>()), 1..=8),
        is_instead in any::<bool>(),
        maximum_depth in maximum_depths(),
    ) {
        let mut list = List::new(DepthPolicy::Settling, maximum_depth);
        let settled = 20 * load.period();
        list.run(&load, 0, settled);
        let former = i32::from(list.depth);
        let mut tick = 0;
        let mut held = 0;
        for &(count, times, is_held) in &burst {
            if is_held {
                list.step(Step::Allocate(count));
                held += count;
            }
            for _ in 0..times {
                list.step(Step::Allocate(count));
                list.step(Step::Free(count));
            }
            if is_instead {
                list.tick();
            } else {
                list.run(&load, tick, 1);
                tick += 1;
            }
        }
        list.step(Step::Free(held));
        list.run(&load, tick, 30);
        let depth = i32::from(list.depth);
        prop_assert!(10 * (depth - former).abs() <= former, "{former} before, {depth} after");
    }

    #[test]
    fn depths_stay_between_floor_and_maximum(
        state in states(),
        depth in any::<u16>(),
        maximum_depth in maximum_depths(),
        period in periods(),
    ) {
        let (_, after) = DepthPolicy::Settling.adjusted(state, depth, maximum_depth, period);
        prop_assert!((FLOOR..=maximum_depth).contains(&after), "{after}");
        let (_, after) = DepthPolicy::Balanced.adjusted(state, depth, maximum_depth, period);
        prop_assert!((depth.min(FLOOR)..=maximum_depth).contains(&after), "{after}");
        prop_assert_eq!(
            DepthPolicy::Fixed.adjusted(state, depth, maximum_depth, period),
            (state, depth)
        );
    }

    #[test]
    fn no_policy_raises_the_depth_of_a_list_that_got_no_memory(
        state in states(),
        depth in FLOOR..=256,
        mut period in periods(),
    ) {
        period.no_memory = true;
        for policy in DepthPolicy::ALL {
            let (_, after) = policy.adjusted(state, depth, 256, period);
            prop_assert!(after <= depth, "{policy:?}: {after}");
        }
    }
}

/// The depth after each of some ticks, each with so many allocations at once that are freed again.
fn depths(policy: DepthPolicy, swings: &[u32]) -> Vec<u16> {
    let mut list = List::new(policy, 256);
    swings
        .iter()
        .map(|&count| {
            list.step(Step::Allocate(count));
            list.step(Step::Free(count));
            list.tick();
            list.depth
        })
        .collect()
}

#[test]
fn settling_grows_by_what_was_missed_at_most_to_double_until_nothing_is() {
    let depths = depths(DepthPolicy::Settling, &[20; 8]);
    assert_eq!(depths, [8, 16, 28, 32, 32, 32, 32, 32]);
}

#[test]
fn settling_holds_its_depth_between_the_busy_ticks_of_a_load() {
    let swings: Vec<u32> = (0..80)
        .map(|tick| if tick % 2 == 0 { 100 } else { 0 })
        .collect();
    let settled = &depths(DepthPolicy::Settling, &swings)[20..];
    assert!(
        settled.iter().all(|&depth| depth == settled[0]),
        "{settled:?}"
    );
    assert!(settled[0] >= 100);
    let swings = &depths(DepthPolicy::Balanced, &swings)[20..];
    assert!(
        swings.iter().any(|&depth| depth != swings[0]),
        "unlike balanced"
    );
}

#[test]
fn settling_lowers_the_depth_with_the_demand_where_no_former_depth_is_known() {
    let mut swings = vec![200; 20];
    swings.extend([100; 16]);
    let depths = depths(DepthPolicy::Settling, &swings);
    assert_eq!(depths[19], 256);
    assert_eq!(depths[35], 128, "half of it");
}

#[test]
fn settling_tries_a_former_depth_once_when_the_demand_is_back_and_more_is_needed() {
    let mut list = List::new(DepthPolicy::Settling, 256);
    // 100 allocations a tick that need 10 entries, then as many that need 100.
    for tick in 0..80 {
        for _ in 0..if tick < 20 { 10 } else { 1 } {
            let count = if tick < 20 { 10 } else { 100 };
            list.step(Step::Allocate(count));
            list.step(Step::Free(count));
        }
        list.tick();
        if tick == 59 {
            list.take_counts();
        }
    }
    assert!(list.depth >= 100);
    assert_eq!(list.take_counts().misses, 0);
}

/// The depth after a period of so many allocates and misses under `balanced`.
fn balanced(depth: u16, allocates: u32, misses: u32) -> u16 {
    let period = Period {
        allocates,
        misses,
        no_memory: false,
    };
    let (_, after) = DepthPolicy::Balanced.adjusted(DepthState::default(), depth, 256, period);
    after
}

#[test]
fn balanced_raises_when_one_in_16_missed_and_lowers_when_fewer_are_allocated_than_kept() {
    assert_eq!(balanced(4, 3, 3), 7);
    assert_eq!(balanced(200, 900, 900), 256);
    assert_eq!(balanced(100, 1600, 100), 200);
    assert_eq!(balanced(100, 1600, 99), 100);
    assert_eq!(balanced(100, 100, 0), 100, "each kept entry was needed");
    assert_eq!(balanced(100, 99, 0), 76);
    assert_eq!(balanced(5, 0, 0), 4);
    assert_eq!(balanced(4, 0, 0), 4);
}

#[test]
fn balanced_keeps_a_depth_below_the_floor_until_there_is_reason_to_raise_it() {
    assert_eq!(balanced(0, 0, 0), 0);
    assert_eq!(balanced(2, 1, 0), 2);
    assert_eq!(balanced(0, 1, 1), 4);
}

#[test]
fn policies_have_names() {
    assert_eq!(
        DepthPolicy::ALL.map(DepthPolicy::name),
        ["fixed", "balanced", "settling"]
    );
    assert_eq!(DepthPolicy::default(), DepthPolicy::Settling);
    assert_eq!(
        DepthPolicy::ALL.map(DepthPolicy::trims),
        [false, false, true]
    );
}
