//! What a stop says beyond its numbers.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};

use wdm::Kirql;

use super::BugCheck;
use super::meanings::{MEANINGS, Meaning};
use crate::caller;
use crate::event_log::{Event, recent};
use crate::scope::{self, Doing};
use crate::stack::{self, Stack, StackDepth};
use crate::sync::{Once, per_thread};

/// One parameter of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedParameter {
    /// Its value.
    pub value: u64,
    /// What the value is; empty for a reserved parameter.
    pub meaning: &'static str,
}

/// What a stop says beyond its numbers.
///
/// As text it begins with the line that a kernel prints.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The stop.
    pub stop: BugCheck,
    /// The code's name; empty where the emulation does not raise it.
    pub name: &'static str,
    /// What was done that is not allowed; empty for a stop of a driver's own.
    pub meaning: &'static str,
    /// The four parameters.
    pub parameters: [ReportedParameter; 4],
    /// The routine that stopped, by its WDK name.
    pub routine: Option<&'static str>,
    /// The address of the list that it was called for.
    pub list: Option<u64>,
    /// That list's tag.
    pub tag: Option<u32>,
    /// The name of the thread's current driver.
    pub driver: Option<String>,
    /// The thread's level.
    pub irql: Option<Kirql>,
    /// The code that called the routine.
    pub call_site: Option<String>,
    /// The thread's stack, from that code on, where stacks are asked for.
    pub stack: Vec<String>,
    /// The block that one of the parameters lies in, or lay in last.
    pub block: Option<ReportedBlock>,
    /// The last calls of the process before the stop, the oldest first, where stacks are asked for.
    pub events: Vec<String>,
}

/// A block or entry that a stop is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedBlock {
    /// Where it begins.
    pub address: u64,
    /// How far from there the parameter is that names it; negative before it.
    pub offset: i64,
    /// The bytes that were asked for.
    pub bytes: u64,
    /// Its tag.
    pub tag: u32,
    /// Whether it is paged pool.
    pub is_paged: bool,
    /// What it is: `allocated`, `freed` or `kept by its list`.
    pub state: &'static str,
    /// The address of the list that it is an entry of.
    pub list: Option<u64>,
    /// Where it was allocated last, where stacks are asked for.
    pub allocated: Vec<String>,
    /// Where it was freed last, if it is.
    pub freed: Vec<String>,
}

/// What a stop of these numbers means, where the emulation raises it.
fn meaning_of(stop: &BugCheck) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|row| {
        let [first, .., last] = stop.parameters;
        row.code == stop.code
            && row.first.is_none_or(|value| value == first)
            && row.last.is_none_or(|value| value == last)
    })
}

/// A stop and where its thread was.
#[derive(Clone, Copy)]
struct Noted {
    stop: BugCheck,
    doing: Doing,
    driver: u32,
    irql: Kirql,
    stack: Stack,
    /// The address that the routine returns to; zero where it is not known.
    caller: usize,
}

per_thread! {
    /// The thread's newest stop.
    static NEWEST: Cell<Option<Noted>> = const { Cell::new(None) };
}

per_thread! {
    /// The last calls before it.
    static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
}

/// Says what is known of the block at an address.
type Describe = fn(u64) -> Option<ReportedBlock>;

static DESCRIBE: Once<Describe> = Once::new();

/// Has reports say what a function knows of the blocks that stops are about.
pub(crate) fn describe_blocks_by(describe: Describe) {
    let _ = DESCRIBE.set(describe);
}

/// Notes where the thread is, for the report of a stop that is about to be raised.
pub(super) fn note(stop: BugCheck) {
    note_with(stop, Stack::of(scope::driver()));
}

/// As [`note`], for a fault at an instruction.
#[cfg_attr(
    any(not(unix), loom, miri),
    allow(dead_code, reason = "there is no special pool")
)]
pub(super) fn note_at(stop: BugCheck, instruction: usize) {
    let depth = stack::depth_of(scope::driver()).unwrap_or(StackDepth::USUAL);
    note_with(stop, Stack::from(instruction, depth));
}

