//! Bug checks: caught where a catcher is armed, else printed before the process aborts.

mod common;

use common::*;
use ntoskrnl_emu::host::{guard, in_foreign_frame, raise_from, raised_at};
use ntoskrnl_emu::{
    BugCheck, ExRaiseAccessViolation, ExRaiseDatatypeMisalignment, ExRaiseStatus, KeBugCheckEx,
    KeGetCurrentIrql, KfRaiseIrql, Raised, Stop as Ended, catch_bug_check, catch_stop,
};
use wdm::*;

fn bug_check(code: u32) -> ! {
    // SAFETY: no obligations.
    unsafe { KeBugCheckEx(code, 1, 0xffff_ffff_ffff_ffff, 3, 4) }
}

fn raise(status: NtStatus) -> ! {
    // SAFETY: no obligations.
    unsafe { ExRaiseStatus(status) }
}

const LINE: &str = "*** STOP 0x000000e2 (0x0000000000000001, 0xffffffffffffffff, \
                    0x0000000000000003, 0x0000000000000004)";

#[test]
fn a_caught_bug_check_has_its_code_and_parameters() {
    let caught = catch_bug_check(|| bug_check(0xE2));
    let expected = BugCheck {
        code: 0xE2,
        parameters: [1, u64::MAX, 3, 4],
    };
    assert_eq!(caught, Err(expected));
    assert_eq!(expected.to_string(), LINE);
}

#[test]
fn what_returns_is_returned() {
    assert_eq!(catch_bug_check(|| 5), Ok(5));
    assert_eq!(catch_stop(|| "x"), Ok("x"));
}

#[test]
fn the_innermost_catcher_catches_and_the_outer_one_stays_armed() {
    let outer = catch_bug_check(|| {
        let inner = catch_bug_check(|| bug_check(1));
        assert_eq!(inner.map_err(|stop| stop.code), Err(1));
        bug_check(2)
    });
    assert_eq!(outer.map_err(|stop| stop.code), Err(2));
    assert_eq!(catch_bug_check(|| 3), Ok(3));
}

#[test]
fn destructors_run_on_the_way_to_the_catcher() {
    struct Counts<'a>(&'a std::cell::Cell<u32>);
    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let dropped = std::cell::Cell::new(0);
    let caught = catch_bug_check(|| {
        let _counts = Counts(&dropped);
        bug_check(0xE2)
    });
    assert!(caught.is_err());
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_raised_status_is_caught_apart_from_bug_checks() {
    let status = STATUS_INSUFFICIENT_RESOURCES;
    assert_eq!(
        catch_stop(|| raise(status)).map_err(|ended| ended == Ended::Raised(status)),
        Err(true)
    );
    let through = std::panic::catch_unwind(|| catch_bug_check(|| raise(status)));
    let payload = through.expect_err("it went on");
    assert_eq!(payload.downcast_ref::<Raised>(), Some(&Raised(status)));
}

/// Behaviour: raise-unhandled.
#[test]
fn a_raised_status_that_nothing_catches_is_stop_0x1e() {
    let output = in_child("a_raised_status_that_nothing_catches_is_stop_0x1e", || {
        raise(STATUS_ASSERTION_FAILURE)
    });
    assert_aborted_by(&output, STATUS_ASSERTION_FAILURE);
    assert_eq!(
        STATUS_ASSERTION_FAILURE.to_string(),
        "STATUS_ASSERTION_FAILURE"
    );
}

#[test]
fn two_routines_raise_a_status_of_their_own() {
    // SAFETY: no obligations.
    let access = catch_stop(|| unsafe { ExRaiseAccessViolation() });
    assert_eq!(access, Err(Ended::Raised(STATUS_ACCESS_VIOLATION)));
    // SAFETY: as above.
    let alignment = catch_stop(|| unsafe { ExRaiseDatatypeMisalignment() });
    assert_eq!(alignment, Err(Ended::Raised(STATUS_DATATYPE_MISALIGNMENT)));
}

#[test]
fn a_guarded_section_finds_the_level_of_the_raise_and_a_catcher_that_of_its_arming() {
    // SAFETY: no obligations.
    let level = || unsafe { KeGetCurrentIrql() };
    let ended = catch_stop(|| {
        let section = guard(false);
        let payload = std::panic::catch_unwind(|| {
            // SAFETY: a raise, which the catcher undoes.
            unsafe { KfRaiseIrql(DISPATCH_LEVEL) };
            raise(STATUS_ASSERTION_FAILURE)
        });
        let payload = payload.expect_err("it raises");
        assert!(payload.is::<Raised>());
        assert_eq!(level(), DISPATCH_LEVEL);
        drop(section);
        raise_from(STATUS_ASSERTION_FAILURE, raised_at())
    });
    assert_eq!(ended, Err(Ended::Raised(STATUS_ASSERTION_FAILURE)));
    assert_eq!(level(), PASSIVE_LEVEL);
}

#[test]
fn an_exception_that_only_passes_guarded_sections_without_a_handler_is_stop_0x1e() {
    let output = in_child(
        "an_exception_that_only_passes_guarded_sections_without_a_handler_is_stop_0x1e",
        || {
            let _section = guard(false);
            raise(STATUS_ASSERTION_FAILURE)
        },
    );
    assert_aborted_by(&output, STATUS_ASSERTION_FAILURE);
}

