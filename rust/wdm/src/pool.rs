//! Pool types, tags and flags.

use core::fmt;

/// `POOL_TYPE`: which pool, and modifier bits such as [`POOL_RAISE_IF_ALLOCATION_FAILURE`].
///
/// It can hold illegal values: the routine that is given one judges.
/// Values: `ne-wdm-_pool_type`.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PoolType(pub i32);

impl PoolType {
    /// `NonPagedPool`: never paged out, executable.
    pub const NON_PAGED_POOL: Self = Self(0);
    /// `PagedPool`: may be paged out.
    pub const PAGED_POOL: Self = Self(1);
    /// `NonPagedPoolCacheAligned`: as `NonPagedPool`, aligned to cache lines.
    pub const NON_PAGED_POOL_CACHE_ALIGNED: Self = Self(4);
    /// `PagedPoolCacheAligned`: as `PagedPool`, aligned to cache lines.
    pub const PAGED_POOL_CACHE_ALIGNED: Self = Self(5);
    /// `NonPagedPoolNx`: never paged out, not executable.
    pub const NON_PAGED_POOL_NX: Self = Self(512);
    /// `NonPagedPoolNxCacheAligned`: as `NonPagedPoolNx`, aligned to cache lines.
    pub const NON_PAGED_POOL_NX_CACHE_ALIGNED: Self = Self(516);

    /// Whether bit 0 says paged pool.
    pub const fn is_paged(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether bit 2 asks for alignment to cache lines.
    pub const fn is_cache_aligned(self) -> bool {
        self.0 & 4 != 0
    }
}

impl From<i32> for PoolType {
    fn from(value: i32) -> Self {
        Self(value)
    }
}

/// A pool tag: four characters, the first in the lowest byte.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolTag(pub u32);

impl From<u32> for PoolTag {
    fn from(value: u32) -> Self {
        Self(value)
    }
}

impl From<[u8; 4]> for PoolTag {
    fn from(value: [u8; 4]) -> Self {
        Self(u32::from_ne_bytes(value))
    }
}

impl fmt::Display for PoolTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.to_le_bytes() {
            let printable = if (0x20..=0x7e).contains(&byte) {
                byte
            } else {
                b'.'
            };
            fmt::Write::write_char(formatter, char::from(printable))?;
        }
        Ok(())
    }
}

/// Pool-type bit: fail with null instead of raising (`ExAllocatePoolWithQuotaTag`).
pub const POOL_QUOTA_FAIL_INSTEAD_OF_RAISE: i32 = 8;
/// Pool-type bit: raise an exception when the allocation fails.
pub const POOL_RAISE_IF_ALLOCATION_FAILURE: i32 = 16;
/// Pool-type bit: the memory is rarely touched.
pub const POOL_COLD_ALLOCATION: i32 = 256;
/// Pool-type bit: the memory is not executable.
pub const POOL_NX_ALLOCATION: i32 = 512;
/// Pool-type bit: the memory is cleared.
pub const POOL_ZERO_ALLOCATION: i32 = 1024;

/// `POOL_FLAGS` bit: charge the process quota.
pub const POOL_FLAG_USE_QUOTA: u64 = 0x1;
/// `POOL_FLAGS` bit: do not clear the memory.
pub const POOL_FLAG_UNINITIALIZED: u64 = 0x2;
/// `POOL_FLAGS` bit: session pool.
pub const POOL_FLAG_SESSION: u64 = 0x4;
/// `POOL_FLAGS` bit: align to cache lines, best effort.
pub const POOL_FLAG_CACHE_ALIGNED: u64 = 0x8;
/// `POOL_FLAGS` bit: raise an exception when the allocation fails.
pub const POOL_FLAG_RAISE_ON_FAILURE: u64 = 0x20;
/// `POOL_FLAGS` bit: nonpaged, not executable.
pub const POOL_FLAG_NON_PAGED: u64 = 0x40;
/// `POOL_FLAGS` bit: nonpaged, executable.
pub const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
/// `POOL_FLAGS` bit: paged.
pub const POOL_FLAG_PAGED: u64 = 0x100;
/// `POOL_FLAGS` bit, optional: special pool.
pub const POOL_FLAG_SPECIAL_POOL: u64 = 0x1_0000_0000;
/// `POOL_FLAGS`: the bits that must be understood; unknown ones above are ignored.
pub const POOL_FLAG_REQUIRED_MASK: u64 = 0xffff_ffff;

/// The alignment of every pool block below a page, in bytes, on 64-bit targets.
pub const MEMORY_ALLOCATION_ALIGNMENT: usize = 16;
/// The processor's cache line as the pool sees it, in bytes.
pub const SYSTEM_CACHE_ALIGNMENT_SIZE: usize = 64;
