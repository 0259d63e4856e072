//! Several threads at once: on one source, each on its own, and one that gives to another.

use std::sync::Barrier;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::{Duration, Instant};

use crate::patterns::{checksum, tight};
use crate::sources::Source;

/// A round of several threads counts when the process had at least this share of the cores that it
/// can use.
const LEAST_SHARE: f64 = 0.9;

/// What a round of several threads took.
pub struct Round {
    /// Nanoseconds from the first beginning to the last end, for each pair of all threads.
    pub wall: f64,
    /// Whether the process had its cores, where the system tells.
    pub is_undisturbed: bool,
}

impl Round {
    /// Wall time, times the cores in use.
    pub fn core_time(&self, threads: usize) -> f64 {
        self.wall * threads.min(cores()) as f64
    }
}

/// The cores that the process can use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Nanoseconds that the calling thread has run, where the system tells it in a file.
fn time_on_core() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Runs work in so many threads, which all begin at once. Each makes what it needs first.
fn together<S>(
    threads: usize,
    pairs: u32,
    prepare: impl Fn() -> S + Sync,
    work: impl Fn(S, usize) + Sync,
) -> Round {
    let barrier = Barrier::new(threads);
    let times: Vec<(Instant, Instant, Option<u64>)> = std::thread::scope(|scope| {
        let (barrier, prepare, work) = (&barrier, &prepare, &work);
        let run = move |index: usize| {
            let prepared = prepare();
            barrier.wait();
            let on_core = time_on_core();
            let start = Instant::now();
            work(prepared, index);
            let end = Instant::now();
            let on_core = time_on_core()
                .zip(on_core)
                .map(|(after, before)| after.saturating_sub(before));
            (start, end, on_core)
        };
        let workers: Vec<_> = (0..threads)
            .map(|index| scope.spawn(move || run(index)))
            .collect();
        let joined: Result<_, _> = workers.into_iter().map(|worker| worker.join()).collect();
        joined.expect("a thread of the benchmark panicked")
    });
    // The threads' own clocks: this one may be scheduled long after they have begun.
    let start = times.iter().map(|&(start, ..)| start).min();
    let end = times.iter().map(|&(_, end, _)| end).max();
    let wall = end
        .zip(start)
        .map_or(Duration::ZERO, |(end, start)| end - start);
    let wall = wall.as_secs_f64() * 1e9;
    let on_core: Option<u64> = times.iter().map(|&(.., on_core)| on_core).sum();
    let all = wall * threads.min(cores()) as f64;
    Round {
        wall: wall / (f64::from(pairs) * threads as f64),
        is_undisturbed: on_core.is_none_or(|time| time as f64 >= LEAST_SHARE * all),
    }
}

/// Threads that run the tight pattern on one source.
pub fn on_one(source: &(dyn Source + Sync), threads: usize, pairs: u32) -> Round {
    together(
        threads,
        pairs,
        || (),
        |(), _| {
            let sum = tight(source, pairs);
            assert_eq!(sum, checksum(pairs), "what was written was not read back");
        },
    )
}

/// Threads that run the tight pattern, each on a source of its own.
pub fn on_own(make: fn() -> Box<dyn Source>, threads: usize, pairs: u32) -> Round {
    let prepare = || {
        let source = make();
        crate::patterns::warm(&*source);
        source
    };
    together(threads, pairs, prepare, |source, _| {
        let sum = tight(&*source, pairs);
        assert_eq!(sum, checksum(pairs), "what was written was not read back");
    })
}

/// Threads that do a piece of work over and over.
pub fn repeat(work: fn(), threads: usize, times: u32) -> Round {
    together(
        threads,
        times,
        || (),
        |(), _| {
            for _ in 0..times {
                work();
            }
        },
    )
}

/// One thread allocates, another frees: a ring of 64 between them. Without a source the ring alone.
pub fn producer_and_consumer(source: Option<&(dyn Source + Sync)>, pairs: u32) -> Round {
    const RING: usize = 64;
    let ring: [AtomicPtr<u8>; RING] = std::array::from_fn(|_| AtomicPtr::default());
    let round = together(
        2,
        pairs,
        || (),
        |(), index| {
            for number in 0..pairs {
                let place = &ring[number as usize % RING];
                if index == 0 {
                    let entry = source.map_or_else(std::ptr::dangling_mut, |source| source.alloc());
                    assert!(!entry.is_null(), "no entry could be had");
                    if source.is_some() {
                        // SAFETY: the entry is ours, and has a byte.
                        unsafe { entry.write_volatile(number as u8) };
                    }
                    wait_until(|| place.load(Ordering::Acquire).is_null());
                    place.store(entry, Ordering::Release);
                } else {
                    wait_until(|| !place.load(Ordering::Acquire).is_null());
                    let entry = place.load(Ordering::Acquire);
                    place.store(std::ptr::null_mut(), Ordering::Release);
                    if let Some(source) = source {
                        // SAFETY: the producer's write came with the entry.
                        let read = unsafe { entry.read_volatile() };
                        assert_eq!(read, number as u8, "what was written was not read back");
                        // SAFETY: allocated by the producer, and given away.
                        unsafe { source.free(entry) };
                    }
                }
            }
        },
    );
    // Each pair is the work of both.
    Round {
        wall: round.wall * 2.0,
        ..round
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let mut looks = 0_u32;
    while !condition() {
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(128) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}
