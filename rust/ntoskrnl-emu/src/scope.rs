//! What a thread is in the midst of: its level, its regions, its driver, the spin locks that it holds,
//! and the routine that it called last of those that can stop.
//!
//! A catcher notes all of it when it is armed ([`mark`]); a stop that it catches puts it back
//! ([`restore`]), so that the code after the catcher is where it believes to be.

#![cfg_attr(
    loom,
    allow(dead_code, reason = "no model has mutexes or shared spin locks")
)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use wdm::{APC_LEVEL, Kirql, PASSIVE_LEVEL};

use crate::owner;
use crate::sanitizer;
use crate::stack::Stack;
use crate::sync::{AtomicU32, AtomicUsize, Lock, Ordering, global, per_thread, yield_now};

/// The root driver's index.
pub(crate) const ROOT: u32 = 0;

/// Which spin lock it is, and how it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A `KSPIN_LOCK`.
    Plain,
    /// An `EX_SPIN_LOCK`, by one thread alone.
    Exclusive,
    /// An `EX_SPIN_LOCK`, by threads that share it.
    Shared,
}

/// A spin lock that the thread holds, or that it held when a catcher was armed.
struct Held {
    lock: usize,
    way: Way,
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

/// The regions that a thread has begun and not ended, in which no APCs are delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regions {
    pub(crate) critical: u32,
    pub(crate) guarded: u32,
}

impl Regions {
    const NONE: Self = Self {
        critical: 0,
        guarded: 0,
    };
}

/// The level of a thread, and the levels that its raises returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    current: Kirql,
    /// What the raises that are not undone returned, four bits each, the newest lowest.
    returned: u128,
    /// How many of them are known: those before are forgotten.
    known: u32,
}

impl Levels {
    /// How many returned levels there is room for.
    const ROOM: u32 = u128::BITS / 4;
    pub(crate) const PASSIVE: Self = Self {
        current: PASSIVE_LEVEL,
        returned: 0,
        known: 0,
    };

    /// The level.
    pub(crate) fn current(self) -> Kirql {
        self.current
    }

    /// The levels after a raise.
    fn raised(self, level: Kirql) -> Self {
        Self {
            current: level,
            returned: self.returned << 4 | u128::from(self.current & 0xf),
            known: Self::ROOM.min(self.known + 1),
        }
    }

    /// The levels after a raise is undone.
    fn lowered(self, level: Kirql) -> Self {
        Self {
            current: level,
            returned: self.returned >> 4,
            known: self.known.saturating_sub(1),
        }
    }
}

/// The state of a thread when a catcher was armed.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    levels: Levels,
    regions: Regions,
    driver: u32,
    locks: u32,
}

