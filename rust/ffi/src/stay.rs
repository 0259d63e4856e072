//! An isolate's stay on its thread, in one thread-local: whatever ends the stay finds all of it, in
//! whatever order a target destroys the thread-locals of a thread that ends.

use std::cell::{Cell, RefCell};

use ntoskrnl_emu::host::layout::Slot;

use crate::by_id::{self, ById};

/// The isolate that a thread hosts.
pub(crate) struct Stay {
    /// The number that the isolate's copies of the module open the library with; 0 for none.
    pub(crate) isolate: Cell<u32>,
    /// How many of them have it open.
    pub(crate) copies: Cell<u32>,
    pub(crate) owner: Cell<u32>,
    /// The isolate's slot, while there is an isolate.
    pub(crate) slot: Cell<Option<&'static Slot>>,
    /// The offset of the slot in the metadata.
    pub(crate) slot_offset: Cell<u32>,
    /// The shared lists that the isolate holds, with how many handles of each.
    pub(crate) handles: RefCell<ById<u32>>,
    /// The drivers that the isolate loaded.
    pub(crate) drivers: RefCell<Vec<u32>>,
    /// Ends the isolate of a Worker, whose thread ends without a call.
    pub(crate) end: Cell<fn(&Self)>,
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.end.get()(self);
    }
}

thread_local! {
    static STAY: Stay = const {
        Stay {
            isolate: Cell::new(0),
            copies: Cell::new(0),
            owner: Cell::new(0),
            slot: Cell::new(None),
            slot_offset: Cell::new(0),
            handles: RefCell::new(by_id::new()),
            drivers: RefCell::new(Vec::new()),
            end: Cell::new(|_| {}),
        }
    };
}

/// Does something with the calling thread's stay; nothing once the thread's end has begun to end it.
pub(crate) fn with<T>(run: impl FnOnce(&Stay) -> T) -> Option<T> {
    STAY.try_with(run).ok()
}
