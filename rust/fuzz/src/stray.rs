//! Writes of anything to anywhere in the pool, among the operations.
//!
//! Some lists are exposed: their control blocks, links and entries are written over. Every operation
//! on them ends, at worst in a bug check, and no entry is handed out while it is held. Beside them
//! lives a [`World`] whose memory is spared, and which goes on exactly as its model says.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use lookaside_check::callbacks::Actual;
use lookaside_check::contents::Contents;
use lookaside_check::host;
use lookaside_check::list::{List, Options, Route, pointer};
use lookaside_check::operation::{Action, Operation};
use lookaside_check::world::World;
use ntoskrnl_emu::{BugCheck, ExFreePool, Stop, catch_stop};
use wdm::{BAD_POOL_CALLER, KERNEL_SECURITY_CHECK_FAILURE, SListHeader};

/// What an exposed list is made with: how, and bytes per entry.
const EXPOSED: [(Route, usize); 5] = [
    (Route::Local, 8),
    (Route::Local, 64),
    (Route::Local, 1000),
    (Route::Local, 5000),
    (Route::Shared, 100),
];
const TAG: u32 = u32::from_le_bytes(*b"Expo");
/// Bytes of a handle's control block.
const CONTROL_BYTES: u32 = 0x70;
/// More entries than that are not allocated from one list.
const MOST_OUT: usize = 40;
/// Writes reach that far beyond the last memory that was ever used.
const BEYOND: u32 = 8192;

/// Somewhere in the pool.
#[derive(Arbitrary, Clone, Copy, Debug)]
#[expect(
    missing_docs,
    reason = "the fields are which list, which entry and where"
)]
pub enum Where {
    /// In the control block of an exposed list.
    Control { list: u8, at: u8 },
    /// In what an exposed list has freed, and perhaps keeps.
    Freed { which: u8, at: u8 },
    /// In an entry of an exposed list that is held.
    Held { which: u8, at: u8 },
    /// Anywhere.
    Any { at: u32 },
}

/// A write over pool memory.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Write {
    /// So many bytes.
    Bytes(Where, [u8; 8], u8),
    /// One bit is flipped.
    Flip(Where, u8),
    /// Eight bytes, which look right, from the first place to the second.
    Copy(Where, Where),
    /// The address of the first place into the second.
    Link(Where, Where),
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// An operation on what is spared.
    Spared(Operation),
    /// Does something with an exposed list.
    On(u8, Action),
    /// Writes.
    Write(Write),
    /// Frees any address to an exposed list.
    FreeAny(u8, Where),
    /// Frees an entry to pool.
    PoolFree(u8),
    /// Asks all that can be asked of an exposed list.
    Look(u8),
}

/// Mostly what is done with exposed lists, so that damage is met.
impl<'input> Arbitrary<'input> for Step {
    fn arbitrary(source: &mut Unstructured<'input>) -> arbitrary::Result<Self> {
        let choice = source.int_in_range(0..=23)?;
        let number = source.arbitrary()?;
        Ok(match choice {
            0..=1 => Self::Spared(source.arbitrary()?),
            2..=16 => Self::On(number, source.arbitrary()?),
            17..=20 => Self::Write(source.arbitrary()?),
            21 => Self::FreeAny(number, source.arbitrary()?),
            22 => Self::PoolFree(number),
            _ => Self::Look(number),
        })
    }
}

struct Exposed {
    list: List,
    id: u32,
    size: usize,
    out: Vec<usize>,
    /// The fields that say what the list is, as they were at first.
    identity: Identity,
}

/// What damage must not change for good: maximum depth, type, tag, size, owner, record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u16, i32, u32, u32, [u32; 2]);

impl Identity {
    fn of(list: List) -> Self {
        let fields = list.fields();
        Self(
            fields.maximum_depth,
            fields.pool_type.0,
            fields.tag,
            fields.size,
            fields.future,
        )
    }
}

impl Exposed {
    /// Whether the control block shows an operation that its list was written over.
    fn is_damaged_for(&self, looks: Looks) -> bool {
        let SListHeader { alignment, region } = self.list.fields().list_head;
        let Identity(.., [owner, record]) = Identity::of(self.list);
        let Identity(.., [first_owner, first_record]) = self.identity;
        let is_torn = (alignment & 0xFFFF == 0) != (region == 0) || region & 15 != 0;
        owner != first_owner
            || (looks >= Looks::Record && record != first_record)
            || (looks >= Looks::Header && is_torn)
    }
}

/// How much of a control block an operation always looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Looks {
    /// A free to pool: at the owner of the list whose entry it is.
    Owner,
    /// A free, which may be pushed whatever the header counts: also at the list's record.
    Record,
    /// The others: also at whether the header contradicts itself.
    Header,
}

