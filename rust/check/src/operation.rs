//! Operations as an input spells them: every number means something, modulo what there is.

use std::alloc::Layout;

use arbitrary::{Arbitrary, Unstructured};
use wdm::POOL_RAISE_IF_ALLOCATION_FAILURE;

use crate::callbacks::{Allocate, Free};
use crate::list::{Options, Route};

/// How many lists there can be at once.
pub const LISTS: usize = 6;

/// The tags of lists and blocks.
pub const TAGS: [u32; 4] = [
    u32::from_le_bytes(*b"Fuz0"),
    u32::from_le_bytes(*b"Fuz1"),
    u32::from_le_bytes(*b"Fuz2"),
    u32::from_le_bytes(*b"f\0\0\0"),
];
/// The tag of control blocks of handles.
pub const CONTROL_TAG: u32 = u32::from_le_bytes(*b"LkCb");

/// Tags that direct pool requests are refused for, after those that are accepted.
const REFUSED_TAGS: [u32; 4] = [
    0,
    u32::from_le_bytes(*b"BIG "),
    u32::from_le_bytes(*b"BIG\0"),
    u32::from_le_bytes(*b"-_-_"),
];

fn pick<T: Copy>(values: &[T], number: u8) -> T {
    values[usize::from(number) % values.len()]
}

/// A size in bytes.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Size {
    choice: u8,
    bytes: u16,
}

impl Size {
    const USUAL: [usize; 12] = [8, 16, 24, 64, 64, 96, 100, 128, 256, 500, 1000, 2048];

    /// The bytes that a list is asked for.
    #[must_use]
    pub fn of_list(self) -> usize {
        match self.choice % 32 {
            0 => usize::from(self.bytes % 9),
            1 => usize::from(self.bytes),
            2 => usize::from(self.bytes % 5000),
            3 => 4096,
            4 => 4097 + usize::from(self.bytes % 8192),
            5 => (256 << 20) + usize::from(self.bytes),
            6 => (1 << 32) + usize::from(self.bytes),
            usual => pick(&Self::USUAL, usual),
        }
    }

    /// The bytes that pool is asked for.
    #[must_use]
    pub fn of_block(self) -> usize {
        match self.choice % 32 {
            0 => usize::from(self.bytes % 4),
            6 => (1 << 40) + usize::from(self.bytes),
            _ => self.of_list(),
        }
    }
}

/// What a list is made with, legal or not.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Wish {
    route: Route,
    size: Size,
    pool_type: u8,
    tag: u8,
    flags: u8,
    depth: u8,
    allocate: u8,
    free: u8,
    own: u8,
}

impl Wish {
    /// The number of the list that this one is to be like, if it is.
    #[must_use]
    pub fn like(self) -> Option<u8> {
        (self.own >= 160).then_some(self.own)
    }

    /// The options that are meant.
    #[must_use]
    pub fn options(self) -> Options {
        const POOL_TYPES: [i32; 16] = [
            512, 512, 512, 0, 1, 1, 4, 5, 516, 0x100, 0x101, 0x304, 2, 513, -1, 16,
        ];
        const DEPTHS: [u16; 12] = [0, 0, 0, 0, 0, 256, 257, 300, 1024, 255, 1025, 1];
        const ALLOCATES: [Allocate; 8] = [
            Allocate::Default,
            Allocate::Default,
            Allocate::Default,
            Allocate::Pool,
            Allocate::Null,
            Allocate::Outside,
            Allocate::Misaligned,
            Allocate::Small,
        ];
        const FREES: [Free; 4] = [Free::Default, Free::Default, Free::Pool, Free::Keep];
        let flags = if self.route.is_legacy() {
            pick(
                &[
                    0,
                    0,
                    512,
                    POOL_RAISE_IF_ALLOCATION_FAILURE.cast_unsigned(),
                    528,
                ],
                self.flags,
            )
        } else {
            pick(&[0, 0, 0, 0, 1, 2, 3, 4], self.flags)
        };
        Options {
            route: self.route,
            size: self.size.of_list(),
            pool_type: pick(&POOL_TYPES, self.pool_type),
            tag: pick(&TAGS, self.tag),
            flags,
            depth: pick(&DEPTHS, self.depth),
            allocate: pick(&ALLOCATES, self.allocate),
            free: pick(&FREES, self.free),
            own_entries_only: self.own.is_multiple_of(8),
        }
    }
}

