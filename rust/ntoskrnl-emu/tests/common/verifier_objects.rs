//! The rows of the table on events, locks that block, threads and objects of the framework.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use wdm::{EResource, KLockQueueHandle, Mdl, POOL_FLAG_NON_PAGED, POOL_FLAG_PAGED};

use super::*;

/// Zeroed memory for an object, from a pool.
fn memory(run: &mut Run, flags: u64) -> Block {
    let block = allocate_pool2(flags, 256, TAG);
    run.set(&[("object", block.address())]);
    block
}

fn event(run: &mut Run) -> Block {
    let block = memory(run, POOL_FLAG_NON_PAGED);
    // SAFETY: zeroed memory of this test's own.
    unsafe { KeInitializeEvent(block.0, 0, 0) };
    block
}

/// A mutex, by the routine for guarded ones: a fast mutex has the same layout, and none of its own.
fn mutex(run: &mut Run) -> Block {
    let block = memory(run, POOL_FLAG_NON_PAGED);
    // SAFETY: zeroed memory of this test's own.
    unsafe { KeInitializeGuardedMutex(block.0) };
    block
}

fn in_region<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: no obligations.
    unsafe { KeEnterCriticalRegion() };
    let made = call();
    // SAFETY: it is in the region.
    unsafe { KeLeaveCriticalRegion() };
    made
}

fn of_events(key: &str, run: &mut Run) -> bool {
    match key {
        "event-paged" => {
            let block = memory(run, POOL_FLAG_PAGED);
            // SAFETY: memory of this test's own; refused.
            run.of(|| unsafe { KeInitializeEvent(block.0, 0, 0) });
            free_pool(block);
            return true;
        }
        "event-none" => {
            let block = memory(run, POOL_FLAG_NON_PAGED);
            // SAFETY: memory of this test's own; refused.
            run.of(|| unsafe { KeSetEvent(block.0, 0, 0) });
            free_pool(block);
            return true;
        }
        "delay-high" => {
            // SAFETY: refused.
            run.at(DISPATCH_LEVEL, || unsafe {
                KeDelayExecutionThread(0, 0, &raw mut *Box::new(-1))
            });
            return true;
        }
        _ => {}
    }
    if !key.starts_with("event-") && !key.starts_with("wait-") {
        return false;
    }
    let block = event(run);
    let event = block.0;
    let mut time = -1_i64;
    let time = &raw mut time;
    run.set(&[("time", time.addr() as u64)]);
    // SAFETY: an event of this test's own, a time, and as many objects as are said; here and below.
    let wait = |time| unsafe { KeWaitForSingleObject(event, 0, 0, 0, time) };
    match key {
        // SAFETY: as above.
        "event-high" => run.at(HIGH, || unsafe { KeSetEvent(event, 0, 0) }),
        // SAFETY: as above.
        "event-wait-high" => run.at(DISPATCH_LEVEL, || unsafe { KeSetEvent(event, 0, 1) }),
        // SAFETY: as above.
        "event-clear-high" => run.at(HIGH, || unsafe { KeClearEvent(event) }),
        "wait-high" => run.at(HIGH, || wait(time)),
        "wait-dispatch" => run.at(DISPATCH_LEVEL, || wait(null_mut())),
        "wait-dispatch-time" => run.at(DISPATCH_LEVEL, || wait(time)),
        "wait-many" => {
            let mut objects = [event; 4];
            let objects = objects.as_mut_ptr();
            // SAFETY: as above.
            run.of(|| unsafe {
                KeWaitForMultipleObjects(4, objects, 1, 0, 0, 0, null_mut(), null_mut())
            });
        }
        _ => return false,
    }
    free_pool(block);
    true
}