impl Mark {
    const NONE: Self = Self {
        levels: Levels::PASSIVE,
        regions: Regions::NONE,
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
    static LEVELS: Cell<Levels> = const { Cell::new(Levels::PASSIVE) };
}
per_thread! {
    static REGIONS: Cell<Regions> = const { Cell::new(Regions::NONE) };
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
    LEVELS.with(Cell::get).current
}

/// The calling thread's level, with what its raises returned.
pub(crate) fn levels() -> Levels {
    LEVELS.with(Cell::get)
}

/// Puts the calling thread's level back to what it was.
pub(crate) fn set_levels(levels: Levels) {
    let before = LEVELS.with(|place| place.replace(levels));
    if ARE_LEVELS_LOGGED.load(Ordering::Relaxed) != 0 && before.current != levels.current {
        log_change(before.current, levels.current);
    }
    owner::hold_off(levels.current > APC_LEVEL);
}

/// How many changes of levels are logged.
const LOGGED: usize = 0x100;

/// A change of a thread's level.
#[derive(Clone, Copy)]
pub(crate) struct LevelChange {
    pub(crate) thread: usize,
    pub(crate) old: Kirql,
    pub(crate) new: Kirql,
    /// The number of the change.
    pub(crate) time: u64,
    pub(crate) stack: Stack,
}

global! {
    static ARE_LEVELS_LOGGED: AtomicUsize = AtomicUsize::new(0);
}
global! {
    /// The newest changes, the oldest first, and how many there were.
    static CHANGES: Lock<(VecDeque<LevelChange>, u64)> = Lock::new((VecDeque::new(), 0));
}

/// Logs changes of levels from now on, or ends that.
pub(crate) fn log_levels(is_so: bool) {
    // Relaxed: a log by itself.
    ARE_LEVELS_LOGGED.store(usize::from(is_so), Ordering::Relaxed);
}

#[cold]
fn log_change(old: Kirql, new: Kirql) {
    let (thread, stack) = (holder(), Stack::of(driver()));
    let mut changes = CHANGES.lock();
    changes.1 += 1;
    let time = changes.1;
    if changes.0.len() == LOGGED {
        changes.0.pop_front();
    }
    changes.0.push_back(LevelChange {
        thread,
        old,
        new,
        time,
        stack,
    });
}

#[cfg(not(loom))]
/// The logged changes of levels, the oldest first.
pub(crate) fn level_changes() -> Vec<LevelChange> {
    CHANGES.lock().0.iter().copied().collect()
}

/// Sets the calling thread's level, which is not lower than the one before, and returns that.
pub(crate) fn raise_to(level: Kirql) -> Kirql {
    let before = levels();
    set_levels(before.raised(level));
    before.current
}

/// Undoes the newest raise of the calling thread.
pub(crate) fn lower_to(level: Kirql) {
    set_levels(levels().lowered(level));
}

/// What the newest raise of the calling thread that is not undone returned, as far as it is known.
pub(crate) fn returned_last() -> Option<Kirql> {
    let levels = levels();
    (levels.known > 0).then_some((levels.returned & 0xf) as Kirql)
}

/// The calling thread's regions.
pub(crate) fn regions() -> Regions {
    REGIONS.with(Cell::get)
}

/// Begins or ends a region of the calling thread.
pub(crate) fn change_regions(change: impl FnOnce(&mut Regions)) {
    let mut regions = regions();
    change(&mut regions);
    REGIONS.with(|place| place.set(regions));
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
    note_taken(
        std::ptr::from_ref(word).expose_provenance(),
        Way::Plain,
        before,
    );
}

fn note_taken(lock: usize, way: Way, before: Option<Kirql>) {
    // Nothing is noted while a thread ends: it has no catchers any more.
    let _ = HELD.try_with(|held| {
        held.borrow_mut().push(Held {
            lock,
            way,
            is_held: true,
            before,
        });
    });
}

/// The word of an `EX_SPIN_LOCK` while one thread has it alone; else how many threads share it.
const EXCLUSIVE: u32 = 1 << 31;

/// Takes an `EX_SPIN_LOCK` if it is free, or shared; whether it was.
pub(crate) fn try_take_ex(word: &AtomicU32, way: Way) -> bool {
    let next = |state: u32| match way {
        Way::Shared => (state < EXCLUSIVE - 1).then_some(state + 1),
        _ => (state == 0).then_some(EXCLUSIVE),
    };
    // Acquire: pairs with the release in `free_ex`. Relaxed on failure: nothing is read.
    let is_taken = word
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, next)
        .is_ok();
    if is_taken {
        sanitizer::acquire(std::ptr::from_ref(word).addr());
    }
    is_taken
}

/// Notes that the thread took an `EX_SPIN_LOCK`, with the level before.
pub(crate) fn took_ex(word: &AtomicU32, way: Way, before: Option<Kirql>) {
    note_taken(std::ptr::from_ref(word).expose_provenance(), way, before);
}

