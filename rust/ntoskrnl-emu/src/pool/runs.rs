//! Free runs of pages.

use std::collections::{BTreeMap, BTreeSet};

/// How many single pages are kept aside, unmerged, for the next page of small blocks.
const SINGLES: usize = 64;

/// The pages that are not allocated.
///
/// # Invariants
///
/// `by_start` and `by_length` describe the same runs; no two of them touch; no page is in a run and
/// in `singles` at once.
pub(super) struct Runs {
    by_start: BTreeMap<u32, u32>,
    by_length: BTreeSet<(u32, u32)>,
    singles: Vec<u32>,
    /// Where runs were given back lately, by start: their memory may be committed. Some may be taken
    /// again.
    idle: BTreeMap<u32, u32>,
    idle_pages: u32,
}

impl Runs {
    pub(super) const fn new() -> Self {
        Self {
            by_start: BTreeMap::new(),
            by_length: BTreeSet::new(),
            singles: Vec::new(),
            idle: BTreeMap::new(),
            idle_pages: 0,
        }
    }

    /// Takes `length` pages in a row: the shortest run that is long enough, its front.
    pub(super) fn take(&mut self, length: u32) -> Option<u32> {
        if length == 1
            && let Some(page) = self.singles.pop()
        {
            return Some(page);
        }
        self.take_run(length).or_else(|| {
            for page in std::mem::take(&mut self.singles) {
                self.merge(page, 1);
            }
            self.take_run(length)
        })
    }

    fn take_run(&mut self, length: u32) -> Option<u32> {
        let &(found, start) = self.by_length.range((length, 0)..).next()?;
        self.idle_pages = self.idle_pages.saturating_sub(length);
        self.remove(start, found);
        if found > length {
            self.insert(start + length, found - length);
        }
        Some(start)
    }

    /// Gives `length` pages from `start` back.
    pub(super) fn give(&mut self, start: u32, length: u32) {
        if length == 1 && self.singles.len() < SINGLES {
            self.singles.push(start);
        } else {
            self.merge(start, length);
            let longest = self.idle.entry(start).or_default();
            *longest = length.max(*longest);
            self.idle_pages = self.idle_pages.saturating_add(length);
        }
    }

    /// How many more pages were given back than taken lately, but for the single ones kept aside: pages
    /// that come and go in turn are not idle.
    pub(super) fn idle_pages(&self) -> u32 {
        self.idle_pages
    }

    /// Takes the pages that were given back lately and are free still, as runs.
    pub(super) fn take_idle(&mut self) -> Vec<(u32, u32)> {
        self.idle_pages = 0;
        let mut taken: Vec<(u32, u32)> = Vec::new();
        for (start, length) in std::mem::take(&mut self.idle) {
            let end = start + length;
            while let Some((&first, &count)) = self.by_start.range(..end).next_back()
                && first + count > start
            {
                self.remove(first, count);
                let (from, to) = (first.max(start), (first + count).min(end));
                taken.push((from, to - from));
                for (start, length) in [(first, from - first), (to, first + count - to)] {
                    if length > 0 {
                        self.insert(start, length);
                    }
                }
            }
        }
        taken.sort_unstable();
        taken.dedup_by(|next, run| {
            let touches = run.0 + run.1 == next.0;
            if touches {
                run.1 += next.1;
            }
            touches
        });
        taken
    }

    /// Puts pages among the free ones that are not idle.
    pub(super) fn put(&mut self, start: u32, length: u32) {
        self.merge(start, length);
    }

    fn merge(&mut self, start: u32, length: u32) {
        let mut start = start;
        let mut length = length;
        if let Some((&before, &count)) = self.by_start.range(..start).next_back()
            && before + count == start
        {
            self.remove(before, count);
            start = before;
            length += count;
        }
        if let Some(&count) = self.by_start.get(&(start + length)) {
            self.remove(start + length, count);
            length += count;
        }
        self.insert(start, length);
    }

    fn insert(&mut self, start: u32, length: u32) {
        self.by_start.insert(start, length);
        self.by_length.insert((length, start));
    }

    fn remove(&mut self, start: u32, length: u32) {
        self.by_start.remove(&start);
        self.by_length.remove(&(length, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_touch_merge_and_the_shortest_that_fits_is_taken() {
        let mut runs = Runs::new();
        runs.give(1, 100);
        let first = runs.take(10);
        let second = runs.take(20);
        let third = runs.take(30);
        assert_eq!((first, second, third), (Some(1), Some(11), Some(31)));
        runs.give(1, 10);
        assert_eq!(
            runs.take(8),
            Some(1),
            "the run of 10 fits better than the run of 40"
        );
        runs.give(1, 8);
        runs.give(31, 30);
        runs.give(11, 20);
        assert_eq!(runs.take(100), Some(1));
        assert_eq!(runs.take(1), None);
        assert!(runs.by_start.is_empty() && runs.by_length.is_empty());
    }

    #[test]
    fn the_page_given_back_last_is_taken_first_while_few_are_kept_aside() {
        let mut runs = Runs::new();
        let pages = 1..=SINGLES as u32 + 2;
        // Each by itself, so that none touches another.
        for page in pages.clone() {
            runs.give(page * 2, 1);
        }
        assert_eq!(runs.singles.len(), SINGLES);
        assert_eq!(runs.by_start.len(), 2, "the others are runs");
        for page in (1..=SINGLES as u32).rev() {
            assert_eq!(runs.take(1), Some(page * 2));
        }
        assert_eq!(runs.take(1), Some(pages.end() * 2 - 2));
        assert_eq!(runs.take(1), Some(pages.end() * 2));
        assert_eq!(runs.take(1), None);
    }

    #[test]
    fn pages_that_were_given_back_lately_are_taken_as_runs_where_they_are_free_still() {
        let mut runs = Runs::new();
        runs.put(1, 100);
        assert_eq!(runs.idle_pages(), 0, "they were never used");
        let held = [runs.take(10), runs.take(10), runs.take(10), runs.take(10)];
        assert_eq!(held, [Some(1), Some(11), Some(21), Some(31)]);
        for start in [21, 1, 11] {
            runs.give(start, 10);
        }
        assert_eq!(runs.idle_pages(), 30);
        assert_eq!(runs.take(5), Some(1), "the run of 30 fits best");
        assert_eq!(runs.take_idle(), [(6, 25)]);
        assert_eq!((runs.take_idle(), runs.idle_pages()), (Vec::new(), 0));
        assert_eq!(runs.take(61), None, "they are away");
        runs.put(6, 25);
        runs.give(1, 5);
        runs.give(31, 10);
        assert_eq!(runs.take(100), Some(1));
    }

    #[test]
    fn single_pages_kept_aside_serve_a_long_run_when_nothing_else_does() {
        let mut runs = Runs::new();
        runs.give(1, 3);
        let pages = [runs.take(1), runs.take(1), runs.take(1)];
        for page in pages.into_iter().flatten() {
            runs.give(page, 1);
        }
        assert_eq!(runs.take(3), Some(1));
    }
}
