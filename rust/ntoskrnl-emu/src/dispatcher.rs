//! What threads wait for: events, threads, and locks that block.
//!
//! The state of an object stands in its public structure (`DISPATCHER_HEADER`), its waiters stand here,
//! under one lock. A thread that signals an object hands it to the threads that wait, the first first,
//! before another thread can see it signalled: so two signals of one event let two threads go on, and a
//! pulse those that wait then, as on Windows.
//!
//! ```text
//!   waits                      signals                     waits, too
//!   state 0: is queued
//!                              state 1, a waiter: it is
//!                              granted, state 0 again
//!                              signals: state 1
//!                                                          state 1: takes it, state 0
//!   wakes: it is granted
//! ```
//!
//! Nothing is raised under the lock. An event's kind is its `EVENT_TYPE`; the others are ours.

use std::ffi::c_void;
use std::mem::{offset_of, size_of};
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicUsize, Ordering};
use std::thread::{self, Thread};

use wdm::{DispatcherHeader, KEvent};

use crate::clock::{self, Moment};
use crate::sanitizer;
use crate::sync::{Guard, Lock, fork};

/// What begins each object, as this crate reads and writes it.
#[repr(C)]
pub(crate) struct Object {
    kind: AtomicU8,
    flags: AtomicU8,
    size: AtomicU8,
    more_flags: AtomicU8,
    state: AtomicI32,
    flink: AtomicUsize,
    blink: AtomicUsize,
}

const _: () = {
    assert!(size_of::<Object>() == size_of::<DispatcherHeader>());
    assert!(size_of::<Object>() == size_of::<KEvent>());
    assert!(offset_of!(Object, state) == offset_of!(DispatcherHeader, signal_state));
    assert!(offset_of!(Object, flink) == offset_of!(DispatcherHeader, wait_list_head));
};

/// Bytes of an object divided by four, which stand in it.
const WORDS: u8 = (size_of::<Object>() / 4) as u8;

/// Which object it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// An event that stays signalled until it is reset.
    Notification = 0,
    /// An event that lets one thread go on.
    Synchronization = 1,
    /// A thread: signalled when it ends.
    Thread = 6,
}

impl Object {
    /// Memory for an object, which is none yet.
    pub(crate) const fn none() -> Self {
        Self {
            kind: AtomicU8::new(0),
            flags: AtomicU8::new(0),
            size: AtomicU8::new(0),
            more_flags: AtomicU8::new(0),
            state: AtomicI32::new(0),
            flink: AtomicUsize::new(0),
            blink: AtomicUsize::new(0),
        }
    }

    /// The object at an address.
    ///
    /// # Safety
    ///
    /// Aligned memory of an object's size that lives for `'a`, and that only this crate writes to.
    pub(crate) unsafe fn at<'a>(address: *mut c_void) -> &'a Self {
        // SAFETY: by the caller's word; each field has a type that any bytes are good for.
        unsafe { &*address.cast::<Self>() }
    }

    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn head(&self) -> usize {
        self.address() + offset_of!(Object, flink)
    }

    /// Makes it an object that no thread waits for.
    pub(crate) fn initialise(&self, kind: Kind, is_signalled: bool) {
        let _lock = lock();
        // Relaxed, here and below: fields change under the lock; a hint needs no order.
        self.kind.store(kind as u8, Ordering::Relaxed);
        self.flags.store(0, Ordering::Relaxed);
        self.size.store(WORDS, Ordering::Relaxed);
        self.more_flags.store(0, Ordering::Relaxed);
        self.state.store(i32::from(is_signalled), Ordering::Relaxed);
        // An empty list, which also says where the object is: a copy of it is no object.
        self.flink.store(self.head(), Ordering::Relaxed);
        self.blink.store(self.head(), Ordering::Relaxed);
    }

    /// Which object it is; `None` where it was not initialised here.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let is_whole = self.size.load(Ordering::Relaxed) == WORDS
            && self.flink.load(Ordering::Relaxed) == self.head();
        let kinds = [Kind::Notification, Kind::Synchronization, Kind::Thread];
        let number = self.kind.load(Ordering::Relaxed);
        kinds
            .into_iter()
            .find(|&kind| is_whole && kind as u8 == number)
    }

    /// The state: above zero where the object is signalled.
    pub(crate) fn state(&self) -> i32 {
        self.state.load(Ordering::Relaxed)
    }

    /// What a wait that it satisfies does to it.
    fn take(&self) {
        if self.kind() == Some(Kind::Synchronization) {
            self.state.store(0, Ordering::Relaxed);
        }
        sanitizer::acquire(self.address());
    }
}

/// A thread that waits for objects.
struct Waiter {
    /// Where the objects are: their memory is there as long as it waits for them.
    objects: Vec<&'static Object>,
    /// Whether it waits for all of them.
    is_all: bool,
    /// Which of them let it go on.
    granted: Option<usize>,
    thread: Thread,
}

impl Waiter {
    /// Which of the objects lets the thread go on now, if one does; zero for all of them.
    fn satisfied(&self) -> Option<usize> {
        let mut objects = self.objects.iter();
        if self.is_all {
            objects.all(|object| object.state() > 0).then_some(0)
        } else {
            objects.position(|object| object.state() > 0)
        }
    }

    /// Does to the objects what the wait does that they satisfy.
    fn take(&self, place: usize) {
        let taken = if self.is_all {
            &self.objects[..]
        } else {
            self.objects.get(place..=place).unwrap_or_default()
        };
        taken.iter().for_each(|object| object.take());
    }
}

struct Dispatcher {
    /// Those that wait, the first first, by a number.
    waiters: Vec<(u64, Waiter)>,
    next: u64,
    /// Those that wait for a [change] of a lock.
    until: Vec<Thread>,
    /// Of the process that they are threads of: in a child of a fork they are not.
    generation: usize,
}

