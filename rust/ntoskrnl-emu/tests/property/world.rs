//! The lists of a program and, beside each, what it should be.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::c_void;
use std::thread;

use ntoskrnl_emu::{
    Driver, ExAllocatePoolWithTag, ExFreePool, Stop as Ended, catch_stop, host, tick,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use wdm::*;

use crate::common::*;
use crate::naive::{Flaw, Model};
use crate::program::{Allocate, Ending, Flag, Free, Misuse, Operation, Program, Shape};

/// Whether a step went as the model has it.
type Checked<T = ()> = Result<T, TestCaseError>;

/// More than this many entries are not taken from one list.
const MOST_OUT: usize = 150;
/// The tag of plain blocks.
const BLOCK_TAG: u32 = tag(b"PrBk");

/// A pool block or a callback's own memory that a list or the program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Holding {
    block: Block,
    bytes: usize,
    tag: u32,
    is_paged: bool,
    is_outside: bool,
}

const OUTSIDE: Layout = match Layout::from_size_align(9008, 16) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

impl Holding {
    fn pattern(self, word: usize) -> u64 {
        self.block.address() ^ (word as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// Writes the whole of it.
    fn fill(self) {
        for word in 0..self.bytes / 8 {
            self.block.write(word, self.pattern(word));
        }
    }

    /// Whether it holds what was written, from a word on: a list uses the first as its link.
    fn holds_from(self, first: usize) -> bool {
        (first..self.bytes / 8).all(|word| self.block.read(word) == self.pattern(word))
    }

    /// How large an entry the block can become: how pool rounds up is pool's business.
    fn capacity(self) -> usize {
        host::block_at(mapped(), self.block.offset()).map_or(0, |block| block.capacity as usize)
    }
}

thread_local! {
    /// What the noting free callback got.
    static NOTED: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

extern "system" fn allocate_from_pool(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    let quiet = POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    // SAFETY: the list's own arguments, but for what would raise through a foreign frame.
    unsafe { ExAllocatePoolWithTag(PoolType(pool_type.0 & !quiet), bytes, tag) }
}

extern "system" fn allocate_outside(
    _: PoolType,
    _: usize,
    _: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(OUTSIDE) };
    if memory.is_null() {
        handle_alloc_error(OUTSIDE);
    }
    memory.cast()
}

extern "system" fn allocate_nothing(
    _: PoolType,
    _: usize,
    _: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    std::ptr::null_mut()
}

extern "system" fn free_to_pool(entry: *mut c_void, _: *mut LookasideListEx) {
    // SAFETY: the list has given the entry up.
    unsafe { ExFreePool(entry) }
}

extern "system" fn note(entry: *mut c_void, _: *mut LookasideListEx) {
    NOTED.with_borrow_mut(|noted| noted.push(Block(entry)));
}

struct Subject {
    list: List,
    shape: Shape,
    tag: u32,
    model: Model<Holding>,
}

impl Shape {
    fn options(self, tag: u32) -> Options {
        Options {
            kind: self.kind,
            allocate: match self.allocate {
                Allocate::Default => None,
                Allocate::Pool => Some(allocate_from_pool),
                Allocate::Outside => Some(allocate_outside),
                Allocate::Nothing => Some(allocate_nothing),
            },
            free: match self.free {
                Free::Default => None,
                Free::Pool => Some(free_to_pool),
                Free::Note => Some(note),
            },
            pool_type: self.pool_type,
            flags: self.flags(),
            size: self.size,
            tag,
            depth: self.maximum,
            in_pool: self.in_pool,
        }
    }

    fn is_paged(self) -> bool {
        match self.kind {
            Kind::Ex => self.pool_type.is_paged(),
            Kind::NPaged => false,
            Kind::Paged => true,
        }
    }

    /// Whether a failure is an exception.
    fn raises(self) -> bool {
        self.allocate == Allocate::Default && self.flag == Flag::Raise
    }

    fn stored_size(self) -> usize {
        self.size.max(LOOKASIDE_MINIMUM_BLOCK_SIZE)
    }
}

/// Runs what has to end in a bug check.
fn refused<T>(expected: Stop, run: impl FnOnce() -> T) -> Checked {
    match catch_stop(run) {
        Err(Ended::BugCheck(stop)) => {
            prop_assert_eq!((stop.code, stop.parameters), expected);
            Ok(())
        }
        Err(Ended::Raised(status)) => Err(TestCaseError::fail(format!("raised {status:?}"))),
        Ok(_) => Err(TestCaseError::fail(format!("not refused: {expected:x?}"))),
    }
}

fn invalid_to_pool(address: u64, subcode: u64) -> Stop {
    (0xC2, [subcode, address, 0, 0])
}

/// Runs a program beside models with a flaw or none.
///
/// Only one world stands at a time: a tick reaches every list there is.
pub fn run(program: &Program, flaw: Option<Flaw>) -> Checked {
    let mut world = World::new(&program.shapes, flaw)?;
    for (number, &operation) in program.operations.iter().enumerate() {
        let step = || {
            world.step(operation)?;
            world.check()
        };
        let said = match catch_stop(step) {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(stop) => format!("an unexpected end: {stop:x?}"),
        };
        let said = format!("step {number}, {operation:?}: {said}");
        return Err(TestCaseError::fail(said));
    }
    world.finish()
}

struct World {
    subjects: Vec<Subject>,
    /// Plain blocks, and what was allocated from lists that are no more.
    blocks: Vec<Holding>,
    /// Where each block that is in use begins and ends.
    extents: BTreeMap<u64, u64>,
    /// Usage that was there before, by tag and pool.
    before: HashMap<(u32, bool), Usage>,
    flaw: Option<Flaw>,
}

impl Drop for World {
    fn drop(&mut self) {
        Driver::root().faults().clear();
        for subject in &self.subjects {
            subject.list.abandon();
        }
        let lists = self.subjects.iter().map(|subject| &subject.model);
        let held = lists.flat_map(|model| model.kept.iter().chain(&model.out));
        for &holding in held.chain(&self.blocks) {
            if holding.is_outside {
                // SAFETY: made with this layout; no list is left that knows it.
                unsafe { dealloc(holding.block.0.cast(), OUTSIDE) };
            } else {
                // In a world that went astray it may be free.
                let _ = catch_stop(|| free_pool(holding.block));
            }
        }
        NOTED.with_borrow_mut(Vec::clear);
    }
}

impl World {
    fn new(shapes: &[Shape], flaw: Option<Flaw>) -> Checked<Self> {
        let tags = (0..shapes.len()).map(|index| tag(&[b'P', b'r', b'L', b'a' + index as u8]));
        let mut before = HashMap::new();
        for tag in tags.clone().chain([BLOCK_TAG, CONTROL_TAG]) {
            for is_paged in [false, true] {
                before.insert((tag, is_paged), usage(tag, is_paged));
            }
        }
        let subjects = shapes.iter().zip(tags).map(|(&shape, tag)| {
            let subject = Subject {
                list: List::new(shape.options(tag)),
                shape,
                tag,
                model: Model::new(shape.maximum, flaw),
            };
            subject.confine();
            subject
        });
        let world = Self {
            subjects: subjects.collect(),
            blocks: Vec::new(),
            extents: BTreeMap::new(),
            before,
            flaw,
        };
        world.check()?;
        Ok(world)
    }

    /// Notes that a block is in use; no other block may have a part of it.
    fn take(&mut self, holding: Holding) -> Checked {
        let start = holding.block.address();
        let end = start + holding.bytes as u64;
        prop_assert_eq!(start % 16, 0);
        let before = self.extents.range(..end).next_back();
        if let Some((&other, &other_end)) = before {
            prop_assert!(
                other_end <= start,
                "{start:x} lies in {other:x}..{other_end:x}"
            );
        }
        self.extents.insert(start, end);
        Ok(())
    }

    /// Notes that a block is not in use any more.
    fn gone(&mut self, holding: Holding) {
        self.extents.remove(&holding.block.address());
    }

    /// What the free routine of a list got.
    fn disposed(&mut self, shape: Shape, entries: &[Holding]) -> Checked {
        let noted = NOTED.take();
        if shape.free != Free::Note {
            prop_assert_eq!(noted, Vec::<Block>::new());
            entries.iter().for_each(|&entry| self.gone(entry));
            return Ok(());
        }
        let expected: Vec<Block> = entries.iter().map(|entry| entry.block).collect();
        prop_assert_eq!(noted, expected, "what the free routine gets");
        for &entry in entries {
            prop_assert!(
                entry.holds_from(1),
                "an entry on its way out is written over"
            );
            entry.fill();
            self.blocks.push(entry);
        }
        Ok(())
    }

    fn step(&mut self, operation: Operation) -> Checked {
        let count = self.subjects.len();
        match operation {
            Operation::Allocate { list, count: times } => {
                for _ in 0..times {
                    self.allocate(list % count, false)?;
                }
                Ok(())
            }
            Operation::AllocateFailing { list } => self.allocate(list % count, true),
            Operation::Free {
                list,
                pick,
                count: times,
            } => {
                for _ in 0..times {
                    self.free(list % count, pick)?;
                }
                Ok(())
            }
            Operation::FreeToPool { list, pick } => self.free_to_pool(list % count, pick),
            Operation::Pop { list } => self.pop(list % count),
            Operation::Push { list, pick } => self.push(list % count, pick),
            Operation::PushBlock { list, pick } => self.push_block(list % count, pick),
            Operation::FlushHeader { list } => self.flush_header(list % count),
            Operation::Flush { list } => {
                let subject = &mut self.subjects[list % count];
                subject.list.flush();
                let flushed = subject.model.flush();
                let shape = subject.shape;
                self.disposed(shape, &flushed)
            }
            Operation::SetDepth { list, depth } => {
                let subject = &mut self.subjects[list % count];
                subject.list.set_depth(depth);
                subject.model.set_depth(depth);
                Ok(())
            }
            Operation::Tick => {
                tick();
                for subject in &mut self.subjects {
                    subject.model.tick();
                }
                Ok(())
            }
            Operation::Share { list } => {
                let subject = &mut self.subjects[list % count];
                subject.list.share();
                subject.shape.is_confined = false;
                Ok(())
            }
            Operation::Replace {
                list,
                ending,
                shape,
            } => self.replace(list % count, ending, shape),
            Operation::Misuse { list, pick, misuse } => {
                self.misuse(list % count, pick, misuse)?;
                self.subjects[list % count].model.refuse();
                Ok(())
            }
            Operation::AllocateBlock { bytes, is_paged } => {
                let pool_type = match is_paged {
                    true => PoolType::PAGED_POOL,
                    false => PoolType::NON_PAGED_POOL_NX,
                };
                let holding = Holding {
                    block: allocate_pool(pool_type, bytes, BLOCK_TAG),
                    bytes,
                    tag: BLOCK_TAG,
                    is_paged,
                    is_outside: false,
                };
                prop_assert!(!holding.block.is_null());
                self.take(holding)?;
                holding.fill();
                self.blocks.push(holding);
                Ok(())
            }
            Operation::FreeBlock { pick } => match self.blocks.len() {
                0 => Ok(()),
                length => {
                    let holding = self.blocks.swap_remove(pick % length);
                    self.free_block(holding)
                }
            },
        }
    }

    fn free_block(&mut self, holding: Holding) -> Checked {
        prop_assert!(holding.holds_from(0), "a block is written over");
        self.gone(holding);
        if holding.is_outside {
            // SAFETY: made with this layout; its list gave it up.
            unsafe { dealloc(holding.block.0.cast(), OUTSIDE) };
        } else {
            free_pool_with_tag(holding.block, holding.tag);
        }
        Ok(())
    }

    fn allocate(&mut self, index: usize, is_failing: bool) -> Checked {
        let subject = &mut self.subjects[index];
        let Subject {
            list,
            shape,
            tag,
            model,
        } = subject;
        if model.out.len() >= MOST_OUT {
            return Ok(());
        }
        let faults = Driver::root().faults();
        faults.fail_next(u32::from(is_failing), *tag);
        let result = catch_stop(|| list.allocate());
        faults.fail_next(0, *tag);
        let hit = model.allocate();
        let fails = match shape.allocate {
            Allocate::Default | Allocate::Pool => is_failing,
            Allocate::Outside => false,
            Allocate::Nothing => true,
        };
        if hit.is_none() && fails && shape.raises() {
            let raised = matches!(result, Err(Ended::Raised(STATUS_INSUFFICIENT_RESOURCES)));
            prop_assert!(raised, "no exception: {result:x?}");
            model.made(None);
            return Ok(());
        }
        let block = result.map_err(|stop| TestCaseError::fail(format!("{stop:x?}")))?;
        if let Some(entry) = hit {
            prop_assert_eq!(block, entry.block, "the entry freed last");
            prop_assert!(entry.holds_from(1), "a kept entry is written over");
            entry.fill();
            return Ok(());
        }
        prop_assert_eq!(block.is_null(), fails);
        let entry = (!fails).then(|| Holding {
            block,
            bytes: shape.stored_size(),
            tag: *tag,
            is_paged: shape.is_paged(),
            is_outside: shape.allocate == Allocate::Outside,
        });
        model.made(entry);
        if let Some(entry) = entry {
            let expected = if shape.stored_size() < PAGE {
                16
            } else {
                PAGE as u64
            };
            prop_assert!(entry.is_outside || block.address().is_multiple_of(expected));
            self.take(entry)?;
            entry.fill();
        }
        Ok(())
    }

    /// One of the entries that a list has out.
    fn out(&self, index: usize, pick: usize) -> Option<Holding> {
        let out = &self.subjects[index].model.out;
        (!out.is_empty()).then(|| out[pick % out.len()])
    }

    fn free(&mut self, index: usize, pick: usize) -> Checked {
        let Some(entry) = self.out(index, pick) else {
            return Ok(());
        };
        prop_assert!(entry.holds_from(0), "an entry is written over");
        let subject = &mut self.subjects[index];
        subject.list.free(entry.block);
        let shape = subject.shape;
        let disposed = match subject.model.free(entry) {
            true => Vec::new(),
            false => vec![entry],
        };
        self.disposed(shape, &disposed)
    }

    fn free_to_pool(&mut self, index: usize, pick: usize) -> Checked {
        let Some(entry) = self.out(index, pick) else {
            return Ok(());
        };
        if entry.is_outside {
            let stop = invalid_to_pool(entry.block.address(), 0x42);
            return refused(stop, || free_pool(entry.block));
        }
        free_pool_with_tag(entry.block, entry.tag);
        self.subjects[index].model.lose(entry);
        self.gone(entry);
        Ok(())
    }

    fn pop(&mut self, index: usize) -> Checked {
        let Subject { list, model, .. } = &mut self.subjects[index];
        let popped = pop(list.header());
        let expected = model.pop();
        prop_assert_eq!(popped, expected.map_or(Block::NULL, |entry| entry.block));
        if let Some(entry) = expected {
            prop_assert!(entry.holds_from(1));
            entry.fill();
        }
        Ok(())
    }

    fn push(&mut self, index: usize, pick: usize) -> Checked {
        let Some(entry) = self.out(index, pick) else {
            return Ok(());
        };
        let Subject { list, model, .. } = &mut self.subjects[index];
        let before = push(list.header(), entry.block);
        let expected = model.push(entry);
        prop_assert_eq!(before, expected.map_or(Block::NULL, |entry| entry.block));
        Ok(())
    }

    /// A plain block becomes an entry that the list keeps.
    fn push_block(&mut self, index: usize, pick: usize) -> Checked {
        let Subject {
            list, model, shape, ..
        } = &mut self.subjects[index];
        let fits =
            |holding: &&Holding| !holding.is_outside && holding.capacity() >= shape.stored_size();
        let fitting: Vec<Holding> = self.blocks.iter().filter(fits).copied().collect();
        if fitting.is_empty() {
            return Ok(());
        }
        let block = fitting[pick % fitting.len()];
        push(list.header(), block.block);
        model.push(block);
        self.blocks.retain(|&other| other != block);
        Ok(())
    }

    fn flush_header(&mut self, index: usize) -> Checked {
        let Subject { list, model, .. } = &mut self.subjects[index];
        let mut link = flush_header(list.header());
        for entry in model.flush_raw() {
            prop_assert_eq!(link, entry.block, "the chain as it was");
            prop_assert!(entry.holds_from(1));
            let next = entry.block.read(0) as usize;
            link = Block(std::ptr::with_exposed_provenance_mut(next));
            entry.fill();
        }
        prop_assert_eq!(link, Block::NULL);
        Ok(())
    }

    fn replace(&mut self, index: usize, ending: Ending, mut shape: Shape) -> Checked {
        let subject = &mut self.subjects[index];
        let mut flushed = Vec::new();
        match ending {
            Ending::Delete => {
                subject.list.delete();
                flushed = subject.model.flush();
                refused(no_list(&subject.list), || subject.list.allocate())?;
            }
            Ending::Abandon => subject.list.abandon(),
            Ending::None => {
                shape = shape.of_kind(subject.shape.kind);
                shape.in_pool = subject.shape.in_pool;
            }
        }
        let options = shape.options(subject.tag);
        if ending == Ending::None {
            prop_assert_eq!(subject.list.initialise(options), STATUS_SUCCESS);
        } else {
            subject.list = List::new(options);
        }
        let before = std::mem::replace(&mut subject.shape, shape);
        let model = std::mem::replace(&mut subject.model, Model::new(shape.maximum, self.flaw));
        subject.confine();
        self.disposed(before, &flushed)?;
        // No list's entries: plain blocks from now on.
        for entry in model.kept.into_iter().chain(model.out) {
            entry.fill();
            self.blocks.push(entry);
        }
        Ok(())
    }

    fn misuse(&mut self, index: usize, pick: usize, misuse: Misuse) -> Checked {
        let other = pick % self.subjects.len();
        let block = (!self.blocks.is_empty()).then(|| self.blocks[pick % self.blocks.len()]);
        let out = self.out(index, pick);
        let Subject {
            list,
            shape,
            model,
            tag,
        } = &self.subjects[index];
        let kept = (!model.kept.is_empty()).then(|| model.kept[pick % model.kept.len()]);
        match misuse {
            Misuse::FreeKept => kept.map_or(Ok(()), |entry| {
                refused(freed_twice(entry.block), || list.free(entry.block))
            }),
            Misuse::FreeKeptToPool => kept.map_or(Ok(()), |entry| {
                let stop = match entry.is_outside {
                    true => invalid_to_pool(entry.block.address(), 0x42),
                    false => freed_twice(entry.block),
                };
                refused(stop, || free_pool(entry.block))
            }),
            Misuse::FreeInside => out.map_or(Ok(()), |entry| {
                let inside = entry.block.plus(1 + pick % (entry.bytes - 1));
                refused(not_an_entry(inside), || list.free(inside))
            }),
            Misuse::FreeInsideToPool => out.map_or(Ok(()), |entry| {
                let inside = entry.block.plus(1 + pick % (entry.bytes - 1));
                let subcode = if entry.is_outside { 0x42 } else { 0x41286 };
                refused(invalid_to_pool(inside.address(), subcode), || {
                    free_pool(inside)
                })
            }),
            Misuse::FreeToAnotherList if other != index => {
                let Some(entry) = self.out(other, pick) else {
                    return Ok(());
                };
                refused(not_an_entry(entry.block), || list.free(entry.block))
            }
            Misuse::FreeBlockToList => match block {
                // An old driver's inlined body would have made it: it is the list's.
                Some(block)
                    if shape.kind != Kind::Ex
                        && block.tag == *tag
                        && block.bytes == shape.stored_size() =>
                {
                    Ok(())
                }
                Some(block) => refused(not_an_entry(block.block), || list.free(block.block)),
                None => Ok(()),
            },
            Misuse::FreeBlockTwice => match block {
                Some(block) if !block.is_outside => {
                    self.blocks.retain(|&other| other != block);
                    self.free_block(block)?;
                    refused(freed_twice(block.block), || free_pool(block.block))
                }
                _ => Ok(()),
            },
            Misuse::FreeBlockByWrongTag => match block {
                Some(block) if !block.is_outside => {
                    let parameters = [0x0A, block.block.address(), block.tag.into(), TAG.into()];
                    refused((0xC2, parameters), || free_pool_with_tag(block.block, TAG))
                }
                _ => Ok(()),
            },
            Misuse::FreeControlBlock => {
                let control = list.memory();
                refused(not_an_entry(control), || list.free(control))?;
                let bytes = shape.kind.control_bytes() as u64;
                let stop = match shape.in_pool {
                    true => (0xC4, [0xCC, list.address(), control.address(), bytes]),
                    false => invalid_to_pool(control.address(), 0x42),
                };
                refused(stop, || free_pool(control))
            }
            Misuse::FreeNull => {
                refused(not_an_entry(Block::NULL), || list.free(Block::NULL))?;
                refused(not_an_entry(Block::NULL), || free_pool(Block::NULL))
            }
            Misuse::FreeOutside => {
                let word = 0_u128;
                let word = Block((&raw const word).cast_mut().cast());
                refused(not_an_entry(word), || list.free(word))?;
                refused(invalid_to_pool(word.address(), 0x42), || free_pool(word))
            }
            Misuse::FreeAfterPool => {
                let Some(entry) = out.filter(|entry| !entry.is_outside) else {
                    return Ok(());
                };
                self.free_to_pool(index, pick)?;
                let list = &self.subjects[index].list;
                refused(freed_twice(entry.block), || list.free(entry.block))
            }
            Misuse::PushSmallBlock => match block {
                Some(block) if !block.is_outside && block.capacity() < shape.stored_size() => {
                    refused(not_an_entry(block.block), || {
                        push(list.header(), block.block)
                    })
                }
                _ => Ok(()),
            },
            Misuse::ForeignThread if shape.is_confined => {
                let entry = out.map_or(Block::NULL, |entry| entry.block);
                let stop = confined_elsewhere(list);
                thread::scope(|scope| {
                    let thread = scope.spawn(|| match pick % 6 {
                        0 => refused(stop, || list.allocate()),
                        1 => refused(stop, || list.free(entry)),
                        2 => refused(stop, || list.flush()),
                        3 => refused(stop, || pop(list.header())),
                        4 => refused(stop, || flush_header(list.header())),
                        _ => refused(stop, || list.delete()),
                    });
                    thread.join().expect("bug checks are caught")
                })
            }
            Misuse::UninitialisedList => {
                let storage = List::storage_of(shape.kind, shape.in_pool);
                refused(no_list(&storage), || storage.allocate())?;
                refused(no_list(&storage), || storage.free(list.memory()))
            }
            Misuse::IllegalOptions if shape.kind == Kind::Ex => {
                let mut options = shape.options(*tag);
                let expected = match pick % 3 {
                    0 => {
                        options.pool_type = PoolType(2 + (pick as i32 % 2));
                        STATUS_INVALID_PARAMETER_4
                    }
                    1 => {
                        options.flags = 3 + pick as u32;
                        STATUS_INVALID_PARAMETER_5
                    }
                    _ => {
                        options.depth = 1 + pick as u16 % 255;
                        STATUS_INVALID_PARAMETER_8
                    }
                };
                prop_assert_eq!(list.initialise(options), expected);
                Ok(())
            }
            Misuse::FreeToAnotherList | Misuse::ForeignThread | Misuse::IllegalOptions => Ok(()),
        }
    }

    /// Compares all that can be seen of every list, and the usage of every tag.
    fn check(&self) -> Checked {
        let mut expected: HashMap<(u32, bool), (u64, u64)> = HashMap::new();
        let mut count = |tag, is_paged, bytes: usize| {
            let (live, sum) = expected.entry((tag, is_paged)).or_default();
            *live += 1;
            *sum += bytes as u64;
        };
        for Subject {
            list, model, shape, ..
        } in &self.subjects
        {
            let Counters {
                allocates,
                allocate_misses,
                frees,
                free_misses,
            } = list.counters();
            prop_assert_eq!(
                [allocates, allocate_misses, frees, free_misses],
                [
                    model.allocates,
                    model.allocate_misses,
                    model.frees,
                    model.free_misses
                ]
            );
            prop_assert_eq!(u32::from(list.depth()), model.depth);
            prop_assert_eq!(usize::from(list.current_depth()), model.kept.len());
            prop_assert_eq!(u32::from(list.maximum_depth()), model.maximum);
            if shape.in_pool {
                count(CONTROL_TAG, false, shape.kind.control_bytes());
            }
            for holding in model.kept.iter().chain(&model.out) {
                if !holding.is_outside {
                    count(holding.tag, holding.is_paged, holding.bytes);
                }
            }
        }
        for holding in self.blocks.iter().filter(|holding| !holding.is_outside) {
            count(holding.tag, holding.is_paged, holding.bytes);
        }
        for (&(tag, is_paged), before) in &self.before {
            let now = usage(tag, is_paged);
            let (live, bytes) = expected.get(&(tag, is_paged)).copied().unwrap_or_default();
            prop_assert_eq!(now.live() - before.live(), live, "blocks of {:x}", tag);
            prop_assert_eq!(now.bytes - before.bytes, bytes, "bytes of {:x}", tag);
        }
        Ok(())
    }

    /// Gives everything back, and looks whether anything is left.
    fn finish(mut self) -> Checked {
        for index in 0..self.subjects.len() {
            while self.out(index, 0).is_some() {
                self.free(index, 0)?;
            }
            let subject = &mut self.subjects[index];
            subject.list.delete();
            let flushed = subject.model.flush();
            let shape = subject.shape;
            self.disposed(shape, &flushed)?;
        }
        while let Some(holding) = self.blocks.pop() {
            self.free_block(holding)?;
        }
        self.subjects.clear();
        self.check()
    }
}

impl Subject {
    fn confine(&self) {
        if self.shape.is_confined {
            self.list.confine();
        }
    }
}
