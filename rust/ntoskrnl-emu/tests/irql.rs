//! The levels that routines allow, and callbacks that change them.

use std::ffi::c_void;

use ntoskrnl_emu::host::{self, LIMITS, stops};
use ntoskrnl_emu::*;
use wdm::{APC_LEVEL, DISPATCH_LEVEL, Kirql, LookasideListEx, NtStatus, PASSIVE_LEVEL, PoolType};

mod common;
use common::Stop;
use common::*;

fn level() -> Kirql {
    // SAFETY: no obligations.
    unsafe { KeGetCurrentIrql() }
}

fn lower(level: Kirql) {
    // SAFETY: what is not the newest raise's is refused.
    unsafe { KeLowerIrql(level) }
}

/// A list of a kind and a pool type.
fn list_of(kind: Kind, pool_type: PoolType) -> List {
    List::new(Options {
        kind,
        pool_type,
        ..Options::default()
    })
}

/// The bug check of a call at a level, if it ends in one. The level is the one before again.
fn stop_at<T>(level: Kirql, call: impl FnOnce() -> T) -> Option<Stop> {
    let stopped = catch_bug_check(|| {
        let _guard = IrqlGuard::raise(level);
        call();
    });
    stopped.err().map(|stop| (stop.code, stop.parameters))
}

/// The drivers that a row of the tables is tried with: a plain one, and one that is verified.
fn drivers() -> [(Driver, bool); 2] {
    let options = Verifier::STANDARD.without(Verifier::DDI_COMPLIANCE | Verifier::SPECIAL_POOL);
    [
        (Driver::load("plain"), false),
        (Driver::load("verified").verifier(options), true),
    ]
}

/// Behaviour: irql-too-high.
#[test]
fn pool_has_a_highest_level_of_its_own_kind() {
    for (driver, is_verified) in drivers() {
        let _current = driver.enter();
        for (pool_type, highest, kind) in [
            (PoolType::PAGED_POOL, APC_LEVEL, 1_u64),
            (PoolType::NON_PAGED_POOL_NX, DISPATCH_LEVEL, 512),
        ] {
            let is_paged = kind == 1;
            let above = highest + 1;
            let block = allocate_pool(pool_type, 100, TAG);
            let (code, [of_allocation, of_free]) = match (is_verified, is_paged) {
                (false, _) => (0xC2, [0x08, 0x09]),
                (true, true) => (0xC4, [0x01, 0x11]),
                (true, false) => (0xC4, [0x02, 0x12]),
            };
            assert_eq!(
                stop_at(above, || allocate_pool(pool_type, 100, TAG)),
                Some((code, [of_allocation, u64::from(above), kind, 100]))
            );
            let is_paged = u64::from(is_paged);
            assert_eq!(
                stop_at(above, || free_pool(block)),
                Some((code, [of_free, u64::from(above), is_paged, block.address()]))
            );
            assert_eq!(stop_at(highest, || free_pool(block)), None);
        }
        assert_eq!(driver.unload(), Ok(()));
    }
}

/// Behaviour: irql-too-high.
#[test]
fn a_list_of_paged_entries_is_not_used_above_apc_level() {
    for (driver, is_verified) in drivers() {
        let _current = driver.enter();
        for (kind, hit) in [
            (Kind::Ex, (0xC4, [0xE5, 2, 0, 0])),
            (Kind::Paged, (0xC4, [0x0002_0006, 0, 0, 0])),
        ] {
            let list = list_of(kind, PoolType::PAGED_POOL);
            let miss = if is_verified {
                (0xC4, [0x01, 2, 1, 64])
            } else {
                (0xC2, [0x08, 2, 1, 64])
            };
            assert_eq!(stop_at(DISPATCH_LEVEL, || list.allocate()), Some(miss));
            let entry = list.allocate();
            assert_eq!(stop_at(DISPATCH_LEVEL, || list.free(entry)), Some(hit));
            list.free(entry);
            assert_eq!(stop_at(DISPATCH_LEVEL, || list.allocate()), Some(hit));
            // It would free the entry to paged pool.
            let (code, first) = if is_verified {
                (0xC4, 0x11)
            } else {
                (0xC2, 0x09)
            };
            let refused = Some((code, [first, 2, 1, entry.address()]));
            assert_eq!(stop_at(DISPATCH_LEVEL, || list.delete()), refused);
            assert_eq!(list.allocate(), entry);
            list.free(entry);
            list.delete();
        }
        assert_eq!(driver.unload(), Ok(()));
    }
}

