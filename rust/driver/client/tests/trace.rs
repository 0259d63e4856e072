//! Traces as programs, and answers as JSON lines.

use lookaside_client::answer::write_trace;
use lookaside_client::trace::{Form, Line, read};
use lookaside_protocol::wire::{Allocate, Kind, ListArguments, Operation, Record, outcome};

fn created(text: &str) -> ListArguments {
    let trace = read(text).unwrap();
    match trace.steps.first().unwrap().operation {
        Operation::Create(arguments) => arguments,
        other => panic!("{other:?}"),
    }
}

fn error(text: &str) -> (usize, String) {
    let error = read(text).err().unwrap();
    (error.line, error.message)
}

#[test]
fn a_list_line_is_read_with_its_defaults_and_its_keys() {
    let list = created("list size=64\n");
    assert_eq!(
        (list.kind, list.size, list.pool_type, list.flags),
        (Kind::Ex, 64, 512, 0)
    );
    assert_eq!(list.tag, u32::from_le_bytes(*b"srLL"));
    let list = created("list pool=PagedPool tag=ab size=8 max=300 alloc=fail free=pool flags=1\n");
    assert_eq!(
        (list.pool_type, list.maximum_depth, list.flags),
        (1, 300, 1)
    );
    assert_eq!(
        (list.tag, list.allocate),
        (u32::from_le_bytes(*b"ab\0\0"), Allocate::Fail)
    );
    assert_eq!(created("list size=8 tag=0x65656565\n").tag, 0x6565_6565);
    assert_eq!(
        created("list kind=paged size=8 flags=528 alloc=pool\n").pool_type,
        0
    );
}

#[test]
fn slots_are_numbered_anew_and_used_again() {
    let trace = read("list size=8\na 1000000\nf 1000000\na 7 # again\n").unwrap();
    let slots: Vec<_> = trace
        .steps
        .iter()
        .skip(1)
        .map(|step| step.operation)
        .collect();
    assert_eq!(
        slots[0],
        Operation::Allocate {
            slot: 0,
            chained: false
        }
    );
    assert_eq!(slots[1], Operation::Free { slot: 0 });
    assert_eq!(
        slots[2],
        Operation::Allocate {
            slot: 0,
            chained: false
        }
    );
}

#[test]
fn a_batch_stops_at_the_first_that_gives_nothing() {
    let trace = read("list name=b size=8\nbatch a b:1 2 b:3\n").unwrap();
    let chained = |step: usize| match trace.steps[step].operation {
        Operation::Allocate { chained, .. } => chained,
        other => panic!("{other:?}"),
    };
    assert_eq!([chained(1), chained(2), chained(3)], [false, true, true]);
    assert_eq!(
        trace.lines[1],
        (
            2,
            Line::Done {
                first: 1,
                count: 3,
                form: Form::Batch
            }
        )
    );
}

#[test]
fn what_no_kernel_can_be_asked_is_left_out_and_said() {
    let text = "list size=8\ntick\nfail 2\na 1\nbad interior 1\nexpect depth=4\n                list name=t size=8 alloc=throw\na t:1\nbatch f t:1\n";
    let trace = read(text).unwrap();
    assert_eq!(trace.steps.len(), 2);
    let skipped: Vec<_> = trace
        .lines
        .iter()
        .filter_map(|(line, what)| match what {
            Line::Skipped(reason) => Some((*line, *reason)),
            Line::Done { .. } => None,
        })
        .collect();
    let expected = [
        (2, "tick"),
        (3, "fail"),
        (5, "bad"),
        (6, "expect"),
        (7, "throw"),
        (8, "throw"),
        (9, "throw"),
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn flags_that_would_raise_get_a_callback() {
    for text in [
        "list size=8 flags=RaiseOnFail\n",
        "list kind=npaged size=8 flags=16\n",
    ] {
        assert_eq!(created(text).allocate, Allocate::Pool);
        let trace = read(text).unwrap();
        let form = Form::Substituted;
        assert_eq!(
            trace.lines[0],
            (
                1,
                Line::Done {
                    first: 0,
                    count: 1,
                    form
                }
            )
        );
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    assert_eq!(
        error("list size=8\nf 1\n"),
        (2, "Nothing is allocated into this slot: 1".into())
    );
    let twice = "Something is allocated into this slot: 1".into();
    assert_eq!(error("list size=8\na 1\na 1\n"), (3, twice));
    assert_eq!(
        error("a 1\n"),
        (1, "There is no list of this name: 0".into())
    );
    assert_eq!(
        error("a 1 24\n"),
        (1, "A recording: it has no list line".into())
    );
    assert_eq!(
        error("list size=x\n"),
        (1, "A number is expected: x".into())
    );
    assert_eq!(error("\nwhat\n"), (2, "Unknown operation: what".into()));
}

#[test]
fn records_become_lines() {
    let trace = read("list size=64\nbatch a 1 2\ntick\n").unwrap();
    let list = Record {
        size: 64,
        depths: 2 << 16 | 4,
        maximum_depth: 256,
        ..Record::EMPTY
    };
    let records = [
        list,
        Record { entry: 1, ..list },
        Record {
            outcome: outcome::NOTHING,
            ..list
        },
    ];
    let mut text = String::new();
    write_trace(&mut text, &trace, &records);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with(r#"{"line":1,"entries":[],"outcome":"done","stats":{"size":64,"#));
    assert!(lines[1].starts_with(r#"{"line":2,"entries":[1],"outcome":"done","stats""#));
    assert!(lines[1].contains(r#""depth":4,"maximumDepth":256,"currentDepth":2,"#));
    assert_eq!(lines[2], r#"{"line":3,"skipped":"tick"}"#);
}
