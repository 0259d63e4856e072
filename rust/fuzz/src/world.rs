//! Operations on lists, S-lists and pool, each compared with what a model makes of it.
//!
//! An operation is done first; then the model says what it should have come to, in the order of
//! the rule, and takes from the callbacks' events what they were called with. Addresses of new
//! blocks are the emulation's to choose: they must not lie in anything that is allocated.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::Ordering;

use ntoskrnl_emu::pool::POISON;
use ntoskrnl_emu::{
    BugCheck, Driver, ExAllocatePool2, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag,
    ExFreePool, ExFreePoolWithTag, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, InitializeSListHead, Stop, catch_stop, lookaside, owner,
    registry, tick,
};
use wdm::{
    BAD_POOL_CALLER, BAD_POOL_HEADER, DRIVER_VERIFIER_DETECTED_VIOLATION, NtStatus, PAGE_SIZE,
    POOL_FLAG_RAISE_ON_FAILURE, POOL_FLAG_UNINITIALIZED, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_ZERO_ALLOCATION, PoolType, SListHeader,
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4,
    STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_8,
};

use crate::callbacks::{self, Actual, Allocate, Event, Free, OUTSIDE_BYTES};
use crate::list::{List, Options, Route, counters};
use crate::memory::{self, Outside, Usage};
use crate::model::{Mistake, Model};
use crate::operation::{Bad, CONTROL_TAG, Inner, LISTS, Operation, PoolRoutine, Request, TAGS};

/// Bytes of storage for a list of any kind.
const STORAGE_BYTES: usize = 0x80;
/// The tag of such storage in the pool.
const STORAGE_TAG: u32 = u32::from_le_bytes(*b"FuzS");
/// Bytes of a handle's control block.
const CONTROL_BYTES: usize = 0x70;
/// More entries than that are not allocated from one list.
const MOST_OUT: usize = 80;
/// More plain blocks than that are not allocated.
const MOST_BLOCKS: usize = 60;

/// Who has a block or entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
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
struct Place {
    bytes: usize,
    /// What it occupies.
    capacity: usize,
    tag: u32,
    is_paged: bool,
    state: State,
    /// What was written into it; see [`World::fill`].
    pattern: u8,
}

