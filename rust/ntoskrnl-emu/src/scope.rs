//! What a thread is in the midst of: its level, its driver, the spin locks that it holds, and the
//! routine that it called last of those that can stop.
//!
//! A catcher notes all of it when it is armed ([`mark`]); a stop that it catches puts it back
//! ([`restore`]), so that the code after the catcher is where it believes to be.

use std::cell::{Cell, RefCell};

use wdm::{Kirql, PASSIVE_LEVEL};

use crate::sanitizer;
use crate::sync::{AtomicUsize, Lock, Ordering, global, per_thread, yield_now};

/// The root driver's index.
pub(crate) const ROOT: u32 = 0;

/// A spin lock that the thread holds, or that it held when a catcher was armed.
struct Held {
    lock: usize,
    is_held: bool,
    /// The level before, where the routine that acquired it raises the level.
    before: Option<Kirql>,
}

/// What a report says of the routine that stopped.
#[derive(Clone, Copy)]
pub(crate) struct Doing {
    pub(crate) routine: Option<&'static str>,
    /// The address and the tag of the list that it was called for; 0 for none.
    pub(crate) list: usize,
    pub(crate) tag: u32,
}

impl Doing {
    pub(crate) const NOTHING: Self = Self {
        routine: None,
        list: 0,
        tag: 0,
    };
}

/// The state of a thread when a catcher was armed.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    level: Kirql,
    driver: u32,
    locks: u32,
}

impl Mark {
    const NONE: Self = Self {
        level: PASSIVE_LEVEL,
        driver: ROOT,
        locks: 0,
    };
}

global! {
    static NEXT_HOLDER: AtomicUsize = AtomicUsize::new(1);
}

per_thread! {
    static HOLDER: Cell<usize> = const { Cell::new(0) };
}
per_thread! {
    static LEVEL: Cell<Kirql> = const { Cell::new(PASSIVE_LEVEL) };
}
per_thread! {
    static DRIVER: Cell<u32> = const { Cell::new(ROOT) };
}
per_thread! {
    static DOING: Cell<Doing> = const { Cell::new(Doing::NOTHING) };
}
per_thread! {
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}
per_thread! {
    /// The mark of the innermost catcher.
    static ARMED_AT: Cell<Mark> = const { Cell::new(Mark::NONE) };
}

global! {
    /// The drivers that were loaded, by index less one: the name, and whether it is loaded still.
    static DRIVERS: Lock<Vec<(String, bool)>> = Lock::new(Vec::new());
}

/// Gives a new driver its index; `None` when there are as many as indices.
pub(crate) fn name_driver(name: &str) -> Option<u32> {
    let mut drivers = DRIVERS.lock();
    let index = u32::try_from(drivers.len() + 1).ok()?;
    // The greatest index stands for all drivers.
    if index == u32::MAX {
        return None;
    }
    drivers.push((name.to_owned(), true));
    Some(index)
}

/// Whether a driver is loaded; the root driver always is.
pub(crate) fn is_loaded(index: u32) -> bool {
    match index.checked_sub(1) {
        None => true,
        Some(place) => DRIVERS
            .lock()
            .get(place as usize)
            .is_some_and(|&(_, is_loaded)| is_loaded),
    }
}

/// Makes a driver one that is not loaded; whether it was. The root driver stays.
pub(crate) fn unload(index: u32) -> bool {
    index.checked_sub(1).is_some_and(|place| {
        let mut drivers = DRIVERS.lock();
        let driver = drivers.get_mut(place as usize);
        driver.is_some_and(|(_, is_loaded)| std::mem::replace(is_loaded, false))
    })
}

/// A driver's name.
pub(crate) fn driver_name(index: u32) -> String {
    match index.checked_sub(1) {
        None => "root".to_owned(),
        Some(place) => match DRIVERS.lock().get(place as usize) {
            Some((name, _)) => name.clone(),
            None => format!("driver {index}"),
        },
    }
}

/// The drivers that are loaded, the root driver first.
pub(crate) fn loaded() -> Vec<u32> {
    let drivers = DRIVERS.lock();
    let loaded = (1..).zip(drivers.iter()).filter(|(_, driver)| driver.1);
    std::iter::once(ROOT)
        .chain(loaded.map(|(index, _)| index))
        .collect()
}

/// The calling thread's number, odd as a held spin lock's word is on Windows.
pub(crate) fn holder() -> usize {
    HOLDER.with(|holder| {
        if holder.get() == 0 {
            // Relaxed: the number only has to be different from every other thread's.
            holder.set(NEXT_HOLDER.fetch_add(2, Ordering::Relaxed));
        }
        holder.get()
    })
}

/// The calling thread's level.
pub(crate) fn level() -> Kirql {
    LEVEL.with(Cell::get)
}

/// Sets the calling thread's level and returns the one before.
pub(crate) fn set_level(level: Kirql) -> Kirql {
    LEVEL.with(|current| current.replace(level))
}

/// The driver that the calling thread works for.
pub(crate) fn driver() -> u32 {
    DRIVER.with(Cell::get)
}

