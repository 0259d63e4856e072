//! What does not depend on how much there is, and what grows with it.

use std::time::Instant;

use win_lookaside::LookasideAlloc;

use crate::output::Figure;
use crate::patterns::{measure, tight, warm};
use crate::sources::{DEPTH, Pool, Source, callback_list, confined_list, shared_list};

const PAIRS: u32 = 1 << 14;
/// Rounds of what takes long.
const FEW: usize = 11;

fn pair(source: &dyn Source) -> f64 {
    // Once for the caches: what is beside has just been made.
    measure(source, tight, PAIRS, 0);
    measure(source, tight, PAIRS, 0)
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// A tight pair beside so many other lists, and what they cost: each to make, in a tick, to destroy.
pub fn lists(rounds: usize) {
    let counts = [1, 10, 100, 1_000, 10_000, 60_000];
    let names = [
        "a tight pair",
        "to make",
        "a tick",
        "to destroy, the newest first",
    ];
    let mut figures: Vec<Vec<Figure>> = counts
        .iter()
        .map(|count| {
            let case = format!("{count} lists");
            let figure = |name: &&str| Figure::new("lists", &case, *name);
            names.iter().map(figure).collect()
        })
        .collect();
    for _ in 0..rounds.min(FEW) {
        for (&count, figures) in counts.iter().zip(&mut figures) {
            let own = confined_list(64, DEPTH);
            warm(&own);
            let mut others: Vec<LookasideAlloc> = Vec::with_capacity(count);
            let each = 1e9 / count as f64;
            let make = seconds(|| others.extend((1..count).map(|_| shared_list(64, DEPTH))));
            let hit = pair(&own);
            let tick = seconds(ntoskrnl_emu::tick);
            let destroy = seconds(|| while others.pop().is_some() {});
            for (figure, sample) in
                figures
                    .iter_mut()
                    .zip([hit, make * each, tick * each, destroy * each])
            {
                figure.add(sample);
            }
        }
    }
    for figure in figures.iter().flatten() {
        figure.print();
    }
}

/// A tight pair of a list beside so many of its entries that are outstanding.
pub fn outstanding(rounds: usize) {
    let counts = [1, 10, 100, 1_000, 10_000, 100_000];
    let mut figures =
        counts.map(|count| Figure::new("outstanding", format!("{count} entries"), "a tight pair"));
    for _ in 0..rounds.min(FEW) {
        for (count, figure) in counts.into_iter().zip(&mut figures) {
            let list = confined_list(64, DEPTH);
            let held: Vec<_> = (0..count).map(|_| list.alloc()).collect();
            warm(&list);
            figure.add(pair(&list));
            for entry in held {
                // SAFETY: allocated above.
                unsafe { list.free(entry) };
            }
        }
    }
    for figure in &figures {
        figure.print();
    }
}

/// A tight pair of a list that keeps so many entries.
pub fn depth(rounds: usize) {
    let depths = [4_u16, 16, 64, 256, 1024];
    let lists = depths.map(|depth| confined_list(64, depth));
    for (list, depth) in lists.iter().zip(depths) {
        let held: Vec<_> = (0..depth).map(|_| list.alloc()).collect();
        for entry in held {
            // SAFETY: allocated above.
            unsafe { list.free(entry) };
        }
    }
    let mut figures =
        depths.map(|depth| Figure::new("depth", format!("depth {depth}"), "a tight pair"));
    for _ in 0..rounds {
        for (list, figure) in lists.iter().zip(&mut figures) {
            figure.add(pair(list));
        }
    }
    for figure in &figures {
        figure.print();
    }
}

/// Work that once searched: the delete of a list with entries that its callback made, beside other
/// blocks; and blocks of many pages.
pub fn chores(rounds: usize) {
    let delete = |figure: &mut Figure| {
        for _ in 0..rounds {
            const LISTS: usize = 16;
            let lists: Vec<_> = (0..LISTS).map(|_| callback_list(64, DEPTH)).collect();
            let held: Vec<_> = lists.iter().map(|list| list.alloc()).collect();
            assert!(held.iter().all(|entry| !entry.is_null()));
            figure.add(seconds(|| drop(lists)) * 1e9 / LISTS as f64);
            let pool = Pool::new(64);
            for entry in held {
                // SAFETY: the list disowned it: a plain block of pool.
                unsafe { pool.free(entry) };
            }
        }
        figure.print();
    };
    delete(&mut Figure::new(
        "chores",
        "an empty pool",
        "delete with an adopted entry",
    ));
    let pool = Pool::new(64);
    let blocks: Vec<_> = (0..1_000_000).map(|_| pool.alloc()).collect();
    delete(&mut Figure::new(
        "chores",
        "1000000 blocks",
        "delete with an adopted entry",
    ));
    for block in blocks {
        // SAFETY: allocated above.
        unsafe { pool.free(block) };
    }
    for pages in [1_usize, 4, 16, 64, 256, 1024, 4096] {
        let pool = Pool::new(pages * 4096);
        let mut figure = Figure::new("chores", format!("{pages} pages"), "a pool block");
        let pairs = 1 + 4096 / pages as u32;
        for _ in 0..rounds {
            figure.add(measure(&pool, tight, pairs, 0));
        }
        figure.print();
    }
}
