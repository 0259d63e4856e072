//! Doing what an operation says to a list, and comparing.

use std::alloc::Layout;
use std::thread;

use ntoskrnl_emu::ExAllocatePoolWithTag;
use wdm::{
    DRIVER_VERIFIER_DETECTED_VIOLATION, MEMORY_ALLOCATION_ALIGNMENT, PAGE_SIZE, PoolType,
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER_5,
};

use super::expected::{Expected, no_list, stops};
use super::places::{Place, State};
use super::{STORAGE_TAG, Subject, World, is_in_pool, nth};
use crate::callbacks::{self, Allocate};
use crate::host::{self, CONFINED_LIST, Driver, Outside};
use crate::list::{List, Options, Route, free_without_list, pointer};
use crate::model::{Flaw, Model};
use crate::operation::{Action, CONTROL_TAG, Fit, Inner, LISTS};

/// Bytes of storage for a list of any kind.
const STORAGE_BYTES: usize = 0x80;
/// Bytes of a handle's control block.
const CONTROL_BYTES: usize = 0x70;
/// More entries than that are not allocated from one list.
const MOST_OUT: usize = 80;

impl World {
    /// Prepares what the next callback is to do, other than with the entry that is freed now.
    pub(super) fn arm(&mut self, freed: usize) {
        let Some((index, inner)) = self.plan else {
            return;
        };
        let Some(list) = self.slots[index]
            .subject
            .as_ref()
            .map(|subject| subject.list)
        else {
            return;
        };
        let entry = self.out(index).into_iter().find(|&entry| entry != freed);
        match (inner, entry) {
            (Inner::Free, None) => return,
            (Inner::Free, Some(entry)) => callbacks::prepare(move || list.free(entry)),
            (Inner::Allocate, _) => callbacks::prepare(move || list.allocate()),
            (Inner::Flush, _) => callbacks::prepare(move || list.flush()),
        }
        self.armed = Some((index, inner, entry.unwrap_or(0)));
    }

    pub(super) fn disarm(&mut self) {
        callbacks::unprepare();
        self.armed = None;
        assert_eq!(callbacks::next_event(), None, "a callback too many");
    }

    pub(super) fn list(&self, number: u8) -> Option<(usize, List)> {
        let index = usize::from(number) % LISTS;
        let subject = self.slots[index].subject.as_ref()?;
        Some((index, subject.list))
    }

    /// Allocates, for a layout if there is one.
    pub(super) fn allocate(&mut self, index: usize, list: List, fit: Option<(Layout, bool)>) {
        if self.out(index).len() >= MOST_OUT {
            return;
        }
        let (size, kept) = {
            let subject = self.subject(index);
            (subject.size(), subject.model.kept.len())
        };
        if let Some((layout, is_zeroed)) = fit
            && !self.fits(size, layout)
        {
            let none = list.allocate_for(layout, is_zeroed);
            return assert_eq!(none, Ok((0, 0)), "no entry holds {layout:?}");
        }
        let is_zeroed = fit.is_some_and(|(_, is_zeroed)| is_zeroed);
        self.arm(0);
        let actual = match fit {
            None => list.allocate(),
            Some((layout, _)) => list.allocate_for(layout, is_zeroed).map(|(entry, bytes)| {
                assert!(entry == 0 || bytes == size, "the whole entry");
                assert!(entry.is_multiple_of(layout.align()), "aligned");
                entry
            }),
        };
        if let (true, Ok(entry @ 1..)) = (is_zeroed, actual) {
            Self::check_new(entry, size, 0);
        }
        let mut expected = self.expect_allocate(index);
        if let (true, Expected::NewEntry(_, byte)) = (is_zeroed, &mut expected) {
            *byte = 0;
        }
        self.settle(expected, actual);
        self.disarm();
        let Ok(entry @ 1..) = actual else { return };
        if kept > 0 {
            if !is_zeroed {
                self.check_contents(entry, true);
            }
            self.fill(entry);
        }
        if let Some((layout, _)) = fit {
            self.set_layout(entry, layout);
        }
    }

