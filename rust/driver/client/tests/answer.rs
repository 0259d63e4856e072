//! Answers as JSON lines.

use lookaside_client::answer::write_record;
use lookaside_protocol::wire::{Record, outcome};

#[test]
fn a_record_becomes_a_line_that_names_its_line_of_the_trace() {
    let stats = concat!(
        r#""stats":{"size":64,"depth":4,"maximumDepth":256,"currentDepth":2,"totalAllocates":10,"#,
        r#""allocateMisses":9,"totalFrees":8,"freeMisses":6,"lastTotalAllocates":5,"#,
        r#""lastAllocateMisses":3}}"#
    );
    let list = |outcome| Record::of([outcome, 0, 7, 0, 2 << 16 | 4, 256, 64, 10, 9, 8, 6, 5, 3]);
    let failed = Record::of([
        outcome::STATUS,
        0xC000_009A,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]);
    let other = Record {
        birth: 9,
        ..list(outcome::DONE)
    };
    for (record, expected) in [
        (
            list(outcome::DONE),
            format!(r#"7,"outcome":"done",{stats}"#),
        ),
        (
            list(outcome::NOTHING),
            format!(r#"7,"outcome":"nothing",{stats}"#),
        ),
        (other, format!(r#"7,"birth":9,"outcome":"done",{stats}"#)),
        (
            failed,
            r#"0,"outcome":"status 0xC000009A","stats":null}"#.into(),
        ),
    ] {
        let mut text = String::new();
        write_record(&mut text, 5, &record);
        assert_eq!(text, format!("{{\"line\":5,\"entry\":{expected}\n"));
    }
}
