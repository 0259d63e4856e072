//! Requests to the driver: judged by its own judge, run by its own runner over the emulation, and
//! compared record by record with a naive model.
//!
//! Writes into the pool have no place here: the driver's own state lies in it, as a driver's does in
//! a kernel, and nothing else has a view of either.

use std::collections::HashMap;

use arbitrary::{Arbitrary, Unstructured};
use lookaside_check::host::{self, Driver, tick};
use lookaside_check::model::{Flaw, Model};
use lookaside_check::operation::Action;
use lookaside_fuzz_runner::run::{LISTS_OF_HANDLES, State, entries};
use lookaside_fuzz_runner::{LIST_BYTES, blocks, lists};
use lookaside_protocol::shape::{Program, Refusal, Shape, check};
use lookaside_protocol::wire::{
    Allocate, Free, Kind, LISTS, ListArguments, OPERATION_BYTES, Operation, RECORD_BYTES, Record,
    SLOTS, Step, header, outcome, read_words, write_words,
};
use wdm::PoolType;

/// The tag of what the driver's handles share.
const DRIVER_TAG: u32 = u32::from_le_bytes(*b"LkDv");
/// The tags of lists.
const TAGS: [u32; 3] = [
    u32::from_le_bytes(*b"Ioc0"),
    u32::from_le_bytes(*b"Ioc1"),
    u32::from_le_bytes(*b"Ioc2"),
];
/// The most operations of a program that is made up here.
const OPERATIONS: usize = 300;
/// The most wishes that one is made up of.
const MOST_WISHES: usize = 100;
/// Lists and slots that programs made up here use, so that they meet.
const FEW_LISTS: u32 = 5;
const FEW_SLOTS: u32 = 40;

/// What is sent to a handle, or happens beside it.
#[derive(Clone, Debug)]
pub enum Request {
    /// A buffer as it is, and how many bytes the answer may have.
    Bytes(Vec<u8>, usize),
    /// A second passes.
    Tick,
    /// So many allocations of a tag will fail.
    FailNext(u32, u32),
}

/// An operation of a program that is made up from numbers.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Wish {
    /// Of a kind, size, pool, flags and callbacks.
    Create(u8, u8, u16, [u8; 3]),
    On(u8, Action),
    AllocateMany(u8, u8),
    FreeMany(u8, u8),
    /// What the numbers say, sense or not.
    Wrong(u8, u16, u8),
}

/// Makes up programs that mostly make sense, for a handle that has what was made before.
#[derive(Default)]
struct Writer {
    shape: Shape,
}

impl Writer {
    fn list(number: u8) -> u32 {
        u32::from(number) % FEW_LISTS
    }

    fn slots(&self, is_meant: impl Fn(Option<usize>) -> bool) -> Vec<u32> {
        let slots = 0..FEW_SLOTS;
        slots
            .filter(|&slot| is_meant(self.shape.owner(slot as usize)))
            .collect()
    }

    /// The steps of a wish, as far as they make sense now.
    fn steps(&self, wish: Wish) -> Vec<Step> {
        let step = |list, operation| vec![Step { list, operation }];
        let frees = |slots: &[u32], into| {
            let steps = slots.iter().filter_map(|&slot| {
                let list = self.shape.owner(slot as usize)? as u32;
                Some(Step {
                    list,
                    operation: Operation::Free { slot, into },
                })
            });
            steps.collect()
        };
        let spare = || self.slots(|owner| owner.is_none());
        let allocate = |list, slots: &[u32]| {
            let slots = slots.iter().enumerate();
            let steps = slots.map(|(number, &slot)| Step {
                list,
                operation: Operation::Allocate {
                    slot,
                    chained: number > 0,
                },
            });
            steps.collect()
        };
        let (Wish::Create(list, ..)
        | Wish::On(list, _)
        | Wish::AllocateMany(list, _)
        | Wish::FreeMany(list, _)
        | Wish::Wrong(list, ..)) = wish;
        let list = Self::list(list);
        match wish {
            Wish::Create(_, kind, size, [pool, flags, callbacks]) => step(
                list,
                Operation::Create(arguments(kind, size, pool, flags, callbacks)),
            ),
            Wish::AllocateMany(_, count) => {
                let mut slots = spare();
                slots.truncate(usize::from(count % 24));
                allocate(list, &slots)
            }
            Wish::FreeMany(_, count) => {
                let mut taken = self.slots(|owner| owner == Some(list as usize));
                taken.truncate(usize::from(count % 24));
                frees(&taken, None)
            }
            Wish::On(_, action) => match action {
                Action::Allocate | Action::AllocateMany(_) | Action::Pop | Action::Hit => {
                    let slot = spare().first().copied().unwrap_or(FEW_SLOTS);
                    let chained = matches!(action, Action::Hit);
                    step(list, Operation::Allocate { slot, chained })
                }
                Action::Free(which)
                | Action::FreeMany(which)
                | Action::FreeBad(_, which)
                | Action::FreeOthers(which)
                | Action::Push(which)
                | Action::PushBad(_, which)
                | Action::Keep(which) => {
                    let taken = self.slots(|owner| owner.is_some());
                    let slot = usize::from(which).checked_rem(taken.len());
                    let isnt_own = matches!(action, Action::FreeOthers(_) | Action::Push(_));
                    let slot = slot.map(|slot| taken[slot]);
                    frees(slot.as_slice(), isnt_own.then_some(list))
                }
                Action::Flush | Action::FlushRaw => step(list, Operation::Flush),
                Action::SetDepth(depth) => step(list, Operation::Depth(depth % 80)),
                Action::Delete | Action::GiveUp => step(list, Operation::Destroy),
                Action::Share | Action::Elsewhere(_) => Vec::new(),
            },
            Wish::Wrong(list, slot, code) => {
                let (list, slot) = (u32::from(list), u32::from(slot));
                let operation = match code % 4 {
                    0 => Operation::Free {
                        slot,
                        into: (code > 127).then_some(list),
                    },
                    1 => Operation::Allocate {
                        slot,
                        chained: false,
                    },
                    2 => Operation::Depth(slot as u16),
                    _ => Operation::Destroy,
                };
                step(list, operation)
            }
        }
    }