    pub(super) fn allocate_for(&mut self, number: u8, fit: Fit, is_zeroed: bool) {
        let lists = (0..LISTS).filter_map(|index| self.list(index as u8));
        let handles: Vec<(usize, List)> =
            lists.filter(|(_, list)| list.route().is_handle()).collect();
        if let Some((index, list)) = nth(&handles, number) {
            let layout = fit.layout(self.subject(index).size());
            self.allocate(index, list, Some((layout, is_zeroed)));
        }
    }

    fn set_layout(&mut self, entry: usize, layout: Layout) {
        if let Some(place) = self.places.get_mut(&entry) {
            place.layout = Some(layout);
        }
    }

    /// Whether an entry of a size holds a layout: it is aligned to 16, to a page from a page on.
    fn fits(&self, size: usize, layout: Layout) -> bool {
        let alignment = match size {
            ..PAGE_SIZE => MEMORY_ALLOCATION_ALIGNMENT,
            _ => PAGE_SIZE,
        };
        let is_whole = layout.size() == size && self.has(Flaw::WholeEntryRefused);
        layout.size() <= size
            && !is_whole
            && (layout.align() <= alignment || self.has(Flaw::AnyAlignment))
    }

    /// Grows or shrinks an entry: it stays where it is, with its contents, if it holds the layout.
    pub(super) fn resize(&mut self, which: u8, fit: Fit, is_zeroed: bool) {
        let sized = self.places.iter().filter_map(|(&entry, place)| {
            let State::Out(index) = place.state else {
                return None;
            };
            Some((index, entry, place.layout?))
        });
        let Some((index, entry, old)) = nth(&sized.collect::<Vec<_>>(), which) else {
            return;
        };
        let list = self.subject(index).list;
        let new = fit.layout(self.subject(index).size());
        self.check_contents(entry, false);
        let size = self.subject(index).size();
        let actual = list.resize(entry, old, new, is_zeroed);
        assert_eq!(actual, self.fits(size, new).then_some(size), "{new:?}");
        if actual.is_none() {
            return self.check_contents(entry, false);
        }
        let is_cleared = is_zeroed && new.size() >= old.size() && !self.has(Flaw::NothingCleared);
        let end = if is_cleared { old.size() } else { size };
        // A callback's block may be shorter than the entry, and cover it all the same.
        let Place { bytes, mark, .. } = self.places[&entry];
        Self::contents(entry, bytes).expect_pattern(0..end.min(bytes), mark);
        Self::contents(entry, size).expect_bytes(end..size, 0);
        self.fill(entry);
        self.set_layout(entry, new);
    }

    /// Frees an entry to a list, by the layout that it was allocated for.
    pub(super) fn free(&mut self, index: usize, list: List, entry: usize) {
        if matches!(self.state(entry), Some(State::Out(_) | State::Plain)) {
            self.check_contents(entry, false);
        }
        let is_out = self.state(entry) == Some(State::Out(index));
        let layout = self.places.get(&entry).and_then(|place| place.layout);
        self.arm(entry);
        let actual = match layout.filter(|_| is_out && list.route().is_handle()) {
            Some(layout) => list.free_for(entry, layout),
            None => list.free(entry),
        };
        let expected = self.expect_free(index, entry);
        self.settle(expected, actual);
        self.disarm();
    }

    /// Another thread uses a confined list.
    fn elsewhere(&mut self, index: usize, list: List, routine: u8) {
        if !list.route().is_confined() {
            return;
        }
        let entry = self.out(index).first().copied().unwrap_or(0);
        let other = || thread::spawn(move || list.use_raw(routine, entry)).join();
        let expected = stops(
            DRIVER_VERIFIER_DETECTED_VIOLATION,
            [CONFINED_LIST, list.address() as u64, 0, 0],
        );
        self.settle(expected, other().expect("bug checks are caught"));
    }

