//! The lock of what threads share: it yields where it waits for long, since threads may outnumber cores.
//!
//! Its word names the thread that holds it. So a routine in a signal handler finds that the code which
//! the signal interrupted holds the lock, and would never release it:
//!
//! | word | the lock |
//! |---|---|
//! | [`NEW`] | was never taken, and is not in the chain |
//! | [`FREE`] | is free |
//! | [`FORKING`] | is kept for a fork |
//! | any other | is held by the thread whose mark it is |
//!
//! A fork copies one thread and all of memory. The thread that forks takes every lock first, so that
//! what they guard is whole in the copy, and parent and child release them. The order of the locks is no
//! matter: the thread takes all, or takes none and begins anew.

use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::hint::spin_loop;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread::yield_now;

use super::unseen;

const NEW: usize = 0;
const FREE: usize = 1;
const FORKING: usize = 2;

/// Pauses before the first retry: as long as the holder takes to come back a few times. A lock that goes
/// to and fro at each turn takes what it guards along, which costs more than the turns.
const FIRST_PAUSES: u32 = 64;
/// The longest row of pauses before the thread yields instead.
const LONGEST_PAUSES: u32 = 256;

/// A value that one thread at a time reaches.
pub struct Lock<T> {
    gate: Gate,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by the thread alone that holds the lock, so it only has to be one that
// may go from thread to thread.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A lock that is free.
    pub const fn new(value: T) -> Self {
        Self {
            gate: Gate {
                word: AtomicUsize::new(NEW),
                next: AtomicPtr::new(ptr::null_mut()),
            },
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock; waits for its holder. The process ends if that is this thread itself.
    #[inline]
    pub fn lock(&'static self) -> Guard<T> {
        self.gate.take();
        unseen::begin();
        Guard {
            lock: self,
            _stays: PhantomData,
        }
    }
}

/// The value of a lock that this thread holds.
pub struct Guard<T: 'static> {
    lock: &'static Lock<T>,
    /// It stays on its thread, whose mark the lock has.
    _stays: PhantomData<*const ()>,
}

impl<T> Deref for Guard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this thread holds the lock, and the guard is borrowed.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread holds the lock, and the guard is borrowed for writing.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<T> {
    #[inline]
    fn drop(&mut self) {
        unseen::end();
        self.lock.gate.release();
    }
}

/// A value that is made once, by the thread that asks for it first, under a lock: no fork comes between.
pub struct Once<T> {
    lock: Lock<Option<T>>,
    is_made: AtomicBool,
}

impl<T: Send + Sync> Once<T> {
    /// No value yet.
    #[allow(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        Self {
            lock: Lock::new(None),
            is_made: AtomicBool::new(false),
        }
    }

    /// The value, if it is made.
    #[inline]
    pub fn get(&'static self) -> Option<&'static T> {
        // Acquire: pairs with the release in `get_or_try_init`.
        if !self.is_made.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: once it is made the value is never written again.
        unsafe { &*self.lock.value.get() }.as_ref()
    }

    /// The value, which is made if there is none.
    #[inline]
    pub fn get_or_init(&'static self, make: impl FnOnce() -> T) -> &'static T {
        let Ok(value) = self.get_or_try_init(|| Ok::<_, Infallible>(make()));
        value
    }

    /// The value, which is made if there is none and it can be.
    #[inline]
    pub fn get_or_try_init<E>(
        &'static self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'static T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => self.make(make),
        }
    }

    #[cold]
    fn make<E>(&'static self, make: impl FnOnce() -> Result<T, E>) -> Result<&'static T, E> {
        let mut value = self.lock.lock();
        let made = match &mut *value {
            Some(made) => ptr::from_ref(made),
            none => ptr::from_ref(none.insert(make()?)),
        };
        // Release: see `get`.
        self.is_made.store(true, Ordering::Release);
        // SAFETY: it lives for ever, and is never written again.
        Ok(unsafe { &*made })
    }

    /// Makes it this value, if there is none; returns whether there was none.
    pub fn set(&'static self, value: T) -> bool {
        let mut is_set = false;
        self.get_or_init(|| {
            is_set = true;
            value
        });
        is_set
    }
}

/// The locks that were taken once; none leaves.
static CHAIN: AtomicPtr<Gate> = AtomicPtr::new(ptr::null_mut());

/// Held while a lock enters the chain, and during a fork.
static ENTERING: AtomicUsize = AtomicUsize::new(FREE);

/// The mark of the thread that forks, or forked last.
static FORKER: AtomicUsize = AtomicUsize::new(NEW);

/// A lock without its value.
struct Gate {
    word: AtomicUsize,
    /// The lock that entered the chain before.
    next: AtomicPtr<Gate>,
}

impl Gate {
    #[inline]
    fn take(&'static self) {
        let mark = mark();
        if !take(&self.word, mark) {
            self.take_contended(mark);
        }
    }

    #[inline]
    fn release(&self) {
        // Release: pairs with the acquire in `take`.
        self.word.store(FREE, Ordering::Release);
    }

    #[cold]
    fn take_contended(&'static self, mark: usize) {
        let mut pauses = FIRST_PAUSES;
        loop {
            // Relaxed: `take` confirms what it reads.
            match self.word.load(Ordering::Relaxed) {
                NEW => self.enter_chain(mark),
                FREE => {}
                holder => self.wait_for(holder, mark, &mut pauses),
            }
            if take(&self.word, mark) {
                return;
            }
        }
    }

    /// Waits a little for a holder, unless that is this thread.
    fn wait_for(&self, holder: usize, mark: usize, pauses: &mut u32) {
        let is_own = match holder {
            // Relaxed: only whether it is this thread's matters.
            FORKING => FORKER.load(Ordering::Relaxed) == mark,
            holder => holder == mark,
        };
        if is_own {
            interrupted(ptr::from_ref(self).addr());
        }
        if *pauses > LONGEST_PAUSES {
            yield_now();
            return;
        }
        for _ in 0..*pauses {
            spin_loop();
        }
        *pauses *= 2;
    }

    fn enter_chain(&'static self, mark: usize) {
        let mut pauses = FIRST_PAUSES;
        while !take(&ENTERING, mark) {
            self.wait_for(ENTERING.load(Ordering::Relaxed), mark, &mut pauses);
        }
        // Relaxed, here and of the links: the chain is written and read under `ENTERING`.
        if self.word.load(Ordering::Relaxed) == NEW {
            let before = CHAIN.load(Ordering::Relaxed);
            if before.is_null() {
                fork::attend();
                unseen::look();
            }
            self.next.store(before, Ordering::Relaxed);
            CHAIN.store(ptr::from_ref(self).cast_mut(), Ordering::Relaxed);
            self.release();
        }
        ENTERING.store(FREE, Ordering::Release);
    }
}

/// Takes a word that is free.
#[inline]
fn take(word: &AtomicUsize, mark: usize) -> bool {
    // Acquire: pairs with the release of the holder before. Relaxed on failure: nothing is read.
    word.compare_exchange(FREE, mark, Ordering::Acquire, Ordering::Relaxed)
        .is_ok()
}

/// A number that no other thread that runs has. It is that of no state of a word.
#[inline]
fn mark() -> usize {
    thread_local! {
        static HERE: u64 = const { 0 };
    }
    HERE.with(|here| ptr::from_ref(here).addr())
}

/// The second parameter of the stop is the lock, or the header of the list.
pub(crate) const INTERRUPTED: u64 = 0x4C4B_0011;

/// Prints the stop of a routine that was called in a signal handler while the code that the signal
/// interrupted is in a routine, and ends the process. Nothing catches it: no lock may be taken now.
#[cold]
pub(crate) fn interrupted(held: usize) -> ! {
    use std::io::Write;

    let text = format!(
        "*** STOP 0x000000c4 (0x{INTERRUPTED:016x}, 0x{held:016x}, 0x{0:016x}, 0x{0:016x})\n\
         A routine was called in a signal handler while the code that the signal interrupted is in one.\n",
        0
    );
    // Nowhere to complain where there is no standard error.
    let _ = std::io::stderr().write_all(text.as_bytes());
    std::process::abort()
}

/// What is done around a fork, where there are forks.
#[cfg(all(unix, not(miri)))]
pub(crate) mod fork {
    use super::{
        CHAIN, ENTERING, FORKER, FORKING, FREE, Gate, Ordering, mark, ptr, take, yield_now,
    };
    use std::ffi::c_int;
    use std::sync::atomic::{AtomicPtr, AtomicUsize};

    unsafe extern "C" {
        /// Of POSIX: has functions called around each fork. The result is 0 when they will.
        fn pthread_atfork(
            prepare: extern "C" fn(),
            parent: extern "C" fn(),
            child: extern "C" fn(),
        ) -> c_int;
    }

    /// How many forks this process descends from.
    static FORKS: AtomicUsize = AtomicUsize::new(0);

    /// A number that is another in each child of a fork.
    pub(crate) fn generation() -> usize {
        // Relaxed: it changes while there is one thread.
        FORKS.load(Ordering::Relaxed)
    }

    /// What the child does once the locks are free, or null.
    static IN_CHILD: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

    /// Has something done in each child once the locks are free.
    pub(crate) fn in_child(run: fn()) {
        // Relaxed: it is the same at every call. Threads that all make lists only read it.
        if IN_CHILD.load(Ordering::Relaxed).is_null() {
            IN_CHILD.store(run as *mut (), Ordering::Relaxed);
        }
    }

    /// Has the functions below called around each fork.
    pub(super) fn attend() {
        // Without memory for it forks are as those of a program that nothing attends.
        // SAFETY: the functions stay: they are this library's, which takes them back when it goes.
        let _ = unsafe { pthread_atfork(prepare, parent, child) };
    }

    /// The locks of the chain. The caller holds `ENTERING`.
    fn chain() -> impl Iterator<Item = &'static Gate> {
        let mut next = CHAIN.load(Ordering::Relaxed);
        std::iter::from_fn(move || {
            // SAFETY: null, or a lock that entered the chain, which lives for ever.
            let gate = unsafe { next.as_ref() }?;
            next = gate.next.load(Ordering::Relaxed);
            Some(gate)
        })
    }

    /// Takes all locks, but for those that this thread holds: it forks in a signal handler.
    extern "C" fn prepare() {
        let mark = mark();
        // Relaxed: only whether it is this thread's matters.
        let is_own = |gate: &Gate| gate.word.load(Ordering::Relaxed) == mark;
        loop {
            while !take(&ENTERING, FORKING) {
                if ENTERING.load(Ordering::Relaxed) == mark {
                    return;
                }
                yield_now();
            }
            FORKER.store(mark, Ordering::Relaxed);
            let Some(held) = chain().find(|gate| !is_own(gate) && !take(&gate.word, FORKING))
            else {
                return;
            };
            // `ENTERING` too: the holder may have to enter another lock before it releases this one.
            release_all();
            while held.word.load(Ordering::Relaxed) != FREE {
                yield_now();
            }
        }
    }

    /// Releases what `prepare` took.
    fn release_all() {
        for gate in chain() {
            if gate.word.load(Ordering::Relaxed) == FORKING {
                gate.release();
            }
        }
        // Release: pairs with the acquire in `take`.
        ENTERING.store(FREE, Ordering::Release);
    }

    extern "C" fn parent() {
        if ENTERING.load(Ordering::Relaxed) == FORKING {
            release_all();
        }
    }

    extern "C" fn child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
        parent();
        let run = IN_CHILD.load(Ordering::Relaxed);
        if !run.is_null() {
            // SAFETY: `in_child` stored the address of such a function.
            let run = unsafe { std::mem::transmute::<*mut (), fn()>(run) };
            run();
        }
    }
}

