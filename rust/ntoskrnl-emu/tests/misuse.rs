//! Random mistakes between many valid operations: after each the kernel goes on as if nothing was.

use ntoskrnl_emu::{
    Driver, IrqlGuard, KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeGetCurrentIrql,
    KeInitializeSpinLock, KeReleaseSpinLockFromDpcLevel, KeTestSpinLock, Verifier,
};
use wdm::{DISPATCH_LEVEL, PASSIVE_LEVEL, PoolType};

mod common;
use common::*;

const OPERATIONS: usize = 100_000;
const MISTAKES: usize = 1_000;
const LISTS: usize = 6;
const DEPTH: usize = 4;

/// What a list is believed to be.
struct Believed {
    list: List,
    pool_type: PoolType,
    kept: Vec<Block>,
    held: Vec<Block>,
    counters: Counters,
}

impl Believed {
    fn new(pool_type: PoolType) -> Self {
        Self {
            list: List::new(Options {
                pool_type,
                ..Options::default()
            }),
            pool_type,
            kept: Vec::new(),
            held: Vec::new(),
            counters: Counters::default(),
        }
    }

    fn allocate(&mut self) {
        let entry = self.list.allocate();
        self.counters.allocates += 1;
        match self.kept.pop() {
            Some(expected) => assert_eq!(entry, expected, "the entry freed last"),
            None => self.counters.allocate_misses += 1,
        }
        assert!(!self.held.contains(&entry), "no entry is handed out twice");
        self.held.push(entry);
    }

    fn free(&mut self, entry: Block) {
        self.list.free(entry);
        self.counters.frees += 1;
        if self.kept.len() < DEPTH {
            self.kept.push(entry);
        } else {
            self.counters.free_misses += 1;
        }
    }

    fn flush(&mut self) {
        self.list.flush();
        self.kept.clear();
    }

    fn check(&self) {
        assert_eq!(self.list.counters(), self.counters);
        assert_eq!(usize::from(self.list.current_depth()), self.kept.len());
    }
}

struct World {
    driver: Driver,
    lists: Vec<Believed>,
    blocks: Vec<Block>,
    lock: *mut usize,
    random: Random,
    is_verified: bool,
}

impl World {
    fn operate(&mut self) {
        let place = self.random.below(LISTS);
        let choice = self.random.below(100);
        let list = &mut self.lists[place];
        match choice {
            0..45 => list.allocate(),
            45..80 if !list.held.is_empty() => {
                let entry = list.held.swap_remove(self.random.below(list.held.len()));
                list.free(entry);
            }
            80 => list.flush(),
            81..90 => {
                let bytes = 1 + self.random.below(300);
                self.blocks
                    .push(allocate_pool(PoolType::PAGED_POOL, bytes, TAG));
            }
            _ if !self.blocks.is_empty() => {
                let block = self
                    .blocks
                    .swap_remove(self.random.below(self.blocks.len()));
                free_pool_with_tag(block, TAG);
            }
            _ => {}
        }
        let list = &mut self.lists[place];
        // So that a run does not use the pool up.
        while list.held.len() > 50 {
            let entry = list.held.swap_remove(self.random.below(list.held.len()));
            list.free(entry);
        }
        self.lists[place].check();
    }