    pub(super) fn create(&mut self, index: usize, options: &Options) {
        if self.slots[index].subject.is_some() {
            return self.create_again(index, options);
        }
        if options.route.is_handle() {
            return self.create_handle(index, options);
        }
        let is_pool = options.size.is_multiple_of(2);
        if self.slots[index].storage.is_none() {
            self.slots[index].storage = Some(self.storage(index, is_pool));
        }
        self.create_raw(index, options);
    }

    pub(super) fn storage(&mut self, index: usize, is_pool: bool) -> usize {
        if !is_pool {
            let outside = Outside::zeroed(STORAGE_BYTES);
            let address = outside.as_ptr().addr();
            self.outside.push(outside);
            return address;
        }
        Driver::root().faults().clear();
        let pool_type = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED;
        // SAFETY: neither size nor tag is 0.
        let block = unsafe { ExAllocatePoolWithTag(pool_type, STORAGE_BYTES, STORAGE_TAG) };
        let address = block.expose_provenance();
        let state = State::Storage(index);
        self.place(
            address,
            Place::new(STORAGE_BYTES, pool_type.0, STORAGE_TAG, state),
        );
        // SAFETY: the block is this long.
        unsafe { block.cast::<u8>().write_bytes(0, STORAGE_BYTES) };
        for &(tag, remaining) in &self.faults {
            Driver::root().faults().fail_next(remaining, tag);
        }
        address
    }

    pub(super) fn create_handle(&mut self, index: usize, options: &Options) {
        let mut options = *options;
        if options.route == Route::Safe {
            options.depth = 0;
        }
        let actual = List::of_handle(&options);
        let refused_raise = options.route == Route::Safe
            && options.flags == 1
            && options.allocate == Allocate::Default;
        let mut expected = Self::status_for(&options);
        if expected.is_ok() && refused_raise {
            expected = Err(STATUS_INVALID_PARAMETER_5);
        }
        if expected.is_ok() {
            if self.takes_fault(CONTROL_TAG) {
                expected = Err(STATUS_INSUFFICIENT_RESOURCES);
            } else {
                self.gone.clear();
            }
        }
        assert_eq!(actual.map(|_| ()), expected, "{options:?}");
        let Ok(list) = actual else { return };
        let pool_type = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED.0;
        let place = Place::new(CONTROL_BYTES, pool_type, CONTROL_TAG, State::Control(index));
        self.place(list.address(), place);
        self.begin(index, list, &options);
    }

    pub(super) fn create_raw(&mut self, index: usize, options: &Options) {
        let Some(storage) = self.slots[index].storage else {
            return;
        };
        // SAFETY: the world keeps the storage until its list is gone.
        let actual = unsafe { List::in_storage(pointer(storage), options) };
        let expected = Self::status_for(options);
        assert_eq!(actual.map(|_| ()), expected, "{options:?}");
        if let Ok(list) = actual {
            // A list that was there is lost, as on Windows.
            self.forget(index);
            self.begin(index, list, options);
        }
    }

    /// Initialises a list that is initialised.
    pub(super) fn create_again(&mut self, index: usize, options: &Options) {
        let list = self.subject(index).list;
        if list.route().is_handle() {
            let is_refused = list.is_initialised_once(options);
            assert!(is_refused != self.has(Flaw::SecondInit), "a second init");
        } else if !options.route.is_handle() {
            self.create_raw(index, options);
        }
    }

    pub(super) fn begin(&mut self, index: usize, list: List, options: &Options) {
        let maximum = if options.route.is_legacy() {
            0
        } else {
            options.depth
        };
        self.slots[index].subject = Some(Subject {
            list,
            options: *options,
            model: Model::new(maximum, self.flaw),
            id: host::id_of(list.as_ptr()),
            failed: 0,
            place: self.lists,
        });
        self.lists += 1;
        host::set_own_entries_only(list.as_ptr(), options.own_entries_only);
    }

