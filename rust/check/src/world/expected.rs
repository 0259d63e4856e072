//! What the rules make of an operation.

use ntoskrnl_emu::{BugCheck, Stop};
use wdm::{
    BAD_POOL_CALLER, BAD_POOL_HEADER, DRIVER_VERIFIER_DETECTED_VIOLATION, NtStatus, PAGE_SIZE,
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4,
    STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_8,
};

use super::places::{Place, State};
use super::{World, is_in_pool};
use crate::callbacks::{self, Actual, Allocate, Event, Free, OUTSIDE_BYTES};
use crate::host::{self, POISON};
use crate::list::Options;
use crate::model::Flaw;
use crate::operation::Inner;

/// What an operation should come to.
pub(super) enum Expected {
    Is(usize),
    /// A new entry of a list, whose address is the emulation's to choose, full of a byte.
    NewEntry(usize, u8),
    Stops(Stop),
}

pub(super) fn stops(code: u32, parameters: [u64; 4]) -> Expected {
    Expected::Stops(Stop::BugCheck(BugCheck { code, parameters }))
}

pub(super) fn bad_caller(parameters: [u64; 4]) -> Expected {
    stops(BAD_POOL_CALLER, parameters)
}

/// The free of what is freed already, with the tag of its block.
pub(super) fn freed_twice(entry: usize, tag: u32) -> Expected {
    bad_caller([0x07, 0, u64::from(tag), entry as u64])
}

pub(super) fn not_an_entry(entry: usize) -> Expected {
    bad_caller([0x46, entry as u64, 0, 0])
}

pub(super) fn no_list(list: usize) -> Expected {
    stops(
        DRIVER_VERIFIER_DETECTED_VIOLATION,
        [0xCB, list as u64, 0, 0],
    )
}

pub(super) fn raised() -> Expected {
    Expected::Stops(Stop::Raised(STATUS_INSUFFICIENT_RESOURCES))
}

/// Whether the pool never has so many bytes: its first page is no block.
pub(super) fn is_too_much(bytes: usize) -> bool {
    bytes > host::pool_bytes() - PAGE_SIZE
}

impl World {
    /// Whether a pool allocation with a tag is made to fail; counted if so.
    pub(super) fn takes_fault(&mut self, tag: u32) -> bool {
        let stays = self.has(Flaw::FaultStays);
        let found = self
            .faults
            .iter_mut()
            .find(|(of, _)| *of == 0 || *of == tag);
        let Some((_, remaining)) = found else {
            return false;
        };
        *remaining -= u32::from(!stays);
        self.faults.retain(|&(_, remaining)| remaining > 0);
        true
    }

    pub(super) fn next_event(&self) -> Event {
        callbacks::next_event().expect("a callback was called")
    }

    /// What the callback that was prepared did before its own work.
    pub(super) fn expect_inner(&mut self) {
        let Some((index, inner, entry)) = self.armed.take() else {
            return;
        };
        self.plan = None;
        let expected = match inner {
            Inner::Allocate => self.expect_allocate(index),
            Inner::Free => self.expect_free(index, entry),
            Inner::Flush => self.expect_flush(index),
        };
        match self.next_event() {
            Event::Inner(actual) => {
                self.settle(expected, actual);
                if let (Inner::Allocate, Ok(entry @ 1..)) = (inner, actual) {
                    self.fill(entry);
                }
            }
            other => panic!("the callback re-entered: {other:?}"),
        }
    }

    /// An allocation ends without an entry.
    fn fail(&mut self, index: usize) {
        let subject = self.subject(index);
        subject.failed += 1;
        subject.model.fail();
    }

    pub(super) fn expect_allocate(&mut self, index: usize) -> Expected {
        let subject = self.subject(index);
        if let Some(entry) = subject.model.allocate() {
            self.set_state(entry, State::Out(index));
            return Expected::Is(entry);
        }
        let (allocate, tag, size) = (
            subject.options.allocate,
            subject.options.tag,
            subject.size(),
        );
        let (pool_type, raises) = (subject.pool_type(), subject.raises());
        let list = subject.list.address();
        if allocate == Allocate::Default {
            if self.takes_fault(tag) || is_too_much(size) {
                self.fail(index);
                return if raises { raised() } else { Expected::Is(0) };
            }
            return Expected::NewEntry(index, POISON);
        }
        let is_legacy = self.subject(index).list.route().is_legacy();
        let given = if is_legacy { 0 } else { list };
        let called = Event::Allocate {
            pool_type,
            size,
            tag,
            list: given,
        };
        assert_eq!(self.next_event(), called);
        self.expect_inner();
        let Event::Made(made) = self.next_event() else {
            panic!("the allocate callback made something or nothing");
        };
        let bytes = match allocate {
            Allocate::Misaligned => size.saturating_add(16),
            Allocate::Small => 16,
            Allocate::Outside => size,
            Allocate::Pool => size,
            Allocate::Default | Allocate::Null => 0,
        };
        match allocate {
            Allocate::Outside => assert!(made == 0 || size <= OUTSIDE_BYTES),
            Allocate::Default | Allocate::Null => assert_eq!(made, 0),
            Allocate::Pool | Allocate::Misaligned | Allocate::Small => {
                let fails = self.takes_fault(tag) || is_too_much(bytes);
                assert_eq!(made == 0, fails, "pool has what the callback asks for");
            }
        }
        if made == 0 {
            self.fail(index);
            return Expected::Is(0);
        }
        let place = Place::new(bytes, pool_type, tag, State::Plain);
        let is_refused = allocate == Allocate::Small && place.capacity < size;
        self.place(made, place);
        self.fill(made);
        self.is_mixed = true;
        let refused = match allocate {
            Allocate::Misaligned => Some(made + 8),
            Allocate::Small => is_refused.then_some(made),
            _ => None,
        };
        if let Some(given) = refused {
            self.fail(index);
            let parameters = [0x22, given as u64, list as u64, size as u64];
            return stops(BAD_POOL_HEADER, parameters);
        }
        self.set_state(made, State::Out(index));
        Expected::Is(made)
    }

