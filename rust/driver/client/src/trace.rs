//! Trace files as programs for the driver.
//!
//! The grammar is that of the project's trace files (`src/trace.ts`). What a kernel cannot be asked to
//! do is left out, and said: `tick` and `fail`, which only the emulation has; `bad`, which a kernel
//! does not notice until it is damaged; `expect`, which the comparison replaces; lists whose callbacks
//! throw. Flags without a callback would let pool raise an exception: the driver takes such a list
//! with its own allocate callback, which is said too.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use lookaside_protocol::wire::{
    Allocate, Free, Kind, LISTS, ListArguments, Operation, SLOTS, Step,
};

const DEFAULT_TAG: u32 = u32::from_le_bytes(*b"srLL");
const NON_PAGED_POOL_NX: u32 = 512;

/// What is wrong with a trace, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// What became of a line of the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// It is so many operations, beginning with that one.
    Done {
        /// The first operation.
        first: usize,
        /// How many there are.
        count: usize,
        /// What kind of line it is.
        form: Form,
    },
    /// It is left out, for that reason.
    Skipped(&'static str),
}

/// The kind of a line that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One operation, whose outcome is the line's.
    Single,
    /// An allocation: its entry is told even when it is none.
    Allocation,
    /// A list, with an allocate callback that the file does not ask for.
    Substituted,
    /// A batch.
    Batch,
}

/// A trace, ready to be sent.
#[derive(Debug, Default)]
pub struct Trace {
    /// Its lines that are not empty, by their numbers.
    pub lines: Vec<(usize, Line)>,
    /// All operations.
    pub steps: Vec<Step>,
}

struct List {
    /// Its number for the driver; none for a list that is left out.
    number: Option<u32>,
    /// What its slots are called by the driver.
    slots: BTreeMap<u64, u32>,
}

#[derive(Default)]
struct Reader {
    trace: Trace,
    line: usize,
    lists: BTreeMap<String, List>,
    spare_lists: Vec<u32>,
    spare_slots: Vec<u32>,
}

type Result<T> = core::result::Result<T, TraceError>;

/// Reads a trace.
///
/// # Errors
///
/// Where a line is not of the grammar, or needs more lists or slots than the driver has.
pub fn read(text: &str) -> Result<Trace> {
    let mut reader = Reader {
        spare_lists: (0..LISTS as u32).rev().collect(),
        spare_slots: (0..SLOTS as u32).rev().collect(),
        ..Reader::default()
    };
    for line in text.lines() {
        reader.line = reader.line.saturating_add(1);
        let content = line.split('#').next().unwrap_or("");
        let words: Vec<&str> = content.split_ascii_whitespace().collect();
        if let Some((verb, words)) = words.split_first() {
            reader.take(verb, words)?;
        }
    }
    Ok(reader.trace)
}

impl Reader {
    fn error<T>(&self, message: String) -> Result<T> {
        Err(TraceError {
            line: self.line,
            message,
        })
    }

    fn skip(&mut self, reason: &'static str) -> Result<()> {
        self.trace.lines.push((self.line, Line::Skipped(reason)));
        Ok(())
    }

    fn add(&mut self, form: Form, steps: impl IntoIterator<Item = Step>) -> Result<()> {
        let first = self.trace.steps.len();
        self.trace.steps.extend(steps);
        let count = self.trace.steps.len().saturating_sub(first);
        let line = Line::Done { first, count, form };
        self.trace.lines.push((self.line, line));
        Ok(())
    }

    fn take(&mut self, verb: &str, words: &[&str]) -> Result<()> {
        match (verb, words) {
            ("list", words) => self.take_list(words),
            ("a" | "f", [target]) => self.take_single(verb == "f", target),
            ("a", [_, _]) => self.error("A recording: it has no list line".to_owned()),
            ("batch", ["a", slots @ ..]) if !slots.is_empty() => self.take_batch(false, slots),
            ("batch", ["f", slots @ ..]) if !slots.is_empty() => self.take_batch(true, slots),
            ("flush", []) => self.take_whole("0", Operation::Flush),
            ("flush", [name]) => self.take_whole(name, Operation::Flush),
            ("destroy", []) => self.take_destroy("0"),
            ("destroy", [name]) => self.take_destroy(name),
            ("depth", [target]) => {
                let (name, value) = self.target(target)?;
                let Ok(depth) = u16::try_from(value) else {
                    return self.error(format!("The depth is too large: {value}"));
                };
                self.take_whole(name, Operation::Depth(depth))
            }
            ("tick", []) => self.skip("tick"),
            ("fail", [_]) => self.skip("fail"),
            ("bad", [_, _]) => self.skip("bad"),
            ("expect", _) => self.skip("expect"),
            _ => self.error(format!("Unknown operation: {verb}")),
        }
    }

