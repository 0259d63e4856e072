//! Running programs.

use core::mem::{replace, swap};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use allocator_api2::boxed::Box;
use lookaside_protocol::shape::{Program, Refusal, Shape, check};
use lookaside_protocol::wire::{
    LISTS, ListArguments, MOST_BIRTHS, Operation, RECORD_BYTES, Record, SLOTS, Step, outcome,
    write_words,
};
use win_lookaside::{ExFreePool, LookasideAlloc, PoolType};

use crate::list::List;
use crate::ordinals::{self, Identity, Table};
use crate::pool::{Boxed, Zeroed};

/// What the lists of all handles live in.
pub static LISTS_OF_HANDLES: LookasideAlloc = LookasideAlloc::new();

static ENTRIES: AtomicU32 = AtomicU32::new(0);
static PROGRAMS: AtomicU32 = AtomicU32::new(0);

/// How many entries are allocated.
pub fn entries() -> u32 {
    ENTRIES.load(Ordering::Relaxed)
}

/// How many programs were run.
pub fn programs() -> u32 {
    PROGRAMS.load(Ordering::Relaxed)
}

// SAFETY: a new handle's shape is all zero.
unsafe impl Zeroed for Shape {}

#[derive(Clone, Copy)]
struct Slot {
    entry: *mut u8,
    /// The list that the entry is of.
    list: usize,
}

struct Slots([Slot; SLOTS]);

// SAFETY: a null entry of list 0 is an empty slot.
unsafe impl Zeroed for Slots {}

type OwnedList = Box<List, &'static LookasideAlloc>;

struct Place {
    /// Of an [`OwnedList`], or null.
    list: *mut List,
    /// As which list of the handle it was made, from 1.
    number: u16,
    /// The ordinal of the entry that came last from the allocate routine.
    newest: u32,
    /// Whether the last allocation gave nothing, for those that are chained to it.
    dry: bool,
}

impl Place {
    fn list(&self) -> Option<&List> {
        // SAFETY: it is null or of an owned list that lives until `put` takes it.
        unsafe { self.list.as_ref() }
    }

    /// Replaces the list; the one that was there is deleted.
    fn put(&mut self, list: Option<OwnedList>, number: u16) {
        let new = list.map_or(null_mut(), Box::into_raw);
        let old = replace(&mut self.list, new);
        (self.number, self.newest, self.dry) = (number, 0, false);
        if !old.is_null() {
            // SAFETY: it came from `into_raw` of a box of this allocator.
            drop(unsafe { Box::from_raw_in(old, &LISTS_OF_HANDLES) });
        }
    }
}

struct Places([Place; LISTS]);

// SAFETY: a place without a list.
unsafe impl Zeroed for Places {}

/// All that a handle has. Dropping it gives everything back.
pub struct State {
    places: Boxed<Places>,
    slots: Boxed<Slots>,
    table: Boxed<Table>,
    shape: Boxed<Shape>,
    /// The shape that the check of a program works on.
    after: Boxed<Shape>,
    /// The number of the list that was made last.
    made: u16,
}

/// The record of what has no list.
const NOTHING: Record = Record {
    outcome: outcome::NOTHING,
    ..Record::EMPTY
};

impl State {
    /// The state of a new handle; none without pool for it.
    pub fn new() -> Option<Self> {
        // Requests come at PASSIVE_LEVEL.
        let pool_type = PoolType::PAGED_POOL;
        Some(Self {
            shape: Boxed::zeroed(pool_type)?,
            after: Boxed::zeroed(pool_type)?,
            slots: Boxed::zeroed(pool_type)?,
            table: Boxed::zeroed(pool_type)?,
            places: Boxed::zeroed(pool_type)?,
            made: 0,
        })
    }

    /// Checks a program and, if all of it makes sense, runs it; a record an operation.
    pub fn run(&mut self, program: &Program<'_>, output: &mut [u8]) -> Result<usize, Refusal> {
        check(program, &self.shape, &mut self.after)?;
        PROGRAMS.fetch_add(1, Ordering::Relaxed);
        let mut written = 0_usize;
        for (step, bytes) in program.steps().zip(output.chunks_exact_mut(RECORD_BYTES)) {
            // `check` has found each to be one.
            let step = step.ok_or(Refusal::Input)?;
            write_words(&self.step(step).words(), bytes);
            written = written.saturating_add(RECORD_BYTES);
        }
        swap(&mut self.shape, &mut self.after);
        Ok(written)
    }

