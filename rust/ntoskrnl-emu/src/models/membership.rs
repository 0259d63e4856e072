//! A block that becomes an entry beside other work on its page.

mod loom {
    use super::super::list::List;
    use crate::memory::layout::STATE_ALLOCATED;
    use crate::memory::region;
    use crate::pool::{abandon_kept, adopt};
    use crate::sync::{Ordering, race};

    #[test]
    fn an_entry_is_its_lists_while_its_page_learns_to_serve_two() {
        race("pool, adoption beside a free", 3, |race| {
            assert!(region::configure(4).is_ok());
            let [first, second] = [List::new(16), List::new(16)];
            let [entry, plain] = [0; 2].map(|_| first.allocate().unwrap());
            first.free(plain);
            let [index, other] =
                [&first, &second].map(|list| list.control.future[1].load(Ordering::Relaxed));
            // As after damage: a plain block on a page of the first list, which keeps nothing.
            assert_eq!(abandon_kept(first.region, index, first.record()), 1);
            for word in &first.control.list_head {
                word.store(0, Ordering::Relaxed);
            }
            let [adopting, freeing] = [second.clone(), first.clone()];
            let adopt = move || {
                let record = adopting.record();
                let state = STATE_ALLOCATED | record.mark.load(Ordering::Relaxed) as u8;
                assert!(adopt(adopting.region, plain, other, record, state));
                adopting.free(plain);
            };
            race.run(adopt, move || freeing.free(entry));
            assert_eq!((first.depth(), second.depth()), (1, 1));
            first.delete();
            second.delete();
        });
    }
}