    fn take_list(&mut self, words: &[&str]) -> Result<()> {
        let (mut name, mut skipped) = ("0", false);
        let mut flags = "0";
        let mut arguments = ListArguments {
            kind: Kind::Ex,
            allocate: Allocate::Default,
            free: Free::Default,
            size: 0,
            pool_type: NON_PAGED_POOL_NX,
            tag: DEFAULT_TAG,
            flags: 0,
            maximum_depth: 0,
        };
        for word in words {
            let Some((key, value)) = word.split_once('=') else {
                return self.error(format!("A key needs a value: {word}"));
            };
            match (key, value) {
                ("name", value) => name = value,
                ("kind", "ex") => arguments.kind = Kind::Ex,
                ("kind", "npaged") => arguments.kind = Kind::NPaged,
                ("kind", "paged") => arguments.kind = Kind::Paged,
                ("size", value) => arguments.size = self.number(value)?,
                ("pool", value) => arguments.pool_type = self.pool_type(value)?,
                ("tag", value) => arguments.tag = self.tag(value)?,
                ("flags", value) => flags = value,
                ("max", value) => {
                    let value = self.number(value)?;
                    let Ok(depth) = u16::try_from(value) else {
                        return self.error(format!("The maximum depth is too large: {value}"));
                    };
                    arguments.maximum_depth = depth;
                }
                ("alloc", "default") | ("free", "default") => {}
                ("alloc", "pool") => arguments.allocate = Allocate::Pool,
                ("alloc", "fail") => arguments.allocate = Allocate::Fail,
                ("free", "pool") => arguments.free = Free::Pool,
                ("alloc" | "free", "throw") => skipped = true,
                _ => return self.error(format!("Unknown key or value of a list: {word}")),
            }
        }
        arguments.flags = match flags {
            "None" => 0,
            "RaiseOnFail" => 1,
            "FailNoRaise" => 2,
            number => self.number(number)?,
        };
        if arguments.kind != Kind::Ex {
            arguments.pool_type = 0;
        }
        let substituted = needs_callback(&arguments) && arguments.allocate == Allocate::Default;
        if substituted {
            arguments.allocate = Allocate::Pool;
        }
        if self.lists.contains_key(name) {
            return self.error(format!("There is a list of this name already: {name}"));
        }
        let number = if skipped {
            None
        } else {
            Some(self.new_list()?)
        };
        let list = List {
            number,
            slots: BTreeMap::new(),
        };
        self.lists.insert(name.to_owned(), list);
        let Some(list) = number else {
            return self.skip("throw");
        };
        let form = if substituted {
            Form::Substituted
        } else {
            Form::Single
        };
        let operation = Operation::Create(arguments);
        self.add(form, [Step { list, operation }])
    }

    fn new_list(&mut self) -> Result<u32> {
        match self.spare_lists.pop() {
            Some(list) => Ok(list),
            None => self.error(format!("The driver has no more lists than this: {LISTS}")),
        }
    }

    fn take_single(&mut self, frees: bool, target: &str) -> Result<()> {
        let (name, slot) = self.target(target)?;
        let Some(list) = self.list(name)? else {
            return self.skip("throw");
        };
        let step = self.slot_step(list, name, slot, frees, false)?;
        let form = if frees {
            Form::Single
        } else {
            Form::Allocation
        };
        self.add(form, [step])
    }

    fn take_batch(&mut self, frees: bool, targets: &[&str]) -> Result<()> {
        let mut steps = Vec::new();
        let mut named: Option<&str> = None;
        for target in targets {
            let (name, slot) = match named {
                Some(name) if !target.contains(':') => (name, self.slot(target)?),
                _ => self.target(target)?,
            };
            if *named.get_or_insert(name) != name {
                return self.error(format!("A batch is about one list: {target}"));
            }
            if let Some(list) = self.list(name)? {
                let chained = !frees && !steps.is_empty();
                steps.push(self.slot_step(list, name, slot, frees, chained)?);
            }
        }
        if steps.is_empty() {
            return self.skip("throw");
        }
        self.add(Form::Batch, steps)
    }

