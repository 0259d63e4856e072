//! What is allocated: blocks, entries, control blocks.

use std::alloc::Layout;

use wdm::PAGE_SIZE;

use super::{World, is_in_pool};
use crate::contents::Contents;
use crate::host::POISONED_BYTES;

/// What a block or entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Allocated from a list.
    Out(usize),
    /// Kept by a list.
    Kept(usize),
    /// A pool block that is no list's.
    Plain,
    /// On the header of no list.
    Parked,
    /// The control block of a handle's list.
    Control(usize),
    /// Storage for a raw list.
    Storage(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) bytes: usize,
    /// What it occupies.
    pub(super) capacity: usize,
    pub(super) tag: u32,
    pub(super) is_paged: bool,
    pub(super) state: State,
    /// What it was allocated for, by the trait `Allocator`.
    pub(super) layout: Option<Layout>,
    /// The mark of the pattern that was written into it.
    pub(super) mark: u64,
}

impl Place {
    /// A block of so many bytes of a pool type.
    pub(super) fn new(bytes: usize, pool_type: i32, tag: u32, state: State) -> Self {
        let padded = bytes.next_multiple_of(if pool_type & 4 != 0 { 128 } else { 16 });
        Self {
            bytes,
            capacity: if padded < PAGE_SIZE {
                padded
            } else {
                bytes.next_multiple_of(PAGE_SIZE)
            },
            tag,
            is_paged: pool_type & 1 != 0,
            state,
            layout: None,
            mark: 0,
        }
    }
}

impl World {
    /// Whether an address lies in something that is allocated.
    #[must_use]
    pub fn is_taken(&self, address: usize) -> bool {
        self.around(address).is_some()
    }

    /// What is allocated around an address.
    pub(super) fn around(&self, address: usize) -> Option<&Place> {
        let (&start, place) = self.places.range(..=address).next_back()?;
        (address < start + place.capacity).then_some(place)
    }

    /// The tag of a block that went back to pool.
    pub(super) fn tag_of_gone(&self, address: usize) -> Option<u32> {
        let gone = self.gone.iter().rev().find(|&&(gone, _)| gone == address)?;
        Some(gone.1)
    }

    /// A block was taken from pool beside this world: what went back before may be that now.
    pub fn note_allocation(&mut self) {
        self.gone.clear();
    }

    /// Notes a block: it lies in nothing that is allocated.
    pub(super) fn place(&mut self, address: usize, place: Place) {
        assert_ne!(address, 0, "a block");
        assert!(
            address.is_multiple_of(16),
            "a block is aligned to 16: {address:#x}"
        );
        let end = address + place.capacity;
        assert!(
            !self.is_taken(address),
            "handed out twice: {address:#x} {place:?}"
        );
        let after = self.places.range(address..).next();
        assert!(
            after.is_none_or(|(&next, _)| end <= next),
            "a block that reaches into the next: {address:#x} {place:?}, {after:?}"
        );
        if is_in_pool(address) {
            self.gone.clear();
            let within = address % PAGE_SIZE;
            if place.capacity >= PAGE_SIZE {
                assert_eq!(
                    within, 0,
                    "a block of a page or more begins on one: {address:#x}"
                );
            } else {
                assert!(
                    within + place.capacity <= PAGE_SIZE,
                    "a page is crossed: {address:#x}"
                );
            }
        }
        self.places.insert(address, place);
    }

    /// Notes that a block is allocated no more.
    pub(super) fn remove(&mut self, address: usize) {
        let Some(place) = self.places.remove(&address) else {
            panic!("a block that there is: {address:#x}");
        };
        if is_in_pool(address) {
            self.gone.push((address, place.tag));
        }
    }

    pub(super) fn set_state(&mut self, address: usize, state: State) {
        match self.places.get_mut(&address) {
            Some(place) => (place.state, place.layout) = (state, None),
            None => panic!("a block that there is: {address:#x}"),
        }
    }

    pub(super) fn state(&self, address: usize) -> Option<State> {
        self.places.get(&address).map(|place| place.state)
    }

    pub(super) fn of_state(&self, is_meant: impl Fn(State) -> bool) -> Vec<usize> {
        let meant = self
            .places
            .iter()
            .filter(|(_, place)| is_meant(place.state));
        meant.map(|(&address, _)| address).collect()
    }

    pub(super) fn out(&self, index: usize) -> Vec<usize> {
        self.of_state(|state| state == State::Out(index))
    }

    /// What a block of this world holds.
    pub(super) fn contents(address: usize, bytes: usize) -> Contents {
        // SAFETY: every caller names a block that is allocated, as far as the emulation said.
        unsafe { Contents::new(address, bytes) }
    }

    /// Writes a new pattern into a block.
    pub(super) fn fill(&mut self, address: usize) {
        self.fills += 1;
        let mark = self.fills;
        if let Some(place) = self.places.get_mut(&address) {
            place.mark = mark;
            Self::contents(address, place.bytes).fill(mark);
        }
    }

    /// What was written into a block is still there, but for the link of one that a list kept.
    #[track_caller]
    pub(super) fn check_contents(&self, address: usize, was_kept: bool) {
        if let Some(place) = self.places.get(&address) {
            let from = if was_kept { 8 } else { 0 };
            let contents = Self::contents(address, place.bytes);
            contents.expect_pattern(from..place.bytes, place.mark);
        }
    }

    #[track_caller]
    pub(super) fn check_new(address: usize, bytes: usize, value: u8) {
        let end = bytes.min(POISONED_BYTES);
        Self::contents(address, bytes).expect_bytes(0..end, value);
    }
}
