//! A list as the models use it.

use std::ffi::c_void;

use loom::sync::Arc;
use wdm::{LookasideListEx, PoolType};

use crate::memory::control_block::Fields;
use crate::memory::layout::Record;
use crate::memory::region::{self, Region};
use crate::sync::Ordering;
use crate::{
    ExAllocateFromLookasideListEx, ExDeleteLookasideListEx, ExFlushLookasideListEx,
    ExFreeToLookasideListEx, ExInitializeLookasideListEx, ExQueryDepthSList,
};

pub(crate) const TAG: u32 = 0x6b73_6f54;

/// An initialised list, shared by the threads of a model.
pub(crate) struct List {
    pub(crate) control: Fields,
    pub(crate) region: &'static Region,
}

impl List {
    /// A list of entries of so many bytes. The model has made its region.
    pub(crate) fn new(size: usize) -> Arc<Self> {
        let Ok(region) = region::map() else {
            panic!("the model has no region")
        };
        let list = Arc::new(Self {
            control: Fields::new(),
            region,
        });
        let at = list.at();
        let kind = PoolType::NON_PAGED_POOL_NX;
        // SAFETY: a control block that stays where it is until the model's threads are done.
        let status = unsafe { ExInitializeLookasideListEx(at, None, None, kind, 0, size, TAG, 0) };
        assert!(status.is_ok());
        list
    }

    pub(crate) fn at(&self) -> *mut LookasideListEx {
        (&raw const self.control).cast_mut().cast()
    }

    /// Allocates an entry and writes to it.
    pub(crate) fn allocate(&self) -> Option<u32> {
        // SAFETY: initialised.
        let entry = unsafe { ExAllocateFromLookasideListEx(self.at()) };
        let offset = self.region.offset_of(entry.addr())?;
        self.touch(offset);
        Some(offset)
    }

    /// Writes to an entry and frees it.
    pub(crate) fn free(&self, offset: u32) {
        self.touch(offset);
        self.free_again(offset);
    }

    /// Frees an entry that may not be the caller's.
    pub(crate) fn free_again(&self, offset: u32) {
        let entry: *mut c_void = self.region.at(offset).cast();
        // SAFETY: the list is initialised; a free that is none is refused.
        unsafe { ExFreeToLookasideListEx(self.at(), entry) };
    }

    pub(crate) fn flush(&self) {
        // SAFETY: initialised.
        unsafe { ExFlushLookasideListEx(self.at()) };
    }

    pub(crate) fn delete(&self) {
        // SAFETY: initialised, and the model's other threads are done.
        unsafe { ExDeleteLookasideListEx(self.at()) };
    }

    /// Writes to an entry that the caller has: where another thread has it too, loom ends the model.
    pub(crate) fn touch(&self, offset: u32) {
        // SAFETY: the caller's.
        unsafe { self.region.fill(offset, 0, 1) }
    }

    pub(crate) fn record(&self) -> &'static Record {
        let index = self.control.future[1].load(Ordering::Relaxed);
        self.region.record(index)
    }

    /// TotalAllocates, AllocateMisses, TotalFrees, FreeMisses.
    pub(crate) fn counters(&self) -> [u32; 4] {
        let control = &self.control;
        [
            &control.total_allocates,
            &control.allocate_misses,
            &control.total_frees,
            &control.free_misses,
        ]
        .map(|counter| counter.load(Ordering::Relaxed))
    }

    /// How many entries the list keeps.
    pub(crate) fn depth(&self) -> u32 {
        // SAFETY: a list begins with its header.
        u32::from(unsafe { ExQueryDepthSList(self.at().cast()) })
    }
}
