//! Special pool: blocks on pages of their own, each between pages that no access may reach, in a
//! mapping of its own.
//!
//! The layout is Driver Verifier's (`devtest/special-pool`): a block ends at the end of its page, but
//! for the bytes up to a multiple of 16, or begins at its start. What else the page holds is a pattern
//! that a free looks at. The page of a freed block cannot be accessed, and rests: the pages freed longest
//! ago are used again first.
//!
//! An access that leaves the block's page, or touches a freed one, is a fault at the instruction
//! ([`fault`]). To a list such a block is a foreign entry, and lists in special pool keep nothing.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use wdm::PAGE_SIZE;

use super::OWN_TAG;
use super::faults::is_meant;
use super::{CACHE_ALIGNMENT, Request};
use crate::bug_check::BugCheck;
use crate::memory::layout::GRANULE;
use crate::scope;
use crate::stops;
use crate::sync::{Lock, Once, global};
use crate::verifier;

mod fault;
mod pages;

pub use fault::set_catcher;
use pages::Pages;

/// What the rest of a block's page holds.
const PATTERN: u8 = 0xF7;
/// The option of a driver that is verified: all its blocks below a page come from here.
const OPTION: u32 = 0x1;
/// The environment variable that asks for special pool.
pub(crate) const VARIABLE: &str = "EMU_SPECIAL_POOL";

/// Which blocks come from special pool, beside those of drivers that are verified with it, and how.
///
/// What is left out selects every block below a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialPool {
    /// Only those of the driver with this name.
    pub driver: Option<String>,
    /// Only those with one of these tags; `*` stands for any characters, `?` for one.
    pub tags: Vec<u32>,
    /// Only those of so many bytes, from the first number to the second.
    pub sizes: Option<(usize, usize)>,
    /// Whether only blocks of drivers that are verified with it come from here.
    pub verified_only: bool,
    /// Whether a block begins at the start of its page, so that what lies before it is found, instead of
    /// ending at the end.
    pub verify_start: bool,
    /// How many blocks there can be, those that rest among them.
    pub pages: u32,
    /// How many freed pages rest at least before the first of them is used again.
    pub resting: u32,
}

impl Default for SpecialPool {
    fn default() -> Self {
        Self {
            driver: None,
            tags: Vec::new(),
            sizes: None,
            verified_only: false,
            verify_start: false,
            pages: 16_384,
            resting: 4_096,
        }
    }
}

impl SpecialPool {
    /// What the environment says: words such as `1`, `start`, `driver=demo.sys`, `tags='Fred Tag*'`,
    /// `sizes=32-64`, `pages=1000`, `resting=100`.
    ///
    /// # Errors
    ///
    /// The word that is none of these.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut found = Self::default();
        for word in words(text) {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let is_good = match (name, value) {
                ("1" | "on" | "end", "") => true,
                ("start", "") => {
                    found.verify_start = true;
                    true
                }
                ("driver", name) => {
                    found.driver = Some(name.to_owned());
                    !name.is_empty()
                }
                ("tags", tags) => {
                    found.tags = tags.split_whitespace().map(tag_of).collect();
                    !found.tags.is_empty() && !found.tags.contains(&0)
                }
                ("sizes", sizes) => {
                    let (low, high) = sizes.split_once('-').unwrap_or((sizes, sizes));
                    found.sizes = low.parse().ok().zip(high.parse().ok());
                    found
                        .sizes
                        .is_some_and(|(low, high): (usize, usize)| low <= high)
                }
                ("pages", count) => count.parse().is_ok_and(|count| {
                    found.pages = count;
                    (1..=1 << 20).contains(&count)
                }),
                ("resting", count) => count.parse().is_ok_and(|count| {
                    found.resting = count;
                    true
                }),
                _ => false,
            };
            if !is_good {
                return Err(word);
            }
        }
        Ok(found)
    }

    fn selects(&self, driver: u32, tag: u32, bytes: usize) -> bool {
        !self.verified_only
            && (self.tags.is_empty() || self.tags.iter().any(|&pattern| is_meant(pattern, tag)))
            && self
                .sizes
                .is_none_or(|(low, high)| (low..=high).contains(&bytes))
            && self
                .driver
                .as_ref()
                .is_none_or(|name| *name == scope::driver_name(driver))
    }
}

/// The words of a text; a part in quotes has no end at a space.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in text.chars() {
        match (character, words.last_mut()) {
            ('\'', _) => is_quoted = !is_quoted,
            (' ' | '\t', _) if !is_quoted => words.push(String::new()),
            (_, Some(word)) => word.push(character),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A tag of at most four characters; 0 for what is none.
fn tag_of(text: &str) -> u32 {
    let mut characters = [b' '; 4];
    match characters.get_mut(..text.len()) {
        Some(place) => place.copy_from_slice(text.as_bytes()),
        None => return 0,
    }
    u32::from_le_bytes(characters)
}

static CONFIGURED: Once<Option<SpecialPool>> = Once::new();
/// Whether blocks of the process must lie in its mapping: special pool is another.
static IS_OFF: AtomicBool = AtomicBool::new(false);
/// How many blocks came from here, and how many did not although they were to.
static SUCCEEDED: AtomicU64 = AtomicU64::new(0);
static EXHAUSTED: AtomicU64 = AtomicU64::new(0);

fn configured() -> Option<&'static SpecialPool> {
    let found = CONFIGURED.get_or_init(|| {
        let said = std::env::var_os(VARIABLE).filter(|said| !said.is_empty())?;
        let said = said.to_string_lossy();
        SpecialPool::parse(&said)
            .inspect_err(|word| {
                eprintln!("{VARIABLE}: no such word: \"{word}\"; there is no special pool");
            })
            .ok()
    });
    found.as_ref()
}

