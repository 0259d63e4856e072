//! Pool allocations that are made to fail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::Ordering;

use crate::memory::layout::CHECK_FAULTS;
use crate::memory::region::{self, Region};
use crate::stack::{self, Stack, StackDepth};
use crate::sync::{Lock, global};
use crate::verifier::{self, LowResources};

/// Which of the allocations that a rule counts fail.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    /// So many from now on.
    Next(u32),
    /// One, after so many others less one.
    Nth(u32),
    /// Each after so many others less one.
    Every(u32),
    /// Those for which a generator with a state stays below a threshold.
    Randomly { threshold: u64, state: u64 },
    /// The next one whose call stack a set does not hold yet.
    NewStack(u32),
}

impl Which {
    /// Whether it fails none.
    fn is_none(self) -> bool {
        matches!(self, Self::Next(0) | Self::Nth(0) | Self::Every(0))
            || matches!(self, Self::Randomly { threshold: 0, .. })
    }
}

struct Rule {
    driver: u32,
    /// Zero for any tag; with `*` and `?` a pattern.
    tag: u32,
    which: Which,
    /// The allocations counted so far, for [`Which::Every`].
    seen: u32,
}

impl Rule {
    /// Counts an allocation; whether it fails. `is_failed` says whether another rule made it fail.
    fn count(&mut self, is_failed: bool) -> bool {
        match &mut self.which {
            Which::Next(_) if is_failed => false,
            Which::Next(remaining) => {
                *remaining = remaining.saturating_sub(1);
                true
            }
            Which::Nth(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            Which::Every(period) => {
                self.seen += 1;
                let is_meant = self.seen >= *period;
                if is_meant {
                    self.seen = 0;
                }
                is_meant
            }
            Which::Randomly { threshold, state } => next_random(state) < *threshold,
            Which::NewStack(_) => false,
        }
    }

    /// As [`Self::count`], for a rule that looks at the call stack.
    fn is_new(&mut self, sets: &mut BTreeMap<u32, BTreeSet<Stack>>, stack: Stack) -> bool {
        let Which::NewStack(set) = self.which else {
            return false;
        };
        let is_new = sets.entry(set).or_default().insert(stack);
        if is_new {
            self.which = Which::Next(0);
        }
        is_new
    }
}

/// The next number of a generator: a counter, mixed by the steps of SplitMix64.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

/// The characters of a tag, without the zeros and spaces at its end.
fn characters(tag: &[u8; 4]) -> &[u8] {
    let end = tag.iter().rposition(|byte| !matches!(byte, 0 | b' '));
    tag.get(..end.map_or(0, |place| place + 1)).unwrap_or(tag)
}

fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            (0..=text.len()).any(|skipped| matches_pattern(rest, &text[skipped..]))
        }
        ([first, pattern @ ..], [character, text @ ..]) => {
            (*first == b'?' || first == character) && matches_pattern(pattern, text)
        }
        _ => false,
    }
}

/// Whether a tag is meant by another in which `*` stands for any characters and `?` for one; 0 means
/// every tag.
pub(crate) fn is_meant(pattern: u32, tag: u32) -> bool {
    let is_plain = pattern == 0 || pattern == tag;
    is_plain || {
        let pattern = pattern.to_le_bytes();
        let has_wildcards = pattern.iter().any(|byte| matches!(byte, b'*' | b'?'));
        has_wildcards && matches_pattern(characters(&pattern), characters(&tag.to_le_bytes()))
    }
}

/// Whether low resources simulation fails a request with a tag.
pub(super) fn is_drawn(low: &mut LowResources, tag: u32) -> bool {
    let is_tagged = low.tags.is_empty() || low.tags.iter().any(|&one| is_meant(one, tag));
    is_tagged && next_random(&mut low.state) % 10_000 < u64::from(low.faults)
}

struct Rules {
    rules: Vec<Rule>,
    /// The tag of the newest allocation of each driver that an [`Which::Nth`] failed.
    failed: Vec<(u32, u32)>,
    /// The call stacks that failed, by set.
    stacks: BTreeMap<u32, BTreeSet<Stack>>,
    next_set: u32,
    /// The driver, the tag and the stack of the newest allocations that were made to fail.
    injected: VecDeque<(u32, u32, Stack)>,
}

/// How many allocations that were made to fail are remembered.
const INJECTED: usize = 64;

/// The newest allocations that were made to fail, the oldest first: driver, tag and stack.
#[cfg(not(loom))]
pub(crate) fn injected() -> Vec<(u32, u32, Stack)> {
    RULES.lock().injected.iter().copied().collect()
}

global! {
    static RULES: Lock<Rules> = Lock::new(Rules {
        rules: Vec::new(),
        failed: Vec::new(),
        stacks: BTreeMap::new(),
        next_set: 0,
        injected: VecDeque::new(),
    });
}

