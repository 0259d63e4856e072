//! Every stop that the emulation raises.
//!
//! Each function makes one bug check; its caller raises it. *Documented* means that Microsoft's
//! page of the code names these parameters for this mistake. *Ours* means that the code or the
//! parameters are this project's choice. When a stop is raised is often stricter than Windows:
//! `docs/fidelity.md` compares.
//!
//! The pages are those of the bug check reference, under
//! `learn.microsoft.com/windows-hardware/drivers/debugger/`.

use wdm::{
    BAD_POOL_CALLER, BAD_POOL_HEADER, DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS,
    DRIVER_VERIFIER_DETECTED_VIOLATION, KERNEL_SECURITY_CHECK_FAILURE, Kirql,
};

use crate::bug_check::BugCheck;
pub use crate::bug_check::{KMODE_EXCEPTION_NOT_HANDLED, not_handled};
use crate::memory::layout::RECORDS;

/// Bug check: a thread asks for a spin lock that it holds.
pub const SPIN_LOCK_ALREADY_OWNED: u32 = 0x0F;
/// Bug check: a thread releases a spin lock that it does not hold.
pub const SPIN_LOCK_NOT_OWNED: u32 = 0x10;

/// Bug check: freed pool was written to.
pub const DRIVER_CAUGHT_MODIFYING_FREED_POOL: u32 = 0xC6;
/// Bug check: an access to memory that no access may reach, found by a sanitizer.
pub const KASAN_ILLEGAL_ACCESS: u32 = 0x1F2;

/// Name and value of each code that the emulation raises.
pub const STOP_CODES: &[(&str, u32)] = &[
    ("SPIN_LOCK_ALREADY_OWNED", SPIN_LOCK_ALREADY_OWNED),
    ("SPIN_LOCK_NOT_OWNED", SPIN_LOCK_NOT_OWNED),
    ("KMODE_EXCEPTION_NOT_HANDLED", KMODE_EXCEPTION_NOT_HANDLED),
    ("BAD_POOL_HEADER", BAD_POOL_HEADER),
    ("BAD_POOL_CALLER", BAD_POOL_CALLER),
    (
        "DRIVER_VERIFIER_DETECTED_VIOLATION",
        DRIVER_VERIFIER_DETECTED_VIOLATION,
    ),
    (
        "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS",
        DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS,
    ),
    (
        "KERNEL_SECURITY_CHECK_FAILURE",
        KERNEL_SECURITY_CHECK_FAILURE,
    ),
    (
        "DRIVER_CAUGHT_MODIFYING_FREED_POOL",
        DRIVER_CAUGHT_MODIFYING_FREED_POOL,
    ),
    ("KASAN_ILLEGAL_ACCESS", KASAN_ILLEGAL_ACCESS),
];

/// First parameter of our own bug check 0xC4: a list that is confined to one thread was used by
/// another. The second parameter is the list's address.
pub const CONFINED_LIST: u64 = 0x4C4B_0001;

/// First parameter of our own bug check 0xC4: an unload of the root driver, or of a driver that is
/// not loaded. The second parameter is the driver's index. `win-lookaside` raises 0x4C4B0002.
pub const NOT_LOADED: u64 = 0x4C4B_0010;

const fn pool_caller(parameters: [u64; 4]) -> BugCheck {
    BugCheck {
        code: BAD_POOL_CALLER,
        parameters,
    }
}

const fn verifier(parameters: [u64; 4]) -> BugCheck {
    BugCheck {
        code: DRIVER_VERIFIER_DETECTED_VIOLATION,
        parameters,
    }
}

// Requests of pool: `bug-check-0xc2--bad-pool-caller`.

/// 0xC2 (0x00, 0, pool type, tag): a request of no bytes. Documented.
#[cold]
pub fn no_bytes(pool_type: u64, tag: u32) -> BugCheck {
    pool_caller([0x00, 0, pool_type, u64::from(tag)])
}

/// 0xC2 (0x9A, pool type, bytes, tag): a request of must-succeed pool. Documented.
#[cold]
pub fn must_succeed(pool_type: u64, bytes: u64, tag: u32) -> BugCheck {
    pool_caller([0x9A, pool_type, bytes, u64::from(tag)])
}

/// 0xC2 (0x9B, pool type, bytes, caller): a request with tag 0. Documented.
#[cold]
pub fn no_tag(pool_type: u64, bytes: u64, caller: u64) -> BugCheck {
    pool_caller([0x9B, pool_type, bytes, caller])
}

