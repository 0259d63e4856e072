//! What the driver answered, as JSON lines.

use alloc::string::String;
use core::fmt::Write;

use lookaside_protocol::wire::{Record, outcome};

use crate::trace::{Form, Line, Trace};

/// Writes a text as a JSON string.
pub fn write_text(into: &mut String, text: &str) {
    into.push('"');
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(into, "\\u{:04x}", u32::from(control));
            }
            other => into.push(other),
        }
    }
    into.push('"');
}

/// Writes a line for each line of a trace that is not empty, but for `expect` lines.
pub fn write_trace(into: &mut String, trace: &Trace, records: &[Record]) {
    for (number, line) in &trace.lines {
        match line {
            Line::Skipped(reason) => {
                let _ = writeln!(into, r#"{{"line":{number},"skipped":"{reason}"}}"#);
            }
            Line::Done { first, count, form } => {
                let records = records.iter().skip(*first).take(*count);
                write_step(into, *number, *form, records);
            }
        }
    }
}

fn write_step<'record>(
    into: &mut String,
    number: usize,
    form: Form,
    records: impl Iterator<Item = &'record Record>,
) {
    let _ = write!(into, r#"{{"line":{number},"entries":["#);
    let mut last = Record::EMPTY;
    let mut comma = "";
    for record in records {
        let told =
            record.entry != 0 || (form == Form::Allocation && record.outcome == outcome::DONE);
        if told {
            let _ = write!(into, "{comma}{}", record.entry);
            comma = ",";
        }
        last = *record;
    }
    let done = match form {
        // What a batch finds empty it leaves alone; without a list there is nothing to do it with.
        Form::Batch if last.size != 0 => outcome::DONE,
        _ => last.outcome,
    };
    let _ = match done {
        outcome::DONE => write!(into, r#"],"outcome":"done""#),
        outcome::NOTHING => write!(into, r#"],"outcome":"nothing""#),
        _ => write!(into, r#"],"outcome":"status 0x{:X}""#, last.status),
    };
    if form == Form::Substituted {
        into.push_str(r#","substituted":true"#);
    }
    if last.size == 0 {
        into.push_str(",\"stats\":null}\n");
        return;
    }
    let _ = write!(
        into,
        concat!(
            r#","stats":{{"size":{},"depth":{},"maximumDepth":{},"currentDepth":{},"#,
            r#""totalAllocates":{},"allocateMisses":{},"totalFrees":{},"freeMisses":{},"#,
            r#""lastTotalAllocates":{},"lastAllocateMisses":{}}}}}"#,
            "\n"
        ),
        last.size,
        last.depths & 0xffff,
        last.maximum_depth,
        last.depths >> 16,
        last.total_allocates,
        last.allocate_misses,
        last.total_frees,
        last.free_misses,
        last.last_total_allocates,
        last.last_allocate_misses,
    );
}
