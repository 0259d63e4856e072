//! Programs over several handles beside a naive model, the contents of every entry checked; see
//! `naive::programs`.
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

#[path = "../../ntoskrnl-emu/tests/common/mod.rs"]
mod common;
#[path = "../../ntoskrnl-emu/tests/naive/mod.rs"]
mod naive;

use std::alloc::Layout;
use std::collections::BTreeMap;
use std::mem::replace;
use std::ptr::NonNull;

use allocator_api2::alloc::Allocator;
use common::{Block, CONTROL_TAG, Usage, freed_twice, not_an_entry, turn, usage};
use naive::programs::{expect_agreement, expect_found};
use naive::{Flaw, Model};
use ntoskrnl_emu::{Driver, Stop as Ended, catch_stop, set_depth, tick};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use wdm::*;
use win_lookaside::{Flags, LocalLookasideAlloc, LookasideAlloc, LookasideError};

type Checked<T = ()> = Result<T, TestCaseError>;

/// The most steps of a program.
const LENGTH: usize = 120;
/// More than this many entries are not taken through one handle.
const MOST_OUT: usize = 60;

/// A mistake that is put into the model on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// One of the list's rules.
    Rule(Flaw),
    /// `grow_zeroed` clears nothing.
    NothingCleared,
    /// Any alignment is served.
    AnyAlignment,
    /// A layout as large as the entry is refused.
    WholeEntryRefused,
    /// A second `init` is a new list.
    SecondInit,
}

/// How a list is initialised.
#[derive(Clone, Copy, Debug)]
struct Given {
    size: usize,
    pool_type: PoolType,
    flags: u32,
    /// There is no pool for the control block.
    is_failing: bool,
}

#[derive(Clone, Copy, Debug)]
enum BadFree {
    Twice,
    Inside,
    WithoutList,
}

/// One step. `handle` and `pick` are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    Init(Given),
    Alloc {
        count: usize,
    },
    AllocFailing,
    Free {
        pick: usize,
        count: usize,
    },
    Allocate {
        layout: Layout,
        is_zeroed: bool,
    },
    Resize {
        pick: usize,
        layout: Layout,
        is_zeroed: bool,
    },
    Flush,
    SetDepth(u16),
    Tick,
    Destroy,
    /// Drops the handle; a new one takes its place.
    Drop {
        is_local: bool,
    },
    /// A local handle is made a shared one.
    Share,
    /// Gives the list away and adopts it again.
    ByRawPointer,
    BadFree {
        pick: usize,
        what: BadFree,
    },
}

#[derive(Clone, Debug)]
struct Program {
    /// The handles: local ones and shared ones.
    are_local: Vec<bool>,
    steps: Vec<(usize, Step)>,
}

fn program() -> impl Strategy<Value = Program> {
    let given = (
        prop::sample::select(vec![0_usize, 1, 8, 60, 64, 100, 1000, 4095, 4096, 5000]),
        // The first six are legal.
        prop::sample::select(vec![512, 0, 1, 4, 5, 516, 512, 1, 2, 3]),
        prop::sample::select(vec![0_u32, 0, 0, 1, 2, 3]),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(size, pool_type, flags, is_failing)| Given {
            size,
            pool_type: PoolType(pool_type),
            flags,
            is_failing,
        });
    let size = prop_oneof![
        prop::sample::select(vec![0_usize, 8, 60, 64, 100, 1000, 4096]),
        0_usize..5200
    ];
    let layout = (size, 0_u32..=13).prop_map(|(size, power)| {
        Layout::from_size_align(size, 1 << power).expect("far from the limits")
    });
    let pick = 0_usize..1000;
    let depth = prop_oneof![3 => 0_u16..20, 1 => 240_u16..270];
    let bad_free =
        prop::sample::select(vec![BadFree::Twice, BadFree::Inside, BadFree::WithoutList]);
    let step = prop_oneof![
        8 => given.prop_map(Step::Init),
        12 => (1_usize..9).prop_map(|count| Step::Alloc { count }),
        2 => Just(Step::AllocFailing),
        20 => (pick.clone(), 1_usize..9).prop_map(|(pick, count)| Step::Free { pick, count }),
        16 => (layout.clone(), any::<bool>())
            .prop_map(|(layout, is_zeroed)| Step::Allocate { layout, is_zeroed }),
        12 => (pick.clone(), layout, any::<bool>())
            .prop_map(|(pick, layout, is_zeroed)| Step::Resize { pick, layout, is_zeroed }),
        2 => Just(Step::Flush),
        3 => depth.prop_map(Step::SetDepth),
        4 => Just(Step::Tick),
        1 => Just(Step::Destroy),
        1 => any::<bool>().prop_map(|is_local| Step::Drop { is_local }),
        1 => Just(Step::Share),
        2 => Just(Step::ByRawPointer),
        5 => (pick, bad_free).prop_map(|(pick, what)| Step::BadFree { pick, what }),
    ];
    (
        vec(any::<bool>(), 1..=4),
        vec((0_usize..12, step), 1..=LENGTH),
    )
        .prop_map(|(are_local, steps)| Program { are_local, steps })
}

