//! What one allocation and one free cost together, beside peers.
//!
//! All contenders run in one process and take turns, round by round, so that what disturbs the
//! machine disturbs all of them. Each checks its own counters after every round: a contender that
//! does not do its work fails the run. `bench/README.md` says how to read the table and what is
//! unfair in which column.
//!
//! Run by `deno task bench`, or `cargo bench -p win-lookaside`. The exit code is 1 when the ratio
//! that the project promises is not held.

use std::alloc::{Layout, handle_alloc_error};
use std::hint::black_box;
use std::process::ExitCode;
use std::ptr::null_mut;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use win_lookaside::{LocalLookasideAlloc, LookasideAlloc, PoolType, Stats};

const ENTRY: Layout = match Layout::from_size_align(64, 16) {
    Ok(layout) => layout,
    Err(_) => panic!("64 bytes, aligned to 16, are a layout"),
};
/// How many entries a list may keep. A tick brings the lists here; the peer begins with it.
const DEPTH: u16 = 256;
/// Pairs per round and contender: few enough for a round to fit between two switches of the scheduler.
const PAIRS: u32 = 1 << 16;
const WARM_UP_ROUNDS: usize = 20;
const ROUNDS: usize = 201;
const BURST: usize = 32;
/// Slots of the random pattern.
const SLOTS: usize = 128;
const THREADS: [usize; 2] = [2, 4];
/// Pairs of each thread per round where several work on one list.
const SHARED_PAIRS: u32 = 1 << 20;
const SHARED_ROUNDS: usize = 7;
/// A round of several threads counts when the process had at least this share of the cores that it
/// can use.
const LEAST_SHARE: f64 = 0.9;
/// What a shared list may cost at most, in pairs of the plain list behind a lock.
const BOUND: f64 = 1.3;

/// What is measured: entries of 64 bytes, with the counters of a lookaside list where it has them.
trait Contender: Sync {
    fn alloc(&self) -> *mut u8;

    /// # Safety
    ///
    /// * `entry` came from `alloc` of this contender and is not freed yet.
    unsafe fn free(&self, entry: *mut u8);

    /// What the contender has counted since the beginning, if it counts.
    fn counts(&self) -> Option<Counts>;
}

/// Allocations, those of them that missed, and frees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    allocates: u32,
    misses: u32,
    frees: u32,
}

impl From<Stats> for Counts {
    fn from(stats: Stats) -> Self {
        Self {
            allocates: stats.total_allocates,
            misses: stats.allocate_misses,
            frees: stats.total_frees,
        }
    }
}

impl Contender for LookasideAlloc {
    #[inline]
    fn alloc(&self) -> *mut u8 {
        LookasideAlloc::alloc(self)
    }

    #[inline]
    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: the caller's word.
        unsafe { LookasideAlloc::free(self, entry) };
    }

    fn counts(&self) -> Option<Counts> {
        self.stats().map(Counts::from)
    }
}

/// A list of one thread. `Contender` asks for `Sync`, which the list is not.
struct Local(LocalLookasideAlloc);

// SAFETY: used by the main thread only; the patterns of several threads never get one.
unsafe impl Sync for Local {}

impl Contender for Local {
    #[inline]
    fn alloc(&self) -> *mut u8 {
        self.0.alloc()
    }

    #[inline]
    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: the caller's word.
        unsafe { self.0.free(entry) };
    }

    fn counts(&self) -> Option<Counts> {
        self.0.stats().map(Counts::from)
    }
}

/// The locking of win-lookaside 0.1: a spin lock around every call, here over a plain linked list
/// with a limit and the four counters of a lookaside list, and no check of anything.
struct Locked(spin::Mutex<Plain>);

struct Plain {
    first: *mut Link,
    current: u16,
    depth: u16,
    total_allocates: u32,
    allocate_misses: u32,
    total_frees: u32,
    free_misses: u32,
}

struct Link {
    next: *mut Link,
}

// SAFETY: the list owns its entries, and no thread has a claim on another's.
unsafe impl Send for Plain {}

impl Locked {
    fn new() -> Self {
        Self(spin::Mutex::new(Plain {
            first: null_mut(),
            current: 0,
            depth: DEPTH,
            total_allocates: 0,
            allocate_misses: 0,
            total_frees: 0,
            free_misses: 0,
        }))
    }
}

