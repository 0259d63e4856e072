//! The wire format: little-endian words of 32 bits, nothing shorter, no padding.
//!
//! | request | code | input | output |
//! |---|---|---|---|
//! | [`INFO`] | 0x800 | nothing | [`Info`] |
//! | [`RUN`] | 0x801 | [`HEADER_BYTES`] of header, then [`OPERATION_BYTES`] an operation | [`RECORD_BYTES`] an operation |
//! | [`CONTRACT`] | 0x802 | suite, index | [`CONTRACT_BYTES`], then the name, then the reason |
//!
//! A header is magic, version, number of operations, 0. An operation is eight words:
//!
//! | operation | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
//! |---|---|---|---|---|---|---|---|---|
//! | create | 1 | list | size | pool type | tag | flags | maximum depth | kind, alloc, free, 1 if it takes entries of others: a byte each |
//! | allocate | 2 | list | slot | 1 if only after a success | 0 | 0 | 0 | 0 |
//! | free | 3 | list | slot | 0, or 1 and the list that gets the entry | 0 | 0 | 0 | 0 |
//! | flush | 4 | list | 0 | 0 | 0 | 0 | 0 | 0 |
//! | depth | 5 | list | depth | 0 | 0 | 0 | 0 | 0 |
//! | destroy | 6 | list | 0 | 0 | 0 | 0 | 0 | 0 |
//!
//! Lists and slots are numbers below [`LISTS`] and [`SLOTS`]; a handle's lists and slots stay as a
//! program left them until the next program, or until the handle is closed.

/// The version of all that this file says. Anything else is refused.
pub const VERSION: u32 = 2;
/// What a program begins with: `LkPg`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"LkPg");

/// Bytes before the operations of a program.
pub const HEADER_BYTES: usize = 16;
/// Bytes of an operation.
pub const OPERATION_BYTES: usize = 32;
/// Bytes of a record.
pub const RECORD_BYTES: usize = 52;
/// Bytes before the texts of an answer to [`CONTRACT`].
pub const CONTRACT_BYTES: usize = 16;
/// Bytes that the output of [`CONTRACT`] must have at least.
pub const CONTRACT_OUTPUT_BYTES: usize = 512;
/// Bytes of the input of [`CONTRACT`].
pub const CONTRACT_INPUT_BYTES: usize = 8;

/// The most operations of a program.
pub const OPERATIONS: usize = 8192;
/// How many lists a handle can have at once.
pub const LISTS: usize = 64;
/// How many slots a handle has, for all its lists together.
pub const SLOTS: usize = 16_384;
/// The longest entry, in bytes.
pub const ENTRY_BYTES: u32 = 65_536;
/// Entries of this many bytes or more carry their ordinal; the driver has a table of the others.
pub const STAMPED_BYTES: u32 = 16;
/// How many rows that table has.
pub const UNSTAMPED: usize = SLOTS;
/// What the entries of a handle may take together, in bytes.
pub const HANDLE_BYTES: u64 = 64 << 20;

/// `CTL_CODE(FILE_DEVICE_UNKNOWN, function, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)`.
const fn control_code(function: u32) -> u32 {
    0x22 << 16 | 3 << 14 | function << 2
}

/// Asks for an [`Info`].
pub const INFO: u32 = control_code(0x800);
/// Runs a program.
pub const RUN: u32 = control_code(0x801);
/// Runs one test of the contract.
pub const CONTRACT: u32 = control_code(0x802);
/// Makes a driver with the feature `probe` panic; others do not know it.
pub const PROBE: u32 = control_code(0x803);

/// The lists of a handle have numbers up to this, then from 1 again.
pub const MOST_BIRTHS: u16 = u16::MAX;

/// The word of a record's `entry` for an entry that the list never got from its allocate routine,
/// or whose contents changed while the list kept it.
pub const FOREIGN: u32 = u32::MAX;

/// The outcome of an operation: word 0 of a record.
pub mod outcome {
    /// It was done.
    pub const DONE: u32 = 0;
    /// There was no list or entry to do it with: it could not be had before.
    pub const NOTHING: u32 = 1;
    /// It failed with the status in the record.
    pub const STATUS: u32 = 2;
}

/// Where a routine is found: words of an [`Info`].
pub mod origin {
    /// In the emulation; never in a driver.
    pub const EMULATED: u32 = 0;
    /// In the kernel.
    pub const EXPORTED: u32 = 1;
    /// In the driver, by the documented inline code.
    pub const INLINE: u32 = 2;
}

