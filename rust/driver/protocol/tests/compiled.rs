//! Which files are compiled traces, and what is in them.

use lookaside_protocol::compiled::{Compiled, Fault, MAGIC};
use lookaside_protocol::shape::Shape;
use lookaside_protocol::wire::{OPERATION_BYTES, OPERATIONS, VERSION, Words, write_words};

const CREATE: Words = [1, 0, 64, 512, 0x3030_3041, 0, 0, 0];
const FREE: Words = [3, 0, 0, 0, 0, 0, 0, 0];
const FLUSH: Words = [4, 0, 0, 0, 0, 0, 0, 0];

/// The operations on the lines 10, 20 and so on.
fn compiled(operations: &[Words], name: &[u8]) -> Vec<u8> {
    let count = operations.len() as u32;
    let mut words = vec![MAGIC, VERSION, count, name.len() as u32];
    words.extend(operations.iter().flatten());
    words.extend((1..=count).map(|line| line * 10));
    let mut bytes = vec![0; words.len() * 4];
    write_words(&words, &mut bytes);
    bytes.extend(name);
    bytes
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let bytes = compiled(&[CREATE, FLUSH, FREE], "é.trace".as_bytes());
    let trace = Compiled::of(&bytes).unwrap();
    assert_eq!(trace.name(), "é.trace");
    assert_eq!(trace.lines().collect::<Vec<_>>(), [10, 20, 30]);
    let steps: Vec<_> = trace.steps().map(|step| step.unwrap().words()).collect();
    assert_eq!(steps, [CREATE, FLUSH, FREE]);
}

#[test]
fn a_header_a_length_or_a_name_that_is_wrong_is_refused() {
    let sound = compiled(&[CREATE, FLUSH], b"name");
    for length in 0..sound.len() {
        let fault = if length < 16 {
            Fault::Header
        } else {
            Fault::Length
        };
        assert_eq!(Compiled::of(&sound[..length]).err(), Some(fault));
    }
    let longer = [&sound[..], &[0]].concat();
    assert_eq!(Compiled::of(&longer).err(), Some(Fault::Length));
    for bit in 0..128 {
        let mut wrong = sound.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let fault = if bit < 64 {
            Fault::Header
        } else {
            Fault::Length
        };
        assert_eq!(Compiled::of(&wrong).err(), Some(fault), "bit {bit}");
    }
    let latin = compiled(&[CREATE], b"\xE9");
    assert_eq!(Compiled::of(&latin).err(), Some(Fault::Name));
}

#[test]
fn the_line_of_the_first_operation_that_is_refused_is_known() {
    let refused = |operations: &[Words]| {
        let bytes = compiled(operations, b"");
        let trace = Compiled::of(&bytes).unwrap();
        trace.refused_line(&mut Shape::default())
    };
    assert_eq!(refused(&[]), None);
    assert_eq!(refused(&[CREATE, FLUSH]), None);
    assert_eq!(refused(&[CREATE, FLUSH, FREE, FREE]), Some(30));
    // What only the emulation can be asked: operations from 7, and callbacks that throw.
    for operation in 7..=10 {
        let words = [operation, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(refused(&[CREATE, words]), Some(20));
    }
    for throws in [3 << 8, 2 << 16] {
        let mut words = CREATE;
        words[7] = throws;
        assert_eq!(refused(&[words]), Some(10));
    }
}

#[test]
fn parts_are_as_long_as_a_program_can_be() {
    for (count, expected) in [(0, vec![]), (OPERATIONS + 3, vec![OPERATIONS, 3])] {
        let bytes = compiled(&vec![FLUSH; count], b"");
        let parts = Compiled::of(&bytes).unwrap().parts();
        let lengths: Vec<_> = parts.map(|part| part.len() / OPERATION_BYTES).collect();
        assert_eq!(lengths, expected);
    }
}

/// `deno task compile-traces` makes the files from `tests/traces`.
#[test]
fn every_trace_of_the_project_compiles_to_what_a_driver_takes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/traces");
    let files = std::fs::read_dir(folder).expect("first: deno task compile-traces");
    let mut count = 0;
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let trace = Compiled::of(&bytes).expect("a compiled trace");
        let (name, refused) = (trace.name(), trace.refused_line(&mut Shape::default()));
        assert_eq!(refused, None, "{name}");
        assert!(trace.lines().is_sorted(), "{name}");
        count += 1;
    }
    assert!(count > 30, "{count} traces");
}
