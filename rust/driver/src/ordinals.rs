//! Which entry is which: its list of birth, and the ordinal that it was given when that list got it.
//!
//! An entry with room for it carries both behind the eight bytes that a list links it by, with a check:
//! so a record also shows that nothing wrote there while a list kept the entry. Shorter entries are
//! found in a table.

use lookaside_protocol::wire::{FOREIGN, STAMPED_BYTES, UNSTAMPED};

use crate::pool::Zeroed;

/// An entry's list of birth, by its number in the handle, and its ordinal there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub birth: u16,
    pub ordinal: u32,
}

impl Identity {
    /// What stands for an entry that no list got from its allocate routine, or whose contents changed.
    const UNKNOWN: Self = Self {
        birth: 0,
        ordinal: FOREIGN,
    };
}

/// What an entry carries behind its link.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    ordinal: u32,
    birth: u16,
    check: u16,
}

impl Stamp {
    const fn new(identity: Identity) -> Self {
        let Identity { birth, ordinal } = identity;
        let mixed = !ordinal ^ (birth as u32).rotate_left(11);
        Self {
            ordinal,
            birth,
            check: (mixed ^ mixed >> 16) as u16,
        }
    }
}

/// Where in an entry the stamp is.
const STAMP: usize = 8;

#[derive(Clone, Copy)]
struct Row {
    address: usize,
    ordinal: u32,
    birth: u16,
    /// The place of the list that has the entry, plus one; 0 for a row that is not in use.
    list: u8,
    /// Allocated: not kept by the list.
    busy: bool,
}

/// The table of entries too short for a stamp.
pub struct Table {
    rows: [Row; UNSTAMPED],
    /// All rows in use stand before this.
    end: usize,
}

// SAFETY: all rows not in use, none to look at.
unsafe impl Zeroed for Table {}

impl Table {
    fn rows(&mut self, list: usize) -> impl Iterator<Item = &mut Row> {
        let rows = self.rows.iter_mut().take(self.end);
        rows.filter(move |row| usize::from(row.list) == list.wrapping_add(1))
    }

    fn find(&mut self, list: usize, address: usize) -> Option<&mut Row> {
        self.rows(list).find(|row| row.address == address)
    }

    fn insert(&mut self, list: usize, address: usize, identity: Identity) {
        let unused = self.rows.iter_mut().position(|row| row.list == 0);
        let Some(index) = unused else { return };
        let Some(row) = self.rows.get_mut(index) else {
            return;
        };
        let Identity { birth, ordinal } = identity;
        *row = Row {
            address,
            ordinal,
            birth,
            // Below 64: the program was checked.
            list: (list as u8).wrapping_add(1),
            busy: true,
        };
        self.end = self.end.max(index.wrapping_add(1));
    }

    /// Forgets the entries that a list kept and has given away, or all of its entries.
    pub fn forget(&mut self, list: usize, busy_too: bool) {
        for row in self.rows(list) {
            if busy_too || !row.busy {
                row.list = 0;
            }
        }
    }
}

/// What entry it is that a list has just given; `new` is what a new one becomes.
///
/// # Safety
///
/// * The entry is allocated, of `size` bytes, and the caller's alone.
pub unsafe fn given(
    table: &mut Table,
    list: usize,
    entry: *mut u8,
    size: u32,
    new: Option<Identity>,
) -> Identity {
    if size < STAMPED_BYTES {
        return match new {
            Some(identity) => {
                table.insert(list, entry.addr(), identity);
                identity
            }
            None => table
                .find(list, entry.addr())
                .map_or(Identity::UNKNOWN, |row| {
                    row.busy = true;
                    Identity {
                        birth: row.birth,
                        ordinal: row.ordinal,
                    }
                }),
        };
    }
    let stamp = entry.wrapping_add(STAMP).cast::<Stamp>();
    match new {
        Some(identity) => {
            // SAFETY: the entry is ours, aligned to 16, and has room for link and stamp.
            unsafe { stamp.write(Stamp::new(identity)) };
            identity
        }
        None => {
            // SAFETY: as above; it was written when its list of birth got the entry.
            let found = unsafe { stamp.read() };
            let identity = Identity {
                birth: found.birth,
                ordinal: found.ordinal,
            };
            if found == Stamp::new(identity) {
                identity
            } else {
                Identity::UNKNOWN
            }
        }
    }
}

/// Notes that an entry of a list was freed to a list, mostly the same, which may not have kept it.
pub fn taken(table: &mut Table, from: usize, into: usize, address: usize, size: u32, kept: bool) {
    if size < STAMPED_BYTES
        && let Some(row) = table.find(from, address)
    {
        row.busy = false;
        // Below 64: the program was checked.
        row.list = if kept {
            (into as u8).wrapping_add(1)
        } else {
            0
        };
    }
}
