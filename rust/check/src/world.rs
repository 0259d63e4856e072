//! Operations on lists, S-lists and pool, each compared with what a model makes of it.
//!
//! An operation is done first; then the model says what it should have come to, in the order of
//! the rule, and takes from the callbacks' events what they were called with. Addresses of new
//! blocks are the emulation's to choose: they must not lie in anything that is allocated.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ntoskrnl_emu::{Stop, catch_stop};
use wdm::{
    KERNEL_SECURITY_CHECK_FAILURE, PAGE_SIZE, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, SListHeader,
};

use crate::callbacks::{self, Actual, Allocate, Free};
use crate::host::{self, Driver, Outside, Usage, is_in_pool};
use crate::list::{Header, List, Options, Route, figures, figures_of_model};
use crate::model::{Flaw, Model};
use crate::operation::{Bad, CONTROL_TAG, Inner, LISTS, Operation, TAGS, Wish};

mod blocks;
mod expected;
mod lists;
mod places;

use places::{Place, State};

/// The tag of storage for raw lists in the pool.
const STORAGE_TAG: u32 = u32::from_le_bytes(*b"FuzS");

/// A list with its model.
struct Subject {
    list: List,
    options: Options,
    model: Model<usize>,
    id: u32,
    /// Allocations that ended without an entry.
    failed: u32,
    /// How many lists were made before it.
    place: u64,
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

    fn is_paged(&self) -> bool {
        self.pool_type() & 1 != 0
    }

    /// Whether both routines are the default ones.
    fn is_default(&self) -> bool {
        self.options.allocate == Allocate::Default && self.options.free == Free::Default
    }

    /// Whether it takes entries that were not allocated from it.
    fn takes_others(&self) -> bool {
        self.is_default() && !self.options.own_entries_only
    }

    /// What its entries have in common with those of other lists: the size of their blocks, the pool
    /// type without what happens on failure, and the tag.
    fn class(&self) -> (usize, i32, u32) {
        let padded = self.size().div_ceil(16) * 16;
        let block = if padded < PAGE_SIZE {
            padded
        } else {
            self.size().div_ceil(PAGE_SIZE) * PAGE_SIZE
        };
        (block, self.pool_type() & !0x18, self.options.tag)
    }

    fn raises(&self) -> bool {
        self.pool_type() & POOL_RAISE_IF_ALLOCATION_FAILURE != 0
    }
}

#[derive(Default)]
struct Slot {
    subject: Option<Subject>,
    /// Where a raw list was made last.
    storage: Option<usize>,
    /// The identifier of the list before.
    stale_id: u32,
}

/// A place in a list of choices.
fn nth<T: Copy>(choices: &[T], number: u8) -> Option<T> {
    choices
        .get(usize::from(number).checked_rem(choices.len())?)
        .copied()
}

/// Everything that one program makes.
pub struct World {
    slots: [Slot; LISTS],
    /// Blocks and entries by address, those outside the pool too.
    places: BTreeMap<usize, Place>,
    /// Went back to pool since the last block was taken from it, each with its tag.
    gone: Vec<(usize, u32)>,
    /// Faults by tag, 0 for any, in the order in which they are looked at.
    faults: Vec<(u32, u32)>,
    /// What the next callback is to do, and with which list.
    plan: Option<(usize, Inner)>,
    /// What it is prepared to do now, and with which entry.
    armed: Option<(usize, Inner, usize)>,
    /// A header of no list, and what is on it.
    plain: Header,
    plain_storage: Outside,
    /// Storage of raw lists outside the pool.
    outside: Vec<Outside>,
    parked: Vec<usize>,
    /// Whether entries may lie on pages that are not their list's own.
    is_mixed: bool,
    /// Whether there are handles outside this world, too.
    is_guest: bool,
    /// The number of fills so far.
    fills: u64,
    /// The number of lists so far.
    lists: u64,
    /// How many calls ended in a bug check, as they should.
    stops: u64,
    flaw: Option<Flaw>,
}

impl Default for World {
    fn default() -> Self {
        Self::new(None)
    }
}

