//! Blocks as a sanitizer sees them.
//!
//! Under AddressSanitizer a byte of the pool can be accessed while it is one that was asked for, of a
//! block that is allocated and that no list keeps. All others are poisoned: red zones, freed blocks,
//! entries that a list keeps, and pool that was never allocated. The emulation opens an entry before
//! it reads the link in it: it may be instrumented itself, in Rust.

use std::ffi::c_char;
use std::fmt::Write as _;
use std::io::Write as _;

use wdm::PAGE_SIZE;

use super::history::{self, History};
use super::{Word, block_at, block_of, freed_word, guard, page_of, pages_from};
use crate::memory::layout::{
    GRANULE, PAGE_FREE, Page, STATE_ALLOCATED, STATE_FREED, STATE_KEPT, STATE_LEAVING, seat_of,
};
use crate::memory::region::{self, Region};
use crate::sanitizer::{self, Access};
use crate::stack::{self, Stack};
use crate::stops;
use crate::sync::{Once, Ordering};

/// The shadow codes of bug check 0x1F2 (`devtest/kasan`).
const RIGHT_RED_ZONE: u8 = 0x86;
const FREED_POOL: u8 = 0x87;
const KEPT_ENTRY: u8 = 0x8C;
const LEFT_RED_ZONE: u8 = 0x8D;

/// A block is handed out: by the pool, or by the list that kept it.
pub(crate) fn hand_out(region: &Region, offset: u32, bytes: usize) {
    let start = region.at(offset);
    if sanitizer::is_present() {
        sanitizer::acquire(start.addr());
        if sanitizer::sees_addresses() {
            static REPORT: Once<()> = Once::new();
            REPORT.get_or_init(|| sanitizer::on_report(explain));
            sanitizer::open(start, bytes);
        }
    }
    history::allocated(start.addr(), driver_of(region, offset));
}

/// A block is given up: to the pool, or to the list that keeps it.
pub(crate) fn give_up(region: &Region, offset: u32, bytes: usize) {
    let start = region.at(offset);
    if sanitizer::is_present() {
        sanitizer::release(start.addr());
        // The rest of the last granule belongs to no block.
        sanitizer::shut(start, bytes.next_multiple_of(GRANULE));
    }
    history::freed(start.addr(), driver_of(region, offset));
}

fn driver_of(region: &Region, offset: u32) -> u32 {
    region.page_at(offset).driver.load(Ordering::Relaxed)
}

/// Whether a list's entries are watched one by one.
fn are_entries_watched() -> bool {
    sanitizer::is_present() || stack::is_on()
}

/// An entry that a list keeps is handed out.
pub(crate) fn hand_out_entry(region: &Region, offset: u32) {
    if are_entries_watched()
        && let Some(block) = block_at(region, offset)
    {
        hand_out(region, offset, block.bytes as usize);
    }
}

/// A list keeps an entry.
pub(crate) fn give_up_entry(region: &Region, offset: u32) {
    guard::keep(region, offset);
    if are_entries_watched()
        && let Some(block) = block_at(region, offset)
    {
        give_up(region, offset, block.bytes as usize);
    }
}

// What a report says.

/// What was, or is, around an address.
pub(super) struct Surroundings {
    /// Where the block begins, as an offset.
    pub(super) start: u32,
    pub(super) bytes: u32,
    /// How far the next block is from its beginning.
    step: u32,
    state: u16,
    pub(super) word: Word,
    /// The offset by which its history is noted.
    noted_at: u32,
}

/// The block that holds an offset, or held it last. Takes no lock: it may be called at any place.
fn surroundings(region: &Region, offset: u32) -> Option<Surroundings> {
    let mut number = page_of(offset);
    let mut page = region.page(number);
    if guard::is_part(page) {
        let first = page.previous.load(Ordering::Relaxed);
        if guard::is_guarded(page) && page.kind.load(Ordering::Relaxed) == PAGE_FREE {
            return Some(Surroundings {
                start: first * PAGE_SIZE as u32,
                bytes: page.size.load(Ordering::Relaxed),
                step: PAGE_SIZE as u32,
                state: STATE_FREED,
                word: Word(page.free[1].load(Ordering::Relaxed)),
                noted_at: number * PAGE_SIZE as u32,
            });
        }
        if !is_first_of(region.page(first), first, number) {
            return None;
        }
        number = first;
        page = region.page(number);
    }
    let granules = u32::from(page.granules.load(Ordering::Relaxed));
    let within = offset % PAGE_SIZE as u32;
    let (start, step) = if granules != 0 {
        let step = granules * GRANULE as u32;
        let lead = guard::lead_of(page);
        (offset - within + within / step * step + lead, step)
    } else {
        let step = (pages_from(number, page).end - number) * PAGE_SIZE as u32;
        (number * PAGE_SIZE as u32, step)
    };
    let word = freed_word(region, page, seat_of(number, block_of(page, start)));
    let state = region.state(start).load(Ordering::Relaxed);
    let bytes = if granules == 0 {
        page.size.load(Ordering::Relaxed)
    } else {
        word.bytes()
    };
    (state != 0).then_some(Surroundings {
        start,
        bytes,
        step,
        state,
        word,
        noted_at: start,
    })
}

