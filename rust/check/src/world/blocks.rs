//! Doing what an operation says to pool, or to a header of no list, and comparing.

use ntoskrnl_emu::{
    ExAllocatePool2, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag, ExFreePool,
    ExFreePoolWithTag, Stop, catch_stop,
};
use wdm::{
    POOL_FLAG_RAISE_ON_FAILURE, POOL_FLAG_UNINITIALIZED, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_ZERO_ALLOCATION, PoolType,
};

use super::World;
use super::expected::{Expected, bad_caller, is_too_much, raised};
use super::places::{Place, State};
use crate::host::POISON;
use crate::list::pointer;
use crate::operation::{PoolRoutine, Request};

/// More plain blocks than that are not allocated.
const MOST_BLOCKS: usize = 60;

/// What pool says of a request before it looks for memory; the caller's address is left out.
fn judged(pool_type: i32, bytes: usize, tag: u32) -> Result<(), [u64; 4]> {
    let (kind, wide, mark) = (
        u64::from(pool_type.cast_unsigned()),
        bytes as u64,
        u64::from(tag),
    );
    match (bytes, &tag.to_le_bytes()) {
        (0, _) => Err([0, 0, kind, mark]),
        (_, [0, 0, 0, 0]) => Err([0x9B, kind, wide, 0]),
        (_, b"BIG " | b"BIG\0") => Err([0x9C, kind, wide, 0]),
        (_, tag) if !tag.iter().any(u8::is_ascii_alphanumeric) => Err([0x9D, mark, kind, 0]),
        _ => Ok(()),
    }
}

impl World {
    pub(super) fn pool_allocate(&mut self, request: Request) {
        if self.of_state(|state| state == State::Plain).len() >= MOST_BLOCKS {
            return;
        }
        let (bytes, tag, flags) = (request.bytes(), request.tag(), request.flags());
        let mut pool_type = request.pool_type();
        let actual = catch_stop(|| match request.routine {
            PoolRoutine::WithTag => {
                // SAFETY: what may not be asked for is refused.
                unsafe { ExAllocatePoolWithTag(PoolType(pool_type), bytes, tag) }
            }
            PoolRoutine::Quota => {
                // SAFETY: as above.
                unsafe { ExAllocatePoolWithQuotaTag(PoolType(pool_type), bytes, tag) }
            }
            // SAFETY: as above.
            PoolRoutine::Two => unsafe { ExAllocatePool2(flags, bytes, tag) },
        });
        let actual = actual.map(|block| block.expose_provenance());
        let (expected, raises, is_zeroed) = if matches!(request.routine, PoolRoutine::Two) {
            let is_sound = matches!(flags & 0xFFFF_FFDD, 0x40 | 0x80 | 0x100 | 0x48 | 0x108)
                && tag != 0
                && bytes != 0;
            let raises = flags & POOL_FLAG_RAISE_ON_FAILURE != 0;
            let is_zeroed = flags & POOL_FLAG_UNINITIALIZED == 0;
            // As the older routines would be asked.
            pool_type = match flags & 0x1C0 {
                0x40 => 512,
                0x100 => 1,
                _ => 0,
            } | if flags & 8 != 0 { 4 } else { 0 };
            let expected = match is_sound {
                true => judged(pool_type, bytes, tag).map(|()| true),
                false => Ok(false),
            };
            (expected, raises, is_zeroed)
        } else {
            if matches!(request.routine, PoolRoutine::Quota) {
                pool_type = match pool_type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE {
                    0 => pool_type | POOL_RAISE_IF_ALLOCATION_FAILURE,
                    quiet => pool_type & !quiet,
                };
            }
            let expected = judged(pool_type, bytes, tag).map(|()| true);
            let raises = pool_type & POOL_RAISE_IF_ALLOCATION_FAILURE != 0;
            (expected, raises, pool_type & POOL_ZERO_ALLOCATION != 0)
        };
        let is_sound = match expected {
            Err(mut parameters) => {
                if let (0x9B..=0x9D, Err(Stop::BugCheck(stop))) = (parameters[0], actual) {
                    // The caller's address, which is the machine's to choose.
                    parameters[3] = stop.parameters[3];
                }
                return self.settle(bad_caller(parameters), actual);
            }
            Ok(is_sound) => is_sound,
        };
        let fails = !is_sound || self.takes_fault(tag) || is_too_much(bytes);
        if fails {
            return self.settle(if raises { raised() } else { Expected::Is(0) }, actual);
        }
        let block = actual.expect("a block");
        self.place(block, Place::new(bytes, pool_type, tag, State::Plain));
        Self::check_new(block, bytes, if is_zeroed { 0 } else { POISON });
        self.fill(block);
    }

    pub(super) fn pool_free(&mut self, address: usize, tag: u32) {
        let actual = catch_stop(|| match tag {
            // SAFETY: what is no live block is refused.
            0 => unsafe { ExFreePool(pointer(address)) },
            // SAFETY: as above.
            _ => unsafe { ExFreePoolWithTag(pointer(address), tag) },
        });
        let expected = self.expect_pool_free(address, tag);
        self.settle(expected, actual.map(|()| 0));
    }

    pub(super) fn plain_push(&mut self, address: usize) {
        let before = self.parked.last().copied().unwrap_or(0);
        assert_eq!(self.plain.push(address), Ok(before));
        self.parked.push(address);
        self.set_state(address, State::Parked);
    }

    pub(super) fn plain_pop(&mut self) {
        let expected = self.parked.pop();
        assert_eq!(self.plain.pop(), Ok(expected.unwrap_or(0)));
        if let Some(block) = expected {
            self.unpark(block);
        }
    }

    pub(super) fn plain_flush(&mut self) {
        let mut first = self.plain.flush();
        while let Some(expected) = self.parked.pop() {
            assert_eq!(first, Ok(expected), "the chain as the list had it");
            first = Ok(Self::contents(expected, 8).link());
            self.unpark(expected);
        }
        assert_eq!(first, Ok(0), "the end of the chain");
    }

    pub(super) fn unpark(&mut self, block: usize) {
        self.set_state(block, State::Plain);
        self.check_contents(block, true);
        self.fill(block);
    }
}
