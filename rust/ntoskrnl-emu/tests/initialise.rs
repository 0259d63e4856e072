//! What `ExInitializeLookasideListEx` accepts, refuses and writes.

mod common;

use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::ExInitializeLookasideListEx;
use ntoskrnl_emu::host::{self, validate_arguments};
use wdm::*;

extern "system" fn no_entry(_: PoolType, _: usize, _: u32, _: *mut LookasideListEx) -> *mut c_void {
    std::ptr::null_mut()
}

extern "system" fn keep_entry(_: *mut c_void, _: *mut LookasideListEx) {}

fn field32(list: &List, offset: usize) -> u32 {
    list.u32_at(offset).load(Ordering::Relaxed)
}

/// The answer of initialisation, and of the check before it.
fn refused(options: Options) -> NtStatus {
    let list = List::storage(false);
    let status = list.initialise(options);
    let asked = validate_arguments(
        options.pool_type,
        options.flags,
        options.size,
        options.depth,
    );
    assert_eq!(asked.err().unwrap_or(STATUS_SUCCESS), status);
    if status.is_err() {
        assert_eq!(stop(|| list.allocate()), no_list(&list), "nothing was made");
    }
    status
}

fn with_pool_type(value: i32) -> Options {
    Options {
        pool_type: PoolType(value),
        ..Options::default()
    }
}

#[test]
fn a_new_list_is_empty_with_depth_4_and_maximum_depth_256() {
    let _turn = turn();
    let list = List::new(Options::default());
    assert_eq!((list.depth(), list.maximum_depth()), (4, 256));
    assert_eq!(list.current_depth(), 0);
    assert_eq!(list.counters(), Counters::default());
    for last in [
        offset_of!(GeneralLookasidePool, last_total_allocates),
        offset_of!(GeneralLookasidePool, last_allocate_misses),
    ] {
        assert_eq!(field32(&list, last), 0);
    }
}

#[test]
fn garbage_in_the_storage_does_not_show_in_the_new_list() {
    let _turn = turn();
    let list = List::storage(false);
    for word in 0..0x60 / 8 {
        list.u64_at(word * 8).store(u64::MAX, Ordering::Relaxed);
    }
    assert_eq!(list.initialise(Options::default()), STATUS_SUCCESS);
    assert_eq!((list.depth(), list.maximum_depth()), (4, 256));
    assert_eq!(list.current_depth(), 0);
    assert_eq!(list.counters(), Counters::default());
}

#[test]
fn type_tag_and_size_are_stored_as_given() {
    let _turn = turn();
    let list = List::new(Options {
        pool_type: PoolType(1 | 0x100),
        size: 496,
        tag: tag(b"Ntfs"),
        ..Options::default()
    });
    assert_eq!(
        field32(&list, offset_of!(GeneralLookasidePool, pool_type)),
        0x101
    );
    assert_eq!(
        field32(&list, offset_of!(GeneralLookasidePool, tag)),
        tag(b"Ntfs")
    );
    assert_eq!(field32(&list, offset_of!(GeneralLookasidePool, size)), 496);
}

/// Behaviour: create-size-below-8.
#[test]
fn a_size_below_8_is_stored_as_8() {
    let _turn = turn();
    let mark = tag(b"Sml8");
    for size in 0..=8 {
        let list = List::new(Options {
            size,
            tag: mark,
            ..Options::default()
        });
        assert_eq!(field32(&list, offset_of!(GeneralLookasidePool, size)), 8);
        let entry = list.allocate();
        assert_eq!(usage(mark, false).bytes, 8, "an entry is the stored size");
        list.free(entry);
        list.delete();
        assert_eq!(usage(mark, false).bytes, 0);
    }
}

#[test]
fn a_legal_pool_type_is_accepted_with_and_without_the_cold_bit() {
    let _turn = turn();
    for value in [0, 1, 4, 5, 512, 516] {
        for cold in [0, 0x100] {
            assert_eq!(
                refused(with_pool_type(value | cold)),
                STATUS_SUCCESS,
                "{value} {cold}"
            );
        }
    }
}

#[test]
fn an_illegal_pool_type_is_status_invalid_parameter_4() {
    let _turn = turn();
    let illegal = [
        2,
        3,
        6,
        7,
        8,
        16,
        32,
        33,
        38,
        512 | 1,
        512 | 5,
        512 | 2,
        544,
        1024,
        0x200 | 0x400,
        0x1000,
        -1,
        i32::MIN,
        i32::MAX,
    ];
    for value in illegal {
        assert_eq!(
            refused(with_pool_type(value)),
            STATUS_INVALID_PARAMETER_4,
            "{value}"
        );
    }
}