#[test]
fn a_bug_check_is_nothing_to_a_guarded_section() {
    let output = in_child("a_bug_check_is_nothing_to_a_guarded_section", || {
        let _section = guard(true);
        bug_check(0xE2);
    });
    assert_aborted_with(&output, LINE);
}

#[test]
fn a_panic_goes_through_a_catcher() {
    let through = std::panic::catch_unwind(|| {
        let _ = catch_bug_check(|| std::panic::resume_unwind(Box::new(17_u8)));
    });
    let payload = through.expect_err("it went on");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&17));
}

#[test]
fn after_a_panic_through_a_catcher_nothing_is_armed_that_was_not() {
    let output = in_child(
        "after_a_panic_through_a_catcher_nothing_is_armed_that_was_not",
        || {
            let _ = std::panic::catch_unwind(|| {
                let _ = catch_bug_check(|| std::panic::resume_unwind(Box::new(())));
            });
            bug_check(0xE2);
        },
    );
    assert_aborted_with(&output, LINE);
}

#[test]
fn an_unarmed_bug_check_prints_its_line_and_aborts() {
    let output = in_child("an_unarmed_bug_check_prints_its_line_and_aborts", || {
        bug_check(0xE2)
    });
    assert_aborted_with(&output, LINE);
}

#[test]
fn an_unarmed_double_free_prints_its_line_and_aborts() {
    let output = in_child("an_unarmed_double_free_prints_its_line_and_aborts", || {
        let list = List::of(64);
        let entry = list.allocate();
        eprintln!(
            "\nexpected: *** STOP 0x000000c2 (0x0000000000000007, 0x0000000000000000, \
             {:#018x}, {:#018x})",
            TAG,
            entry.address()
        );
        list.free(entry);
        list.free(entry);
    });
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("expected: "))
        .expect("the child said what to expect");
    assert_aborted_with(&output, line);
}

#[test]
fn a_catcher_on_one_thread_does_not_arm_another() {
    let output = in_child("a_catcher_on_one_thread_does_not_arm_another", || {
        let _ = catch_bug_check(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| bug_check(0xE2));
            });
        });
    });
    assert_aborted_with(&output, LINE);
}

#[test]
fn inside_a_foreign_frame_an_outer_catcher_is_not_armed() {
    let output = in_child(
        "inside_a_foreign_frame_an_outer_catcher_is_not_armed",
        || {
            let _ = catch_bug_check(|| in_foreign_frame(|| bug_check(0xE2)));
        },
    );
    assert_aborted_with(&output, LINE);
}

#[test]
fn inside_a_foreign_frame_a_catcher_of_its_own_is_armed_and_after_it_the_outer_one() {
    let outer = catch_bug_check(|| {
        let inner = in_foreign_frame(|| catch_bug_check(|| bug_check(1)));
        assert_eq!(inner.map_err(|stop| stop.code), Err(1));
        bug_check(2)
    });
    assert_eq!(outer.map_err(|stop| stop.code), Err(2));
}

#[test]
fn after_a_caught_bug_check_lists_and_pool_go_on() {
    let list = List::of(64);
    for _ in 0..1_000 {
        let entry = list.allocate();
        stop(|| list.free(entry.plus(16)));
        stop(|| free_pool(entry.plus(16)));
        list.free(entry);
        stop(|| list.free(entry));
    }
    assert_eq!(list.counters().allocate_misses, 1);
}

#[test]
fn the_irql_is_passive_level() {
    // SAFETY: no obligations.
    assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL);
}

/// Raises a bug check when it is dropped.
struct StopsInDrop;

impl Drop for StopsInDrop {
    fn drop(&mut self) {
        bug_check(0xE2);
    }
}

#[test]
fn a_bug_check_in_a_destructor_during_another_unwind_prints_its_line_before_the_abort() {
    let test = "a_bug_check_in_a_destructor_during_another_unwind_prints_its_line_before_the_abort";
    let output = in_child(test, || {
        let _ = catch_bug_check(|| {
            let _later = StopsInDrop;
            bug_check(0xC2)
        });
    });
    assert_aborted_with(&output, LINE);
}

#[test]
fn a_bug_check_in_a_destructor_during_a_panic_prints_its_line_before_the_abort() {
    let test = "a_bug_check_in_a_destructor_during_a_panic_prints_its_line_before_the_abort";
    let output = in_child(test, || {
        let _ = catch_bug_check(|| {
            let _later = StopsInDrop;
            panic!("on purpose");
        });
    });
    assert_aborted_with(&output, LINE);
}

/// Catches a bug check when it is dropped.
struct CatchesInDrop;

impl Drop for CatchesInDrop {
    fn drop(&mut self) {
        for _ in 0..2 {
            assert!(catch_bug_check(|| bug_check(0xE2)).is_err());
        }
    }
}

#[test]
fn a_bug_check_that_a_destructor_catches_prints_nothing() {
    let test = "a_bug_check_that_a_destructor_catches_prints_nothing";
    let output = in_child(test, || {
        let caught = catch_bug_check(|| {
            let _later = CatchesInDrop;
            bug_check(0xC2)
        });
        assert_eq!(caught.map_err(|stop| stop.code), Err(0xC2));
        // One after another, also where a catcher of std's ended the first.
        let caught = catch_bug_check(|| {
            let first = std::panic::catch_unwind(|| bug_check(0xC1));
            assert!(first.is_err());
            bug_check(0xC2)
        });
        assert_eq!(caught.map_err(|stop| stop.code), Err(0xC2));
    });
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("STOP"), "{said}");
}