enum Handle {
    Shared(LookasideAlloc),
    Local(LocalLookasideAlloc),
}

/// The same for a handle of either type.
macro_rules! either {
    ($handle:expr, $list:ident => $run:expr) => {
        match $handle {
            Handle::Shared($list) => $run,
            Handle::Local($list) => $run,
        }
    };
}

impl Handle {
    const fn new(is_local: bool) -> Self {
        match is_local {
            true => Self::Local(LocalLookasideAlloc::new()),
            false => Self::Shared(LookasideAlloc::new()),
        }
    }

    fn allocator(&self) -> &dyn Allocator {
        either!(self, list => list)
    }

    fn alloc(&self) -> *mut u8 {
        either!(self, list => list.alloc())
    }

    fn free(&self, entry: *mut u8) {
        // SAFETY: the emulation refuses what is not allocated from the list, before it looks at it.
        either!(self, list => unsafe { list.free(entry) });
    }
}

/// An entry by its address; what is in it the subject knows.
type Entry = NonNull<u8>;

/// An initialised list as it should be.
struct Ready {
    size: usize,
    model: Model<Entry>,
    /// What stands in every entry that there is, kept or out.
    contents: BTreeMap<Entry, Vec<u8>>,
    /// The layout that an entry was allocated for, unless it came from `alloc`.
    layouts: BTreeMap<Entry, Layout>,
}

struct Subject {
    handle: Handle,
    tag: u32,
    ready: Option<Ready>,
    wrong: Option<Wrong>,
    /// A number of its own for each content that is written.
    writes: u8,
}

/// Runs what has to end in a bug check.
fn refused<T>(expected: common::Stop, run: impl FnOnce() -> T) -> Checked {
    match catch_stop(run) {
        Err(Ended::BugCheck(stop)) => {
            prop_assert_eq!((stop.code, stop.parameters), expected);
            Ok(())
        }
        _ => Err(TestCaseError::fail(format!("not refused: {expected:x?}"))),
    }
}

fn bytes_of(entry: Entry, length: usize) -> Vec<u8> {
    // SAFETY: an entry of at least that length, which nothing else has, written all over.
    unsafe { std::slice::from_raw_parts(entry.as_ptr(), length) }.to_vec()
}

impl Ready {
    /// Whether an entry holds a layout: it is aligned to 16, to a page from a page on.
    fn fits(&self, layout: Layout, wrong: Option<Wrong>) -> bool {
        let alignment = if self.size < 4096 { 16 } else { 4096 };
        (layout.size() < self.size
            || layout.size() == self.size && wrong != Some(Wrong::WholeEntryRefused))
            && (layout.align() <= alignment || wrong == Some(Wrong::AnyAlignment))
    }

    fn expect_contents(&self, entry: Entry, from: usize) -> Checked {
        let now = bytes_of(entry, self.size);
        prop_assert_eq!(&now[from..], &self.contents[&entry][from..], "contents");
        Ok(())
    }