impl Contender for Locked {
    #[inline]
    fn alloc(&self) -> *mut u8 {
        let mut list = self.0.lock();
        list.total_allocates = list.total_allocates.wrapping_add(1);
        let first = list.first;
        if first.is_null() {
            list.allocate_misses = list.allocate_misses.wrapping_add(1);
            drop(list);
            return System.alloc();
        }
        // SAFETY: an entry that the list keeps begins with its link.
        list.first = unsafe { (*first).next };
        list.current -= 1;
        first.cast()
    }

    #[inline]
    unsafe fn free(&self, entry: *mut u8) {
        let mut list = self.0.lock();
        list.total_frees = list.total_frees.wrapping_add(1);
        if list.current >= list.depth {
            list.free_misses = list.free_misses.wrapping_add(1);
            drop(list);
            // SAFETY: every entry of this list was once made by `System`.
            unsafe { System.free(entry) };
            return;
        }
        let link = entry.cast::<Link>();
        // SAFETY: the entry is the list's from here on, and large enough for a link.
        unsafe { (*link).next = list.first };
        list.first = link;
        list.current += 1;
    }

    fn counts(&self) -> Option<Counts> {
        let list = self.0.lock();
        Some(Counts {
            allocates: list.total_allocates,
            misses: list.allocate_misses,
            frees: list.total_frees,
        })
    }
}

/// The system's allocator, glibc's `malloc` on Linux: no list, no counters.
struct System;

impl Contender for System {
    #[inline]
    fn alloc(&self) -> *mut u8 {
        // SAFETY: the layout's size is not zero.
        let entry = unsafe { std::alloc::alloc(ENTRY) };
        if entry.is_null() {
            handle_alloc_error(ENTRY);
        }
        entry
    }

    #[inline]
    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: the caller's word, and there is one layout only.
        unsafe { std::alloc::dealloc(entry, ENTRY) };
    }

    fn counts(&self) -> Option<Counts> {
        None
    }
}

/// Allocates, writes one byte, reads it back. The sum of what was read is the round's checksum.
#[inline]
fn touch<C: Contender>(contender: &C, value: u32) -> (*mut u8, u32) {
    let entry = black_box(contender.alloc());
    assert!(!entry.is_null(), "no entry could be had");
    // SAFETY: the entry is 64 bytes and ours.
    unsafe { entry.write_volatile(value as u8) };
    // SAFETY: as above.
    (entry, u32::from(unsafe { entry.read_volatile() }))
}

/// One entry, allocated and freed, over and over.
fn tight<C: Contender>(contender: &C, pairs: u32) -> u32 {
    let mut sum = 0_u32;
    for round in 0..pairs {
        let (entry, value) = touch(contender, round);
        sum = sum.wrapping_add(value);
        // SAFETY: allocated above.
        unsafe { contender.free(entry) };
    }
    sum
}

/// 32 entries allocated, then freed in the same order.
fn burst<C: Contender>(contender: &C, pairs: u32) -> u32 {
    let mut held = [null_mut(); BURST];
    let mut sum = 0_u32;
    for start in (0..pairs).step_by(BURST) {
        for (index, place) in held.iter_mut().enumerate() {
            let (entry, value) = touch(contender, start + index as u32);
            *place = entry;
            sum = sum.wrapping_add(value);
        }
        for &entry in &held {
            // SAFETY: allocated above.
            unsafe { contender.free(entry) };
        }
    }
    sum
}

/// A random one of 128 slots is freed if it holds an entry and filled again. What is still held at
/// the end is freed, so there are as many frees as allocations.
fn random<C: Contender>(contender: &C, pairs: u32) -> u32 {
    let mut held = [null_mut::<u8>(); SLOTS];
    let mut sum = 0_u32;
    let mut seed = 0x2545_F491_u32;
    for round in 0..pairs {
        // xorshift32 (Marsaglia, "Xorshift RNGs").
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        let place = &mut held[seed as usize % SLOTS];
        if !place.is_null() {
            // SAFETY: held, so allocated and not freed.
            unsafe { contender.free(*place) };
        }
        let (entry, value) = touch(contender, round);
        *place = entry;
        sum = sum.wrapping_add(value);
    }
    for entry in held.into_iter().filter(|entry| !entry.is_null()) {
        // SAFETY: held, so allocated and not freed.
        unsafe { contender.free(entry) };
    }
    sum
}

/// What `touch` must have read in all: each round's number, its low byte.
fn checksum(pairs: u32) -> u32 {
    (0..pairs).fold(0, |sum, round| sum.wrapping_add(round & 0xff))
}