#[test]
fn flags_other_than_0_1_2_are_status_invalid_parameter_5() {
    let _turn = turn();
    for (flags, status) in [
        (0, STATUS_SUCCESS),
        (1, STATUS_SUCCESS),
        (2, STATUS_SUCCESS),
        (3, STATUS_INVALID_PARAMETER_5),
        (4, STATUS_INVALID_PARAMETER_5),
        (8, STATUS_INVALID_PARAMETER_5),
        (16, STATUS_INVALID_PARAMETER_5),
        (1 << 31, STATUS_INVALID_PARAMETER_5),
        (u32::MAX, STATUS_INVALID_PARAMETER_5),
    ] {
        let options = Options {
            flags,
            ..Options::default()
        };
        assert_eq!(refused(options), status, "{flags}");
    }
}

#[test]
fn a_depth_other_than_0_and_256_to_1024_is_status_invalid_parameter_8() {
    let _turn = turn();
    for depth in [1, 4, 20, 255, 1025, 2048, u16::MAX] {
        let options = Options {
            depth,
            ..Options::default()
        };
        assert_eq!(refused(options), STATUS_INVALID_PARAMETER_8, "{depth}");
    }
}

#[test]
fn depth_0_stands_for_256_and_256_to_1024_sets_the_maximum_depth() {
    let _turn = turn();
    for (depth, maximum) in [(0, 256), (256, 256), (257, 257), (1000, 1000), (1024, 1024)] {
        let list = List::new(Options {
            depth,
            ..Options::default()
        });
        assert_eq!((list.depth(), list.maximum_depth()), (4, maximum));
    }
}

/// Behaviour: create-several.
#[test]
fn of_several_illegal_parameters_the_first_decides_pool_type_then_flags_then_depth_then_size() {
    let _turn = turn();
    let all = Options {
        pool_type: PoolType(2),
        flags: 3,
        depth: 1,
        size: usize::MAX,
        ..Options::default()
    };
    let pool_type = PoolType::PAGED_POOL;
    let legal_type = Options { pool_type, ..all };
    let legal_flags = Options {
        flags: 1,
        ..legal_type
    };
    let legal_depth = Options {
        depth: 256,
        ..legal_flags
    };
    assert_eq!(refused(all), STATUS_INVALID_PARAMETER_4);
    assert_eq!(refused(legal_type), STATUS_INVALID_PARAMETER_5);
    assert_eq!(refused(legal_flags), STATUS_INVALID_PARAMETER_8);
    assert_eq!(refused(legal_depth), STATUS_INVALID_PARAMETER);
}

/// Behaviour: create-size-over-32-bits.
#[test]
fn a_size_over_32_bits_is_status_invalid_parameter() {
    let _turn = turn();
    for size in [1 << 32, (1 << 32) + 64, usize::MAX] {
        let options = Options {
            size,
            ..Options::default()
        };
        assert_eq!(refused(options), STATUS_INVALID_PARAMETER, "{size}");
    }
}

/// Behaviour: create-size-over-pool.
#[test]
fn a_size_over_the_pool_is_status_insufficient_resources() {
    let _turn = turn();
    let pool = mapped().pool_bytes();
    for size in [pool + 1, u32::MAX as usize] {
        let options = Options {
            size,
            ..Options::default()
        };
        assert_eq!(refused(options), STATUS_INSUFFICIENT_RESOURCES, "{size}");
    }
    assert_eq!(
        refused(Options {
            size: pool,
            ..Options::default()
        }),
        STATUS_SUCCESS
    );
}

#[test]
fn storage_that_is_not_16_byte_aligned_is_status_invalid_parameter() {
    let _turn = turn();
    let storage = List::storage(false);
    for at in [
        std::ptr::null_mut(),
        storage.as_ptr().wrapping_byte_add(8),
        storage.as_ptr().wrapping_byte_add(1),
    ] {
        // SAFETY: inside the storage or null; refused before it is followed.
        let status = unsafe {
            ExInitializeLookasideListEx(at, None, None, PoolType::PAGED_POOL, 0, 64, TAG, 0)
        };
        assert_eq!(status, STATUS_INVALID_PARAMETER);
    }
}