    fn out(&self, pick: usize, has_layout: bool) -> Option<Entry> {
        let candidates = self
            .model
            .out
            .iter()
            .filter(|entry| !has_layout || self.layouts.contains_key(entry));
        let candidates: Vec<Entry> = candidates.copied().collect();
        (!candidates.is_empty()).then(|| candidates[pick % candidates.len()])
    }
}

impl Subject {
    fn step(&mut self, step: Step) -> Checked {
        match step {
            Step::Init(given) => self.init(given),
            Step::Alloc { count } => (0..count).try_for_each(|_| self.allocate(None, false, false)),
            Step::AllocFailing => self.allocate(None, false, true),
            Step::Free { pick, count } => (0..count).try_for_each(|_| self.free(pick)),
            Step::Allocate { layout, is_zeroed } => self.allocate(Some(layout), is_zeroed, false),
            Step::Resize {
                pick,
                layout,
                is_zeroed,
            } => self.resize(pick, layout, is_zeroed),
            Step::Flush => {
                either!(&self.handle, list => list.flush());
                if let Some(ready) = &mut self.ready {
                    for entry in ready.model.flush() {
                        ready.contents.remove(&entry);
                    }
                }
                Ok(())
            }
            Step::SetDepth(depth) => {
                if let Some(ready) = &mut self.ready {
                    self.handle = match replace(&mut self.handle, Handle::new(true)) {
                        Handle::Shared(list) => Handle::Shared(with_depth(list, depth)),
                        Handle::Local(list) => Handle::Local(with_local_depth(list, depth)),
                    };
                    ready.model.set_depth(depth);
                }
                Ok(())
            }
            // For every list at once: the world does it.
            Step::Tick => Ok(()),
            Step::Destroy => {
                either!(&mut self.handle, list => { list.destroy(); list.destroy() });
                self.leave()
            }
            Step::Drop { is_local } => {
                self.handle = Handle::new(is_local);
                self.leave()
            }
            Step::Share => {
                if let Handle::Local(list) = &mut self.handle {
                    let list = replace(list, LocalLookasideAlloc::new());
                    self.handle = Handle::Shared(list.into_shared());
                }
                Ok(())
            }
            Step::ByRawPointer => {
                self.handle = match replace(&mut self.handle, Handle::new(true)) {
                    Handle::Shared(list) => Handle::Shared(by_raw_pointer(list)),
                    Handle::Local(list) => Handle::Local(local_by_raw_pointer(list)),
                };
                Ok(())
            }
            Step::BadFree { pick, what } => self.bad_free(pick, what),
        }
    }

    fn init(&mut self, given: Given) -> Checked {
        let Given {
            size,
            pool_type,
            flags,
            is_failing,
        } = given;
        let faults = Driver::root().faults();
        faults.fail_next(u32::from(is_failing), CONTROL_TAG);
        let tag = Some(self.tag);
        let said = either!(&self.handle, list =>
            list.init(size, pool_type, tag, Some(flags), None, None));
        faults.fail_next(0, CONTROL_TAG);
        let is_second = self.ready.is_some() && self.wrong != Some(Wrong::SecondInit);
        let expected = if is_second {
            Err(STATUS_INVALID_DEVICE_STATE)
        } else if ![0, 1, 4, 5, 512, 516].contains(&pool_type.0) {
            Err(STATUS_INVALID_PARAMETER_4)
        } else if flags != 0 && flags != Flags::FAIL_NO_RAISE.0 {
            Err(STATUS_INVALID_PARAMETER_5)
        } else if is_failing {
            Err(STATUS_INSUFFICIENT_RESOURCES)
        } else {
            let flaw = match self.wrong {
                Some(Wrong::Rule(flaw)) => Some(flaw),
                _ => None,
            };
            self.ready = Some(Ready {
                size: size.max(8),
                model: Model::new(0, flaw),
                contents: BTreeMap::new(),
                layouts: BTreeMap::new(),
            });
            Ok(())
        };
        prop_assert_eq!(said, expected.map_err(LookasideError::InitError));
        Ok(())
    }

