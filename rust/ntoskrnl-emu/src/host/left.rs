//! What is left of a driver: its lists, entries and blocks; how it is told and released.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use wdm::PoolTag;

use crate::bug_check::{BugCheck, catch_stop};
use crate::host::stacks::allocated_at;
use crate::list as lists;
use crate::memory::layout::RECORD_FREE;
use crate::memory::region::{self, Region};
use crate::pool::{self, Block, OWN_TAG, heap};
use crate::registry;
use crate::scope;
use crate::stops;
#[cfg(not(loom))]
use crate::sync::patience;
#[cfg(not(loom))]
use crate::threads;

/// What kind of thing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakKind {
    /// A list that is not deleted.
    List,
    /// An entry that is allocated from a list that is still there.
    Entry,
    /// A block of pool, also what was an entry of a list that is deleted.
    Block,
}

/// One thing that is left of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leak {
    /// What it is.
    pub kind: LeakKind,
    /// Its address: a list's control block, an entry, a block.
    pub address: u64,
    /// Bytes per entry of a list; the bytes asked for of an entry or block.
    pub bytes: u32,
    /// Its tag.
    pub tag: u32,
    /// The identifier of the list, for a list and for an entry: of one that was freed to another list
    /// and allocated again, the list that took it last.
    pub list: Option<u32>,
}

impl Leak {
    /// Where it was allocated, a text for each frame from the caller's on. Empty for a list, and where no
    /// stacks are asked for.
    pub fn allocated_at(&self) -> Vec<String> {
        match self.kind {
            LeakKind::List => Vec::new(),
            _ => allocated_at(usize::try_from(self.address).unwrap_or(0)),
        }
    }
}

/// The lists of a driver, the oldest first, by record index.
fn lists_of(region: &Region, driver: u32) -> Vec<u32> {
    let mut found = Vec::new();
    registry::each(region, |index, record| {
        if record.driver.load(Ordering::Relaxed) == driver
            && record.state.load(Ordering::Relaxed) != RECORD_FREE
        {
            found.push(index);
        }
    });
    found
}

/// Whether a block counts as left: not what a list keeps, and not the emulation's own.
fn is_left(block: &Block) -> bool {
    !block.is_kept && block.tag != OWN_TAG
}

pub(super) fn leaks(driver: u32) -> Vec<Leak> {
    let Some(region) = region::mapped() else {
        return Vec::new();
    };
    let mut found: Vec<_> = lists_of(region, driver)
        .into_iter()
        .map(|index| {
            let record = region.record(index);
            Leak {
                kind: LeakKind::List,
                address: record.list.load(Ordering::Relaxed),
                bytes: record.size.load(Ordering::Relaxed),
                tag: record.tag.load(Ordering::Relaxed),
                list: Some(registry::id_of(region, index)),
            }
        })
        .collect();
    pool::each_of_driver(region, driver, |block, list| {
        if is_left(block) {
            found.push(Leak {
                kind: match list {
                    Some(_) => LeakKind::Entry,
                    None => LeakKind::Block,
                },
                address: region.at(block.offset).addr() as u64,
                bytes: block.bytes,
                tag: block.tag,
                list: list.map(|index| registry::id_of(region, index)),
            });
        }
    });
    for (address, block) in heap::of_driver(driver) {
        let list = lists::list_of_foreign(address);
        found.push(Leak {
            kind: if list.is_some() {
                LeakKind::Entry
            } else {
                LeakKind::Block
            },
            address: address as u64,
            bytes: u32::try_from(block.bytes).unwrap_or(u32::MAX),
            tag: block.tag,
            list: list.map(|index| registry::id_of(region, index)),
        });
    }
    found
}

/// A system thread of a driver that runs on; threads that are about to end are waited for.
#[cfg(not(loom))]
pub(super) fn thread_of(driver: u32) -> Option<usize> {
    let begun = std::time::Instant::now();
    loop {
        let thread = threads::running_of(driver)?;
        if begun.elapsed() >= patience::STUCK {
            return Some(thread);
        }
        std::thread::yield_now();
    }
}

/// The bug check of an unload now, if there is reason for one.
pub(super) fn stop_of(driver: u32) -> Option<BugCheck> {
    let region = region::mapped()?;
    if let Some(&oldest) = lists_of(region, driver).first() {
        let list = region.record(oldest).list.load(Ordering::Relaxed);
        return Some(stops::lists_left(list));
    }
    let mut count = 0;
    pool::each_of_driver(region, driver, |block, _| {
        count += u64::from(is_left(block))
    });
    count += heap::of_driver(driver).len() as u64;
    (count > 0).then(|| stops::blocks_left(count))
}

/// Releases the lists and blocks of a driver, without callbacks.
pub(super) fn release(driver: u32, is_reused: bool) {
    let Some(region) = region::mapped() else {
        return;
    };
    for index in lists_of(region, driver) {
        let list = registry::address_of(region, region.record(index));
        // SAFETY: the driver's lists are used by no thread any more; where one is all the same, its
        // control block and entries are memory that is not used again, as `Driver::unload` says, or
        // the caller's word is broken.
        let _ = catch_stop(|| unsafe { lists::abandon(list) });
    }
    pool::release_driver(region, driver, is_reused);
}

/// What is left of every driver, as text: for each that left something a line, and below it a line for
/// each kind of thing, list and tag. Empty when nothing is left.
pub fn leak_text() -> String {
    text_of(&scope::loaded())
}

pub(super) fn text_of(drivers: &[u32]) -> String {
    let mut text = String::new();
    for &driver in drivers {
        let mut groups: BTreeMap<_, (usize, u64, u64)> = BTreeMap::new();
        for leak in leaks(driver) {
            let caller = leak.allocated_at().into_iter().next();
            let key = (leak.kind as u8, leak.list.unwrap_or(0), leak.tag, caller);
            let (count, bytes, _) = groups.entry(key).or_insert((0, 0, leak.address));
            *count += 1;
            *bytes += u64::from(leak.bytes);
        }
        if groups.is_empty() {
            continue;
        }
        // Writing to a string does not fail, here and below.
        let _ = writeln!(text, "Left of driver {}:", scope::driver_name(driver));
        for ((kind, list, tag, caller), (count, bytes, first)) in groups {
            let (one, many) = match kind {
                0 => ("list", "lists"),
                1 => ("entry", "entries"),
                _ => ("block", "blocks"),
            };
            let name = if count == 1 { one } else { many };
            let tag = PoolTag(tag);
            let _ = write!(text, "    {count} {name}, tag \"{tag}\"");
            let _ = match kind {
                0 => write!(text, ", {bytes} bytes an entry, at {first:#018x}"),
                1 => write!(
                    text,
                    ", {bytes} bytes, of list {list:#x}, first at {first:#018x}"
                ),
                _ => write!(text, ", {bytes} bytes, first at {first:#018x}"),
            };
            let _ = match caller {
                Some(caller) => writeln!(text, ", allocated at {caller}"),
                None => writeln!(text),
            };
        }
    }
    text
}
