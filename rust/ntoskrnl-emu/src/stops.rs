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
use crate::scope;
use crate::verifier as options;

/// Bug check: a thread asks for a spin lock that it holds.
pub const SPIN_LOCK_ALREADY_OWNED: u32 = 0x0F;
/// Bug check: a thread releases a spin lock that it does not hold.
pub const SPIN_LOCK_NOT_OWNED: u32 = 0x10;

/// Bug check: a driver broke a rule of the framework.
pub const WDF_VIOLATION: u32 = 0x10D;

/// Bug check: freed pool was written to.
pub const DRIVER_CAUGHT_MODIFYING_FREED_POOL: u32 = 0xC6;
/// Bug check: a routine returned at another level than it was called at.
pub const IRQL_UNEXPECTED_VALUE: u32 = 0xC8;
/// Bug check: an access to memory that no access may reach, found by a sanitizer.
pub const KASAN_ILLEGAL_ACCESS: u32 = 0x1F2;

/// Bug check: a thread waits for too many objects.
pub const MAXIMUM_WAIT_OBJECTS_EXCEEDED: u32 = 0x0C;

/// Bug check: a thread releases a resource that it does not hold.
pub const RESOURCE_NOT_OWNED: u32 = 0xE3;
/// Bug check: what surrounds a block of special pool was written over, or it is freed wrongly.
pub const SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION: u32 = 0xC1;
/// Bug check: the system accessed a freed block of special pool.
pub const PAGE_FAULT_IN_FREED_SPECIAL_POOL: u32 = 0xCC;
/// Bug check: the system accessed memory beyond a block of special pool.
pub const PAGE_FAULT_BEYOND_END_OF_ALLOCATION: u32 = 0xCD;
/// Bug check: a driver accessed a freed block of special pool.
pub const DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL: u32 = 0xD5;
/// Bug check: a driver accessed memory beyond a block of special pool.
pub const DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION: u32 = 0xD6;

/// Name and value of each code that the emulation raises.
pub const STOP_CODES: &[(&str, u32)] = &[
    (
        "MAXIMUM_WAIT_OBJECTS_EXCEEDED",
        MAXIMUM_WAIT_OBJECTS_EXCEEDED,
    ),
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
    ("WDF_VIOLATION", WDF_VIOLATION),
    ("KASAN_ILLEGAL_ACCESS", KASAN_ILLEGAL_ACCESS),
    ("RESOURCE_NOT_OWNED", RESOURCE_NOT_OWNED),
    (
        "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
        SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION,
    ),
    (
        "PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        PAGE_FAULT_IN_FREED_SPECIAL_POOL,
    ),
    (
        "PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        PAGE_FAULT_BEYOND_END_OF_ALLOCATION,
    ),
    (
        "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL,
    ),
    (
        "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION,
    ),
    ("IRQL_UNEXPECTED_VALUE", IRQL_UNEXPECTED_VALUE),
];

/// First parameter of our own bug check 0xC4: a list that is confined to one thread was used by
/// another. The second parameter is the list's address.
pub const CONFINED_LIST: u64 = 0x4C4B_0001;

/// First parameter of our own bug check 0xC4: an unload of the root driver, or of a driver that is
/// not loaded. The second parameter is the driver's index. `win-lookaside` raises 0x4C4B0002.
pub const NOT_LOADED: u64 = 0x4C4B_0010;

/// First parameter of a 0xC4 raised for a routine that is called in a signal handler while the code that
/// the signal interrupted is in one. The second parameter is a lock, or a list. It is printed, ends the
/// process at once, and nothing catches it: whatever a report says of lists or blocks takes a lock.
pub const INTERRUPTED: u64 = crate::sync::INTERRUPTED;

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

// Levels: `bug-check-0xc2--bad-pool-caller`, `bug-check-0xc4--driver-verifier-detected-violation`.

/// 0xC2 (0x08, level, pool type, bytes): a request of pool at a level that is too high for it.
/// Documented.
#[cold]
pub fn allocation_at_level(level: Kirql, pool_type: u64, bytes: u64) -> BugCheck {
    pool_caller([0x08, u64::from(level), pool_type, bytes])
}