/// What keeps ordinary users from the device: a word of an [`Info`].
pub mod security {
    /// A security descriptor on the device, read back after it was set.
    pub const DESCRIPTOR: u32 = 0;
    /// The descriptor was set, and what was read back reads otherwise.
    pub const UNCONFIRMED: u32 = 1;
}

/// One of the kinds of list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// `LOOKASIDE_LIST_EX`.
    #[default]
    Ex,
    /// `NPAGED_LOOKASIDE_LIST`.
    NPaged,
    /// `PAGED_LOOKASIDE_LIST`.
    Paged,
}

/// What allocates the entries of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocate {
    /// The kernel's default.
    #[default]
    Default,
    /// A callback that asks pool.
    Pool,
    /// A callback that answers null.
    Fail,
}

/// What frees the entries of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Free {
    /// The kernel's default.
    #[default]
    Default,
    /// A callback that gives them to pool.
    Pool,
}

/// Bits of a pool type that the flags of a legacy list can add.
const POOL_NX_ALLOCATION: u32 = 512;
const GRANULE: u32 = 16;
const PAGE: u32 = 4096;

/// What a list is made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListArguments {
    /// Which kind.
    pub kind: Kind,
    /// What allocates.
    pub allocate: Allocate,
    /// What frees.
    pub free: Free,
    /// Bytes per entry.
    pub size: u32,
    /// The pool type; 0 for the legacy kinds, which imply theirs.
    pub pool_type: u32,
    /// The tag.
    pub tag: u32,
    /// The flags.
    pub flags: u32,
    /// The maximum depth, or 0.
    pub maximum_depth: u16,
    /// Whether it is told to take entries of other lists; a kernel takes them unasked.
    pub takes_others: bool,
}

impl ListArguments {
    /// How large the block of an entry is: whole granules, or whole pages.
    #[must_use]
    pub fn block_bytes(&self) -> u32 {
        let granules = self.size.checked_next_multiple_of(GRANULE);
        let pages = self.size.checked_next_multiple_of(PAGE);
        match granules {
            Some(bytes) if bytes < PAGE => bytes,
            _ => pages.unwrap_or(u32::MAX),
        }
    }

    /// The pool type that the blocks have.
    fn block_pool_type(&self) -> u32 {
        let implied = match self.kind {
            Kind::Ex => return self.pool_type,
            Kind::NPaged => 0,
            Kind::Paged => 1,
        };
        implied | self.flags & POOL_NX_ALLOCATION
    }

    /// Whether entries of another list may be freed to this one: it is told to take them, and both get
    /// the same blocks from pool by the default routines. The driver tells all of them apart in one way.
    #[must_use]
    pub fn takes_entries_of(&self, from: &Self) -> bool {
        let block = |list: &Self| (list.block_bytes(), list.block_pool_type(), list.tag);
        let routines = |list: &Self| (list.allocate, list.free);
        let default = (Allocate::Default, Free::Default);
        let stamped = |list: &Self| list.size >= STAMPED_BYTES;
        self.takes_others
            && block(self) == block(from)
            && routines(self) == default
            && routines(from) == default
            && stamped(self) == stamped(from)
    }
}

/// An operation of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Makes a list.
    Create(ListArguments),
    /// Allocates an entry into a slot.
    Allocate {
        /// Where to.
        slot: u32,
        /// Whether it is left out when the allocation before it gave nothing.
        chained: bool,
    },
    /// Frees what is in a slot, if anything.
    Free {
        /// Where from.
        slot: u32,
        /// The list that gets it, if it is not the entry's own.
        into: Option<u32>,
    },
    /// Empties a list.
    Flush,
    /// Sets the depth of a list.
    Depth(u16),
    /// Deletes a list; what its slots hold goes to pool.
    Destroy,
}

/// The eight words of an operation.
pub type Words = [u32; OPERATION_BYTES / 4];

/// An operation and the list it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The list.
    pub list: u32,
    /// What is done with it.
    pub operation: Operation,
}

impl Step {
    /// The words of the step.
    #[must_use]
    pub fn words(&self) -> Words {
        let list = self.list;
        match self.operation {
            Operation::Create(arguments) => {
                let ListArguments {
                    kind,
                    allocate,
                    free,
                    size,
                    pool_type,
                    tag,
                    flags,
                    maximum_depth,
                    takes_others,
                } = arguments;
                let takes_others = u8::from(takes_others);
                let kinds =
                    u32::from_le_bytes([kind as u8, allocate as u8, free as u8, takes_others]);
                [
                    1,
                    list,
                    size,
                    pool_type,
                    tag,
                    flags,
                    maximum_depth.into(),
                    kinds,
                ]
            }
            Operation::Allocate { slot, chained } => [2, list, slot, chained.into(), 0, 0, 0, 0],
            Operation::Free { slot, into } => {
                let into = into.map_or(0, |into| into.wrapping_add(1));
                [3, list, slot, into, 0, 0, 0, 0]
            }
            Operation::Flush => [4, list, 0, 0, 0, 0, 0, 0],
            Operation::Depth(depth) => [5, list, depth.into(), 0, 0, 0, 0, 0],
            Operation::Destroy => [6, list, 0, 0, 0, 0, 0, 0],
        }
    }