fn of_mutexes(key: &str, run: &mut Run) -> bool {
    if key == "mutex-none" {
        let block = memory(run, POOL_FLAG_NON_PAGED);
        // SAFETY: memory of this test's own; refused.
        run.of(|| unsafe { ExAcquireFastMutex(block.0) });
        free_pool(block);
        return true;
    }
    if !key.starts_with("mutex-") {
        return false;
    }
    let block = mutex(run);
    let mutex = block.0;
    // SAFETY: a mutex of this test's own, here and below; what is wrong with it is a bug check.
    let acquire = || unsafe { ExAcquireFastMutex(mutex) };
    // SAFETY: as above.
    let release = || unsafe { ExReleaseFastMutex(mutex) };
    // SAFETY: as above.
    let acquire_unsafe = || unsafe { ExAcquireFastMutexUnsafe(mutex) };
    // SAFETY: as above.
    let release_unsafe = || unsafe { ExReleaseFastMutexUnsafe(mutex) };
    match key {
        "mutex-high" => run.at(DISPATCH_LEVEL, acquire),
        "mutex-low" => in_region(|| {
            acquire_unsafe();
            run.of(release);
            release_unsafe();
        }),
        "mutex-unsafe" => run.of(acquire_unsafe),
        "mutex-unsafe-release" => {
            in_region(acquire_unsafe);
            run.of(release_unsafe);
            in_region(release_unsafe);
        }
        "mutex-twice" => {
            acquire();
            run.at(APC_LEVEL, acquire);
            release();
        }
        "mutex-free" => run.at(APC_LEVEL, release),
        "mutex-thread" => {
            let address = mutex.expose_provenance();
            let (send, receive) = mpsc::channel();
            let (end, ends) = mpsc::channel();
            let holder = std::thread::spawn(move || {
                let mutex = std::ptr::with_exposed_provenance_mut::<c_void>(address);
                // SAFETY: a mutex that lives until this thread has ended.
                unsafe { ExAcquireFastMutex(mutex) };
                // SAFETY: no obligations.
                let thread = unsafe { KeGetCurrentThread() };
                send.send(thread.addr() as u64).expect("the test listens");
                ends.recv().expect("the test says when");
                // SAFETY: as above.
                unsafe { ExReleaseFastMutex(mutex) };
            });
            let thread = receive.recv().expect("the thread begins");
            run.set(&[("holder", thread), ("thread", current_thread())]);
            run.at(APC_LEVEL, release);
            end.send(()).expect("the thread listens");
            holder.join().expect("it ends");
        }
        // SAFETY: as above.
        "mutex-guarded-high" => run.at(DISPATCH_LEVEL, || unsafe { KeAcquireGuardedMutex(mutex) }),
        _ => return false,
    }
    free_pool(block);
    true
}

fn current_thread() -> u64 {
    // SAFETY: no obligations.
    unsafe { KeGetCurrentThread() }.addr() as u64
}

fn of_regions(key: &str, run: &mut Run) -> bool {
    match key {
        // SAFETY: refused; here and below.
        "region-end" => run.of(|| unsafe { KeLeaveCriticalRegion() }),
        // SAFETY: as above.
        "region-high" => run.at(DISPATCH_LEVEL, || unsafe { KeEnterCriticalRegion() }),
        // SAFETY: as above.
        "region-end-high" => run.at(DISPATCH_LEVEL, || unsafe { KeLeaveCriticalRegion() }),
        _ => return false,
    }
    true
}