/// One run of a pattern, checked: nanoseconds per pair.
fn measure<C: Contender>(contender: &C, pattern: fn(&C, u32) -> u32, pairs: u32) -> f64 {
    let before = contender.counts();
    let start = Instant::now();
    let sum = pattern(contender, pairs);
    let elapsed = start.elapsed();
    assert_eq!(sum, checksum(pairs), "what was written was not read back");
    check_counts(before, contender.counts(), pairs);
    nanoseconds(elapsed) / f64::from(pairs)
}

/// As many frees as allocations, and every allocation a hit.
fn check_counts(before: Option<Counts>, after: Option<Counts>, pairs: u32) {
    if let (Some(before), Some(after)) = (before, after) {
        let wanted = Counts {
            allocates: before.allocates.wrapping_add(pairs),
            misses: before.misses,
            frees: before.frees.wrapping_add(pairs),
        };
        assert_eq!(after, wanted, "the counters are wrong");
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// `threads` threads run the tight pattern on one contender: core-nanoseconds per pair, and the
/// share of its cores that the process had, where the system tells.
fn measure_threads<C: Contender>(contender: &C, threads: usize) -> (f64, Option<f64>) {
    let before = contender.counts();
    let barrier = Barrier::new(threads);
    let runs: Vec<_> = std::thread::scope(|scope| {
        let work = || {
            barrier.wait();
            let on_core = time_on_core();
            let start = Instant::now();
            let sum = tight(contender, SHARED_PAIRS);
            let end = Instant::now();
            assert_eq!(sum, checksum(SHARED_PAIRS), "what was written was not read");
            let on_core = time_on_core()
                .zip(on_core)
                .map(|(after, before)| after - before);
            (start, end, on_core)
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: ScopedJoinHandle<'_, _>| worker.join();
        let joined: Result<_, _> = workers.into_iter().map(join).collect();
        joined.expect("a thread of the benchmark panicked")
    });
    // The threads' own clocks: this one may be scheduled long after they have begun.
    let start = runs.iter().map(|&(start, ..)| start).min();
    let end = runs.iter().map(|&(_, end, _)| end).max();
    let wall = end
        .zip(start)
        .map_or(Duration::ZERO, |(end, start)| end - start);
    let on_core: Option<u64> = runs.iter().map(|&(.., on_core)| on_core).sum();
    let all = SHARED_PAIRS * threads as u32;
    check_counts(before, contender.counts(), all);
    let cores = threads.min(available_cores()) as f64;
    let wall = nanoseconds(wall) * cores;
    (
        wall / f64::from(all),
        on_core.map(|time| time as f64 / wall),
    )
}

fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Nanoseconds that the calling thread has run, where the system tells it in a file.
fn time_on_core() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The samples of one contender in one column.
#[derive(Default)]
struct Samples {
    kept: Vec<f64>,
    /// Of rounds in which the process did not get its cores.
    disturbed: Vec<f64>,
}

impl Samples {
    fn add(&mut self, sample: f64, share: Option<f64>) {
        if share.is_none_or(|share| share >= LEAST_SHARE) {
            self.kept.push(sample);
        } else {
            self.disturbed.push(sample);
        }
    }

    /// Those to look at: the disturbed ones only where there are no others.
    fn sorted(&self) -> Vec<f64> {
        let chosen = if self.kept.is_empty() {
            &self.disturbed
        } else {
            &self.kept
        };
        let mut sorted = chosen.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn minimum(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    fn cell(&self) -> String {
        let mark = if self.kept.is_empty() { "*" } else { "" };
        format!("{:.1} / {:.1}{mark}", self.median(), self.minimum())
    }
}

/// One line of the table.
struct Row {
    name: &'static str,
    cells: Vec<Samples>,
}

fn print_table(title: &str, columns: &[String], rows: &[Row]) {
    println!("{title}");
    print!("  {:<34}", "");
    for column in columns {
        print!("{column:>16}");
    }
    println!();
    for row in rows {
        print!("  {:<34}", row.name);
        for cell in &row.cells {
            let text = cell.cell();
            print!("{text:>16}");
        }
        println!();
    }
    println!();
}

const NAMES: [&str; 4] = [
    "LookasideAlloc",
    "LocalLookasideAlloc",
    "spin lock, plain list (as 0.1)",
    "system allocator",
];
const SHARED: usize = 0;
const LOCAL: usize = 1;
const LOCKED: usize = 2;
const SYSTEM: usize = 3;

fn rows(columns: usize, names: &[&'static str]) -> Vec<Row> {
    names
        .iter()
        .map(|&name| Row {
            name,
            cells: (0..columns).map(|_| Samples::default()).collect(),
        })
        .collect()
}

fn main() -> ExitCode {
    let pool = PoolType::NON_PAGED_POOL_NX;
    let shared = LookasideAlloc::try_new(ENTRY.size(), pool, None, None, None, None)
        .expect("a list can be made");
    let local = Local(
        LocalLookasideAlloc::try_new(ENTRY.size(), pool, None, None, None, None)
            .expect("a list can be made"),
    );
    let locked = Locked::new();
    deepen(&shared, &local);
    // Fills the peer with as many entries.
    overdraw(&locked);

    let mut alone = rows(3, &NAMES);
    // Side by side in time, so that the ratio of one round is of one moment.
    macro_rules! column {
        ($column:expr, $pattern:ident) => {
            alone[SHARED].cells[$column].add(measure(&shared, $pattern, PAIRS), None);
            alone[LOCAL].cells[$column].add(measure(&local, $pattern, PAIRS), None);
            alone[LOCKED].cells[$column].add(measure(&locked, $pattern, PAIRS), None);
            alone[SYSTEM].cells[$column].add(measure(&System, $pattern, PAIRS), None);
        };
    }
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        if round == WARM_UP_ROUNDS {
            alone = rows(3, &NAMES);
        }
        column!(0, tight);
        column!(1, burst);
        column!(2, random);
    }
    let columns = ["tight", "burst of 32", "random of 128"].map(String::from);
    print_table(
        "Rust, one thread: ns per pair of allocate and free, median / minimum",
        &columns,
        &alone,
    );

    let mut together = rows(
        THREADS.len(),
        &[NAMES[SHARED], NAMES[LOCKED], NAMES[SYSTEM]],
    );
    for _ in 0..SHARED_ROUNDS {
        for (column, &threads) in THREADS.iter().enumerate() {
            let samples = [
                measure_threads(&shared, threads),
                measure_threads(&locked, threads),
                measure_threads(&System, threads),
            ];
            for (row, (sample, share)) in together.iter_mut().zip(samples) {
                row.cells[column].add(sample, share);
            }
        }
    }
    let columns = THREADS.map(|threads| format!("{threads} threads"));
    print_table(
        "Rust, several threads on one list: core-ns per pair, median / minimum",
        &columns,
        &together,
    );
    println!(
        "  {} cores. * = no round in which the process had {:.0} % of them.",
        available_cores(),
        LEAST_SHARE * 100.0
    );
    println!();
    judge(&alone)
}

/// Raises the depths to the peer's, by working both lists hard between ticks.
fn deepen(shared: &LookasideAlloc, local: &Local) {
    for _ in 0..DEPTH.ilog2() {
        overdraw(shared);
        overdraw(local);
        ntoskrnl_emu::tick();
    }
    for stats in [shared.stats(), local.0.stats()] {
        assert_eq!(
            stats.map(|stats| stats.depth),
            Some(DEPTH),
            "the depth is not raised"
        );
    }
}

/// Allocates more than a list may keep, and frees it.
fn overdraw<C: Contender>(list: &C) {
    let held: Vec<_> = (0..usize::from(DEPTH) * 2).map(|_| list.alloc()).collect();
    for entry in held {
        // SAFETY: allocated above.
        unsafe { list.free(entry) };
    }
}

/// Prints the ratios and says whether the promised one is held.
fn judge(alone: &[Row]) -> ExitCode {
    let mut worst = 0.0_f64;
    println!("Rust, medians of the rounds' ratios to the spin lock around a plain list");
    for (column, name) in ["tight", "burst of 32", "random of 128"].iter().enumerate() {
        let shared = ratio(alone, SHARED, column);
        let local = ratio(alone, LOCAL, column);
        println!("  {name:<14} LookasideAlloc {shared:.2}, LocalLookasideAlloc {local:.2}");
        worst = worst.max(shared);
    }
    let is_held = worst <= BOUND;
    println!(
        "  {}: LookasideAlloc at most {BOUND} times the lock: {worst:.2} at worst",
        if is_held { "held" } else { "NOT HELD" }
    );
    ExitCode::from(u8::from(!is_held))
}

/// How many times the lock's pair a contender's takes, round by round: what slowed a whole round
/// down does not count.
fn ratio(alone: &[Row], row: usize, column: usize) -> f64 {
    let samples = |row: usize| alone[row].cells[column].kept.iter();
    let mut ratios = Samples::default();
    for (sample, peer) in samples(row).zip(samples(LOCKED)) {
        ratios.add(sample / peer, None);
    }
    ratios.median()
}