    /// Writes all of an entry that was just allocated.
    fn write(&mut self, entry: Entry) {
        let Some(ready) = &mut self.ready else { return };
        self.writes = self.writes.wrapping_add(37);
        // No two neighbouring bytes are alike, and no byte is zero.
        let mut content = [self.writes | 1, 2, 5].repeat(ready.size / 3 + 1);
        content.truncate(ready.size);
        // SAFETY: an entry of that size, which is ours.
        unsafe { entry.copy_from_nonoverlapping(NonNull::from(&content[..]).cast(), ready.size) };
        ready.contents.insert(entry, content);
    }

    /// `alloc`, or `allocate` where there is a layout.
    fn allocate(&mut self, layout: Option<Layout>, is_zeroed: bool, is_failing: bool) -> Checked {
        if self
            .ready
            .as_ref()
            .is_some_and(|ready| ready.model.out.len() >= MOST_OUT)
        {
            return Ok(());
        }
        let faults = Driver::root().faults();
        faults.fail_next(u32::from(is_failing), self.tag);
        let got = match layout {
            None => NonNull::new(self.handle.alloc()).map(|entry| (entry, None)),
            Some(layout) => {
                let list = self.handle.allocator();
                let got = match is_zeroed {
                    true => list.allocate_zeroed(layout),
                    false => list.allocate(layout),
                };
                got.ok().map(|block| (block.cast(), Some(block.len())))
            }
        };
        faults.fail_next(0, self.tag);
        let wrong = self.wrong;
        let Some(ready) = &mut self.ready else {
            prop_assert_eq!(got, None, "a handle without a list has no entries");
            return Ok(());
        };
        if layout.is_some_and(|layout| !ready.fits(layout, wrong)) {
            prop_assert_eq!(got, None, "no entry holds {:?}", layout);
            return Ok(());
        }
        let hit = ready.model.allocate();
        if hit.is_none() {
            ready.model.made(got.map(|(entry, _)| entry));
            prop_assert_eq!(got.is_none(), is_failing);
        }
        let Some((entry, length)) = got else {
            prop_assert_eq!(hit, None);
            return Ok(());
        };
        prop_assert!(
            length.is_none_or(|length| length == ready.size),
            "the whole entry"
        );
        match hit {
            Some(expected) => {
                prop_assert_eq!(entry, expected, "the entry freed last");
                if !is_zeroed {
                    ready.expect_contents(entry, 8)?;
                }
            }
            None => prop_assert!(!ready.contents.contains_key(&entry), "handed out twice"),
        }
        if is_zeroed && layout.is_some() {
            prop_assert_eq!(bytes_of(entry, ready.size), vec![0; ready.size]);
        }
        if let Some(layout) = layout {
            prop_assert!(entry.addr().get().is_multiple_of(layout.align()));
            ready.layouts.insert(entry, layout);
        }
        self.write(entry);
        Ok(())
    }

    fn free(&mut self, pick: usize) -> Checked {
        let Some(ready) = &mut self.ready else {
            return Ok(());
        };
        let Some(entry) = ready.out(pick, false) else {
            return Ok(());
        };
        ready.expect_contents(entry, 0)?;
        match ready.layouts.remove(&entry) {
            // SAFETY: the entry is allocated from this list, and the layout is its newest.
            Some(layout) => unsafe { self.handle.allocator().deallocate(entry, layout) },
            None => self.handle.free(entry.as_ptr()),
        }
        if !ready.model.free(entry) {
            ready.contents.remove(&entry);
        }
        Ok(())
    }

    /// Grows or shrinks an entry: in place while it holds the layout, else an error; the contents as
    /// they were.
    fn resize(&mut self, pick: usize, layout: Layout, is_zeroed: bool) -> Checked {
        let wrong = self.wrong;
        let Some(ready) = &mut self.ready else {
            return Ok(());
        };
        let Some(entry) = ready.out(pick, true) else {
            return Ok(());
        };
        let old = ready.layouts[&entry];
        let list = self.handle.allocator();
        let is_cleared = is_zeroed && layout.size() >= old.size();
        let got = if layout.size() < old.size() {
            // SAFETY: an entry of this list with its layout; the new size is no larger.
            unsafe { list.shrink(entry, old, layout) }
        } else if is_zeroed {
            // SAFETY: an entry of this list with its layout; the new size is no smaller.
            unsafe { list.grow_zeroed(entry, old, layout) }
        } else {
            // SAFETY: as above.
            unsafe { list.grow(entry, old, layout) }
        };
        let expected = ready
            .fits(layout, wrong)
            .then(|| NonNull::slice_from_raw_parts(entry, ready.size));
        prop_assert_eq!(got.ok(), expected);
        if got.is_ok() {
            ready.layouts.insert(entry, layout);
            if is_cleared && wrong != Some(Wrong::NothingCleared) {
                let content = ready.contents.get_mut(&entry);
                content.expect("an entry has contents")[old.size()..].fill(0);
            }
        }
        ready.expect_contents(entry, 0)
    }

