//! What lists cost in Rust, beside peers: prints a line of JSON for each figure.
//!
//! ```text
//! lookaside-bench [--rounds N] [TABLE...]
//! ```
//!
//! All contenders of a table take turns, a round each, so that what disturbs the machine disturbs all
//! of them. Each checks its own answer in every round; a wrong one ends the run. `bench/README.md` says
//! how to read the figures. `deno task bench` runs this, judges the ratios and draws the tables.

mod growth;
mod memory;
mod output;
mod patterns;
mod sources;
mod threads;

use ntoskrnl_emu::host;
use output::Figure;
use patterns::{BURST, PATTERNS, Pattern, burst, measure, tight, warm};
use sources::{
    Floor, Locked, Pool, SHARED_LISTS, Slab, Source, alone, callback_list, confined_list, mallocs,
    shared_list,
};
use threads::Round;

const SIZES: [usize; 4] = [8, 64, 512, 4096];
const THREADS: [usize; 4] = [1, 2, 4, 8];
const PAIRS: u32 = 1 << 14;

/// What makes a source in each thread.
type Make = fn() -> Box<dyn Source>;
/// A table by its name, and what measures it in so many rounds.
type Table = (&'static str, fn(usize));

const TABLES: [Table; 12] = [
    ("one thread", one_thread),
    ("one list", one_list),
    ("own lists", own_lists),
    ("producer and consumer", producer_and_consumer),
    ("depth 4", depth_4),
    ("callbacks", callbacks),
    ("creation", creation),
    ("lists", growth::lists),
    ("outstanding", growth::outstanding),
    ("depth", growth::depth),
    ("chores", growth::chores),
    ("memory", memory::given_back),
];

fn main() {
    let mut rounds = 41;
    let mut wanted: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => {
                let number = arguments.next().and_then(|number| number.parse().ok());
                rounds = number.expect("--rounds takes a number");
            }
            table => {
                let is_known = TABLES.iter().any(|&(name, _)| name == table);
                assert!(is_known, "no such table: {table}");
                wanted.push(table.into());
            }
        }
    }
    host::configure(2048).expect("the pool is not mapped yet");
    for (name, run) in TABLES {
        if wanted.is_empty() || wanted.iter().any(|table| table == name) {
            run(rounds);
        }
    }
}

/// What a round took.
enum Sample {
    Good(f64),
    /// The process had not its cores.
    Disturbed(f64),
}

impl Sample {
    fn of(sample: f64, round: &Round) -> Self {
        if round.is_undisturbed {
            Self::Good(sample)
        } else {
            Self::Disturbed(sample)
        }
    }
}

/// Rounds in which each contender has a turn; the first two are not counted.
fn take_turns(rounds: usize, figures: &mut [Figure], mut sample: impl FnMut(usize) -> Sample) {
    for round in 0..rounds + 2 {
        for (index, figure) in figures.iter_mut().enumerate() {
            let sample = sample(index);
            if round >= 2 {
                match sample {
                    Sample::Good(sample) => figure.rounds.push(sample),
                    Sample::Disturbed(sample) => figure.disturbed.push(sample),
                }
            }
        }
    }
    for figure in figures {
        figure.print();
    }
}

/// One pattern over some sources.
fn compare(
    table: &'static str,
    case: &str,
    rounds: usize,
    sources: &[(&str, Box<dyn Source>)],
    pattern: Pattern,
    misses: u32,
) {
    let mut figures: Vec<Figure> = sources
        .iter()
        .map(|(name, _)| Figure::new(table, case, *name))
        .collect();
    take_turns(rounds, &mut figures, |index| {
        Sample::Good(measure(&*sources[index].1, pattern, PAIRS, misses))
    });
}

fn one_thread(rounds: usize) {
    for bytes in SIZES {
        let sources = alone(bytes);
        for (_, source) in &sources {
            warm(&**source);
        }
        for (name, pattern) in PATTERNS {
            let case = format!("{bytes} B {name}");
            compare("one thread", &case, rounds, &sources, pattern, 0);
        }
    }
    let slab = Slab::default();
    let mut figure = [Figure::new("one thread", "64 B tight", "slab")];
    take_turns(rounds, &mut figure, |_| {
        let start = std::time::Instant::now();
        let sum = patterns::tight_slab(&slab, PAIRS);
        let elapsed = start.elapsed();
        assert_eq!(
            sum,
            patterns::checksum(PAIRS),
            "what was written was not read back"
        );
        Sample::Good(elapsed.as_secs_f64() * 1e9 / f64::from(PAIRS))
    });
}

/// The contenders that several threads may use at once, for 64 bytes, warm.
fn shared_sources() -> Vec<(&'static str, Box<dyn Source + Sync>)> {
    let contenders = SHARED_LISTS.into_iter().chain(mallocs());
    let sources: Vec<_> = contenders.map(|(name, make)| (name, make(64))).collect();
    for (_, source) in &sources {
        warm(&**source);
    }
    sources
}