    /// Whether a plain block is what a list's default routine could have made for other code.
    pub(super) fn is_own_block(&mut self, index: usize, address: usize) -> bool {
        let Some(&place) = self.places.get(&address) else {
            return false;
        };
        let subject = self.subject(index);
        subject.takes_others()
            && place.state == State::Plain
            && (place.tag, place.bytes) == (subject.options.tag, subject.size())
            && place.is_paged == subject.is_paged()
    }

    /// The list that an entry is allocated from, if another one may take it; to a model with a flaw none.
    pub(super) fn giver(&mut self, index: usize, address: usize) -> Option<usize> {
        let refuses = self.has(Flaw::OthersEntryIsRefused);
        self.like_giver(index, address).filter(|_| !refuses)
    }

    /// The list that an entry is allocated from, if another one may take it.
    pub(super) fn like_giver(&mut self, index: usize, address: usize) -> Option<usize> {
        let Some(State::Out(giver)) = self.state(address) else {
            return None;
        };
        let (class, takes) = {
            let subject = self.subject(index);
            (subject.class(), subject.takes_others())
        };
        let gives = self.subject(giver);
        (takes && giver != index && gives.is_default() && gives.class() == class).then_some(giver)
    }

    /// An entry changes lists.
    pub(super) fn pass_on(&mut self, giver: usize, index: usize, address: usize) {
        self.set_state(address, State::Out(index));
        let counts = self.has(Flaw::GiverCountsAFree);
        self.subject(giver).model.frees += u32::from(counts);
    }

    /// Why an entry is none that a list could be given.
    pub(super) fn refusal(&self, address: usize) -> Expected {
        let was_freed = match self.places.get(&address) {
            Some(place) => matches!(place.state, State::Kept(_))
                .then_some(if is_in_pool(address) { place.tag } else { 0 }),
            None => self.tag_of_gone(address),
        };
        match was_freed {
            Some(tag) => freed_twice(address, tag),
            None => not_an_entry(address),
        }
    }

    pub(super) fn expect_free(&mut self, index: usize, address: usize) -> Expected {
        if self.state(address) != Some(State::Out(index)) {
            if let Some(giver) = self.giver(index, address) {
                self.pass_on(giver, index, address);
            } else if !self.is_own_block(index, address) {
                self.subject(index).model.refuse();
                return self.refusal(address);
            }
            self.is_mixed = true;
        }
        let subject = self.subject(index);
        let is_refused = subject.options.free == Free::Default && !is_in_pool(address);
        if subject.model.is_full() && is_refused {
            return bad_caller([0x42, address as u64, 0, 0]);
        }
        if subject.model.free(address) {
            self.set_state(address, State::Kept(index));
        } else {
            self.dispose(index, address);
        }
        Expected::Is(0)
    }

    /// An entry goes to the free routine.
    pub(super) fn dispose(&mut self, index: usize, address: usize) {
        let subject = self.subject(index);
        let (free, list) = (subject.options.free, subject.list);
        if free == Free::Default {
            return self.remove(address);
        }
        let given = if list.route().is_legacy() {
            0
        } else {
            list.address()
        };
        self.set_state(address, State::Plain);
        assert_eq!(
            self.next_event(),
            Event::Free {
                entry: address,
                list: given
            }
        );
        self.expect_inner();
        if free == Free::Pool || !is_in_pool(address) {
            self.remove(address);
        } else {
            self.check_contents(address, true);
            self.fill(address);
        }
    }

    pub(super) fn expect_flush(&mut self, index: usize) -> Expected {
        let subject = self.subject(index);
        let is_default = subject.options.free == Free::Default;
        let mut stop = None;
        for entry in subject.model.flush() {
            stop = self.let_go(index, entry, is_default).or(stop);
        }
        stop.unwrap_or(Expected::Is(0))
    }