    /// What every routine says of storage in which no list is, and of a handle without one.
    pub(super) fn use_without_list(&mut self, number: u8) {
        let slot = &self.slots[usize::from(number) % LISTS];
        let Some(storage) = slot.storage else {
            let freed = free_without_list(number.is_multiple_of(2), number.into());
            return self.settle(no_list(0), freed);
        };
        // SAFETY: the world keeps the storage.
        let stale = unsafe { List::uninitialised(pointer(storage)) };
        for actual in [
            stale.allocate(),
            stale.free(0),
            stale.flush(),
            stale.delete(),
        ] {
            self.settle(no_list(storage), actual);
        }
        stale.give_up().expect("abandoning never raises");
    }

    pub(super) fn delete(&mut self, index: usize, list: List) {
        self.arm(0);
        let actual = list.delete();
        let expected = self.expect_delete(index);
        self.settle(expected, actual);
        self.disarm();
    }

    pub(super) fn give_up(&mut self, index: usize, list: List) {
        self.arm(0);
        list.give_up()
            .expect("neither dropping nor abandoning raises");
        if list.route().is_handle() {
            // As `delete`; what that would have refused is abandoned.
            let _ = self.expect_flush(index);
        }
        self.forget(index);
        self.disarm();
    }

    pub(super) fn has_list_at(&self, index: usize, address: usize) -> bool {
        let subject = self.slots[index].subject.as_ref();
        subject.is_some_and(|subject| subject.list.address() == address)
    }

    /// Whether a push has an outcome that is told here: storage without a list, and memory outside
    /// the pool, would be taken in, and belong to two.
    pub(super) fn may_be_pushed(&self, address: usize) -> bool {
        match self.state(address) {
            Some(State::Storage(index)) => self.has_list_at(index, address),
            Some(_) => true,
            None => is_in_pool(address) || address == 0,
        }
    }

    pub(super) fn push(&mut self, index: usize, list: List, address: usize) {
        if matches!(self.state(address), Some(State::Out(_) | State::Plain)) {
            self.check_contents(address, false);
        }
        let actual = list.header().push(address);
        let subject = self.subject(index);
        let (before, size, is_paged) = (
            subject.model.kept.last().copied().unwrap_or(0),
            subject.size(),
            subject.is_paged(),
        );
        let is_taken_in = self.places.get(&address).is_some_and(|place| {
            place.state == State::Plain && place.capacity >= size && place.is_paged == is_paged
        });
        if let Some(giver) = self.giver(index, address) {
            self.pass_on(giver, index, address);
            self.is_mixed = true;
        }
        let expected = if self.state(address) == Some(State::Out(index)) || is_taken_in {
            self.is_mixed |= is_taken_in;
            self.subject(index).model.push(address);
            self.set_state(address, State::Kept(index));
            Expected::Is(before)
        } else {
            self.refusal(address)
        };
        self.settle(expected, actual);
    }

    /// What was taken from a list without its allocate routine.
    fn take_out(&mut self, index: usize, entry: usize) {
        self.set_state(entry, State::Out(index));
        self.check_contents(entry, true);
        self.fill(entry);
    }

    pub(super) fn pop(&mut self, index: usize, list: List) {
        let actual = list.header().pop();
        let expected = self.subject(index).model.pop();
        self.settle(Expected::Is(expected.unwrap_or(0)), actual);
        if let Some(entry) = expected {
            self.take_out(index, entry);
        }
    }

    pub(super) fn flush_raw(&mut self, index: usize, list: List) {
        let mut entry = list.header().flush();
        for expected in self.subject(index).model.flush_raw() {
            assert_eq!(entry, Ok(expected), "the chain as the list had it");
            entry = Ok(Self::contents(expected, 8).link());
            self.take_out(index, expected);
        }
        assert_eq!(entry, Ok(0), "the end of the chain");
    }

