//! Blocks as a sanitizer sees them.
//!
//! Under AddressSanitizer a byte of the pool can be accessed while it is one that was asked for, of a
//! block that is allocated and that no list keeps. All others are poisoned: red zones, freed blocks,
//! entries that a list keeps, and pool that was never allocated. The emulation opens an entry before
//! it reads the link in it: it may be instrumented itself, in Rust.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Once;

use wdm::PAGE_SIZE;

use super::{Word, block_at, block_of, page_of};
use crate::memory::layout::{GRANULE, STATE_ALLOCATED, STATE_FREED, STATE_KEPT, STATE_LEAVING};
use crate::memory::region::{self, Region};
use crate::sanitizer::{self, Access, Stack};
use crate::stops;
use crate::sync::{Lock, Ordering, global};

/// The shadow codes of bug check 0x1F2 (`devtest/kasan`).
const RIGHT_RED_ZONE: u8 = 0x86;
const FREED_POOL: u8 = 0x87;
const KEPT_ENTRY: u8 = 0x8C;
const LEFT_RED_ZONE: u8 = 0x8D;

/// Where a block was allocated and freed last.
#[derive(Clone, Copy, Default)]
struct History {
    allocated: Stack,
    freed: Stack,
}

global! {
    /// By offset in the pool; under AddressSanitizer only.
    static HISTORIES: Lock<BTreeMap<u32, History>> = Lock::new(BTreeMap::new());
}

/// A block is handed out: by the pool, or by the list that kept it.
pub(crate) fn hand_out(region: &Region, offset: u32, bytes: usize) {
    if !sanitizer::is_present() {
        return;
    }
    let start = region.at(offset);
    sanitizer::acquire(start.addr());
    if sanitizer::sees_addresses() {
        static REPORT: Once = Once::new();
        REPORT.call_once(|| sanitizer::on_report(explain));
        sanitizer::open(start, bytes);
        let allocated = Stack::here();
        HISTORIES.lock().entry(offset).or_default().allocated = allocated;
    }
}

/// A block is given up: to the pool, or to the list that keeps it.
pub(crate) fn give_up(region: &Region, offset: u32, bytes: usize) {
    if !sanitizer::is_present() {
        return;
    }
    let start = region.at(offset);
    sanitizer::release(start.addr());
    if sanitizer::sees_addresses() {
        // The rest of the last granule is no one's.
        sanitizer::shut(start, bytes.next_multiple_of(GRANULE));
        let freed = Stack::here();
        HISTORIES.lock().entry(offset).or_default().freed = freed;
    }
}

/// An entry that a list keeps is handed out.
pub(crate) fn hand_out_entry(region: &Region, offset: u32) {
    if sanitizer::is_present()
        && let Some(block) = block_at(region, offset)
    {
        hand_out(region, offset, block.bytes as usize);
    }
}

/// A list keeps an entry.
pub(crate) fn give_up_entry(region: &Region, offset: u32) {
    if sanitizer::is_present()
        && let Some(block) = block_at(region, offset)
    {
        give_up(region, offset, block.bytes as usize);
    }
}

// What a report says.

/// What was, or is, around an address.
struct Surroundings {
    /// Where the block begins, as an offset.
    start: u32,
    bytes: u32,
    /// How far the next block is from its beginning.
    step: u32,
    state: u16,
    word: Word,
}

/// The block that holds an offset, or held it last. Takes no lock: it may be called at any place.
fn surroundings(region: &Region, offset: u32) -> Option<Surroundings> {
    let mut number = page_of(offset);
    let mut page = region.page(number);
    let granules = u32::from(page.granules.load(Ordering::Relaxed));
    let within = offset % PAGE_SIZE as u32;
    let (start, step) = if granules != 0 {
        let step = granules * GRANULE as u32;
        (offset - within + within / step * step, step)
    } else {
        let first = page.previous.load(Ordering::Relaxed);
        let is_first = region.state(offset - within).load(Ordering::Relaxed) != 0;
        if !is_first && first != 0 {
            number = first;
            page = region.page(number);
        }
        let bytes = page.size.load(Ordering::Relaxed);
        let step = super::pages_of(bytes as usize) * PAGE_SIZE as u32;
        (number * PAGE_SIZE as u32, step)
    };
    let word = region.word(number, block_of(page, start));
    let word = Word(word.load(Ordering::Relaxed));
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
    })
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

    /// What it is, in words.
    fn text(&self, region: &Region) -> String {
        let start = region.at(self.start).addr();
        let tag = tag_text(self.word.tag());
        let pool = if self.word.is_paged() {
            "paged"
        } else {
            "nonpaged"
        };
        let state = match self.state {
            STATE_FREED | STATE_LEAVING => "freed",
            state if state & STATE_ALLOCATED != 0 => "allocated",
            _ => "kept by its list",
        };
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

    /// Where it was allocated and freed.
    fn history(&self) -> String {
        let Some(history) = HISTORIES.lock().get(&self.start).copied() else {
            return String::new();
        };
        let mut text = format!(
            "It was allocated at\n{}\n",
            history.allocated.lines().join("\n")
        );
        let is_given_up = self.is_freed() || self.state & STATE_ALLOCATED == 0;
        if is_given_up {
            let _ = writeln!(
                text,
                "It was freed at\n{}",
                history.freed.lines().join("\n")
            );
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
fn meant(region: &Region, offset: u32) -> Option<Surroundings> {
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
        block.history()
    )
}

/// Prints what the emulation knows of a freed block that was written to at an address.
pub(super) fn explain_change(region: &Region, offset: u32, address: usize) {
    if let Some(block) = surroundings(region, offset) {
        let place = address - region.at(offset).addr();
        let text = block.text(region);
        let history = block.history();
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
