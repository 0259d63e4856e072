//! Threads that do operations on one list, or on one header: exact totals, no entry handed out
//! twice, none lost. Each entry is filled with the pattern of the thread that holds it.
//!
//! `STRESS_OPERATIONS` says how many operations a scenario does; `SEED`, which is printed, does the
//! same ones again, though not in the same order.

use std::alloc::Layout;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use arbitrary::Unstructured;
use lookaside_check::contents::Contents;
use lookaside_check::host::{self, Outside, POISON, POISONED_BYTES};
use lookaside_check::list::{Header, List, Options, Route, pointer};
use lookaside_check::model::{Flaw, Model};
use lookaside_check::operation::Operation::{self, *};
use lookaside_check::operation::{Action, Fit};
use lookaside_check::random::{Random, setting};
use lookaside_check::world;
use ntoskrnl_emu::{ExAllocatePoolWithTag, ExFreePoolWithTag};
use wdm::{PoolType, SListHeader};

const TAG: u32 = u32::from_le_bytes(*b"StLs");
const POOL_TAG: u32 = u32::from_le_bytes(*b"StPl");
/// How many threads work at once, scenario by scenario.
const CROWDS: [usize; 3] = [2, 4, 8];

/// What a thread does to take a block when it has none or may have more, and to give one back; the
/// same twice where it takes none.
type Way = [fn(&mut Random) -> Operation; 2];

const ENTRIES: Way = [|_| On(0, Action::Allocate), |_| On(0, Action::Free(0))];
const LAYOUTS: Way = [|_| AllocateFor(0, Fit::WHOLE, false), ENTRIES[1]];
const RAW: Way = [|_| On(0, Action::Pop), |_| On(0, Action::Push(0))];
const PLAIN: Way = [|_| PlainPop, |_| PlainPush(0)];
const POOL: Way = [
    |random| {
        let bytes = random.bytes(16);
        let request = Unstructured::new(&bytes).arbitrary();
        PoolAllocate(request.expect("bytes spell a request"))
    },
    |_| PoolFree(0, true),
];
const FLUSH: Way = [|_| On(0, Action::Flush); 2];
const FLUSH_RAW: Way = [|_| On(0, Action::FlushRaw); 2];
const PLAIN_FLUSH: Way = [|_| PlainFlush; 2];
const TICK: Way = [|_| Tick(0); 2];
const TUNE: Way = [|random| match random.below(4) {
    0 => On(0, Action::SetDepth(random.below(40) as u16)),
    _ => Tick(0),
}; 2];

/// Held while threads run: the pool is the process's, and tests are threads.
static TURN: Mutex<()> = Mutex::new(());

/// Which thread has each 16 bytes of the pool, as far as this test handed them out.
static OWNERS: [AtomicU32; (64 << 20) / 16] = [const { AtomicU32::new(0) }; (64 << 20) / 16];
static NEXT_OWNER: AtomicU32 = AtomicU32::new(1);

/// Hands a block from one owner to another; 0 is no owner.
#[track_caller]
fn hand_over(block: usize, bytes: usize, from: u32, to: u32) {
    let first = host::offset_of(block).expect("a block in the pool") as usize / 16;
    for place in &OWNERS[first..first + bytes.div_ceil(16)] {
        // Relaxed: of two threads that were given one block the swap finds out which is second,
        // in whatever order they see the rest.
        let before = place.swap(to, Ordering::Relaxed);
        assert_eq!(before, from, "another thread has it: {block:#x}");
    }
}

/// What threads share: a list, or a header of none, with entries of a size.
#[derive(Clone, Copy)]
struct Ground {
    list: Option<List>,
    header: Option<Header>,
    bytes: usize,
    flaw: Option<Flaw>,
}

fn pool_block(bytes: usize, tag: u32) -> usize {
    // SAFETY: neither size nor tag is 0.
    let block = unsafe { ExAllocatePoolWithTag(PoolType::PAGED_POOL, bytes, tag) };
    assert!(!block.is_null(), "the pool has room");
    block.expose_provenance()
}

