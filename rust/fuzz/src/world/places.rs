//! Who has which memory: blocks, entries, control blocks.

use wdm::PAGE_SIZE;

use super::{World, is_in_pool, pointer};

/// Who has a block or entry.
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
    /// What was written into it; see [`World::fill`].
    pub(super) pattern: u8,
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
            pattern: 0,
        }
    }
}

impl World {
    /// Whether an address lies in something that is allocated.
    #[must_use]
    pub fn is_taken(&self, address: usize) -> bool {
        let before = self.places.range(..=address).next_back();
        before.is_some_and(|(&start, place)| address < start + place.capacity)
    }

    /// Somebody else has taken a block from pool: what went back before may be that now.
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

    /// Notes that a block is nobody's any more.
    pub(super) fn remove(&mut self, address: usize) {
        let place = self.places.remove(&address);
        assert!(place.is_some(), "a block that there is: {address:#x}");
        if is_in_pool(address) {
            self.gone.push(address);
        }
    }

    pub(super) fn set_state(&mut self, address: usize, state: State) {
        match self.places.get_mut(&address) {
            Some(place) => place.state = state,
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

    /// The bytes of a block that its owner writes to: its beginning and its end.
    pub(super) fn written(bytes: usize) -> impl Iterator<Item = usize> {
        (0..bytes.min(48)).chain(bytes.saturating_sub(8).max(48)..bytes)
    }

    /// Writes a pattern into a block of its own.
    pub(super) fn fill(&mut self, address: usize) {
        self.fills = self.fills.wrapping_add(1);
        let pattern = self.fills;
        let Some(place) = self.places.get_mut(&address) else {
            return;
        };
        place.pattern = pattern;
        for at in Self::written(place.bytes) {
            // SAFETY: inside a block that is this world's.
            unsafe { pointer(address + at).cast::<u8>().write(pattern ^ at as u8) };
        }
    }

    /// What was written into a block is still there, but for the link of one that a list kept.
    pub(super) fn check_contents(&self, address: usize, was_kept: bool) {
        let Some(place) = self.places.get(&address) else {
            return;
        };
        for at in Self::written(place.bytes).filter(|&at| !was_kept || at >= 8) {
            // SAFETY: inside a block that is this world's.
            let byte = unsafe { pointer(address + at).cast::<u8>().read() };
            assert_eq!(
                byte,
                place.pattern ^ at as u8,
                "byte {at} of {address:#x} {place:?}"
            );
        }
    }

    pub(super) fn check_new(address: usize, bytes: usize, value: u8) {
        for at in Self::written(bytes).filter(|&at| at < ntoskrnl_emu::host::POISONED_BYTES) {
            // SAFETY: inside a block that was just allocated.
            let byte = unsafe { pointer(address + at).cast::<u8>().read() };
            assert_eq!(byte, value, "byte {at} of a new block: {address:#x}");
        }
    }
}
