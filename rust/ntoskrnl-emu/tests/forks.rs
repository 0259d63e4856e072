//! Forks: the child has the memory of the process and one of its threads.
#![cfg(all(unix, not(miri)))]

mod common;

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{self, null_mut};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use common::*;
use ntoskrnl_emu::host::system_routines;
use ntoskrnl_emu::{
    ExAcquireResourceExclusiveLite, ExDeleteResourceLite, ExInitializeResourceLite,
    ExReleaseResourceLite, KeEnterCriticalRegion, KeGetCurrentThread, KeInitializeEvent,
    KeLeaveCriticalRegion, KeQuerySystemTimePrecise, KeSetEvent, KeWaitForSingleObject,
    PsGetThreadId, host, tick,
};
use wdm::{EResource, KEvent, NtStatus, PoolType, STATUS_SUCCESS, STATUS_TIMEOUT};

unsafe extern "C" {
    fn fork() -> c_int;
    fn _exit(status: c_int) -> !;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn alarm(seconds: u32) -> u32;
    fn ualarm(microseconds: u32, interval: u32) -> u32;
    fn raise(number: c_int) -> c_int;
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
}

const SIGABRT: c_int = 6;
const SIGALRM: c_int = 14;

/// Does something in a child, and returns whether it came to what it should.
fn in_child(work: impl FnOnce() -> bool) -> bool {
    ended(work) == 0
}

/// Does something in a child, and returns how that ended: 0 where it came to what it should. One that
/// hangs is ended.
fn ended(work: impl FnOnce() -> bool) -> c_int {
    // SAFETY: the child works with what it has, and ends without a destructor of the parent's.
    match unsafe { fork() } {
        0 => {
            // SAFETY: no handler is set.
            unsafe { alarm(120) };
            let is_so =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
            // SAFETY: nothing of the child is to be done any more.
            unsafe { _exit(c_int::from(!is_so)) }
        }
        child => {
            assert!(child > 0, "a child");
            let mut status = 0;
            // SAFETY: the place is writable.
            let waited = unsafe { waitpid(child, &raw mut status, 0) };
            assert_eq!(waited, child);
            status
        }
    }
}

fn use_pool() {
    let block = allocate_pool(PoolType::PAGED_POOL, 5000, TAG);
    assert!(!block.is_null());
    free_pool(block);
}

/// An event that lets one thread go on, where it stays.
struct Event(UnsafeCell<MaybeUninit<KEvent>>);

// SAFETY: the routines reach it by any thread.
unsafe impl Sync for Event {}

impl Event {
    fn new() -> Box<Self> {
        let event = Box::new(Self(UnsafeCell::new(MaybeUninit::uninit())));
        // SAFETY: memory of an event, which stays.
        unsafe { KeInitializeEvent(event.at(), 1, 0) };
        event
    }

    fn at(&self) -> *mut c_void {
        self.0.get().cast()
    }

    fn set(&self) {
        // SAFETY: it is initialised.
        unsafe { KeSetEvent(self.at(), 0, 0) };
    }

    /// Waits so many units of 100 nanoseconds; for ever where there are none.
    fn wait(&self, units: Option<i64>) -> NtStatus {
        let mut time = units.map(|units| -units);
        let time = time.as_mut().map_or(null_mut(), ptr::from_mut);
        // SAFETY: it is initialised, and the time is there.
        unsafe { KeWaitForSingleObject(self.at(), 0, 0, 0, time) }
    }
}

fn use_events() {
    let event = Event::new();
    assert_eq!(event.wait(Some(0)), STATUS_TIMEOUT);
    event.set();
    assert_eq!(event.wait(None), STATUS_SUCCESS);
    assert_eq!(event.wait(Some(1)), STATUS_TIMEOUT);
}

fn use_resources() {
    let mut resource = MaybeUninit::<EResource>::uninit();
    let resource = resource.as_mut_ptr();
    // SAFETY: memory of a resource, which is this thread's alone.
    assert!(unsafe { ExInitializeResourceLite(resource) }.is_ok());
    // SAFETY: it has no obligations.
    unsafe { KeEnterCriticalRegion() };
    // SAFETY: as above.
    assert_eq!(unsafe { ExAcquireResourceExclusiveLite(resource, 1) }, 1);
    // SAFETY: as above.
    unsafe { ExReleaseResourceLite(resource) };
    // SAFETY: it has no obligations.
    unsafe { KeLeaveCriticalRegion() };
    // SAFETY: as above.
    assert!(unsafe { ExDeleteResourceLite(resource) }.is_ok());
}

fn use_clock_threads_and_names() {
    let mut time = 0;
    // SAFETY: the time is writable.
    unsafe { KeQuerySystemTimePrecise(&raw mut time) };
    // SAFETY: it has no obligations.
    let thread = unsafe { KeGetCurrentThread() };
    // SAFETY: the thread is this one.
    assert!(!unsafe { PsGetThreadId(thread) }.is_null());
    assert!(time > 0);
    assert!(system_routines::find("NoSuchRoutine").is_null());
}

