//! A random walk over several lists beside a naive model of the rules: a vector as the stack,
//! plain counters, and the tuning formula written down once more.

mod common;

use common::*;
use ntoskrnl_emu::{Driver, tick};
use wdm::{PoolType, STATUS_SUCCESS};

/// What a list should be.
#[derive(Clone, Debug, Default)]
struct Model {
    /// The entries kept, the last freed at the end.
    kept: Vec<Block>,
    out: Vec<Block>,
    depth: u32,
    maximum: u32,
    counters: Counters,
    last: (u32, u32),
}

impl Model {
    fn new(maximum: u16) -> Self {
        Self {
            depth: 4,
            maximum: u32::from(if maximum == 0 { 256 } else { maximum }),
            ..Self::default()
        }
    }

    fn tick(&mut self) {
        let allocates = self.counters.allocates - self.last.0;
        let misses = self.counters.allocate_misses - self.last.1;
        self.last = (self.counters.allocates, self.counters.allocate_misses);
        if misses > 0 && misses * 16 >= allocates {
            self.depth = (self.depth + misses.min(self.depth.max(4))).clamp(4, self.maximum);
        } else {
            if allocates < self.depth && self.depth > 4 {
                let surplus = self.depth - 4;
                self.depth -= surplus / 4 + u32::from(!surplus.is_multiple_of(4));
            }
            self.depth = self.depth.min(self.maximum);
        }
    }
}

struct Subject {
    list: List,
    options: Options,
    is_confined: bool,
    model: Model,
}

impl Subject {
    fn new(options: Options, is_confined: bool) -> Self {
        let list = List::new(options);
        if is_confined {
            list.confine();
        }
        Self {
            list,
            options,
            is_confined,
            model: Model::new(options.depth),
        }
    }

    fn live(&self) -> u64 {
        (self.model.kept.len() + self.model.out.len()) as u64
    }

    fn allocate(&mut self, is_failing: bool) {
        let Self { list, model, .. } = self;
        if is_failing {
            Driver::root().faults().fail_next(1, self.options.tag);
        }
        let entry = list.allocate();
        model.counters.allocates += 1;
        if let Some(expected) = model.kept.pop() {
            assert_eq!(entry, expected, "the entry freed last");
            model.out.push(entry);
        } else {
            model.counters.allocate_misses += 1;
            assert_eq!(entry.is_null(), is_failing);
            if !entry.is_null() {
                assert!(!model.out.contains(&entry), "handed out twice");
                model.out.push(entry);
            }
        }
        if is_failing {
            Driver::root().faults().fail_next(0, self.options.tag);
        }
    }

    fn free(&mut self, random: &mut Random) {
        let Self { list, model, .. } = self;
        if model.out.is_empty() {
            return;
        }
        let entry = model.out.swap_remove(random.below(model.out.len()));
        list.free(entry);
        model.counters.frees += 1;
        if model.kept.len() as u32 >= model.depth {
            model.counters.free_misses += 1;
        } else {
            model.kept.push(entry);
        }
    }

    fn misuse(&self, random: &mut Random) {
        let Self { list, model, .. } = self;
        match random.below(3) {
            0 if !model.kept.is_empty() => {
                let entry = model.kept[random.below(model.kept.len())];
                assert_eq!(stop(|| list.free(entry)), freed_twice(entry));
                assert_eq!(stop(|| free_pool(entry)), freed_twice(entry));
            }
            1 if !model.out.is_empty() => {
                let entry = model.out[random.below(model.out.len())];
                let inside = entry.plus(1 + random.below(15));
                assert_eq!(stop(|| list.free(inside)), not_an_entry(inside));
            }
            _ => {
                let block = list.memory();
                assert_eq!(stop(|| list.free(block)), not_an_entry(block));
            }
        }
    }

    fn raw(&mut self, random: &mut Random) {
        let Self { list, model, .. } = self;
        if random.below(2) == 0 {
            let entry = pop(list.header());
            match model.kept.pop() {
                None => assert!(entry.is_null()),
                Some(expected) => {
                    assert_eq!(entry, expected);
                    model.out.push(entry);
                }
            }
        } else if let Some(entry) = model.out.pop() {
            let before = push(list.header(), entry);
            assert_eq!(before, model.kept.last().copied().unwrap_or(Block::NULL));
            model.kept.push(entry);
        }
    }

    fn begin_anew(&mut self) {
        let Self {
            list,
            model,
            options,
            is_confined,
        } = self;
        list.free_all(&model.out);
        list.delete();
        assert_eq!(usage(options.tag, options.pool_type.is_paged()).live(), 0);
        assert_eq!(list.initialise(*options), STATUS_SUCCESS);
        if *is_confined {
            list.confine();
        }
        *model = Model::new(options.depth);
    }

    #[track_caller]
    fn check(&self) {
        let Self { list, model, .. } = self;
        assert_eq!(list.counters(), model.counters);
        assert_eq!(u32::from(list.depth()), model.depth);
        assert_eq!(usize::from(list.current_depth()), model.kept.len());
    }
}

#[test]
fn two_hundred_thousand_random_operations_agree_with_a_naive_model() {
    let seed = seed(0x5EED_0001);
    println!("SEED={seed}");
    let mut random = Random::new(seed);
    let shapes = [
        (8, PoolType::NON_PAGED_POOL_NX, 0),
        (64, PoolType::PAGED_POOL, 0),
        (100, PoolType::NON_PAGED_POOL, 300),
        (1000, PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED, 1024),
        (4096, PoolType::PAGED_POOL_CACHE_ALIGNED, 256),
        (9000, PoolType::NON_PAGED_POOL_NX, 0),
    ];
    let mut subjects: Vec<Subject> = shapes
        .iter()
        .flat_map(|&shape| [(shape, false), (shape, true)])
        .enumerate()
        .map(|(number, ((size, pool_type, depth), is_confined))| {
            let options = Options {
                size,
                pool_type,
                depth,
                tag: tag(&[b'P', b'r', b'o', b'a' + number as u8]),
                in_pool: number % 3 == 0,
                ..Options::default()
            };
            Subject::new(options, is_confined)
        })
        .collect();
    for step in 0..200_000_u32 {
        let index = random.below(subjects.len());
        let subject = &mut subjects[index];
        // Each list swings between taking and giving back.
        let is_taking = (step / 2_000 + index as u32).is_multiple_of(2);
        match random.below(1_000) {
            chosen @ 0..900 => {
                if (chosen < 600) == is_taking && subject.model.out.len() < 120 {
                    subject.allocate(chosen % 50 == 0);
                } else {
                    subject.free(&mut random);
                }
            }
            900..950 => subject.misuse(&mut random),
            950..980 => subject.raw(&mut random),
            980..988 => {
                subject.list.flush();
                subject.model.kept.clear();
            }
            988..992 => {
                let depth = random.below(60) as u16;
                subject.list.set_depth(depth);
                subject.model.depth = u32::from(depth);
            }
            992..994 => subject.begin_anew(),
            _ => {
                tick();
                for subject in &mut subjects {
                    subject.model.tick();
                }
                subjects.iter().for_each(Subject::check);
            }
        }
        let subject = &subjects[index];
        subject.check();
        if step % 64 == 0 {
            let paged = subject.options.pool_type.is_paged();
            assert_eq!(usage(subject.options.tag, paged).live(), subject.live());
        }
    }
    for subject in &mut subjects {
        subject.begin_anew();
    }
}