    /// The step of eight words; none where a word has no meaning.
    #[must_use]
    pub fn of(words: Words) -> Option<Self> {
        let (list, operation) = match words {
            [1, list, size, pool_type, tag, flags, maximum_depth, kinds] => {
                let [kind, allocate, free, takes_others] = kinds.to_le_bytes();
                let arguments = ListArguments {
                    kind: match kind {
                        0 => Kind::Ex,
                        1 => Kind::NPaged,
                        2 => Kind::Paged,
                        _ => return None,
                    },
                    allocate: match allocate {
                        0 => Allocate::Default,
                        1 => Allocate::Pool,
                        2 => Allocate::Fail,
                        _ => return None,
                    },
                    free: match free {
                        0 => Free::Default,
                        1 => Free::Pool,
                        _ => return None,
                    },
                    size,
                    pool_type,
                    tag,
                    flags,
                    maximum_depth: u16::try_from(maximum_depth).ok()?,
                    takes_others: match takes_others {
                        0 => false,
                        1 => true,
                        _ => return None,
                    },
                };
                (list, Operation::Create(arguments))
            }
            [2, list, slot, chained @ (0 | 1), 0, 0, 0, 0] => {
                let chained = chained == 1;
                (list, Operation::Allocate { slot, chained })
            }
            [3, list, slot, into, 0, 0, 0, 0] => {
                let into = into.checked_sub(1);
                (list, Operation::Free { slot, into })
            }
            [4, list, 0, 0, 0, 0, 0, 0] => (list, Operation::Flush),
            [5, list, depth, 0, 0, 0, 0, 0] => (list, Operation::Depth(u16::try_from(depth).ok()?)),
            [6, list, 0, 0, 0, 0, 0, 0] => (list, Operation::Destroy),
            _ => return None,
        };
        Some(Self { list, operation })
    }
}

/// The steps of operations; none for one whose words have no meaning.
pub fn steps(operations: &[u8]) -> impl ExactSizeIterator<Item = Option<Step>> + '_ {
    let operations = operations.chunks_exact(OPERATION_BYTES);
    operations.map(|bytes| Step::of(read_words(bytes)?))
}

/// The bytes of words.
pub fn write_words(words: &[u32], into: &mut [u8]) {
    for (word, bytes) in words.iter().zip(into.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
}

/// The words at the beginning of bytes; none where there are too few.
#[must_use]
pub fn read_words<const COUNT: usize>(bytes: &[u8]) -> Option<[u32; COUNT]> {
    let mut words = [0; COUNT];
    let mut chunks = bytes.chunks_exact(4);
    for word in &mut words {
        *word = u32::from_le_bytes(chunks.next()?.try_into().ok()?);
    }
    Some(words)
}

/// The bytes of a header.
#[must_use]
pub fn header(operations: u32) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    write_words(&[MAGIC, VERSION, operations, 0], &mut bytes);
    bytes
}

/// What one operation did: the words of its record, in this order. A free is about the list that got
/// the entry.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// One of [`outcome`].
    pub outcome: u32,
    /// The status that it failed with, or 0.
    pub status: u32,
    /// The ordinal of the entry that it gave, [`FOREIGN`], or 0.
    pub entry: u32,
    /// The list that the entry was born in, as which list of the handle it was made, from 1, begun anew
    /// after [`MOST_BIRTHS`]; 0 where that is the list itself.
    pub birth: u32,
    /// The list's depth in the low half, its number of entries in the high one.
    pub depths: u32,
    /// The list's maximum depth.
    pub maximum_depth: u32,
    /// The list's `Size`; 0 where the record is about no list, and then all the rest is 0 too.
    pub size: u32,
    /// The list's `TotalAllocates`.
    pub total_allocates: u32,
    /// The list's `AllocateMisses`.
    pub allocate_misses: u32,
    /// The list's `TotalFrees`.
    pub total_frees: u32,
    /// The list's `FreeMisses`.
    pub free_misses: u32,
    /// The list's `LastTotalAllocates`.
    pub last_total_allocates: u32,
    /// The list's `LastAllocateMisses`.
    pub last_allocate_misses: u32,
}

