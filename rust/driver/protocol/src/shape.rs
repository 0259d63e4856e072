//! Which programs may run: a whole program is checked before any of it runs.
//!
//! A [`Shape`] is what can be known of a handle without running anything: which lists there are and
//! which list has which slot. A slot counts as taken from its allocation to its free, whether or not
//! the allocation gives anything. [`check`] takes a program through a copy of the shape; the program
//! is refused as a whole when any operation makes no sense, or when the entries could take more
//! than their share of pool.

use crate::wire::{
    Allocate, ENTRY_BYTES, HANDLE_BYTES, HEADER_BYTES, Kind, LISTS, ListArguments, MAGIC,
    OPERATION_BYTES, OPERATIONS, Operation, RECORD_BYTES, SLOTS, STAMPED_BYTES, Step, UNSTAMPED,
    VERSION, read_words, steps,
};

/// The shortest entry, in bytes, as a list stores it.
const MINIMUM_SIZE: u32 = 8;
const BASE_MAXIMUM_DEPTH: u16 = 256;
const LIMIT_MAXIMUM_DEPTH: u16 = 1024;
const POOL_COLD_ALLOCATION: u32 = 0x100;
const POOL_TYPES: [u32; 6] = [0, 1, 4, 5, 512, 516];

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The input is not what the request takes (`STATUS_INVALID_PARAMETER`).
    Input,
    /// The output does not hold the answer (`STATUS_BUFFER_TOO_SMALL`).
    Output,
}

/// A list, as far as the check of programs knows it. All zero: no list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ListShape {
    /// Bytes per entry; 0 for no list.
    size: u32,
    /// Slots that belong to it.
    taken: u32,
    /// The most slots that ever did: it never has more entries than that, kept ones included, for it
    /// asks for a new one only while it keeps none.
    peak: u32,
    maximum_depth: u16,
    /// Entries that came from other lists, as many as it can keep at most.
    received: u16,
    /// What it was made with.
    arguments: ListArguments,
}

impl ListShape {
    fn bytes(&self) -> u64 {
        let received = u64::from(self.arguments.block_bytes());
        let received = received.saturating_mul(self.received.into());
        let own = u64::from(self.size).saturating_mul(self.peak.into());
        own.saturating_add(received)
    }
}

/// What is known of a handle. All zero: a new handle.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    lists: [ListShape; LISTS],
    /// The list of each slot: its number plus one, or 0.
    owners: [u8; SLOTS],
    /// What all lists may have taken from pool.
    bytes: u64,
    /// How many entries the lists of entries below [`STAMPED_BYTES`] may have together.
    unstamped: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            lists: [ListShape::default(); LISTS],
            owners: [0; SLOTS],
            bytes: 0,
            unstamped: 0,
        }
    }
}

impl Shape {
    /// Takes over another shape.
    pub fn copy_from(&mut self, other: &Self) {
        self.lists.copy_from_slice(&other.lists);
        self.owners.copy_from_slice(&other.owners);
        self.bytes = other.bytes;
        self.unstamped = other.unstamped;
    }

    /// The list of a slot.
    #[must_use]
    pub fn owner(&self, slot: usize) -> Option<usize> {
        usize::from(*self.owners.get(slot)?).checked_sub(1)
    }

    /// The lists that there are.
    pub fn lists(&self) -> impl Iterator<Item = usize> + '_ {
        let lists = self.lists.iter().enumerate();
        lists.filter(|(_, list)| list.size != 0).map(|(i, _)| i)
    }

    /// Takes the shape through one step; false where it makes no sense.
    fn take(&mut self, step: Step) -> bool {
        let Ok(index) = usize::try_from(step.list) else {
            return false;
        };
        let Some(list) = self.lists.get_mut(index) else {
            return false;
        };
        if let Operation::Create(arguments) = step.operation {
            if list.size != 0 || !is_legal(&arguments) {
                return false;
            }
            *list = ListShape {
                size: arguments.size.max(MINIMUM_SIZE),
                taken: 0,
                peak: 0,
                maximum_depth: match arguments.maximum_depth {
                    0 => BASE_MAXIMUM_DEPTH,
                    depth => depth,
                },
                received: 0,
                arguments,
            };
            return true;
        }
        if list.size == 0 {
            return false;
        }
        // Below LISTS, which is asserted to be less than a byte holds.
        let mine = (index as u8).wrapping_add(1);
        match step.operation {
            Operation::Create(_) => false,
            Operation::Allocate { slot, .. } => {
                let Some(owner) = self.owners.get_mut(slot as usize) else {
                    return false;
                };
                if *owner != 0 {
                    return false;
                }
                *owner = mine;
                list.taken = list.taken.saturating_add(1);
                if list.taken > list.peak {
                    list.peak = list.taken;
                    self.bytes = self.bytes.saturating_add(list.size.into());
                    if list.size < STAMPED_BYTES {
                        self.unstamped = self.unstamped.saturating_add(1);
                    }
                }
                self.bytes <= HANDLE_BYTES && self.unstamped as usize <= UNSTAMPED
            }
            Operation::Free { slot, into } => {
                let Some(owner) = self.owners.get_mut(slot as usize) else {
                    return false;
                };
                if *owner != mine {
                    return false;
                }
                *owner = 0;
                list.taken = list.taken.saturating_sub(1);
                let from = *list;
                into.is_none_or(|into| into != step.list && self.pass(&from, into))
            }
            Operation::Flush => list.arguments.kind == Kind::Ex,
            Operation::Depth(depth) => depth <= list.maximum_depth,
            Operation::Destroy => {
                self.bytes = self.bytes.saturating_sub(list.bytes());
                if list.size < STAMPED_BYTES {
                    let rows = list.peak.saturating_add(list.received.into());
                    self.unstamped = self.unstamped.saturating_sub(rows);
                }
                *list = ListShape::default();
                for owner in &mut self.owners {
                    if *owner == mine {
                        *owner = 0;
                    }
                }
                true
            }
        }
    }
}