    fn bad_free(&mut self, pick: usize, what: BadFree) -> Checked {
        let Some(ready) = &mut self.ready else {
            if let BadFree::WithoutList = what {
                let stop = (0xC4, [0xCB, 0, 0, 0]);
                let entry = pick as *mut u8;
                return refused(stop, || self.handle.free(entry));
            }
            return Ok(());
        };
        match what {
            BadFree::Twice => match ready.model.kept.last() {
                Some(&entry) => {
                    let stop = freed_twice(Block(entry.as_ptr().cast()));
                    refused(stop, || self.handle.free(entry.as_ptr()))?;
                }
                None => return Ok(()),
            },
            BadFree::Inside => match ready.out(pick, false) {
                Some(entry) => {
                    let inside = entry.as_ptr().wrapping_add(1 + pick % (ready.size - 1));
                    let stop = not_an_entry(Block(inside.cast()));
                    refused(stop, || self.handle.free(inside))?;
                }
                None => return Ok(()),
            },
            BadFree::WithoutList => return Ok(()),
        }
        ready.model.refuse();
        Ok(())
    }

    /// The list is gone; what was out is the program's own, and goes back to pool.
    fn leave(&mut self) -> Checked {
        let Some(ready) = self.ready.take() else {
            return Ok(());
        };
        for &entry in &ready.model.out {
            ready.expect_contents(entry, 0)?;
            common::free_pool(Block(entry.as_ptr().cast()));
        }
        Ok(())
    }

    fn check(&self) -> Checked {
        let stats = either!(&self.handle, list => list.stats());
        let Some(Ready { size, model, .. }) = &self.ready else {
            prop_assert_eq!(stats, None);
            return Ok(());
        };
        let Some(stats) = stats else {
            return Err(TestCaseError::fail("no list"));
        };
        prop_assert_eq!(
            [
                stats.total_allocates,
                stats.allocate_misses,
                stats.total_frees,
                stats.free_misses
            ],
            [
                model.allocates,
                model.allocate_misses,
                model.frees,
                model.free_misses
            ]
        );
        prop_assert_eq!(usize::from(stats.current_depth), model.kept.len());
        prop_assert_eq!(u32::from(stats.depth), model.depth);
        prop_assert_eq!(u32::from(stats.maximum_depth), model.maximum);
        prop_assert_eq!(stats.size as usize, *size);
        prop_assert_eq!(either!(&self.handle, list => list.size()), Some(*size));
        Ok(())
    }

    /// How many blocks there should be under the subject's tag.
    fn live(&self) -> usize {
        let live = |ready: &Ready| ready.model.kept.len() + ready.model.out.len();
        self.ready.as_ref().map_or(0, live)
    }
}

/// The same list with another depth, and the same list given away and adopted again: both through the
/// raw pointer, since a handle hides its list.
macro_rules! by_raw {
    ($with_depth:ident, $by_raw_pointer:ident, $handle:ident) => {
        fn $with_depth(list: $handle, depth: u16) -> $handle {
            let Some(raw) = list.into_raw() else {
                return $handle::new();
            };
            // SAFETY: the list of a handle, which nothing deletes meanwhile.
            unsafe { set_depth(raw.as_ptr(), depth) };
            // SAFETY: given away above.
            unsafe { $handle::from_raw(raw) }
        }

        fn $by_raw_pointer(list: $handle) -> $handle {
            match list.into_raw() {
                // SAFETY: given away just now, by a handle of this type.
                Some(raw) => unsafe { $handle::from_raw(raw) },
                None => $handle::new(),
            }
        }
    };
}