fn of_resources(key: &str, run: &mut Run) -> bool {
    if !key.starts_with("resource-") {
        return false;
    }
    let flags = match key {
        "resource-paged" => POOL_FLAG_PAGED,
        _ => POOL_FLAG_NON_PAGED,
    };
    let block = memory(run, flags);
    let resource: *mut EResource = block.0.cast();
    run.set(&[("thread", current_thread())]);
    // SAFETY: memory of this test's own, here and below; what is wrong with it is a bug check.
    let make = || unsafe { ExInitializeResourceLite(resource) };
    // SAFETY: as above.
    let share = || unsafe { ExAcquireResourceSharedLite(resource, 1) };
    // SAFETY: as above.
    let acquire = || unsafe { ExAcquireResourceExclusiveLite(resource, 1) };
    // SAFETY: as above.
    let release = || unsafe { ExReleaseResourceLite(resource) };
    // SAFETY: as above.
    let delete = || unsafe { ExDeleteResourceLite(resource) };
    match key {
        "resource-paged" => run.of(make),
        "resource-none" => in_region(|| run.of(acquire)),
        "resource-delete-none" => run.of(delete),
        _ => {
            make();
            match key {
                "resource-free" => {
                    run.set(&[("start", block.address()), ("size", 256)]);
                    run.of(|| free_pool(block));
                }
                "resource-twice" => in_region(|| {
                    share();
                    run.of(acquire);
                    release();
                }),
                "resource-unheld" => in_region(|| run.of(release)),
                "resource-held" => in_region(|| {
                    acquire();
                    run.of(delete);
                    release();
                }),
                "resource-high" => run.at(DISPATCH_LEVEL, acquire),
                "resource-apcs" => run.of(acquire),
                "resource-apcs-release" => {
                    in_region(acquire);
                    run.of(release);
                    in_region(release);
                }
                _ => return false,
            }
            delete();
        }
    }
    free_pool(block);
    true
}

fn of_push_locks(key: &str, run: &mut Run) -> bool {
    if !key.starts_with("push-lock-") && key != "run-down-free" {
        return false;
    }
    let block = memory(run, POOL_FLAG_NON_PAGED);
    let lock: *mut usize = block.0.cast();
    // SAFETY: a zeroed word of this test's own, here and below; what is wrong with it is a bug check.
    let acquire = || unsafe { ExAcquirePushLockExclusiveEx(lock, 0) };
    // SAFETY: as above.
    let share = || unsafe { ExAcquirePushLockSharedEx(lock, 0) };
    // SAFETY: as above.
    let release = || unsafe { ExReleasePushLockExclusiveEx(lock, 0) };
    // SAFETY: as above.
    let release_shared = || unsafe { ExReleasePushLockSharedEx(lock, 0) };
    match key {
        "push-lock-apcs" => run.of(acquire),
        "push-lock-apcs-release" => {
            in_region(acquire);
            run.of(release);
            in_region(release);
        }
        "push-lock-twice" => in_region(|| {
            acquire();
            run.of(acquire);
            release();
        }),
        "push-lock-free" => in_region(|| run.of(release)),
        "push-lock-way" => in_region(|| {
            share();
            run.of(release);
            release_shared();
        }),
        "push-lock-high" => run.at(DISPATCH_LEVEL, acquire),
        // SAFETY: as above.
        "run-down-free" => run.of(|| unsafe { ExReleaseRundownProtection(lock) }),
        _ => return false,
    }
    free_pool(block);
    true
}

fn of_spin_locks(key: &str, run: &mut Run) -> bool {
    let mut handle = KLockQueueHandle {
        next: null_mut(),
        lock: null_mut(),
        old_irql: 0,
    };
    let handle = &raw mut handle;
    if key.starts_with("queued-") {
        let lock = new_lock();
        run.set(&[("lock", lock.addr() as u64)]);
        // SAFETY: a lock and a handle of this test's own, here and below.
        let acquire = || unsafe { KeAcquireInStackQueuedSpinLock(lock, handle) };
        // SAFETY: as above.
        let release = || unsafe { KeReleaseInStackQueuedSpinLock(handle) };
        match key {
            "queued-high" => run.at(HIGH, acquire),
            "queued-release-high" => {
                acquire();
                run.at(HIGH, release);
                release();
            }
            // SAFETY: as above.
            "queued-dpc-low" => run.at(APC_LEVEL, || unsafe {
                KeAcquireInStackQueuedSpinLockAtDpcLevel(lock, handle)
            }),
            "queued-twice" => {
                acquire();
                run.at(DISPATCH_LEVEL, acquire);
                release();
            }
            _ => return false,
        }
        return true;
    }
    if !key.starts_with("ex-lock-") {
        return false;
    }
    let block = memory(run, POOL_FLAG_NON_PAGED);
    let lock: *mut u32 = block.0.cast();
    // SAFETY: a zeroed word of this test's own, here and below.
    let acquire = || unsafe { ExAcquireSpinLockExclusive(lock) };
    match key {
        "ex-lock-high" => run.at(HIGH, acquire),
        "ex-lock-twice" => {
            let before = acquire();
            run.at(DISPATCH_LEVEL, acquire);
            // SAFETY: as above.
            unsafe { ExReleaseSpinLockExclusive(lock, before) };
        }
        // SAFETY: as above.
        "ex-lock-free" => run.at(DISPATCH_LEVEL, || unsafe {
            ExReleaseSpinLockExclusive(lock, PASSIVE_LEVEL)
        }),
        _ => return false,
    }
    free_pool(block);
    true
}