impl Shape {
    /// Takes the shape through an entry's way to another list; false where that list may not take it.
    ///
    /// The list may have one entry more than its slots ever had, as long as it keeps them.
    fn pass(&mut self, from: &ListShape, into: u32) -> bool {
        let Some(list) = self.lists.get_mut(into as usize) else {
            return false;
        };
        if list.size == 0 || !list.arguments.takes_entries_of(&from.arguments) {
            return false;
        }
        if list.received < list.maximum_depth {
            list.received = list.received.saturating_add(1);
            let bytes = list.arguments.block_bytes();
            self.bytes = self.bytes.saturating_add(bytes.into());
            if list.size < STAMPED_BYTES {
                self.unstamped = self.unstamped.saturating_add(1);
            }
        }
        self.bytes <= HANDLE_BYTES && self.unstamped as usize <= UNSTAMPED
    }
}

/// Whether a list may be made with these arguments.
///
/// What Windows leaves undefined, or answers with an exception, is refused: flags without an allocate
/// callback of the driver's, which never raises.
fn is_legal(arguments: &ListArguments) -> bool {
    let ListArguments {
        kind,
        allocate,
        free: _,
        size,
        pool_type,
        tag,
        flags,
        maximum_depth,
        takes_others: _,
    } = *arguments;
    let legal = match kind {
        Kind::Ex => {
            POOL_TYPES.contains(&(pool_type & !POOL_COLD_ALLOCATION))
                && matches!(flags, 0..=2)
                && (flags == 0 || allocate != Allocate::Default)
                && matches!(maximum_depth, 0 | BASE_MAXIMUM_DEPTH..=LIMIT_MAXIMUM_DEPTH)
        }
        Kind::NPaged | Kind::Paged => {
            pool_type == 0
                && maximum_depth == 0
                && match flags {
                    0 | 512 => true,
                    16 | 528 => allocate != Allocate::Default,
                    _ => false,
                }
        }
    };
    legal && tag != 0 && (1..=ENTRY_BYTES).contains(&size)
}

/// A program of the right form: its operations are not yet known to make sense.
#[derive(Clone, Copy, Debug)]
pub struct Program<'input> {
    operations: &'input [u8],
}

impl<'input> Program<'input> {
    /// The program of a request.
    ///
    /// # Errors
    ///
    /// Where the header or a length is wrong, or the output does not hold a record per operation.
    pub fn of(input: &'input [u8], output_bytes: usize) -> Result<Self, Refusal> {
        let [magic, version, count, zero] =
            read_words::<{ HEADER_BYTES / 4 }>(input).ok_or(Refusal::Input)?;
        if magic != MAGIC || version != VERSION || zero != 0 {
            return Err(Refusal::Input);
        }
        let count = usize::try_from(count).map_err(|_| Refusal::Input)?;
        if !(1..=OPERATIONS).contains(&count) {
            return Err(Refusal::Input);
        }
        let operations = input.get(HEADER_BYTES..).ok_or(Refusal::Input)?;
        if operations.len() != count.saturating_mul(OPERATION_BYTES) {
            return Err(Refusal::Input);
        }
        if output_bytes < count.saturating_mul(RECORD_BYTES) {
            return Err(Refusal::Output);
        }
        Ok(Self { operations })
    }

    /// The steps; none for one whose words have no meaning.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Option<Step>> + 'input {
        steps(self.operations)
    }
}

/// Checks a program for a handle of the shape `before`; `after` becomes its shape afterwards.
///
/// # Errors
///
/// Where any operation makes no sense. `after` is useless then.
pub fn check(program: &Program<'_>, before: &Shape, after: &mut Shape) -> Result<(), Refusal> {
    after.copy_from(before);
    match first_refused(program.steps(), after) {
        None => Ok(()),
        Some(_) => Err(Refusal::Input),
    }
}

/// The first of these steps that makes no sense; `shape` is taken through those before it.
pub(crate) fn first_refused(
    mut steps: impl Iterator<Item = Option<Step>>,
    shape: &mut Shape,
) -> Option<usize> {
    steps.position(|step| !step.is_some_and(|step| shape.take(step)))
}