    /// An entry that its list kept goes to the free routine. Returns the stop, if pool refuses it: it
    /// stays allocated.
    fn let_go(&mut self, index: usize, entry: usize, is_default: bool) -> Option<Expected> {
        if is_default && !is_in_pool(entry) {
            self.set_state(entry, State::Out(index));
            // Its link was written into it.
            self.fill(entry);
            return Some(bad_caller([0x42, entry as u64, 0, 0]));
        }
        self.dispose(index, entry);
        None
    }

    pub(super) fn expect_tick(&mut self) -> Expected {
        let mut order = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if let Some(subject) = &mut slot.subject {
                subject.model.tick();
                order.push((subject.place, index));
            }
        }
        order.sort_unstable();
        let mut stop = None;
        for (_, index) in order {
            stop = stop.or(self.expect_trim(index));
        }
        stop.unwrap_or(Expected::Is(0))
    }

    /// What a list keeps above its depth goes to the free routine. Returns the stop, if pool refuses
    /// some of it.
    fn expect_trim(&mut self, index: usize) -> Option<Expected> {
        let is_default = self.subject(index).options.free == Free::Default;
        let mut stop = None;
        while let Some(entry) = self.subject(index).model.trim() {
            stop = self.let_go(index, entry, is_default).or(stop);
        }
        stop
    }

    /// The list is gone; what it had stays allocated, as plain blocks.
    pub(super) fn forget(&mut self, index: usize) {
        let Some(subject) = self.slots[index].subject.take() else {
            return;
        };
        self.slots[index].stale_id = subject.id;
        self.is_mixed = true;
        let had = |state| matches!(state, State::Out(of) | State::Kept(of) if of == index);
        for address in self.of_state(had) {
            if is_in_pool(address) {
                self.set_state(address, State::Plain);
                self.fill(address);
            } else {
                self.remove(address);
                callbacks::give_outside(address);
            }
        }
        if subject.list.route().is_handle() {
            self.remove(subject.list.address());
        }
    }

    pub(super) fn expect_delete(&mut self, index: usize) -> Expected {
        let expected = self.expect_flush(index);
        if matches!(expected, Expected::Is(_)) {
            self.forget(index);
        }
        expected
    }

    #[track_caller]
    pub(super) fn settle(&mut self, expected: Expected, actual: Actual) {
        match expected {
            Expected::Is(value) => assert_eq!(actual, Ok(value)),
            Expected::Stops(stop) => {
                assert_eq!(actual, Err(stop));
                self.stops += u64::from(matches!(stop, Stop::BugCheck(_)));
            }
            Expected::NewEntry(index, byte) => {
                let subject = self.subject(index);
                let (tag, bytes) = (subject.options.tag, subject.size());
                let pool_type = subject.pool_type();
                let address = actual.expect("an entry");
                assert_ne!(address, 0, "pool has an entry of {bytes} bytes");
                self.place(
                    address,
                    Place::new(bytes, pool_type, tag, State::Out(index)),
                );
                Self::check_new(address, bytes, byte);
                self.fill(address);
            }
        }
    }

    /// The status that the arguments alone call for, in the order of the parameters.
    pub(super) fn status_for(options: &Options) -> Result<(), NtStatus> {
        if options.route.is_legacy() {
            return Ok(());
        }
        if !matches!(options.pool_type & !0x100, 0 | 1 | 4 | 5 | 512 | 516) {
            return Err(STATUS_INVALID_PARAMETER_4);
        }
        if options.flags > 2 {
            return Err(STATUS_INVALID_PARAMETER_5);
        }
        if !matches!(options.depth, 0 | 256..=1024) {
            return Err(STATUS_INVALID_PARAMETER_8);
        }
        if u32::try_from(options.size).is_err() {
            return Err(STATUS_INVALID_PARAMETER);
        }
        if options.size > host::pool_bytes() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        Ok(())
    }

    pub(super) fn expect_pool_free(&mut self, address: usize, tag: u32) -> Expected {
        let given = address as u64;
        if address == 0 {
            return not_an_entry(0);
        }
        if !is_in_pool(address) {
            return bad_caller([0x42, given, 0, 0]);
        }
        let Some(&place) = self.places.get(&address) else {
            return match (self.tag_of_gone(address), self.around(address)) {
                (Some(tag), _) => freed_twice(address, tag),
                (None, Some(place)) if place.is_paged => {
                    let page = host::offset_of(address).map_or(0, |offset| offset / 4096);
                    bad_caller([0x41286, 0, 0, page.into()])
                }
                (None, Some(_)) => bad_caller([0x44, given, 0, 0]),
                (None, None) => not_an_entry(address),
            };
        };
        if let State::Control(index) | State::Storage(index) = place.state
            && self.has_list_at(index, address)
        {
            let parameters = [0xCC, given, given, place.bytes as u64];
            return stops(DRIVER_VERIFIER_DETECTED_VIOLATION, parameters);
        }
        if let State::Kept(_) = place.state {
            return freed_twice(address, place.tag);
        }
        if tag != 0 && tag != place.tag {
            return bad_caller([0x0A, given, u64::from(place.tag), u64::from(tag)]);
        }
        if let State::Storage(index) = place.state {
            self.slots[index].storage = None;
        }
        self.remove(address);
        Expected::Is(0)
    }
}