/// Whether a block of whole pages begins on a page, or began there last, that has another page.
fn is_first_of(page: &Page, first: u32, other: u32) -> bool {
    let is_first = !guard::is_part(page) && page.granules.load(Ordering::Relaxed) == 0;
    is_first && pages_from(first, page).contains(&other)
}

impl Surroundings {
    fn is_freed(&self) -> bool {
        matches!(self.state, STATE_FREED | STATE_LEAVING)
    }

    fn shadow_of(&self, offset: u32) -> u8 {
        match self.state {
            _ if offset < self.start => LEFT_RED_ZONE,
            _ if offset - self.start >= self.bytes => RIGHT_RED_ZONE,
            state if state & STATE_KEPT != 0 && state & STATE_ALLOCATED == 0 => KEPT_ENTRY,
            _ => FREED_POOL,
        }
    }

    pub(super) fn state_text(&self) -> &'static str {
        match self.state {
            STATE_FREED | STATE_LEAVING => "freed",
            state if state & STATE_ALLOCATED != 0 => "allocated",
            _ => "kept by its list",
        }
    }

    /// What it is, in words.
    fn text(&self, region: &Region) -> String {
        let start = region.at(self.start).addr();
        let tag = tag_text(self.word.tag());
        let pool = if self.word.is_paged() {
            "paged"
        } else {
            "nonpaged"
        };
        let state = self.state_text();
        let mut text = format!(
            "a block of {} bytes at {start:#x}, tag '{tag}', {pool} pool, {state}",
            self.bytes
        );
        if self.word.list() != 0 {
            let list = region.record(self.word.list()).list.load(Ordering::Relaxed);
            let _ = write!(text, ", of the list at {list:#x}");
        }
        text
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.is_freed() || self.state & STATE_ALLOCATED == 0
    }

    /// Where it was allocated and freed.
    pub(super) fn history(&self, region: &Region) -> Option<History> {
        history::of(region.at(self.noted_at).addr())
    }

    /// As [`Self::history`], in lines.
    fn history_text(&self, region: &Region) -> String {
        let Some(history) = self.history(region) else {
            return String::new();
        };
        let lines = |stack: Stack| stack.lines().join("\n");
        let mut text = format!("It was allocated at\n{}\n", lines(history.allocated));
        if self.is_given_up() {
            let _ = writeln!(text, "It was freed at\n{}", lines(history.freed));
        }
        text
    }
}

/// A tag as the debugger prints it.
fn tag_text(tag: u32) -> String {
    let shown = |byte: u8| match byte {
        b' '..=b'~' => char::from(byte),
        _ => '.',
    };
    tag.to_le_bytes().map(shown).iter().collect()
}

/// The block that an access was meant for: the one around it, or the one behind it where that is
/// nearer.
pub(super) fn meant(region: &Region, offset: u32) -> Option<Surroundings> {
    let around = surroundings(region, offset);
    let next = match &around {
        Some(around) => around.start + around.step,
        None => (page_of(offset) + 1) * PAGE_SIZE as u32,
    };
    let behind = surroundings(region, next).filter(|behind| !behind.is_freed());
    let end = around
        .as_ref()
        .map_or(0, |around| around.start + around.bytes);
    match behind {
        Some(behind) if offset >= end && behind.start.saturating_sub(offset) <= offset - end => {
            Some(behind)
        }
        _ => around,
    }
}

/// Prints what the emulation knows of the address that AddressSanitizer reports.
extern "C" fn explain(_report: *const c_char) {
    let Some(access) = Access::reported() else {
        return;
    };
    let Some(region) = region::mapped() else {
        return;
    };
    if let Some(offset) = region.offset_of(access.address) {
        note(&access_text(region, &access, offset));
    }
}

fn access_text(region: &Region, access: &Access, offset: u32) -> String {
    let meant = meant(region, offset);
    let shadow = meant
        .as_ref()
        .map_or(FREED_POOL, |block| block.shadow_of(offset));
    let stop = stops::illegal_access(
        access.address,
        access.bytes,
        access.instruction,
        shadow,
        access.is_write,
    );
    let address = access.address;
    let Some(block) = meant else {
        return format!("{stop}\n{address:#x} is pool that no block has.\n");
    };
    let place = match i64::from(offset) - i64::from(block.start) {
        place if place < 0 => format!("{} bytes before", -place),
        place if place >= i64::from(block.bytes) => {
            format!("{} bytes beyond the end of", place - i64::from(block.bytes))
        }
        place => format!("{place} bytes into"),
    };
    let text = block.text(region);
    format!(
        "{stop}\n{address:#x} is {place} {text}.\n{}",
        block.history_text(region)
    )
}

/// Prints what the emulation knows of a freed block that was written to at an address.
pub(super) fn explain_change(region: &Region, offset: u32, address: usize) {
    if let Some(block) = surroundings(region, offset) {
        let place = address - region.at(offset).addr();
        let text = block.text(region);
        let history = block.history_text(region);
        note(&format!(
            "*** Written after it was freed: {place} bytes into {text}.\n{history}"
        ));
    }
}

/// Prints in one write: other threads and processes print as well.
fn note(text: &str) {
    // Nowhere to complain where there is no standard error.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
