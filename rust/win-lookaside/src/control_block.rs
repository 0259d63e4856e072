//! The pool block that a list lives in.

use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use core::ptr::NonNull;

use wdm::{
    LookasideListEx, NtStatus, PoolType, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER,
};

use crate::{InitArgs, ex};

/// The tag of control blocks.
const CONTROL_BLOCK_TAG: u32 = u32::from_ne_bytes(*b"LkCb");

/// A list and its context, in a nonpaged pool block of their own.
///
/// # Invariants
///
/// * It is never moved, and never on the stack: the kernel links initialised lists together.
/// * There is no reference to it: other processors and the emulation's clients write to it.
/// * `list` is initialised, and `context` is not written any more, once a handle holds the block.
#[repr(C)]
pub(crate) struct ControlBlock {
    list: LookasideListEx,
    context: *mut c_void,
}

const _: () = {
    assert!(size_of::<ControlBlock>() == 0x70);
    assert!(offset_of!(ControlBlock, list) == 0);
    assert!(offset_of!(ControlBlock, context) == 0x60);
};

impl ControlBlock {
    /// A new block with a list initialised by `arguments`.
    pub(crate) fn create(arguments: &InitArgs) -> Result<NonNull<Self>, NtStatus> {
        // The list stores 32 bits: a larger size would silently become a smaller one.
        if u32::try_from(arguments.size).is_err() {
            return Err(STATUS_INVALID_PARAMETER);
        }
        let pool = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED;
        // SAFETY: size and tag are not 0.
        let block =
            unsafe { ex::ExAllocatePoolWithTag(pool, size_of::<Self>(), CONTROL_BLOCK_TAG) };
        let block = NonNull::new(block.cast::<Self>()).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        // Whatever the routine leaves untouched is zero, not what was there before.
        // SAFETY: the block is ours, as long as this type and aligned for it.
        unsafe { block.write_bytes(0, 1) };
        let context = block.as_ptr().wrapping_byte_add(offset_of!(Self, context));
        // SAFETY: the field lies in the block, whose address nothing else has yet.
        unsafe { context.cast::<*mut c_void>().write(arguments.context) };
        // SAFETY: the storage is nonpaged, aligned, not initialised, and stays where it is; the
        // callbacks keep their contract by how they were made.
        let status = unsafe {
            ex::ExInitializeLookasideListEx(
                Self::list(block),
                arguments.alloc_fn.map(crate::AllocateFunctionEx::raw),
                arguments.free_fn.map(crate::FreeFunctionEx::raw),
                arguments.pool_type,
                arguments.flags.0,
                arguments.size,
                arguments.tag.0,
                arguments.depth,
            )
        };
        if status.is_ok() {
            return Ok(block);
        }
        // SAFETY: the block is ours, and no list came to live in it.
        unsafe { Self::release(block) };
        Err(status)
    }

    /// The block's list.
    pub(crate) const fn list(block: NonNull<Self>) -> *mut LookasideListEx {
        block.as_ptr().cast()
    }

    /// The block that a list lives in.
    pub(crate) const fn of(list: NonNull<LookasideListEx>) -> NonNull<Self> {
        list.cast()
    }

    /// The context beside a list.
    ///
    /// # Safety
    ///
    /// * `list` is the list of a live block.
    pub(crate) unsafe fn context(list: *mut LookasideListEx) -> *mut c_void {
        let context = list
            .wrapping_byte_add(offset_of!(Self, context))
            .cast::<*mut c_void>();
        // SAFETY: the field lies in a live block and is not written after `create`.
        unsafe { context.read() }
    }

    /// Gives the block back to pool.
    ///
    /// # Safety
    ///
    /// * The block came from [`create`](Self::create) and has no live list; nothing uses it any more.
    pub(crate) unsafe fn release(block: NonNull<Self>) {
        // SAFETY: allocated with this tag, and the caller says that it is not used any more.
        unsafe { ex::ExFreePoolWithTag(block.as_ptr().cast(), CONTROL_BLOCK_TAG) };
    }
}
