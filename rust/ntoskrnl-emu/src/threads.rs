//! Threads as objects: `PETHREAD`, which drivers only see from the outside.
//!
//! A thread of the host gets its object at its first use. The object lives until the thread has ended
//! and no handle or reference is left.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;

use crate::dispatcher::{self, Kind, Object};
use crate::sync::{Guard, Lock};

/// What the table knows of a thread.
struct Entry {
    /// What threads wait for. A driver knows the thread by its address.
    _object: Box<Object>,
    /// The thread itself, its handles and its references.
    references: usize,
    /// How many of them are the thread itself and handles.
    own: usize,
    handles: usize,
    id: usize,
    driver: u32,
    is_running: bool,
    is_system: bool,
}

struct Table {
    /// By the address of the thread.
    entries: BTreeMap<usize, Entry>,
    next: usize,
}

static TABLE: Lock<Table> = Lock::new(Table {
    entries: BTreeMap::new(),
    next: 1,
});

fn table() -> Guard<Table> {
    TABLE.lock()
}

/// Ends the object of a thread with the thread.
struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        end();
    }
}

thread_local! {
    /// The thread's object. No destructor, so that it can be asked for while the thread ends.
    static CURRENT: Cell<*mut c_void> = const { Cell::new(std::ptr::null_mut()) };
    static AT_END: AtEnd = const { AtEnd };
}

impl Table {
    fn add(&mut self, driver: u32, is_system: bool) -> *mut c_void {
        let object = Box::new(Object::none());
        object.initialise(Kind::Thread, false);
        let address = std::ptr::from_ref(&*object).expose_provenance();
        // Windows counts by four.
        let id = self.next * 4;
        self.next += 1;
        let entry = Entry {
            _object: object,
            references: 1,
            own: 1,
            handles: 0,
            id,
            driver,
            is_running: true,
            is_system,
        };
        self.entries.insert(address, entry);
        std::ptr::with_exposed_provenance_mut(address)
    }

    /// Drops what is no driver's reference.
    fn drop_own(&mut self, address: usize) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.own -= 1;
        }
        self.drop_reference(address);
    }

    fn drop_reference(&mut self, address: usize) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.references -= 1;
            if entry.references == 0 {
                self.entries.remove(&address);
            }
        }
    }
}

/// The calling thread's object.
pub(crate) fn current() -> *mut c_void {
    let known = CURRENT.get();
    if !known.is_null() {
        return known;
    }
    let made = table().add(crate::scope::driver(), false);
    CURRENT.set(made);
    // A thread that is ending already leaves its object behind.
    let _ = AT_END.try_with(|_| ());
    made
}

/// Makes the object of a system thread that is about to begin, for a driver. One handle refers to it.
pub(crate) fn add_system(driver: u32) -> *mut c_void {
    let mut table = table();
    let made = table.add(driver, true);
    if let Some(entry) = table.entries.get_mut(&made.addr()) {
        entry.references += 1;
        entry.own += 1;
        entry.handles += 1;
    }
    made
}

/// The object of a system thread that could not begin is gone.
pub(crate) fn forget(thread: *mut c_void) {
    table().entries.remove(&thread.addr());
}

/// Makes an object the calling thread's.
pub(crate) fn begin(thread: *mut c_void) {
    CURRENT.set(thread);
    let _ = AT_END.try_with(|_| ());
}

/// Ends the calling thread, as far as its object knows.
fn end() {
    let thread = CURRENT.replace(std::ptr::null_mut());
    if thread.is_null() {
        return;
    }
    if let Some(entry) = table().entries.get_mut(&thread.addr()) {
        entry.is_running = false;
    }
    // SAFETY: the thread's own reference keeps the object.
    dispatcher::signal(unsafe { Object::at(thread) }, false);
    table().drop_own(thread.addr());
}

/// What is known of a thread.
pub(crate) struct Known {
    pub(crate) id: usize,
    pub(crate) is_system: bool,
    pub(crate) is_running: bool,
}

/// What is known of the thread at an address; `None` where there is none.
pub(crate) fn known(thread: usize) -> Option<Known> {
    let table = table();
    let entry = table.entries.get(&thread)?;
    Some(Known {
        id: entry.id,
        is_system: entry.is_system,
        is_running: entry.is_running,
    })
}

/// Whether a system thread runs that belongs to a driver: its address.
pub(crate) fn running_of(driver: u32) -> Option<usize> {
    let table = table();
    let mut running = table
        .entries
        .iter()
        .filter(|(_, entry)| entry.is_running && entry.is_system && entry.driver == driver);
    running.next().map(|(&address, _)| address)
}

/// The value of a thread's handle: its identifier above what no other handle can be.
const HANDLES: usize = 0x7472_0000_0000_0000;

/// A handle of a thread.
pub(crate) fn handle_of(thread: usize) -> Option<usize> {
    Some(HANDLES | known(thread)?.id)
}

/// The thread that an open handle refers to.
pub(crate) fn of_handle(handle: usize) -> Option<*mut c_void> {
    let id = handle ^ HANDLES;
    let table = table();
    let mut found = table
        .entries
        .iter()
        .filter(|(_, entry)| entry.id == id && entry.handles > 0);
    found
        .next()
        .map(|(&address, _)| std::ptr::with_exposed_provenance_mut(address))
}

/// Closes a handle; whether it was one.
pub(crate) fn close(handle: usize) -> bool {
    let Some(thread) = of_handle(handle) else {
        return false;
    };
    let mut table = table();
    if let Some(entry) = table.entries.get_mut(&thread.addr()) {
        entry.handles -= 1;
    }
    table.drop_own(thread.addr());
    true
}

/// Refers to a thread once more; the number of references, `None` where there is no such thread.
pub(crate) fn reference(thread: usize) -> Option<usize> {
    let mut table = table();
    let entry = table.entries.get_mut(&thread)?;
    entry.references += 1;
    Some(entry.references)
}

/// Refers to a thread once less; the number of references that are left, `None` where there is no such
/// thread, or none of its references is a driver's.
pub(crate) fn dereference(thread: usize) -> Option<usize> {
    let mut table = table();
    let entry = table.entries.get(&thread)?;
    if entry.references <= entry.own {
        return None;
    }
    let left = entry.references - 1;
    table.drop_reference(thread);
    Some(left)
}