    fn take_whole(&mut self, name: &str, operation: Operation) -> Result<()> {
        match self.list(name)? {
            Some(list) => self.add(Form::Single, [Step { list, operation }]),
            None => self.skip("throw"),
        }
    }

    fn take_destroy(&mut self, name: &str) -> Result<()> {
        self.list(name)?;
        let Some(list) = self.lists.remove(name) else {
            return Ok(());
        };
        self.spare_slots.extend(list.slots.values());
        let Some(list) = list.number else {
            return self.skip("throw");
        };
        self.spare_lists.push(list);
        let operation = Operation::Destroy;
        self.add(Form::Single, [Step { list, operation }])
    }

    /// The operation on a slot of a list, whose slot it takes or gives back.
    fn slot_step(
        &mut self,
        list: u32,
        name: &str,
        slot: u64,
        frees: bool,
        chained: bool,
    ) -> Result<Step> {
        let wrong = if frees {
            "Nothing is allocated into this slot"
        } else {
            "Something is allocated into this slot"
        };
        let Some(known) = self.lists.get_mut(name) else {
            return self.error(format!("There is no list of this name: {name}"));
        };
        if known.slots.contains_key(&slot) != frees {
            return self.error(format!("{wrong}: {slot}"));
        }
        let operation = if frees {
            let slot = known.slots.remove(&slot).unwrap_or(0);
            self.spare_slots.push(slot);
            Operation::Free { slot }
        } else {
            let Some(number) = self.spare_slots.pop() else {
                return self.error(format!("The driver has no more slots than this: {SLOTS}"));
            };
            known.slots.insert(slot, number);
            Operation::Allocate {
                slot: number,
                chained,
            }
        };
        Ok(Step { list, operation })
    }

    /// The number of a list; none for one that is left out.
    fn list(&self, name: &str) -> Result<Option<u32>> {
        match self.lists.get(name) {
            Some(list) => Ok(list.number),
            None => self.error(format!("There is no list of this name: {name}")),
        }
    }

    /// `name:number`, or a number of the list named 0.
    fn target<'word>(&self, word: &'word str) -> Result<(&'word str, u64)> {
        let (name, number) = word.split_once(':').unwrap_or(("0", word));
        Ok((name, self.slot(number)?))
    }

    fn slot(&self, word: &str) -> Result<u64> {
        match word.parse() {
            Ok(number) => Ok(number),
            Err(_) => self.error(format!("A number is expected: {word}")),
        }
    }

    fn number(&self, word: &str) -> Result<u32> {
        let parsed = match word.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => word.parse(),
        };
        match parsed {
            Ok(number) => Ok(number),
            Err(_) => self.error(format!("A number is expected: {word}")),
        }
    }

    fn pool_type(&self, word: &str) -> Result<u32> {
        Ok(match word {
            "NonPagedPool" => 0,
            "PagedPool" => 1,
            "NonPagedPoolCacheAligned" => 4,
            "PagedPoolCacheAligned" => 5,
            "NonPagedPoolNx" => NON_PAGED_POOL_NX,
            "NonPagedPoolNxCacheAligned" => 516,
            number => self.number(number)?,
        })
    }

    fn tag(&self, word: &str) -> Result<u32> {
        if let Some(digits) = word.strip_prefix("0x")
            && digits.len() == 8
        {
            return self.number(word);
        }
        // A short one ends in zeros.
        let mut bytes = [0; 4];
        if word.is_empty() || word.len() > bytes.len() {
            return self.error(format!("A tag has one to four characters: {word}"));
        }
        for (place, byte) in bytes.iter_mut().zip(word.bytes()) {
            *place = byte;
        }
        Ok(u32::from_le_bytes(bytes))
    }
}

/// Whether a list's flags would let a default allocation raise, or are undefined without a callback.
fn needs_callback(arguments: &ListArguments) -> bool {
    match arguments.kind {
        Kind::Ex => arguments.flags != 0,
        Kind::NPaged | Kind::Paged => arguments.flags & 16 != 0,
    }
}
