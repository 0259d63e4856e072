//! Threads in the section of a list, and threads that wait for it.

mod loom {
    use ::loom::thread;
    use wdm::SListHeader;

    use super::super::list::List;
    use crate::memory::region;
    use crate::sync::{Ordering, model, race};
    use crate::{
        ExFreePool, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList, catch_bug_check,
    };

    /// A shared list of entries of a granule that keeps so many of them.
    fn list_with(kept: usize) -> ::loom::sync::Arc<List> {
        assert!(region::configure(3).is_ok());
        let list = List::new(16);
        let entries: Vec<_> = (0..kept).filter_map(|_| list.allocate()).collect();
        entries.iter().for_each(|&entry| list.free(entry));
        assert_eq!(list.depth() as usize, kept);
        list
    }

    /// Entries that are still allocated, beside what the list keeps, are all that there are.
    fn assert_whole(list: &List, allocated: &[u32]) {
        for (number, entry) in allocated.iter().enumerate() {
            assert!(!allocated[..number].contains(entry), "handed out twice");
        }
        let [allocates, allocate_misses, frees, free_misses] = list.counters();
        assert_eq!((allocates - frees) as usize, allocated.len(), "outstanding");
        assert_eq!(
            list.depth(),
            (frees - free_misses) - (allocates - allocate_misses),
            "kept are the pushed less the popped"
        );
        for &entry in allocated {
            list.free(entry);
        }
        list.delete();
        let usage = list.region.tag_row(0);
        assert_eq!(usage.bytes.load(Ordering::Relaxed), 0);
    }

    fn allocate_and_free(list: &List) {
        if let Some(entry) = list.allocate() {
            list.free(entry);
        }
    }

    #[test]
    fn two_threads_allocate_different_entries() {
        for kept in 0..=2 {
            model(
                &format!("list of {kept}, allocate against allocate"),
                3,
                move || {
                    let list = list_with(kept);
                    let other = list.clone();
                    let other = thread::spawn(move || other.allocate());
                    let mut allocated: Vec<_> = list.allocate().into_iter().collect();
                    allocated.extend(other.join().unwrap());
                    assert_eq!(allocated.len(), 2);
                    assert_whole(&list, &allocated);
                },
            );
        }
    }

    #[test]
    fn what_one_thread_frees_the_other_may_allocate() {
        for kept in 0..=1 {
            model(
                &format!("list of {kept}, both allocate and free"),
                3,
                move || {
                    let list = list_with(kept);
                    let other = list.clone();
                    let other = thread::spawn(move || allocate_and_free(&other));
                    allocate_and_free(&list);
                    other.join().unwrap();
                    assert_whole(&list, &[]);
                },
            );
        }
    }

    #[test]
    fn of_two_frees_of_an_entry_one_is_refused() {
        for depth in 0..=1 {
            model(&format!("depth {depth}, free against free"), 3, move || {
                let list = list_with(0);
                let entry = list.allocate().unwrap();
                list.control.depth.store(depth, Ordering::Relaxed);
                let other = list.clone();
                let other = thread::spawn(move || catch_bug_check(|| other.free_again(entry)));
                let here = catch_bug_check(|| list.free_again(entry));
                assert_ne!(here.is_ok(), other.join().unwrap().is_ok());
                assert_whole(&list, &[]);
            });
        }
    }

