//! The system's list of lists, and the records behind it. These tests see every list of the
//! process, so they take turns.

mod common;

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::host;
use ntoskrnl_emu::host::layout::RECORDS;
use wdm::{STATUS_QUOTA_EXCEEDED, STATUS_SUCCESS};

const FORWARD: usize = 0x40;
const BACKWARD: usize = 0x48;

fn link(list: &List, offset: usize) -> u64 {
    list.u64_at(offset).load(Ordering::Relaxed)
}

/// Asserts that exactly these lists are linked, in this order, in both directions.
#[track_caller]
fn assert_linked(lists: &[&List]) {
    for pair in lists.windows(2) {
        assert_eq!(link(pair[0], FORWARD), pair[1].address() + FORWARD as u64);
        assert_eq!(link(pair[1], BACKWARD), pair[0].address() + FORWARD as u64);
    }
    if let (Some(first), Some(last)) = (lists.first(), lists.last()) {
        assert_eq!(
            link(first, BACKWARD),
            link(last, FORWARD),
            "both ends meet at the head"
        );
    }
    let addresses: Vec<usize> = lists.iter().map(|list| list.as_ptr().addr()).collect();
    assert_eq!(registered(), addresses);
}

/// The addresses of all lists, the oldest first, by the records.
fn registered() -> Vec<usize> {
    let mut addresses = Vec::new();
    let mut index = host::header(mapped()).newest;
    while index != 0 {
        let record = host::record(mapped(), index);
        addresses.push(record.list as usize);
        index = record.previous;
    }
    addresses.reverse();
    addresses
}

#[test]
fn lists_are_linked_in_the_order_of_their_initialisation() {
    let _turn = turn();
    let [a, b, c, d] = [false, true, false, true].map(|in_pool| {
        List::new(Options {
            in_pool,
            ..Options::default()
        })
    });
    assert_linked(&[&a, &b, &c, &d]);
    b.delete();
    assert_linked(&[&a, &c, &d]);
    assert_eq!(b.initialise(Options::default()), STATUS_SUCCESS);
    assert_linked(&[&a, &c, &d, &b]);
    a.delete();
    assert_linked(&[&c, &d, &b]);
    b.abandon();
    assert_linked(&[&c, &d]);
    assert_eq!(c.initialise(Options::default()), STATUS_SUCCESS);
    assert_linked(&[&d, &c]);
    d.delete();
    c.delete();
    assert_linked(&[]);
}

#[test]
fn a_refused_initialisation_links_nothing() {
    let _turn = turn();
    let list = List::of(64);
    let other = List::storage(false);
    assert!(
        other
            .initialise(Options {
                depth: 3,
                ..Options::default()
            })
            .is_err()
    );
    assert_linked(&[&list]);
}

#[test]
fn written_over_links_are_written_right_when_a_neighbour_comes_or_goes_and_never_followed() {
    let _turn = turn();
    let [a, b, c] = [(); 3].map(|()| List::of(64));
    for offset in [FORWARD, BACKWARD] {
        b.u64_at(offset).store(1, Ordering::Relaxed);
    }
    let d = List::of(64);
    a.delete();
    c.delete();
    assert_eq!(link(&b, FORWARD), d.address() + FORWARD as u64);
    assert_linked(&[&b, &d]);
}

#[test]
fn a_damaged_list_keeps_its_place() {
    let _turn = turn();
    let [a, b, c] = [(); 3].map(|()| List::of(64));
    for word in 0..12 {
        b.memory().write(word, 0x0102_0304_0506_0700);
    }
    assert_eq!(stop(|| b.allocate()), b.damage());
    assert_linked(&[&a, &b, &c]);
    b.free(b.allocate());
}

#[test]
fn records_are_used_again_and_identifiers_are_not_soon() {
    let _turn = turn();
    let list = List::storage(false);
    let before = host::header(mapped()).record_limit;
    let mut seen = HashSet::new();
    for _ in 0..20_000 {
        assert_eq!(list.initialise(Options::default()), STATUS_SUCCESS);
        assert!(seen.insert(list.id()));
        list.delete();
    }
    let after = host::header(mapped()).record_limit;
    assert!(after <= before.max(1) + 1, "{before} {after}");
}

#[test]
fn more_lists_than_records_are_status_quota_exceeded_until_one_goes() {
    let _turn = turn();
    let mut lists: Vec<List> = (1..RECORDS).map(|_| List::of(64)).collect();
    let ids: HashSet<u32> = lists.iter().map(List::id).collect();
    assert_eq!(ids.len(), RECORDS - 1);
    let another = List::storage(false);
    assert_eq!(
        another.initialise(Options::default()),
        STATUS_QUOTA_EXCEEDED
    );
    assert_eq!(stop(|| another.allocate()), no_list(&another));
    let first = lists.swap_remove(1_000);
    let id = first.id();
    first.delete();
    assert_eq!(another.initialise(Options::default()), STATUS_SUCCESS);
    assert_ne!(another.id(), id);
    assert!(ntoskrnl_emu::list(id, 0).is_err());
    another.free(another.allocate());
    ntoskrnl_emu::tick();
    for list in &lists {
        list.delete();
    }
}
