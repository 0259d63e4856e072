//! The pages of special pool: one that no access may reach, then a block's, in turn.

/// Whether there can be special pool.
pub(super) const ARE_THERE: bool = cfg!(all(unix, not(any(loom, miri))));

#[cfg(all(unix, not(any(loom, miri))))]
pub(super) use unix::Pages;

#[cfg(not(all(unix, not(any(loom, miri)))))]
pub(super) use none::Pages;

#[cfg(all(unix, not(any(loom, miri))))]
mod unix {
    use std::ptr::NonNull;

    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};
    use wdm::PAGE_SIZE;

    use crate::memory::region;

    /// # Invariants
    ///
    /// `2 * count + 1` pages from `base` are mapped and never unmapped.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Pages {
        base: NonNull<u8>,
        count: u32,
    }

    // SAFETY: an address, behind which the pages of slots are reached by their holders alone.
    unsafe impl Send for Pages {}

    impl Pages {
        /// Reserves pages for so many blocks.
        pub(in super::super) fn reserve(count: u32) -> Option<Self> {
            let bytes = (2 * count as usize + 1) * PAGE_SIZE;
            // SAFETY: a fresh anonymous mapping at an address of the system's choice touches no other.
            let mapped = unsafe {
                mmap_anonymous(
                    std::ptr::null_mut(),
                    bytes,
                    ProtFlags::empty(),
                    MapFlags::PRIVATE | MapFlags::NORESERVE,
                )
            };
            let base = NonNull::new(mapped.ok()?.cast::<u8>())?;
            // A larger page of the system's holds more than one of ours: then none can be shut alone.
            (rustix::param::page_size() <= PAGE_SIZE).then_some(Self { base, count })
        }

        /// The page of a slot, by a number below the count.
        pub(in super::super) fn page(self, number: u32) -> *mut u8 {
            let offset = (2 * number as usize + 1) * PAGE_SIZE;
            self.base.as_ptr().wrapping_add(offset)
        }

        /// Lets a slot's page be accessed; whether it can.
        pub(in super::super) fn open(self, number: u32) -> bool {
            let access = MprotectFlags::READ | MprotectFlags::WRITE;
            // SAFETY: a page of the mapping, by the invariant; no block has it.
            unsafe { mprotect(self.page(number).cast(), PAGE_SIZE, access) }.is_ok()
        }

        /// Lets a slot's page not be accessed, and gives its memory back.
        pub(in super::super) fn shut(self, number: u32) {
            let page = self.page(number);
            if let Some(page) = NonNull::new(page) {
                // SAFETY: a page of the mapping; its block is freed. A refusal does no harm.
                let _ = unsafe { region::discard(page, PAGE_SIZE) };
            }
            // SAFETY: as above. A refusal leaves the page open.
            let _ = unsafe { mprotect(page.cast(), PAGE_SIZE, MprotectFlags::empty()) };
        }

        /// The number of the page that holds an address; the even ones are shut for good.
        pub(in super::super) fn number_of(self, address: usize) -> Option<usize> {
            let offset = address.wrapping_sub(self.base.addr().get());
            let number = offset / PAGE_SIZE;
            (number < 2 * self.count as usize + 1).then_some(number)
        }

        /// The slot on whose page an address lies.
        pub(in super::super) fn slot_of(self, address: usize) -> Option<u32> {
            let number = self.number_of(address)?;
            (number % 2 == 1).then_some((number / 2) as u32)
        }
    }
}

#[cfg(not(all(unix, not(any(loom, miri)))))]
mod none {
    /// There are none.
    #[derive(Clone, Copy)]
    pub(in super::super) enum Pages {}

    impl Pages {
        pub(in super::super) fn reserve(_count: u32) -> Option<Self> {
            None
        }

        pub(in super::super) fn page(self, _number: u32) -> *mut u8 {
            match self {}
        }

        pub(in super::super) fn open(self, _number: u32) -> bool {
            match self {}
        }

        pub(in super::super) fn shut(self, _number: u32) {
            match self {}
        }

        pub(in super::super) fn slot_of(self, _address: usize) -> Option<u32> {
            match self {}
        }
    }
}