/// What may not be freed, or not like that.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Bad {
    /// Any block or entry there is.
    Any,
    /// An entry that some list keeps.
    Kept,
    /// What went back to pool and has not been allocated since.
    Gone,
    /// So many bytes inside a block.
    Interior(u8),
    /// The control block of a list.
    Control,
    /// An odd address anywhere in the pool.
    Odd(u32),
    /// Memory that was never in the pool.
    Outside,
    /// Null.
    Null,
    /// An address like any other.
    Wild(u64),
}

/// A routine that allocates pool.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum PoolRoutine {
    /// `ExAllocatePoolWithTag`.
    WithTag,
    /// `ExAllocatePoolWithQuotaTag`.
    Quota,
    /// `ExAllocatePool2`.
    Two,
}

/// What an entry is to hold, more or less.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Fit {
    choice: u8,
    bytes: u16,
    power: u8,
}

impl Fit {
    /// All of an entry.
    pub const WHOLE: Self = Self {
        choice: 0,
        bytes: 0,
        power: 0,
    };

    /// The layout that is meant, of a list of entries of a size.
    ///
    /// # Panics
    ///
    /// Never: neither number is near its limit.
    #[must_use]
    pub fn layout(self, entry: usize) -> Layout {
        const POWERS: [u32; 16] = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 3];
        let entry = entry.min(1 << 20);
        let size = match self.choice % 8 {
            0 | 1 => entry,
            2 => entry + 1,
            3 => usize::from(self.bytes % 5200),
            _ => usize::from(self.bytes) % (entry + 1),
        };
        Layout::from_size_align(size, 1 << pick(&POWERS, self.power)).expect("far from the limits")
    }
}

/// What a callback does before what it is there for.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Inner {
    /// Allocates from a list.
    Allocate,
    /// Frees an entry to its list.
    Free,
    /// Flushes a list.
    Flush,
}

/// A direct pool request.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Request {
    /// By which routine.
    pub routine: PoolRoutine,
    kind: u8,
    size: Size,
    tag: u8,
}

impl Request {
    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.size.of_block()
    }

    /// Its tag.
    #[must_use]
    pub fn tag(self) -> u32 {
        match self.tag % 32 {
            refused @ 28.. => pick(&REFUSED_TAGS, refused - 28),
            usual => pick(&TAGS, usual),
        }
    }

    /// The pool type of the older routines.
    #[must_use]
    pub fn pool_type(self) -> i32 {
        let kind = pick(&[512, 0, 1, 4, 5, 516], self.kind);
        kind | pick(&[0, 0, 0, 8, 16, 1024], self.kind / 6)
    }

    /// The flags of `ExAllocatePool2`.
    #[must_use]
    pub fn flags(self) -> u64 {
        let kind = pick(
            &[0x40, 0x80, 0x100, 0x48, 0x108, 0xC0, 0, 0x1040],
            self.kind,
        );
        kind | pick(&[0, 2, 0, 2, 0x20, 0x1_0000_0000_0000], self.kind / 8)
    }
}

