//! Doing what an operation says to a list, and comparing.

use ntoskrnl_emu::host::{self, owner};
use ntoskrnl_emu::{
    Driver, ExAllocatePoolWithTag, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, catch_stop,
};
use wdm::{PoolType, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER_5};

use super::expected::{Expected, no_list};
use super::places::{Place, State};
use super::{STORAGE_TAG, Storage, Subject, World, is_in_pool, nth, pointer};
use crate::callbacks::{self, Allocate};
use crate::list::{List, Options, Route};
use crate::memory::{self, Outside};
use crate::mistake::Mistake;
use crate::model::Model;
use crate::operation::{Bad, CONTROL_TAG, Inner, LISTS, Operation};

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

    pub(super) fn allocate(&mut self, index: usize, list: List) {
        if self.out(index).len() >= MOST_OUT {
            return;
        }
        let kept = self.subject(index).model.kept.len();
        self.arm(0);
        let actual = list.allocate();
        let expected = self.expect_allocate(index);
        self.settle(expected, actual);
        self.disarm();
        if let Ok(entry @ 1..) = actual
            && kept > 0
        {
            self.check_contents(entry, true);
            self.fill(entry);
        }
    }

    pub(super) fn free(&mut self, index: usize, list: List, entry: usize) {
        if matches!(self.state(entry), Some(State::Out(_) | State::Plain)) {
            self.check_contents(entry, false);
        }
        self.arm(entry);
        let actual = list.free(entry);
        let expected = self.expect_free(index, entry);
        self.settle(expected, actual);
        self.disarm();
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

    pub(super) fn storage(&mut self, index: usize, is_pool: bool) -> Storage {
        if !is_pool {
            return Storage::Outside(Outside::zeroed(STORAGE_BYTES));
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
        Storage::Pool(address)
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
        let mut expected = Self::judge(&options);
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
        let Some(storage) = self.slots[index].storage_address() else {
            return;
        };
        let actual = List::in_storage(storage, options);
        let expected = Self::judge(options);
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
            assert!(
                list.is_initialised_once(options),
                "a second init is refused"
            );
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
        let id = host::id(list.as_ptr()).expect("an initialised list");
        self.slots[index].subject = Some(Subject {
            list,
            options: *options,
            model: Model::new(maximum, self.mistake.and_then(Mistake::flaw)),
            id,
            failed: 0,
        });
    }

    /// What every routine says of storage in which no list is.
    pub(super) fn use_without_list(&mut self, number: u8) {
        let slot = &self.slots[usize::from(number) % LISTS];
        let Some(storage) = slot.storage_address() else {
            return;
        };
        let stale = List::uninitialised(storage);
        for actual in [
            stale.allocate(),
            stale.free(0),
            stale.flush(),
            stale.delete(),
        ] {
            self.settle(no_list(storage.addr()), actual);
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
        // SAFETY: the header is initialised; what cannot be an entry is refused.
        let actual = catch_stop(|| unsafe {
            ExpInterlockedPushEntrySList(list.header(), pointer(address).cast())
        });
        let subject = self.subject(index);
        let (before, size) = (
            subject.model.kept.last().copied().unwrap_or(0),
            subject.size(),
        );
        let is_taken_in = self
            .places
            .get(&address)
            .is_some_and(|place| place.state == State::Plain && place.capacity >= size);
        let expected = if self.state(address) == Some(State::Out(index)) || is_taken_in {
            self.is_mixed |= is_taken_in;
            self.subject(index).model.push(address);
            self.set_state(address, State::Kept(index));
            Expected::Is(before)
        } else {
            self.refusal(address)
        };
        self.settle(expected, actual.map(|first| first.expose_provenance()));
    }

    pub(super) fn pop(&mut self, index: usize, list: List) {
        // SAFETY: the header is initialised.
        let actual = catch_stop(|| unsafe { ExpInterlockedPopEntrySList(list.header()) });
        let expected = self.subject(index).model.pop();
        self.settle(
            Expected::Is(expected.unwrap_or(0)),
            actual.map(|first| first.expose_provenance()),
        );
        if let Some(entry) = expected {
            self.set_state(entry, State::Out(index));
            self.check_contents(entry, true);
            self.fill(entry);
        }
    }

    pub(super) fn flush_raw(&mut self, index: usize, list: List) {
        // SAFETY: the header is initialised.
        let actual = catch_stop(|| unsafe { ExpInterlockedFlushSList(list.header()) });
        let mut entry = actual.expect("a sound list").expose_provenance();
        for expected in self.subject(index).model.flush() {
            assert_eq!(entry, expected, "the chain as the list had it");
            // SAFETY: an entry that the caller has now.
            entry = unsafe { pointer(entry).cast::<u64>().read() } as usize;
            self.set_state(expected, State::Out(index));
            self.check_contents(expected, true);
            self.fill(expected);
        }
        assert_eq!(entry, 0, "the end of the chain");
    }

    pub(super) fn hit(&mut self, index: usize) {
        let id = self.slots[index].stale_id;
        if id != 0
            && self.slots[index]
                .subject
                .as_ref()
                .is_none_or(|subject| subject.id != id)
        {
            assert_eq!(hit(id), 0, "a stale identifier");
        }
        let is_mixed = self.is_mixed;
        let Some(subject) = self.slots[index].subject.as_mut() else {
            return;
        };
        let hit = hit(subject.id);
        let region = memory::mapped();
        if hit == 0 {
            let could = is_in_pool(subject.list.address()) && !subject.model.kept.is_empty();
            return assert!(is_mixed || !could, "a hit by identifier");
        }
        let entry = subject.model.allocate();
        assert_eq!(Some(region.at(hit).expose_provenance()), entry);
        if let Some(entry) = entry {
            self.set_state(entry, State::Out(index));
            self.check_contents(entry, true);
            self.fill(entry);
        }
    }

    pub(super) fn keep(&mut self, index: usize, entry: usize) {
        let is_mixed = self.is_mixed;
        let Some(offset) = memory::mapped().offset_of(entry) else {
            return;
        };
        let is_out = self.state(entry) == Some(State::Out(index));
        if is_out {
            self.check_contents(entry, false);
        }
        let Some(subject) = self.slots[index].subject.as_mut() else {
            return;
        };
        let could = is_in_pool(subject.list.address()) && is_out && !subject.model.is_full();
        if keep(subject.id, offset) {
            assert!(could, "kept: {entry:#x}");
            subject.model.free(entry);
            self.set_state(entry, State::Kept(index));
        } else {
            assert!(is_mixed || !could, "a free by identifier");
        }
    }

    pub(super) fn run_on_list(&mut self, operation: Operation) {
        use Operation as Op;
        let (Op::Allocate { list: number }
        | Op::Free { list: number, .. }
        | Op::AllocateMany { list: number, .. }
        | Op::FreeMany { list: number, .. }
        | Op::FreeBad { list: number, .. }
        | Op::Flush { list: number }
        | Op::Delete { list: number }
        | Op::GiveUp { list: number }
        | Op::Share { list: number }
        | Op::SetDepth { list: number, .. }
        | Op::Push { list: number, .. }
        | Op::Pop { list: number }
        | Op::FlushRaw { list: number }
        | Op::Keep { list: number, .. }) = operation
        else {
            return;
        };
        let Some((index, list)) = self.list(number) else {
            return self.use_without_list(number);
        };
        match operation {
            Op::Allocate { .. } => self.allocate(index, list),
            Op::AllocateMany { count, .. } => {
                for _ in 0..count % 40 {
                    self.allocate(index, list);
                }
            }
            Op::Free { entry, .. } => {
                if let Some(entry) = nth(&self.out(index), entry) {
                    self.free(index, list, entry);
                }
            }
            Op::FreeMany { count, .. } => {
                for entry in self.out(index).into_iter().take(usize::from(count % 40)) {
                    // An inner free may have been faster.
                    if self.state(entry) == Some(State::Out(index)) {
                        self.free(index, list, entry);
                    }
                }
            }
            Op::FreeBad { bad, which, .. } => {
                if let Some(address) = self.bad(bad, which) {
                    self.free(index, list, address);
                }
            }
            Op::Flush { .. } => {
                self.arm(0);
                let actual = list.flush();
                let expected = self.expect_flush(index);
                self.settle(expected, actual);
                self.disarm();
            }
            Op::Delete { .. } => self.delete(index, list),
            Op::GiveUp { .. } => self.give_up(index, list),
            Op::Share { .. } => {
                let subject = self.subject(index);
                let actual = subject.list.share();
                self.settle(Expected::Is(0), actual);
            }
            Op::SetDepth { depth, .. } => {
                // Mostly depths that lists come to.
                let depth = if depth >= 0xF000 { depth } else { depth % 64 };
                list.set_depth(depth);
                self.subject(index).model.set_depth(depth);
            }
            Op::Push { bad, which, .. } => {
                let entry = nth(&self.out(index), which);
                let entry = if matches!(bad, Bad::Null | Bad::Any) {
                    entry
                } else {
                    None
                };
                if let Some(address) = entry.or_else(|| self.bad(bad, which))
                    && self.may_be_pushed(address)
                {
                    self.push(index, list, address);
                }
            }
            Op::Pop { .. } => self.pop(index, list),
            Op::FlushRaw { .. } => self.flush_raw(index, list),
            Op::Keep { entry, .. } => {
                if let Some(entry) = nth(&self.out(index), entry) {
                    self.keep(index, entry);
                }
            }
            _ => {}
        }
    }
}

/// Allocates by an identifier, for this thread.
pub(crate) fn hit(id: u32) -> u32 {
    // SAFETY: this thread's owner; no other thread runs, so none deletes the list.
    unsafe { host::hit(id, owner::current()) }
}

/// Frees by an identifier, for this thread.
pub(crate) fn keep(id: u32, entry: u32) -> bool {
    // SAFETY: as of `hit`; entries are kept as addresses, and no reference to one is left.
    unsafe { host::keep(id, entry, owner::current()) }
}
