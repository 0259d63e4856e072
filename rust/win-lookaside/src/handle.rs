//! The state of a handle: without a list, being initialised, or with one.
//!
//! | state | pointer | leaves it |
//! |---|---|---|
//! | without | null | `init`: to busy, by compare-and-swap |
//! | busy | 1 | the same `init`: to ready, or back to null when it fails |
//! | ready | the control block | `destroy`, `destroy_shared`, `take`, `Drop`: to null |
//!
//! Two threads that initialise at once:
//!
//! ```text
//!   thread A                          thread B
//!   null -> busy: won
//!                                     null -> busy: finds busy, answers InvalidDeviceState
//!                                     alloc: finds busy, answers null
//!   block -> pointer (Release)
//!                                     alloc: finds the block (Acquire), and all A wrote to it
//! ```
//!
//! B never waits for A: at `DISPATCH_LEVEL` on A's processor it would wait for ever.
//! There is no ABA question: only the thread that made the pointer busy changes it from busy, and
//! only an exclusive owner, by `&mut` or by the contract of `destroy_shared`, changes it from ready.

use core::mem::forget;
use core::ptr::{NonNull, null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use wdm::{LookasideListEx, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER_5};

use crate::control_block::ControlBlock;
use crate::stats::{Stats, entry_size};
use crate::{InitArgs, LookasideError, LookasideResult, ex};

/// The pointer while a list is being initialised: the address of no control block.
const BUSY: *mut ControlBlock = without_provenance_mut(1);

/// Which threads may use the list of a handle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Any thread.
    Shared,
    /// The thread that initialises it.
    Confined,
}

/// What becomes of a list whose default allocate routine would raise an exception.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raising {
    /// It is not initialised.
    Refused,
    /// It is the caller's concern.
    Allowed,
}

/// What both public handles are made of.
///
/// # Invariants
///
/// * The pointer is null, [`BUSY`], or a control block from [`ControlBlock::create`] whose list is
///   initialised and which this handle alone owns.
pub(crate) struct Handle {
    block: AtomicPtr<ControlBlock>,
}

/// The busy state, held by the one `init` that won it.
///
/// Dropped without [`publish`](Self::publish), after a failure or by an unwind from the emulation,
/// it gives the handle back as it was.
struct Claim<'handle>(&'handle AtomicPtr<ControlBlock>);

impl<'handle> Claim<'handle> {
    fn take(pointer: &'handle AtomicPtr<ControlBlock>) -> Option<Self> {
        // Acquire pairs with the Release that left the handle null in `destroy_shared`: the old list
        // is gone before the new one begins. A loser reaches nothing through what it found: Relaxed.
        pointer
            .compare_exchange(null_mut(), BUSY, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            // Lazily: a claim that was not won must not be dropped.
            .then(|| Self(pointer))
    }

    fn publish(self, block: NonNull<ControlBlock>) {
        ex::delay("handle busy");
        // Release pairs with the Acquire in `ready`: a thread that sees the block sees it initialised.
        self.0.store(block.as_ptr(), Ordering::Release);
        forget(self);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        ex::delay("handle busy");
        // Release pairs with the Acquire in `take`, so that a failed try is over before the next.
        self.0.store(null_mut(), Ordering::Release);
    }
}

impl Handle {
    pub(crate) const fn new() -> Self {
        Self {
            block: AtomicPtr::new(null_mut()),
        }
    }

    /// Initialises the list.
    ///
    /// # Safety
    ///
    /// * With [`Raising::Allowed`]: the exception of a failed allocation, if the arguments ask for
    ///   one, crosses no frame that it must not cross.
    /// * With [`Sharing::Confined`]: the handle never leaves this thread before it is shared.
    pub(crate) unsafe fn init(
        &self,
        arguments: &InitArgs,
        sharing: Sharing,
        raising: Raising,
    ) -> LookasideResult<()> {
        let refuse = LookasideError::InitError;
        let claim = Claim::take(&self.block).ok_or(refuse(STATUS_INVALID_DEVICE_STATE))?;
        let InitArgs {
            pool_type,
            flags,
            size,
            depth,
            ..
        } = *arguments;
        // Before there is a control block: a refusal must change nothing. A real kernel judges later,
        // when it initialises the list; over it a default routine that would raise is named first.
        ex::validate_arguments(pool_type, flags.0, size, depth).map_err(refuse)?;
        if raising == Raising::Refused && arguments.raises_without_callback() {
            return Err(refuse(STATUS_INVALID_PARAMETER_5));
        }
        let block = ControlBlock::create(arguments).map_err(refuse)?;
        if sharing == Sharing::Confined {
            // SAFETY: this thread has just initialised the list.
            unsafe { ex::confine(ControlBlock::list(block)) };
        }
        claim.publish(block);
        Ok(())
    }

