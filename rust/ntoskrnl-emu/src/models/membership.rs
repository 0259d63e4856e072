//! Blocks that change lists beside other work on their page.

mod loom {
    use super::super::list::List;
    use crate::catch_bug_check;
    use crate::memory::region;
    use crate::pool::{abandon_kept, adopt};
    use crate::sync::{Ordering, race};

    #[test]
    fn an_entry_is_its_lists_while_a_neighbour_becomes_another_lists() {
        race("pool, adoption beside a free", 3, |race| {
            assert!(region::configure(4).is_ok());
            let [first, second] = [List::new(16), List::new(16)];
            let [entry, plain] = [0; 2].map(|_| first.allocate().unwrap());
            first.free(plain);
            // As after damage: a plain block beside an entry of the first list, which keeps nothing.
            assert_eq!(abandon_kept(first.region, first.record()), 1);
            for word in &first.control.list_head {
                word.store(0, Ordering::Relaxed);
            }
            let [adopting, freeing] = [second.clone(), first.clone()];
            let adopt = move || {
                let index = adopting.control.future[1].load(Ordering::Relaxed);
                assert!(adopt(adopting.region, plain, index, adopting.record()));
                adopting.free(plain);
            };
            race.run(adopt, move || freeing.free(entry));
            assert_eq!((first.depth(), second.depth()), (1, 1));
            first.delete();
            second.delete();
        });
    }

    /// The third and the fourth list of a model have no number of their own: their entries' words are
    /// alike, and the block word tells them apart.
    #[test]
    fn a_second_free_never_takes_an_entry_of_another_list_that_words_do_not_name() {
        race("pool, second free by block word", 2, |race| {
            assert!(region::configure(2).is_ok());
            let _numbered = [List::new(16), List::new(16)];
            let list = List::new(16);
            let entry = list.allocate().unwrap();
            list.control.depth.store(0, Ordering::Relaxed);
            let [one, other] = [list.clone(), list.clone()];
            let again = move || catch_bug_check(|| other.free_again(entry)).is_ok();
            let once = move || catch_bug_check(|| one.free_again(entry)).is_ok();
            let (one, other) = race.run(once, again);
            assert_ne!(one, other, "one of the two is refused");
            list.delete();
            assert_eq!(list.region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
        });
    }
}