struct Stray {
    world: World,
    lists: Vec<Exposed>,
    /// All entries that are held, with their sizes.
    held: BTreeMap<usize, usize>,
    /// What was freed or lost sight of, and not seen since, with the list that it is of, if any.
    freed: BTreeMap<usize, Option<usize>>,
    /// The end of the pool memory that was ever used.
    used: u32,
    /// How many bug checks were met.
    stops: u32,
}

fn offset(address: usize) -> u32 {
    host::offset_of(address).expect("an address in the pool")
}

impl Stray {
    fn new() -> Self {
        let mut stray = Self {
            world: World::guest(),
            lists: Vec::new(),
            held: BTreeMap::new(),
            freed: BTreeMap::new(),
            used: 0,
            stops: 0,
        };
        for index in 0..EXPOSED.len() {
            let made = stray.make(index);
            stray.lists.push(made);
        }
        stray
    }

    fn make(&mut self, index: usize) -> Exposed {
        let (route, size) = EXPOSED[index % EXPOSED.len()];
        let options = Options::plain(route, size, TAG);
        // A fault that waits for a control block must not meet this one.
        let list = loop {
            if let Ok(list) = List::of_handle(&options) {
                break list;
            }
        };
        self.world.note_allocation();
        self.freed.remove(&list.address());
        self.use_up_to(list.address(), CONTROL_BYTES as usize);
        Exposed {
            list,
            identity: Identity::of(list),
            id: host::id_of(list.as_ptr()),
            size,
            out: Vec::new(),
        }
    }

    fn use_up_to(&mut self, address: usize, bytes: usize) {
        self.used = self.used.max(offset(address) + bytes as u32);
    }

    /// Notes an entry that was handed out: it was not held.
    fn hold(&mut self, index: usize, entry: usize) {
        let size = self.lists[index].size;
        assert!(
            !self.world.is_taken(entry),
            "a spared block is handed out: {entry:#x}"
        );
        let before = self.held.range(..entry + size).next_back();
        assert!(
            before.is_none_or(|(&start, &bytes)| start + bytes <= entry),
            "handed out while it is held: {entry:#x}, {before:?}"
        );
        self.world.note_allocation();
        self.use_up_to(entry, size);
        self.held.insert(entry, size);
        self.freed.remove(&entry);
        self.lists[index].out.push(entry);
    }

    fn release(&mut self, index: usize, entry: usize) {
        self.held.remove(&entry);
        self.lists[index].out.retain(|&out| out != entry);
        self.freed.insert(entry, Some(index));
    }

    /// Runs an operation on a list: none when it stopped, as it must if the list is damaged.
    fn on(
        &mut self,
        index: usize,
        looks: Looks,
        run: impl FnOnce(List) -> Actual,
    ) -> Option<usize> {
        let exposed = &self.lists[index];
        let (list, is_damaged) = (exposed.list, exposed.is_damaged_for(looks));
        let actual = run(list);
        let damage = BugCheck {
            code: KERNEL_SECURITY_CHECK_FAILURE,
            parameters: [3, list.address() as u64, 0, 0],
        };
        if is_damaged {
            assert_eq!(actual, Err(Stop::BugCheck(damage)), "damage is met");
        }
        match actual {
            Ok(value) => return Some(value),
            Err(Stop::BugCheck(stop)) if stop == damage => self.check_mended(index),
            Err(Stop::BugCheck(stop)) => assert_eq!(stop.code, BAD_POOL_CALLER, "{stop}"),
            Err(Stop::Raised(status)) => panic!("nothing here raises: {status}"),
        }
        self.stops += 1;
        None
    }

    /// A list that was damaged is whole again, and empty: what it kept is lost.
    fn check_mended(&self, index: usize) {
        let exposed = &self.lists[index];
        assert_eq!(Identity::of(exposed.list), exposed.identity, "whole again");
        let SListHeader { alignment, region } = exposed.list.fields().list_head;
        assert_eq!((alignment & 0xffff, region), (0, 0), "empty");
        for (&entry, &of) in &self.freed {
            let block = host::block_at(offset(entry));
            let is_kept = of == Some(index) && block.is_some_and(|block| block.is_kept);
            assert!(!is_kept, "kept by an empty list: {entry:#x}");
        }
    }

    fn index(&self, number: u8) -> usize {
        usize::from(number) % self.lists.len()
    }

    fn held_entry(&self, index: usize, which: u8) -> Option<usize> {
        let out = &self.lists[index].out;
        out.get(usize::from(which).checked_rem(out.len())?).copied()
    }