fn note_with(stop: BugCheck, stack: Stack) {
    let driver = scope::driver();
    let noted = Noted {
        stop,
        doing: scope::take_doing(),
        driver,
        irql: scope::level(),
        stack,
        caller: if stack.is_some() || !stack::can_walk() {
            stack.caller()
        } else {
            caller::return_address() as usize
        },
    };
    let events = if stack::is_on() { recent() } else { Vec::new() };
    // A thread that ends has no events.
    let _ = EVENTS.try_with(|place| place.replace(events));
    NEWEST.with(|newest| newest.set(Some(noted)));
}

pub(super) fn of(stop: BugCheck) -> Report {
    let meaning = meaning_of(&stop);
    let noted = NEWEST.with(Cell::get).filter(|noted| noted.stop == stop);
    let doing = noted.map_or(Doing::NOTHING, |noted| noted.doing);
    let names = meaning.map_or([""; 4], |meaning| meaning.parameters);
    let parameter = |place: usize| ReportedParameter {
        value: stop.parameters[place],
        meaning: names[place],
    };
    let stack = noted.map_or_else(Vec::new, |noted| noted.stack.frames());
    let call_site = stack.first().cloned().or_else(|| {
        let caller = noted
            .map(|noted| noted.caller)
            .filter(|&caller| caller != 0)?;
        let text = stack::symbolized(caller - 1);
        (!stack::is_own(&text)).then_some(text)
    });
    let events = EVENTS.try_with(|events| events.borrow().iter().map(Event::to_string).collect());
    let described = DESCRIBE.get().and_then(|describe| {
        let others = stop
            .parameters
            .into_iter()
            .filter(|&value| value != doing.list as u64);
        others.rev().find_map(describe)
    });
    Report {
        stop,
        name: meaning.map_or("", |meaning| meaning.name),
        meaning: meaning.map_or("", |meaning| meaning.what),
        parameters: [0, 1, 2, 3].map(parameter),
        routine: doing.routine,
        list: (doing.list != 0).then_some(doing.list as u64),
        tag: (doing.tag != 0).then_some(doing.tag),
        driver: noted.map(|noted| scope::driver_name(noted.driver)),
        irql: noted.map(|noted| noted.irql),
        call_site,
        stack,
        block: described,
        events: noted.and(events.ok()).unwrap_or_default(),
    }
}

impl fmt::Display for ReportedBlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            bytes,
            tag,
            ..
        } = self;
        let tag = tag_text(*tag);
        let pool = if self.is_paged { "paged" } else { "nonpaged" };
        let state = self.state;
        write!(
            formatter,
            "{bytes} bytes at {address:#018x}, tag \"{tag}\", {pool} pool, {state}"
        )?;
        if let Some(list) = self.list {
            write!(formatter, ", of the list at {list:#018x}")?;
        }
        if self.offset != 0 {
            write!(
                formatter,
                "; the address is {} bytes from its start",
                self.offset
            )?;
        }
        Ok(())
    }
}

/// Writes a heading and a line for each of what stands below it, if there is any.
fn write_below(formatter: &mut fmt::Formatter<'_>, heading: &str, lines: &[String]) -> fmt::Result {
    if !lines.is_empty() {
        write!(formatter, "\n    {heading}:")?;
    }
    for (number, line) in lines.iter().enumerate() {
        write!(formatter, "\n        #{number} {line}")?;
    }
    Ok(())
}

