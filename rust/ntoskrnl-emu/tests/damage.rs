//! Memory of lists that was written over: the next operation that meets it is a bug check with the
//! list's address, what the list kept is abandoned, and every other list goes on.

mod common;

use std::collections::HashSet;
use std::mem::offset_of;
use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::{BugCheck, catch_bug_check, tick};
use wdm::GeneralLookasidePool;

/// The word of a header that holds Depth and Sequence, and the one that holds the first entry.
const COUNTS: usize = 0;
const FIRST: usize = 1;

/// A shared list and a confined one, both with control blocks in the pool.
fn lists(size: usize) -> [List; 2] {
    let shared = List::new(Options {
        size,
        in_pool: true,
        ..Options::default()
    });
    [shared, List::confined(size)]
}

/// Allocates until the damage is met, which must be within `most` allocations that succeed; returns
/// what was allocated before.
#[track_caller]
fn meet_damage(list: &List, most: usize) -> Vec<Block> {
    let mut allocated = Vec::new();
    loop {
        match catch_bug_check(|| list.allocate()) {
            Ok(entry) => allocated.push(entry),
            Err(stop) => {
                assert_eq!((stop.code, stop.parameters), list.damage());
                break;
            }
        }
        assert!(allocated.len() <= most, "nothing was noticed");
    }
    let distinct: HashSet<Block> = allocated.iter().copied().collect();
    assert_eq!(distinct.len(), allocated.len(), "handed out twice");
    allocated
}

fn abandoned(list: &List) -> u32 {
    list.record().abandoned
}

/// Asserts that a list works by the rule, and gives back what the test needed for that.
#[track_caller]
fn assert_works(list: &List) {
    assert_eq!(list.current_depth(), 0);
    list.set_depth(4);
    let entries = list.allocate_many(6);
    list.free_all(&entries);
    let mut kept = entries[..4].to_vec();
    kept.reverse();
    assert_eq!(list.allocate_many(4), kept);
    list.free_all(&kept);
    list.flush();
    assert_eq!(list.current_depth(), 0);
}

/// Behaviour: written-over.
#[test]
fn a_written_over_link_is_0x139_3_with_the_lists_address() {
    let _turn = turn();
    for position in 0..3 {
        for list in lists(64) {
            let other = List::of(64);
            let foreign_kept = other.keep(1)[0];
            let foreign = other.allocate();
            other.keep(1);
            let own = list.allocate();
            let plain = nonpaged(64);
            // Of another size, so that no entry comes to lie there.
            let dead = nonpaged(96);
            free_pool(dead);
            let mut local = 0_u128;
            for garbage in [
                1,
                8,
                0xffff_ffff_ffff_ffff,
                0xb5b5_b5b5_b5b5_b5b0,
                16,
                foreign.address(),
                foreign_kept.address(),
                own.address(),
                plain.address(),
                plain.plus(16).address(),
                dead.address(),
                list.address(),
                mapped().pool().addr() as u64,
                (&raw mut local).addr() as u64,
            ] {
                let before = abandoned(&list);
                let kept = list.keep(4);
                kept[position].write(0, garbage);
                let allocated = meet_damage(&list, position + 1);
                assert_eq!(allocated, kept[..allocated.len()]);
                assert!(allocated.len() >= position);
                let lost = kept.len() - allocated.len();
                assert_eq!(abandoned(&list) as usize, before as usize + lost);
                for &entry in &kept[allocated.len()..] {
                    assert!(is_live(entry), "abandoned, not freed");
                    assert_eq!(stop(|| list.free(entry)), not_an_entry(entry));
                    free_pool(entry);
                }
                list.free_all(&allocated);
                list.flush();
                assert_works(&list);
            }
            list.free(own);
            other.free(foreign);
            free_pool(plain);
        }
    }
}

#[test]
fn links_that_are_cut_short_are_noticed() {
    let _turn = turn();
    for list in lists(64) {
        let kept = list.keep(4);
        kept[1].write(0, 0);
        assert_eq!(meet_damage(&list, 2), kept[..2]);
        assert_eq!(abandoned(&list), 2);
        assert_works(&list);
    }
}