    /// Either list takes the other's entries: the entry may change lists twice on its way.
    #[test]
    fn of_two_frees_of_an_entry_to_two_lists_one_is_refused() {
        race("free to two lists", 3, |race| {
            let list = list_with(0);
            let other = List::new(16);
            let entry = list.allocate().unwrap();
            let [one, two] = [list.clone(), other.clone()];
            let (to_own, to_other) = race.run(
                move || catch_bug_check(|| one.free_again(entry)).is_ok(),
                move || catch_bug_check(|| two.free_again(entry)).is_ok(),
            );
            assert_ne!(to_own, to_other);
            assert_eq!(
                [list.depth(), other.depth()],
                [to_own, to_other].map(u32::from)
            );
            let frees = [&list, &other].map(|list| list.counters()[2]);
            assert_eq!(
                frees,
                [to_own, to_other].map(u32::from),
                "a refused free counts nothing"
            );
            list.delete();
            other.delete();
            assert_eq!(list.region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn of_a_free_to_the_list_and_one_to_pool_one_is_refused() {
        for depth in 0..=1 {
            race(
                &format!("depth {depth}, free to list and to pool"),
                3,
                move |race| {
                    let list = list_with(0);
                    let entry = list.allocate().unwrap();
                    list.control.depth.store(depth, Ordering::Relaxed);
                    let [one, other] = [list.clone(), list.clone()];
                    let to_list = move || catch_bug_check(|| one.free_again(entry)).is_ok();
                    let to_pool = move || {
                        let block = other.region.at(entry).cast();
                        // SAFETY: a free that is none is refused.
                        catch_bug_check(|| unsafe { ExFreePool(block) }).is_ok()
                    };
                    let (by_list, by_pool) = race.run(to_list, to_pool);
                    assert_ne!(by_list, by_pool);
                    let [.., frees, _] = list.counters();
                    assert_eq!(frees, u32::from(by_list), "a refused free counts nothing");
                    list.delete();
                    assert_eq!(list.region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
                },
            );
        }
    }

    /// The contract of delete allows it: what is allocated stays allocated.
    #[test]
    fn an_entry_is_freed_to_pool_while_its_list_is_deleted() {
        race("free to pool against delete", 3, |race| {
            let list = list_with(0);
            let entry = list.allocate().unwrap();
            let [one, other] = [list.clone(), list.clone()];
            let delete = move || {
                one.delete();
                // Storage of the caller's again: a value that looks like a lock that stays set.
                one.control.list_head[1].store(1, Ordering::Relaxed);
            };
            let to_pool = move || {
                let block = other.region.at(entry).cast();
                // SAFETY: allocated, and no other thread frees it.
                unsafe { ExFreePool(block) }
            };
            race.run(delete, to_pool);
            assert_eq!(list.control.list_head[1].load(Ordering::Relaxed), 1);
            assert_eq!(list.region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn a_flush_beside_allocations_and_frees_loses_nothing() {
        race("list of 2, flush against allocate and free", 3, |race| {
            let list = list_with(2);
            let [one, other] = [list.clone(), list.clone()];
            race.run(move || one.flush(), move || allocate_and_free(&other));
            list.flush();
            assert_eq!(list.depth(), 0);
            list.delete();
            assert_eq!(list.region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn three_threads_allocate_free_and_flush() {
        model("list of 1, allocate against free against flush", 1, || {
            let list = list_with(1);
            let entry = list.allocate().unwrap();
            let kept = list.allocate().unwrap();
            list.free(kept);
            let [freeing, flushing] = [list.clone(), list.clone()];
            let freeing = thread::spawn(move || freeing.free(entry));
            let flushing = thread::spawn(move || flushing.flush());
            let allocated = list.allocate();
            freeing.join().unwrap();
            flushing.join().unwrap();
            allocated.into_iter().for_each(|entry| list.free(entry));
            list.delete();
        });
    }

    #[test]
    fn the_raw_routines_take_turns_with_the_lists_own() {
        race("list of 2, raw pop and flush against allocate", 3, |race| {
            let list = list_with(2);
            let [one, other] = [list.clone(), list.clone()];
            let raw = move || {
                let header: *mut SListHeader = one.at().cast();
                // SAFETY: a list begins with its header.
                let popped = unsafe { ExpInterlockedPopEntrySList(header) };
                // SAFETY: as above.
                let flushed = unsafe { ExpInterlockedFlushSList(header) };
                [popped, flushed].map(|entry| one.region.offset_of(entry.addr()))
            };
            let (raw, allocated) = race.run(raw, move || other.allocate());
            let taken = || raw.iter().chain([&allocated]).flatten();
            for entry in taken() {
                let times = taken().filter(|&other| other == entry).count();
                assert_eq!(times, 1, "handed out twice");
            }
            assert_eq!(list.depth(), 0);
            list.delete();
        });
    }
}
