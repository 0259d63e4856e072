//! The last calls of the process, for the report of a stop, where stacks are asked for.

use std::collections::VecDeque;
use std::fmt;

use wdm::Kirql;

use super::{Call, Op, push_tag};
use crate::scope;
use crate::sync::{Lock, global};

/// How many are kept.
const EVENTS: usize = 64;

/// A call that was noted.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    op: Op,
    /// Its addresses stand here inverted: a tool that looks for pointers does not find one here to a
    /// block that its owner lost.
    call: Option<Call>,
    thread: usize,
    driver: u32,
    irql: Kirql,
}

global! {
    static RECENT: Lock<VecDeque<Event>> = Lock::new(VecDeque::new());
}

/// Notes a call of this thread.
pub(super) fn note(op: Op, call: Option<&Call>) {
    let event = Event {
        op,
        call: call.map(inverted),
        thread: scope::holder(),
        driver: scope::driver(),
        irql: scope::level(),
    };
    let mut recent = RECENT.lock();
    if recent.len() == EVENTS {
        recent.pop_front();
    }
    recent.push_back(event);
}

fn inverted(call: &Call) -> Call {
    Call {
        address: !call.address,
        list: !call.list,
        ..*call
    }
}

/// The last calls, the oldest first.
pub(crate) fn recent() -> Vec<Event> {
    RECENT.lock().iter().copied().collect()
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.op.name())?;
        if let Some(call) = self.call.as_ref().map(inverted) {
            let mut tag = String::new();
            push_tag(call.tag, &mut tag);
            write!(formatter, " {} {tag}", call.kind)?;
            if !matches!(self.op, Op::Free) {
                write!(formatter, " {} bytes", call.size)?;
            }
            write!(formatter, " at {:#x}", call.address)?;
            if call.list != 0 && call.list != call.address {
                write!(formatter, " of list {:#x}", call.list)?;
            }
        }
        let driver = scope::driver_name(self.driver);
        // Holders are odd numbers.
        let thread = self.thread / 2 + 1;
        write!(
            formatter,
            ", thread {thread}, driver {driver}, IRQL {}",
            self.irql
        )
    }
}
