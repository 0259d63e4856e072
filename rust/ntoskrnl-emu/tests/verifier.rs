//! The table of Driver Verifier: what each mistake ends in, in each mode.

use std::collections::BTreeMap;
use std::ffi::c_void;

use ntoskrnl_emu::*;
use wdm::{
    APC_LEVEL, DISPATCH_LEVEL, Kirql, LookasideListEx, NtStatus, PASSIVE_LEVEL,
    POOL_FLAG_NON_PAGED_EXECUTE, POOL_NX_ALLOCATION, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType,
};

mod common;
use common::Stop;
use common::*;
#[path = "common/verifier_objects.rs"]
mod objects;
#[path = "common/verifier_cases.rs"]
mod verifier_cases;
use verifier_cases::{CASES, Case};

const HIGH: Kirql = 5;

/// A test of one row: what it ended in, and the values that the table's names stand for.
struct Run {
    driver: Driver,
    values: BTreeMap<&'static str, u64>,
    stop: Option<Stop>,
}

impl Run {
    fn set(&mut self, values: &[(&'static str, u64)]) {
        self.values.extend(values.iter().copied());
    }

    /// Does something wrong at a level, which is the one before again after it.
    fn at<T>(&mut self, level: Kirql, call: impl FnOnce() -> T) {
        self.set(&[("irql", u64::from(level))]);
        let stopped = catch_bug_check(|| {
            let _guard = IrqlGuard::raise(level);
            call();
        });
        self.stop = stopped.err().map(|stop| (stop.code, stop.parameters));
    }

    /// Does something wrong at PASSIVE_LEVEL.
    fn of<T>(&mut self, call: impl FnOnce() -> T) {
        self.at(PASSIVE_LEVEL, call);
    }

    /// A request of pool at a level.
    fn request(&mut self, level: Kirql, pool_type: PoolType, bytes: usize, tag: u32) {
        let kind = u64::from(pool_type.0.cast_unsigned());
        self.set(&[
            ("type", kind),
            ("bytes", bytes as u64),
            ("tag", u64::from(tag)),
        ]);
        self.at(level, || allocate_pool(pool_type, bytes, tag));
    }

    /// A block that is freed at a level.
    fn free_block(&mut self, level: Kirql, pool_type: PoolType) {
        let block = allocate_pool(pool_type, 100, TAG);
        self.set(&[("address", block.address())]);
        self.at(level, || free_pool(block));
        free_pool(block);
    }

    /// An address inside a block that is freed.
    fn free_inside(&mut self, pool_type: PoolType) {
        let block = allocate_pool(pool_type, 100, TAG);
        let inside = block.plus(32);
        let page = match inside.is_in_pool() {
            true => u64::from(inside.offset()) / 4096,
            false => 0,
        };
        self.set(&[("address", inside.address()), ("page", page)]);
        // To the end of the page of special pool, at a multiple of 16.
        self.set(&[("bytes", 100), ("given", 112 - 32)]);
        self.of(|| free_pool(inside));
        free_pool(block);
    }

    /// A list whose `size` and pool are the table's names.
    fn list(&mut self, kind: Kind, pool_type: PoolType) -> List {
        let list = List::new(Options {
            kind,
            pool_type,
            ..options()
        });
        let kind = u64::from(pool_type.0.cast_unsigned());
        let address = list.address();
        self.set(&[
            ("type", kind),
            ("bytes", 64),
            ("tag", u64::from(TAG)),
            ("list", address),
        ]);
        list
    }

    /// A list of paged entries that is used above APC_LEVEL: `entry` is none of its own for a miss.
    fn paged(&mut self, kind: Kind, depth: u16, used: impl FnOnce(&List, Block)) {
        let list = self.list(kind, PoolType::PAGED_POOL);
        let entry = list.allocate();
        list.set_depth(depth);
        self.set(&[("address", entry.address())]);
        self.at(DISPATCH_LEVEL, || used(&list, entry));
        let _ = catch_bug_check(|| list.free(entry));
        list.delete();
    }

    /// What the table's word stands for.
    fn value(&self, word: &str) -> Option<u64> {
        let digits = word.strip_prefix("0x");
        let number = digits.map_or(word.parse().ok(), |digits| {
            u64::from_str_radix(digits, 16).ok()
        });
        number.or(self.values.get(word).copied())
    }
}

fn options() -> Options {
    Options {
        flags: 0,
        ..Options::default()
    }
}

/// A spin lock of a test's own, which lives for ever: deadlock detection remembers its address.
fn new_lock() -> *mut usize {
    let lock = common::for_ever(0_usize);
    // SAFETY: a word of this test's own.
    unsafe { KeInitializeSpinLock(lock) };
    lock
}

fn acquire(lock: *mut usize) -> Kirql {
    // SAFETY: initialised.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock) }
}

fn release(lock: *mut usize, level: Kirql) {
    // SAFETY: what is wrong with it is a bug check.
    unsafe { KeReleaseSpinLock(lock, level) }
}

fn acquire_at_dpc(lock: *mut usize) {
    // SAFETY: initialised.
    unsafe { KeAcquireSpinLockAtDpcLevel(lock) }
}

fn try_at_dpc(lock: *mut usize) {
    // SAFETY: initialised.
    unsafe { KeTryToAcquireSpinLockAtDpcLevel(lock) };
}

fn release_from_dpc(lock: *mut usize) {
    // SAFETY: what is wrong with it is a bug check.
    unsafe { KeReleaseSpinLockFromDpcLevel(lock) }
}

fn lower(level: Kirql) {
    // SAFETY: what is wrong with it is a bug check.
    unsafe { KeLowerIrql(level) }
}

unsafe extern "system" fn raising_free(entry: *mut c_void, _list: *mut LookasideListEx) {
    free_pool(Block(entry));
    raise(APC_LEVEL);
}

unsafe extern "system" fn short_allocate(
    pool_type: PoolType,
    _bytes: usize,
    tag: u32,
    _list: *mut LookasideListEx,
) -> *mut c_void {
    // Of half the bytes: that is the mistake.
    allocate_pool(pool_type, 16, tag).0
}

const NX: PoolType = PoolType::NON_PAGED_POOL_NX;
const PAGED: PoolType = PoolType::PAGED_POOL;

/// Does what a row says, and sets what its words stand for.
fn misuse(key: &str, run: &mut Run) -> bool {
    match key {
        "pool-zero-bytes" => run.request(PASSIVE_LEVEL, NX, 0, TAG),
        "pool-paged-high" => run.request(DISPATCH_LEVEL, PAGED, 100, TAG),
        "pool-nonpaged-high" => run.request(HIGH, NX, 100, TAG),
        "free-paged-high" => run.free_block(DISPATCH_LEVEL, PAGED),
        "free-nonpaged-high" => run.free_block(HIGH, NX),
        "pool-free-twice" => {
            // Its neighbour keeps the page from going back.
            let [block, neighbour] = [(); 2].map(|()| allocate_pool(NX, 100, TAG));
            free_pool(block);
            let address = block.address();
            let tag = u64::from(TAG);
            run.set(&[("address", address), ("header", address - 16), ("tag", tag)]);
            run.of(|| free_pool(block));
            free_pool(neighbour);
        }
        "list-free-twice" => {
            let list = run.list(Kind::Ex, NX);
            let entry = put_back(&list);
            let address = entry.address();
            run.set(&[("address", address), ("header", address - 16)]);
            run.of(|| list.free(entry));
            list.delete();
        }
        "pool-free-null" => run.of(|| free_pool(Block::NULL)),
        "pool-free-elsewhere" => {
            let outside = [0_u64; 2];
            let block = Block(outside.as_ptr().cast_mut().cast());
            run.set(&[("address", block.address())]);
            run.of(|| free_pool(block));
        }
        "list-free-foreign" => {
            let [list, other] = [(); 2].map(|()| run.list(Kind::Ex, NX));
            let entry = other.allocate();
            run.set(&[("address", entry.address())]);
            run.of(|| list.free(entry));
            other.free(entry);
            list.delete();
            other.delete();
        }
        "free-inside-nonpaged" => run.free_inside(NX),
        "free-inside-paged" => run.free_inside(PAGED),
        "wrong-tag" => {
            let block = allocate_pool(NX, 100, TAG);
            let other = tag(b"Othr");
            let tags = [("tag", u64::from(TAG)), ("other", u64::from(other))];
            run.set(&tags);
            run.set(&[("address", block.address())]);
            run.of(|| free_pool_with_tag(block, other));
            free_pool(block);
        }
        "tag-zero" => run.request(PASSIVE_LEVEL, NX, 100, 0),
        "tag-big" => run.request(PASSIVE_LEVEL, NX, 100, tag(b"BIG ")),
        "tag-signs" => run.request(PASSIVE_LEVEL, NX, 100, tag(b"!!!!")),
        "must-succeed" => run.request(PASSIVE_LEVEL, PoolType(2), 100, TAG),
        "must-succeed-pages" => run.request(PASSIVE_LEVEL, PoolType(2), 5000, TAG),
        "list-again" => {
            let list = run.list(Kind::Ex, NX);
            run.of(|| list.initialise(options()));
            list.delete();
        }
        "delete-none" => {
            let list = List::storage(false);
            run.set(&[("list", list.address())]);
            run.of(|| list.delete());
        }
        "free-with-list" => {
            let list = List::new(Options {
                in_pool: true,
                ..options()
            });
            let start = list.address();
            let bytes = CONTROL_BYTES as u64;
            run.set(&[("list", start), ("start", start), ("size", bytes)]);
            run.of(|| free_pool(list.memory()));
            list.delete();
        }
        "list-small" => {
            let list = List::storage(false);
            run.set(&[("list", list.address()), ("size", 4)]);
            let small = Options {
                size: 4,
                ..options()
            };
            run.of(|| list.initialise(small));
        }
        "paged-list-new" => {
            let list = List::storage_of(Kind::Paged, false);
            let paged = Options {
                kind: Kind::Paged,
                ..options()
            };
            run.at(DISPATCH_LEVEL, || list.initialise(paged));
        }
        "paged-list-delete" => {
            let list = run.list(Kind::Paged, PAGED);
            run.at(DISPATCH_LEVEL, || list.delete());
            list.delete();
        }
        "paged-list-hit" | "ex-paged-hit" => {
            let kind = kind_of(key);
            let list = run.list(kind, PAGED);
            put_back(&list);
            run.at(DISPATCH_LEVEL, || list.allocate());
            list.delete();
        }
        "paged-list-keep" | "ex-paged-keep" => {
            run.paged(kind_of(key), 4, |list, entry| list.free(entry));
        }
        "paged-list-miss" | "ex-paged-miss" => {
            run.paged(kind_of(key), 4, |list, _| _ = list.allocate());
        }
        "paged-list-full" | "ex-paged-full" => {
            run.paged(kind_of(key), 0, |list, entry| list.free(entry));
        }
        "list-allocate-high" => {
            let list = run.list(Kind::Ex, NX);
            put_back(&list);
            run.at(HIGH, || list.allocate());
            list.delete();
        }
        "list-free-high" => {
            let list = run.list(Kind::NPaged, NX);
            let entry = list.allocate();
            run.at(HIGH, || list.free(entry));
            list.free(entry);
            list.delete();
        }
        "list-delete-high" => {
            let list = run.list(Kind::Ex, NX);
            run.at(HIGH, || list.delete());
            list.delete();
        }
        "list-new-high" => {
            let list = List::storage(false);
            run.at(HIGH, || list.initialise(options()));
        }
        "query-depth-high" => {
            let header = Header::new();
            run.at(HIGH, || query(header.as_ptr()));
        }
        "callback-allocate" => {
            let list = List::new(Options {
                allocate: Some(raising_allocate),
                ..options()
            });
            let callback = raising_allocate as *const () as u64;
            run.set(&[
                ("levels", 0x2_0002),
                ("callback", callback),
                ("list", list.address()),
            ]);
            run.of(|| list.allocate());
            list.delete();
        }
        "callback-free" => {
            let list = List::new(Options {
                free: Some(raising_free),
                ..options()
            });
            list.set_depth(0);
            let entry = list.allocate();
            let callback = raising_free as *const () as u64;
            run.set(&[
                ("levels", 0x1_0002),
                ("callback", callback),
                ("list", list.address()),
            ]);
            run.of(|| list.free(entry));
            list.delete();
        }
        "raise-lower" => {
            run.set(&[("asked", 1)]);
            run.at(DISPATCH_LEVEL, || raise(APC_LEVEL));
        }
        "raise-above" => {
            run.set(&[("asked", 16)]);
            run.at(DISPATCH_LEVEL, || raise(16));
        }
        "lower-higher" => {
            run.set(&[("asked", 2)]);
            run.at(APC_LEVEL, || lower(DISPATCH_LEVEL));
        }
        "lower-other" => {
            run.set(&[("asked", 0), ("returned", 1)]);
            run.at(APC_LEVEL, || {
                raise(DISPATCH_LEVEL);
                lower(PASSIVE_LEVEL);
            });
            run.set(&[("irql", 2)]);
        }
        "lock-high" => with_lock(run, HIGH, |lock| _ = acquire(lock)),
        "unlock-low" => with_lock(run, PASSIVE_LEVEL, |lock| release(lock, PASSIVE_LEVEL)),
        "unlock-other" => with_lock(run, PASSIVE_LEVEL, |lock| {
            acquire(lock);
            release(lock, APC_LEVEL);
        }),
        "lower-locked" => {
            run.set(&[("asked", 0)]);
            with_lock(run, PASSIVE_LEVEL, |lock| lower(acquire(lock)));
        }
        "lock-at-dpc-low" => with_lock(run, APC_LEVEL, acquire_at_dpc),
        "try-at-dpc-low" => with_lock(run, APC_LEVEL, try_at_dpc),
        "unlock-from-dpc-low" => with_lock(run, APC_LEVEL, release_from_dpc),
        "lock-twice" => with_lock(run, PASSIVE_LEVEL, |lock| {
            acquire(lock);
            acquire(lock);
        }),
        "unlock-free" => with_lock(run, DISPATCH_LEVEL, release_from_dpc),
        "unlock-thread" => held_elsewhere(run),
        "lock-order" => {
            let other = new_lock();
            with_lock(run, DISPATCH_LEVEL, |lock| {
                for order in [[lock, other], [other, lock]] {
                    let [first, second] = order;
                    acquire_at_dpc(first);
                    acquire_at_dpc(second);
                    release_from_dpc(second);
                    release_from_dpc(first);
                }
            });
        }
        "unlock-order" => {
            let other = new_lock();
            run.set(&[("other", other.addr() as u64)]);
            with_lock(run, DISPATCH_LEVEL, |lock| {
                acquire_at_dpc(lock);
                acquire_at_dpc(other);
                release_from_dpc(lock);
            });
        }
        "lock-garbage" => {
            let lock: *mut usize = common::for_ever(0xB5B5_B5B4_usize);
            run.set(&[("lock", lock.addr() as u64)]);
            run.of(|| acquire(lock));
        }
        "lock-again" => with_lock(run, PASSIVE_LEVEL, |lock| {
            acquire(lock);
            // SAFETY: refused.
            unsafe { KeInitializeSpinLock(lock) };
        }),
        "executable-pool" => run.request(PASSIVE_LEVEL, PoolType::NON_PAGED_POOL, 100, TAG),
        "executable-pool2" => {
            run.set(&[("type", 0), ("tag", u64::from(TAG))]);
            run.of(|| allocate_pool2(POOL_FLAG_NON_PAGED_EXECUTE, 100, TAG));
        }
        "executable-list" => {
            run.set(&[("type", 0), ("tag", u64::from(TAG))]);
            run.of(|| list_of(Kind::Ex, PoolType::NON_PAGED_POOL));
        }
        "executable-legacy" => {
            run.set(&[("type", 0), ("tag", u64::from(TAG))]);
            run.of(|| list_of(Kind::NPaged, NX));
        }
        "unload-blocks" => {
            allocate_pool(NX, 100, TAG);
            let stop = run
                .driver
                .unload()
                .map_err(|stop| (stop.code, stop.parameters));
            run.stop = stop.err();
            // The name stands in the report: only C has a `UNICODE_STRING`.
            run.set(&[("count", 1), ("name", 0)]);
        }
        "unload-lists" => {
            let list = run.list(Kind::Ex, NX);
            let stop = run
                .driver
                .unload()
                .map_err(|stop| (stop.code, stop.parameters));
            run.stop = stop.err();
            drop(list);
        }
        "status-high" => run.at(DISPATCH_LEVEL, || {
            // SAFETY: refused.
            unsafe { ExRaiseStatus(NtStatus::from(-1)) }
        }),
        "list-damaged" => {
            let list = run.list(Kind::Ex, NX);
            put_back(&list);
            list.u64_at(8)
                .store(0x1230, std::sync::atomic::Ordering::Relaxed);
            run.of(|| list.allocate());
        }
        "list-in-paged-pool" => {
            let block = allocate_pool(PAGED, 0x80, TAG);
            run.set(&[("list", block.address())]);
            let (nx, list) = (NX, block.0.cast::<LookasideListEx>());
            // SAFETY: storage of that size, in the wrong pool.
            let initialise =
                || unsafe { ExInitializeLookasideListEx(list, None, None, nx, 0, 64, TAG, 0) };
            run.of(initialise);
            free_pool(block);
        }
        "lock-in-paged-pool" => {
            let block = allocate_pool(PAGED, 64, TAG);
            run.set(&[("lock", block.address())]);
            // SAFETY: a word of this test's own.
            run.of(|| unsafe { KeInitializeSpinLock(block.0.cast()) });
            free_pool(block);
        }
        "confined-elsewhere" => {
            let list = run.list(Kind::Ex, NX);
            list.confine();
            std::thread::scope(|scope| {
                let used = scope.spawn(|| stop(|| list.allocate()));
                run.stop = used.join().ok();
            });
            list.delete();
        }
        "callback-block" => {
            let list = List::new(Options {
                allocate: Some(short_allocate),
                ..options()
            });
            run.set(&[("list", list.address()), ("size", 64)]);
            run.of(|| list.allocate());
            let made = run
                .driver
                .leaks()
                .into_iter()
                .find(|leak| leak.kind == LeakKind::Block);
            run.set(&[("made", made.map_or(0, |made| made.address))]);
            list.delete();
        }
        "quota-high" | "quota-dispatch" => {
            let bits = POOL_RAISE_IF_ALLOCATION_FAILURE.cast_unsigned();
            let kind = u64::from(NX.0.cast_unsigned() | bits);
            run.set(&[("type", kind), ("bytes", 100)]);
            let level = if key == "quota-high" {
                HIGH
            } else {
                DISPATCH_LEVEL
            };
            run.at(level, || allocate_pool_with_quota(NX, 100, TAG));
        }
        _ => return written(key, run) || objects::misuse(key, run),
    }
    true
}

/// The mistakes of a driver that writes where it may not.
fn written(key: &str, run: &mut Run) -> bool {
    let value = if key.contains("-bit") { 0xF6 } else { 0x5A };
    match key {
        "write-past-end" | "write-untracked" | "write-bit" => {
            let block = allocate_pool(NX, 100, TAG);
            let at = block.address();
            run.set(&[("address", at), ("beyond", at + 100), ("bytes", 100)]);
            run.set(&[("found", u64::from(value))]);
            write(block.0, 100, value);
            run.of(|| free_pool(block));
            write(block.0, 100, 0xF7);
            free_pool(block);
        }
        "write-before-start" | "write-bit-before" => {
            let block = allocate_pool(NX, 100, TAG);
            let at = block.address();
            run.set(&[("address", at), ("before", at - 1)]);
            write(block.0, -1, value);
            run.of(|| free_pool(block));
            write(block.0, -1, 0xF7);
            free_pool(block);
        }
        "entry-past-end" => {
            let list = List::new(Options {
                size: 100,
                ..options()
            });
            let entry = list.allocate();
            let at = entry.address();
            run.set(&[("address", at), ("beyond", at + 100), ("bytes", 100)]);
            write(entry.0, 100, value);
            run.of(|| list.free(entry));
            write(entry.0, 100, 0xF7);
            list.free(entry);
            list.delete();
        }
        "write-after-free" => {
            let block = allocate_pool(NX, 100, TAG);
            run.set(&[("written", block.address() + 99)]);
            free_pool(block);
            write(block.0, 99, value);
            run.of(|| allocate_pool(NX, 100, TAG));
        }
        "entry-after-free" => {
            let list = run.list(Kind::Ex, NX);
            let entry = put_back(&list);
            run.set(&[("written", entry.address() + 40)]);
            write(entry.0, 40, value);
            run.of(|| list.allocate());
            list.delete();
        }
        _ => return false,
    }
    true
}

/// An entry that was freed to its list again, which keeps it unless it is in special pool.
fn put_back(list: &List) -> Block {
    let entry = list.allocate();
    list.free(entry);
    entry
}

fn kind_of(key: &str) -> Kind {
    if key.starts_with("ex-") {
        Kind::Ex
    } else {
        Kind::Paged
    }
}

fn list_of(kind: Kind, pool_type: PoolType) -> List {
    List::new(Options {
        kind,
        pool_type,
        ..options()
    })
}

fn with_lock(run: &mut Run, level: Kirql, wrong: impl FnOnce(*mut usize)) {
    let lock = new_lock();
    run.set(&[("lock", lock.addr() as u64)]);
    run.at(level, || wrong(lock));
}

/// A lock that another thread holds, released by this one.
fn held_elsewhere(run: &mut Run) {
    let lock = new_lock();
    let address = lock.expose_provenance();
    run.set(&[("lock", address as u64)]);
    let holder = std::thread::spawn(move || {
        let lock: *mut usize = std::ptr::with_exposed_provenance_mut(address);
        raise(DISPATCH_LEVEL);
        acquire_at_dpc(lock);
    });
    holder.join().expect("it acquires the lock");
    let word = Block(lock.cast()).read(0);
    // The number of this thread, by a lock that it holds itself.
    let own = new_lock();
    let before = acquire(own);
    let thread = Block(own.cast()).read(0);
    release(own, before);
    run.set(&[("holder", word), ("thread", thread)]);
    run.at(DISPATCH_LEVEL, || release_from_dpc(lock));
}

fn outcome_of(case: &Case) -> Result<(), String> {
    let options = Verifier::from_bits(case.flags).ok_or("the flags are none")?;
    let driver = Driver::load(case.key).verifier(options);
    let mut run = Run {
        driver,
        values: BTreeMap::new(),
        stop: None,
    };
    let current = driver.enter();
    if !misuse(case.key, &mut run) {
        return Err("there is no test of it".to_owned());
    }
    drop(current);
    let _ = driver.unload();
    let Some((code, parameters)) = run.stop else {
        return Err("nothing stopped it".to_owned());
    };
    let is_right = case.parameters.iter().zip(parameters).all(|(word, value)| {
        // The address of some code of this test's; for Miri, none is known.
        (*word == "caller" && (value != 0) != cfg!(miri)) || run.value(word) == Some(value)
    });
    if code == case.code && is_right {
        return Ok(());
    }
    let expected = case.parameters.map(|word| run.value(word));
    Err(format!(
        "{code:#x} {parameters:x?}, not {:#x} {expected:x?}",
        case.code
    ))
}

#[test]
fn each_mistake_ends_in_what_the_table_says() {
    // Under an allocator of the system's own, blocks lie outside the pool.
    let mut wrong = Vec::new();
    for case in CASES {
        // Where there are no pages to shut, guard fills stand in, as in TypeScript.
        if case.mode == "special" && !cfg!(all(unix, not(miri))) {
            continue;
        }
        if let Err(why) = outcome_of(case) {
            wrong.push(format!("{}, {}: {why}", case.key, case.mode));
        }
        // SAFETY: no obligations.
        assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL, "{}", case.key);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(CASES.len() > 400, "{} cells", CASES.len());
}

#[test]
fn a_verified_driver_of_nx_pool_is_not_stopped_by_code_integrity() {
    let driver = Driver::load("nx").verifier(Verifier::CODE_INTEGRITY);
    let _current = driver.enter();
    let flags = POOL_NX_ALLOCATION.cast_unsigned();
    let list = List::new(Options {
        kind: Kind::NPaged,
        flags,
        ..options()
    });
    list.keep(1);
    list.delete();
    drop(list);
    assert_eq!(driver.unload(), Ok(()));
}
