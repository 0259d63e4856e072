//! Threads that take and give back entries of one source, each filled with its holder's pattern.
//!
//! `STRESS_OPERATIONS` says how many operations a scenario does.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use ntoskrnl_emu::host::POISON;
use wdm::PoolType;

use crate::common::*;

/// Where entries come from and where they go.
pub trait Source: Sync {
    /// An entry; null for none.
    fn allocate(&self) -> Block;
    fn free(&self, entry: Block);
}

impl Source for List {
    fn allocate(&self) -> Block {
        self.allocate()
    }

    fn free(&self, entry: Block) {
        self.free(entry);
    }
}

/// A header by the S-list routines.
pub struct Raw<'a>(pub &'a Header);

impl Source for Raw<'_> {
    fn allocate(&self) -> Block {
        pop(self.0.as_ptr())
    }

    fn free(&self, entry: Block) {
        push(self.0.as_ptr(), entry);
    }
}

/// The header of a list by the S-list routines.
pub struct RawList<'a>(pub &'a List);

impl Source for RawList<'_> {
    fn allocate(&self) -> Block {
        pop(self.0.header())
    }

    fn free(&self, entry: Block) {
        push(self.0.header(), entry);
    }
}

/// What the threads did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Allocations asked for.
    pub calls: u32,
    /// Those that had an entry which some thread had before.
    pub hits: u32,
    /// Those that had an entry fresh from pool.
    pub misses: u32,
    /// Those that had none.
    pub failures: u32,
    pub frees: u32,
}

impl Tally {
    pub fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            failures: self.failures + other.failures,
            frees: self.frees + other.frees,
        }
    }
}

/// How many operations a scenario of so many threads does in each.
pub fn operations(threads: usize) -> usize {
    let all = match std::env::var("STRESS_OPERATIONS") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("STRESS_OPERATIONS={text}: {error}")),
        Err(_) => 60_000,
    };
    usize::max(all / threads, 100)
}

const GRANULES: usize = (64 << 20) / 16;

/// The owner of each 16 bytes of the pool, as far as this test handed them out.
static OWNERS: [AtomicU32; GRANULES] = [const { AtomicU32::new(0) }; GRANULES];

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A number that no other owner has.
pub fn new_owner() -> u32 {
    // Relaxed: the number only has to be different from every other.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn owners_of(entry: Block, bytes: usize) -> &'static [AtomicU32] {
    let first = entry.offset() as usize / 16;
    &OWNERS[first..first + bytes.div_ceil(16)]
}

// Relaxed in both: of two threads that were given one entry the swap finds out which is second,
// whatever else they see.

/// Notes the owner of an entry; no other owner may have a part of it.
#[track_caller]
fn take_over(entry: Block, bytes: usize, owner: u32) {
    for place in owners_of(entry, bytes) {
        let before = place.swap(owner, Ordering::Relaxed);
        assert_eq!(before, 0, "{entry:x?} was handed out twice");
    }
}

#[track_caller]
fn give_up(entry: Block, bytes: usize, owner: u32) {
    for place in owners_of(entry, bytes) {
        let before = place.swap(0, Ordering::Relaxed);
        assert_eq!(before, owner, "{entry:x?} is another owner's");
    }
}

/// The pattern of word `index`, by what stands in word 1.
fn pattern(mark: u64, index: usize) -> u64 {
    match index {
        1 => mark,
        _ => Random::new(mark ^ index as u64).next(),
    }
}

/// Writes the whole of an entry.
pub fn fill(entry: Block, bytes: usize, owner: u32, serial: u32) {
    let mark = u64::from(owner) << 32 | u64::from(serial);
    for index in 0..bytes / 8 {
        entry.write(index, pattern(mark, index));
    }
}

/// The owner and serial number of a pattern that is whole from a word on: a list that keeps an
/// entry uses word 0.
#[track_caller]
pub fn expect_whole(entry: Block, bytes: usize, from: usize) -> (u32, u32) {
    let mark = entry.read(1);
    for index in from..bytes / 8 {
        let word = entry.read(index);
        assert_eq!(word, pattern(mark, index), "word {index} of {entry:x?}");
    }
    ((mark >> 32) as u32, mark as u32)
}

/// One thread and what it holds.
pub struct User<'a> {
    source: &'a dyn Source,
    bytes: usize,
    owner: u32,
    held: Vec<(Block, u32)>,
    pub tally: Tally,
}

