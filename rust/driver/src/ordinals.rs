//! Which entry is which: the ordinal that each was given when its list got it.
//!
//! An entry with room for it carries its ordinal behind the eight bytes that the list links it by, with
//! a check that depends on the list: so a record also shows that nothing wrote there while the list
//! kept the entry. Shorter entries are found in a table.

use lookaside_protocol::wire::{FOREIGN, STAMPED_BYTES, UNSTAMPED};

use crate::pool::Zeroed;

/// What an entry carries behind its link.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    ordinal: u32,
    check: u32,
}

impl Stamp {
    const fn new(list: usize, ordinal: u32) -> Self {
        Self {
            ordinal,
            check: !ordinal ^ (list as u32) << 24,
        }
    }
}

/// Where in an entry the stamp is.
const STAMP: usize = 8;

#[derive(Clone, Copy)]
struct Row {
    address: usize,
    ordinal: u32,
    /// The list's number plus one; 0 for a row that is not in use.
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

    fn insert(&mut self, list: usize, address: usize, ordinal: u32) {
        let unused = self.rows.iter_mut().position(|row| row.list == 0);
        let Some(index) = unused else { return };
        let Some(row) = self.rows.get_mut(index) else {
            return;
        };
        *row = Row {
            address,
            ordinal,
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

/// The ordinal of an entry that a list has just given; `next` is what a new one gets.
///
/// # Safety
///
/// * The entry is allocated, of `size` bytes, and the caller's alone.
pub unsafe fn given(
    table: &mut Table,
    list: usize,
    entry: *mut u8,
    size: u32,
    next: Option<u32>,
) -> u32 {
    if size < STAMPED_BYTES {
        return match next {
            Some(ordinal) => {
                table.insert(list, entry.addr(), ordinal);
                ordinal
            }
            None => table.find(list, entry.addr()).map_or(FOREIGN, |row| {
                row.busy = true;
                row.ordinal
            }),
        };
    }
    let stamp = entry.wrapping_add(STAMP).cast::<Stamp>();
    match next {
        Some(ordinal) => {
            // SAFETY: the entry is ours, aligned to 16, and has room for link and stamp.
            unsafe { stamp.write(Stamp::new(list, ordinal)) };
            ordinal
        }
        None => {
            // SAFETY: as above; it was written when the list got the entry.
            let found = unsafe { stamp.read() };
            if found == Stamp::new(list, found.ordinal) {
                found.ordinal
            } else {
                FOREIGN
            }
        }
    }
}

/// Notes that an entry was given back to its list, which may not have kept it.
pub fn taken(table: &mut Table, list: usize, address: usize, size: u32, kept: bool) {
    if size < STAMPED_BYTES
        && let Some(row) = table.find(list, address)
    {
        row.busy = false;
        if !kept {
            row.list = 0;
        }
    }
}