    /// A mistake, and what it must end in: the code and the first parameter, plain and verified.
    fn mistake(&mut self) -> (Stop, [(u32, u64); 2]) {
        let place = self.random.below(LISTS);
        let kind = self.random.below(17);
        let Believed {
            list,
            pool_type,
            kept,
            held,
            ..
        } = &mut self.lists[place];
        let is_paged = pool_type.is_paged();
        let same = |code, first| [(code, first); 2];
        let freed = [(0xC2, 0x07), (0xC4, 0x13)];
        let foreign = [(0xC2, 0x46), (0xC4, 0x10)];
        match kind {
            0 if !kept.is_empty() => (stop(|| list.free(kept[0])), freed),
            1 if !kept.is_empty() => (stop(|| free_pool(kept[0])), freed),
            2 if !held.is_empty() => {
                let expected = [(0xC2, 0x46), (0xC4, 0x10)];
                (stop(|| list.free(held[0].plus(16))), expected)
            }
            3 if !held.is_empty() => {
                let plain = if is_paged { 0x41286 } else { 0x44 };
                let expected = [(0xC2, plain), (0xC4, 0x10)];
                (stop(|| free_pool(held[0].plus(16))), expected)
            }
            4 if !held.is_empty() => {
                let other = tag(b"Othr");
                (
                    stop(|| free_pool_with_tag(held[0], other)),
                    same(0xC2, 0x0A),
                )
            }
            5 if !self.blocks.is_empty() => {
                // A block of another size and kind of pool is no entry of the list.
                let block = allocate_pool(PoolType::PAGED_POOL, 16, TAG);
                let ended = stop(|| list.free(block));
                free_pool(block);
                (ended, foreign)
            }
            6 => (stop(|| free_pool(Block::NULL)), foreign),
            7 => {
                let outside = [0_u64; 2];
                let block = Block(outside.as_ptr().cast_mut().cast());
                (stop(|| free_pool(block)), [(0xC2, 0x42), (0xC4, 0x10)])
            }
            8 => (
                stop(|| allocate_pool(PoolType::PAGED_POOL, 0, TAG)),
                [(0xC2, 0x00), (0xC4, 0x00)],
            ),
            9 => (
                stop(|| allocate_pool(PoolType::PAGED_POOL, 10, 0)),
                same(0xC2, 0x9B),
            ),
            10 => {
                let high = stop(|| {
                    let _guard = IrqlGuard::raise(DISPATCH_LEVEL);
                    allocate_pool(PoolType::PAGED_POOL, 10, TAG)
                });
                (high, [(0xC2, 0x08), (0xC4, 0x01)])
            }
            11 => {
                let high = stop(|| {
                    let _guard = IrqlGuard::raise(7);
                    list.allocate()
                });
                (high, same(0xC4, 0xE5))
            }
            12 => {
                let high = stop(|| {
                    let _guard = IrqlGuard::raise(9);
                    list.flush();
                });
                (high, same(0xC4, 0xE5))
            }
            13 => {
                let lowered = stop(|| {
                    let _guard = IrqlGuard::raise(DISPATCH_LEVEL);
                    let _lower = IrqlGuard::raise(1);
                });
                (lowered, same(0xC4, 0x30))
            }
            14 => {
                let lock = self.lock;
                let twice = stop(|| {
                    // SAFETY: initialised.
                    unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
                    // SAFETY: refused.
                    unsafe { KeAcquireSpinLockAtDpcLevel(lock) };
                });
                (twice, [(0x0F, lock.addr() as u64), (0xC4, 0x1000)])
            }
            15 => {
                let lock = self.lock;
                // SAFETY: refused.
                let below = stop(|| unsafe { KeReleaseSpinLockFromDpcLevel(lock) });
                (below, same(0xC4, 0x41))
            }
            _ => {
                let none = List::storage(false);
                (stop(|| none.delete()), same(0xC4, 0xCB))
            }
        }
    }

    fn go_wrong(&mut self) {
        let before: Vec<Counters> = self.lists.iter().map(|one| one.list.counters()).collect();
        let live = self.driver.leaks().len();
        let (ended, expected) = self.mistake();
        let (code, [first, ..]) = ended;
        assert_eq!(
            (code, first),
            expected[usize::from(self.is_verified)],
            "{ended:x?}"
        );
        // SAFETY: no obligations.
        assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL);
        // SAFETY: initialised.
        assert_eq!(unsafe { KeTestSpinLock(self.lock) }, 1);
        assert_eq!(Driver::current(), self.driver);
        let after: Vec<Counters> = self.lists.iter().map(|one| one.list.counters()).collect();
        assert_eq!(before, after, "checks come before effects");
        assert_eq!(self.driver.leaks().len(), live);
    }

    fn end(mut self) {
        for mut one in self.lists {
            for entry in std::mem::take(&mut one.held) {
                one.free(entry);
            }
            one.check();
            one.list.delete();
        }
        self.blocks.drain(..).for_each(free_pool);
        assert_eq!(self.driver.leaks(), []);
        assert_eq!(self.driver.unload(), Ok(()));
    }
}

fn run(driver: Driver, seed: u64) {
    let _current = driver.enter();
    let pools = [PoolType::NON_PAGED_POOL_NX, PoolType::PAGED_POOL];
    let lock = common::for_ever(0_usize);
    // SAFETY: a word of this test's own.
    unsafe { KeInitializeSpinLock(lock) };
    let mut world = World {
        driver,
        lists: (0..LISTS)
            .map(|place| Believed::new(pools[place % 2]))
            .collect(),
        blocks: Vec::new(),
        lock,
        random: Random::new(seed),
        is_verified: driver.options() != Verifier::NONE,
    };
    let between = OPERATIONS / MISTAKES;
    for _ in 0..MISTAKES {
        (0..between).for_each(|_| world.operate());
        world.go_wrong();
    }
    world.end();
}

#[test]
fn after_each_of_1000_random_mistakes_a_plain_driver_goes_on() {
    let seed = seed(14);
    eprintln!("seed {seed}");
    run(Driver::load("plain"), seed);
}

#[test]
fn after_each_of_1000_random_mistakes_a_verified_driver_goes_on() {
    let seed = seed(14);
    eprintln!("seed {seed}");
    let options = Verifier::STANDARD.without(Verifier::SPECIAL_POOL | Verifier::DDI_COMPLIANCE);
    run(Driver::load("verified").verifier(options), seed);
}
