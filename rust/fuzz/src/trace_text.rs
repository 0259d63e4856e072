//! Trace files: what the client's reader makes of any text.

use lookaside_client::answer::write_trace;
use lookaside_client::trace::{Line, Trace, read};
use lookaside_protocol::shape::{Program, Shape, check};
use lookaside_protocol::wire::{
    HEADER_BYTES, OPERATION_BYTES, Operation, Record, Step, header, write_words,
};

/// Reads a text.
///
/// # Panics
///
/// Where the reader breaks one of its rules.
pub fn run(text: &str) {
    let lines = text.lines().count();
    let trace = match read(text) {
        Ok(trace) => trace,
        Err(error) => {
            assert!(
                (1..=lines).contains(&error.line),
                "line {} of {lines}",
                error.line
            );
            assert!(!error.message.is_empty() && !error.message.contains('\n'));
            return;
        }
    };
    check_lines(&trace, lines);
    check_steps(&trace.steps);
    let records = vec![Record::EMPTY; trace.steps.len()];
    let mut answer = String::new();
    write_trace(&mut answer, &trace, &records);
    let told = trace
        .lines
        .iter()
        .filter(|(_, line)| *line != Line::Skipped("expect"));
    assert!(answer.lines().count() >= told.count(), "a line is told of");
}

/// Each step belongs to one line, in their order.
fn check_lines(trace: &Trace, lines: usize) {
    let (mut last, mut next) = (0, 0);
    for (number, line) in &trace.lines {
        assert!(
            *number > last && *number <= lines,
            "line {number} after {last}"
        );
        last = *number;
        if let Line::Done { first, count, .. } = line {
            assert_eq!(*first, next);
            assert!(*count > 0, "a line that is done does something");
            next += count;
        }
    }
    assert_eq!(next, trace.steps.len());
}

/// What the reader keeps account of, lists and slots, the driver finds in order. It does not judge
/// what lists are made with, or how much pool they take: that may be refused.
fn check_steps(steps: &[Step]) {
    let (mut before, mut after) = (Shape::default(), Shape::default());
    for &step in steps {
        let words = step.words();
        assert_eq!(Step::of(words), Some(step), "what is sent is what is read");
        let mut bytes = [0; HEADER_BYTES + OPERATION_BYTES];
        bytes[..HEADER_BYTES].copy_from_slice(&header(1));
        write_words(&words, &mut bytes[HEADER_BYTES..]);
        let program = Program::of(&bytes, usize::MAX).expect("a program of one operation");
        if check(&program, &before, &mut after).is_err() {
            let is_of_account =
                matches!(step.operation, Operation::Free { .. } | Operation::Destroy);
            assert!(!is_of_account, "refused: {step:?}");
            if let Operation::Allocate { slot, .. } = step.operation {
                assert_eq!(
                    before.owner(slot as usize),
                    None,
                    "a slot that is taken: {step:?}"
                );
            }
            return;
        }
        std::mem::swap(&mut before, &mut after);
    }
}
