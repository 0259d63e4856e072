//! Chains of calls: where a block was allocated and freed, and where a stop was raised.
//!
//! They are taken where the process or a driver asks for them ([`depth_of`]). Each different one is
//! stored once: a block holds a number. What belongs to the emulation is left out, so that the first
//! frame is that of the code which called it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::caller;
use crate::sanitizer;
use crate::sync::{Lock, Once, global, per_thread};
use crate::unwatched;

/// The environment variable that asks for stacks: `N`, or `N,skip=M`.
pub(crate) const VARIABLE: &str = "EMU_STACKS";
/// How many frames there are where nothing says how many.
pub const USUAL_FRAMES: u8 = 16;
/// The most frames of a stack.
const MOST_FRAMES: usize = 64;
/// Frames of the emulation's own that may precede the caller's.
const OWN_FRAMES: usize = 24;
/// The most stacks that are stored; those beyond are none.
const MOST_STACKS: usize = 1 << 20;

/// How deep stacks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackDepth {
    /// How many frames are noted; 0 for no stacks.
    pub frames: u8,
    /// How many of the caller's frames are left out first: those of wrappers.
    pub skip: u8,
}

impl StackDepth {
    /// The usual number of frames.
    pub const USUAL: Self = Self {
        frames: USUAL_FRAMES,
        skip: 0,
    };
    const NONE: Self = Self { frames: 0, skip: 0 };

    fn word(self) -> u32 {
        u32::from(self.frames) | u32::from(self.skip) << 8 | 1 << 16
    }

    /// What the environment says: `N`, or `N,skip=M`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (frames, skip) = match text.trim().split_once(",skip=") {
            Some((frames, skip)) => (frames, skip.parse().ok()?),
            None => (text.trim(), 0),
        };
        let frames = frames.parse().ok()?;
        Some(Self { frames, skip })
    }
}

/// The depth of the process as [`StackDepth::word`]; 0 while none was set.
static OF_PROCESS: AtomicU32 = AtomicU32::new(0);
/// Whether a driver has a depth of its own.
static HAVE_DRIVERS: AtomicBool = AtomicBool::new(false);

global! {
    static OF_DRIVERS: Lock<BTreeMap<u32, StackDepth>> = Lock::new(BTreeMap::new());
}

/// Sets how deep the process's stacks are.
pub(crate) fn set_depth(depth: StackDepth) {
    if depth.frames != 0 {
        unwatched::end();
    }
    // Relaxed: a caller that sets it synchronises with those that must see it by other means.
    OF_PROCESS.store(depth.word(), Ordering::Relaxed);
}

/// Sets how deep the stacks of a driver are, or takes that back.
pub(crate) fn set_depth_of(driver: u32, depth: Option<StackDepth>) {
    if depth.is_some() {
        unwatched::end();
    }
    let mut drivers = OF_DRIVERS.lock();
    match depth {
        Some(depth) => _ = drivers.insert(driver, depth),
        None => _ = drivers.remove(&driver),
    }
    // Relaxed: as above.
    HAVE_DRIVERS.store(!drivers.is_empty(), Ordering::Relaxed);
}

/// Where the environment asks for reports with stacks, by whichever variable.
fn from_environment() -> StackDepth {
    static SAID: Once<StackDepth> = Once::new();
    *SAID.get_or_init(|| {
        if cfg!(any(loom, miri)) {
            return StackDepth::NONE;
        }
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let usual =
            if is_set("EMU_REPORT") || is_set("EMU_SPECIAL_POOL") || sanitizer::sees_addresses() {
                StackDepth::USUAL
            } else {
                StackDepth::NONE
            };
        let Some(said) = std::env::var_os(VARIABLE) else {
            return usual;
        };
        let said = said.to_string_lossy();
        StackDepth::parse(&said).unwrap_or_else(|| {
            eprintln!("{VARIABLE}: the value must be N or N,skip=M: \"{said}\"; it is left out");
            usual
        })
    })
}

/// How deep the stacks of a driver are; `None` where it has none.
#[inline]
pub(crate) fn depth_of(driver: u32) -> Option<StackDepth> {
    if HAVE_DRIVERS.load(Ordering::Relaxed)
        && let Some(&depth) = OF_DRIVERS.lock().get(&driver)
    {
        return Some(depth).filter(|depth| depth.frames != 0);
    }
    depth_of_process()
}

#[inline]
fn depth_of_process() -> Option<StackDepth> {
    let word = match OF_PROCESS.load(Ordering::Relaxed) {
        0 => set_by_environment(),
        word => word,
    };
    let depth = StackDepth {
        frames: word as u8,
        skip: (word >> 8) as u8,
    };
    Some(depth).filter(|depth| depth.frames != 0)
}

/// Sets what the environment says, unless another depth is set meanwhile.
#[cold]
fn set_by_environment() -> u32 {
    let word = from_environment().word();
    // Relaxed, both: as in `set_depth`.
    match OF_PROCESS.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => word,
        Err(set) => set,
    }
}

/// Whether the process or a driver has stacks.
#[inline]
pub(crate) fn is_on() -> bool {
    HAVE_DRIVERS.load(Ordering::Relaxed) || depth_of_process().is_some()
}

