//! Which programs are accepted.

use lookaside_protocol::shape::{Program, Refusal, Shape, check};
use lookaside_protocol::wire::{
    Allocate, ENTRY_BYTES, Free, HANDLE_BYTES, HEADER_BYTES, Kind, LISTS, ListArguments,
    OPERATION_BYTES, OPERATIONS, Operation, RECORD_BYTES, SLOTS, Step, header, write_words,
};

const LIST: ListArguments = ListArguments {
    kind: Kind::Ex,
    allocate: Allocate::Default,
    free: Free::Default,
    size: 64,
    pool_type: 512,
    tag: 0x3030_3041,
    flags: 0,
    maximum_depth: 0,
    takes_others: false,
};

fn step(list: u32, operation: Operation) -> Step {
    Step { list, operation }
}

fn create(arguments: ListArguments) -> Step {
    step(0, Operation::Create(arguments))
}

fn allocate(slot: u32) -> Step {
    step(
        0,
        Operation::Allocate {
            slot,
            chained: false,
        },
    )
}

fn free(slot: u32) -> Step {
    step(0, Operation::Free { slot, into: None })
}

fn free_to(slot: u32, into: u32) -> Step {
    let into = Some(into);
    step(0, Operation::Free { slot, into })
}

fn bytes(steps: &[Step]) -> Vec<u8> {
    let mut bytes = header(steps.len() as u32).to_vec();
    for step in steps {
        let mut operation = [0; OPERATION_BYTES];
        write_words(&step.words(), &mut operation);
        bytes.extend(operation);
    }
    bytes
}

fn shape_after(before: &Shape, steps: &[Step]) -> Result<Box<Shape>, Refusal> {
    let input = bytes(steps);
    let program = Program::of(&input, steps.len() * RECORD_BYTES)?;
    let mut after = Box::<Shape>::default();
    check(&program, before, &mut after)?;
    Ok(after)
}

fn accepts(steps: &[Step]) -> bool {
    shape_after(&Shape::default(), steps).is_ok()
}

#[test]
fn a_length_a_count_or_a_header_that_is_wrong_is_refused() {
    let sound = bytes(&[create(LIST), allocate(0)]);
    let room = 2 * RECORD_BYTES;
    assert!(Program::of(&sound, room).is_ok());
    assert_eq!(Program::of(&sound, room - 1).err(), Some(Refusal::Output));
    for length in 0..sound.len() {
        assert_eq!(
            Program::of(&sound[..length], room).err(),
            Some(Refusal::Input)
        );
    }
    for word in 0..HEADER_BYTES / 4 {
        let mut wrong = sound.clone();
        wrong[word * 4] ^= 0x40;
        assert_eq!(
            Program::of(&wrong, room).err(),
            Some(Refusal::Input),
            "word {word}"
        );
    }
    assert_eq!(Program::of(&header(0), room).err(), Some(Refusal::Input));
    let long = vec![create(LIST); OPERATIONS + 1];
    assert_eq!(
        Program::of(&bytes(&long), usize::MAX).err(),
        Some(Refusal::Input)
    );
}

