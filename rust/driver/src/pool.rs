//! Pool blocks with an owner.

use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use win_lookaside::{ExAllocatePoolWithTag, ExFreePoolWithTag, PoolType};

/// The tag of the driver's own blocks.
const TAG: u32 = u32::from_ne_bytes(*b"LkDv");

static BLOCKS: AtomicU32 = AtomicU32::new(0);

/// How many blocks there are.
pub fn blocks() -> u32 {
    BLOCKS.load(Ordering::Relaxed)
}

/// A block of pool, zeroed when it is made.
struct Block(NonNull<u8>);

impl Block {
    fn zeroed(pool_type: PoolType, bytes: usize) -> Option<Self> {
        // SAFETY: the size is not 0, and the tag is not either.
        let block = unsafe { ExAllocatePoolWithTag(pool_type, bytes.max(1), TAG) };
        let block = NonNull::new(block.cast::<u8>())?;
        // SAFETY: the block is ours, and this long.
        unsafe { block.write_bytes(0, bytes) };
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        Some(Self(block))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        BLOCKS.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: allocated with this tag, and no longer used.
        unsafe { ExFreePoolWithTag(self.0.as_ptr().cast(), TAG) };
    }
}

/// A type that pool can hold zeroed.
///
/// # Safety
///
/// * All bytes zero is a value of the type, and its alignment is at most 16.
pub unsafe trait Zeroed {}

/// A value in a pool block of its own, which it never leaves: it may be longer than a kernel stack.
pub struct Boxed<T: Zeroed> {
    block: Block,
    value: core::marker::PhantomData<T>,
}

impl<T: Zeroed> Boxed<T> {
    /// A value of zeros.
    pub fn zeroed(pool_type: PoolType) -> Option<Self> {
        const { assert!(align_of::<T>() <= 16) };
        Some(Self {
            block: Block::zeroed(pool_type, size_of::<T>())?,
            value: core::marker::PhantomData,
        })
    }
}

impl<T: Zeroed> Deref for Boxed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the block holds a value of the type since it was made, and is this owner's.
        unsafe { self.block.0.cast::<T>().as_ref() }
    }
}

impl<T: Zeroed> DerefMut for Boxed<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the block holds a value of the type since it was made, and is this owner's.
        unsafe { self.block.0.cast::<T>().as_mut() }
    }
}

/// A copy of bytes.
pub struct Bytes {
    block: Block,
    length: usize,
}

impl Bytes {
    /// A copy in paged pool.
    pub fn copy_of(bytes: &[u8]) -> Option<Self> {
        let block = Block::zeroed(PoolType::PAGED_POOL, bytes.len())?;
        // SAFETY: the block is ours, as long as the bytes, and not where they are.
        unsafe {
            block
                .0
                .copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len())
        };
        Some(Self {
            block,
            length: bytes.len(),
        })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let bytes = NonNull::slice_from_raw_parts(self.block.0, self.length);
        // SAFETY: the block is this long, written since it was made, and is this owner's.
        unsafe { bytes.as_ref() }
    }
}
