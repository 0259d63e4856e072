//! The limit on lists: how many there can be, and what says so.

mod common;

use common::*;
use wdm::*;

/// How many lists there can be at once.
const MOST_LISTS: usize = 65_535;

/// Behaviour: limit-lists.
#[test]
fn a_list_beyond_the_limit_is_refused_by_its_status_or_at_its_first_use() {
    let _turn = turn();
    let lists: Vec<List> = (0..MOST_LISTS).map(|_| List::of(64)).collect();
    let more = List::storage_of(Kind::Ex, false);
    assert_eq!(more.initialise(Options::default()), STATUS_QUOTA_EXCEEDED);
    for kind in [Kind::NPaged, Kind::Paged] {
        let options = Options {
            kind,
            ..Options::default()
        };
        let legacy = List::storage_of(kind, false);
        assert_eq!(stop(|| legacy.allocate()), no_list(&legacy));
        assert_eq!(
            legacy.initialise(options),
            STATUS_SUCCESS,
            "it returns nothing"
        );
        let no_room = (0xC4, [0xCB, legacy.address(), MOST_LISTS as u64, 0]);
        assert_eq!(stop(|| legacy.allocate()), no_room);
        assert_eq!(stop(|| legacy.free(legacy.memory())), no_room);
        assert_eq!(stop(|| legacy.delete()), no_room);
    }
    drop(lists);
    // The same storage becomes a list where there is room.
    assert_eq!(more.initialise(Options::default()), STATUS_SUCCESS);
    more.free(more.allocate());
    more.delete();
    assert_eq!(stop(|| more.allocate()), no_list(&more));
}