#[test]
fn every_word_that_has_no_meaning_is_refused() {
    let steps = [
        create(LIST),
        allocate(0),
        free(0),
        step(0, Operation::Flush),
    ];
    for (index, step) in steps.iter().enumerate().skip(1) {
        // A free may name a list there.
        let first = if index == 2 { 4 } else { 3 };
        for word in first..8 {
            let mut words = step.words();
            words[word] ^= 2;
            assert_eq!(Step::of(words), None, "step {index}, word {word}");
        }
    }
    assert_eq!(Step::of([7, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(Step::of([0; 8]), None);
    assert_eq!(Step::of([5, 0, 0x1_0000, 0, 0, 0, 0, 0]), None);
}

#[test]
fn a_slot_is_taken_from_its_allocation_to_its_free() {
    assert!(accepts(&[create(LIST), allocate(3), free(3), allocate(3)]));
    assert!(!accepts(&[create(LIST), allocate(3), allocate(3)]));
    assert!(!accepts(&[create(LIST), free(3)]));
    assert!(!accepts(&[create(LIST), allocate(3), free(3), free(3)]));
    assert!(!accepts(&[create(LIST), allocate(SLOTS as u32)]));
    assert!(!accepts(&[create(LIST), allocate(u32::MAX)]));
    let other = step(1, Operation::Create(LIST));
    let foreign = step(
        1,
        Operation::Free {
            slot: 3,
            into: None,
        },
    );
    assert!(!accepts(&[create(LIST), other, allocate(3), foreign]));
}

#[test]
fn a_list_is_used_between_its_creation_and_its_deletion() {
    let destroy = step(0, Operation::Destroy);
    assert!(!accepts(&[allocate(0)]));
    assert!(!accepts(&[create(LIST), create(LIST)]));
    assert!(!accepts(&[create(LIST), destroy, destroy]));
    assert!(!accepts(&[create(LIST), destroy, allocate(0)]));
    assert!(!accepts(&[step(LISTS as u32, Operation::Create(LIST))]));
    assert!(!accepts(&[step(u32::MAX, Operation::Create(LIST))]));
    // What its slots held is gone with it.
    assert!(accepts(&[
        create(LIST),
        allocate(3),
        destroy,
        create(LIST),
        allocate(3)
    ]));
    assert!(!accepts(&[
        create(LIST),
        allocate(3),
        destroy,
        create(LIST),
        free(3)
    ]));
}

#[test]
fn what_a_program_leaves_is_there_for_the_next_and_a_refused_one_changes_nothing() {
    let first = shape_after(&Shape::default(), &[create(LIST), allocate(3)]).unwrap();
    assert!(shape_after(&first, &[free(3)]).is_ok());
    assert!(shape_after(&first, &[free(3), free(3)]).is_err());
    assert_eq!(first.owner(3), Some(0));
    assert_eq!(first.owner(4), None);
    assert_eq!(first.lists().collect::<Vec<_>>(), [0]);
}

#[test]
fn arguments_that_windows_refuses_or_leaves_undefined_are_refused() {
    let sound = |list: ListArguments| accepts(&[create(list)]);
    assert!(sound(LIST));
    for pool_type in [2, 3, 6, 7, 16, 32, 513, 1024, u32::MAX] {
        assert!(!sound(ListArguments { pool_type, ..LIST }), "{pool_type}");
    }
    for size in [0, ENTRY_BYTES + 1, u32::MAX] {
        assert!(!sound(ListArguments { size, ..LIST }), "{size}");
    }
    for maximum_depth in [1, 255, 1025, u16::MAX] {
        assert!(
            !sound(ListArguments {
                maximum_depth,
                ..LIST
            }),
            "{maximum_depth}"
        );
    }
    assert!(!sound(ListArguments { tag: 0, ..LIST }));
    for flags in [1, 2] {
        assert!(
            !sound(ListArguments { flags, ..LIST }),
            "it would raise, or is undefined"
        );
        let allocate = Allocate::Pool;
        assert!(sound(ListArguments {
            flags,
            allocate,
            ..LIST
        }));
    }
    let legacy = ListArguments {
        kind: Kind::Paged,
        pool_type: 0,
        ..LIST
    };
    assert!(sound(legacy));
    assert!(!sound(ListArguments {
        pool_type: 1,
        ..legacy
    }));
    assert!(
        !sound(ListArguments {
            flags: 16,
            ..legacy
        }),
        "it would raise"
    );
    assert!(!sound(ListArguments {
        maximum_depth: 256,
        ..legacy
    }));
    assert!(
        !accepts(&[create(legacy), step(0, Operation::Flush)]),
        "there is no such routine"
    );
}

#[test]
fn a_depth_is_at_most_the_maximum_depth() {
    let with = |maximum_depth, depth| {
        let list = ListArguments {
            maximum_depth,
            ..LIST
        };
        accepts(&[create(list), step(0, Operation::Depth(depth))])
    };
    assert!(with(0, 0) && with(0, 256) && with(1024, 1024));
    assert!(!with(0, 257) && !with(256, 257) && !with(1024, 1025));
}

#[test]
fn an_entry_may_go_to_a_list_that_takes_it() {
    let taker = ListArguments {
        size: 49,
        takes_others: true,
        ..LIST
    };
    let passes = |from: ListArguments, into: ListArguments| {
        let other = step(1, Operation::Create(into));
        accepts(&[create(from), other, allocate(3), free_to(3, 1)])
    };
    assert!(passes(LIST, taker));
    assert!(!passes(LIST, LIST));
    let (tag, pool_type) = (1, 0);
    let (allocate_pool, free_pool) = (Allocate::Pool, Free::Pool);
    for unlike in [
        ListArguments { tag, ..LIST },
        ListArguments { pool_type, ..LIST },
        ListArguments { size: 48, ..LIST },
        ListArguments { size: 65, ..LIST },
        ListArguments {
            allocate: allocate_pool,
            ..LIST
        },
        ListArguments {
            free: free_pool,
            ..LIST
        },
    ] {
        let into = ListArguments {
            takes_others: true,
            ..unlike
        };
        assert!(!passes(LIST, into) && !passes(unlike, taker), "{unlike:?}");
    }
    // Kinds and what a list does without memory make no difference; flags that are part of the pool do.
    let kind = |kind, flags| ListArguments {
        kind,
        pool_type: 0,
        flags,
        ..taker
    };
    assert!(passes(LIST, kind(Kind::NPaged, 512)) && !passes(LIST, kind(Kind::NPaged, 0)));
    let paged = ListArguments {
        pool_type: 1,
        ..LIST
    };
    assert!(passes(paged, kind(Kind::Paged, 0)) && !passes(LIST, kind(Kind::Paged, 0)));
    // A page and more are whole pages. An entry without room for its ordinal stays among its kind.
    let sized = |size| ListArguments { size, ..taker };
    assert!(passes(sized(4090), sized(4096)) && passes(sized(4097), sized(8192)));
    assert!(!passes(sized(4096), sized(4097)));
    assert!(passes(sized(1), sized(15)) && !passes(sized(15), sized(16)));
    // There is such a list, and it is another one.
    let lists = [
        create(taker),
        step(1, Operation::Create(taker)),
        allocate(3),
    ];
    for into in [0, 2, LISTS as u32, u32::MAX - 1] {
        assert!(!accepts(&[&lists[..], &[free_to(3, into)]].concat()));
    }
    let gone = step(1, Operation::Destroy);
    assert!(!accepts(&[&lists[..], &[gone, free_to(3, 1)]].concat()));
    let twice = [free_to(3, 1), free_to(3, 1)];
    assert!(!accepts(&[&lists[..], &twice].concat()));
}

#[test]
fn what_a_list_keeps_of_others_is_in_its_share_of_pool() {
    let large = ListArguments {
        size: ENTRY_BYTES,
        maximum_depth: 1024,
        takes_others: true,
        ..LIST
    };
    let most = (HANDLE_BYTES / u64::from(ENTRY_BYTES)) as u32;
    let mut steps = vec![
        create(large),
        step(1, Operation::Create(large)),
        allocate(0),
    ];
    for _ in 1..most {
        steps.extend([free_to(0, 1), allocate(0)]);
    }
    assert!(accepts(&steps));
    steps.push(free_to(0, 1));
    assert!(!accepts(&steps));
    // It keeps as many as its maximum depth.
    let small = ListArguments {
        size: 8,
        maximum_depth: 0,
        ..large
    };
    let mut steps = vec![
        create(small),
        step(1, Operation::Create(small)),
        allocate(0),
    ];
    for _ in 0..300 {
        steps.extend([free_to(0, 1), allocate(0)]);
    }
    let others = (1..SLOTS as u32 - 256).map(allocate);
    steps.extend(others);
    let parts = steps.chunks(OPERATIONS);
    let mut shape = Box::<Shape>::default();
    for part in parts {
        shape = shape_after(&shape, part).unwrap();
    }
    assert!(shape_after(&shape, &[allocate(SLOTS as u32 - 1)]).is_err());
    let destroy = step(1, Operation::Destroy);
    assert!(shape_after(&shape, &[destroy, allocate(SLOTS as u32 - 1)]).is_ok());
}

#[test]
fn the_entries_of_a_handle_have_a_share_of_pool() {
    let large = ListArguments {
        size: ENTRY_BYTES,
        ..LIST
    };
    let most = (HANDLE_BYTES / u64::from(ENTRY_BYTES)) as u32;
    let mut steps = vec![create(large)];
    steps.extend((0..most).map(allocate));
    assert!(accepts(&steps));
    steps.push(allocate(most));
    assert!(!accepts(&steps));
    // A list may keep what was freed: only its deletion gives the share back.
    *steps.last_mut().unwrap() = free(0);
    let other = |operation| step(1, operation);
    steps.push(other(Operation::Create(large)));
    steps.push(other(Operation::Allocate {
        slot: 0,
        chained: false,
    }));
    assert!(!accepts(&steps));
    let destroy = steps.len() - 2;
    steps.insert(destroy, step(0, Operation::Destroy));
    assert!(accepts(&steps));
}