impl<'a> User<'a> {
    /// A user of entries of so many bytes, at least 16.
    pub fn new(source: &'a dyn Source, bytes: usize) -> Self {
        Self {
            source,
            bytes,
            owner: new_owner(),
            held: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn allocate(&mut self) {
        let entry = self.source.allocate();
        self.tally.calls += 1;
        if entry.is_null() {
            self.tally.failures += 1;
            return;
        }
        take_over(entry, self.bytes, self.owner);
        if entry.read(1) == u64::from_ne_bytes([POISON; 8]) {
            self.tally.misses += 1;
            for index in 0..self.bytes / 8 {
                assert_eq!(
                    entry.read(index),
                    entry.read(1),
                    "a fresh entry is written over"
                );
            }
        } else {
            self.tally.hits += 1;
            expect_whole(entry, self.bytes, 1);
        }
        fill(entry, self.bytes, self.owner, self.tally.calls);
        self.held.push((entry, self.tally.calls));
    }

    fn free(&mut self, index: usize) {
        let (entry, serial) = self.held.swap_remove(index);
        let whole = expect_whole(entry, self.bytes, 0);
        assert_eq!(whole, (self.owner, serial), "an entry that was never freed");
        give_up(entry, self.bytes, self.owner);
        self.tally.frees += 1;
        self.source.free(entry);
    }

    /// So many operations, and then all is given back.
    pub fn work(mut self, operations: usize, random: &mut Random) -> Tally {
        for _ in 0..operations {
            let is_full = self.held.len() == 6;
            if self.held.is_empty() || (!is_full && random.below(2) == 0) {
                self.allocate();
            } else {
                self.free(random.below(self.held.len()));
            }
        }
        while !self.held.is_empty() {
            self.free(0);
        }
        self.tally
    }
}

/// Counts a thread as one that works, until it ends in whatever way.
struct Working<'a>(&'a AtomicUsize);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        // Relaxed, as where it is read: only whether a thread works matters.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a thread beside the users does over and over while they work.
pub type Companion<'a> = &'a (dyn Fn(&mut Random) + Sync);

/// Lets so many threads use each source in turn with the companions beside them, and returns what
/// the users of each source did.
pub fn stress<const SOURCES: usize>(
    threads: usize,
    bytes: usize,
    sources: [&dyn Source; SOURCES],
    companions: &[Companion<'_>],
) -> [Tally; SOURCES] {
    let seed = seed(0x57_2E55);
    println!("SEED={seed} threads {threads}, {bytes} bytes");
    let working = &AtomicUsize::new(threads);
    thread::scope(|scope| {
        for (number, companion) in companions.iter().enumerate() {
            scope.spawn(move || {
                let mut random = Random::new(seed ^ (number as u64) << 32);
                while working.load(Ordering::Relaxed) > 0 {
                    companion(&mut random);
                    thread::yield_now();
                }
            });
        }
        let users: Vec<_> = (0..threads)
            .map(|number| {
                let source = sources[number % SOURCES];
                scope.spawn(move || {
                    let _working = Working(working);
                    let mut random = Random::new(seed + number as u64);
                    User::new(source, bytes).work(operations(threads), &mut random)
                })
            })
            .collect();
        let mut tallies = [Tally::default(); SOURCES];
        for (number, user) in users.into_iter().enumerate() {
            let tally = &mut tallies[number % SOURCES];
            *tally = tally.plus(user.join().expect("no user fails"));
        }
        tallies
    })
}

/// A companion: pool blocks of all sizes come and go, each full of a pattern.
pub fn pool_blocks(random: &mut Random) {
    let mark = tag(b"StPl");
    let owner = new_owner();
    let blocks: Vec<(Block, usize)> = (0..8)
        .map(|serial| {
            let bytes = 16 + random.below(2_000) + random.below(2) * random.below(8_000);
            let block = allocate_pool(PoolType::PAGED_POOL, bytes, mark);
            assert!(!block.is_null(), "the pool has room");
            take_over(block, bytes, owner);
            fill(block, bytes, owner, serial);
            (block, bytes)
        })
        .collect();
    for (serial, (block, bytes)) in blocks.into_iter().enumerate() {
        assert_eq!(expect_whole(block, bytes, 0), (owner, serial as u32));
        give_up(block, bytes, owner);
        free_pool_with_tag(block, mark);
    }
}

/// A companion's work: takes all that a header keeps, and gives it back entry by entry.
pub fn flush_and_return(flush: impl Fn() -> Block, source: &dyn Source, bytes: usize) -> u32 {
    let owner = new_owner();
    let mut entries = Vec::new();
    let mut entry = flush();
    while !entry.is_null() {
        let next = entry.read(0) as usize;
        take_over(entry, bytes, owner);
        expect_whole(entry, bytes, 1);
        entries.push(entry);
        entry = Block(std::ptr::with_exposed_provenance_mut(next));
    }
    for &entry in &entries {
        expect_whole(entry, bytes, 1);
        give_up(entry, bytes, owner);
        source.free(entry);
    }
    entries.len() as u32
}
