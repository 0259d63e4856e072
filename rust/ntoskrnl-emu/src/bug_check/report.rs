//! What a stop says beyond its numbers.

use std::cell::Cell;
use std::fmt::{self, Write};

use wdm::Kirql;

use super::BugCheck;
use crate::scope::{self, Doing};
use crate::sync::per_thread;

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
}

/// What a stop means: the code, its name, the first parameter where that selects, what was done, and
/// the four parameters.
pub(crate) struct Meaning {
    pub(crate) code: u32,
    pub(crate) name: &'static str,
    pub(crate) first: Option<u64>,
    pub(crate) what: &'static str,
    pub(crate) parameters: [&'static str; 4],
}

const fn row(
    code: u32,
    name: &'static str,
    first: u64,
    what: &'static str,
    parameters: [&'static str; 4],
) -> Meaning {
    Meaning {
        code,
        name,
        first: Some(first),
        what,
        parameters,
    }
}

const fn plain(
    code: u32,
    name: &'static str,
    what: &'static str,
    parameters: [&'static str; 4],
) -> Meaning {
    Meaning {
        code,
        name,
        first: None,
        what,
        parameters,
    }
}

const POOL: &str = "BAD_POOL_CALLER";
const VERIFIER: &str = "DRIVER_VERIFIER_DETECTED_VIOLATION";
const KIND: &str = "kind of violation";

/// The stops that the emulation raises. The pages of the bug check reference are named in `stops`.
pub(crate) const MEANINGS: &[Meaning] = &[
    row(
        0xC2,
        POOL,
        0x9A,
        "a request of must-succeed pool",
        [KIND, "pool type", "bytes", "tag"],
    ),
    row(
        0xC2,
        POOL,
        0x44,
        "a free of an address inside a block of nonpaged pool",
        [KIND, "address", "", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0xE1,
        "a list is initialised in paged pool",
        [KIND, "list", "", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x40,
        "a spin lock is acquired at a level that stays, below DISPATCH_LEVEL",
        [KIND, "level", "spin lock", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x41,
        "a spin lock is released at a level that stays, below DISPATCH_LEVEL",
        [KIND, "level", "spin lock", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x0002_0015,
        "a release of a spin lock to another level than that before it was acquired",
        [KIND, "", "", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x4C4B_0003,
        "a list was not deleted, and its memory is gone",
        [KIND, "list", "", ""],
    ),
    plain(
        0x1E,
        "KMODE_EXCEPTION_NOT_HANDLED",
        "a raised exception that nothing catches",
        ["status", "caller", "", ""],
    ),
    plain(
        0x0F,
        "SPIN_LOCK_ALREADY_OWNED",
        "a thread asks for a spin lock that it holds",
        ["spin lock", "", "", ""],
    ),
    plain(
        0x10,
        "SPIN_LOCK_NOT_OWNED",
        "a thread releases a spin lock that it does not hold",
        ["spin lock", "", "", ""],
    ),
    row(
        0x19,
        "BAD_POOL_HEADER",
        0x22,
        "an allocate callback returned what cannot be an entry",
        [KIND, "what it returned", "list", "bytes per entry"],
    ),
    row(
        0xC2,
        POOL,
        0x00,
        "a request of no bytes",
        [KIND, "", "pool type", "tag"],
    ),
    row(
        0xC2,
        POOL,
        0x07,
        "a free of what is freed already",
        [KIND, "", "tag of the block", "address"],
    ),
    row(
        0xC2,
        POOL,
        0x0A,
        "a free with another tag than the block's",
        [KIND, "address", "tag of the block", "tag of the free"],
    ),
    row(
        0xC2,
        POOL,
        0x42,
        "a free of an address that was never in the pool",
        [KIND, "address", "", ""],
    ),
    row(
        0xC2,
        POOL,
        0x46,
        "a free of an address where no block or entry of this list begins",
        [KIND, "address", "", ""],
    ),
    row(
        0xC2,
        POOL,
        0x9B,
        "a request with tag 0",
        [KIND, "pool type", "bytes", "caller"],
    ),
    row(
        0xC2,
        POOL,
        0x9C,
        "a request with the tag BIG",
        [KIND, "pool type", "bytes", "caller"],
    ),
    row(
        0xC2,
        POOL,
        0x9D,
        "a request with a tag that has no letter and no digit",
        [KIND, "tag", "pool type", "caller"],
    ),
    row(
        0xC2,
        POOL,
        0x41286,
        "a free of an address inside a block of paged pool",
        [KIND, "", "", "page in the pool"],
    ),
    row(
        0xC4,
        VERIFIER,
        0x30,
        "a raise to a lower level, or to none",
        [KIND, "level", "level asked for", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x31,
        "a lowering to a higher level",
        [KIND, "level", "level asked for", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x32,
        "a release of a spin lock at another level than DISPATCH_LEVEL",
        [KIND, "level", "spin lock", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x42,
        "an acquire of a spin lock above DISPATCH_LEVEL",
        [KIND, "level", "spin lock", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x62,
        "an unload with blocks or entries left",
        [KIND, "name of the driver", "", "blocks and entries left"],
    ),
    row(
        0xC4,
        VERIFIER,
        0xCB,
        "a routine is called on a list that is not initialised",
        [KIND, "list", "", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0xCC,
        "a free of a block that an initialised list lies in",
        [KIND, "list", "start of the block", "bytes of the block"],
    ),
    row(
        0xC4,
        VERIFIER,
        0x4C4B_0001,
        "a confined list is used by another thread",
        [KIND, "list", "", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x4C4B_0002,
        "a routine that needs PASSIVE_LEVEL is called above it",
        [KIND, "level", "", ""],
    ),
    row(
        0xC4,
        VERIFIER,
        0x4C4B_0010,
        "an unload of the root driver, or of one that is not loaded",
        [KIND, "index of the driver", "", ""],
    ),
    plain(
        0xCE,
        "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS",
        "an unload with lists left",
        ["oldest list", "", "", ""],
    ),
    row(
        0x139,
        "KERNEL_SECURITY_CHECK_FAILURE",
        3,
        "a list's memory was written over",
        [KIND, "list or header", "", ""],
    ),
];

/// What a stop of these numbers means, where the emulation raises it.
pub(crate) fn meaning_of(stop: &BugCheck) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|row| {
        let [first, ..] = stop.parameters;
        row.code == stop.code && row.first.is_none_or(|value| value == first)
    })
}

/// A stop and where its thread was.
#[derive(Clone, Copy)]
struct Noted {
    stop: BugCheck,
    doing: Doing,
    driver: u32,
    irql: Kirql,
}

per_thread! {
    /// The thread's newest stop.
    static NEWEST: Cell<Option<Noted>> = const { Cell::new(None) };
}

/// Notes where the thread is, for the report of a stop that is about to be raised.
pub(super) fn note(stop: BugCheck) {
    let noted = Noted {
        stop,
        doing: scope::take_doing(),
        driver: scope::driver(),
        irql: scope::level(),
    };
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
    }
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
        Ok(())
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
        format!(
            "{{\"code\":{},\"name\":{},\"meaning\":{},\"parameters\":[{}],\"routine\":{},\
             \"list\":{},\"tag\":{},\"driver\":{},\"irql\":{}}}",
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
        )
    }
}

/// Writes a report to the file that the environment names, `EMU_REPORT=file`.
pub(super) fn write_file(report: &Report) {
    if let Some(path) = std::env::var_os("EMU_REPORT").filter(|path| !path.is_empty())
        && let Err(error) = std::fs::write(&path, report.to_json() + "\n")
    {
        eprintln!("Cannot write the report: {error}: {}", path.display());
    }
}