#[test]
fn a_refused_initialisation_leaves_a_list_that_was_there_as_it_was() {
    let _turn = turn();
    let list = List::of(64);
    let kept = list.keep(2);
    let id = list.id();
    assert_eq!(
        list.initialise(with_pool_type(3)),
        STATUS_INVALID_PARAMETER_4
    );
    let too_large = Options {
        size: mapped().pool_bytes() + 1,
        ..Options::default()
    };
    assert_eq!(list.initialise(too_large), STATUS_INSUFFICIENT_RESOURCES);
    assert_eq!(list.id(), id);
    assert_eq!(list.allocate(), kept[0]);
}

/// Behaviour: alloc-fail-no-raise.
#[test]
fn flag_1_and_flag_2_need_no_allocate_callback() {
    let _turn = turn();
    for (flags, bit) in [(0, 0), (1, 0x10), (2, 8)] {
        let list = List::new(Options {
            flags,
            ..Options::default()
        });
        let stored = field32(&list, offset_of!(GeneralLookasidePool, pool_type));
        assert_eq!(stored, 512 | bit, "the bit is or-ed into the stored type");
        let entry = list.allocate();
        assert!(!entry.is_null());
        list.free(entry);
        assert_eq!(list.allocate(), entry);
    }
}

#[test]
fn either_callback_can_be_given_without_the_other() {
    let _turn = turn();
    let allocate = no_entry as *const () as u64;
    let free = keep_entry as *const () as u64;
    let fields = |with_allocate: bool, with_free: bool| {
        let list = List::new(Options {
            allocate: with_allocate.then_some(no_entry),
            free: with_free.then_some(keep_entry),
            ..Options::default()
        });
        let at = |offset| list.u64_at(offset).load(Ordering::Relaxed);
        (
            at(offset_of!(GeneralLookasidePool, allocate)),
            at(offset_of!(GeneralLookasidePool, free)),
        )
    };
    let (default_allocate, default_free) = fields(false, false);
    assert!(default_allocate != 0 && default_free != 0);
    assert_eq!(fields(true, true), (allocate, free));
    assert_eq!(fields(true, false), (allocate, default_free));
    assert_eq!(fields(false, true), (default_allocate, free));
}

#[test]
fn a_list_that_is_initialised_again_begins_anew_and_its_old_entries_stay_allocated() {
    let _turn = turn();
    let mark = tag(b"Anew");
    let options = Options {
        tag: mark,
        ..Options::default()
    };
    for in_pool in [false, true] {
        let options = Options { in_pool, ..options };
        let list = List::new(options);
        let allocated = list.allocate();
        let kept = list.keep(2);
        let before = usage(mark, false);
        assert_eq!(before.live(), 3);
        let old = list.id();

        assert_eq!(list.initialise(options), STATUS_SUCCESS);
        assert_eq!(usage(mark, false), before, "nothing was freed");
        assert_eq!(list.counters(), Counters::default());
        assert_eq!((list.depth(), list.current_depth()), (4, 0));
        assert_ne!(list.id(), old);
        assert_eq!(ntoskrnl_emu::list(old, 0), Err(STATUS_DELETE_PENDING));
        assert_eq!(stop(|| list.free(allocated)), not_an_entry(allocated));
        assert_eq!(stop(|| list.free(kept[0])), not_an_entry(kept[0]));
        let fresh = list.allocate();
        assert!(!kept.contains(&fresh) && fresh != allocated);
        list.free(fresh);
        list.delete();
        assert_eq!(stop(|| list.delete()), no_list(&list), "there was one list");

        for block in [allocated, kept[0], kept[1]] {
            free_pool_with_tag(block, mark);
        }
        assert_eq!(usage(mark, false).live(), 0);
    }
}

#[test]
fn an_identifier_names_its_list_until_it_is_deleted_and_no_other_after() {
    let _turn = turn();
    let list = List::of(64);
    let id = list.id();
    assert_ne!(id, 0);
    assert_eq!(ntoskrnl_emu::list(id, 0), Ok(list.as_ptr()));
    list.delete();
    assert_eq!(ntoskrnl_emu::list(id, 0), Err(STATUS_DELETE_PENDING));
    assert_eq!(host::id(list.as_ptr()), Err(STATUS_INVALID_PARAMETER));
    assert_eq!(list.initialise(Options::default()), STATUS_SUCCESS);
    assert_ne!(list.id(), id);
    assert_eq!(ntoskrnl_emu::list(id, 0), Err(STATUS_DELETE_PENDING));
    for unknown in [0, 1 << 16, 0xffff_ffff, 0x1_fff0] {
        assert_eq!(
            ntoskrnl_emu::list(unknown, 0),
            Err(STATUS_INVALID_PARAMETER)
        );
    }
}
