//! Offsets and numbers that `src/native` reads memory by. `rust/bindgen` writes them into
//! `src/native/library/bindings.ts`, with the codes of the stops ([`STOP_CODES`]), and the ABI
//! number covers them, but for the codes.

use std::mem::offset_of;

use ntoskrnl_emu::host;
use ntoskrnl_emu::host::layout::{
    BY_BLOCK_WORD, CHECK_STACKS, GRANULE, Header, KIND_EX, KIND_NPAGED, KIND_PAGED, NO_STATE,
    RECORD_FREE, RECORD_LIVE, RECORDS_OFFSET, Record, STATE_KEPT, STATES_OFFSET, Slot, TAGS_OFFSET,
    TagRow,
};
use ntoskrnl_emu::host::owner::SHARED;
pub use ntoskrnl_emu::host::stops::STOP_CODES;
use wdm::{GeneralLookasidePool, PAGE_SIZE};

/// Name and value of each, in the order in which they are written out.
pub const LAYOUT: &[(&str, u32)] = &[
    // The slot of an isolate, from the offset that `lookaside_open` returns.
    ("slotKind", offset_of!(Slot, kind) as u32),
    ("slotCode", offset_of!(Slot, code) as u32),
    ("slotParameters", offset_of!(Slot, parameters) as u32),
    ("slotValue", offset_of!(Slot, value) as u32),
    ("slotOwner", offset_of!(Slot, owner) as u32),
    // The header page of the metadata.
    ("headerChecks", offset_of!(Header, checks) as u32),
    ("checkStacks", CHECK_STACKS),
    ("headerRecordLimit", offset_of!(Header, record_limit) as u32),
    ("headerTagLimit", offset_of!(Header, tag_limit) as u32),
    ("headerNewest", offset_of!(Header, newest) as u32),
    ("headerRefused", offset_of!(Header, refused) as u32),
    // Usage by tag.
    ("tags", TAGS_OFFSET as u32),
    ("tagStride", size_of::<TagRow>() as u32),
    ("tagTag", offset_of!(TagRow, tag) as u32),
    ("tagPool", offset_of!(TagRow, pool) as u32),
    ("tagAllocs", offset_of!(TagRow, allocs) as u32),
    ("tagFrees", offset_of!(TagRow, frees) as u32),
    ("tagBytes", offset_of!(TagRow, bytes) as u32),
    // The kinds of list.
    ("kindEx", KIND_EX),
    ("kindNPaged", KIND_NPAGED),
    ("kindPaged", KIND_PAGED),
    // The records of lists.
    ("records", RECORDS_OFFSET as u32),
    ("recordStride", size_of::<Record>() as u32),
    ("recordGeneration", offset_of!(Record, generation) as u32),
    ("recordState", offset_of!(Record, state) as u32),
    ("recordStateFree", RECORD_FREE),
    ("recordStateLive", RECORD_LIVE),
    ("recordList", offset_of!(Record, list) as u32),
    ("recordSize", offset_of!(Record, size) as u32),
    ("recordPoolType", offset_of!(Record, pool_type) as u32),
    ("recordTag", offset_of!(Record, tag) as u32),
    ("recordOwner", offset_of!(Record, owner) as u32),
    ("recordOwnerShared", SHARED),
    ("recordFailed", offset_of!(Record, failed) as u32),
    ("recordDriver", offset_of!(Record, driver) as u32),
    ("recordControl", offset_of!(Record, control) as u32),
    ("recordPrevious", offset_of!(Record, previous) as u32),
    ("recordAskedSize", offset_of!(Record, asked_size) as u32),
    ("recordFlags", offset_of!(Record, flags) as u32),
    (
        "recordOwnEntriesOnly",
        offset_of!(Record, own_entries_only) as u32,
    ),
    (
        "recordMaximumDepth",
        offset_of!(Record, maximum_depth) as u32,
    ),
    ("recordAllocated", offset_of!(Record, allocated) as u32),
    ("recordKept", offset_of!(Record, kept) as u32),
    // What the depth policy remembers: ticks without a miss, and four 16-bit fields in a row.
    ("recordQuiet", offset_of!(Record, quiet) as u32),
    ("recordFormerDepth", offset_of!(Record, former_depth) as u32),
    // The metadata begin so many bytes below the pool. State words end them.
    ("metadataDistance", host::DISTANCE as u32),
    ("states", STATES_OFFSET as u32),
    ("pageBytes", PAGE_SIZE as u32),
    ("granuleBytes", GRANULE as u32),
    ("stateBytes", size_of::<u16>() as u32),
    ("stateKept", STATE_KEPT as u32),
    ("stateNumbers", BY_BLOCK_WORD as u32),
    ("noState", NO_STATE as u32),
    // A list's control block in the pool.
    (
        "listHead",
        offset_of!(GeneralLookasidePool, list_head) as u32,
    ),
    ("listDepth", offset_of!(GeneralLookasidePool, depth) as u32),
    (
        "listMaximumDepth",
        offset_of!(GeneralLookasidePool, maximum_depth) as u32,
    ),
    (
        "listTotalAllocates",
        offset_of!(GeneralLookasidePool, total_allocates) as u32,
    ),
    (
        "listAllocateMisses",
        offset_of!(GeneralLookasidePool, allocate_misses) as u32,
    ),
    (
        "listTotalFrees",
        offset_of!(GeneralLookasidePool, total_frees) as u32,
    ),
    (
        "listFreeMisses",
        offset_of!(GeneralLookasidePool, free_misses) as u32,
    ),
    (
        "listLastTotalAllocates",
        offset_of!(GeneralLookasidePool, last_total_allocates) as u32,
    ),
    (
        "listLastAllocateMisses",
        offset_of!(GeneralLookasidePool, last_allocate_misses) as u32,
    ),
    ("listBytes", size_of::<GeneralLookasidePool>() as u32),
];