fn contents(at: usize, bytes: usize) -> Contents {
    // SAFETY: every caller names a block that it was given and has not given back.
    unsafe { Contents::new(at, bytes) }
}

impl Ground {
    fn list(&self) -> List {
        self.list.expect("a list is shared")
    }

    fn header(&self) -> Header {
        self.header.expect("a header is shared")
    }

    /// What is true of a list at any time.
    fn look(&self) {
        if let Some(list) = self.list {
            let [depth, maximum] = list.depths();
            assert!(depth <= 256 && maximum == 256, "ticks keep to the bounds");
            assert!(list.current_depth() < 500);
        }
    }
}

/// What threads did.
#[derive(Clone, Debug)]
struct Tally {
    /// What a list counts of it.
    counted: Model<()>,
    /// Entries that some thread had before.
    hits: u32,
    /// Entries fresh from pool.
    misses: u32,
    /// No entry.
    failures: u32,
    /// Entries given back.
    given: u32,
    /// Flushes by the list's routine.
    flushes: u32,
    /// Flushes of a header, and entries that were pushed again after them.
    moved: u32,
}

impl Tally {
    fn new(flaw: Option<Flaw>) -> Self {
        Self {
            counted: Model::new(0, flaw),
            hits: 0,
            misses: 0,
            failures: 0,
            given: 0,
            flushes: 0,
            moved: 0,
        }
    }
}

/// A sum over what threads did.
fn sum(tallies: &[Tally], of: impl Fn(&Tally) -> u32) -> u32 {
    tallies.iter().map(of).sum()
}

/// A block that a thread has.
#[derive(Clone, Copy)]
struct Held {
    at: usize,
    bytes: usize,
    serial: u32,
    layout: Option<Layout>,
}

/// One thread, and what it holds.
struct Worker<'ground> {
    ground: &'ground Ground,
    owner: u32,
    serial: u32,
    held: Vec<Held>,
    random: Random,
    tally: Tally,
}

impl<'ground> Worker<'ground> {
    fn new(ground: &'ground Ground, seed: u64) -> Self {
        Self {
            ground,
            // Relaxed: the number only has to differ from every other.
            owner: NEXT_OWNER.fetch_add(1, Ordering::Relaxed),
            serial: 0,
            held: Vec::new(),
            random: Random::new(seed),
            tally: Tally::new(ground.flaw),
        }
    }

    fn mark(&self, serial: u32) -> u64 {
        u64::from(self.owner) << 32 | u64::from(serial)
    }

    /// Takes a block over and writes all of it.
    fn hold(&mut self, at: usize, bytes: usize) {
        hand_over(at, bytes, 0, self.owner);
        self.serial += 1;
        let serial = self.serial;
        contents(at, bytes).fill(self.mark(serial));
        self.held.push(Held {
            at,
            bytes,
            serial,
            layout: None,
        });
    }

    /// Takes an entry over, if there is one; whether another thread had it before.
    fn take(&mut self, entry: usize) -> bool {
        if entry == 0 {
            self.tally.failures += 1;
            return false;
        }
        let bytes = self.ground.bytes;
        let contents = contents(entry, bytes);
        let mark = contents.mark();
        let is_fresh = mark == u64::from_ne_bytes([POISON; 8]);
        if is_fresh {
            contents.expect_bytes(0..bytes.min(POISONED_BYTES), POISON);
            self.tally.misses += 1;
        } else {
            contents.expect_pattern(8..bytes, mark);
            self.tally.hits += 1;
        }
        self.hold(entry, bytes);
        !is_fresh
    }

    /// Gives up one of the blocks held, which is as it was written.
    fn give(&mut self) -> Held {
        let which = self.random.below(self.held.len());
        let held = self.held.swap_remove(which);
        contents(held.at, held.bytes).expect_pattern(0..held.bytes, self.mark(held.serial));
        hand_over(held.at, held.bytes, self.owner, 0);
        self.tally.given += 1;
        held
    }