#[test]
fn a_cycle_hands_nothing_out_twice() {
    let _turn = turn();
    for (from, to) in [(0, 0), (1, 0), (3, 0), (3, 1), (2, 2), (3, 3)] {
        for list in lists(64) {
            let kept = list.keep(4);
            kept[from].write(0, kept[to].address());
            meet_damage(&list, 4);
            assert_works(&list);
        }
    }
}

#[test]
fn a_link_that_skips_entries_is_noticed() {
    let _turn = turn();
    for list in lists(64) {
        let kept = list.keep(5);
        kept[0].write(0, kept[3].address());
        assert_eq!(meet_damage(&list, 3), [kept[0], kept[3], kept[4]]);
        assert_eq!(abandoned(&list), 2);
        assert_works(&list);
    }
}

#[test]
fn a_written_depth_of_the_header_is_noticed() {
    let _turn = turn();
    for counts in [0, 1, 2, 4, 100, 0xffff] {
        for list in lists(64) {
            let kept = list.keep(3);
            list.memory().write(COUNTS, 0x77_0000 | counts);
            let allocated = meet_damage(&list, 3);
            assert_eq!(allocated, kept[..(counts as usize).min(3)]);
            assert_works(&list);
        }
    }
}

/// Behaviour: written-over.
#[test]
fn a_written_first_entry_of_the_header_is_noticed_at_once() {
    let _turn = turn();
    for list in lists(64) {
        let other = List::of(64);
        let foreign = other.keep(1)[0];
        let own = list.allocate();
        for first in [
            0,
            16,
            0x1000,
            !15,
            own.address(),
            foreign.address(),
            list.address(),
        ] {
            list.keep(3);
            list.memory().write(FIRST, first);
            assert_eq!(meet_damage(&list, 0), []);
            assert_works(&list);
        }
        assert_eq!(other.allocate(), foreign);
        list.free(own);
    }
}

#[test]
fn reserved_bits_of_the_header_are_damage_at_once() {
    let _turn = turn();
    for list in lists(64) {
        for bits in [2, 4, 8, 14] {
            list.keep(3);
            list.memory().word(FIRST).fetch_or(bits, Ordering::Relaxed);
            assert_eq!(meet_damage(&list, 0), []);
            assert_works(&list);
            let entry = list.allocate();
            for count in [0, 2] {
                let routines: [&dyn Fn(); 7] = [
                    &|| list.free(entry),
                    &|| list.free(entry.plus(bits as usize)),
                    &|| list.flush(),
                    &|| list.delete(),
                    &|| _ = pop(list.header()),
                    &|| _ = push(list.header(), entry),
                    &|| _ = flush_header(list.header()),
                ];
                for routine in routines {
                    list.keep(count);
                    list.memory().word(FIRST).fetch_or(bits, Ordering::Relaxed);
                    assert_eq!(stop(routine), list.damage());
                    assert_eq!(list.current_depth(), 0);
                }
            }
            list.free(entry);
            list.flush();
        }
    }
}

#[test]
fn a_lock_bit_that_is_set_on_a_confined_list_is_damage_at_once() {
    let _turn = turn();
    let list = List::confined(64);
    let kept = list.keep(3);
    list.memory().word(FIRST).fetch_or(1, Ordering::Relaxed);
    assert_eq!(stop(|| list.allocate()), list.damage());
    assert_eq!(abandoned(&list), 3);
    kept.into_iter().for_each(free_pool);
    assert_works(&list);
    let entry = list.allocate();
    list.memory().word(FIRST).fetch_or(1, Ordering::Relaxed);
    assert_eq!(stop(|| list.free(entry)), list.damage());
    list.free(entry);
    assert_eq!(list.allocate(), entry);
    list.free(entry);
}