impl Record {
    /// An operation that was done and is about no list.
    pub const EMPTY: Self = Self {
        outcome: outcome::DONE,
        status: 0,
        entry: 0,
        birth: 0,
        depths: 0,
        maximum_depth: 0,
        size: 0,
        total_allocates: 0,
        allocate_misses: 0,
        total_frees: 0,
        free_misses: 0,
        last_total_allocates: 0,
        last_allocate_misses: 0,
    };

    /// The words of the record.
    #[must_use]
    pub fn words(&self) -> [u32; RECORD_BYTES / 4] {
        [
            self.outcome,
            self.status,
            self.entry,
            self.birth,
            self.depths,
            self.maximum_depth,
            self.size,
            self.total_allocates,
            self.allocate_misses,
            self.total_frees,
            self.free_misses,
            self.last_total_allocates,
            self.last_allocate_misses,
        ]
    }

    /// The record of words.
    #[must_use]
    pub fn of(words: [u32; RECORD_BYTES / 4]) -> Self {
        let [
            outcome,
            status,
            entry,
            birth,
            depths,
            maximum_depth,
            size,
            total_allocates,
            allocate_misses,
            total_frees,
            free_misses,
            last_total_allocates,
            last_allocate_misses,
        ] = words;
        Self {
            outcome,
            status,
            entry,
            birth,
            depths,
            maximum_depth,
            size,
            total_allocates,
            allocate_misses,
            total_frees,
            free_misses,
            last_total_allocates,
            last_allocate_misses,
        }
    }
}

/// How many words an [`Info`] has.
pub const INFO_WORDS: usize = 17;
/// Bytes of an [`Info`].
pub const INFO_BYTES: usize = INFO_WORDS * 4;

/// What a driver says of itself: its words, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// [`MAGIC`].
    pub magic: u32,
    /// [`VERSION`].
    pub version: u32,
    /// Where `ExInitializeLookasideListEx` is found: one of [`origin`].
    pub initialize: u32,
    /// Where `ExDeleteLookasideListEx` is found.
    pub delete: u32,
    /// Where `ExFlushLookasideListEx` is found.
    pub flush: u32,
    /// Where `ExAllocateFromLookasideListEx` is found.
    pub allocate: u32,
    /// Where `ExFreeToLookasideListEx` is found.
    pub free: u32,
    /// One of [`security`].
    pub security: u32,
    /// Handles open, the asking one too.
    pub handles: u32,
    /// Lists of all handles.
    pub lists: u32,
    /// Entries allocated in all handles.
    pub entries: u32,
    /// Pool blocks of the driver's own.
    pub blocks: u32,
    /// Calls of callbacks.
    pub callback_calls: u32,
    /// Allocations that something asked of the global allocator, all refused.
    pub heap_refusals: u32,
    /// Suites of contract tests.
    pub suites: u32,
    /// Tests of each suite.
    pub tests: u32,
    /// Programs run.
    pub programs: u32,
}

impl Info {
    /// The words.
    #[must_use]
    pub fn words(&self) -> [u32; INFO_WORDS] {
        [
            self.magic,
            self.version,
            self.initialize,
            self.delete,
            self.flush,
            self.allocate,
            self.free,
            self.security,
            self.handles,
            self.lists,
            self.entries,
            self.blocks,
            self.callback_calls,
            self.heap_refusals,
            self.suites,
            self.tests,
            self.programs,
        ]
    }

    /// The info of words.
    #[must_use]
    pub fn of(words: [u32; INFO_WORDS]) -> Self {
        let [
            magic,
            version,
            initialize,
            delete,
            flush,
            allocate,
            free,
            security,
            handles,
            lists,
            entries,
            blocks,
            callback_calls,
            heap_refusals,
            suites,
            tests,
            programs,
        ] = words;
        Self {
            magic,
            version,
            initialize,
            delete,
            flush,
            allocate,
            free,
            security,
            handles,
            lists,
            entries,
            blocks,
            callback_calls,
            heap_refusals,
            suites,
            tests,
            programs,
        }
    }
}

/// The outcome of a contract test: word 0 of the answer to [`CONTRACT`].
///
/// Word 1 says whether its rule is documented (0) or chosen by this project (1), words 2 and 3 how
/// long the name and the reason are that follow.
pub mod verdict {
    /// The rule holds.
    pub const PASSED: u32 = 0;
    /// It does not.
    pub const FAILED: u32 = 1;
}

const _: () = {
    assert!(INFO == 0x22_E000 && RUN == 0x22_E004 && CONTRACT == 0x22_E008);
    assert!(size_of::<Record>() == RECORD_BYTES);
    assert!(SLOTS <= u32::MAX as usize && LISTS < u8::MAX as usize);
};