impl World {
    /// A world without anything, whose model has a flaw or none.
    #[must_use]
    pub fn new(flaw: Option<Flaw>) -> Self {
        let plain_storage = Outside::zeroed(size_of::<SListHeader>());
        // SAFETY: the storage is the world's, as the header is.
        let plain = unsafe { Header::initialised_at(plain_storage.as_ptr().cast()) };
        Self {
            slots: Default::default(),
            places: BTreeMap::new(),
            gone: Vec::new(),
            faults: Vec::new(),
            plan: None,
            armed: None,
            plain,
            plain_storage,
            outside: Vec::new(),
            parked: Vec::new(),
            is_mixed: false,
            is_guest: false,
            fills: 0,
            lists: 0,
            stops: 0,
            flaw,
        }
    }

    /// A world beside handles that are not its own.
    #[must_use]
    pub fn guest() -> Self {
        let mut world = Self::new(None);
        world.is_guest = true;
        world
    }

    /// How many calls so far ended in a bug check, the one that the model expects.
    #[must_use]
    pub fn stops(&self) -> u64 {
        self.stops
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn subject(&mut self, index: usize) -> &mut Subject {
        self.slots[index]
            .subject
            .as_mut()
            .expect("a list that is there")
    }

    /// An address that may not be freed, or not as it is going to be.
    fn bad(&self, bad: Bad, which: u8) -> Option<usize> {
        let among = |is_meant: &dyn Fn(State) -> bool| nth(&self.of_state(is_meant), which);
        match bad {
            // What is on a plain header is a live block to the emulation.
            Bad::Any => among(&|state| state != State::Parked),
            Bad::Kept => among(&|state| matches!(state, State::Kept(_))),
            Bad::Gone => nth(&self.gone, which).map(|(address, _)| address),
            Bad::Control => {
                let lists = self.slots.iter().filter_map(|slot| slot.subject.as_ref());
                let lists: Vec<usize> = lists.map(|subject| subject.list.address()).collect();
                nth(&lists, which)
            }
            Bad::Interior(distance) => {
                let address = among(&|_| true)?;
                let bytes = self.places[&address].bytes;
                let distance = 1 + usize::from(distance) % bytes.saturating_sub(1).max(1);
                (distance < bytes).then_some(address + distance)
            }
            Bad::Odd(offset) => {
                let offset = (offset as usize % host::pool_bytes()) | 1;
                Some(host::address(offset as u32))
            }
            Bad::Outside => Some(self.plain_storage.as_ptr().addr()),
            Bad::Null => Some(0),
            Bad::Wild(address) => {
                let address = address as usize;
                (!is_in_pool(address) && !self.is_taken(address)).then_some(address)
            }
        }
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
        self.check_usage();
    }

    fn run(&mut self, operation: Operation) {
        use Operation as Op;
        match operation {
            Op::Create(list, wish) => {
                let options = self.options(&wish);
                self.create(usize::from(list) % LISTS, &options);
            }
            Op::On(list, action) => self.run_on_list(list, action),
            Op::AllocateFor(list, fit, is_zeroed) => self.allocate_for(list, fit, is_zeroed),
            Op::Resize(entry, fit, is_zeroed) => self.resize(entry, fit, is_zeroed),
            Op::Tick(seconds) => {
                let seconds = if seconds < 128 { 1 } else { seconds % 17 };
                (0..seconds).for_each(|_| self.tick());
            }
            Op::FailNext(count, tag) => {
                let tag = match tag % 8 {
                    tag @ 0..4 => TAGS[usize::from(tag)],
                    4 => CONTROL_TAG,
                    _ => 0,
                };
                self.fail_next(u32::from(count % 8), tag);
            }
            Op::Reenter(list, inner) => self.plan = Some((usize::from(list) % LISTS, inner)),
            Op::PoolAllocate(request) => self.pool_allocate(request),
            Op::PoolFree(which, has_tag) => {
                if let Some(block) = self.plain_block(which) {
                    self.check_contents(block, false);
                    let tag = if has_tag { self.places[&block].tag } else { 0 };
                    self.pool_free(block, tag);
                }
            }
            Op::PoolFreeBad(bad, which, tag) => {
                let tag = match tag {
                    // Mostly none is said.
                    0..192 => 0,
                    said => TAGS[usize::from(said % 4)],
                };
                if let Some(address) = self.bad(bad, which) {
                    self.pool_free(address, tag);
                }
            }
            Op::PlainPush(which) => {
                let block = self.plain_block(which);
                if let Some(block) = block.filter(|block| self.places[block].bytes >= 8) {
                    self.plain_push(block);
                }
            }
            Op::PlainPop => self.plain_pop(),
            Op::PlainFlush => self.plain_flush(),
        }
    }

    fn tick(&mut self) {
        self.arm(0);
        let actual = catch_stop(host::tick).map(|()| 0);
        let expected = self.expect_tick();
        if !self.is_of_another(&actual) {
            self.settle(expected, actual);
        }
        self.disarm();
    }

    /// Whether a tick met a list that was written over, and that is not this world's.
    fn is_of_another(&self, actual: &Actual) -> bool {
        let Err(Stop::BugCheck(stop)) = actual else {
            return false;
        };
        let list = stop.parameters[1] as usize;
        self.is_guest
            && stop.code == KERNEL_SECURITY_CHECK_FAILURE
            && !(0..LISTS).any(|index| self.has_list_at(index, list))
    }

    /// What a list is made with: often as one that is there, so that they take each other's entries.
    fn options(&self, wish: &Wish) -> Options {
        let options = wish.options();
        let subjects = self.slots.iter().filter_map(|slot| slot.subject.as_ref());
        let likes: Vec<Options> = subjects.map(|subject| subject.options).collect();
        match wish.like() {
            Some(which) => nth(&likes, which).map_or(options, |like| Options {
                own_entries_only: options.own_entries_only,
                ..like
            }),
            None => options,
        }
    }

    fn plain_block(&self, which: u8) -> Option<usize> {
        nth(&self.of_state(|state| state == State::Plain), which)
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
            figures(&fields, list.current_depth()),
            figures_of_model(model),
            "the figures of list {index}"
        );
        assert_eq!(fields.pool_type.0, subject.pool_type());
        assert_eq!(
            (fields.tag, fields.size as usize),
            (subject.options.tag, subject.size())
        );
        assert_eq!(host::failures_of(subject.id), subject.failed);
        if let Some((size, stats)) = list.stats() {
            let counted = [
                (stats.total_allocates, model.allocates),
                (stats.allocate_misses, model.allocate_misses),
                (stats.total_frees, model.frees),
                (stats.free_misses, model.free_misses),
                (stats.depth.into(), model.depth),
                (stats.maximum_depth.into(), model.maximum),
                (stats.current_depth.into(), model.kept.len() as u32),
                (stats.size, subject.size() as u32),
            ];
            assert!(
                counted.iter().all(|(told, right)| told == right),
                "{counted:?}"
            );
            assert_eq!((size, stats.pool_type), (subject.size(), fields.pool_type));
        }
    }