/// A thread of a driver, and what a test knows of it.
#[derive(Default)]
struct Worker {
    thread: AtomicU64,
    is_to_end: AtomicBool,
    has_ended: AtomicBool,
    stop: std::sync::Mutex<Option<Stop>>,
}

impl Worker {
    /// Begins a thread of the current driver, and waits until it runs.
    fn begin(routine: unsafe extern "C-unwind" fn(*mut c_void)) -> &'static Self {
        // Its thread may use it as long as the process lives; what is listed is no leak.
        static ALL: std::sync::Mutex<Vec<&'static Worker>> = std::sync::Mutex::new(Vec::new());
        let it: &'static Self = Box::leak(Box::default());
        ALL.lock().unwrap().push(it);
        let context = std::ptr::from_ref(it).cast_mut().cast();
        // SAFETY: the routine takes such a context, which lives for ever.
        unsafe {
            PsCreateSystemThread(
                null_mut(),
                0,
                null_mut(),
                null_mut(),
                null_mut(),
                routine,
                context,
            )
        };
        while it.thread.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        it
    }

    /// # Safety
    ///
    /// The context of a thread that [`Self::begin`] began.
    unsafe fn of(context: *mut c_void) -> &'static Self {
        // SAFETY: by the caller's word.
        let it = unsafe { &*context.cast::<Self>() };
        it.thread.store(current_thread(), Ordering::Release);
        it
    }

    fn end(&self) {
        self.is_to_end.store(true, Ordering::Release);
        while !self.has_ended.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    }
}

unsafe extern "C-unwind" fn waits(context: *mut c_void) {
    // SAFETY: such a thread.
    let it = unsafe { Worker::of(context) };
    while !it.is_to_end.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    it.has_ended.store(true, Ordering::Release);
}

unsafe extern "C-unwind" fn allocates(context: *mut c_void) {
    // SAFETY: such a thread.
    let it = unsafe { Worker::of(context) };
    while !it.is_to_end.load(Ordering::Acquire) {
        match catch_bug_check(|| free_pool(allocate_pool(NX, 64, TAG))) {
            Ok(()) => std::thread::yield_now(),
            Err(stop) => {
                *it.stop.lock().unwrap() = Some((stop.code, stop.parameters));
                break;
            }
        }
    }
    it.has_ended.store(true, Ordering::Release);
}

