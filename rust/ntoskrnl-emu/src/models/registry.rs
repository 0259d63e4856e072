//! Look-ups of lists beside lists that come and go.

mod loom {
    use ::loom::sync::Arc;
    use std::sync::atomic::Ordering::Relaxed;

    use wdm::STATUS_DELETE_PENDING;

    use super::super::list::List;
    use crate::host::{id, list};
    use crate::memory::region;
    use crate::owner::SHARED;
    use crate::sync::{AtomicU32, race};

    /// An identifier may reach another thread by any means, also by one that orders nothing.
    #[test]
    fn a_thread_that_finds_a_list_live_by_its_identifier_sees_its_record_whole() {
        race("registry, a new list beside look-ups", 3, |race| {
            assert!(region::configure(2).is_ok());
            // The record was another list's before, and its state was "live" then.
            let before = List::new(64);
            let stale = id(before.at()).unwrap();
            let told = Arc::new(AtomicU32::new(stale));
            let teller = told.clone();
            let make = move || {
                before.delete();
                let list = List::new(16);
                teller.store(id(list.at()).unwrap(), Relaxed);
                list
            };
            let look_up = move || {
                let given = told.load(Relaxed);
                if given == stale {
                    return;
                }
                if let Ok(found) = list(given, SHARED) {
                    let record = region::mapped().unwrap().record(given & 0xffff);
                    assert_eq!(record.size.load(Relaxed), 16);
                    assert_eq!(record.list.load(Relaxed), found.addr() as u64);
                    assert_eq!(list(stale, SHARED), Err(STATUS_DELETE_PENDING));
                }
            };
            race.run(make, look_up).0.delete();
        });
    }
}
