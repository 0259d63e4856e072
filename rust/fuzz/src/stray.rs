//! Writes of anything to anywhere in the pool, among the operations.
//!
//! Some lists are exposed: their control blocks, links and entries are written over. Every operation
//! on them ends, at worst in a bug check, and no entry is handed out while it is held. Beside them
//! lives a [`World`] whose memory is spared, and which goes on exactly as its model says.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use lookaside_check::callbacks::{Actual, Allocate, Free};
use lookaside_check::contents::Contents;
use lookaside_check::host;
use lookaside_check::list::{List, Options, Route, pointer};
use lookaside_check::operation::Operation;
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

/// One step: an operation or a write.
#[derive(Arbitrary, Clone, Copy, Debug)]
#[expect(
    missing_docs,
    reason = "the fields are which list, which entry and where"
)]
pub enum Step {
    /// An operation on what is spared.
    Spared(Operation),
    /// Writes bytes.
    Bytes {
        to: Where,
        bytes: [u8; 8],
        count: u8,
    },
    /// Flips a bit.
    Flip { to: Where, bit: u8 },
    /// Copies eight bytes, which look right, from elsewhere.
    Copy { from: Where, to: Where },
    /// Writes the address of some place.
    Link { target: Where, to: Where },
    /// Allocates from an exposed list.
    Allocate { list: u8 },
    /// Allocates several.
    AllocateMany { list: u8, count: u8 },
    /// Frees an entry.
    Free { list: u8, which: u8 },
    /// Frees several.
    FreeMany { list: u8, count: u8 },
    /// Frees any address.
    FreeAny { list: u8, what: Where },
    /// Frees an entry to pool.
    PoolFree { which: u8 },
    /// Flushes.
    Flush { list: u8 },
    /// Sets `Depth`.
    SetDepth { list: u8, depth: u16 },
    /// A second passes, for the spared lists too.
    Tick,
    /// Deletes the list and makes it anew.
    Delete { list: u8 },
    /// Drops its handle and makes it anew.
    GiveUp { list: u8 },
    /// A raw push.
    Push { list: u8, which: u8 },
    /// A raw pop.
    Pop { list: u8 },
    /// A raw flush.
    FlushRaw { list: u8 },
    /// A hit by identifier.
    Hit { list: u8 },
    /// A free by identifier.
    Keep { list: u8, which: u8 },
    /// Everything that can be asked.
    Look { list: u8 },
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

fn options(index: usize) -> Options {
    let (route, size) = EXPOSED[index % EXPOSED.len()];
    Options {
        route,
        size,
        pool_type: 512,
        tag: TAG,
        flags: 0,
        depth: 0,
        allocate: Allocate::Default,
        free: Free::Default,
    }
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
        let options = options(index);
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
            size: options.size,
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

    fn write_word(&self, offset: u32, word: u64) {
        for (at, byte) in word.to_le_bytes().into_iter().enumerate() {
            self.write(offset.saturating_add(at as u32), byte);
        }
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
            Step::Spared(Operation::Tick) | Step::Tick => self.world.step(Operation::Tick),
            // Tag 0 would meet the exposed lists' allocations.
            Step::Spared(Operation::FailNext { count, tag }) => {
                self.world.step(Operation::FailNext {
                    count,
                    tag: tag % 4,
                });
            }
            Step::Spared(operation) => self.world.step(operation),
            Step::Bytes { to, bytes, count } => {
                let to = self.place(to);
                for (at, byte) in bytes
                    .into_iter()
                    .enumerate()
                    .take(1 + usize::from(count % 8))
                {
                    self.write(to.saturating_add(at as u32), byte);
                }
            }
            Step::Flip { to, bit } => {
                let to = self.place(to);
                self.write(to, host::read(to) ^ 1 << (bit % 8));
            }
            Step::Copy { from, to } => {
                let (from, to) = (self.place(from) & !7, self.place(to) & !7);
                for at in 0..8 {
                    self.write(to + at, host::read(from + at));
                }
            }
            Step::Link { target, to } => {
                let (target, to) = (self.place(target) & !15, self.place(to) & !7);
                self.write_word(to, host::address(target) as u64);
            }
            Step::Allocate { list } => self.allocate(self.index(list)),
            Step::AllocateMany { list, count } => {
                for _ in 0..count % 16 {
                    self.allocate(self.index(list));
                }
            }
            Step::Free { list, which } => {
                let index = self.index(list);
                if let Some(entry) = self.held_entry(index, which) {
                    self.free(index, entry);
                }
            }
            Step::FreeMany { list, count } => {
                let index = self.index(list);
                for _ in 0..count % 16 {
                    if let Some(entry) = self.held_entry(index, 0) {
                        self.free(index, entry);
                    }
                }
            }
            Step::FreeAny { list, what } => {
                let index = self.index(list);
                let entry = host::address(self.place(what));
                if self.world.is_taken(entry) {
                    return;
                }
                if self
                    .on(index, Looks::Record, |list| list.free(entry))
                    .is_some()
                {
                    let is_held = self.lists[index].out.contains(&entry);
                    // A raw flush that met damage on its way has lost some.
                    assert!(
                        is_held || self.freed.contains_key(&entry),
                        "freed: {entry:#x}"
                    );
                    self.release(index, entry);
                }
            }
            Step::PoolFree { which } => self.pool_free(which),
            Step::Flush { list } => {
                self.on(self.index(list), Looks::Header, List::flush);
            }
            Step::SetDepth { list, depth } => self.lists[self.index(list)].list.set_depth(depth),
            Step::Delete { list } => {
                let index = self.index(list);
                if self.on(index, Looks::Header, List::delete).is_none() {
                    let given_up = self.lists[index].list.give_up();
                    given_up.expect("dropping never raises");
                }
                self.renew(index);
            }
            Step::GiveUp { list } => {
                let index = self.index(list);
                let given_up = self.lists[index].list.give_up();
                given_up.expect("dropping never raises");
                self.renew(index);
            }
            Step::Push { list, which } => {
                let index = self.index(list);
                let Some(entry) = self.held_entry(index, which) else {
                    return;
                };
                let push = |list: List| list.header().push(entry);
                if self.on(index, Looks::Header, push).is_some() {
                    self.release(index, entry);
                }
            }
            Step::Pop { list } => {
                let index = self.index(list);
                let pop = |list: List| list.header().pop();
                if let Some(entry @ 1..) = self.on(index, Looks::Header, pop) {
                    self.hold(index, entry);
                }
            }
            Step::FlushRaw { list } => self.flush_raw(self.index(list)),
            Step::Hit { list } => {
                let index = self.index(list);
                if let Some(entry) = host::hit(self.lists[index].id) {
                    self.hold(index, entry);
                }
            }
            Step::Keep { list, which } => {
                let index = self.index(list);
                let Some(entry) = self.held_entry(index, which) else {
                    return;
                };
                if host::keep(self.lists[index].id, offset(entry)) {
                    self.release(index, entry);
                }
            }
            Step::Look { list } => self.look(self.index(list)),
        }
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