/// 0xC2 (0x09, level, pool type, address): a free of pool at a level that is too high for it.
/// Documented.
#[cold]
pub fn free_at_level(level: Kirql, pool_type: u64, address: u64) -> BugCheck {
    pool_caller([0x09, u64::from(level), pool_type, address])
}

/// 0xC4 (0x01 or 0x02, level, pool type, bytes): a request of paged pool above APC_LEVEL, or of
/// nonpaged pool above DISPATCH_LEVEL, by a driver that is verified. Documented.
#[cold]
pub fn verified_allocation_at_level(
    level: Kirql,
    pool_type: u64,
    bytes: u64,
    is_paged: bool,
) -> BugCheck {
    let kind = if is_paged { 0x01 } else { 0x02 };
    verifier([kind, u64::from(level), pool_type, bytes])
}

/// 0xC4 (0x11 or 0x12, level, pool type, address): a free of paged pool above APC_LEVEL, or of
/// nonpaged pool above DISPATCH_LEVEL, by a driver that is verified. Documented.
#[cold]
pub fn verified_free_at_level(
    level: Kirql,
    pool_type: u64,
    address: u64,
    is_paged: bool,
) -> BugCheck {
    let kind = if is_paged { 0x11 } else { 0x12 };
    verifier([kind, u64::from(level), pool_type, address])
}

/// 0xC4 (0xE5, level, 0, 0): a routine is called at a level that it does not allow. Documented; when it
/// is raised for a list that is not paged, and without Driver Verifier, is ours.
#[cold]
pub fn call_at_level(level: Kirql) -> BugCheck {
    verifier([0xE5, u64::from(level), 0, 0])
}

/// 0xC4 (rule, 0, 0, 0): a rule of DDI compliance checking is broken. Documented, with a pointer to the
/// rule's text as the second parameter, which is 0 here: the text is in the report.
#[cold]
pub fn rule_broken(rule: u32) -> BugCheck {
    verifier([u64::from(rule), 0, 0, 0])
}

/// First parameter of our own bug check 0xC4: the level is lowered to another than the newest raise
/// returned. The other parameters are the level, the one asked for, and what the raise returned.
pub const LOWERED_TO_ANOTHER: u64 = 0x4C4B_0004;

/// 0xC4 (0x4C4B0004, level, level asked for, what the newest raise returned): a lowering to another
/// level. `nf-wdm-kelowerirql` calls it a fatal error; the code is ours.
#[cold]
pub fn lower_to_another(current: Kirql, asked: Kirql, returned: Kirql) -> BugCheck {
    verifier([
        LOWERED_TO_ANOTHER,
        u64::from(current),
        u64::from(asked),
        u64::from(returned),
    ])
}

