//! A recording of what a program allocates and frees, where the environment variable `EMU_TRACE`
//! names a file: the event CSV of `docs/recordings.md`, one line an event.
//!
//! Each event is written at once, so that a program that stops has all of its events in the file. A
//! hit path asks nothing here: while a recording is on, lists are registered with state words that no
//! block has, so that each call takes the path that writes it.

mod recent;

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::time::Instant;

use crate::caller::call_site;
use crate::stack;
use crate::sync::Once;
use crate::unwatched;

pub(crate) use recent::{Event, recent};

/// Names the file.
const VARIABLE: &str = "EMU_TRACE";
const HEADER: &str = "time_us,cpu,thread,process,op,kind,tag,pool,size,address,list,caller\n";
/// The bits of a pool type that say which pool it is.
const POOL_BITS: u32 = 0x205;

/// What an event is about.
#[derive(Clone, Copy)]
pub(crate) enum Op {
    Allocate,
    Free,
    Tick,
    Initialise,
    Delete,
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Self::Allocate => "alloc",
            Self::Free => "free",
            Self::Tick => "tick",
            Self::Initialise => "init",
            Self::Delete => "delete",
        }
    }
}

/// What was called.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// `pool`, or the kind of the list.
    pub(crate) kind: &'static str,
    pub(crate) tag: u32,
    pub(crate) pool_type: u32,
    /// Bytes; of no meaning in a free.
    pub(crate) size: usize,
    /// The block's address; of a list that is made or deleted its own.
    pub(crate) address: usize,
    /// The list's address; zero for a call of the pool.
    pub(crate) list: usize,
}

/// The file of a recording.
struct Log {
    file: File,
    begin: Instant,
    process: String,
}

static LOG: Once<Option<Log>> = Once::new();

thread_local! {
    /// How many calls of lists the thread is in, whose calls of the pool are not the program's.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Whether a recording is on.
#[inline]
pub(crate) fn is_recording() -> bool {
    log().is_some()
}

/// Whether calls are noted, in a recording or for reports.
#[inline]
pub(crate) fn is_on() -> bool {
    !unwatched::is_known() && (is_recording() || stack::is_on())
}

#[inline]
fn log() -> Option<&'static Log> {
    if cfg!(any(loom, miri)) {
        return None;
    }
    LOG.get_or_init(Log::open).as_ref()
}

impl Log {
    fn open() -> Option<Self> {
        let path = std::env::var_os(VARIABLE)?;
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let begun = opened.and_then(|mut file| {
            if file.metadata()?.len() == 0 {
                file.write_all(HEADER.as_bytes())?;
            }
            Ok(file)
        });
        match begun {
            Ok(file) => Some(Self {
                file,
                begin: Instant::now(),
                process: process_name(),
            }),
            Err(error) => {
                eprintln!("Cannot record to {VARIABLE}: {error}: {}", path.display());
                None
            }
        }
    }

    fn write(&self, op: Op, call: Option<&Call>) {
        let mut line = format!(
            "{},{},{},{},{},",
            self.begin.elapsed().as_micros(),
            processor(),
            thread(),
            self.process,
            op.name(),
        );
        match call {
            Some(call) => {
                call.write(op, &mut line);
                if matches!(op, Op::Allocate) {
                    line.push_str(&call_site());
                }
            }
            None => line.push_str(",,,,,,"),
        }
        line.push('\n');
        // A recording that fails, such as on a full disk, does not fail the program.
        let _ = (&self.file).write_all(line.as_bytes());
    }
}

impl Call {
    fn write(&self, op: Op, line: &mut String) {
        line.push_str(self.kind);
        line.push(',');
        push_tag(self.tag, line);
        let pool = self.pool_type & POOL_BITS;
        let address = self.address;
        // Writing to a string does not fail.
        let _ = match op {
            Op::Free => write!(line, ",{pool},,0x{address:x},"),
            _ => write!(line, ",{pool},{},0x{address:x},", self.size),
        };
        if self.list != 0 {
            let _ = write!(line, "0x{:x}", self.list);
        }
        line.push(',');
    }
}

/// A tag as text, or as a number where its characters would not be a field of the CSV.
fn push_tag(tag: u32, line: &mut String) {
    let characters = tag.to_le_bytes();
    let length = characters
        .iter()
        .rposition(|&c| c != 0)
        .map_or(0, |at| at + 1);
    let is_text = |c: &u8| matches!(c, b' '..=b'~') && !matches!(c, b',' | b'"');
    match characters.get(..length) {
        Some(text) if text.iter().all(is_text) => line.extend(text.iter().map(|&c| char::from(c))),
        _ => {
            let _ = write!(line, "0x{tag:08x}");
        }
    }
}

fn process_name() -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&program)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    name.replace(|c: char| c.is_control() || matches!(c, ',' | '"'), "?")
}

#[cfg(all(target_os = "linux", not(any(loom, miri))))]
fn processor() -> String {
    rustix::thread::sched_getcpu().to_string()
}

#[cfg(not(all(target_os = "linux", not(any(loom, miri)))))]
fn processor() -> String {
    String::new()
}

#[cfg(all(target_os = "linux", not(any(loom, miri))))]
fn thread() -> String {
    rustix::thread::gettid().as_raw_nonzero().to_string()
}

#[cfg(not(all(target_os = "linux", not(any(loom, miri)))))]
fn thread() -> String {
    String::new()
}

/// Records a call, unless a list makes it for the program: then the list's own call is the event.
#[cold]
#[inline(never)]
fn record(op: Op, call: Option<&Call>) {
    if INSIDE.with(Cell::get) != 0 {
        return;
    }
    if let Some(log) = log() {
        log.write(op, call);
    }
    if stack::is_on() {
        recent::note(op, call);
    }
}

/// Records a call, where a recording is on; what it was is asked for only then.
#[inline]
pub(crate) fn call(op: Op, what: impl FnOnce() -> Call) {
    if is_on() {
        record_what(op, what);
    }
}

#[cold]
#[inline(never)]
fn record_what(op: Op, what: impl FnOnce() -> Call) {
    record(op, Some(&what()));
}

/// Records a tick, where a recording is on.
pub(crate) fn tick() {
    if is_on() {
        record(Op::Tick, None);
    }
}

/// The thread is in a call of a list, until it is dropped: what it asks of the pool meanwhile is the
/// list's doing and no event.
pub(crate) struct Inside {
    is_counted: bool,
}

impl Inside {
    #[inline]
    pub(crate) fn begin() -> Self {
        let is_counted = is_on();
        if is_counted {
            INSIDE.with(|inside| inside.set(inside.get().saturating_add(1)));
        }
        Self { is_counted }
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        if self.is_counted {
            INSIDE.with(|inside| inside.set(inside.get().saturating_sub(1)));
        }
    }
}
