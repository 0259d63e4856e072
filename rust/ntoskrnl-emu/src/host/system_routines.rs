//! Which routines of the system a driver finds by their names.
//!
//! A library of exports says what it has ([`set`]). A test hides a name from its driver, to see what the
//! driver does on an older Windows:
//!
//! ```
//! use ntoskrnl_emu::host::{EntryPoint, system_routines};
//! static EXPORTS: &[(&str, EntryPoint)] =
//!     &[("ExFreePool", EntryPoint(ntoskrnl_emu::ExFreePool as *const ()))];
//! system_routines::set(EXPORTS);
//! assert!(!system_routines::find("ExFreePool").is_null());
//! assert!(system_routines::hide("ExFreePool") && !system_routines::hide("ExFreeePool"));
//! assert!(system_routines::find("ExFreePool").is_null());
//! system_routines::show("ExFreePool");
//! assert!(!system_routines::find("ExFreePool").is_null());
//! ```

use std::collections::BTreeSet;

use crate::caller::EntryPoint;
use crate::scope;
use crate::sync::{Lock, Once};

static EXPORTS: Once<&'static [(&'static str, EntryPoint)]> = Once::new();

/// The names that are hidden, by the driver that does not find them.
static HIDDEN: Lock<BTreeSet<(u32, String)>> = Lock::new(BTreeSet::new());

/// Says which routines there are. The first word counts.
pub fn set(exports: &'static [(&'static str, EntryPoint)]) {
    let _ = EXPORTS.set(exports);
}

fn named(name: &str) -> Option<EntryPoint> {
    let exports = EXPORTS.get().copied().unwrap_or_default();
    let found = exports.iter().find(|(one, _)| *one == name)?;
    Some(found.1)
}

/// The routine of a name; null where there is none, or where it is hidden from the current driver.
pub fn find(name: &str) -> *const () {
    let hidden = HIDDEN.lock();
    if hidden.contains(&(scope::driver(), name.to_owned())) {
        return std::ptr::null();
    }
    named(name).map_or(std::ptr::null(), |found| found.0)
}

/// Hides a routine from the current driver; whether there is one of that name.
pub fn hide(name: &str) -> bool {
    let is_there = named(name).is_some();
    if is_there {
        let mut hidden = HIDDEN.lock();
        hidden.insert((scope::driver(), name.to_owned()));
    }
    is_there
}

/// Takes back that a routine is hidden from the current driver; whether there is one of that name.
pub fn show(name: &str) -> bool {
    let mut hidden = HIDDEN.lock();
    hidden.remove(&(scope::driver(), name.to_owned()));
    named(name).is_some()
}