    fn step(&mut self, step: Step) -> Record {
        let index = step.list as usize;
        let mut record = Record::EMPTY;
        if let Operation::Create(arguments) = step.operation {
            self.create(index, &arguments, &mut record);
        }
        // A list that could not be made is the one thing that has an outcome by now.
        if record.outcome != outcome::DONE {
            return record;
        }
        let Some(place) = self.places.0.get_mut(index) else {
            return NOTHING;
        };
        let Some(list) = place.list() else {
            return NOTHING;
        };
        match step.operation {
            Operation::Create(_) => {}
            Operation::Allocate { slot, chained } => {
                let Some(slot) = self.slots.0.get_mut(slot as usize) else {
                    return record;
                };
                if chained && place.dry {
                    record.outcome = outcome::NOTHING;
                } else {
                    let misses = list.allocate_misses();
                    let entry = list.allocate();
                    if entry.is_null() {
                        list.describe(&mut record);
                        place.dry = true;
                        return record;
                    }
                    let is_new = list.allocate_misses() != misses;
                    let new = is_new.then_some(Identity {
                        birth: place.number,
                        ordinal: place.newest.wrapping_add(1),
                    });
                    // SAFETY: the entry was allocated above and is this handle's.
                    let it =
                        unsafe { ordinals::given(&mut self.table, index, entry, list.size(), new) };
                    record.entry = it.ordinal;
                    if it.birth != place.number {
                        record.birth = it.birth.into();
                    }
                    *slot = Slot { entry, list: index };
                    ENTRIES.fetch_add(1, Ordering::Relaxed);
                    list.describe(&mut record);
                    place.newest = new.map_or(place.newest, |new| new.ordinal);
                    place.dry = false;
                    return record;
                }
            }
            Operation::Free { slot, into } => {
                let to = into.map_or(index, |into| into as usize);
                let Some(list) = self.places.0.get(to).and_then(Place::list) else {
                    return NOTHING;
                };
                match self.slots.0.get_mut(slot as usize) {
                    Some(slot) if !slot.entry.is_null() => {
                        let (misses, entry) = (list.free_misses(), slot.entry);
                        slot.entry = null_mut();
                        // SAFETY: the slot holds an entry that this list takes, for the program was
                        // checked, and not any more.
                        unsafe { list.free(entry) };
                        let kept = list.free_misses() == misses;
                        let size = list.size();
                        ordinals::taken(&mut self.table, index, to, entry.addr(), size, kept);
                        ENTRIES.fetch_sub(1, Ordering::Relaxed);
                    }
                    _ => record.outcome = outcome::NOTHING,
                }
                list.describe(&mut record);
                return record;
            }
            Operation::Flush => {
                list.flush();
                self.table.forget(index, false);
            }
            Operation::Depth(depth) => list.set_depth(depth),
            Operation::Destroy => {
                place.put(None, 0);
                self.table.forget(index, true);
                self.slots.give_back(Some(index));
                return record;
            }
        }
        list.describe(&mut record);
        record
    }

    fn create(&mut self, index: usize, arguments: &ListArguments, record: &mut Record) {
        let made = List::create(arguments).and_then(|list| {
            Box::try_new_in(list, &LISTS_OF_HANDLES).map_err(|_| wdm::STATUS_INSUFFICIENT_RESOURCES)
        });
        match (made, self.places.0.get_mut(index)) {
            (Ok(list), Some(place)) => {
                self.made = (self.made % MOST_BIRTHS).saturating_add(1);
                place.put(Some(list), self.made);
            }
            (Err(status), _) => {
                record.outcome = outcome::STATUS;
                record.status = status.code().cast_unsigned();
            }
            (Ok(_), None) => record.outcome = outcome::NOTHING,
        }
    }
}

impl Slots {
    /// Gives entries that outlived their list to pool: those of one list, or all.
    fn give_back(&mut self, list: Option<usize>) {
        for slot in &mut self.0 {
            if slot.entry.is_null() || list.is_some_and(|list| list != slot.list) {
                continue;
            }
            // SAFETY: whatever allocated it, it is a pool block, and its list is gone.
            unsafe { ExFreePool(slot.entry.cast()) };
            slot.entry = null_mut();
            ENTRIES.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        for place in &mut self.places.0 {
            place.put(None, 0);
        }
        self.slots.give_back(None);
    }
}