/// Makes what the thread shares its own, where no other thread shares it; whether it is.
pub(crate) fn convert_ex(word: &AtomicU32) -> bool {
    // Acquire: what the last of the other threads did is seen. Relaxed on failure: nothing is read.
    let converted = word.compare_exchange(1, EXCLUSIVE, Ordering::Acquire, Ordering::Relaxed);
    let lock = std::ptr::from_ref(word).addr();
    if converted.is_ok() {
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            let mut found = held.iter_mut().rev();
            if let Some(one) = found.find(|one| one.lock == lock && one.is_held) {
                one.way = Way::Exclusive;
            }
        });
    }
    converted.is_ok()
}

/// Lets an `EX_SPIN_LOCK` go.
fn free_ex(word: &AtomicU32, way: Way) {
    sanitizer::release(std::ptr::from_ref(word).addr());
    // Release: pairs with the acquire in `try_take_ex`.
    match way {
        Way::Shared => _ = word.fetch_sub(1, Ordering::Release),
        _ => word.store(0, Ordering::Release),
    }
}

/// How the calling thread holds a lock, where it does.
pub(crate) fn way_of(lock: usize) -> Option<Way> {
    let found = HELD.try_with(|held| {
        let held = held.borrow();
        let mut found = held.iter().rev();
        found
            .find(|one| one.lock == lock && one.is_held)
            .map(|one| one.way)
    });
    found.ok().flatten()
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

/// The spin locks that the calling thread holds, the one acquired last at the end.
pub(crate) fn held() -> Vec<usize> {
    let held = HELD.try_with(|held| {
        let held = held.borrow();
        let now = held.iter().filter(|one| one.is_held);
        now.map(|one| one.lock).collect()
    });
    held.unwrap_or_default()
}

/// Whether a number can be that of a thread.
pub(crate) fn is_holder(number: usize) -> bool {
    number % 2 == 1 && number < NEXT_HOLDER.load(Ordering::Relaxed)
}

/// Releases a spin lock that the thread holds.
pub(crate) fn release(word: &AtomicUsize) {
    let lock = std::ptr::from_ref(word).addr();
    note_released(lock);
    sanitizer::release(lock);
    // Release: pairs with the acquire in `try_take`.
    word.store(0, Ordering::Release);
}

/// Releases an `EX_SPIN_LOCK` that the thread holds.
pub(crate) fn release_ex(word: &AtomicU32, way: Way) {
    note_released(std::ptr::from_ref(word).addr());
    free_ex(word, way);
}

fn note_released(lock: usize) {
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

/// As [`word_of`], of an `EX_SPIN_LOCK`.
///
/// # Safety
///
/// As of [`word_of`].
unsafe fn word_of_ex<'a>(lock: usize) -> &'a AtomicU32 {
    let word = std::ptr::with_exposed_provenance::<AtomicU32>(lock);
    // SAFETY: an aligned word that is only accessed as a lock, by the caller's word.
    unsafe { &*word }
}

/// Notes the state of the thread for a catcher, and returns the mark of the catcher around it.
pub(crate) fn mark() -> Mark {
    let locks = HELD.try_with(|held| held.borrow().len()).unwrap_or(0);
    let mark = Mark {
        levels: levels(),
        regions: regions(),
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
    set_levels(mark.levels);
    change_regions(|regions| *regions = mark.regions);
    set_driver(mark.driver);
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        let since = held.len().min(mark.locks as usize);
        for one in held.drain(since..).filter(|one| one.is_held) {
            match one.way {
                // SAFETY: held by this thread.
                Way::Plain => unsafe { word_of(one.lock) }.store(0, Ordering::Release),
                // SAFETY: as above.
                way => free_ex(unsafe { word_of_ex(one.lock) }, way),
            }
        }
        for one in held.iter_mut().filter(|one| !one.is_held) {
            let is_taken = || match one.way {
                // SAFETY: held when the catcher was armed.
                Way::Plain => try_take(unsafe { word_of(one.lock) }),
                // SAFETY: as above.
                way => try_take_ex(unsafe { word_of_ex(one.lock) }, way),
            };
            while !is_taken() {
                yield_now();
            }
            one.is_held = true;
        }
    });
}
