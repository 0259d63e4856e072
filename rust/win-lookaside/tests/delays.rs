//! What other threads see while one stands between two steps of a handle's protocol. Built with
//! `--cfg delays` only; `DELAY_SEED` replays the time that threads lose at random.
#![cfg(delays)]
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

#[path = "../../ntoskrnl-emu/tests/common/mod.rs"]
mod common;

use std::alloc::Layout;
use std::sync::Barrier;
use std::thread;

use allocator_api2::alloc::{AllocError, Allocator};
use common::{CONTROL_TAG, stop, tag, turn, usage};
use ntoskrnl_emu::host::delay::amid;
use wdm::{STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER_4};
use win_lookaside::LookasideError::InitError;
use win_lookaside::{LookasideAlloc, LookasideResult, PoolType};

fn init(list: &LookasideAlloc, pool_type: PoolType) -> LookasideResult<()> {
    list.init(64, pool_type, Some(tag(b"DlWL")), None, None, None)
}

fn init_nx(list: &LookasideAlloc) -> LookasideResult<()> {
    init(list, PoolType::NON_PAGED_POOL_NX)
}

fn controls() -> u64 {
    usage(CONTROL_TAG, false).live()
}

/// Asserts that a handle has no list, whatever it is asked for.
fn expect_nothing(list: &LookasideAlloc) {
    assert!(list.alloc().is_null());
    assert_eq!((list.stats(), list.size()), (None, None));
    assert_eq!(list.allocate(Layout::new::<u64>()), Err(AllocError));
    list.flush();
    let entry = (&raw const *list).cast_mut().cast();
    let free = || {
        // SAFETY: a handle without a list refuses what it is given.
        unsafe { list.free(entry) }
    };
    assert_eq!(stop(free), (0xC4, [0xCB, 0, 0, 0]));
}

#[test]
fn a_handle_that_is_being_initialised_has_no_list_and_takes_no_second_one() {
    let _turn = turn();
    let before = controls();
    let mut list = LookasideAlloc::new();
    let (first, second) = amid(
        "handle busy",
        || init_nx(&list),
        || {
            expect_nothing(&list);
            assert_eq!(controls(), before + 1, "its list is made");
            init_nx(&list)
        },
    );
    assert_eq!(first, Ok(()));
    assert_eq!(second, Err(InitError(STATUS_INVALID_DEVICE_STATE)));
    assert!(!list.alloc().is_null());
    list.destroy();
    assert_eq!(controls(), before);
}

#[test]
fn a_handle_whose_initialisation_fails_is_busy_until_it_has_failed() {
    let _turn = turn();
    let list = LookasideAlloc::new();
    let (first, second) = amid(
        "handle busy",
        || init(&list, PoolType(2)),
        || {
            expect_nothing(&list);
            init_nx(&list)
        },
    );
    assert_eq!(first, Err(InitError(STATUS_INVALID_PARAMETER_4)));
    assert_eq!(second, Err(InitError(STATUS_INVALID_DEVICE_STATE)));
    expect_nothing(&list);
    assert_eq!(init_nx(&list), Ok(()));
}

#[test]
fn a_handle_is_free_for_another_list_only_when_the_old_one_is_deleted() {
    let _turn = turn();
    let before = controls();
    let list = LookasideAlloc::new();
    init_nx(&list).expect("there is pool for a list");
    let destroy = || {
        // SAFETY: nothing uses the list or its entries; `init` alone is called meanwhile.
        unsafe { list.destroy_shared() };
    };
    let ((), early) = amid("handle deleted", destroy, || init_nx(&list));
    assert_eq!(early, Err(InitError(STATUS_INVALID_DEVICE_STATE)));
    expect_nothing(&list);
    assert_eq!(controls(), before);
    init_nx(&list).expect("the handle is free");
    let ((), ()) = amid("handle null", destroy, || {
        expect_nothing(&list);
        init_nx(&list).expect("the old list is deleted");
        assert_eq!(controls(), before + 2, "the old block is not freed yet");
        assert!(!list.alloc().is_null());
    });
    assert_eq!(controls(), before + 1, "the old block alone was freed");
    let stats = list.stats().expect("the new list is there");
    assert_eq!((stats.total_allocates, stats.allocate_misses), (1, 1));
    destroy();
    assert_eq!(controls(), before);
}

#[test]
fn of_threads_that_initialise_one_handle_one_wins_and_all_can_use_it() {
    const THREADS: usize = 4;
    let _turn = turn();
    let before = controls();
    for round in 0..300 {
        let mut list = LookasideAlloc::new();
        let barrier = Barrier::new(THREADS);
        let is_failing = round % 4 == 0;
        if is_failing {
            let faults = ntoskrnl_emu::Driver::root().faults();
            faults.fail_next(1, CONTROL_TAG);
        }
        let said: Vec<_> = thread::scope(|scope| {
            let thread = || {
                barrier.wait();
                let said = init_nx(&list);
                let entry = list.alloc();
                assert!(
                    said.is_err() || !entry.is_null(),
                    "the thread that initialised the list can allocate"
                );
                barrier.wait();
                if !entry.is_null() {
                    // SAFETY: allocated above from this handle's list.
                    unsafe { list.free(entry) };
                }
                (said, u32::from(!entry.is_null()))
            };
            let threads = [(); THREADS].map(|()| scope.spawn(thread));
            threads
                .map(|thread| thread.join().expect("no panic"))
                .into()
        });
        let count = |status| {
            let is_it = |(said, _): &&(LookasideResult<()>, u32)| *said == status;
            said.iter().filter(is_it).count()
        };
        let failed = count(Err(InitError(STATUS_INSUFFICIENT_RESOURCES)));
        let refused = count(Err(InitError(STATUS_INVALID_DEVICE_STATE)));
        let won = count(Ok(()));
        assert_eq!(failed, usize::from(is_failing));
        assert_eq!(won + failed + refused, THREADS);
        assert!(won == 1 || won == 0 && is_failing, "{said:?}");
        if won == 1 {
            let stats = list.stats().expect("the list is there");
            let allocated = said.iter().map(|&(_, allocated)| allocated).sum();
            assert_eq!(
                (stats.total_allocates, stats.total_frees),
                (allocated, allocated)
            );
        }
        list.destroy();
        assert_eq!(controls(), before);
    }
}