/// Behaviour: irql-too-high.
#[test]
fn a_confined_list_is_held_to_the_level_of_its_thread() {
    let list = list_of(Kind::Ex, PoolType::PAGED_POOL);
    list.confine();
    let entry = list.keep(1)[0];
    let hit = Some((0xC4, [0xE5, 2, 0, 0]));
    assert_eq!(stop_at(DISPATCH_LEVEL, || list.allocate()), hit);
    assert_eq!(list.allocate(), entry);
    list.free(entry);
    list.delete();
}

/// Behaviour: irql-too-high.
#[test]
fn no_list_is_used_above_dispatch_level() {
    for pool_type in [PoolType::NON_PAGED_POOL_NX, PoolType::PAGED_POOL] {
        let list = list_of(Kind::Ex, pool_type);
        let entry = list.allocate();
        let refused = Some((0xC4, [0xE5, 3, 0, 0]));
        assert_eq!(stop_at(3, || list.allocate()), refused);
        assert_eq!(stop_at(3, || list.free(entry)), refused);
        list.free(entry);
        assert_eq!(stop_at(3, || list.allocate()), refused);
        assert_eq!(stop_at(3, || list.flush()), refused);
        assert_eq!(stop_at(3, || list.delete()), refused);
        assert_eq!(stop_at(3, || list_of(Kind::Ex, pool_type)), refused);
        assert_eq!(list.allocate(), entry);
        list.free(entry);
        list.delete();
    }
}

#[test]
fn a_hit_of_a_shared_list_is_seen_of_each_thread_that_is_raised() {
    let list = list_of(Kind::Ex, PoolType::NON_PAGED_POOL_NX);
    list.keep(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let stop = stop_at(15, || list.allocate());
                assert_eq!(stop, Some((0xC4, [0xE5, 15, 0, 0])));
            });
        }
    });
    list.delete();
}

#[test]
fn ddi_compliance_comes_before_all_else() {
    let driver = Driver::load("ddi").verifier(Verifier::STANDARD);
    let _current = driver.enter();
    let rule = |number| Some((0xC4, [number, 0, 0, 0]));
    let paged = || allocate_pool(PoolType::PAGED_POOL, 0, 0);
    assert_eq!(stop_at(DISPATCH_LEVEL, paged), rule(0x0002_0004));
    let quota = || allocate_pool_with_quota(PoolType::NON_PAGED_POOL_NX, 64, TAG);
    assert_eq!(stop_at(DISPATCH_LEVEL, quota), rule(0x0002_0006));
    // SAFETY: refused.
    let status = || unsafe { ExRaiseStatus(NtStatus::from(-1)) };
    assert_eq!(stop_at(DISPATCH_LEVEL, status), rule(0x0002_0008));
    let list = list_of(Kind::Paged, PoolType::PAGED_POOL);
    let miss = || list.allocate();
    assert_eq!(stop_at(DISPATCH_LEVEL, miss), rule(0x0002_0006));
    list.delete();
    let mut word = 0_usize;
    let lock = &raw mut word;
    // SAFETY: a lock of this test's own, each time.
    let acquire = || unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
    assert_eq!(stop_at(3, acquire), rule(0x0002_0011));
    // SAFETY: as above.
    let below = || unsafe { KeAcquireSpinLockAtDpcLevel(lock) };
    assert_eq!(stop_at(PASSIVE_LEVEL, below), rule(0x0002_0003));
    // SAFETY: refused.
    let release = || unsafe { KeReleaseSpinLock(lock, PASSIVE_LEVEL) };
    assert_eq!(stop_at(PASSIVE_LEVEL, release), rule(0x0002_0015));
    assert_eq!(driver.unload(), Ok(()));
}