    /// A program of wishes. What makes no sense is left out, unless the input wants it in.
    fn program(&mut self, source: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
        let keeps_wrong = source.ratio(1, 8)?;
        let mut steps = Vec::new();
        let mut after = Shape::default();
        for _ in 0..source.int_in_range(1..=MOST_WISHES)? {
            let wish = source.arbitrary()?;
            for step in self.steps(wish) {
                let one = bytes_of(&[step]);
                let program = program_of(&one).expect("a program of one operation");
                let is_sound = check(&program, &self.shape, &mut after).is_ok();
                if is_sound {
                    std::mem::swap(&mut self.shape, &mut after);
                }
                if is_sound || keeps_wrong {
                    steps.push(step);
                }
            }
            if steps.len() >= OPERATIONS {
                break;
            }
        }
        Ok(bytes_of(&steps))
    }
}

fn arguments(kind: u8, size: u16, pool: u8, flags: u8, callbacks: u8) -> ListArguments {
    const SIZES: [u32; 8] = [8, 16, 24, 64, 64, 100, 500, 4096];
    let kind = match kind % 8 {
        6 => Kind::NPaged,
        7 => Kind::Paged,
        _ => Kind::Ex,
    };
    let allocate = match callbacks % 8 {
        5 | 6 => Allocate::Pool,
        7 => Allocate::Fail,
        _ => Allocate::Default,
    };
    let is_ex = kind == Kind::Ex;
    let legal: &[u32] = match (is_ex, allocate) {
        (true, Allocate::Default) => &[0],
        (true, _) => &[0, 1, 2],
        (false, Allocate::Default) => &[0, 512],
        (false, _) => &[0, 16, 512, 528],
    };
    ListArguments {
        kind,
        allocate,
        free: if callbacks & 8 == 0 {
            Free::Default
        } else {
            Free::Pool
        },
        size: match size % 16 {
            0 => 1 + u32::from(size >> 4),
            usual => SIZES[usize::from(usual % 8)],
        },
        pool_type: if is_ex {
            [512, 0, 1, 4, 5, 516, 0x100, 0x301][usize::from(pool % 8)]
        } else {
            0
        },
        tag: TAGS[usize::from(pool / 8) % TAGS.len()],
        flags: legal[usize::from(flags) % legal.len()],
        maximum_depth: if is_ex {
            [0, 0, 256, 1024][usize::from(callbacks / 16 % 4)]
        } else {
            0
        },
        takes_others: callbacks & 64 == 0,
    }
}

/// The buffer of a program.
fn bytes_of(steps: &[Step]) -> Vec<u8> {
    let mut bytes = header(steps.len() as u32).to_vec();
    for step in steps {
        let mut words = [0; OPERATION_BYTES];
        write_words(&step.words(), &mut words);
        bytes.extend(words);
    }
    bytes
}

fn program_of(bytes: &[u8]) -> Result<Program<'_>, Refusal> {
    Program::of(bytes, usize::MAX)
}