#[cfg(not(all(unix, not(miri))))]
pub(crate) mod fork {
    pub(super) fn attend() {}
    pub(crate) fn generation() -> usize {
        0
    }
    pub(crate) fn in_child(_run: fn()) {}
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn one_thread_at_a_time_reaches_the_value() {
        static COUNT: Lock<u64> = Lock::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let mut count = COUNT.lock();
                        let before = *count;
                        std::hint::spin_loop();
                        *count = before + 1;
                    }
                });
            }
        });
        assert_eq!(*COUNT.lock(), 40_000);
    }

    /// The fork waits for the lock, whose holder takes another that was never taken before.
    #[cfg(all(target_os = "linux", not(any(loom, miri))))]
    #[test]
    fn a_lock_enters_the_chain_while_a_fork_waits_for_its_holder() {
        use std::sync::mpsc::channel;
        use std::thread::{scope, sleep};
        use std::time::Duration;

        static HELD: Lock<u64> = Lock::new(0);
        static NEW: Lock<u64> = Lock::new(0);
        // What is not released in time is not released at all.
        let patience = Duration::from_secs(20);
        let (held, is_held) = channel();
        let (entered, is_entered) = channel();
        let (forked, is_forked) = channel();
        std::thread::spawn(move || {
            let holder = HELD.lock();
            let _ = held.send(());
            // Long enough for the fork to begin. A fork that begins later meets nothing.
            sleep(Duration::from_millis(100));
            *NEW.lock() += 1;
            drop(holder);
            let _ = entered.send(());
        });
        std::thread::spawn(move || {
            let _ = is_held.recv();
            // SAFETY: the child ends at once.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: nothing of the child is to be done any more.
                unsafe { libc::_exit(0) };
            }
            // SAFETY: the child is this process's, and no status is asked for.
            let ended = unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            let _ = forked.send(ended == child);
        });
        is_entered
            .recv_timeout(patience)
            .expect("the lock is taken");
        assert_eq!(is_forked.recv_timeout(patience), Ok(true));
        scope(|scope| scope.spawn(|| assert_eq!(*NEW.lock(), 1)).join()).expect("it is free");
    }
}