/// Whether special pool is asked for at all, other than for drivers that are verified with it.
pub(super) fn is_configured() -> bool {
    configured().is_some()
}

/// Says which blocks come from special pool, before the first one does. Returns whether it was in time.
pub(crate) fn configure(special: SpecialPool) -> bool {
    CONFIGURED.set(Some(special))
}

/// Has no block come from here, whatever is asked for.
pub(super) fn switch_off() {
    // Relaxed: before the first block is allocated.
    IS_OFF.store(true, Ordering::Relaxed);
}

/// Whether special pool is asked for where blocks must lie in the mapping.
#[inline]
pub(super) fn is_replaced() -> bool {
    IS_OFF.load(Ordering::Relaxed) && configured().is_some()
}

/// Whether it is asked for by the environment for a driver.
pub(super) fn is_replaced_for(driver: u32) -> bool {
    is_replaced()
        && configured().is_some_and(|special| {
            !special.verified_only
                && special
                    .driver
                    .as_ref()
                    .is_none_or(|name| *name == scope::driver_name(driver))
        })
}

/// Whether a block of a driver, with a tag and so many bytes, is to come from special pool.
#[inline]
pub(crate) fn is_wanted(driver: u32, tag: u32, bytes: usize) -> bool {
    pages::ARE_THERE
        && (configured().is_some() || verifier::flags(driver) & OPTION != 0)
        && !IS_OFF.load(Ordering::Relaxed)
        && is_asked(driver, tag, bytes)
}

/// Whether special pool is asked for a block of a driver, with a tag and so many bytes: also where guard
/// fills stand in for it.
#[cold]
pub(crate) fn is_asked(driver: u32, tag: u32, bytes: usize) -> bool {
    (1..PAGE_SIZE).contains(&bytes)
        && tag != OWN_TAG
        && (verifier::flags(driver) & OPTION != 0
            || configured().is_some_and(|special| special.selects(driver, tag, bytes)))
}

/// Whether the guarded blocks of a driver stand for blocks of special pool.
pub(super) fn is_stood_in_for(driver: u32) -> bool {
    let is_off = !pages::ARE_THERE || IS_OFF.load(Ordering::Relaxed);
    (is_off && verifier::flags(driver) & OPTION != 0) || is_replaced_for(driver)
}

/// Whether special pool may have blocks.
pub(crate) fn is_used() -> bool {
    SUCCEEDED.load(Ordering::Relaxed) != 0
}

/// How many blocks came from special pool, and how many were to and did not: it was exhausted.
pub fn special_pool_counts() -> (u64, u64) {
    // Relaxed: counts by themselves.
    (
        SUCCEEDED.load(Ordering::Relaxed),
        EXHAUSTED.load(Ordering::Relaxed),
    )
}

/// A block in special pool, or one that was there last.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// Where it begins.
    pub(crate) start: usize,
    pub(crate) bytes: usize,
    pub(crate) tag: u32,
    pub(crate) is_paged: bool,
    pub(crate) is_live: bool,
}

struct State {
    pages: Option<Pages>,
    slots: Vec<Slot>,
    /// The slots of freed blocks, the longest freed first.
    freed: VecDeque<u32>,
    is_tried: bool,
}

global! {
    static STATE: Lock<State> = Lock::new(State {
        pages: None,
        slots: Vec::new(),
        freed: VecDeque::new(),
        is_tried: false,
    });
}

impl State {
    /// The number of a slot that no block has.
    fn take(&mut self) -> Option<u32> {
        let usual = SpecialPool::default();
        let special = configured().unwrap_or(&usual);
        if !self.is_tried {
            self.is_tried = true;
            self.pages = Pages::reserve(special.pages);
            if self.pages.is_some() {
                fault::catch();
            }
        }
        self.pages.as_ref()?;
        let next = u32::try_from(self.slots.len()).ok()?;
        let is_rested = self.freed.len() > special.resting as usize;
        if next < special.pages && !is_rested {
            return Some(next);
        }
        self.freed.pop_front()
    }
}

/// Allocates a block, its contents undefined; `None` when special pool is exhausted, which is counted.
pub(super) fn allocate(request: &Request<'_>) -> Option<usize> {
    let made = try_allocate(request);
    let count = if made.is_some() {
        &SUCCEEDED
    } else {
        &EXHAUSTED
    };
    // Relaxed: a count by itself.
    count.fetch_add(1, Ordering::Relaxed);
    if made.is_some() {
        verifier::count(request.driver, |_, counters| {
            counters.allocations_succeeded_special_pool += 1;
        });
    }
    made
}