/// The requests of an input.
#[must_use]
pub fn requests(input: &[u8]) -> Vec<Request> {
    let mut source = Unstructured::new(input);
    let mut writer = Writer::default();
    let mut requests = Vec::new();
    while !source.is_empty() && requests.len() < 16 {
        match request(&mut source, &mut writer) {
            Ok(request) => requests.push(request),
            Err(_) => break,
        }
    }
    requests
}

fn request(source: &mut Unstructured<'_>, writer: &mut Writer) -> arbitrary::Result<Request> {
    Ok(match source.int_in_range(0..=11_u8)? {
        // As it is: all the rest, so that an input can be a request and nothing else.
        0 => Request::Bytes(source.bytes(source.len())?.to_vec(), usize::MAX),
        1 => Request::Tick,
        2 => Request::FailNext(source.int_in_range(0..=6)?, *source.choose(&TAGS)?),
        // A program with a few bytes changed, or too little room for its answer.
        3 => {
            let before = std::mem::take(&mut writer.shape);
            writer.shape.copy_from(&before);
            let mut bytes = writer.program(source)?;
            writer.shape = before;
            for _ in 0..source.int_in_range(0..=3)? {
                let at = source.choose_index(bytes.len())?;
                bytes[at] = source.arbitrary()?;
            }
            let room = source.int_in_range(0..=2 * OPERATIONS)? * RECORD_BYTES;
            Request::Bytes(bytes, room)
        }
        _ => Request::Bytes(writer.program(source)?, usize::MAX),
    })
}

/// An entry: the number of its list of birth, and its ordinal there.
type Identity = (u32, u32);

/// A list of a handle, as the model has it.
struct List {
    arguments: ListArguments,
    /// As which list of the handle it was made, from 1.
    number: u32,
    model: Model<Identity>,
    newest: u32,
    /// Whether the allocation before gave nothing.
    is_dry: bool,
}

impl List {
    /// Bytes per entry as stored.
    fn size(&self) -> u32 {
        self.arguments.size.max(8)
    }
}

/// A handle, as the model has it.
#[derive(Default)]
struct Handle {
    lists: HashMap<u32, List>,
    /// How many lists there were so far.
    made: u32,
    /// The list and the entry in each slot that holds something.
    slots: HashMap<u32, (u32, Identity)>,
    faults: Vec<(u32, u32)>,
    flaw: Option<Flaw>,
}

impl Handle {
    fn takes_fault(&mut self, tag: u32) -> bool {
        let Some((_, remaining)) = self.faults.iter_mut().find(|(of, _)| *of == tag) else {
            return false;
        };
        *remaining -= 1;
        self.faults.retain(|&(_, remaining)| remaining > 0);
        true
    }

    fn step(&mut self, step: Step) -> Record {
        let mut record = Record::EMPTY;
        if let Operation::Create(arguments) = step.operation {
            let maximum = arguments.maximum_depth;
            self.made += 1;
            let list = List {
                arguments,
                number: self.made,
                model: Model::new(maximum, self.flaw),
                newest: 0,
                is_dry: false,
            };
            self.lists.insert(step.list, list);
            return self.describe(step.list, record);
        }
        let Some(list) = self.lists.get_mut(&step.list) else {
            return Record {
                outcome: outcome::NOTHING,
                ..record
            };
        };
        match step.operation {
            Operation::Create(_) => {}
            Operation::Allocate { chained: true, .. } if list.is_dry => {
                record.outcome = outcome::NOTHING;
            }
            Operation::Allocate { slot, .. } => {
                let hit = list.model.allocate();
                let (allocate, tag) = (list.arguments.allocate, list.arguments.tag);
                let fails = hit.is_none() && (allocate == Allocate::Fail || self.takes_fault(tag));
                if let Some(list) = self.lists.get_mut(&step.list) {
                    list.is_dry = fails;
                    if fails {
                        list.model.fail();
                    }
                    if !fails {
                        list.newest += u32::from(hit.is_none());
                        let entry = hit.unwrap_or((list.number, list.newest));
                        record.entry = entry.1;
                        if entry.0 != list.number {
                            record.birth = entry.0;
                        }
                        self.slots.insert(slot, (step.list, entry));
                    }
                }
            }
            Operation::Free { slot, into } => {
                let into = into.unwrap_or(step.list);
                match (self.slots.remove(&slot), self.lists.get_mut(&into)) {
                    (Some((_, entry)), Some(list)) => _ = list.model.free(entry),
                    _ => record.outcome = outcome::NOTHING,
                }
                return self.describe(into, record);
            }
            Operation::Flush => _ = list.model.flush(),
            Operation::Depth(depth) => list.model.set_depth(depth),
            Operation::Destroy => {
                self.lists.remove(&step.list);
                self.slots.retain(|_, &mut (list, _)| list != step.list);
                return record;
            }
        }
        self.describe(step.list, record)
    }