    /// Takes all that a header keeps, and pushes it again entry by entry.
    fn move_all(&mut self, header: Header) {
        let mut entry = header.flush().expect("a sound header");
        self.tally.moved += 1;
        let first = self.held.len();
        while entry != 0 {
            let next = contents(entry, 8).link();
            assert!(self.take(entry), "what a header keeps was used");
            entry = next;
        }
        while self.held.len() > first {
            let held = self.give();
            header.push(held.at).expect("an entry");
            self.tally.moved += 1;
        }
    }

    fn step(&mut self, operation: Operation) {
        let ground = self.ground;
        match operation {
            On(_, action) => self.step_on_list(ground.list(), action),
            AllocateFor(_, fit, is_zeroed) => {
                let layout = fit.layout(ground.bytes);
                let block = ground.list().allocate_for(layout, is_zeroed);
                let is_hit = self.take(block.expect("an entry").0);
                self.tally.counted.count_allocation(is_hit);
                let held = self.held.last_mut();
                held.expect("an entry").layout = Some(layout);
            }
            Tick(_) => host::tick(),
            PlainPop => {
                let entry = ground.header().pop().expect("a sound header");
                self.take(entry);
            }
            PlainPush(_) => {
                let entry = self.give().at;
                ground.header().push(entry).expect("an entry");
            }
            PlainFlush => self.move_all(ground.header()),
            PoolAllocate(request) => {
                let bytes = 16 + request.bytes() % 8_000;
                self.hold(pool_block(bytes, POOL_TAG), bytes);
            }
            PoolFree(..) => {
                let block = pointer(self.give().at);
                // SAFETY: a block that this thread has allocated with this tag.
                unsafe { ExFreePoolWithTag(block, POOL_TAG) };
            }
            other => panic!("not for threads: {other:?}"),
        }
    }

    fn step_on_list(&mut self, list: List, action: Action) {
        match action {
            Action::Allocate => {
                let is_hit = self.take(list.allocate().expect("an entry"));
                self.tally.counted.count_allocation(is_hit);
            }
            Action::Free(_) => {
                let Held { at, layout, .. } = self.give();
                let freed = match layout {
                    Some(layout) => list.free_for(at, layout),
                    None => list.free(at),
                };
                freed.expect("an entry of the list");
                self.tally.counted.frees += 1;
            }
            Action::Flush => {
                list.flush().expect("a list");
                self.tally.flushes += 1;
            }
            Action::SetDepth(depth) => list.set_depth(depth),
            Action::Pop => {
                let entry = list.header().pop().expect("a sound header");
                self.tally.counted.count_pop();
                self.take(entry);
            }
            Action::Push(_) => {
                let entry = self.give().at;
                list.header().push(entry).expect("an entry of the list");
            }
            Action::FlushRaw => self.move_all(list.header()),
            other => panic!("not for threads: {other:?}"),
        }
    }

    /// Takes and gives as long as it is to go on, and then gives all back.
    fn work(mut self, [take, give]: Way, mut goes_on: impl FnMut() -> bool) -> Tally {
        while goes_on() {
            let is_full = self.held.len() == 6;
            let takes = self.held.is_empty() || (!is_full && self.random.below(2) == 0);
            let operation = if takes { take } else { give }(&mut self.random);
            self.step(operation);
        }
        while !self.held.is_empty() {
            let operation = give(&mut self.random);
            self.step(operation);
        }
        self.tally
    }
}