/// Behaviour: written-over.
#[test]
fn a_lock_bit_that_stays_set_on_a_shared_list_is_damage_after_a_while() {
    let _turn = turn();
    let [list, _] = lists(64);
    list.keep(3);
    list.memory().word(FIRST).fetch_or(1, Ordering::Relaxed);
    assert_eq!(stop(|| list.allocate()), list.damage());
    assert_eq!(abandoned(&list), 3);
    assert_works(&list);
}

#[test]
fn threads_that_wait_for_a_lock_bit_that_stays_set_all_go_on() {
    let _turn = turn();
    let [list, _] = lists(64);
    list.keep(3);
    list.memory().word(FIRST).fetch_or(1, Ordering::Relaxed);
    let stops: usize = std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut stops = 0;
                    for _ in 0..100 {
                        match catch_bug_check(|| list.allocate()) {
                            Ok(entry) => {
                                if catch_bug_check(|| list.free(entry)).is_err() {
                                    stops += 1;
                                }
                            }
                            Err(stop) => {
                                assert_eq!((stop.code, stop.parameters), list.damage());
                                stops += 1;
                            }
                        }
                    }
                    stops
                })
            })
            .collect();
        waiting
            .into_iter()
            .map(|thread| thread.join().expect("no thread is stuck"))
            .sum()
    });
    assert_eq!(stops, 1, "one of them takes the lock over");
}

/// Behaviour: written-over.
#[test]
fn a_written_owner_or_record_index_is_damage_whatever_the_routine() {
    let _turn = turn();
    let owner = offset_of!(GeneralLookasidePool, future);
    for list in lists(64) {
        let neighbour = List::of(64);
        let neighbours = neighbour.id() & 0xffff;
        let entry = list.allocate();
        for (field, value) in [
            (owner, 0),
            (owner, 2),
            (owner, u32::MAX),
            (owner, 17_000_000),
            (owner + 4, 0),
            (owner + 4, neighbours),
            (owner + 4, list.id() & 0xffff | 0x1_0000),
            (owner + 4, list.id() & 0xffff | 0x8000_0000),
            (owner + 4, u32::MAX),
        ] {
            let right = list.u32_at(field).load(Ordering::Relaxed);
            let routines: [&dyn Fn(); 8] = [
                &|| _ = list.allocate(),
                &|| list.free(entry),
                &|| list.flush(),
                &|| list.delete(),
                &|| _ = pop(list.header()),
                &|| _ = push(list.header(), entry),
                &|| _ = flush_header(list.header()),
                &|| list.share(),
            ];
            for (number, routine) in routines.into_iter().enumerate() {
                list.keep(2);
                list.u32_at(field).store(value, Ordering::Relaxed);
                assert_eq!(
                    stop(routine),
                    list.damage(),
                    "field {field:#x}, value {value:#x}, routine {number}"
                );
                assert_eq!(list.u32_at(field).load(Ordering::Relaxed), right, "mended");
                assert_works(&list);
            }
        }
        list.free(entry);
        assert_eq!(list.allocate(), entry);
        list.free(entry);
    }
}

#[test]
fn fields_that_the_record_knows_better_have_no_effect() {
    let _turn = turn();
    let mark = tag(b"Auth");
    let list = List::new(Options {
        tag: mark,
        in_pool: true,
        ..Options::default()
    });
    list.set_depth(0);
    for offset in (offset_of!(GeneralLookasidePool, pool_type)..0x50).step_by(4) {
        list.u32_at(offset).store(0x4141_4141, Ordering::Relaxed);
    }
    let entry = list.allocate();
    assert_eq!(
        usage(mark, false),
        Usage {
            allocs: 1,
            frees: 0,
            bytes: 64
        }
    );
    list.free(entry);
    assert_eq!(usage(mark, false).live(), 0);
    list.delete();
}

#[test]
fn a_damaged_neighbour_in_the_list_of_lists_does_not_matter() {
    let _turn = turn();
    let lists: Vec<List> = (0..5).map(|_| List::of(64)).collect();
    for list in &lists {
        for offset in [0x40, 0x48] {
            list.u64_at(offset).store(3, Ordering::Relaxed);
        }
    }
    for list in &lists {
        tick();
        list.delete();
    }
}