/// A tag as text, a character that is not printable as a dot.
fn tag_text(tag: u32) -> String {
    let characters = tag.to_le_bytes().map(|byte| match byte {
        b' '..=b'~' => char::from(byte),
        _ => '.',
    });
    characters.iter().collect()
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.stop)?;
        if !self.name.is_empty() {
            write!(formatter, "\n    {}: {}", self.name, self.meaning)?;
        }
        for (number, parameter) in (1..).zip(&self.parameters) {
            if !parameter.meaning.is_empty() {
                let ReportedParameter { value, meaning } = parameter;
                write!(formatter, "\n    parameter {number}, {meaning}: {value:#x}")?;
            }
        }
        if let Some(routine) = self.routine {
            write!(formatter, "\n    routine: {routine}")?;
        }
        if let Some(list) = self.list {
            write!(formatter, "\n    list: {list:#018x}")?;
            if let Some(tag) = self.tag {
                write!(formatter, ", tag \"{}\"", tag_text(tag))?;
            }
        }
        if let (Some(driver), Some(irql)) = (&self.driver, self.irql) {
            write!(formatter, "\n    driver: {driver}, IRQL {irql}")?;
        }
        if let Some(site) = &self.call_site {
            write!(formatter, "\n    call site: {site}")?;
        }
        if let Some(block) = &self.block {
            write!(formatter, "\n    block: {block}")?;
            write_below(formatter, "allocated at", &block.allocated)?;
            write_below(formatter, "freed at", &block.freed)?;
        }
        write_below(formatter, "stack", &self.stack)?;
        write_below(formatter, "last calls", &self.events)
    }
}

/// A text as a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..='\x1f' => _ = write!(out, "\\u{:04x}", u32::from(character)),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

impl Report {
    /// The report as JSON. 64-bit numbers are strings in hexadecimal; what is not known is null.
    pub fn to_json(&self) -> String {
        let text = |value: Option<&str>| value.map_or("null".to_owned(), quoted);
        let parameters = self.parameters.map(|ReportedParameter { value, meaning }| {
            format!(
                "{{\"value\":\"{value:#x}\",\"meaning\":{}}}",
                quoted(meaning)
            )
        });
        let list = self.list.map(|list| format!("{list:#x}"));
        let tag = self.tag.map(tag_text);
        let block = self.block.as_ref().map(ReportedBlock::to_json);
        format!(
            "{{\"code\":{},\"name\":{},\"meaning\":{},\"parameters\":[{}],\"routine\":{},\
             \"list\":{},\"tag\":{},\"driver\":{},\"irql\":{},\"callSite\":{},\"stack\":{},\
             \"block\":{},\"events\":{}}}",
            self.stop.code,
            quoted(self.name),
            quoted(self.meaning),
            parameters.join(","),
            text(self.routine),
            text(list.as_deref()),
            text(tag.as_deref()),
            text(self.driver.as_deref()),
            self.irql
                .map_or("null".to_owned(), |level| level.to_string()),
            text(self.call_site.as_deref()),
            array(&self.stack),
            block.unwrap_or("null".to_owned()),
            array(&self.events),
        )
    }
}

impl ReportedBlock {
    fn to_json(&self) -> String {
        let list = self.list.map(|list| format!("\"{list:#x}\""));
        format!(
            "{{\"address\":\"{:#x}\",\"offset\":{},\"bytes\":{},\"tag\":{},\"paged\":{},\"state\":{},\"list\":{},\
             \"allocated\":{},\"freed\":{}}}",
            self.address,
            self.offset,
            self.bytes,
            quoted(&tag_text(self.tag)),
            self.is_paged,
            quoted(self.state),
            list.unwrap_or("null".to_owned()),
            array(&self.allocated),
            array(&self.freed),
        )
    }
}

/// Lines as a JSON array.
fn array(lines: &[String]) -> String {
    let quoted: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
    format!("[{}]", quoted.join(","))
}

/// Writes a report to the file that the environment names, `EMU_REPORT=file`.
pub(super) fn write_file(report: &Report) {
    if let Some(path) = std::env::var_os("EMU_REPORT").filter(|path| !path.is_empty())
        && let Err(error) = std::fs::write(&path, report.to_json() + "\n")
    {
        eprintln!("Cannot write the report: {error}: {}", path.display());
    }
}