/// 0xC2 (0x9C, pool type, bytes, caller): a request with the tag "BIG". Documented.
#[cold]
pub fn tag_big(pool_type: u64, bytes: u64, caller: u64) -> BugCheck {
    pool_caller([0x9C, pool_type, bytes, caller])
}

/// 0xC2 (0x9D, tag, pool type, caller): a request with a tag without a letter or digit. Documented.
#[cold]
pub fn tag_without_letter(tag: u32, pool_type: u64, caller: u64) -> BugCheck {
    pool_caller([0x9D, u64::from(tag), pool_type, caller])
}

// Frees, to pool and to a list: `bug-check-0xc2--bad-pool-caller`.

/// 0xC2 (0x07, 0, tag, address): a free of what is freed already. Documented; the third parameter is
/// the pool header's contents on Windows, and the tag is that part of it which there is here. It is 0
/// for what lies outside the pool.
#[cold]
pub fn already_freed(address: u64, tag: u32) -> BugCheck {
    pool_caller([0x07, 0, u64::from(tag), address])
}

/// 0xC2 (0x46, address, 0, 0): a free of an address that is no block's or no entry's. Documented
/// for an invalid address; that it also stands for another list's entry is ours.
#[cold]
pub fn invalid_address(address: u64) -> BugCheck {
    pool_caller([0x46, address, 0, 0])
}

/// 0xC2 (0x42, address, 0, 0): a free of an address that was never in the pool. Documented.
#[cold]
pub fn not_of_pool(address: u64) -> BugCheck {
    pool_caller([0x42, address, 0, 0])
}

/// 0xC2 (0x44, address, 0, 0): a free of an address inside a block of nonpaged pool. Documented.
#[cold]
pub fn inside_a_nonpaged_block(address: u64) -> BugCheck {
    pool_caller([0x44, address, 0, 0])
}

/// 0xC2 (0x41286, 0, 0, page): a free of an address inside a block of paged pool. Documented; the page
/// is counted from the start of the pool, which holds both kinds here.
#[cold]
pub fn inside_a_paged_block(page: u32) -> BugCheck {
    pool_caller([0x41286, 0, 0, u64::from(page)])
}

/// 0xC2 (0x0A, address, the block's tag, the given tag): a free with another tag. Documented.
#[cold]
pub fn wrong_tag(address: u64, tag: u32, given: u32) -> BugCheck {
    pool_caller([0x0A, address, u64::from(tag), u64::from(given)])
}

// Accesses to what is free.

/// 0xC6 (address, 1, 0, 0): freed pool was written to, found later. Documented
/// (`bug-check-0xc6--driver-caught-modifying-freed-pool`): 1 is a write, 0 kernel mode.
#[cold]
pub fn written_after_free(address: usize) -> BugCheck {
    BugCheck {
        code: DRIVER_CAUGHT_MODIFYING_FREED_POOL,
        parameters: [address as u64, 1, 0, 0],
    }
}

/// 0x1F2 (address, bytes, instruction, shadow code with 0x100 for a write): a sanitizer reports an
/// access to pool. Documented (`devtest/kasan`). It is printed with the sanitizer's report, and not
/// raised.
#[cold]
pub fn illegal_access(
    address: usize,
    bytes: usize,
    instruction: usize,
    shadow: u8,
    is_write: bool,
) -> BugCheck {
    BugCheck {
        code: KASAN_ILLEGAL_ACCESS,
        parameters: [
            address as u64,
            bytes as u64,
            instruction as u64,
            u64::from(shadow) | u64::from(is_write) << 8,
        ],
    }
}

// Lists.

/// 0xC4 (0xCB, list, 0, 0): a routine is called on a list that is not initialised. Documented for
/// delete (`bug-check-0xc4--driver-verifier-detected-violation`); for the other routines ours.
#[cold]
pub fn not_initialised(list: usize) -> BugCheck {
    verifier([0xCB, list as u64, 0, 0])
}

/// 0xC4 (0xCB, list, 65535, 0): a routine is called on a list for which there was no room: the
/// initialising routine, which returns nothing, found so many lists. Ours.
#[cold]
pub fn too_many_lists(list: usize) -> BugCheck {
    verifier([0xCB, list as u64, (RECORDS - 1) as u64, 0])
}