    /// Whether this world alone allocates under a tag.
    fn is_mine(&self, tag: u32) -> bool {
        TAGS.contains(&tag) || tag == STORAGE_TAG || (tag == CONTROL_TAG && !self.is_guest)
    }

    /// Blocks and bytes by tag are those of all places.
    fn check_usage(&self) {
        let mut expected: BTreeMap<(u32, bool), Usage> = BTreeMap::new();
        for (&address, place) in &self.places {
            if is_in_pool(address) {
                let is_paged = place.is_paged != self.has(Flaw::UsageElsewhere);
                let row = expected.entry((place.tag, is_paged)).or_default();
                row.blocks += 1;
                row.bytes += place.bytes as u64;
            }
        }
        expected.retain(|&(tag, _), _| self.is_mine(tag));
        let mut actual = host::usage();
        actual.retain(|&(tag, _), _| self.is_mine(tag));
        assert_eq!(actual, expected, "usage by tag");
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

/// Runs a program beside a model with a flaw or none.
///
/// # Panics
///
/// Where model and emulation disagree.
pub fn run(operations: impl IntoIterator<Item = Operation>, flaw: Option<Flaw>) {
    let mut world = World::new(flaw);
    for operation in operations {
        world.step(operation);
    }
    world.finish();
    host::assert_clean();
}

/// Where model and emulation disagree about a program, and how. What it left is given back.
#[must_use]
pub fn disagreement(operations: &[Operation], flaw: Option<Flaw>) -> Option<String> {
    let last = Cell::new(None);
    let steps = operations.iter().enumerate();
    let said = failure(|| {
        run(
            steps.map(|(number, step)| {
                last.set(Some(number));
                *step
            }),
            flaw,
        )
    })?;
    let step = last.get().map(|number| (number, operations[number]));
    Some(format!("{step:?}: {said}"))
}

/// What a run said that failed. What it left is given back.
pub fn failure(run: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(run)).err()?;
    host::sweep();
    callbacks::reset();
    Some(match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => (*text).into(),
            Err(_) => "an end that was not caught".into(),
        },
    })
}
