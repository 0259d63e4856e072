//! Sequenced singly linked lists and doubly linked lists.

use core::mem::{align_of, offset_of, size_of};
use core::ptr::null_mut;

/// `SLIST_ENTRY`: the link of an entry on a sequenced list; 16 bytes, 16-byte aligned.
///
/// Only the first 8 bytes, the link, are written by the list routines.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct SListEntry {
    /// The next entry, or null.
    pub next: *mut SListEntry,
}

/// `SLIST_HEADER`: the head of a sequenced list; 16 bytes, 16-byte aligned.
///
/// `alignment` holds Depth (16 bits) and Sequence (48 bits); `region` holds four reserved bits and
/// the address of the first entry, whose own low four bits are always zero.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct SListHeader {
    /// Depth in bits 0…15, Sequence in bits 16…63.
    pub alignment: u64,
    /// Reserved in bits 0…3, the first entry's address in the rest.
    pub region: u64,
}

impl SListHeader {
    /// An empty list.
    pub const EMPTY: Self = Self {
        alignment: 0,
        region: 0,
    };
}

/// `LIST_ENTRY`: a link of a doubly linked list.
#[repr(C)]
#[derive(Debug)]
pub struct ListEntry {
    /// The next link.
    pub flink: *mut ListEntry,
    /// The previous link.
    pub blink: *mut ListEntry,
}

impl ListEntry {
    /// A link that is on no list.
    pub const UNLINKED: Self = Self {
        flink: null_mut(),
        blink: null_mut(),
    };
}

const _: () = {
    assert!(size_of::<SListEntry>() == 16 && align_of::<SListEntry>() == 16);
    assert!(offset_of!(SListEntry, next) == 0);
    assert!(size_of::<SListHeader>() == 16 && align_of::<SListHeader>() == 16);
    assert!(offset_of!(SListHeader, alignment) == 0 && offset_of!(SListHeader, region) == 8);
    assert!(size_of::<ListEntry>() == 16 && align_of::<ListEntry>() == 8);
    assert!(offset_of!(ListEntry, flink) == 0 && offset_of!(ListEntry, blink) == 8);
};
