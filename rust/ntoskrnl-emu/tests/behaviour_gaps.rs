//! Situations of docs/behaviour.md that no other test is about.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use ntoskrnl_emu::{
    ExDeleteLookasideListEx, ExInitializeLookasideListEx, abandon, catch_bug_check,
};
use wdm::{LookasideListEx, PoolType, SListHeader};

mod common;

use common::*;

static ANSWER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

extern "system" fn answer(_: PoolType, _: usize, _: u32, _: *mut LookasideListEx) -> *mut c_void {
    ANSWER.load(Ordering::Relaxed)
}

/// Behaviour: alloc-callback-bad-block.
#[test]
fn a_block_that_a_live_list_lies_in_is_no_entry() {
    let _turn = turn();
    let other = List::new(Options {
        in_pool: true,
        ..Options::default()
    });
    let list = List::new(Options {
        allocate: Some(answer),
        ..Options::default()
    });
    let block = other.memory();
    ANSWER.store(block.0, Ordering::Relaxed);
    let refused = (0x19, [0x22, block.address(), list.address(), 64]);
    assert_eq!(stop(|| list.allocate()), refused);
    assert_eq!(stop(|| push(list.header(), block)), not_an_entry(block));
    other.free(other.allocate());
    assert_eq!(other.current_depth(), 1, "the other list goes on");

    other.delete();
    assert_eq!(list.allocate(), block, "now it is a plain block");
    assert_eq!(list.counters().allocate_misses, 2);
    list.delete();
}

/// Behaviour: alloc-fail-no-raise.
#[test]
fn fail_no_raise_without_a_callback_is_as_no_flags() {
    let _turn = turn();
    let mark = tag(b"FlNr");
    let list = List::new(Options {
        flags: 2,
        tag: mark,
        ..Options::default()
    });
    ntoskrnl_emu::Driver::root().faults().fail_next(1, mark);
    assert!(list.allocate().is_null());
    let entry = list.allocate();
    assert!(!entry.is_null());
    list.free(entry);
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.allocate_misses), (2, 2));
}

/// Frees by the routine that the list's `Free` field names.
fn free_by_default(list: &List, entry: Block) {
    let field = std::mem::offset_of!(wdm::GeneralLookasidePool, free);
    let routine = list.u64_at(field).load(Ordering::Relaxed) as usize;
    let routine = std::ptr::with_exposed_provenance::<()>(routine);
    // SAFETY: the field of an initialised list without callbacks, which was not written over.
    let routine = unsafe { std::mem::transmute::<*const (), DefaultFree>(routine) };
    // SAFETY: what cannot be freed is refused.
    unsafe { routine(entry.0, list.as_ptr()) }
}

type DefaultFree = unsafe extern "system-unwind" fn(*mut c_void, *mut LookasideListEx);

/// Makes a list in a block that stands until the list is deleted or abandoned.
fn initialise_in(block: Block) -> *mut LookasideListEx {
    let list = block.0.cast();
    // SAFETY: the block is large enough, and aligned as pool is.
    let status = unsafe {
        ExInitializeLookasideListEx(list, None, None, PoolType::NON_PAGED_POOL_NX, 0, 64, TAG, 0)
    };
    assert_eq!(status, wdm::STATUS_SUCCESS);
    list
}

#[test]
fn an_entry_in_which_a_list_lives_does_not_go_back_to_pool() {
    let _turn = turn();
    let outer = List::of(CONTROL_BYTES);
    let refusal = |entry: Block| {
        let address = entry.address();
        (0xC4, [0xCC, address, address, CONTROL_BYTES as u64])
    };
    let entry = outer.allocate();
    let inner = initialise_in(entry);
    outer.set_depth(0);
    let before = outer.counters();
    assert_eq!(stop(|| outer.free(entry)), refusal(entry));
    assert_eq!(stop(|| free_by_default(&outer, entry)), refusal(entry));
    assert_eq!((outer.counters(), outer.current_depth()), (before, 0));
    // SAFETY: initialised above.
    unsafe { ExDeleteLookasideListEx(inner) };
    outer.free(entry);

    // One that the list keeps stays allocated when the list is flushed; the others go.
    outer.set_depth(4);
    let [first, second] = [outer.allocate(), outer.allocate()];
    outer.free(second);
    outer.free(first);
    let link = first.read(0);
    let inner = initialise_in(first);
    first.write(0, link);
    assert_eq!(stop(|| outer.flush()), refusal(first));
    assert_eq!(outer.current_depth(), 0);
    assert!(is_live(first) && !is_live(second));
    // SAFETY: initialised above.
    unsafe { abandon(inner) };
    free_pool(first);
}

#[test]
fn a_lock_bit_that_stays_set_on_a_plain_header_is_damage_after_a_while() {
    let _turn = turn();
    let header = Header::new();
    let block = nonpaged(64);
    push(header.as_ptr(), block);
    let memory = Block(header.as_ptr().cast());
    memory.write(1, memory.read(1) | 1);
    let damaged = (0x139, [3, memory.address(), 0, 0]);
    assert_eq!(stop(|| pop(header.as_ptr())), damaged);
    assert_eq!(query(header.as_ptr()), 0);
    assert!(push(header.as_ptr(), block).is_null(), "it begins anew");
    assert_eq!(pop(header.as_ptr()), block);
    free_pool(block);
}

#[test]
fn every_routine_meets_a_lock_bit_that_stays_set_with_the_same_damage() {
    let run = |is_empty: bool, routine: fn(*mut SListHeader, Block) -> Block| {
        let header = Header::new();
        let mut room = [0_u128; 8];
        let entry = Block(room.as_mut_ptr().cast());
        if !is_empty {
            push(header.as_ptr(), entry);
        }
        let memory = Block(header.as_ptr().cast());
        memory.word(1).fetch_or(1, Ordering::Relaxed);
        let sequence = memory.read(0) >> 16;
        let damaged = (0x139, [3, memory.address(), 0, 0]);
        assert_eq!(stop(|| routine(header.as_ptr(), entry.plus(64))), damaged);
        // Sequence goes on when the header is cleared.
        let cleared = (sequence + 1) << 16;
        assert_eq!([memory.read(0), memory.read(1)], [cleared, 0]);
    };
    // At once, since each takes two seconds.
    std::thread::scope(|scope| {
        for is_empty in [false, true] {
            scope.spawn(move || run(is_empty, push));
            scope.spawn(move || run(is_empty, |header, _| pop(header)));
            scope.spawn(move || run(is_empty, |header, _| flush_header(header)));
        }
    });
}

#[test]
fn a_lock_bit_of_a_header_that_moves_is_waited_for() {
    let header = Header::new();
    // Outside the pool, where it disturbs no other test: none has to wait for this one.
    let mut room = [0_u128; 4];
    let entry = Block(room.as_mut_ptr().cast());
    push(header.as_ptr(), entry);
    let memory = Block(header.as_ptr().cast());
    memory.word(1).fetch_or(1, Ordering::Relaxed);
    let popped = std::thread::scope(|scope| {
        let waiter = scope.spawn(|| catch_bug_check(|| pop(memory.plus(0).0.cast())));
        // For longer than what is damage where nothing moves.
        for _ in 0..250 {
            memory.word(0).fetch_add(1 << 16, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        // As its holder releases it.
        memory.word(1).store(entry.address(), Ordering::Release);
        waiter.join().expect("the bug check is caught")
    });
    assert_eq!(popped, Ok(entry));
}