#[test]
fn every_limit_names_its_page_and_no_routine_has_the_same_twice() {
    for (place, limit) in LIMITS.iter().enumerate() {
        assert!(limit.source.starts_with("nf-"), "{limit:?}");
        assert!(limit.minimum <= limit.maximum, "{limit:?}");
        assert!(limit.rule.is_none_or(|rule| rule.page.starts_with("wdm-")));
        let mut others = LIMITS.iter().skip(place + 1);
        // One that waits may have another limit where it only looks.
        let levels = |limit: &host::Limit| (limit.routine, limit.minimum, limit.maximum);
        assert!(
            others.all(|other| levels(other) != levels(limit)),
            "{limit:?}"
        );
    }
}

#[test]
fn a_release_of_a_lock_does_not_undo_another_raise() {
    let mut word = 0_usize;
    let lock = &raw mut word;
    // SAFETY: released below.
    let before = unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
    let inner = raise(DISPATCH_LEVEL);
    // SAFETY: held.
    let release = || unsafe { KeReleaseSpinLock(lock, before) };
    let refused = (0xC4, [stops::LOWERED_TO_ANOTHER, 2, 0, 2]);
    assert_eq!(stop(release), refused);
    lower(inner);
    release();
    assert_eq!(level(), PASSIVE_LEVEL);
}

#[test]
fn more_raises_than_are_remembered_are_undone_all_the_same() {
    let befores: Vec<Kirql> = (0..100).map(|count| raise(count / 10)).collect();
    for &before in befores.iter().rev() {
        lower(before);
    }
    assert_eq!(level(), PASSIVE_LEVEL);
}

#[test]
fn a_guard_undoes_its_own_raise_also_when_its_scope_is_left_by_a_stop() {
    let outer = IrqlGuard::raise(DISPATCH_LEVEL);
    let caught = stop(|| {
        let _inner = IrqlGuard::raise(DISPATCH_LEVEL);
        let _higher = IrqlGuard::raise(5);
        free_pool(Block::NULL);
    });
    assert_eq!(caught, (0xC2, [0x09, 5, 0, 0]));
    assert_eq!(level(), DISPATCH_LEVEL);
    drop(outer);
    assert_eq!(level(), PASSIVE_LEVEL);
}

unsafe extern "system" fn raising_allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _list: *mut LookasideListEx,
) -> *mut c_void {
    // Never lowered: that is the mistake.
    raise(DISPATCH_LEVEL);
    allocate_pool(PoolType(pool_type.0 & 0x3ff), bytes, tag).0
}

unsafe extern "system" fn raising_free(entry: *mut c_void, _list: *mut LookasideListEx) {
    free_pool(Block(entry));
    // Never lowered: that is the mistake.
    raise(APC_LEVEL);
}

/// Behaviour: callback-irql.
#[test]
fn a_callback_that_returns_at_another_level_is_a_stop_and_its_block_is_freed() {
    let driver = Driver::load("callbacks");
    let _current = driver.enter();
    let list = List::new(Options {
        allocate: Some(raising_allocate),
        ..Options::default()
    });
    let allocate = raising_allocate as *const () as u64;
    let refused = (0xC8, [0x2_0002, allocate, list.address(), 0]);
    assert_eq!(stop(|| list.allocate()), refused);
    assert_eq!(level(), PASSIVE_LEVEL);
    assert_eq!(list.counters().allocate_misses, 1);
    list.delete();
    assert_eq!(driver.leaks(), []);

    let list = List::new(Options {
        free: Some(raising_free),
        ..Options::default()
    });
    list.keep(3);
    let free = raising_free as *const () as u64;
    let refused = (0xC8, [0x1_0002, free, list.address(), 0]);
    // All three are freed, and then it stops.
    assert_eq!(stop(|| list.flush()), refused);
    assert_eq!(level(), PASSIVE_LEVEL);
    list.delete();
    drop(list);
    assert_eq!(driver.unload(), Ok(()));
}
