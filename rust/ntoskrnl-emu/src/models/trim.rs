//! A tick that trims a list beside threads that use or delete it.

mod loom {
    use super::super::list::List;
    use crate::host::balance::trim;
    use crate::memory::region;
    use crate::registry;
    use crate::sync::{Ordering, race};

    /// A shared list of entries of a granule that keeps so many of them, with a depth.
    fn list_with(kept: usize, depth: u16) -> ::loom::sync::Arc<List> {
        assert!(region::configure(3).is_ok());
        let list = List::new(16);
        let entries: Vec<_> = (0..kept).filter_map(|_| list.allocate()).collect();
        entries.iter().for_each(|&entry| list.free(entry));
        list.control.depth.store(depth, Ordering::Relaxed);
        list
    }

    fn id_of(list: &List) -> u32 {
        registry::id_of(list.region, list.control.future[1].load(Ordering::Relaxed))
    }

    fn bytes(list: &List) -> u64 {
        list.region.tag_row(0).bytes.load(Ordering::Relaxed)
    }

    #[test]
    fn trimming_beside_an_allocation_and_a_free_loses_nothing_and_counts_nothing() {
        race(
            "list of 2, trim to 1 against allocate and free",
            3,
            |race| {
                let list = list_with(2, 1);
                let id = id_of(&list);
                let [one, other] = [list.clone(), list.clone()];
                let use_it = move || {
                    if let Some(entry) = other.allocate() {
                        other.free(entry);
                    }
                };
                race.run(move || trim(one.region, id), use_it);
                assert_eq!(list.depth(), 1);
                let [allocates, _, frees, free_misses] = list.counters();
                assert_eq!((allocates, frees), (3, 3));
                assert!(free_misses <= 1, "that of the free, if the list was full");
                list.delete();
                assert_eq!(bytes(&list), 0);
            },
        );
    }

    #[test]
    fn two_ticks_trim_no_more_than_the_surplus() {
        race("list of 2, trim to 1 against trim", 3, |race| {
            let list = list_with(2, 1);
            let id = id_of(&list);
            let [one, other] = [list.clone(), list.clone()];
            race.run(move || trim(one.region, id), move || trim(other.region, id));
            assert_eq!(list.depth(), 1);
            list.delete();
            assert_eq!(bytes(&list), 0);
        });
    }

    #[test]
    fn a_list_is_deleted_while_a_tick_trims_it() {
        race("list of 1, trim to 0 against delete", 3, |race| {
            let list = list_with(1, 0);
            let id = id_of(&list);
            let [one, other] = [list.clone(), list.clone()];
            let delete = move || {
                one.delete();
                // Storage of the caller's again: a value that looks like a lock that stays set.
                one.control.list_head[1].store(1, Ordering::Relaxed);
            };
            race.run(delete, move || trim(other.region, id));
            assert_eq!(list.control.list_head[1].load(Ordering::Relaxed), 1);
            assert_eq!(bytes(&list), 0);
        });
    }
}