    fn place(&self, place: Where) -> u32 {
        let nth = |set: &mut dyn Iterator<Item = usize>, count: usize, which: u8| {
            usize::from(which)
                .checked_rem(count)
                .and_then(|which| set.nth(which))
        };
        match place {
            Where::Control { list, at } => {
                offset(self.lists[self.index(list)].list.address()) + u32::from(at) % CONTROL_BYTES
            }
            Where::Freed { which, at } => {
                let entry = nth(&mut self.freed.keys().copied(), self.freed.len(), which);
                // Mostly its link.
                entry.map_or(0, |entry| offset(entry) + u32::from(at % 16))
            }
            Where::Held { which, at } => {
                let entry = nth(&mut self.held.keys().copied(), self.held.len(), which);
                entry.map_or(0, |entry| offset(entry) + u32::from(at))
            }
            Where::Any { at } => at % (self.used + BEYOND),
        }
    }

    /// Writes a byte, unless it is spared.
    ///
    /// The lock bit of a shared list stays as it is: a lock that is not opened again is seen after
    /// two seconds, which would be all that a fuzzer does. A test has one.
    fn write(&self, offset: u32, value: u8) {
        if self.world.is_taken(host::address(offset)) {
            return;
        }
        let is_lock = |exposed: &Exposed| {
            exposed.list.route() != Route::Local
                && host::offset_of(exposed.list.address() + 8) == Some(offset)
        };
        if self.lists.iter().any(is_lock) {
            return host::write(offset, value & !1);
        }
        host::write(offset, value);
    }

    fn allocate(&mut self, index: usize) {
        if self.lists[index].out.len() >= MOST_OUT {
            return;
        }
        if let Some(entry @ 1..) = self.on(index, Looks::Header, List::allocate) {
            self.hold(index, entry);
        }
    }

    fn free(&mut self, index: usize, entry: usize) {
        if self
            .on(index, Looks::Record, |list| list.free(entry))
            .is_some()
        {
            self.release(index, entry);
        }
    }

    /// The list is gone, or given up: its entries are blocks, and it is made anew.
    fn renew(&mut self, index: usize) {
        let out = std::mem::take(&mut self.lists[index].out);
        for entry in out {
            self.held.remove(&entry);
            self.freed.insert(entry, None);
        }
        for of in self.freed.values_mut().filter(|of| **of == Some(index)) {
            *of = None;
        }
        self.lists[index] = self.make(index);
    }

    fn step(&mut self, step: Step) {
        match step {
            // Tag 0 would meet the exposed lists' allocations.
            Step::Spared(Operation::FailNext(count, tag)) => {
                self.world.step(Operation::FailNext(count, tag % 4));
            }
            Step::Spared(operation) => self.world.step(operation),
            Step::On(list, action) => self.step_on_list(self.index(list), action),
            Step::Write(write) => self.write_over(write),
            Step::FreeAny(list, what) => self.free_any(self.index(list), what),
            Step::PoolFree(which) => self.pool_free(which),
            Step::Look(list) => self.look(self.index(list)),
        }
    }

    fn write_over(&self, write: Write) {
        match write {
            Write::Bytes(to, bytes, count) => {
                let to = self.place(to);
                for (at, byte) in (0..=u32::from(count % 8)).zip(bytes) {
                    self.write(to.saturating_add(at), byte);
                }
            }
            Write::Flip(to, bit) => {
                let to = self.place(to);
                self.write(to, host::read(to) ^ 1 << (bit % 8));
            }
            Write::Copy(from, to) => {
                let (from, to) = (self.place(from) & !7, self.place(to) & !7);
                (0..8).for_each(|at| self.write(to + at, host::read(from + at)));
            }
            Write::Link(target, to) => {
                let (target, to) = (self.place(target) & !15, self.place(to) & !7);
                let address = (host::address(target) as u64).to_le_bytes();
                (0..)
                    .zip(address)
                    .for_each(|(at, byte)| self.write(to + at, byte));
            }
        }
    }

