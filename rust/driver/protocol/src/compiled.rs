//! A compiled trace: the file that the client and the C replay read.
//!
//! `deno task compile-traces` writes it (`tools/compile_traces.ts`). It holds the operations of a
//! program, without the limit on their number, and what an error needs to name the place:
//!
//! | bytes | |
//! |---|---|
//! | [`HEADER_BYTES`] | magic, version, number of operations, bytes of the name |
//! | [`OPERATION_BYTES`] an operation | the operations, as [`crate::wire`] has them |
//! | 4 an operation | the line of the trace on which the operation stands |
//! | the rest | the name of the trace, in UTF-8 |
//!
//! A trace can say more than a kernel can be asked. `tests/c/replay.c`, over the emulation, takes
//! these as well; here they have no meaning, and a driver refuses them:
//!
//! | operation | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
//! |---|---|---|---|---|---|---|---|---|
//! | tick | 7 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |
//! | fail | 8 | 0 | count | 0 | 0 | 0 | 0 | 0 |
//! | bad | 9 | list | slot | double 0, interior 1, foreign 2 | the list that gets the entry | 0 | 0 | 0 |
//! | expect | 10 | list | statistic | value | 0 | 0 | 0 | 0 |
//!
//! The same is true of the callbacks that throw: alloc 3 and free 2 of a create. A statistic is a
//! number, from 0: depth, maximumDepth, currentDepth, totalAllocates, allocateMisses, allocateHits,
//! totalFrees, freeMisses, freeHits, lastTotalAllocates, lastAllocateMisses, outstanding.

use core::slice::Chunks;

use crate::shape::{Shape, first_refused};
use crate::wire::{HEADER_BYTES, OPERATION_BYTES, OPERATIONS, Step, VERSION, read_words, steps};

/// What a compiled trace begins with: `LkTr`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"LkTr");

/// Bytes of a line's number.
const LINE_BYTES: usize = 4;

/// What is wrong with a file that is no compiled trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file does not begin with [`MAGIC`] and [`VERSION`].
    Header,
    /// The file is cut off or too long.
    Length,
    /// The name is not UTF-8.
    Name,
}

impl Fault {
    /// The fault in words.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Header => "Not a compiled trace of this version",
            Self::Length => "The length is not what the header says",
            Self::Name => "The name of the trace is not UTF-8",
        }
    }
}

/// A file of the right form: its operations are not yet known to make sense.
#[derive(Clone, Copy, Debug)]
pub struct Compiled<'input> {
    operations: &'input [u8],
    lines: &'input [u8],
    name: &'input str,
}

impl<'input> Compiled<'input> {
    /// The compiled trace that these bytes are.
    ///
    /// # Errors
    ///
    /// Where the header, a length or the name is wrong.
    pub fn of(input: &'input [u8]) -> Result<Self, Fault> {
        let [magic, version, count, name] =
            read_words::<{ HEADER_BYTES / 4 }>(input).ok_or(Fault::Header)?;
        if magic != MAGIC || version != VERSION {
            return Err(Fault::Header);
        }
        let count = count as usize;
        let split =
            |bytes: &'input [u8], each: usize| bytes.split_at_checked(count.checked_mul(each)?);
        let body = input.get(HEADER_BYTES..).unwrap_or(&[]);
        let (operations, body) = split(body, OPERATION_BYTES).ok_or(Fault::Length)?;
        let (lines, text) = split(body, LINE_BYTES).ok_or(Fault::Length)?;
        if text.len() != name as usize {
            return Err(Fault::Length);
        }
        let name = core::str::from_utf8(text).map_err(|_| Fault::Name)?;
        Ok(Self {
            operations,
            lines,
            name,
        })
    }

    /// The name of the trace.
    #[must_use]
    pub fn name(&self) -> &'input str {
        self.name
    }

    /// The line of each operation.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = u32> + 'input {
        let lines = self.lines.chunks_exact(LINE_BYTES);
        lines.map(|bytes| read_words(bytes).map_or(0, |[line]| line))
    }

    /// The steps; none for one whose words have no meaning to a driver.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Option<Step>> + 'input {
        steps(self.operations)
    }

    /// The operations in parts, each as long as a program can be.
    pub fn parts(&self) -> Chunks<'input, u8> {
        let most = OPERATIONS.saturating_mul(OPERATION_BYTES);
        self.operations.chunks(most)
    }

    /// The line of the first operation that a driver refuses; none where it takes all.
    ///
    /// `shape` is that of the handle, and becomes its shape afterwards.
    pub fn refused_line(&self, shape: &mut Shape) -> Option<u32> {
        let index = first_refused(self.steps(), shape)?;
        self.lines().nth(index)
    }
}