fn one_list(rounds: usize) {
    let sources = shared_sources();
    for threads in THREADS {
        let case = format!("{threads} threads");
        let mut figures: Vec<Figure> = sources
            .iter()
            .map(|(name, _)| Figure::new("one list", &case, *name))
            .collect();
        // Long rounds: threads take turns at cores for milliseconds.
        let pairs = (1 << 18) / threads as u32;
        take_turns(rounds.min(15), &mut figures, |index| {
            let source = &*sources[index].1;
            let before = source.counts();
            let round = threads::on_one(source, threads, pairs);
            patterns::check_counts(before, source.counts(), pairs * threads as u32, 0);
            Sample::of(round.core_time(threads), &round)
        });
    }
}

fn own_lists(rounds: usize) {
    let sources: [(&str, Make, u32); 6] = [
        (
            "LocalLookasideAlloc",
            || Box::new(confined_list(64, 256)),
            1 << 17,
        ),
        ("LookasideAlloc", || Box::new(shared_list(64, 256)), 1 << 17),
        ("misses", || Box::new(confined_list(64, 0)), 1 << 15),
        ("misses of 8 B", || Box::new(confined_list(8, 0)), 1 << 15),
        ("pool blocks", || Box::new(Pool::new(64)), 1 << 15),
        ("glibc", || (mallocs()[0].1)(64), 1 << 17),
    ];
    let work: [(&str, fn()); 1] = [("new list and destroy", || drop(confined_list(64, 256)))];
    for threads in THREADS {
        let case = format!("{threads} threads");
        let names = sources.iter().map(|&(name, ..)| name);
        let names = names.chain(work.iter().map(|&(name, _)| name));
        let mut figures: Vec<Figure> = names
            .map(|name| Figure::new("own lists", &case, name))
            .collect();
        take_turns(rounds.min(15), &mut figures, |index| {
            let round = match sources.get(index) {
                Some(&(_, make, pairs)) => threads::on_own(make, threads, pairs),
                None => threads::repeat(work[index - sources.len()].1, threads, 1 << 13),
            };
            Sample::of(round.wall, &round)
        });
    }
}

fn producer_and_consumer(rounds: usize) {
    let sources = shared_sources();
    let names = sources
        .iter()
        .map(|&(name, _)| name)
        .chain(["the ring alone"]);
    let mut figures: Vec<Figure> = names
        .map(|name| Figure::new("producer and consumer", "ring of 64", name))
        .collect();
    take_turns(rounds.min(5), &mut figures, |index| {
        let source = sources.get(index).map(|(_, source)| &**source);
        let round = threads::producer_and_consumer(source, 1 << 13);
        Sample::of(round.core_time(2), &round)
    });
}

/// Lists as they begin: of a burst of 32 all but four pairs miss.
fn depth_4(rounds: usize) {
    const DEPTH: u16 = 4;
    for bytes in [64, 512, 4096] {
        let mut sources: Vec<(&str, Box<dyn Source>)> = vec![
            ("LocalLookasideAlloc", Box::new(confined_list(bytes, DEPTH))),
            ("LookasideAlloc", Box::new(shared_list(bytes, DEPTH))),
            ("locking of 0.1", Box::new(Locked::new(bytes, DEPTH))),
            ("floor", Box::new(Floor::new(bytes, DEPTH))),
        ];
        for (name, make) in mallocs() {
            sources.push((name, make(bytes)));
        }
        for (_, source) in &sources {
            warm(&**source);
        }
        let misses = PAIRS / BURST as u32 * (BURST as u32 - u32::from(DEPTH));
        let case = format!("{bytes} B burst");
        compare("depth 4", &case, rounds, &sources, burst, misses);
    }
}

fn callbacks(rounds: usize) {
    let sources: [(&str, Box<dyn Source>); 2] = [
        ("callbacks that take pool", Box::new(callback_list(64, 256))),
        ("no callbacks", Box::new(confined_list(64, 256))),
    ];
    for (_, source) in &sources {
        warm(&**source);
    }
    for (name, pattern) in PATTERNS {
        let case = format!("hits, {name}");
        compare("callbacks", &case, rounds, &sources, pattern, 0);
    }
    let sources: [(&str, Box<dyn Source>); 3] = [
        ("callbacks that take pool", Box::new(callback_list(64, 0))),
        ("no callbacks", Box::new(confined_list(64, 0))),
        ("pool blocks", Box::new(Pool::new(64))),
    ];
    compare("callbacks", "misses, tight", rounds, &sources, tight, PAIRS);
}

fn creation(rounds: usize) {
    let work: [(&str, fn()); 4] = [
        ("LocalLookasideAlloc", || drop(confined_list(64, 256))),
        ("LookasideAlloc", || drop(shared_list(64, 256))),
        ("LocalLookasideAlloc and a pair", || {
            let list = confined_list(64, 256);
            let entry = Source::alloc(&list);
            // SAFETY: allocated above.
            unsafe { Source::free(&list, entry) };
        }),
        ("a pool block of 64 B", || {
            let pool = Pool::new(64);
            let block = pool.alloc();
            // SAFETY: allocated above.
            unsafe { pool.free(block) };
        }),
    ];
    let mut figures: Vec<Figure> = work
        .iter()
        .map(|&(name, _)| Figure::new("creation", "made and destroyed", name))
        .collect();
    take_turns(rounds, &mut figures, |index| {
        Sample::Good(threads::repeat(work[index].1, 1, 1 << 12).wall)
    });
}