#[test]
fn a_damaged_list_can_be_deleted_at_the_second_try() {
    let _turn = turn();
    for list in lists(64) {
        let kept = list.keep(3);
        kept[1].write(0, 3);
        assert_eq!(stop(|| list.delete()), list.damage());
        list.delete();
        assert_eq!(stop(|| list.delete()), no_list(&list));
    }
}

#[test]
fn flush_frees_what_it_can_of_a_damaged_list_and_says_so() {
    let _turn = turn();
    for list in lists(64) {
        let kept = list.keep(5);
        kept[2].write(0, kept[0].address());
        assert_eq!(stop(|| list.flush()), list.damage());
        for &freed in &kept[..3] {
            assert!(!is_live(freed));
        }
        assert_eq!(abandoned(&list), 2);
        assert_works(&list);

        let kept = list.keep(3);
        kept[1].write(0, 0);
        assert_eq!(stop(|| list.flush()), list.damage());
        assert!(is_live(kept[2]));
        assert_works(&list);
    }
}

#[test]
fn entries_lost_from_a_cleared_header_stay_allocated_as_plain_blocks() {
    let _turn = turn();
    let mark = tag(b"Lost");
    for size in [64, 5000] {
        let list = List::new(Options {
            size,
            tag: mark,
            ..Options::default()
        });
        let kept = list.keep(3);
        // Both words at once are what an empty list looks like.
        list.memory().write(COUNTS, 0);
        list.memory().write(FIRST, 0);
        assert_eq!(stop(|| list.free(kept[0])), freed_twice_of(mark, kept[0]));
        list.delete();
        assert_eq!(usage(mark, false).live(), 3);
        for entry in kept {
            free_pool_with_tag(entry, mark);
        }
        assert_eq!(usage(mark, false).live(), 0);
    }
}

#[test]
fn a_damaged_confined_list_is_refused_to_other_threads_and_left_as_it_is() {
    let _turn = turn();
    let list = List::confined(64);
    let kept = list.keep(3);
    let owner = offset_of!(GeneralLookasidePool, future);
    for field in [owner, owner + 4] {
        let right = list.u32_at(field).load(Ordering::Relaxed);
        list.u32_at(field).store(0x7777, Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(stop(|| list.allocate()), confined_elsewhere(&list));
                assert_eq!(stop(|| list.flush()), confined_elsewhere(&list));
                assert_eq!(stop(|| pop(list.header())), confined_elsewhere(&list));
            });
        });
        assert_eq!(list.u32_at(field).load(Ordering::Relaxed), 0x7777);
        list.u32_at(field).store(right, Ordering::Relaxed);
    }
    assert_eq!(list.allocate(), kept[0]);
    list.free(kept[0]);
}

/// A list in the random test: what it keeps, what is allocated, and whether its memory is written
/// over.
struct Subject {
    list: List,
    out: Vec<Block>,
    kept: Vec<Block>,
    is_shared: bool,
    is_victim: bool,
}

impl Subject {
    fn new(tag: u32, is_shared: bool, is_victim: bool) -> Self {
        let list = List::new(Options {
            tag,
            in_pool: true,
            ..Options::default()
        });
        if !is_shared {
            list.confine();
        }
        Self {
            list,
            out: Vec::new(),
            kept: Vec::new(),
            is_shared,
            is_victim,
        }
    }

    /// One operation; a list that is no victim answers by the rule.
    fn step(&mut self, random: &mut Random) {
        let list = &self.list;
        let chosen = random.below(19);
        let is_allocate = chosen < 9;
        let outcome = catch_bug_check(|| match chosen {
            _ if is_allocate => {
                let entry = list.allocate();
                assert!(!entry.is_null());
                assert!(!self.out.contains(&entry), "handed out twice");
                match self.kept.pop() {
                    Some(expected) if !self.is_victim => assert_eq!(entry, expected),
                    _ => {}
                }
                self.out.push(entry);
            }
            9..18 => {
                if !self.out.is_empty() {
                    let index = random.below(self.out.len());
                    let entry = self.out[index];
                    let is_kept = list.current_depth() < list.depth();
                    list.free(entry);
                    self.out.swap_remove(index);
                    if is_kept {
                        self.kept.push(entry);
                    }
                }
            }
            _ => {
                list.flush();
                self.kept.clear();
            }
        });
        if let Err(stop) = outcome {
            assert!(self.is_victim, "{stop}");
            assert_eq!((stop.code, stop.parameters), list.damage());
            self.kept.clear();
        }
    }