/// Counts a thread as one that works, until it ends, whether it fails or not.
struct Working<'a>(&'a AtomicUsize);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        // Relaxed, as where it is read.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets so many threads take and give in turn by each of the ways, with the companions beside them;
/// what each of the threads did, and each of the companions.
fn stress(ground: &Ground, threads: usize, ways: &[Way], companions: &[Way]) -> [Vec<Tally>; 2] {
    let seed = setting("SEED", 0x57_2E55);
    let operations = (setting("STRESS_OPERATIONS", 60_000) / threads as u64).max(100);
    println!("SEED={seed} threads {threads}, {} bytes", ground.bytes);
    let working = &AtomicUsize::new(threads);
    thread::scope(|scope| {
        let companions: Vec<_> = (1_u64..)
            .zip(companions)
            .map(|(number, &way)| {
                let worker = Worker::new(ground, seed ^ number << 32);
                let goes_on = || {
                    ground.look();
                    thread::yield_now();
                    // Relaxed: only whether a thread works matters.
                    working.load(Ordering::Relaxed) > 0
                };
                scope.spawn(move || worker.work(way, goes_on))
            })
            .collect();
        let users: Vec<_> = (0..threads)
            .map(|number| {
                let way = ways[number % ways.len()];
                let worker = Worker::new(ground, seed.wrapping_add(number as u64));
                scope.spawn(move || {
                    let _working = Working(working);
                    let mut left = 0..operations;
                    worker.work(way, || left.next().is_some())
                })
            })
            .collect();
        [users, companions].map(|threads| {
            let ended = threads.into_iter().map(|thread| thread.join());
            ended.map(|tally| tally.expect("no thread fails")).collect()
        })
    })
}

/// A list that must not outlive its storage, even where a test fails.
struct GivenUp(List);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if thread::panicking() {
            // Already failing.
            let _ = self.0.give_up();
        }
    }
}

/// A list under threads: its totals are those of the threads, and it loses no entry.
fn use_list(
    route: Route,
    bytes: usize,
    threads: usize,
    ways: &[Way],
    companions: &[Way],
    flaw: Option<Flaw>,
) {
    let options = Options::plain(route, bytes, TAG);
    let storage = Outside::zeroed(0x80);
    let mut list = if route.is_handle() {
        List::of_handle(&options).expect("there is pool for a list")
    } else {
        // SAFETY: the storage outlives the list, which is given up if this test fails.
        let list = unsafe { List::in_storage(storage.as_ptr().cast(), &options) };
        list.expect("the options are legal")
    };
    if route.is_confined() {
        list.share().expect("this thread may share it");
    }
    let _given_up = GivenUp(list);
    list.set_depth(16);
    let ground = Ground {
        list: Some(list),
        header: None,
        bytes,
        flaw,
    };
    let before = host::allocations(TAG);
    let [tallies, beside] = stress(&ground, threads, ways, companions);
    for tally in &tallies {
        let is_raw = tally.counted.frees == 0;
        let none = if is_raw { tally.misses } else { tally.failures };
        assert_eq!(
            none, 0,
            "a list has entries for all, a header none that is fresh"
        );
    }
    let fields = list.fields();
    assert_eq!(
        [
            fields.total_allocates,
            fields.allocate_misses,
            fields.total_frees
        ],
        [
            sum(&tallies, |tally| tally.counted.allocates),
            sum(&tallies, |tally| tally.counted.allocate_misses),
            sum(&tallies, |tally| tally.counted.frees),
        ],
        "every call is counted"
    );
    let made = host::allocations(TAG) - before;
    assert_eq!(made, fields.allocate_misses.into());
    let kept = list.current_depth();
    let usage = host::usage();
    let is_paged = route == Route::Paged;
    let live = usage.get(&(TAG, is_paged)).map_or(0, |usage| usage.blocks);
    assert_eq!(live, kept.into(), "none is lost");
    if sum(&beside, |tally| tally.flushes) == 0 && ways.len() == 1 {
        // Less what ticks have trimmed.
        let missed = fields.allocate_misses - fields.free_misses;
        assert!(u32::from(kept) <= missed, "{kept} of {missed}");
    }
    list.delete().expect("a list");
    host::assert_clean();
}

