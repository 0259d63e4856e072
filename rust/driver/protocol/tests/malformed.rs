//! The requests that the driver gets in a kernel, checked here: under a sanitizer when the test is
//! built with one, and always with overflow checks.
//!
//! `LOOKASIDE_SEED` and `LOOKASIDE_REQUESTS` choose them.

use lookaside_protocol::malformed::{INPUT_BYTES, REQUESTS_PER_HANDLE, request};
use lookaside_protocol::shape::{Program, Shape, check};
use lookaside_protocol::wire::{RUN, Step, read_words, write_words};

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

#[test]
fn every_malformed_request_is_checked_and_the_sound_ones_are_found() {
    let seed = variable("LOOKASIDE_SEED", 1);
    let requests = variable("LOOKASIDE_REQUESTS", 100_000);
    let (mut shape, mut after) = (Box::<Shape>::default(), Box::<Shape>::default());
    let mut buffer = [0; INPUT_BYTES];
    let (mut programs, mut refused) = (0, 0);
    for number in 0..requests {
        if number % REQUESTS_PER_HANDLE == 0 {
            *shape = Shape::default();
        }
        let made = request(seed, number, &mut buffer);
        if made.code != RUN {
            continue;
        }
        // A block of exactly this length: a sanitizer sees a read beyond it.
        let input = buffer[..made.input_bytes].to_vec().into_boxed_slice();
        let checked = Program::of(&input, made.output_bytes)
            .and_then(|program| check(&program, &shape, &mut after).map(|()| program));
        match checked {
            Err(_) => refused += 1,
            Ok(program) => {
                programs += 1;
                for step in program.steps() {
                    let step = step.expect("a program that is sound has steps only");
                    let mut bytes = [0; 32];
                    write_words(&step.words(), &mut bytes);
                    assert_eq!(Step::of(read_words(&bytes).unwrap()), Some(step));
                }
                std::mem::swap(&mut shape, &mut after);
            }
        }
    }
    println!("programs {programs} refused {refused}");
    assert!(
        requests < 10_000 || programs > requests / 100,
        "hardly any request is sound"
    );
    assert!(refused > programs, "hardly any request is malformed");
}