    /// What a tick did, which may have found this list damaged.
    fn after_tick(&mut self, stop: Option<&BugCheck>) {
        let is_damaged =
            stop.is_some_and(|stop| (stop.code, stop.parameters) == self.list.damage());
        assert!(self.is_victim || !is_damaged);
        let left = if is_damaged {
            0
        } else {
            self.list.current_depth()
        };
        self.kept.truncate(left.into());
    }

    /// Writes over some of the list's memory.
    fn write_over(&self, random: &mut Random, addresses: &[u64]) {
        let blocks: Vec<(Block, usize)> = std::iter::once((self.list.memory(), 12))
            .chain(self.kept.iter().map(|&entry| (entry, 8)))
            .chain(self.out.iter().map(|&entry| (entry, 8)))
            .collect();
        for _ in 0..1 + random.below(4) {
            let (block, words) = match random.below(3) {
                0 => blocks[0],
                _ => blocks[random.below(blocks.len())],
            };
            let word = random.below(words);
            let value = match random.below(6) {
                0 => 0,
                1 => addresses[random.below(addresses.len())],
                2 => addresses[random.below(addresses.len())] ^ (1 << random.below(8)),
                3 => block.read(word) ^ (1 << random.below(64)),
                4 => random.next() % 0x1_0000,
                _ => random.next(),
            };
            block.write(word, value);
        }
        if self.is_shared {
            // A lock bit on a shared list takes its time; it has a test of its own.
            self.list
                .memory()
                .word(FIRST)
                .fetch_and(!1, Ordering::Relaxed);
        }
    }
}

/// Behaviour: written-over.
#[test]
fn random_bytes_over_random_pool_memory_are_a_bug_check_at_worst_and_other_lists_stay_right() {
    let _turn = turn();
    let seed = seed(0xDA3A_6E00);
    println!("SEED={seed}");
    let mut random = Random::new(seed);
    let [victims, others] = [tag(b"Vctm"), tag(b"Othr")];
    let mut subjects: Vec<Subject> = (0..4)
        .map(|number| Subject::new(victims, number % 2 == 0, true))
        .chain((0..4).map(|number| Subject::new(others, number % 2 == 0, false)))
        .collect();
    for _ in 0..1_000 {
        let addresses: Vec<u64> = subjects
            .iter()
            .flat_map(|subject| subject.kept.iter().chain(&subject.out))
            .map(|block| block.address())
            .chain(subjects.iter().map(|subject| subject.list.address()))
            .collect();
        let victim = random.below(4);
        subjects[victim].write_over(&mut random, &addresses);
        for _ in 0..40 {
            let index = random.below(subjects.len());
            subjects[index].step(&mut random);
            if random.below(20) == 0 {
                let stop = catch_bug_check(tick).err();
                for subject in &mut subjects {
                    subject.after_tick(stop.as_ref());
                }
            }
        }
    }
    let lost: u32 = subjects
        .iter()
        .map(|subject| abandoned(&subject.list))
        .sum();
    assert!(lost > 0, "the writes hit something");
    for subject in &subjects {
        for &entry in &subject.out {
            let freed = catch_bug_check(|| subject.list.free(entry));
            assert!(freed.is_ok() || subject.is_victim);
        }
        let deleted = catch_bug_check(|| subject.list.delete());
        if deleted.is_err() {
            assert!(subject.is_victim);
            subject.list.delete();
        }
    }
    assert_eq!(usage(others, false).live(), 0);
}