    /// The control block of a ready handle.
    #[inline]
    fn ready(&self) -> Option<NonNull<ControlBlock>> {
        // Acquire pairs with the Release in `publish`.
        real(self.block.load(Ordering::Acquire))
    }

    #[inline]
    fn list(&self) -> Option<NonNull<LookasideListEx>> {
        self.ready().map(NonNull::cast)
    }

    #[inline]
    pub(crate) fn alloc(&self) -> *mut u8 {
        let Some(list) = self.list() else {
            return null_mut();
        };
        // SAFETY: the list is initialised, and only a caller that has the handle to itself deletes it.
        unsafe { ex::ExAllocateFromLookasideListEx(list.as_ptr()) }.cast()
    }

    /// Gives an entry back.
    ///
    /// # Safety
    ///
    /// * `entry` was allocated from this handle's list and is not freed yet.
    #[inline]
    pub(crate) unsafe fn free(&self, entry: *mut u8) {
        let Some(list) = self.list() else {
            return ex::free_without_list();
        };
        // SAFETY: the list is initialised, as in `alloc`; the entry is the caller's word.
        unsafe { ex::ExFreeToLookasideListEx(list.as_ptr(), entry.cast()) };
    }

    pub(crate) fn flush(&self) {
        let Some(list) = self.list() else { return };
        // SAFETY: the list is initialised, as in `alloc`.
        unsafe { ex::ExFlushLookasideListEx(list.as_ptr()) };
    }

    pub(crate) fn stats(&self) -> Option<Stats> {
        // SAFETY: the list is initialised, as in `alloc`.
        self.list().map(|list| unsafe { Stats::read(list) })
    }

    #[inline]
    pub(crate) fn size(&self) -> Option<usize> {
        // SAFETY: the list is initialised, as in `alloc`.
        self.list().map(|list| unsafe { entry_size(list) })
    }

    pub(crate) fn destroy(&mut self) {
        // SAFETY: the exclusive reference is all that the contract asks for.
        unsafe { self.destroy_shared() };
    }

    /// Deletes the list, if there is one.
    ///
    /// # Safety
    ///
    /// * Nothing else uses the handle while this runs.
    pub(crate) unsafe fn destroy_shared(&self) {
        let Some(block) = self.ready() else { return };
        // Null only after the list is deleted: when the emulation stops here, nothing has changed.
        // SAFETY: the block is the handle's, its list initialised, and nothing else uses it.
        unsafe { ex::ExDeleteLookasideListEx(ControlBlock::list(block)) };
        ex::delay("handle deleted");
        // Release pairs with the Acquire in `Claim::take`.
        self.block.store(null_mut(), Ordering::Release);
        ex::delay("handle null");
        // SAFETY: the list is deleted, and the handle does not hold the block any more.
        unsafe { ControlBlock::release(block) };
    }

    /// Opens a confined list to all threads.
    pub(crate) fn share(&mut self) {
        let Some(list) = self.list() else { return };
        // SAFETY: the list is initialised and this thread's: its handle has not left it.
        unsafe { ex::share(list.as_ptr()) };
    }

    /// The list, which is the caller's from now on.
    pub(crate) fn take(&mut self) -> Option<NonNull<LookasideListEx>> {
        let block = real(*self.block.get_mut());
        *self.block.get_mut() = null_mut();
        block.map(NonNull::cast)
    }

    /// A handle that owns a list given away by [`take`](Self::take).
    ///
    /// # Safety
    ///
    /// * The list is that of a control block of this crate, and nothing else owns it.
    pub(crate) unsafe fn adopt(list: NonNull<LookasideListEx>) -> Self {
        Self {
            block: AtomicPtr::new(ControlBlock::of(list).as_ptr()),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Some(list) = self.take() else { return };
        let block = ControlBlock::of(list);
        // SAFETY: the handle owned the block, its list is initialised, and nothing else uses it.
        let deleted = ex::quietly(|| unsafe { ex::ExDeleteLookasideListEx(list.as_ptr()) });
        if !deleted {
            // SAFETY: as above; the routine refused to delete it.
            unsafe { ex::abandon(list.as_ptr()) };
        }
        // What cannot be freed here either is reported as a leak by the emulation.
        // SAFETY: no list lives in the block any more.
        ex::quietly(|| unsafe { ControlBlock::release(block) });
    }
}

/// The block that a pointer stands for, if it stands for one.
#[inline]
fn real(pointer: *mut ControlBlock) -> Option<NonNull<ControlBlock>> {
    NonNull::new(pointer).filter(|block| block.as_ptr() != BUSY)
}

const _: () = assert!(size_of::<Handle>() == size_of::<*mut ()>());