/// 0xC4 (0xCC, list, start of the block, its bytes): a free of a block that an initialised list
/// lies in. Documented (`bug-check-0xc4--driver-verifier-detected-violation`).
#[cold]
pub fn list_in_block(list: usize, start: usize, bytes: u32) -> BugCheck {
    verifier([0xCC, list as u64, start as u64, u64::from(bytes)])
}

/// 0xC4 (0xE1, list, 0, 0): a list is initialised in paged pool. The code is documented for an object
/// of synchronisation (`bug-check-0xc4--driver-verifier-detected-violation`); that it stands for a list
/// is ours.
#[cold]
pub fn list_in_paged_pool(list: usize) -> BugCheck {
    verifier([0xE1, list as u64, 0, 0])
}

/// 0xC4 (0x4C4B0001, list, 0, 0): a confined list is used by another owner. Ours: Windows has no
/// confined lists. `win-lookaside` raises 0x4C4B0002.
#[cold]
pub fn confined(list: usize) -> BugCheck {
    verifier([CONFINED_LIST, list as u64, 0, 0])
}

/// First parameter of our own bug check 0xC4: a list was not deleted, and its memory is gone. The second
/// parameter is the list's address.
pub const FORGOTTEN_LIST: u64 = 0x4C4B_0003;

/// 0xC4 (0x4C4B0003, list, 0, 0): a list was not deleted, and its memory is gone: that of a driver which
/// was unloaded, or a device extension that was freed. Ours: Windows follows the links into it.
#[cold]
pub fn forgotten(list: usize) -> BugCheck {
    verifier([FORGOTTEN_LIST, list as u64, 0, 0])
}

/// 0x139 (3, address of the list or header, 0, 0): a list's memory was written over. Code and first
/// parameter are documented for a corrupted `LIST_ENTRY`
/// (`bug-check-0x139--kernel-security-check-failure`); the second parameter is ours.
#[cold]
pub fn damaged(list: usize) -> BugCheck {
    BugCheck {
        code: KERNEL_SECURITY_CHECK_FAILURE,
        parameters: [3, list as u64, 0, 0],
    }
}

/// 0x19 (0x22, address, list, size): an allocate callback returned what cannot be an entry. Code
/// and first parameter are documented for a block without a tracking entry
/// (`bug-check-0x19--bad-pool-header`); the others are ours.
#[cold]
pub fn no_entry(address: usize, list: usize, size: usize) -> BugCheck {
    BugCheck {
        code: BAD_POOL_HEADER,
        parameters: [0x22, address as u64, list as u64, size as u64],
    }
}

// Unload.

/// 0xCE (oldest list, 0, 0, 0): a driver is unloaded with lists left. The code is documented
/// (`bug-check-0xce--driver-unloaded-without-cancelling-pending-operations`) for what Windows comes to
/// when it walks its lists; when it is raised, and the parameter, are ours.
#[cold]
pub fn lists_left(list: u64) -> BugCheck {
    BugCheck {
        code: DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS,
        parameters: [list, 0, 0, 0],
    }
}

/// 0xC4 (0x62, 0, 0, count): a driver is unloaded with blocks or entries left. Documented for a driver
/// that is verified; the second parameter, the name, is in the report.
#[cold]
pub fn blocks_left(count: u64) -> BugCheck {
    verifier([0x62, 0, 0, count])
}

/// 0xC4 (0x4C4B0010, index, 0, 0): an unload of the root driver or of a driver that is not loaded.
/// Ours.
#[cold]
pub fn not_loaded(index: u32) -> BugCheck {
    verifier([NOT_LOADED, u64::from(index), 0, 0])
}

// Levels and spin locks: `bug-check-0xc4--driver-verifier-detected-violation`.

/// 0xC4 (0x30, current level, asked level, 0): a raise to a lower level, or to none. Documented.
#[cold]
pub fn raise_to_lower(current: Kirql, asked: Kirql) -> BugCheck {
    verifier([0x30, u64::from(current), u64::from(asked), 0])
}

/// 0xC4 (0x31, current level, asked level, 0): a lowering to a higher level. Documented.
#[cold]
pub fn lower_to_higher(current: Kirql, asked: Kirql) -> BugCheck {
    verifier([0x31, u64::from(current), u64::from(asked), 0])
}

/// 0xC4 (0x32, level, lock, 0): a release of a spin lock at another level than DISPATCH_LEVEL.
/// Documented. So is a lowering of the level by a thread that holds a lock, with the level asked for:
/// ours, for then the lock cannot be released at DISPATCH_LEVEL.
#[cold]
pub fn release_at_level(current: Kirql, lock: usize) -> BugCheck {
    verifier([0x32, u64::from(current), lock as u64, 0])
}