by_raw!(with_depth, by_raw_pointer, LookasideAlloc);
by_raw!(with_local_depth, local_by_raw_pointer, LocalLookasideAlloc);

struct World {
    subjects: Vec<Subject>,
    /// Usage that was there before, of the subjects' tags and of control blocks.
    before: Vec<u64>,
}

impl Drop for World {
    fn drop(&mut self) {
        Driver::root().faults().clear();
        for subject in &mut self.subjects {
            subject.handle = Handle::new(true);
            let Some(ready) = subject.ready.take() else {
                continue;
            };
            for entry in ready.model.out {
                // In a world that went astray it may belong to no list.
                let _ = catch_stop(|| common::free_pool(Block(entry.as_ptr().cast())));
            }
        }
    }
}

impl World {
    fn new(are_local: &[bool], wrong: Option<Wrong>) -> Self {
        let subjects = are_local
            .iter()
            .enumerate()
            .map(|(index, &is_local)| Subject {
                handle: Handle::new(is_local),
                tag: common::tag(&[b'P', b'r', b'W', b'a' + index as u8]),
                ready: None,
                wrong,
                writes: 0,
            });
        let mut world = Self {
            subjects: subjects.collect(),
            before: Vec::new(),
        };
        world.before = world.usage();
        world
    }

    /// Live blocks by the subjects' tags, those of control blocks last.
    fn usage(&self) -> Vec<u64> {
        let tags = self.subjects.iter().map(|subject| subject.tag);
        let both = |tag| Usage::live(usage(tag, false)) + usage(tag, true).live();
        tags.chain([CONTROL_TAG]).map(both).collect()
    }

    fn check(&self) -> Checked {
        self.subjects.iter().try_for_each(Subject::check)?;
        let lists = self
            .subjects
            .iter()
            .filter(|subject| subject.ready.is_some());
        let expected = self
            .subjects
            .iter()
            .map(Subject::live)
            .chain([lists.count()]);
        let sums = self.before.iter().zip(expected);
        let sums: Vec<u64> = sums.map(|(before, now)| before + now as u64).collect();
        prop_assert_eq!(self.usage(), sums);
        Ok(())
    }

    fn step(&mut self, handle: usize, step: Step) -> Checked {
        if let Step::Tick = step {
            tick();
            let lists = self
                .subjects
                .iter_mut()
                .filter_map(|subject| subject.ready.as_mut());
            lists.for_each(|ready| ready.model.tick());
        }
        let count = self.subjects.len();
        self.subjects[handle % count].step(step)?;
        self.check()
    }
}

/// Runs a program beside models with a mistake or none.
fn run(program: &Program, wrong: Option<Wrong>) -> Checked {
    let mut world = World::new(&program.are_local, wrong);
    let end = (0..world.subjects.len()).map(|handle| (handle, Step::Destroy));
    for (number, (handle, step)) in program.steps.iter().copied().chain(end).enumerate() {
        let said = match catch_stop(|| world.step(handle, step)) {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(stop) => format!("an unexpected end: {stop:x?}"),
        };
        let said = format!("step {number}, {step:?}: {said}");
        return Err(TestCaseError::fail(said));
    }
    Ok(())
}

#[test]
fn programs_over_several_handles_agree_with_a_naive_model() {
    let _turn = turn();
    expect_agreement(program(), |program| run(program, None));
}

#[test]
fn every_mistake_of_a_model_is_found() {
    let _turn = turn();
    // No handle gives the list's header away.
    let raw = [Flaw::RawPopCounts, Flaw::RawPushMindsDepth];
    let rules = Flaw::ALL.into_iter().filter(|flaw| !raw.contains(flaw));
    let own = [
        Wrong::NothingCleared,
        Wrong::AnyAlignment,
        Wrong::WholeEntryRefused,
        Wrong::SecondInit,
    ];
    for wrong in rules.map(Wrong::Rule).chain(own) {
        expect_found(wrong, program(), |program| run(program, Some(wrong)));
    }
}