static DISPATCHER: Lock<Dispatcher> = Lock::new(Dispatcher {
    waiters: Vec::new(),
    next: 0,
    until: Vec::new(),
    generation: 0,
});

fn lock() -> Guard<Dispatcher> {
    let mut dispatcher = DISPATCHER.lock();
    let generation = fork::generation();
    if dispatcher.generation != generation {
        dispatcher.waiters.clear();
        dispatcher.until.clear();
        dispatcher.generation = generation;
    }
    dispatcher
}

impl Dispatcher {
    /// Lets the threads go on that an object which was just signalled satisfies.
    fn hand_out(&mut self, object: &Object) {
        for (_, waiter) in &mut self.waiters {
            if object.state() <= 0 {
                break;
            }
            let is_concerned = waiter.granted.is_none()
                && waiter
                    .objects
                    .iter()
                    .any(|one| one.address() == object.address());
            if is_concerned && let Some(place) = waiter.satisfied() {
                waiter.take(place);
                waiter.granted = Some(place);
                waiter.thread.unpark();
            }
        }
    }
}

/// Signals an object; the state before. A pulse leaves it not signalled.
pub(crate) fn signal(object: &Object, is_pulse: bool) -> i32 {
    sanitizer::release(object.address());
    let mut dispatcher = lock();
    let before = object.state.swap(1, Ordering::Relaxed);
    dispatcher.hand_out(object);
    if is_pulse {
        object.state.store(0, Ordering::Relaxed);
    }
    before
}

/// Makes an object not signalled; the state before.
pub(crate) fn reset(object: &Object) -> i32 {
    let _lock = lock();
    object.state.swap(0, Ordering::Relaxed)
}

/// When a wait ends without an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timeout {
    /// Never.
    Never,
    /// Before it begins.
    Now,
    /// At a moment.
    At(Moment),
    /// When system time is this.
    AtSystemTime(u64),
}

impl Timeout {
    fn moment(self) -> Option<Moment> {
        match self {
            Self::Never => None,
            Self::Now => Some(Moment(0)),
            Self::At(moment) => Some(moment),
            // Asked for anew after each wake-up: system time may have been set.
            Self::AtSystemTime(time) => Some(clock::moment_of(time)),
        }
    }
}

/// Waits for one of some objects, or for all of them, and returns which let the thread go on; `None`
/// where the time has passed.
///
/// # Safety
///
/// The objects stay where they are until this returns.
pub(crate) unsafe fn wait(
    objects: &[*mut c_void],
    is_all: bool,
    timeout: Timeout,
) -> Option<usize> {
    let waiter = Waiter {
        // SAFETY: by the caller's word; the waiter is gone before this returns.
        objects: objects
            .iter()
            .map(|&one| unsafe { Object::at(one) })
            .collect(),
        is_all,
        granted: None,
        thread: thread::current(),
    };
    let mut dispatcher = lock();
    if let Some(place) = waiter.satisfied() {
        waiter.take(place);
        return Some(place);
    }
    if matches!(timeout, Timeout::Now) {
        return None;
    }
    let number = dispatcher.next;
    dispatcher.next += 1;
    dispatcher.waiters.push((number, waiter));
    loop {
        let place = dispatcher.waiters.iter().position(|one| one.0 == number)?;
        let granted = dispatcher.waiters[place].1.granted;
        let has_passed = timeout.moment().is_some_and(has_passed);
        if granted.is_some() || has_passed {
            let (_, waiter) = dispatcher.waiters.remove(place);
            if granted.is_some() {
                waiter
                    .objects
                    .iter()
                    .for_each(|one| sanitizer::acquire(one.address()));
            }
            return granted;
        }
        drop(dispatcher);
        sleep(timeout);
        dispatcher = lock();
    }
}

/// Waits until the time has come.
pub(crate) fn delay(timeout: Timeout) {
    // SAFETY: there are no objects.
    let _ = unsafe { wait(&[], false, timeout) };
}

/// Whether a moment has passed; a clock that this thread holds passes to it.
fn has_passed(moment: Moment) -> bool {
    clock::now() >= moment || clock::pass(moment)
}

/// Sleeps until another thread wakes this one, the time comes or the clock is changed. A thread that was
/// woken before does not sleep.
fn sleep(timeout: Timeout) {
    match timeout.moment().and_then(clock::host_time_until) {
        Some(time) => thread::park_timeout(time),
        None => thread::park(),
    }
}

/// Has each thread that waits look at the clock again.
pub(crate) fn clock_changed() {
    for (_, waiter) in &lock().waiters {
        waiter.thread.unpark();
    }
}

/// Tries something under the dispatcher's lock, again after each [change] of a lock, until it is so.
/// `waits` is called once, before the first wait, and `ends` when a wait is over.
pub(crate) fn wait_until(mut attempt: impl FnMut() -> bool, waits: impl FnOnce()) {
    let mut dispatcher = lock();
    if attempt() {
        return;
    }
    waits();
    loop {
        dispatcher.until.push(thread::current());
        drop(dispatcher);
        thread::park();
        dispatcher = lock();
        if attempt() {
            return;
        }
    }
}

/// Tries something once, under the dispatcher's lock.
pub(crate) fn attempt<T>(attempt: impl FnOnce() -> T) -> T {
    let _lock = lock();
    attempt()
}

/// Changes a lock under the dispatcher's lock, and has those that wait for one try again.
pub(crate) fn change<T>(change: impl FnOnce() -> T) -> T {
    let mut dispatcher = lock();
    let value = change();
    dispatcher.until.drain(..).for_each(|one| one.unpark());
    value
}