#[test]
fn lists_hand_every_entry_to_one_thread_and_count_exactly() {
    let _turn = TURN.lock();
    for threads in CROWDS {
        let lists: [(Route, usize, &[Way]); 4] = [
            (Route::Raw, 64, &[POOL, TUNE]),
            (Route::Raw, 200, &[POOL, TUNE, FLUSH]),
            (Route::NPaged, 32, &[POOL, TUNE]),
            (Route::Paged, 1000, &[POOL, TUNE, FLUSH_RAW]),
        ];
        for (route, bytes, companions) in lists {
            use_list(route, bytes, threads, &[ENTRIES], companions, None);
        }
    }
}

#[test]
fn handles_hand_every_entry_to_one_thread_and_count_exactly() {
    let _turn = TURN.lock();
    let ways = &[ENTRIES, LAYOUTS];
    for threads in CROWDS {
        use_list(Route::Safe, 120, threads, ways, &[POOL, TICK], None);
        use_list(Route::Local, 120, threads, ways, &[POOL, TICK, FLUSH], None);
    }
}

#[test]
fn s_list_routines_on_a_lists_header_work_beside_its_own() {
    let _turn = TURN.lock();
    for threads in CROWDS {
        let companions = [FLUSH, TICK, POOL];
        use_list(Route::Raw, 96, threads, &[ENTRIES, RAW], &companions, None);
    }
}

#[test]
fn flaws_of_totals_are_found() {
    let _turn = TURN.lock();
    for flaw in [Flaw::HitIsMiss, Flaw::RawPopCounts] {
        let said = world::failure(|| use_list(Route::Raw, 64, 2, &[ENTRIES, RAW], &[], Some(flaw)));
        let said = said.expect("the totals are wrong");
        assert!(said.contains("every call is counted"), "{flaw:?}: {said}");
    }
}

#[test]
fn a_header_on_plain_memory_loses_no_entry_and_gives_none_twice() {
    const ENTRIES: u32 = 20;
    const BYTES: usize = 48;
    let _turn = TURN.lock();
    for threads in CROWDS {
        let storage = Outside::zeroed(size_of::<SListHeader>());
        // SAFETY: the storage outlives all that is done here.
        let header = unsafe { Header::initialised_at(storage.as_ptr().cast()) };
        let ground = Ground {
            list: None,
            header: Some(header),
            bytes: BYTES,
            flaw: None,
        };
        let mut entries: Vec<usize> = (0..ENTRIES)
            .map(|_| {
                let entry = pool_block(BYTES, TAG);
                contents(entry, BYTES).fill(0);
                header.push(entry).expect("an entry");
                entry
            })
            .collect();
        let [tallies, beside] = stress(&ground, threads, &[PLAIN], &[PLAIN_FLUSH, POOL]);
        let hits = sum(&tallies, |tally| tally.hits);
        let given = sum(&tallies, |tally| tally.given);
        assert_eq!((sum(&tallies, |tally| tally.misses), given), (0, hits));
        // A pop that finds nothing changes nothing; every other step makes Sequence one more.
        let steps = ENTRIES + hits + given + sum(&beside, |tally| tally.moved);
        // SAFETY: no other thread uses it any more.
        let alignment = unsafe { (*header.as_ptr()).alignment };
        assert_eq!(alignment >> 16, u64::from(steps));
        let mut left = Vec::new();
        while let Ok(entry @ 1..) = header.pop() {
            left.push(entry);
        }
        left.sort_unstable();
        entries.sort_unstable();
        assert_eq!(left, entries, "all are there, once");
        for entry in left {
            // SAFETY: allocated above, and on no header.
            unsafe { ExFreePoolWithTag(pointer(entry), TAG) };
        }
        host::assert_clean();
    }
}

#[test]
fn the_pool_counts_exactly_under_threads() {
    let _turn = TURN.lock();
    let ground = Ground {
        list: None,
        header: None,
        bytes: 0,
        flaw: None,
    };
    for threads in CROWDS {
        let before = host::allocations(POOL_TAG);
        let [tallies, _] = stress(&ground, threads, &[POOL], &[]);
        let made = host::allocations(POOL_TAG) - before;
        assert_eq!(made, sum(&tallies, |tally| tally.given).into());
        host::assert_clean();
    }
}