/// Begins a set of call stacks, for [`Which::NewStack`].
pub(crate) fn begin_stacks() -> u32 {
    let mut rules = RULES.lock();
    rules.next_set = rules.next_set.wrapping_add(1);
    rules.next_set
}

/// Forgets a set of call stacks.
pub(crate) fn end_stacks(set: u32) {
    RULES.lock().stacks.remove(&set);
}

/// Makes allocations of a driver with a tag fail, in place of what was asked for that tag before.
pub(crate) fn fail(driver: u32, which: Which, tag: u32) {
    let Ok(region) = region::map() else { return };
    let mut rules = RULES.lock();
    rules
        .rules
        .retain(|rule| rule.driver != driver || rule.tag != tag);
    if !which.is_none() {
        rules.rules.push(Rule {
            driver,
            tag,
            which,
            seen: 0,
        });
    }
    note(region, &rules.rules);
}

/// Takes every rule of a driver back.
pub(crate) fn clear(driver: u32) {
    let Some(region) = region::mapped() else {
        return;
    };
    let mut rules = RULES.lock();
    rules.rules.retain(|rule| rule.driver != driver);
    rules.failed.retain(|failed| failed.0 != driver);
    note(region, &rules.rules);
}

/// The tag of the allocation of a driver that an [`Which::Nth`] or a [`Which::NewStack`] made fail, if
/// it came to that.
pub(crate) fn failed(driver: u32) -> Option<u32> {
    let rules = RULES.lock();
    let found = rules.failed.iter().find(|failed| failed.0 == driver);
    found.map(|&(_, tag)| tag)
}

/// Shows in the checks word whether there are rules. Called with the rules locked.
fn note(region: &Region, rules: &[Rule]) {
    let checks = &region.header().checks;
    // Relaxed: a hint. The thread that makes a rule sees it in its own later calls. Another thread that
    // must see it is told by other means, which order this store too.
    if rules.is_empty() {
        checks.fetch_and(!CHECK_FAULTS, Ordering::Relaxed);
    } else {
        checks.fetch_or(CHECK_FAULTS, Ordering::Relaxed);
    }
}

/// Whether this allocation is made to fail; counts it if so.
#[inline]
pub(crate) fn should_fail(region: &Region, driver: u32, tag: u32) -> bool {
    region.has_checks(CHECK_FAULTS) && take(region, driver, tag)
}

fn remember(injected: &mut VecDeque<(u32, u32, Stack)>, driver: u32, tag: u32) {
    if injected.len() == INJECTED {
        injected.pop_front();
    }
    injected.push_back((driver, tag, Stack::of(driver)));
}

/// Counts an allocation that low resources simulation made fail.
#[cold]
pub(super) fn note_drawn(driver: u32, tag: u32) {
    verifier::count(driver, |_, counters| counters.faults_injected += 1);
    remember(&mut RULES.lock().injected, driver, tag);
}

#[cold]
fn take(region: &Region, driver: u32, tag: u32) -> bool {
    let mut rules = RULES.lock();
    let Rules {
        rules,
        failed,
        stacks,
        injected,
        ..
    } = &mut *rules;
    let mut is_failed = false;
    for rule in rules.iter_mut() {
        if rule.driver != driver || !is_meant(rule.tag, tag) {
            continue;
        }
        let is_new = matches!(rule.which, Which::NewStack(_)) && {
            let depth = stack::depth_of(driver).unwrap_or(StackDepth::USUAL);
            rule.is_new(stacks, Stack::here(depth))
        };
        if is_new || rule.count(is_failed) {
            is_failed = true;
            if is_new || matches!(rule.which, Which::Nth(_)) {
                failed.retain(|one| one.0 != driver);
                failed.push((driver, tag));
            }
        }
    }
    if is_failed {
        verifier::count(driver, |_, counters| counters.faults_injected += 1);
        remember(injected, driver, tag);
        rules.retain(|rule| !rule.which.is_none());
        note(region, rules);
    }
    is_failed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &[u8; 4]) -> u32 {
        u32::from_le_bytes(*text)
    }

    #[test]
    fn a_star_stands_for_any_characters_and_a_question_mark_for_one() {
        for (pattern, text, wanted) in [
            (b"Fred", b"Fred", true),
            (b"Fred", b"Frad", false),
            (b"Fr*\0", b"Fred", true),
            (b"*d\0\0", b"Fred", true),
            (b"F?ed", b"Fred", true),
            (b"F?\0\0", b"Fred", false),
            (b"*\0\0\0", b"a\0\0\0", true),
            (b"a?\0\0", b"a\0\0\0", false),
            (b"*e*\0", b"Fred", true),
            (b"*x*\0", b"Fred", false),
        ] {
            assert_eq!(
                is_meant(tag(pattern), tag(text)),
                wanted,
                "{pattern:?} {text:?}"
            );
        }
        assert!(is_meant(0, tag(b"Fred")));
    }
}