    fn step_on_list(&mut self, index: usize, action: Action) {
        let Exposed { list, id, .. } = self.lists[index];
        match action {
            Action::Allocate => self.allocate(index),
            Action::AllocateMany(count) => (0..count % 16).for_each(|_| self.allocate(index)),
            Action::Free(which) => {
                if let Some(entry) = self.held_entry(index, which) {
                    self.free(index, entry);
                }
            }
            Action::FreeMany(count) => {
                for _ in 0..count % 16 {
                    self.step_on_list(index, Action::Free(0));
                }
            }
            Action::Flush => _ = self.on(index, Looks::Header, List::flush),
            Action::SetDepth(depth) => list.set_depth(depth),
            Action::Delete => {
                if self.on(index, Looks::Header, List::delete).is_none() {
                    list.give_up().expect("dropping never raises");
                }
                self.renew(index);
            }
            Action::GiveUp => {
                list.give_up().expect("dropping never raises");
                self.renew(index);
            }
            Action::Push(which) => {
                let Some(entry) = self.held_entry(index, which) else {
                    return;
                };
                let push = |list: List| list.header().push(entry);
                if self.on(index, Looks::Header, push).is_some() {
                    self.release(index, entry);
                }
            }
            Action::Pop => {
                let pop = |list: List| list.header().pop();
                if let Some(entry @ 1..) = self.on(index, Looks::Header, pop) {
                    self.hold(index, entry);
                }
            }
            Action::FlushRaw => self.flush_raw(index),
            Action::Hit => {
                if let Some(entry) = host::hit(id) {
                    self.hold(index, entry);
                }
            }
            Action::Keep(which) => {
                if let Some(entry) = self.held_entry(index, which)
                    && host::keep(id, offset(entry))
                {
                    self.release(index, entry);
                }
            }
            // What is freed or pushed by mistake is `FreeAny`; the lists stay as they were made.
            Action::FreeBad(..)
            | Action::FreeOthers(_)
            | Action::PushBad(..)
            | Action::Share
            | Action::Elsewhere(_) => {}
        }
    }

    fn free_any(&mut self, index: usize, what: Where) {
        let entry = host::address(self.place(what));
        let free = |list: List| list.free(entry);
        if self.world.is_taken(entry) || self.on(index, Looks::Record, free).is_none() {
            return;
        }
        // A raw flush that met damage on its way has lost some.
        let is_held = self.lists[index].out.contains(&entry);
        assert!(
            is_held || self.freed.contains_key(&entry),
            "freed: {entry:#x}"
        );
        self.release(index, entry);
    }

    fn pool_free(&mut self, which: u8) {
        let Some(which) = usize::from(which).checked_rem(self.held.len()) else {
            return;
        };
        let Some((&entry, _)) = self.held.iter().nth(which) else {
            return;
        };
        let of = self
            .lists
            .iter()
            .position(|exposed| exposed.out.contains(&entry));
        let of = of.expect("an entry that is held is some list's");
        // SAFETY: what is no live block is refused.
        let free = |_| catch_stop(|| unsafe { ExFreePool(pointer(entry)) }).map(|()| 0);
        if self.on(of, Looks::Owner, free).is_some() {
            self.held.remove(&entry);
            self.lists[of].out.retain(|&out| out != entry);
        }
    }

    fn flush_raw(&mut self, index: usize) {
        let flush = |list: List| list.header().flush();
        let Some(mut entry) = self.on(index, Looks::Header, flush) else {
            return;
        };
        // The routine has followed the chain to its end: each entry is the caller's now.
        while entry != 0 {
            self.hold(index, entry);
            // SAFETY: an entry that is held now.
            entry = unsafe { Contents::new(entry, 8) }.link();
        }
    }

    /// Asks everything, whose answers may be anything.
    fn look(&self, index: usize) {
        let exposed = &self.lists[index];
        let _ = exposed.list.stats();
        assert_eq!(host::id_of(exposed.list.as_ptr()), exposed.id);
        assert_eq!(host::list_of(exposed.id), Some(exposed.list.address()));
        for &entry in &exposed.out {
            let is_mine = host::is_allocated_from(exposed.id, offset(entry));
            assert!(is_mine, "what was handed out stays so: {entry:#x}");
        }
    }

    /// Gives everything back; returns how many bug checks were met.
    fn finish(mut self) -> u32 {
        for index in 0..self.lists.len() {
            self.look(index);
            let given_up = self.lists[index].list.give_up();
            given_up.expect("dropping never raises");
            let out = std::mem::take(&mut self.lists[index].out);
            self.freed
                .extend(out.into_iter().map(|entry| (entry, None)));
        }
        // What is allocated that the spared world does not have was an entry once.
        let mine: Vec<u32> = host::live_blocks(self.used)
            .filter(|block| block.tag == TAG)
            .map(|block| block.offset)
            .collect();
        for block in mine {
            let address = host::address(block);
            assert!(
                self.freed.contains_key(&address),
                "never an entry: {address:#x}"
            );
            assert!(host::reclaim(block), "a block without a user: {address:#x}");
        }
        self.world.finish();
        host::assert_clean();
        self.stops
    }
}

/// Runs the steps of an input; returns how many bug checks they met.
///
/// # Panics
///
/// Where a spared list disagrees with its model, or an exposed one breaks a rule of damage.
pub fn run(steps: &[Step]) -> u32 {
    let mut stray = Stray::new();
    for &step in steps {
        stray.step(step);
    }
    stray.finish()
}