impl Place {
    /// A block of so many bytes of a pool type.
    fn new(bytes: usize, pool_type: i32, tag: u32, state: State) -> Self {
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

/// A list with its model.
struct Subject {
    list: List,
    options: Options,
    model: Model<usize>,
    id: u32,
    /// Allocations that ended without an entry.
    failed: u32,
}

impl Subject {
    /// Bytes per entry as stored.
    fn size(&self) -> usize {
        self.options.size.clamp(8, u32::MAX as usize)
    }

    /// The pool type that callbacks see.
    fn pool_type(&self) -> i32 {
        let Options {
            route,
            flags,
            pool_type,
            ..
        } = self.options;
        match (route, flags) {
            (Route::NPaged, flags) => flags.cast_signed(),
            (Route::Paged, flags) => 1 | flags.cast_signed(),
            (_, 1) => pool_type | POOL_RAISE_IF_ALLOCATION_FAILURE,
            (_, 2) => pool_type | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
            _ => pool_type,
        }
    }

    fn raises(&self) -> bool {
        self.pool_type() & POOL_RAISE_IF_ALLOCATION_FAILURE != 0
    }
}

#[derive(Default)]
struct Slot {
    subject: Option<Subject>,
    /// Where a raw list was made last.
    storage: Option<Storage>,
    /// The identifier of the list before.
    stale_id: u32,
}

enum Storage {
    Outside(Outside),
    Pool(usize),
}

/// What an operation should come to.
enum Expected {
    Is(usize),
    /// A new entry, whose address is the emulation's to choose.
    NewEntry(usize),
    Stops(Stop),
}

fn stops(code: u32, parameters: [u64; 4]) -> Expected {
    Expected::Stops(Stop::BugCheck(BugCheck { code, parameters }))
}

fn bad_caller(parameters: [u64; 4]) -> Expected {
    stops(BAD_POOL_CALLER, parameters)
}

fn freed_twice(entry: usize) -> Expected {
    bad_caller([0x07, 0, 0, entry as u64])
}

fn not_an_entry(entry: usize) -> Expected {
    bad_caller([0x46, entry as u64, 0, 0])
}

fn no_list(list: usize) -> Expected {
    stops(
        DRIVER_VERIFIER_DETECTED_VIOLATION,
        [0xCB, list as u64, 0, 0],
    )
}

fn raised() -> Expected {
    Expected::Stops(Stop::Raised(STATUS_INSUFFICIENT_RESOURCES))
}

fn pointer(address: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(address)
}

fn is_in_pool(address: usize) -> bool {
    memory::mapped().offset_of(address).is_some()
}

/// Whether the pool never has so many bytes: its first page is given to nobody.
fn is_too_much(bytes: usize) -> bool {
    bytes > memory::mapped().pool_bytes() - PAGE_SIZE
}

/// A place in a list of choices.
fn nth<T: Copy>(choices: &[T], number: u8) -> Option<T> {
    choices
        .get(usize::from(number).checked_rem(choices.len())?)
        .copied()
}

/// Everything that one input makes.
pub struct World {
    slots: [Slot; LISTS],
    /// Blocks and entries by address, those outside the pool too.
    places: BTreeMap<usize, Place>,
    /// Went back to pool since the last block was taken from it.
    gone: Vec<usize>,
    /// Faults by tag, 0 for any, in the order in which they are looked at.
    faults: Vec<(u32, u32)>,
    /// What the next callback is to do, and with which list.
    plan: Option<(usize, Inner)>,
    /// What it is prepared to do now, and with which entry.
    armed: Option<(usize, Inner, usize)>,
    /// A header of no list, and what is on it.
    plain: Outside,
    parked: Vec<usize>,
    /// Whether entries may lie on pages that are not their list's own.
    is_mixed: bool,
    /// Whether others have handles, too.
    is_guest: bool,
    /// The number of fills so far.
    fills: u8,
    mistake: Option<Mistake>,
}

impl Default for World {
    fn default() -> Self {
        Self::new(None)
    }
}

impl World {
    /// A world without anything, whose model makes a mistake or none.
    #[must_use]
    pub fn new(mistake: Option<Mistake>) -> Self {
        let plain = Outside::zeroed(size_of::<SListHeader>());
        // SAFETY: nobody uses it yet.
        unsafe { InitializeSListHead(plain.as_ptr().cast()) };
        Self {
            slots: Default::default(),
            places: BTreeMap::new(),
            gone: Vec::new(),
            faults: Vec::new(),
            plan: None,
            armed: None,
            plain,
            parked: Vec::new(),
            is_mixed: false,
            is_guest: false,
            fills: 0,
            mistake,
        }
    }

    /// A world among others that have handles.
    #[must_use]
    pub fn guest() -> Self {
        let mut world = Self::new(None);
        world.is_guest = true;
        world
    }

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

    fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    // Places.

    /// Notes a block: it lies in nothing that is allocated.
    fn place(&mut self, address: usize, place: Place) {
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
    fn remove(&mut self, address: usize) {
        let place = self.places.remove(&address);
        assert!(place.is_some(), "a block that there is: {address:#x}");
        if is_in_pool(address) {
            self.gone.push(address);
        }
    }

    fn set_state(&mut self, address: usize, state: State) {
        match self.places.get_mut(&address) {
            Some(place) => place.state = state,
            None => panic!("a block that there is: {address:#x}"),
        }
    }

    fn state(&self, address: usize) -> Option<State> {
        self.places.get(&address).map(|place| place.state)
    }

    fn of_state(&self, is_meant: impl Fn(State) -> bool) -> Vec<usize> {
        let meant = self
            .places
            .iter()
            .filter(|(_, place)| is_meant(place.state));
        meant.map(|(&address, _)| address).collect()
    }

    fn out(&self, index: usize) -> Vec<usize> {
        self.of_state(|state| state == State::Out(index))
    }

    /// The bytes of a block that its owner writes to: its beginning and its end.
    fn written(bytes: usize) -> impl Iterator<Item = usize> {
        (0..bytes.min(48)).chain(bytes.saturating_sub(8).max(48)..bytes)
    }

    /// Writes a pattern into a block of its own.
    fn fill(&mut self, address: usize) {
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
    fn check_contents(&self, address: usize, was_kept: bool) {
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

    fn check_new(address: usize, bytes: usize, value: u8) {
        for at in Self::written(bytes).filter(|&at| at < ntoskrnl_emu::pool::POISONED_BYTES) {
            // SAFETY: inside a block that was just allocated.
            let byte = unsafe { pointer(address + at).cast::<u8>().read() };
            assert_eq!(byte, value, "byte {at} of a new block: {address:#x}");
        }
    }

    // The model.

    fn subject(&mut self, index: usize) -> &mut Subject {
        self.slots[index]
            .subject
            .as_mut()
            .expect("a list that is there")
    }

    /// Whether a pool allocation with a tag is made to fail; counted if so.
    fn takes_fault(&mut self, tag: u32) -> bool {
        let stays = self.errs(Mistake::FaultStays);
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

    fn next_event(&self) -> Event {
        callbacks::next_event().expect("a callback was called")
    }

    /// What the callback that was prepared did before its own work.
    fn expect_inner(&mut self) {
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

    fn expect_allocate(&mut self, index: usize) -> Expected {
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
                self.subject(index).failed += 1;
                return if raises { raised() } else { Expected::Is(0) };
            }
            return Expected::NewEntry(index);
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
            self.subject(index).failed += 1;
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
            self.subject(index).failed += 1;
            let parameters = [0x22, given as u64, list as u64, size as u64];
            return stops(BAD_POOL_HEADER, parameters);
        }
        self.set_state(made, State::Out(index));
        Expected::Is(made)
    }

    /// Whether a plain block is what a legacy list's default routine could have made for inlined
    /// code.
    fn is_own_block(&mut self, index: usize, address: usize) -> bool {
        let Some(&place) = self.places.get(&address) else {
            return false;
        };
        let subject = self.subject(index);
        subject.list.route().is_legacy()
            && subject.options.allocate == Allocate::Default
            && subject.options.free == Free::Default
            && place.state == State::Plain
            && (place.tag, place.bytes) == (subject.options.tag, subject.size())
    }

    /// Why an entry is none that a list could be given.
    fn refusal(&self, address: usize) -> Expected {
        let was_freed = match self.state(address) {
            Some(State::Kept(_)) => true,
            Some(_) => false,
            None => self.gone.contains(&address),
        };
        if was_freed {
            freed_twice(address)
        } else {
            not_an_entry(address)
        }
    }

    fn expect_free(&mut self, index: usize, address: usize) -> Expected {
        if self.state(address) != Some(State::Out(index)) {
            if !self.is_own_block(index, address) {
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
    fn dispose(&mut self, index: usize, address: usize) {
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
            self.fill(address);
        }
    }

    fn expect_flush(&mut self, index: usize) -> Expected {
        let subject = self.subject(index);
        let is_default = subject.options.free == Free::Default;
        let mut stop = None;
        for entry in subject.model.flush() {
            if is_default && !is_in_pool(entry) {
                self.set_state(entry, State::Out(index));
                // Its link was written into it.
                self.fill(entry);
                stop = Some(bad_caller([0x42, entry as u64, 0, 0]));
            } else {
                self.dispose(index, entry);
            }
        }
        stop.unwrap_or(Expected::Is(0))
    }

    /// The list is gone; what it had stays allocated, as blocks of nobody.
    fn forget(&mut self, index: usize) {
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

    fn expect_delete(&mut self, index: usize) -> Expected {
        let expected = self.expect_flush(index);
        if matches!(expected, Expected::Is(_)) {
            self.forget(index);
        }
        expected
    }

    #[track_caller]
    fn settle(&mut self, expected: Expected, actual: Actual) {
        match expected {
            Expected::Is(value) => assert_eq!(actual, Ok(value)),
            Expected::Stops(stop) => assert_eq!(actual, Err(stop)),
            Expected::NewEntry(index) => {
                let subject = self.subject(index);
                let (tag, bytes) = (subject.options.tag, subject.size());
                let pool_type = subject.pool_type();
                let address = actual.expect("an entry");
                assert_ne!(address, 0, "pool has an entry of {bytes} bytes");
                self.place(
                    address,
                    Place::new(bytes, pool_type, tag, State::Out(index)),
                );
                Self::check_new(address, bytes, POISON);
                self.fill(address);
            }
        }
    }

    // Doing.

    /// Prepares what the next callback is to do, other than with the entry that is freed now.
    fn arm(&mut self, freed: usize) {
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

    fn disarm(&mut self) {
        callbacks::unprepare();
        self.armed = None;
        assert_eq!(callbacks::next_event(), None, "a callback too many");
    }

    fn list(&self, number: u8) -> Option<(usize, List)> {
        let index = usize::from(number) % LISTS;
        let subject = self.slots[index].subject.as_ref()?;
        Some((index, subject.list))
    }

    fn allocate(&mut self, index: usize, list: List) {
        if self.out(index).len() >= MOST_OUT {
            return;
        }
        let kept = self.subject(index).model.kept().len();
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

    fn free(&mut self, index: usize, list: List, entry: usize) {
        if matches!(self.state(entry), Some(State::Out(_) | State::Plain)) {
            self.check_contents(entry, false);
        }
        self.arm(entry);
        let actual = list.free(entry);
        let expected = self.expect_free(index, entry);
        self.settle(expected, actual);
        self.disarm();
    }

    /// An address that may not be freed, or not as it is going to be.
    fn bad(&self, bad: Bad, which: u8) -> Option<usize> {
        let among = |is_meant: &dyn Fn(State) -> bool| nth(&self.of_state(is_meant), which);
        match bad {
            // What is on a plain header is a live block to the emulation.
            Bad::Any => among(&|state| state != State::Parked),
            Bad::Kept => among(&|state| matches!(state, State::Kept(_))),
            Bad::Gone => nth(&self.gone, which),
            Bad::Control => among(&|state| matches!(state, State::Control(_) | State::Storage(_))),
            Bad::Interior(distance) => {
                let address = among(&|_| true)?;
                let bytes = self.places[&address].bytes;
                let distance = 1 + usize::from(distance) % bytes.saturating_sub(1).max(1);
                (distance < bytes).then_some(address + distance)
            }
            Bad::Outside => Some(self.plain.as_ptr().addr()),
            Bad::Null => Some(0),
            Bad::Wild(address) => {
                let address = address as usize;
                (!is_in_pool(address) && !self.is_taken(address)).then_some(address)
            }
        }
    }

    fn create(&mut self, index: usize, options: &Options) {
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

    fn storage(&mut self, index: usize, is_pool: bool) -> Storage {
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

    /// The status that the arguments alone call for, in the order of the parameters.
    fn judge(options: &Options) -> Result<(), NtStatus> {
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
        if options.size > memory::mapped().pool_bytes() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        Ok(())
    }

    fn create_handle(&mut self, index: usize, options: &Options) {
        let mut options = *options;
        if options.route == Route::Safe {
            options.depth = 0;
        }
        let actual = List::of_handle(&options);
        let is_too_wide = u32::try_from(options.size).is_err();
        let has_block = !is_too_wide && !self.takes_fault(CONTROL_TAG);
        if has_block {
            self.gone.clear();
        }
        let refused_raise = options.route == Route::Safe
            && options.flags == 1
            && options.allocate == Allocate::Default;
        let expected = if is_too_wide {
            Err(STATUS_INVALID_PARAMETER)
        } else if !has_block {
            Err(STATUS_INSUFFICIENT_RESOURCES)
        } else {
            Self::judge(&options).and(if refused_raise {
                Err(STATUS_INVALID_PARAMETER_5)
            } else {
                Ok(())
            })
        };
        assert_eq!(actual.map(|_| ()), expected, "{options:?}");
        let Ok(list) = actual else { return };
        let pool_type = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED.0;
        let place = Place::new(CONTROL_BYTES, pool_type, CONTROL_TAG, State::Control(index));
        self.place(list.address(), place);
        self.begin(index, list, &options);
    }

    fn create_raw(&mut self, index: usize, options: &Options) {
        let storage = match &self.slots[index].storage {
            Some(Storage::Outside(outside)) => outside.as_ptr().cast(),
            Some(Storage::Pool(address)) => pointer(*address),
            None => return,
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
    fn create_again(&mut self, index: usize, options: &Options) {
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

    fn begin(&mut self, index: usize, list: List, options: &Options) {
        let maximum = if options.route.is_legacy() {
            0
        } else {
            options.depth
        };
        let id = registry::id(list.as_ptr()).expect("an initialised list");
        self.slots[index].subject = Some(Subject {
            list,
            options: *options,
            model: Model::new(maximum, self.mistake),
            id,
            failed: 0,
        });
    }

    /// What every routine says of storage in which no list is.
    fn use_without_list(&mut self, number: u8) {
        let index = usize::from(number) % LISTS;
        let storage = match &self.slots[index].storage {
            Some(Storage::Outside(outside)) => outside.as_ptr().cast(),
            Some(Storage::Pool(address)) => pointer(*address),
            None => return,
        };
        // Of no route that would initialise: this only names the storage.
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

    fn delete(&mut self, index: usize, list: List) {
        self.arm(0);
        let actual = list.delete();
        let expected = self.expect_delete(index);
        self.settle(expected, actual);
        self.disarm();
    }

    fn give_up(&mut self, index: usize, list: List) {
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

    fn has_list_at(&self, index: usize, address: usize) -> bool {
        let subject = self.slots[index].subject.as_ref();
        subject.is_some_and(|subject| subject.list.address() == address)
    }

    /// Whether a push has an outcome that is told here: storage without a list, and memory outside
    /// the pool, would be taken in, and belong to two.
    fn may_be_pushed(&self, address: usize) -> bool {
        match self.state(address) {
            Some(State::Storage(index)) => self.has_list_at(index, address),
            Some(_) => true,
            None => is_in_pool(address) || address == 0,
        }
    }

    fn push(&mut self, index: usize, list: List, address: usize) {
        if matches!(self.state(address), Some(State::Out(_) | State::Plain)) {
            self.check_contents(address, false);
        }
        // SAFETY: the header is initialised; what cannot be an entry is refused.
        let actual = catch_stop(|| unsafe {
            ExpInterlockedPushEntrySList(list.header(), pointer(address).cast())
        });
        let subject = self.subject(index);
        let (before, size) = (
            subject.model.kept().last().copied().unwrap_or(0),
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

    fn pop(&mut self, index: usize, list: List) {
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

    fn flush_raw(&mut self, index: usize, list: List) {
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

    fn hit(&mut self, index: usize) {
        let id = self.slots[index].stale_id;
        if id != 0
            && self.slots[index]
                .subject
                .as_ref()
                .is_none_or(|subject| subject.id != id)
        {
            assert_eq!(
                lookaside::hit(id, owner::current()),
                0,
                "a stale identifier"
            );
        }
        let is_mixed = self.is_mixed;
        let Some(subject) = self.slots[index].subject.as_mut() else {
            return;
        };
        let hit = lookaside::hit(subject.id, owner::current());
        let region = memory::mapped();
        if hit == 0 {
            let could = is_in_pool(subject.list.address()) && !subject.model.kept().is_empty();
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

    fn keep(&mut self, index: usize, entry: usize) {
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
        if lookaside::keep(subject.id, offset, owner::current()) {
            assert!(could, "kept: {entry:#x}");
            subject.model.free(entry);
            self.set_state(entry, State::Kept(index));
        } else {
            assert!(is_mixed || !could, "a free by identifier");
        }
    }

    fn pool_allocate(&mut self, request: Request) {
        if self.of_state(|state| state == State::Plain).len() >= MOST_BLOCKS {
            return;
        }
        let (bytes, tag, flags) = (request.bytes(), request.tag(), request.flags());
        let mut pool_type = request.pool_type();
        let actual = catch_stop(|| match request.routine {
            PoolRoutine::WithTag => {
                // SAFETY: what may not be asked for is refused.
                unsafe { ExAllocatePoolWithTag(PoolType(pool_type), bytes, tag) }
            }
            PoolRoutine::Quota => {
                // SAFETY: as above.
                unsafe { ExAllocatePoolWithQuotaTag(PoolType(pool_type), bytes, tag) }
            }
            // SAFETY: as above.
            PoolRoutine::Two => unsafe { ExAllocatePool2(flags, bytes, tag) },
        });
        let actual = actual.map(|block| block.expose_provenance());
        let (expected, raises, is_zeroed) = if matches!(request.routine, PoolRoutine::Two) {
            let is_sound = matches!(flags & 0xFFFF_FFDD, 0x40 | 0x80 | 0x100 | 0x48 | 0x108)
                && tag != 0
                && bytes != 0;
            let raises = flags & POOL_FLAG_RAISE_ON_FAILURE != 0;
            let is_zeroed = flags & POOL_FLAG_UNINITIALIZED == 0;
            // As the older routines would be asked.
            pool_type = i32::from(flags & 0x100 != 0) | if flags & 8 != 0 { 4 } else { 0 };
            (Ok(is_sound), raises, is_zeroed)
        } else {
            if matches!(request.routine, PoolRoutine::Quota) {
                pool_type = match pool_type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE {
                    0 => pool_type | POOL_RAISE_IF_ALLOCATION_FAILURE,
                    quiet => pool_type & !quiet,
                };
            }
            let wide = (
                u64::from(pool_type.cast_unsigned()),
                bytes as u64,
                u64::from(tag),
            );
            let expected = match (bytes, &tag.to_le_bytes()) {
                (0, _) => Err([0, 0, wide.0, wide.2]),
                (_, [0, 0, 0, 0]) => Err([0x9B, wide.0, wide.1, 0]),
                (_, b"BIG " | b"BIG\0") => Err([0x9C, wide.0, wide.1, 0]),
                (_, tag) if !tag.iter().any(u8::is_ascii_alphanumeric) => {
                    Err([0x9D, wide.2, wide.0, 0])
                }
                _ => Ok(true),
            };
            let raises = pool_type & POOL_RAISE_IF_ALLOCATION_FAILURE != 0;
            (expected, raises, pool_type & POOL_ZERO_ALLOCATION != 0)
        };
        let is_sound = match expected {
            Err(parameters) => return self.settle(bad_caller(parameters), actual),
            Ok(is_sound) => is_sound,
        };
        let fails = !is_sound || self.takes_fault(tag) || is_too_much(bytes);
        if fails {
            return self.settle(if raises { raised() } else { Expected::Is(0) }, actual);
        }
        let block = actual.expect("a block");
        self.place(block, Place::new(bytes, pool_type, tag, State::Plain));
        Self::check_new(block, bytes, if is_zeroed { 0 } else { POISON });
        self.fill(block);
    }

    fn pool_free(&mut self, address: usize, tag: u32) {
        let actual = catch_stop(|| match tag {
            // SAFETY: what is no live block is refused.
            0 => unsafe { ExFreePool(pointer(address)) },
            // SAFETY: as above.
            _ => unsafe { ExFreePoolWithTag(pointer(address), tag) },
        });
        let expected = self.expect_pool_free(address, tag);
        self.settle(expected, actual.map(|()| 0));
    }

    fn expect_pool_free(&mut self, address: usize, tag: u32) -> Expected {
        let given = address as u64;
        if address == 0 {
            return not_an_entry(0);
        }
        if !is_in_pool(address) {
            return bad_caller([0x42, given, 0, 0]);
        }
        let Some(&place) = self.places.get(&address) else {
            return if self.gone.contains(&address) {
                freed_twice(address)
            } else if self.is_taken(address) {
                bad_caller([0x41286, given, 0, 0])
            } else {
                not_an_entry(address)
            };
        };
        if let State::Control(index) | State::Storage(index) = place.state
            && self.has_list_at(index, address)
        {
            let parameters = [0xCC, given, given, place.bytes as u64];
            return stops(DRIVER_VERIFIER_DETECTED_VIOLATION, parameters);
        }
        if let State::Kept(_) = place.state {
            return freed_twice(address);
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

    fn plain_header(&self) -> *mut SListHeader {
        self.plain.as_ptr().cast()
    }

    fn plain_push(&mut self, address: usize) {
        // SAFETY: the header is initialised, and the block is this world's.
        let before =
            unsafe { ExpInterlockedPushEntrySList(self.plain_header(), pointer(address).cast()) };
        assert_eq!(before.addr(), self.parked.last().copied().unwrap_or(0));
        self.parked.push(address);
        self.set_state(address, State::Parked);
    }

    fn plain_pop(&mut self) {
        // SAFETY: the header is initialised.
        let entry = unsafe { ExpInterlockedPopEntrySList(self.plain_header()) };
        let expected = self.parked.pop();
        assert_eq!(entry.addr(), expected.unwrap_or(0));
        if let Some(block) = expected {
            self.unpark(block);
        }
    }

    fn plain_flush(&mut self) {
        // SAFETY: the header is initialised.
        let first = unsafe { ExpInterlockedFlushSList(self.plain_header()) };
        let mut address = first.expose_provenance();
        while let Some(expected) = self.parked.pop() {
            assert_eq!(address, expected, "the chain as the list had it");
            // SAFETY: an entry that the caller has now.
            address = unsafe { pointer(address).cast::<u64>().read() } as usize;
            self.unpark(expected);
        }
        assert_eq!(address, 0, "the end of the chain");
    }

    fn unpark(&mut self, block: usize) {
        self.set_state(block, State::Plain);
        self.check_contents(block, true);
        self.fill(block);
    }

    /// Does one operation and compares.
    ///
    /// # Panics
    ///
    /// Where model and emulation disagree.
    pub fn step(&mut self, operation: Operation) {
        self.run(operation);
        for index in 0..LISTS {
            self.check(index);
        }
    }

    fn run(&mut self, operation: Operation) {
        use Operation as Op;
        match operation {
            Op::Create { list, wish } => {
                self.create(usize::from(list) % LISTS, &wish.options());
            }
            Op::Tick => {
                tick();
                for slot in &mut self.slots {
                    if let Some(subject) = &mut slot.subject {
                        subject.model.tick();
                    }
                }
                self.check_usage();
            }
            Op::FailNext { count, tag } => {
                let tag = match tag % 8 {
                    tag @ 0..4 => TAGS[usize::from(tag)],
                    4 => CONTROL_TAG,
                    _ => 0,
                };
                self.fail_next(u32::from(count % 8), tag);
            }
            Op::Reenter { list, inner } => self.plan = Some((usize::from(list) % LISTS, inner)),
            Op::PoolAllocate { request } => self.pool_allocate(request),
            Op::PoolFree { which, with_tag } => {
                if let Some(block) = nth(&self.of_state(|state| state == State::Plain), which) {
                    self.check_contents(block, false);
                    let tag = if with_tag { self.places[&block].tag } else { 0 };
                    self.pool_free(block, tag);
                }
            }
            Op::PoolFreeBad { bad, which, tag } => {
                if let Some(address) = self.bad(bad, which) {
                    self.pool_free(
                        address,
                        if tag < 192 {
                            0
                        } else {
                            TAGS[usize::from(tag % 4)]
                        },
                    );
                }
            }
            Op::PlainPush { which } => {
                if let Some(block) = nth(&self.of_state(|state| state == State::Plain), which)
                    && self.places[&block].bytes >= 8
                {
                    self.plain_push(block);
                }
            }
            Op::PlainPop => self.plain_pop(),
            Op::PlainFlush => self.plain_flush(),
            Op::Hit { list } => self.hit(usize::from(list) % LISTS),
            of_list => self.run_on_list(of_list),
        }
    }

    fn run_on_list(&mut self, operation: Operation) {
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

    fn fail_next(&mut self, count: u32, tag: u32) {
        Driver::root().faults().fail_next(count, tag);
        self.faults.retain(|&(of, _)| of != tag);
        if count > 0 {
            self.faults.push((tag, count));
        }
    }

    fn check(&self, index: usize) {
        let Some(subject) = &self.slots[index].subject else {
            return;
        };
        let (list, model) = (subject.list, &subject.model);
        let fields = list.fields();
        assert_eq!(
            counters(&fields),
            model.counters(),
            "the counters of list {index}"
        );
        assert_eq!(fields.depth, model.depth(), "the depth of list {index}");
        assert_eq!(fields.maximum_depth, model.maximum());
        assert_eq!(
            usize::from(list.current_depth()),
            model.kept().len(),
            "kept by list {index}"
        );
        assert_eq!(fields.pool_type.0, subject.pool_type());
        assert_eq!(
            (fields.tag, fields.size as usize),
            (subject.options.tag, subject.size())
        );
        let record = memory::mapped().record(subject.id & 0xFFFF);
        assert_eq!(record.failed.load(Ordering::Relaxed), subject.failed);
        if let Some(stats) = list.stats() {
            let counted = (stats.total_allocates, stats.allocate_misses);
            assert_eq!(counted, (fields.total_allocates, fields.allocate_misses));
            assert_eq!(
                (stats.depth, stats.pool_type),
                (fields.depth, fields.pool_type)
            );
        }
    }

    /// Whether nobody else allocates under a tag.
    fn is_mine(&self, tag: u32) -> bool {
        TAGS.contains(&tag) || tag == STORAGE_TAG || (tag == CONTROL_TAG && !self.is_guest)
    }

    /// Blocks and bytes by tag are those of all places.
    fn check_usage(&self) {
        let mut expected: BTreeMap<(u32, bool), Usage> = BTreeMap::new();
        for (&address, place) in &self.places {
            if is_in_pool(address) {
                let is_paged = place.is_paged != self.errs(Mistake::UsageElsewhere);
                let row = expected.entry((place.tag, is_paged)).or_default();
                row.blocks += 1;
                row.bytes += place.bytes as u64;
            }
        }
        expected.retain(|&(tag, _), _| self.is_mine(tag));
        let mut actual = memory::usage();
        actual.retain(|&((tag, _), _)| self.is_mine(tag));
        actual.sort_unstable_by_key(|&(key, _)| key);
        assert_eq!(
            actual,
            expected.into_iter().collect::<Vec<_>>(),
            "usage by tag"
        );
    }

    /// Gives everything back by the ordinary routines, compared as ever.
    ///
    /// # Panics
    ///
    /// Where model and emulation disagree.
    pub fn finish(mut self) {
        self.check_usage();
        self.plan = None;
        self.faults.clear();
        Driver::root().faults().clear();
        self.plain_flush();
        for index in 0..LISTS {
            while let Some(subject) = &self.slots[index].subject {
                let list = subject.list;
                self.delete(index, list);
            }
        }
        for address in self.of_state(|state| matches!(state, State::Plain | State::Storage(_))) {
            self.pool_free(address, self.places[&address].tag);
        }
        assert_eq!(self.places.len(), 0, "all is given back: {:?}", self.places);
        assert!(callbacks::is_idle(), "the callbacks' memory is given back");
    }
}

/// A world that was not finished, because model and emulation disagree, gives its lists up: they
/// must not outlive their storage.
impl Drop for World {
    fn drop(&mut self) {
        callbacks::unprepare();
        for slot in &mut self.slots {
            if let Some(subject) = slot.subject.take() {
                // Already failing.
                let _ = subject.list.give_up();
            }
        }
    }
}

/// Runs the operations of an input beside a model that makes a mistake or none.
///
/// # Panics
///
/// Where model and emulation disagree.
pub fn run(operations: &[Operation], mistake: Option<Mistake>) {
    memory::mapped();
    let mut world = World::new(mistake);
    for &operation in operations {
        world.step(operation);
    }
    world.finish();
    memory::assert_clean();
}