fn of_threads(key: &str, run: &mut Run) -> bool {
    match key {
        "thread-high" => {
            // SAFETY: refused, here and below.
            run.at(APC_LEVEL, || unsafe {
                PsCreateSystemThread(
                    null_mut(),
                    0,
                    null_mut(),
                    null_mut(),
                    null_mut(),
                    waits,
                    null_mut(),
                )
            });
        }
        // SAFETY: as above.
        "handle-high" => run.at(APC_LEVEL, || unsafe {
            ObReferenceObjectByHandle(null_mut(), 0, null_mut(), 0, null_mut(), null_mut())
        }),
        // SAFETY: as above.
        "close-high" => run.at(APC_LEVEL, || unsafe { ZwClose(null_mut()) }),
        "dereference" => {
            // SAFETY: no obligations.
            let thread = unsafe { KeGetCurrentThread() };
            run.set(&[("object", thread.addr() as u64)]);
            // SAFETY: as above.
            run.of(|| unsafe { ObfDereferenceObject(thread) });
        }
        "mdl-paged" => {
            let block = memory(run, POOL_FLAG_PAGED);
            // SAFETY: memory that stays until the list is freed.
            let mdl: *mut Mdl = unsafe { IoAllocateMdl(block.0, 256, 0, 0, null_mut()) };
            // SAFETY: a list of this test's own.
            let flags = unsafe { (*mdl).flags };
            let flags = u64::from(flags.cast_unsigned());
            run.set(&[("object", mdl.addr() as u64), ("flags", flags)]);
            // SAFETY: as above.
            run.of(|| unsafe { MmBuildMdlForNonPagedPool(mdl) });
            // SAFETY: not used any more.
            unsafe { IoFreeMdl(mdl) };
            free_pool(block);
        }
        "allocate-at-unload" => {
            allocate_pool(NX, 100, TAG);
            allocate_pool(PAGED, 200, TAG);
            let worker = Worker::begin(allocates);
            run.set(&[("nonpaged", 100), ("paged", 200), ("count", 2)]);
            let unloaded = run.driver.unload();
            assert!(unloaded.is_err(), "two blocks are left");
            worker.end();
            run.stop = worker.stop.lock().unwrap().take();
        }
        "unload-thread" => {
            let worker = Worker::begin(waits);
            run.set(&[("thread", worker.thread.load(Ordering::Acquire))]);
            let stop = run.driver.unload().err();
            run.stop = stop.map(|stop| (stop.code, stop.parameters));
            worker.end();
        }
        "unload-again" => {
            run.set(&[("index", u64::from(run.driver.index()))]);
            assert_eq!(run.driver.unload(), Ok(()));
            let stop = run.driver.unload().err();
            run.stop = stop.map(|stop| (stop.code, stop.parameters));
        }
        _ => return false,
    }
    true
}

fn of_the_framework(key: &str, run: &mut Run) -> bool {
    if key == "wdf-null" {
        // SAFETY: refused.
        run.of(|| unsafe { WdfObjectCreate(null_mut(), null_mut()) });
        return true;
    }
    if !key.starts_with("wdf-") {
        return false;
    }
    let mut object: WdfObject = null_mut();
    let made = &raw mut object;
    match key {
        // SAFETY: a place for the handle, here and below.
        "wdf-dereference" => _ = unsafe { WdfObjectCreate(null_mut(), made) },
        // SAFETY: as above.
        "wdf-handle" => _ = unsafe { WdfSpinLockCreate(null_mut(), made) },
        // SAFETY: as above.
        _ => _ = unsafe { WdfWaitLockCreate(null_mut(), made) },
    }
    run.set(&[("object", object.addr() as u64)]);
    // SAFETY: what is wrong with the object is a bug check.
    let acquire = || _ = unsafe { WdfWaitLockAcquire(object, null_mut()) };
    // SAFETY: as above.
    let release = || unsafe { WdfWaitLockRelease(object) };
    match key {
        "wdf-lock-twice" => {
            acquire();
            run.of(acquire);
            release();
        }
        "wdf-lock-free" => run.of(release),
        "wdf-handle" => run.of(acquire),
        // SAFETY: as above.
        "wdf-dereference" => run.of(|| unsafe { WdfObjectDereferenceActual(object) }),
        _ => return false,
    }
    // SAFETY: it is not used any more.
    unsafe { WdfObjectDelete(object) };
    true
}

/// Does what a row says, and sets what its words stand for; whether there is such a row here.
pub fn misuse(key: &str, run: &mut Run) -> bool {
    let kinds = [
        of_events,
        of_mutexes,
        of_regions,
        of_resources,
        of_push_locks,
        of_spin_locks,
        of_threads,
        of_the_framework,
    ];
    kinds.iter().any(|kind| kind(key, run))
}
