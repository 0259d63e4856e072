//! What the boundary to other languages asks of the emulation: by identifier and by offset.

use std::thread;

use ntoskrnl_emu::Driver;
use ntoskrnl_emu::host::{self, owner};
use wdm::{STATUS_DELETE_PENDING, STATUS_INVALID_PARAMETER};

mod common;

use common::*;

#[test]
fn an_identifier_tells_the_kind_of_its_list_and_whether_it_has_callbacks() {
    let _turn = turn();
    extern "system" fn keep(_: *mut std::ffi::c_void, _: *mut wdm::LookasideListEx) {}
    let plain = List::of(64);
    let calling = List::new(Options {
        free: Some(keep),
        ..Options::default()
    });
    assert_eq!(host::kind(plain.id()), host::kind(calling.id()));
    assert!(!host::has_callbacks(plain.id()));
    assert!(host::has_callbacks(calling.id()));
    let id = plain.id();
    plain.delete();
    assert_eq!(host::kind(id), None);
    assert_eq!(host::kind(0), None);
}

#[test]
fn a_closed_list_is_refused_by_its_identifier_and_stays_until_it_is_deleted() {
    let _turn = turn();
    let list = List::new(Options {
        in_pool: true,
        ..Options::default()
    });
    let id = list.id();
    let entry = list.allocate();
    host::close_list(id);
    host::close_list(id);
    assert!(!host::is_live(id));
    assert_eq!(host::why_not_live(id), STATUS_DELETE_PENDING);
    let found = ntoskrnl_emu::list(id, owner::current());
    assert_eq!(found, Err(STATUS_DELETE_PENDING));
    list.free(entry);
    assert_eq!(list.allocate(), entry, "by its address it still works");
    list.free(entry);
    list.delete();
    assert_eq!(host::why_not_live(id), STATUS_DELETE_PENDING);
    assert_eq!(host::why_not_live(0), STATUS_INVALID_PARAMETER);
}

#[test]
fn the_lists_of_an_owner_are_those_confined_to_it_the_oldest_first() {
    let _turn = turn();
    thread::spawn(|| {
        let _shared = List::of(64);
        let lists = [List::confined(16), List::confined(32)];
        let ids = lists.each_ref().map(List::id);
        assert_eq!(host::confined_to(owner::current()), ids);
        lists[0].delete();
        assert_eq!(host::confined_to(owner::current()), ids[1..]);
    })
    .join()
    .unwrap();
}

#[test]
fn a_block_tells_whether_it_is_plain_an_entry_or_kept() {
    let _turn = turn();
    let list = List::of(64);
    let plain = nonpaged(64);
    let entry = list.allocate();
    let kept = list.keep(1)[0];
    let told = |block: Block| {
        host::block_at(mapped(), block.offset()).map(|found| (found.is_plain, found.is_kept))
    };
    assert_eq!(told(plain), Some((true, false)));
    assert_eq!(told(entry), Some((false, false)));
    assert_eq!(told(kept), Some((false, true)));
    free_pool(plain);
    assert_eq!(told(plain), None);
    list.free(entry);
}

#[test]
fn an_entry_is_allocated_from_its_list_until_it_is_freed() {
    let _turn = turn();
    let list = List::new(Options {
        in_pool: true,
        ..Options::default()
    });
    let other = List::new(Options {
        in_pool: true,
        ..Options::default()
    });
    let index = |list: &List| list.id() & 0xffff;
    let is_allocated = |list: &List, offset| host::is_allocated_from(mapped(), index(list), offset);
    let entry = list.allocate();
    assert!(is_allocated(&list, entry.offset()));
    assert!(!is_allocated(&other, entry.offset()));
    assert!(!is_allocated(&list, entry.offset() + 16));
    assert!(!is_allocated(&list, !15));
    list.free(entry);
    assert!(!is_allocated(&list, entry.offset()));
}

#[test]
fn a_driver_is_found_by_the_index_that_the_metadata_has() {
    let root = Driver::root();
    assert_eq!(Driver::by_index(root.index()), Some(root));
    assert_eq!(Driver::by_index(u32::MAX), None);
}

#[test]
fn javascript_is_shown_the_metadata_up_to_the_state_bytes() {
    let region = mapped();
    assert_eq!(
        host::mapped().map(|region| region.pages()),
        Some(region.pages())
    );
    // JavaScript sees the state bytes, and none of the words behind them.
    assert!(region.states() < region.metadata_bytes());
    assert!(!region.metadata().is_null());
}