/// 0xC4 (0x42, level, lock, 0): an acquire of a spin lock above DISPATCH_LEVEL. Documented.
#[cold]
pub fn acquire_at_level(current: Kirql, lock: usize) -> BugCheck {
    verifier([0x42, u64::from(current), lock as u64, 0])
}

/// 0xC4 (0x40, level, lock, 0): a routine that acquires a spin lock and leaves the level, below
/// DISPATCH_LEVEL. Documented.
#[cold]
pub fn acquire_below_dispatch(current: Kirql, lock: usize) -> BugCheck {
    verifier([0x40, u64::from(current), lock as u64, 0])
}

/// 0xC4 (0x41, level, lock, 0): a routine that releases a spin lock and leaves the level, below
/// DISPATCH_LEVEL. Documented.
#[cold]
pub fn release_below_dispatch(current: Kirql, lock: usize) -> BugCheck {
    verifier([0x41, u64::from(current), lock as u64, 0])
}

/// 0xC4 (0x00020015, 0, 0, 0): a release of a spin lock to another level than that before it was
/// acquired. Documented for the rule IrqlKeReleaseSpinLock of DDI compliance checking; that it is
/// raised without, and the zeros, are ours.
#[cold]
pub fn release_to_another_level() -> BugCheck {
    verifier([0x0002_0015, 0, 0, 0])
}

/// 0x0F (lock, 0, 0, 0): a thread asks for a spin lock that it holds. The code is documented
/// (`bug-check-0xf--spin-lock-already-owned`), the parameter is ours.
#[cold]
pub fn lock_already_owned(lock: usize) -> BugCheck {
    BugCheck {
        code: SPIN_LOCK_ALREADY_OWNED,
        parameters: [lock as u64, 0, 0, 0],
    }
}

/// 0x10 (lock, 0, 0, 0): a thread releases a spin lock that it does not hold. The code is
/// documented (`bug-check-0x10--spin-lock-not-owned`), the parameter is ours.
#[cold]
pub fn lock_not_owned(lock: usize) -> BugCheck {
    BugCheck {
        code: SPIN_LOCK_NOT_OWNED,
        parameters: [lock as u64, 0, 0, 0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stop_has_a_meaning() {
        for stop in [
            no_bytes(0, 0),
            must_succeed(0, 0, 0),
            no_tag(0, 0, 0),
            tag_big(0, 0, 0),
            tag_without_letter(0, 0, 0),
            already_freed(0, 0),
            invalid_address(0),
            not_of_pool(0),
            inside_a_nonpaged_block(0),
            inside_a_paged_block(0),
            wrong_tag(0, 0, 0),
            not_initialised(0),
            list_in_block(0, 0, 0),
            list_in_paged_pool(0),
            too_many_lists(0),
            forgotten(0),
            acquire_below_dispatch(0, 0),
            release_below_dispatch(0, 0),
            release_to_another_level(),
            confined(0),
            damaged(0),
            no_entry(0, 0, 0),
            lists_left(0),
            blocks_left(0),
            not_loaded(0),
            raise_to_lower(0, 0),
            lower_to_higher(0, 0),
            release_at_level(0, 0),
            acquire_at_level(0, 0),
            lock_already_owned(0),
            lock_not_owned(0),
        ] {
            let report = stop.report();
            let named = STOP_CODES.iter().find(|(name, _)| *name == report.name);
            assert_eq!(named.map(|&(_, code)| code), Some(stop.code), "{stop}");
            assert!(!report.meaning.is_empty(), "{stop}");
        }
    }

    #[test]
    fn each_code_that_a_function_raises_is_named_once() {
        let raised = [
            already_freed(0, 0),
            not_handled(wdm::STATUS_SUCCESS, 0),
            not_initialised(0),
            damaged(0),
            no_entry(0, 0, 0),
            lock_already_owned(0),
            lock_not_owned(0),
            written_after_free(0),
            illegal_access(0, 0, 0, 0, false),
            lists_left(0),
        ];
        assert_eq!(raised.len(), STOP_CODES.len());
        for stop in raised {
            let names = STOP_CODES.iter().filter(|(_, code)| *code == stop.code);
            assert_eq!(names.count(), 1, "{stop}");
        }
    }
}