/// What is done with a list. Entries are numbers, modulo how many there are.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Action {
    /// Allocates.
    Allocate,
    /// Allocates several, one after the other.
    AllocateMany(u8),
    /// Frees an entry, by its layout if it has one.
    Free(u8),
    /// Frees several, one after the other.
    FreeMany(u8),
    /// Frees an entry of another list, which a like list may take.
    FreeOthers(u8),
    /// Frees what may not be.
    FreeBad(Bad, u8),
    /// Flushes.
    Flush,
    /// Deletes the list.
    Delete,
    /// Drops the handle, or abandons a raw list.
    GiveUp,
    /// Makes a confined list one of all threads.
    Share,
    /// Another thread uses a confined list, by one of its routines.
    Elsewhere(u8),
    /// Sets `Depth`.
    SetDepth(u16),
    /// `ExpInterlockedPushEntrySList` on the list's header, of an entry.
    Push(u8),
    /// The same, of a block or of what may not be pushed.
    PushBad(Bad, u8),
    /// `ExpInterlockedPopEntrySList` on the list's header.
    Pop,
    /// `ExpInterlockedFlushSList` on the list's header.
    FlushRaw,
    /// A hit by identifier.
    Hit,
    /// A free of an entry by identifier.
    Keep(u8),
}

/// One operation. Lists and blocks are numbers, modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// Makes a list; over one that is there, as its kind allows.
    Create(u8, Wish),
    /// Does something with a list.
    On(u8, Action),
    /// Allocates from a list of a handle by the trait `Allocator`, zeroed or not.
    AllocateFor(u8, Fit, bool),
    /// Grows or shrinks one of the entries that were allocated so, zeroed or not.
    Resize(u8, Fit, bool),
    /// Seconds pass: mostly one, or so many that an idle list is seen to be idle.
    Tick(u8),
    /// So many of the next pool allocations fail, those with a tag or any.
    FailNext(u8, u8),
    /// The next callback re-enters, with a list.
    Reenter(u8, Inner),
    /// Allocates from pool.
    PoolAllocate(Request),
    /// Frees a block of the pool, with its tag or without.
    PoolFree(u8, bool),
    /// Frees to pool what may not be, or what is a list's, with a tag or none.
    PoolFreeBad(Bad, u8, u8),
    /// Puts a block on a header of no list.
    PlainPush(u8),
    /// Takes a block off it.
    PlainPop,
    /// Takes all blocks off it.
    PlainFlush,
}

/// How often which operation comes: mostly allocations and frees, of few lists.
impl<'input> Arbitrary<'input> for Operation {
    fn arbitrary(source: &mut Unstructured<'input>) -> arbitrary::Result<Self> {
        let choice = source.int_in_range(0..=99)?;
        let [list, number] = source.arbitrary()?;
        let few = |number: u8| if number < 192 { number % 3 } else { number };
        let (list, any) = (few(list), list);
        Ok(match choice {
            0..=9 => Self::On(list, Action::Allocate),
            10..=19 => Self::On(list, Action::AllocateMany(few(number))),
            20..=29 => Self::On(list, Action::Free(number)),
            30..=39 => Self::On(list, Action::FreeMany(few(number))),
            40..=68 => Self::On(list, source.arbitrary()?),
            69..=76 => Self::Create(any, source.arbitrary()?),
            77..=82 => Self::AllocateFor(list, source.arbitrary()?, source.arbitrary()?),
            83..=84 => Self::Resize(any, source.arbitrary()?, source.arbitrary()?),
            85..=89 => Self::Tick(any),
            90 => Self::FailNext(any, number),
            91 => Self::Reenter(list, source.arbitrary()?),
            92..=93 => Self::PoolAllocate(source.arbitrary()?),
            94 => Self::PoolFree(any, number.is_multiple_of(2)),
            95..=96 => Self::PoolFreeBad(source.arbitrary()?, any, number),
            97 => Self::PlainPush(any),
            98 => Self::PlainPop,
            _ => Self::PlainFlush,
        })
    }
}

/// The longest program that an input spells.
const LONGEST: usize = 400;

/// The operations that bytes spell.
#[must_use]
pub fn decode<'input, T: Arbitrary<'input>>(input: &'input [u8]) -> Vec<T> {
    let mut source = Unstructured::new(input);
    let mut operations = Vec::new();
    while !source.is_empty() && operations.len() < LONGEST {
        match source.arbitrary() {
            Ok(operation) => operations.push(operation),
            Err(_) => break,
        }
    }
    operations
}