/// Behaviour: fork.
#[test]
fn what_waits_tells_time_and_names_routines_works_in_the_child_whatever_other_threads_were_doing() {
    let _turn = turn();
    let is_over = AtomicBool::new(false);
    let work: [fn(); 3] = [use_events, use_resources, use_clock_threads_and_names];
    std::thread::scope(|scope| {
        for work in work {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    work();
                }
            });
        }
        let all_work = (0..60).all(|_| {
            in_child(|| {
                work.iter().for_each(|work| work());
                true
            })
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(all_work);
    });
}

/// Behaviour: fork.
#[test]
fn an_event_of_the_child_is_for_the_childs_threads_alone() {
    let _turn = turn();
    let event = Event::new();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| event.wait(None));
        // Until the other thread waits: it is given what is signalled then.
        let is_taken = || {
            in_child(|| {
                event.set();
                event.wait(Some(0)) == STATUS_SUCCESS
            })
        };
        let all_work = (0..40).all(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            is_taken()
        });
        event.set();
        assert_eq!(waits.join().expect("no panic"), STATUS_SUCCESS);
        assert!(all_work);
    });
}

/// Behaviour: fork, fork-section.
#[test]
fn lists_pool_and_registry_work_in_the_child_whatever_other_threads_were_doing() {
    let _turn = turn();
    let shared = List::new(Options::default());
    let is_over = AtomicBool::new(false);
    let hit = || shared.free(shared.allocate());
    let make = || drop(List::new(Options::default()));
    std::thread::scope(|scope| {
        let work: [&(dyn Fn() + Sync); 3] = [&hit, &use_pool, &make];
        for work in work {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    work();
                }
            });
        }
        let all_work = (0..40).all(|_| {
            in_child(|| {
                let entries = [(); 6].map(|()| shared.allocate());
                shared.free_all(&entries);
                let list = List::new(Options::default());
                list.free(list.allocate());
                drop(list);
                tick();
                use_pool();
                true
            })
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(all_work);
    });
}

/// Behaviour: fork-confined.
#[test]
fn a_list_that_is_confined_to_another_thread_is_abandoned_in_the_child() {
    let _turn = turn();
    let barrier = Barrier::new(2);
    let own = List::confined(64);
    let (theirs, id) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let list = List::confined(64);
            let entry = list.allocate();
            list.free(list.allocate());
            let id = host::id(list.as_ptr()).expect("a list");
            theirs.send(id).expect("the other end stands");
            barrier.wait();
            list.free(entry);
            list.delete();
        });
        let id = id.recv().expect("a list");
        assert!(in_child(|| {
            own.free(own.allocate());
            use_pool();
            !host::is_live(id)
        }));
        assert!(host::is_live(id));
        barrier.wait();
    });
}

static IS_IN_HANDLER: AtomicBool = AtomicBool::new(false);

extern "C" fn use_pool_in_a_handler(_signal: c_int) {
    IS_IN_HANDLER.store(true, Ordering::Relaxed);
    use_pool();
}

/// Behaviour: signal.
#[test]
fn a_routine_in_a_signal_handler_works_unless_what_it_interrupted_holds_a_lock() {
    let _turn = turn();
    // What the first calls of a process set up is not what a signal may interrupt.
    use_pool();
    // A timer's signal comes anywhere: each child works through it, or stops.
    let mut has_worked = false;
    let mut has_stopped = false;
    while !has_worked || !has_stopped {
        match ended(|| {
            // SAFETY: the handler does what the routines allow.
            unsafe { signal(SIGALRM, use_pool_in_a_handler) };
            // SAFETY: a signal soon, for which there is a handler.
            unsafe { ualarm(500, 0) };
            while !IS_IN_HANDLER.load(Ordering::Relaxed) {
                use_pool();
            }
            true
        }) {
            0 => has_worked = true,
            status => {
                assert_eq!(status & 0x7F, SIGABRT, "a stop");
                has_stopped = true;
            }
        }
    }
}

static INTERRUPTED: AtomicPtr<List> = AtomicPtr::new(null_mut());

extern "C" fn use_list_in_a_handler(_signal: c_int) {
    // SAFETY: the list that the test made, which it keeps.
    let list = unsafe { &*INTERRUPTED.load(Ordering::Relaxed) };
    list.allocate();
}

/// Behaviour: signal.
#[test]
fn a_list_in_a_signal_handler_that_interrupted_its_section_stops() {
    let _turn = turn();
    let list = List::new(Options::default());
    let status = ended(|| {
        INTERRUPTED.store(ptr::from_ref(&list).cast_mut(), Ordering::Relaxed);
        // As a thread in the section leaves the header: the lock is bit 0 of the link.
        let link = list.as_ptr().cast::<AtomicU64>().wrapping_add(1);
        // SAFETY: the second word of the list's header.
        unsafe { &*link }.fetch_or(1, Ordering::Relaxed);
        // SAFETY: the handler does what the routines allow.
        unsafe { signal(SIGALRM, use_list_in_a_handler) };
        // SAFETY: there is a handler.
        unsafe { raise(SIGALRM) };
        true
    });
    assert_eq!(status & 0x7F, SIGABRT, "a stop");
}