    fn describe(&self, number: u32, record: Record) -> Record {
        let list = &self.lists[&number];
        let model = &list.model;
        Record {
            depths: (model.kept.len() as u32) << 16 | model.depth,
            maximum_depth: model.maximum,
            size: list.size(),
            total_allocates: model.allocates,
            allocate_misses: model.allocate_misses,
            total_frees: model.frees,
            free_misses: model.free_misses,
            last_total_allocates: model.last.0,
            last_allocate_misses: model.last.1,
            ..record
        }
    }
}

/// A handle of the driver beside its model, and what both have to say to requests.
struct Session {
    state: State,
    shape: Shape,
    handle: Handle,
}

impl Session {
    fn run(&mut self, input: &[u8], room: usize) {
        let program = match Program::of(input, room) {
            Ok(program) => program,
            Err(_) => return,
        };
        let mut after = Shape::default();
        let judged = check(&program, &self.shape, &mut after);
        let mut output = vec![0xA5; program.steps().len() * RECORD_BYTES];
        let before = (entries(), lists());
        let answered = self.state.run(&program, &mut output);
        assert_eq!(answered.is_ok(), judged.is_ok(), "judged twice alike");
        if let Err(refusal) = answered {
            assert_eq!(Err(refusal), judged);
            assert_eq!(
                before,
                (entries(), lists()),
                "a refused program does nothing"
            );
            assert!(
                output.iter().all(|&byte| byte == 0xA5),
                "and answers nothing"
            );
            return;
        }
        assert_eq!(answered, Ok(output.len()));
        self.shape = after;
        for (number, (step, bytes)) in program
            .steps()
            .zip(output.chunks_exact(RECORD_BYTES))
            .enumerate()
        {
            let step = step.expect("a program that was judged");
            let words = read_words(bytes).expect("a record");
            let expected = self.handle.step(step);
            assert_eq!(Record::of(words), expected, "operation {number}: {step:?}");
        }
        assert_eq!(entries() as usize, self.handle.slots.len());
        assert_eq!(lists() as usize, self.handle.lists.len());
        self.check_shape();
    }

    /// What was judged to be there is there: all lists, and slots for all entries.
    fn check_shape(&self) {
        for list in self.shape.lists() {
            assert!(
                self.handle.lists.contains_key(&(list as u32)),
                "list {list}"
            );
        }
        for (&slot, &(list, _)) in &self.handle.slots {
            assert_eq!(
                self.shape.owner(slot as usize),
                Some(list as usize),
                "slot {slot}"
            );
        }
        assert!(self.handle.lists.len() <= LISTS && self.handle.slots.len() <= SLOTS);
    }

    fn request(&mut self, request: &Request) {
        match request {
            Request::Bytes(bytes, room) => self.run(bytes, *room),
            Request::Tick => {
                tick();
                for list in self.handle.lists.values_mut() {
                    list.model.tick();
                    while list.model.trim().is_some() {}
                }
            }
            Request::FailNext(count, tag) => {
                Driver::root().faults().fail_next(*count, *tag);
                self.handle.faults.retain(|(of, _)| of != tag);
                if *count > 0 {
                    self.handle.faults.push((*tag, *count));
                }
            }
        }
    }
}

/// Runs the requests of an input on a new handle, beside a model with a flaw or none, and
/// closes it.
///
/// # Panics
///
/// Where driver and model disagree, or something is left when the handle is closed.
pub fn run(requests: &[Request], flaw: Option<Flaw>) {
    let loaded = Loaded::new();
    let mut session = Session {
        state: State::new().expect("a handle"),
        shape: Shape::default(),
        handle: Handle {
            flaw,
            ..Handle::default()
        },
    };
    for request in requests {
        session.request(request);
    }
    Driver::root().faults().clear();
    drop(session);
    let left = (entries(), lists(), blocks());
    assert_eq!(left, (0, 0, 0), "what the handle owned is gone");
    drop(loaded);
    host::assert_clean();
}

/// What the driver has between loading and unloading.
struct Loaded;

impl Loaded {
    fn new() -> Self {
        let pool_type = PoolType::NON_PAGED_POOL_NX;
        let made = LISTS_OF_HANDLES.init(LIST_BYTES, pool_type, Some(DRIVER_TAG), None, None, None);
        made.expect("the list of lists");
        Self
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: no handle is left.
        unsafe { LISTS_OF_HANDLES.destroy_shared() };
    }
}