fn try_allocate(request: &Request<'_>) -> Option<usize> {
    let mut state = STATE.lock();
    let number = state.take()?;
    let place = number as usize;
    let pages = state.pages?;
    let page = pages.page(number);
    if !pages.open(number) {
        if place < state.slots.len() {
            state.freed.push_front(number);
        }
        return None;
    }
    let alignment = if request.pool_type.is_cache_aligned() {
        CACHE_ALIGNMENT
    } else {
        GRANULE
    };
    let offset = if configured().is_some_and(|special| special.verify_start) {
        0
    } else {
        (PAGE_SIZE - request.bytes) / alignment * alignment
    };
    let slot = Slot {
        start: page.addr() + offset,
        bytes: request.bytes,
        tag: request.tag,
        is_paged: request.pool_type.is_paged(),
        is_live: true,
    };
    match state.slots.get_mut(place) {
        Some(known) => *known = slot,
        None => state.slots.push(slot),
    }
    drop(state);
    // SAFETY: a page that was just opened, for this block alone.
    unsafe { page.write_bytes(PATTERN, PAGE_SIZE) };
    Some(page.wrapping_add(offset).expose_provenance())
}

/// The block at whose page an address lies, or that was there last.
pub(crate) fn around(address: usize) -> Option<Slot> {
    let state = STATE.lock();
    let number = state.pages?.slot_of(address)?;
    state.slots.get(number as usize).copied()
}

/// The block that an access at an address was meant for: the one whose page it is, or the one whose
/// page is next to it.
pub(crate) fn near(address: usize) -> Option<Slot> {
    let half = PAGE_SIZE / 2;
    let by_side = if address % PAGE_SIZE < half {
        address.wrapping_sub(PAGE_SIZE)
    } else {
        address.wrapping_add(PAGE_SIZE)
    };
    around(address).or_else(|| around(by_side))
}

/// The bug check of freeing an address in special pool, if it would be refused whatever its tag is;
/// `None` also for an address elsewhere.
pub(crate) fn refusal_of(address: usize) -> Option<BugCheck> {
    let given = address as u64;
    let slot = around(address)?;
    if !slot.is_live {
        return Some(stops::special_freed_twice(given));
    }
    if slot.start != address {
        let given_bytes = PAGE_SIZE - address % PAGE_SIZE;
        return Some(stops::special_no_start(
            given,
            slot.bytes as u64,
            given_bytes as u64,
        ));
    }
    first_change(&slot)
}

/// The bug check for the page of a block whose pattern was written over.
fn first_change(slot: &Slot) -> Option<BugCheck> {
    let page = slot.start / PAGE_SIZE * PAGE_SIZE;
    let end = slot.start + slot.bytes;
    let others = (end..page + PAGE_SIZE).chain(page..slot.start);
    let mut changed = others.filter_map(|address| {
        let place = std::ptr::with_exposed_provenance::<u8>(address);
        // SAFETY: on the page of a live block. A stray write by another thread is what is looked for:
        // volatile.
        let value = unsafe { place.read_volatile() };
        (value != PATTERN).then_some((address, value))
    });
    let (first, value) = changed.next()?;
    let is_one_bit = (value ^ PATTERN).count_ones() == 1 && changed.next().is_none();
    let start = slot.start as u64;
    Some(stops::special_written(
        start,
        first as u64,
        first >= end,
        is_one_bit,
    ))
}

/// Frees the block that begins at an address, if one does. Its page cannot be accessed from now on.
pub(super) fn free(address: usize) {
    let mut state = STATE.lock();
    let Some((pages, number)) = state
        .pages
        .and_then(|pages| Some((pages, pages.slot_of(address)?)))
    else {
        return;
    };
    let Some(slot) = state.slots.get_mut(number as usize) else {
        return;
    };
    if !slot.is_live || slot.start != address {
        return;
    }
    slot.is_live = false;
    pages.shut(number);
    state.freed.push_back(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_environment_say_what_comes_from_special_pool() {
        let usual = SpecialPool::default();
        assert_eq!(SpecialPool::parse("1"), Ok(usual.clone()));
        let all = "start driver=demo.sys tags='Fred Tag*' sizes=32-64 pages=1000 resting=10";
        let wanted = SpecialPool {
            driver: Some("demo.sys".to_owned()),
            tags: vec![u32::from_le_bytes(*b"Fred"), u32::from_le_bytes(*b"Tag*")],
            sizes: Some((32, 64)),
            verified_only: false,
            verify_start: true,
            pages: 1000,
            resting: 10,
        };
        assert_eq!(SpecialPool::parse(all), Ok(wanted));
        for bad in [
            "2",
            "tags=''",
            "tags=Toolong",
            "sizes=9-1",
            "pages=0",
            "driver=",
            "resting=x",
        ] {
            assert!(SpecialPool::parse(bad).is_err(), "{bad}");
        }
    }
}