    pub(super) fn hit(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let id = slot.subject.as_ref().map_or(0, |subject| subject.id);
        if slot.stale_id != 0 && slot.stale_id != id {
            assert_eq!(host::hit(slot.stale_id), None, "a stale identifier");
        }
        let Some(subject) = slot.subject.as_mut() else {
            return;
        };
        let Some(hit) = host::hit(id) else {
            let could = is_in_pool(subject.list.address()) && !subject.model.kept.is_empty();
            return assert!(self.is_mixed || !could, "a hit by identifier");
        };
        assert_eq!(subject.model.allocate(), Some(hit));
        self.take_out(index, hit);
    }

    pub(super) fn keep(&mut self, index: usize, entry: usize) {
        let is_mixed = self.is_mixed;
        let Some(offset) = host::offset_of(entry) else {
            return;
        };
        let is_out = self.state(entry) == Some(State::Out(index));
        if is_out {
            self.check_contents(entry, false);
        }
        let subject = self.subject(index);
        let could = is_in_pool(subject.list.address()) && is_out && !subject.model.is_full();
        if host::keep(subject.id, offset) {
            assert!(could, "kept: {entry:#x}");
            subject.model.free(entry);
            self.set_state(entry, State::Kept(index));
        } else {
            assert!(is_mixed || !could, "a free by identifier");
        }
    }

    pub(super) fn run_on_list(&mut self, number: u8, action: Action) {
        if let Action::Hit = action {
            return self.hit(usize::from(number) % LISTS);
        }
        let Some((index, list)) = self.list(number) else {
            return self.use_without_list(number);
        };
        let entry = |which| nth(&self.out(index), which);
        match action {
            Action::Allocate => self.allocate(index, list, None),
            Action::AllocateMany(count) => {
                (0..count % 40).for_each(|_| self.allocate(index, list, None));
            }
            Action::Free(which) => {
                if let Some(entry) = entry(which) {
                    self.free(index, list, entry);
                }
            }
            Action::FreeMany(count) => {
                for entry in self.out(index).into_iter().take(usize::from(count % 40)) {
                    // An inner free may have come before.
                    if self.state(entry) == Some(State::Out(index)) {
                        self.free(index, list, entry);
                    }
                }
            }
            Action::FreeOthers(which) => {
                let others = self.of_state(|state| matches!(state, State::Out(of) if of != index));
                // First those that the list would take.
                let taken: Vec<usize> = others
                    .iter()
                    .copied()
                    .filter(|&entry| self.like_giver(index, entry).is_some())
                    .collect();
                let others = if taken.is_empty() { others } else { taken };
                if let Some(entry) = nth(&others, which) {
                    self.free(index, list, entry);
                }
            }
            Action::FreeBad(bad, which) => {
                if let Some(address) = self.bad(bad, which) {
                    self.free(index, list, address);
                }
            }
            Action::Flush => {
                self.arm(0);
                let actual = list.flush();
                let expected = self.expect_flush(index);
                self.settle(expected, actual);
                self.disarm();
            }
            Action::Delete => self.delete(index, list),
            Action::GiveUp => self.give_up(index, list),
            Action::Share => {
                let shared = self.subject(index).list.share();
                self.settle(Expected::Is(0), shared);
            }
            Action::Elsewhere(routine) => self.elsewhere(index, list, routine),
            Action::SetDepth(depth) => {
                // Mostly depths that lists come to.
                let depth = match depth {
                    0..0x8000 => depth % 8,
                    0x8000..0xF000 => depth % 64,
                    any => any,
                };
                list.set_depth(depth);
                self.subject(index).model.set_depth(depth);
            }
            Action::Push(which) => {
                if let Some(entry) = entry(which) {
                    self.push(index, list, entry);
                }
            }
            Action::PushBad(bad, which) => {
                let address = self.bad(bad, which);
                if let Some(address) = address.filter(|&address| self.may_be_pushed(address)) {
                    self.push(index, list, address);
                }
            }
            Action::Pop => self.pop(index, list),
            Action::FlushRaw => self.flush_raw(index, list),
            Action::Keep(which) => {
                if let Some(entry) = entry(which) {
                    self.keep(index, entry);
                }
            }
            Action::Hit => {}
        }
    }
}