/// Whether only told stacks count: the callers are another language's.
static ARE_TOLD: AtomicBool = AtomicBool::new(false);

/// Has no stack of this process be walked: its callers are of a language whose frames nothing here can
/// walk, and [tell](tell) theirs.
pub(crate) fn expect_told() {
    // Relaxed: set before the first call.
    ARE_TOLD.store(true, Ordering::Relaxed);
}

/// Whether stacks can be walked.
pub(crate) fn can_walk() -> bool {
    !ARE_TOLD.load(Ordering::Relaxed)
}

/// A stack that is stored; zero for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stack(u32);

/// What is known of a stack.
#[derive(Clone)]
enum Kept {
    /// Return addresses, the innermost first.
    Frames(Box<[usize]>),
    /// What another language told, a line for each frame.
    Text(Box<str>),
}

struct Depot {
    /// By what was walked, with the depth in front.
    walked: BTreeMap<Box<[usize]>, u32>,
    frames: BTreeMap<Box<[usize]>, u32>,
    texts: BTreeMap<Box<str>, u32>,
    kept: Vec<Kept>,
}

global! {
    static DEPOT: Lock<Depot> = Lock::new(Depot {
        walked: BTreeMap::new(),
        frames: BTreeMap::new(),
        texts: BTreeMap::new(),
        kept: Vec::new(),
    });
}

per_thread! {
    /// The stack that another language told of the calls of this thread; zero for none.
    static TOLD: Cell<u32> = const { Cell::new(0) };
}

impl Depot {
    fn add(&mut self, kept: Kept) -> u32 {
        if self.kept.len() >= MOST_STACKS {
            return 0;
        }
        self.kept.push(kept);
        u32::try_from(self.kept.len()).unwrap_or(0)
    }

    fn number_of(&mut self, frames: Box<[usize]>) -> u32 {
        if let Some(&number) = self.frames.get(&frames) {
            return number;
        }
        let number = self.add(Kept::Frames(frames.clone()));
        self.frames.insert(frames, number);
        number
    }
}

/// Has the stacks of this thread be a text, a line for each frame, until another is told: for a
/// language whose frames nothing here can walk. An empty text ends it.
pub(crate) fn tell(text: &str) {
    let number = if text.is_empty() {
        0
    } else {
        let mut depot = DEPOT.lock();
        match depot.texts.get(text) {
            Some(&number) => number,
            None => {
                let number = depot.add(Kept::Text(text.into()));
                depot.texts.insert(text.into(), number);
                number
            }
        }
    };
    TOLD.with(|told| told.set(number));
}

impl Stack {
    /// The calling thread's.
    #[inline(never)]
    pub(crate) fn here(depth: StackDepth) -> Self {
        let told = TOLD.with(Cell::get);
        if told != 0 || !can_walk() {
            return Self(told);
        }
        let wanted = usize::from(depth.frames).min(MOST_FRAMES);
        let skip = usize::from(depth.skip).min(MOST_FRAMES);
        let mut walked = [0; 1 + OWN_FRAMES + 2 * MOST_FRAMES];
        walked[0] = depth.word() as usize;
        let limit = 1 + OWN_FRAMES + skip + wanted;
        let length = 1 + walk(&mut walked[1..limit]);
        let walked = &walked[..length];
        let mut depot = DEPOT.lock();
        if let Some(&number) = depot.walked.get(walked) {
            return Self(number);
        }
        let frames = &walked[1..];
        let own = caller::own_frames(frames);
        let end = (own + skip + wanted).min(frames.len());
        let frames: Box<[usize]> = frames.get(own + skip..end).unwrap_or_default().into();
        let number = if frames.is_empty() {
            0
        } else {
            depot.number_of(frames)
        };
        if depot.walked.len() < MOST_STACKS {
            depot.walked.insert(walked.into(), number);
        }
        Self(number)
    }

