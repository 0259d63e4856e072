//! Threads that meet damage of a list.

mod loom {
    use std::cell::Cell;
    use std::time::Duration;

    use ::loom::sync::Arc;

    use wdm::KERNEL_SECURITY_CHECK_FAILURE;

    use super::super::list::List;
    use crate::catch_bug_check;
    use crate::list::link_at;
    use crate::memory::region;
    use crate::sync::{Instant, Ordering, race};

    const SIZE: usize = 16;

    std::thread_local! {
        /// How often the damage was reported in this run of a model. The standard library's: all
        /// threads of a model run on one of the system's.
        static REPORTS: Cell<u32> = const { Cell::new(0) };
    }

    /// Runs what may meet the damage first, and counts a refusal.
    fn meet<T>(run: impl FnOnce() -> T) -> Option<T> {
        catch_bug_check(run)
            .inspect_err(|stop| {
                assert_eq!(stop.code, KERNEL_SECURITY_CHECK_FAILURE, "{stop}");
                REPORTS.set(REPORTS.get() + 1);
            })
            .ok()
    }

    /// A shared list that keeps two entries, and one that is allocated from it.
    fn list() -> (Arc<List>, u32) {
        Instant::set_step(Duration::ZERO);
        REPORTS.set(0);
        assert!(region::configure(4).is_ok());
        let list = List::new(SIZE);
        let [first, second, third] = [0; 3].map(|_| list.allocate().unwrap());
        list.free(second);
        list.free(third);
        (list, first)
    }

    /// Frees the entry that a thread has and allocates another. Returns what it has in the end.
    fn free_and_allocate(list: &List, entry: u32) -> Vec<u32> {
        let mut held = Vec::new();
        if meet(|| list.free_again(entry)).is_none() {
            held.push(entry);
        }
        held.extend(allocate(list));
        held
    }

    fn allocate(list: &List) -> Option<u32> {
        meet(|| list.allocate().expect("the pool has room"))
    }

    /// The list is in order again once what is left of the damage is found: it was reported once,
    /// every block is held or given up, and the list hands out new entries.
    fn assert_mended(list: &List, held: &[u32]) {
        // Of no interest: the damage may have been found before.
        let _ = meet(|| list.flush());
        assert_eq!(REPORTS.get(), 1, "one write over the list's memory");
        assert_eq!(list.depth(), 0);
        for (number, entry) in held.iter().enumerate() {
            assert!(!held[..number].contains(entry), "handed out twice");
        }
        let abandoned = list.record().abandoned.load(Ordering::Relaxed) as usize;
        let bytes = &list.region.tag_row(0).bytes;
        let bytes = || bytes.load(Ordering::Relaxed) as usize;
        assert_eq!(bytes(), (held.len() + abandoned) * SIZE);
        let entry = allocate(list).expect("the list is in order");
        assert!(!held.contains(&entry), "handed out twice");
        list.free(entry);
        held.iter().for_each(|&entry| list.free(entry));
        list.delete();
        assert_eq!(bytes(), abandoned * SIZE);
    }

    /// One thread works on the list while another finds the control block written over.
    #[test]
    fn damage_that_is_found_outside_waits_for_the_thread_inside() {
        race("damage, of the control block", 3, |race| {
            let (list, entry) = list();
            let [one, other] = [list.clone(), list.clone()];
            let stray_write = move || {
                one.control.future[1].store(0, Ordering::Relaxed);
                allocate(&one)
            };
            let (allocated, mut held) =
                race.run(stray_write, move || free_and_allocate(&other, entry));
            held.extend(allocated);
            assert_mended(&list, &held);
        });
    }

    #[test]
    fn damage_that_is_found_inside_is_mended_before_the_next_thread_enters() {
        race("damage, of a link", 3, |race| {
            let (list, entry) = list();
            let first = list.control.list_head[1].load(Ordering::Relaxed);
            let first = list.region.offset_of(first as usize).unwrap();
            // A stray write: the next entry is one that is not kept.
            let stray = list.region.at(entry).expose_provenance() as u64;
            // SAFETY: an entry that the list keeps.
            let link = unsafe { link_at(list.region.at(first).cast()) };
            link.store(stray, Ordering::Relaxed);
            let [one, other] = [list.clone(), list.clone()];
            let (allocated, mut held) = race.run(
                move || [allocate(&one), allocate(&one)],
                move || free_and_allocate(&other, entry),
            );
            held.extend(allocated.into_iter().flatten());
            assert_mended(&list, &held);
        });
    }

    #[test]
    fn damage_that_a_flush_finds_waits_for_the_thread_inside() {
        race("damage, of a link under a flush", 3, |race| {
            let (list, entry) = list();
            let first = list.control.list_head[1].load(Ordering::Relaxed);
            let first = list.region.offset_of(first as usize).unwrap();
            // A stray write: the list ends early.
            // SAFETY: an entry that the list keeps.
            let link = unsafe { link_at(list.region.at(first).cast()) };
            link.store(0, Ordering::Relaxed);
            let [one, other] = [list.clone(), list.clone()];
            let flush = move || meet(|| one.flush());
            let (_, held) = race.run(flush, move || free_and_allocate(&other, entry));
            assert_mended(&list, &held);
        });
    }

    #[test]
    fn a_lock_that_stays_set_is_taken_over_once() {
        race("damage, of the lock", 2, |race| {
            let (list, entry) = list();
            // A stray write.
            let word = &list.control.list_head[1];
            word.store(word.load(Ordering::Relaxed) | 1, Ordering::Relaxed);
            Instant::set_step(Duration::from_millis(50));
            let [one, other] = [list.clone(), list.clone()];
            let (allocated, mut held) = race.run(
                move || allocate(&one),
                move || free_and_allocate(&other, entry),
            );
            held.extend(allocated);
            Instant::set_step(Duration::ZERO);
            assert_mended(&list, &held);
        });
    }
}