/// Sets the driver that the calling thread works for, and returns the one before.
pub(crate) fn set_driver(index: u32) -> u32 {
    DRIVER.with(|driver| driver.replace(index))
}

/// Notes the routine that may stop next.
pub(crate) fn doing(doing: Doing) {
    DOING.with(|place| place.set(doing));
}

/// Notes a routine that may stop next, which works on no list.
pub(crate) fn calling(routine: &'static str) {
    doing(Doing {
        routine: Some(routine),
        ..Doing::NOTHING
    });
}

/// The routine that was noted last. It is forgotten.
pub(crate) fn take_doing() -> Doing {
    DOING.with(|place| place.replace(Doing::NOTHING))
}

/// Takes a free spin lock; whether it was free.
pub(crate) fn try_take(word: &AtomicUsize) -> bool {
    // Acquire: pairs with the release in `release`. Relaxed on failure: nothing is read.
    let taken = word
        .compare_exchange(0, holder(), Ordering::Acquire, Ordering::Relaxed)
        .is_ok();
    if taken {
        sanitizer::acquire(std::ptr::from_ref(word).addr());
    }
    taken
}

/// Notes that the thread took a spin lock, with the level before.
pub(crate) fn took(word: &AtomicUsize, before: Option<Kirql>) {
    // Nothing is noted while a thread ends: it has no catchers any more.
    let _ = HELD.try_with(|held| {
        held.borrow_mut().push(Held {
            lock: std::ptr::from_ref(word).expose_provenance(),
            is_held: true,
            before,
        });
    });
}

/// The level before the calling thread acquired a lock, where it holds the lock and knows.
pub(crate) fn level_before(lock: usize) -> Option<Kirql> {
    let found = HELD.try_with(|held| {
        let held = held.borrow();
        let found = held.iter().find(|one| one.lock == lock && one.is_held);
        found.and_then(|one| one.before)
    });
    found.ok().flatten()
}

/// The lock that the calling thread acquired last of those that it holds, but for one: zero for none.
pub(crate) fn last_held_but(lock: usize) -> Option<usize> {
    let found = HELD.try_with(|held| {
        let held = held.borrow();
        let mut others = held
            .iter()
            .rev()
            .filter(|one| one.lock != lock && one.is_held);
        others.next().map(|one| one.lock)
    });
    found.ok().flatten()
}

/// Releases a spin lock that the thread holds.
pub(crate) fn release(word: &AtomicUsize) {
    let lock = std::ptr::from_ref(word).addr();
    let before = ARMED_AT.with(Cell::get).locks as usize;
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        let found = held.iter().rposition(|one| one.lock == lock && one.is_held);
        match found {
            // It was held when the catcher was armed: a stop takes it again.
            Some(place) if place < before => {
                if let Some(one) = held.get_mut(place) {
                    one.is_held = false;
                }
            }
            Some(place) => _ = held.remove(place),
            None => {}
        }
    });
    sanitizer::release(lock);
    // Release: pairs with the acquire in `try_take`.
    word.store(0, Ordering::Release);
}

/// The word of a lock that is or was held.
///
/// # Safety
///
/// The lock is held by the calling thread, or was when the innermost catcher was armed: so its memory
/// is a lock's, as the contract of the routine that took it says.
unsafe fn word_of<'a>(lock: usize) -> &'a AtomicUsize {
    let word = std::ptr::with_exposed_provenance::<AtomicUsize>(lock);
    // SAFETY: an aligned word that is only accessed as a lock, by the caller's word.
    unsafe { &*word }
}

/// Notes the state of the thread for a catcher, and returns the mark of the catcher around it.
pub(crate) fn mark() -> Mark {
    let locks = HELD.try_with(|held| held.borrow().len()).unwrap_or(0);
    let mark = Mark {
        level: level(),
        driver: driver(),
        locks: u32::try_from(locks).unwrap_or(u32::MAX),
    };
    ARMED_AT.with(|place| place.replace(mark))
}

/// Ends a catcher: the one around it is the innermost again.
pub(crate) fn unmark(before: Mark) {
    ARMED_AT.with(|place| place.set(before));
    // What the ended catcher would have taken again is released for good, unless the one around it was
    // armed with the lock held, too.
    let kept = before.locks as usize;
    let _ = HELD.try_with(|held| {
        let mut place = 0;
        held.borrow_mut().retain(|one| {
            let stays = one.is_held || place < kept;
            place += 1;
            stays
        });
    });
}

/// Puts the thread back to where it was when the innermost catcher was armed.
///
/// It is called before the unwind begins: the memory of the locks is there still.
pub(crate) fn restore() {
    let mark = ARMED_AT.with(Cell::get);
    set_level(mark.level);
    set_driver(mark.driver);
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        let since = held.len().min(mark.locks as usize);
        for one in held.drain(since..).filter(|one| one.is_held) {
            // SAFETY: held by this thread.
            unsafe { word_of(one.lock) }.store(0, Ordering::Release);
        }
        for one in held.iter_mut().filter(|one| !one.is_held) {
            // SAFETY: held when the catcher was armed.
            let word = unsafe { word_of(one.lock) };
            while !try_take(word) {
                yield_now();
            }
            one.is_held = true;
        }
    });
}
