//! Compiled traces: what their reader makes of any bytes, and the place that a refusal names.

use lookaside_protocol::compiled::{Compiled, MAGIC};
use lookaside_protocol::shape::{Program, Shape, check};
use lookaside_protocol::wire::{
    OPERATION_BYTES, RECORD_BYTES, VERSION, header, read_words, write_words,
};

/// Reads bytes as a file, and as the operations of one; how many of these a driver takes.
///
/// # Panics
///
/// Where the reader breaks one of its rules.
pub fn run(input: &[u8]) -> usize {
    if let Ok(trace) = Compiled::of(input) {
        follow(&trace);
    }
    // A file whose operations are these bytes, on the lines 1, 2 and so on.
    let count = (input.len() / OPERATION_BYTES) as u32;
    let words = |words: &[u32]| {
        let mut bytes = vec![0; words.len() * 4];
        write_words(words, &mut bytes);
        bytes
    };
    let mut file = words(&[MAGIC, VERSION, count, 4]);
    file.extend(&input[..count as usize * OPERATION_BYTES]);
    file.extend(words(&(1..=count).collect::<Vec<_>>()));
    file.extend(b"fuzz");
    let trace = Compiled::of(&file).expect("a file of the right form");
    assert!(trace.lines().eq(1..=count) && trace.name() == "fuzz");
    follow(&trace)
}

/// The driver takes all operations before the one whose line is named, a program each.
fn follow(trace: &Compiled<'_>) -> usize {
    let refused = trace.refused_line(&mut Shape::default());
    let (mut before, mut after) = (Shape::default(), Shape::default());
    let operations = trace.parts().flat_map(|part| part.chunks(OPERATION_BYTES));
    assert_eq!(trace.lines().len(), operations.clone().count());
    let steps = trace.steps().zip(trace.lines());
    let mut taken = 0;
    for (operation, (step, line)) in operations.zip(steps) {
        let words = read_words(operation).expect("an operation");
        assert!(step.is_none_or(|step| step.words() == words));
        let input = [&header(1)[..], operation].concat();
        let program = Program::of(&input, RECORD_BYTES).expect("a program of one operation");
        if check(&program, &before, &mut after).is_err() {
            assert_eq!(refused, Some(line), "the first line that is refused");
            return taken;
        }
        taken += 1;
        std::mem::swap(&mut before, &mut after);
    }
    assert_eq!(refused, None);
    taken
}