    /// The calling thread's from an instruction on, at which a fault interrupted it.
    #[cfg_attr(
        any(not(unix), loom, miri),
        allow(dead_code, reason = "there is no special pool")
    )]
    pub(crate) fn from(instruction: usize, depth: StackDepth) -> Self {
        let mut walked = [0; OWN_FRAMES + 2 * MOST_FRAMES];
        let length = walk(&mut walked);
        let walked = &walked[..length];
        let place = walked.iter().position(|&frame| frame == instruction);
        let wanted = usize::from(depth.frames).clamp(1, MOST_FRAMES);
        let frames = walked.get(place.unwrap_or(length)..).unwrap_or_default();
        // As if it were a return address.
        let first = std::iter::once(instruction.wrapping_add(1));
        let frames = first.chain(frames.iter().skip(1).copied());
        let frames: Box<[usize]> = frames.take(wanted).collect();
        Self(DEPOT.lock().number_of(frames))
    }

    /// As [`Self::here`], where a driver has stacks or one was told.
    pub(crate) fn of(driver: u32) -> Self {
        let told = Self(TOLD.with(Cell::get));
        depth_of(driver).map_or(told, Self::here)
    }

    /// Whether there is one.
    pub(crate) fn is_some(self) -> bool {
        self.0 != 0
    }

    fn kept(self) -> Option<Kept> {
        let place = (self.0 as usize).checked_sub(1)?;
        DEPOT.lock().kept.get(place).cloned()
    }

    /// The address that the innermost frame returns to; zero where it is not known.
    pub(crate) fn caller(self) -> usize {
        match self.kept() {
            Some(Kept::Frames(frames)) => frames.first().copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// What is said of each frame, from the first that is not the emulation's.
    pub(crate) fn frames(self) -> Vec<String> {
        match self.kept() {
            None => Vec::new(),
            Some(Kept::Text(text)) => text.lines().map(str::to_owned).collect(),
            Some(Kept::Frames(frames)) => {
                // A return address may be the next function's first.
                let names = frames
                    .iter()
                    .map(|&frame| symbolized(frame.wrapping_sub(1)));
                let names: Vec<String> = names.collect();
                // A program of all whose frames look like ours is shown whole.
                let own = names.iter().take_while(|name| is_own(name)).count();
                let shown = names.get(own..).filter(|shown| !shown.is_empty());
                shown.unwrap_or(&names).to_vec()
            }
        }
    }

    /// A line for each frame, numbered.
    pub(crate) fn lines(self) -> Vec<String> {
        let numbered = self.frames().into_iter().enumerate();
        numbered
            .map(|(number, frame)| format!("    #{number} {frame}"))
            .collect()
    }
}

/// Whether what is said of an instruction shows that it is the emulation's.
pub(crate) fn is_emulations(text: &str) -> bool {
    let is_source = |folder: &str| text.contains(folder) && text.contains(".rs");
    text.contains("ntoskrnl_emu")
        || is_source("ntoskrnl-emu/src/")
        || is_source("ntoskrnl-emu-c/src/")
}

/// Whether it is the emulation's, or of what stands between it and its caller.
pub(crate) fn is_own(text: &str) -> bool {
    const BETWEEN: [&str; 7] = [
        "win_lookaside::",
        "win-lookaside/src/",
        "lookaside_ffi::",
        "liblookaside.",
        "backtrace::",
        "/library/std/src/",
        "/library/core/src/",
    ];
    is_emulations(text) || BETWEEN.iter().any(|part| text.contains(part))
}

#[cfg(all(feature = "stacks", not(any(loom, miri))))]
fn walk(into: &mut [usize]) -> usize {
    let mut count = 0;
    backtrace::trace(|frame| {
        let Some(place) = into.get_mut(count) else {
            return false;
        };
        *place = frame.ip().addr();
        count += 1;
        true
    });
    count
}

#[cfg(not(all(feature = "stacks", not(any(loom, miri)))))]
fn walk(_into: &mut [usize]) -> usize {
    0
}

/// What is known of an instruction: its function, file and line, or its module and the place in it.
pub(crate) fn symbolized(instruction: usize) -> String {
    if let Some(text) = sanitizer::symbolized(instruction) {
        return text;
    }
    #[cfg_attr(
        not(all(feature = "stacks", not(any(loom, miri)))),
        allow(unused_mut, reason = "nothing is resolved there")
    )]
    let (mut name, mut place): (Option<String>, String) = Default::default();
    #[cfg(all(feature = "stacks", not(any(loom, miri))))]
    backtrace::resolve(std::ptr::without_provenance_mut(instruction), |symbol| {
        if name.is_some() {
            return;
        }
        // Without the hashes that tell crates and instances of functions apart.
        name = symbol.name().map(|name| format!("{name:#}"));
        if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
            place = format!(" {}:{line}", file.display());
        }
    });
    match name {
        Some(name) => format!("{instruction:#x} in {name}{place}"),
        None => match caller::module_of(instruction) {
            module if module.is_empty() => format!("{instruction:#x}"),
            module => format!("{instruction:#x} in {module}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many_frames_and_how_many_to_leave_out() {
        for (text, wanted) in [
            ("16", Some((16, 0))),
            (" 0 ", Some((0, 0))),
            ("8,skip=2", Some((8, 2))),
            ("many", None),
            ("8,skip=", None),
            ("256", None),
            ("8;skip=2", None),
        ] {
            let found = StackDepth::parse(text).map(|depth| (depth.frames, depth.skip));
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    #[cfg(all(feature = "stacks", not(any(loom, miri))))]
    fn equal_stacks_have_one_number_and_others_another() {
        let take = || Stack::here(StackDepth::USUAL);
        let both: Vec<Stack> = (0..2).map(|_| take()).collect();
        assert_eq!(both[0], both[1]);
        assert!(both[0].is_some());
        assert_ne!(both[0], take());
        assert!(!both[0].lines().is_empty());
    }

    #[test]
    fn a_told_stack_stands_for_the_thread_until_it_is_taken_back() {
        tell("main.ts:1\nmain.ts:2");
        let told = Stack::here(StackDepth::USUAL);
        tell("");
        assert_eq!(told.frames(), ["main.ts:1", "main.ts:2"]);
        assert_ne!(told, Stack::here(StackDepth::USUAL));
    }
}