/// 0xC8 (level << 16 | level expected << 8 | 2, callback, list, 0): a callback of a list returned at
/// another level. Documented for a callout routine
/// (`bug-check-0xc8--irql-unexpected-value`): its third parameter is what the routine was called with.
/// That a list's callback is one is ours.
#[cold]
pub fn callback_at_another_level(
    level: Kirql,
    expected: Kirql,
    callback: u64,
    list: usize,
) -> BugCheck {
    let values = u64::from(level) << 16 | u64::from(expected) << 8 | 2;
    BugCheck {
        code: IRQL_UNEXPECTED_VALUE,
        parameters: [values, callback, list as u64, 0],
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

// Special pool: `bug-check-0xc1--special-pool-detected-memory-corruption` and the pages of the faults.

/// 0xC1 (address, 0, 0, 0x20): a free of a block of special pool that is freed already. Documented.
#[cold]
pub fn special_freed_twice(address: u64) -> BugCheck {
    special([address, 0, 0, 0x20])
}

/// 0xC1 (address, bytes of the block, bytes from the address to the end of the page, 0x22): a free of
/// an address inside a block of special pool. Documented.
#[cold]
pub fn special_no_start(address: u64, bytes: u64, given: u64) -> BugCheck {
    special([address, bytes, given, 0x22])
}

/// 0xC1 (level, pool type, bytes, 0x30): a request of special pool at a level that is too high for it.
/// Documented.
#[cold]
pub fn special_allocation_at_level(level: Kirql, pool_type: u64, bytes: u64) -> BugCheck {
    special([u64::from(level), pool_type, bytes, 0x30])
}

/// 0xC1 (level, pool type, address, 0x31): a free of special pool at a level that is too high for it.
/// Documented.
#[cold]
pub fn special_free_at_level(level: Kirql, pool_type: u64, address: u64) -> BugCheck {
    special([u64::from(level), pool_type, address, 0x31])
}

/// 0xC1 (block, address, 0, 0x23, 0x24 or 0x32): what surrounds a block of special pool was written
/// over, found when it is freed: before it, beyond it, or in one bit. Documented.
#[cold]
pub fn special_written(block: u64, address: u64, is_beyond: bool, is_one_bit: bool) -> BugCheck {
    let kind = match (is_one_bit, is_beyond) {
        (true, _) => 0x32,
        (false, true) => 0x24,
        (false, false) => 0x23,
    };
    special([block, address, 0, kind])
}

const fn special(parameters: [u64; 4]) -> BugCheck {
    BugCheck {
        code: SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION,
        parameters,
    }
}

/// 0xCC, 0xCD, 0xD5 or 0xD6 (address, 0 for a read and 1 for a write, instruction, 0): an access to a
/// freed block of special pool, or beyond one, by the emulation or by a driver. Documented.
#[cold]
pub fn special_fault(
    address: usize,
    is_write: bool,
    instruction: usize,
    is_freed: bool,
    is_own: bool,
) -> BugCheck {
    BugCheck {
        code: match (is_own, is_freed) {
            (true, true) => PAGE_FAULT_IN_FREED_SPECIAL_POOL,
            (true, false) => PAGE_FAULT_BEYOND_END_OF_ALLOCATION,
            (false, true) => DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL,
            (false, false) => DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION,
        },
        parameters: [address as u64, u64::from(is_write), instruction as u64, 0],
    }
}

// What surrounds a block: `bug-check-0x19--bad-pool-header` and
// `bug-check-0xc4--driver-verifier-detected-violation`.

/// 0x19 (0x21, block, bytes, what was found): memory beyond a block was written to, found when it is
/// freed. Documented.
#[cold]
pub fn written_beyond(block: u64, bytes: u64, found: u64) -> BugCheck {
    BugCheck {
        code: BAD_POOL_HEADER,
        parameters: [0x21, block, bytes, found],
    }
}

/// 0x19 (0x20, address, block, 0): memory before a block was written to, found when it is freed.
/// Documented for the header of the entry before; that it is the address is ours.
#[cold]
pub fn written_before(address: u64, block: u64) -> BugCheck {
    BugCheck {
        code: BAD_POOL_HEADER,
        parameters: [0x20, address, block, 0],
    }
}

/// 0xC4 (0x51, block, address, bytes): memory beyond a block of a driver that is verified with pool
/// tracking was written to, found when it is freed. Documented.
#[cold]
pub fn tracked_written(block: u64, address: u64, bytes: u64) -> BugCheck {
    verifier([0x51, block, address, bytes])
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

/// 0xC4 (0xCA, list, 0, 0): a list is initialised again, by a driver that is verified. Documented.
#[cold]
pub fn initialised_again(list: usize) -> BugCheck {
    verifier([0xCA, list as u64, 0, 0])
}

/// 0xC4 (0xCD, list, size, 8): a list is initialised with a size below the minimum, by a driver that is
/// verified. Documented.
#[cold]
pub fn too_small(list: usize, size: u32) -> BugCheck {
    let minimum = wdm::LOOKASIDE_MINIMUM_BLOCK_SIZE as u64;
    verifier([0xCD, list as u64, u64::from(size), minimum])
}

/// 0xC4 (0xE1, object, 0, 0): an object of synchronisation lies in paged pool, by a driver that is
/// verified. Documented.
#[cold]
pub fn object_in_paged_pool(object: usize) -> BugCheck {
    verifier([0xE1, object as u64, 0, 0])
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

// What Driver Verifier's options find.

/// 0xC4 (0x2000, caller, pool type, tag): executable pool, with code integrity checking. Documented
/// (`devtest/code-integrity-checking`).
#[cold]
pub fn executable_pool(caller: u64, pool_type: u64, tag: u32) -> BugCheck {
    verifier([0x2000, caller, pool_type, u64::from(tag)])
}

/// 0xC4 (kind, lock, 0, 0): what deadlock detection finds. Documented: 0x1000 a lock that its holder
/// acquires again, 0x1001 one that could wait for ever, 0x1002 one that is not initialised, 0x1005 one
/// initialised twice, 0x1007 one released that is not acquired.
#[cold]
pub fn deadlock(kind: u32, lock: usize) -> BugCheck {
    verifier([u64::from(kind), lock as u64, 0, 0])
}

/// 0xC4 (0x1003, lock, the lock that is to be released first, 0): a lock is released before one that was
/// acquired later, with deadlock detection. Documented.
#[cold]
pub fn released_out_of_order(lock: usize, first: usize) -> BugCheck {
    verifier([0x1003, lock as u64, first as u64, 0])
}

/// 0xC4 (0x1004, lock, thread that acquired it, current thread): a lock is released by another thread
/// than acquired it, with deadlock detection. Documented; the threads are the emulation's numbers, as
/// they stand in the lock's word.
#[cold]
pub fn wrong_thread(lock: usize, acquired_by: usize, current: usize) -> BugCheck {
    verifier([0x1004, lock as u64, acquired_by as u64, current as u64])
}

/// Where Windows has the header of a block, before its first byte.
const POOL_HEADER: u64 = 16;

/// A bug check of pool as Driver Verifier has it, where the driver is verified. `address` is what is
/// freed, 0 for a request.
///
/// | plain | verified |
/// |---|---|
/// | 0xC2 (0x00, 0, pool type, tag) | 0xC4 (0x00, level, pool type, 0) |
/// | 0xC2 (0x07, 0, tag, address) | 0xC4 (0x13, 0, header, tag) |
/// | 0xC2 (0x41286, 0x42, 0x44 or 0x46, …) | 0xC4 (0x10, address, 0, 0) |
/// | 0xC2 (0x9A, …) of more than a page | 0xC4 (0x03, 0, 0, 0) |
#[cold]
pub fn for_driver(driver: u32, stop: BugCheck, address: u64) -> BugCheck {
    if !options::is_verified(driver) || stop.code != BAD_POOL_CALLER {
        return stop;
    }
    let [kind, _, third, _] = stop.parameters;
    match kind {
        0x00 => verifier([0x00, u64::from(scope::level()), third, 0]),
        // What stands for the header's contents is the tag.
        0x07 => verifier([0x13, 0, address.wrapping_sub(POOL_HEADER), third]),
        0x42 | 0x44 | 0x46 | 0x41286 => verifier([0x10, address, 0, 0]),
        0x9A if third > wdm::PAGE_SIZE as u64 => verifier([0x03, 0, 0, 0]),
        _ => stop,
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

/// 0xCE (thread, 0, 0, 0): a driver is unloaded while a system thread of it runs. The code is documented for
/// what Windows comes to when the thread goes on; when it is raised, and the parameter, are ours.
#[cold]
pub fn thread_left(thread: usize) -> BugCheck {
    lists_left(thread as u64)
}

/// 0xC4 (0x62, 0, 0, count): a driver is unloaded with blocks or entries left. Documented for a driver
/// that is verified; the second parameter, the name, is in the report.
#[cold]
pub fn blocks_left(count: u64) -> BugCheck {
    verifier([0x62, 0, 0, count])
}

/// 0xC4 (0x61, bytes of paged pool, bytes of nonpaged pool, count): a thread of a driver asks for pool
/// while the driver is unloaded. Documented, with pool tracking.
#[cold]
pub fn allocated_while_unloading(paged: u64, nonpaged: u64, count: u64) -> BugCheck {
    verifier([0x61, paged, nonpaged, count])
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
    rule_broken(0x0002_0015)
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

// What threads wait for, and locks that block:
// `bug-check-0xc4--driver-verifier-detected-violation`.

/// 0xC4 (0xE1, object, 0, 0): an object of synchronisation is at an address that cannot be, or in paged
/// pool. Documented.
#[cold]
pub fn object_at_no_address(object: usize) -> BugCheck {
    verifier([0xE1, object as u64, 0, 0])
}

/// 0xC4 (0x1002, object, 0, 0): an object is used that was not initialised. Documented for a lock; that
/// it stands for an event, and for a copy of an object, is ours.
#[cold]
pub fn object_not_initialised(object: usize) -> BugCheck {
    verifier([0x1002, object as u64, 0, 0])
}

/// 0xC4 (0x1000, lock, 0, 0): a thread acquires a lock that it holds, and would wait for itself.
/// Documented.
#[cold]
pub fn acquired_again(lock: usize) -> BugCheck {
    verifier([0x1000, lock as u64, 0, 0])
}

/// 0xC4 (0x1007, lock, 0, 0): a lock is released that no thread holds. Documented.
#[cold]
pub fn released_unheld(lock: usize) -> BugCheck {
    verifier([0x1007, lock as u64, 0, 0])
}

/// 0xC4 (0x1004, lock, the thread that holds it, this thread): a lock is released that another thread
/// holds. Documented.
#[cold]
pub fn released_by_another(lock: usize, owner: usize, thread: usize) -> BugCheck {
    verifier([0x1004, lock as u64, owner as u64, thread as u64])
}

/// 0xC4 (0x80, level, event, 0): an event is set above DISPATCH_LEVEL. Documented.
#[cold]
pub fn event_set_at_level(current: Kirql, event: usize) -> BugCheck {
    verifier([0x80, u64::from(current), event as u64, 0])
}

/// 0xC4 (0x120, level, object, timeout): a thread waits above DISPATCH_LEVEL. Documented, with the
/// address of the level.
#[cold]
pub fn wait_above_dispatch(current: Kirql, object: usize, timeout: usize) -> BugCheck {
    verifier([0x120, u64::from(current), object as u64, timeout as u64])
}

/// 0xC4 (0x121, level, object, timeout): a thread waits at DISPATCH_LEVEL, without a time. Documented,
/// with the address of the level.
#[cold]
pub fn wait_at_dispatch(current: Kirql, object: usize, timeout: usize) -> BugCheck {
    verifier([0x121, u64::from(current), object as u64, timeout as u64])
}

/// 0xC4 (0x122, level, object, timeout): a thread waits at DISPATCH_LEVEL, with a time that is not zero.
/// Documented, with the address of the level.
#[cold]
pub fn timed_wait_at_dispatch(current: Kirql, object: usize, timeout: usize) -> BugCheck {
    verifier([0x122, u64::from(current), object as u64, timeout as u64])
}

/// 0x0C (count, 0, 0, 0): a thread waits for too many objects. The code is documented
/// (`bug-check-0xc--maximum-wait-objects-exceeded`), without parameters; the first is ours.
#[cold]
pub fn too_many_objects(count: u32) -> BugCheck {
    BugCheck {
        code: MAXIMUM_WAIT_OBJECTS_EXCEEDED,
        parameters: [u64::from(count), 0, 0, 0],
    }
}

/// 0xC4 (0x33, level, mutex, 0): a fast mutex is acquired above APC_LEVEL. Documented.
#[cold]
pub fn fast_mutex_acquired_at_level(current: Kirql, mutex: usize) -> BugCheck {
    verifier([0x33, u64::from(current), mutex as u64, 0])
}

/// 0xC4 (0x34, level, mutex, 0): a fast mutex is released at another level than APC_LEVEL. Documented.
#[cold]
pub fn fast_mutex_released_at_level(current: Kirql, mutex: usize) -> BugCheck {
    verifier([0x34, u64::from(current), mutex as u64, 0])
}

/// 0xC4 (0x39 for an acquire, 0x3A for a release; level, 0, mutex): a routine that leaves the level is
/// called where APCs are delivered. Documented; the count of regions is zero then, or does not matter.
#[cold]
pub fn unsafe_mutex_at_level(current: Kirql, mutex: usize, is_acquire: bool) -> BugCheck {
    let kind = if is_acquire { 0x39 } else { 0x3A };
    verifier([kind, u64::from(current), 0, mutex as u64])
}

/// 0xC4 (0x3E, 0, 0, 0): a region is ended that was not begun. Documented for a critical region.
#[cold]
pub fn no_critical_region() -> BugCheck {
    verifier([0x3E, 0, 0, 0])
}

/// 0xC4 (0x11A for a begin, 0x11B for an end; level, 0, 0): a critical region above APC_LEVEL.
/// Documented.
#[cold]
pub fn critical_region_at_level(current: Kirql, is_begin: bool) -> BugCheck {
    let kind = if is_begin { 0x11A } else { 0x11B };
    verifier([kind, u64::from(current), 0, 0])
}

/// 0xC4 (0x37 for an acquire, 0x38 for a release; level, 0, resource): a verified driver works on a resource
/// where APCs are delivered. Documented; the count of regions is zero then.
#[cold]
pub fn resource_with_apcs(current: Kirql, resource: usize, is_acquire: bool) -> BugCheck {
    let kind = if is_acquire { 0x37 } else { 0x38 };
    verifier([kind, u64::from(current), 0, resource as u64])
}

/// 0xC4 (0xEA for an acquire, 0xEB for a release; level, 0, lock): a verified driver works on a push lock
/// where APCs are delivered. Documented; the count of regions is zero then.
#[cold]
pub fn push_lock_with_apcs(current: Kirql, lock: usize, is_acquire: bool) -> BugCheck {
    let kind = if is_acquire { 0xEA } else { 0xEB };
    verifier([kind, u64::from(current), 0, lock as u64])
}

/// 0xC4 (0x7F, level, list, its flags): a memory descriptor list of paged pool is said to be of nonpaged.
/// Documented.
#[cold]
pub fn mdl_of_paged_pool(current: Kirql, mdl: usize, flags: u64) -> BugCheck {
    verifier([0x7F, u64::from(current), mdl as u64, flags])
}

/// 0xC4 (0x1009, lock, 0, 0): a lock is released another way than it was acquired. Documented, with more
/// parameters that are Driver Verifier's own.
#[cold]
pub fn released_another_way(lock: usize) -> BugCheck {
    verifier([0x1009, lock as u64, 0, 0])
}

/// 0xC4 (0x100B, lock, thread, 0): a lock is deleted that a thread holds. Documented.
#[cold]
pub fn deleted_while_held(lock: usize, thread: usize) -> BugCheck {
    verifier([0x100B, lock as u64, thread as u64, 0])
}

/// 0xC4 (0xD1, address, 0, 0): a delete of what is no resource. Documented.
#[cold]
pub fn resource_not_initialised(resource: usize) -> BugCheck {
    verifier([0xD1, resource as u64, 0, 0])
}

/// 0xC4 (0xD2, resource, start of the block, its bytes): a free of a block that an initialised resource
/// lies in. Documented.
#[cold]
pub fn resource_in_block(resource: usize, start: usize, bytes: usize) -> BugCheck {
    verifier([0xD2, resource as u64, start as u64, bytes as u64])
}

/// 0xE3 (resource, thread, 0, 0): a thread releases a resource that it does not hold. Documented
/// (`bug-check-0xe3--resource-not-owned`); there is no owner table.
#[cold]
pub fn resource_not_owned(resource: usize, thread: usize) -> BugCheck {
    BugCheck {
        code: RESOURCE_NOT_OWNED,
        parameters: [resource as u64, thread as u64, 0, 0],
    }
}

/// 0xC4 (0x3F, object, -1, 0): a driver refers to an object once less that it does not refer to.
/// Documented.
#[cold]
pub fn dereferenced_too_often(object: usize) -> BugCheck {
    verifier([0x3F, object as u64, u64::MAX, 0])
}

// The framework: `bug-check-0x10d---wdf-violation`.

const fn framework(parameters: [u64; 4]) -> BugCheck {
    BugCheck {
        code: WDF_VIOLATION,
        parameters,
    }
}

/// 0x10D (0x2, 0, 0, 0): a thread acquires a wait lock that it holds. Documented.
#[cold]
pub fn wdf_lock_held() -> BugCheck {
    framework([0x2, 0, 0, 0])
}

/// 0x10D (0x4, 0, 0, 0): a null pointer where a routine of the framework needs another. Documented,
/// but that the third parameter is the caller's address on Windows.
#[cold]
pub fn wdf_null() -> BugCheck {
    framework([0x4, 0, 0, 0])
}

/// 0x10D (0x5, handle, 0, 0): a handle that is no object of the kind that the routine takes.
/// Documented; that it stands for an object that is gone or is being deleted is ours.
#[cold]
pub fn wdf_wrong_handle(handle: usize) -> BugCheck {
    framework([0x5, handle as u64, 0, 0])
}

/// 0x10D (0x7, handle, 0, 0): the last reference of an object that was not deleted is taken away.
/// Documented.
#[cold]
pub fn wdf_dereferenced_away(handle: usize) -> BugCheck {
    framework([0x7, handle as u64, 0, 0])
}

/// 0xC4 (0x1007, lock, 0, 0): a thread releases a wait lock that it does not hold. Documented for
/// Deadlock Detection; that it is raised without is ours.
#[cold]
pub fn wdf_lock_not_held(lock: usize) -> BugCheck {
    verifier([0x1007, lock as u64, 0, 0])
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
            object_at_no_address(0),
            object_not_initialised(0),
            acquired_again(0),
            released_unheld(0),
            released_by_another(0, 0, 0),
            event_set_at_level(0, 0),
            wait_above_dispatch(0, 0, 0),
            wait_at_dispatch(0, 0, 0),
            timed_wait_at_dispatch(0, 0, 0),
            too_many_objects(0),
            fast_mutex_acquired_at_level(0, 0),
            fast_mutex_released_at_level(0, 0),
            unsafe_mutex_at_level(0, 0, true),
            unsafe_mutex_at_level(0, 0, false),
            no_critical_region(),
            critical_region_at_level(0, true),
            critical_region_at_level(0, false),
            released_another_way(0),
            mdl_of_paged_pool(0, 0, 0),
            resource_with_apcs(0, 0, true),
            resource_with_apcs(0, 0, false),
            push_lock_with_apcs(0, 0, true),
            push_lock_with_apcs(0, 0, false),
            rule_broken(0x0002_0005),
            rule_broken(0x0002_0007),
            rule_broken(0x0002_0016),
            rule_broken(0x0002_001B),
            rule_broken(0x0002_001C),
            rule_broken(0x0002_001F),
            deleted_while_held(0, 0),
            resource_not_initialised(0),
            resource_in_block(0, 0, 0),
            resource_not_owned(0, 0),
            dereferenced_too_often(0),
            allocation_at_level(0, 0, 0),
            free_at_level(0, 0, 0),
            verified_allocation_at_level(0, 0, 0, true),
            verified_allocation_at_level(0, 0, 0, false),
            verified_free_at_level(0, 0, 0, true),
            verified_free_at_level(0, 0, 0, false),
            call_at_level(0),
            rule_broken(0x0002_0003),
            rule_broken(0x0002_0004),
            rule_broken(0x0002_0006),
            rule_broken(0x0002_0008),
            rule_broken(0x0002_0011),
            lower_to_another(0, 0, 0),
            callback_at_another_level(0, 0, 0, 0),
            written_beyond(0, 0, 0),
            written_before(0, 0),
            tracked_written(0, 0, 0),
            written_after_free(0),
            special_freed_twice(0),
            special_no_start(0, 0, 0),
            special_allocation_at_level(0, 0, 0),
            special_free_at_level(0, 0, 0),
            allocated_while_unloading(0, 0, 0),
            deadlock(0x1001, 0),
            released_out_of_order(0, 0),
            rule_broken(0x0004_0009),
            rule_broken(0x0004_000B),
            special_written(0, 0, true, false),
            special_written(0, 0, false, false),
            special_written(0, 0, false, true),
            special_fault(0, true, 0, true, true),
            special_fault(0, true, 0, false, true),
            special_fault(0, true, 0, true, false),
            special_fault(0, true, 0, false, false),
            wdf_lock_held(),
            wdf_null(),
            wdf_wrong_handle(0),
            wdf_dereferenced_away(0),
            wdf_lock_not_held(0),
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
            special_freed_twice(0),
            special_fault(0, true, 0, true, true),
            special_fault(0, true, 0, false, true),
            special_fault(0, true, 0, true, false),
            special_fault(0, true, 0, false, false),
            lists_left(0),
            too_many_objects(0),
            resource_not_owned(0, 0),
            callback_at_another_level(0, 0, 0, 0),
            wdf_null(),
        ];
        assert_eq!(raised.len(), STOP_CODES.len());
        for stop in raised {
            let names = STOP_CODES.iter().filter(|(_, code)| *code == stop.code);
            assert_eq!(names.count(), 1, "{stop}");
        }
    }
}
