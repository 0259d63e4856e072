//! Allocate and free callbacks.

mod common;

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use common::*;
use ntoskrnl_emu::host::{self, owner};
use ntoskrnl_emu::{ExRaiseStatus, KeBugCheckEx, catch_bug_check};
use wdm::*;

/// What a callback was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Allocate(i32, usize, u32, u64),
    Free(Block, u64),
}

thread_local! {
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
    static ANSWERS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
    static OTHER: RefCell<Option<List>> = const { RefCell::new(None) };
}

fn calls() -> Vec<Call> {
    CALLS.take()
}

fn answer_with(block: Block) {
    ANSWERS.with_borrow_mut(|answers| answers.push(block));
}

/// Writes down its call and answers with what the test laid ready, else from pool.
extern "system" fn make(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    CALLS.with_borrow_mut(|calls| {
        calls.push(Call::Allocate(pool_type.0, bytes, tag, list.addr() as u64));
    });
    let laid_ready = ANSWERS.with_borrow_mut(Vec::pop);
    let kind = if pool_type.is_paged() {
        PoolType::PAGED_POOL
    } else {
        PoolType::NON_PAGED_POOL_NX
    };
    laid_ready
        .unwrap_or_else(|| allocate_pool(kind, bytes, tag))
        .0
}

/// Writes down its call and gives pool blocks back.
extern "system" fn take(entry: *mut c_void, list: *mut LookasideListEx) {
    let entry = Block(entry);
    CALLS.with_borrow_mut(|calls| calls.push(Call::Free(entry, list.addr() as u64)));
    if entry.is_in_pool() {
        free_pool(entry);
    }
}

/// Writes down its call and nothing else.
extern "system" fn drop_entry(entry: *mut c_void, list: *mut LookasideListEx) {
    CALLS.with_borrow_mut(|calls| calls.push(Call::Free(Block(entry), list.addr() as u64)));
}

fn both() -> Options {
    Options {
        allocate: Some(make),
        free: Some(take),
        ..Options::default()
    }
}

/// Memory outside the pool for entries: 16-byte aligned, of the test's own.
struct Outside {
    memory: Box<[u128]>,
}

impl Outside {
    fn new(entries: usize) -> Self {
        Self {
            memory: vec![0_u128; entries * 4].into_boxed_slice(),
        }
    }

    /// The entry of 64 bytes with a number.
    fn entry(&mut self, index: usize) -> Block {
        Block(self.memory.as_mut_ptr().wrapping_add(index * 4).cast())
    }
}

/// What a callback's bad answer is met with.
fn bad_answer(list: &List, block: Block, size: u64) -> Stop {
    (0x19, [0x22, block.address(), list.address(), size])
}

#[test]
fn a_miss_calls_the_allocate_callback_with_type_size_tag_and_list() {
    let _turn = turn();
    let mark = tag(b"CbAr");
    let list = List::new(Options {
        size: 100,
        tag: mark,
        pool_type: PoolType(1 | 0x100),
        ..both()
    });
    let entry = list.allocate();
    assert_eq!(calls(), [Call::Allocate(0x101, 100, mark, list.address())]);
    list.free(entry);
    assert_eq!(list.allocate(), entry);
    assert_eq!(calls(), [], "a hit calls nothing");
    list.free(entry);
}

/// Behaviour: alloc-callback-flags.
#[test]
fn the_flags_reach_the_callback_as_bits_0x10_and_8_of_the_pool_type() {
    let _turn = turn();
    for (flags, bits) in [(0, 0), (1, 0x10), (2, 8)] {
        let list = List::new(Options { flags, ..both() });
        let entry = list.allocate();
        let expected = Call::Allocate(512 | bits, 64, TAG, list.address());
        assert_eq!(calls(), [expected]);
        list.free(entry);
    }
}

/// Behaviour: alloc-callback-null.
#[test]
fn a_null_of_the_callback_is_null_even_with_raise_on_fail() {
    let _turn = turn();
    for flags in [0, 1, 2] {
        let list = List::new(Options { flags, ..both() });
        answer_with(Block::NULL);
        assert!(list.allocate().is_null());
        let counters = list.counters();
        assert_eq!((counters.allocates, counters.allocate_misses), (1, 1));
        assert_eq!(list.record().failed, 1);
    }
}

/// Behaviour: free-at-depth.
#[test]
fn a_free_at_depth_calls_the_free_callback_and_one_below_does_not() {
    let _turn = turn();
    let list = List::new(both());
    let entries = list.allocate_many(6);
    calls();
    list.free_all(&entries);
    let address = list.address();
    assert_eq!(
        calls(),
        [
            Call::Free(entries[4], address),
            Call::Free(entries[5], address)
        ]
    );
    assert!(!is_live(entries[4]));
}

#[test]
fn an_allocate_callback_alone_leaves_frees_to_pool() {
    let _turn = turn();
    let mark = tag(b"CbAl");
    let list = List::new(Options {
        tag: mark,
        free: None,
        ..both()
    });
    let entries = list.allocate_many(6);
    calls();
    list.free_all(&entries);
    assert_eq!(usage(mark, false).live(), 4);
    list.delete();
    assert_eq!(usage(mark, false).live(), 0);
    assert_eq!(calls(), []);
}

#[test]
fn a_free_callback_alone_takes_what_pool_gave() {
    let _turn = turn();
    let mark = tag(b"CbFr");
    let list = List::new(Options {
        tag: mark,
        allocate: None,
        ..both()
    });
    let entries = list.allocate_many(6);
    assert_eq!(calls(), []);
    list.free_all(&entries);
    assert_eq!(calls().len(), 2);
    list.delete();
    let freed: Vec<Call> = entries[..4]
        .iter()
        .rev()
        .map(|&entry| Call::Free(entry, list.address()))
        .collect();
    assert_eq!(calls(), freed, "the entry freed last goes first");
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn an_entry_that_the_free_callback_keeps_stays_allocated_and_can_be_made_again() {
    let _turn = turn();
    let mark = tag(b"CbKp");
    let list = List::new(Options {
        tag: mark,
        allocate: Some(make),
        free: Some(drop_entry),
        ..Options::default()
    });
    list.set_depth(0);
    let entry = list.allocate();
    list.free(entry);
    assert_eq!(usage(mark, false).live(), 1);
    assert_eq!(stop(|| list.free(entry)), not_an_entry(entry));
    answer_with(entry);
    assert_eq!(list.allocate(), entry);
    list.free(entry);
    free_pool_with_tag(entry, mark);
    assert_eq!(usage(mark, false).live(), 0);
    calls();
}

extern "system" fn make_from_other_list(
    _: PoolType,
    _: usize,
    _: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    OTHER.with_borrow(|other| {
        let other = other.as_ref().expect("the test gave one");
        let entry = other.allocate();
        other.free(entry);
    });
    nonpaged(64).0
}

/// Behaviour: callback-reenters.
#[test]
fn a_callback_can_use_another_list() {
    let _turn = turn();
    OTHER.set(Some(List::of(32)));
    let list = List::new(Options {
        allocate: Some(make_from_other_list),
        ..Options::default()
    });
    let entries = list.allocate_many(3);
    OTHER.with_borrow(|other| {
        let counters = other.as_ref().map(List::counters).unwrap_or_default();
        assert_eq!((counters.allocates, counters.allocate_misses), (3, 1));
    });
    list.free_all(&entries);
    OTHER.take();
}

/// On each miss allocates two entries more from the same list, if the list is not too deep in it
/// already, and frees one of them.
extern "system" fn make_and_enter_again(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    let depth = CALLS.with_borrow_mut(|calls| {
        calls.push(Call::Allocate(pool_type.0, bytes, tag, list.addr() as u64));
        calls.len()
    });
    if depth < 4 {
        // SAFETY: the list that calls is initialised.
        let inner = unsafe { ntoskrnl_emu::ExAllocateFromLookasideListEx(list) };
        // SAFETY: as above; the entry was just allocated from it.
        unsafe { ntoskrnl_emu::ExFreeToLookasideListEx(list, inner) };
    }
    allocate_pool(PoolType::NON_PAGED_POOL_NX, bytes, tag).0
}

/// Flushes the list that calls, and allocates and frees on it.
extern "system" fn take_and_enter_again(entry: *mut c_void, list: *mut LookasideListEx) {
    let is_outermost = CALLS.with_borrow_mut(|calls| {
        calls.push(Call::Free(Block(entry), list.addr() as u64));
        calls.len() == 1
    });
    free_pool(Block(entry));
    if is_outermost {
        // SAFETY: the list that calls is initialised.
        unsafe { ntoskrnl_emu::ExFlushLookasideListEx(list) };
        // SAFETY: as above.
        let inner = unsafe { ntoskrnl_emu::ExAllocateFromLookasideListEx(list) };
        // SAFETY: as above; the entry was just allocated from it.
        unsafe { ntoskrnl_emu::ExFreeToLookasideListEx(list, inner) };
    }
}

/// Behaviour: callback-reenters.
#[test]
fn an_allocate_callback_can_enter_its_own_list_again() {
    let _turn = turn();
    for is_confined in [false, true] {
        let list = List::new(Options {
            allocate: Some(make_and_enter_again),
            ..Options::default()
        });
        if is_confined {
            list.confine();
        }
        let entry = list.allocate();
        assert_eq!(calls().len(), 4);
        assert_eq!(
            list.counters(),
            Counters {
                allocates: 4,
                allocate_misses: 4,
                frees: 3,
                free_misses: 0
            }
        );
        assert_eq!(list.current_depth(), 3);
        list.free(entry);
    }
}

/// Behaviour: callback-reenters.
#[test]
fn a_free_callback_can_enter_its_own_list_again() {
    let _turn = turn();
    for is_confined in [false, true] {
        let list = List::new(Options {
            free: Some(take_and_enter_again),
            ..Options::default()
        });
        if is_confined {
            list.confine();
        }
        let entries = list.allocate_many(5);
        list.free_all(&entries);
        assert_eq!(calls().len(), 5, "the one given up and the four flushed");
        assert_eq!(list.current_depth(), 1);
        assert_eq!(list.counters().free_misses, 1);
    }
}

/// Behaviour: alloc-callback-bad-block.
#[test]
fn a_misaligned_answer_is_0x19_and_counted() {
    let _turn = turn();
    let list = List::new(both());
    let block = nonpaged(256);
    for shift in [1, 4, 8, 15, 17] {
        let bad = block.plus(shift);
        let before = list.counters();
        answer_with(bad);
        assert_eq!(stop(|| list.allocate()), bad_answer(&list, bad, 64));
        let after = list.counters();
        assert_eq!(after.allocates, before.allocates + 1);
        assert_eq!(after.allocate_misses, before.allocate_misses + 1);
    }
    assert_eq!(list.record().failed, 5);
    free_pool(block);
    let entry = list.allocate();
    assert!(!entry.is_null(), "the list goes on");
    list.free(entry);
}

/// Behaviour: alloc-callback-bad-block.
#[test]
fn an_answer_that_is_too_small_dead_of_another_pool_or_an_entry_already_is_0x19() {
    let _turn = turn();
    let list = List::new(both());
    let foreign = List::of(64);
    let small = nonpaged(32);
    let dead = nonpaged(64);
    let large = nonpaged(5000);
    let paged = allocate_pool(PoolType::PAGED_POOL, 200, TAG);
    free_pool(dead);
    let own = list.allocate();
    let kept = {
        let entry = list.allocate();
        list.free(entry);
        entry
    };
    // The entry kept is taken out, so that the list misses.
    let own_too = list.allocate();
    assert_eq!(own_too, kept);
    let foreign_busy = foreign.allocate();
    let foreign_kept = foreign.allocate();
    foreign.free(foreign_kept);
    let never = Block(
        mapped()
            .pool()
            .wrapping_add(mapped().pool_bytes() - PAGE)
            .cast(),
    );
    for bad in [
        small,
        dead,
        small.plus(16),
        large.plus(2 * PAGE - 48),
        large.plus(72),
        dead.plus(16),
        paged,
        paged.plus(64),
        own.plus(16),
        own,
        own_too,
        foreign_busy,
        foreign_kept,
        never,
        Block(mapped().pool().cast()),
    ] {
        answer_with(bad);
        assert_eq!(
            stop(|| list.allocate()),
            bad_answer(&list, bad, 64),
            "{bad:?}"
        );
    }
    list.free(own);
    list.free(own_too);
    foreign.free(foreign_busy);
    for block in [small, large, paged] {
        free_pool(block);
    }
    calls();
}

/// Puts a header of 16 bytes in front of each entry.
extern "system" fn make_with_header(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    let block = allocate_pool(pool_type, bytes + 16, tag);
    if block.is_null() {
        return block.0;
    }
    block.plus(16).0
}

extern "system" fn take_with_header(entry: *mut c_void, _: *mut LookasideListEx) {
    free_pool(Block(entry.wrapping_byte_sub(16)));
}

/// Behaviour: alloc-callback-inside.
#[test]
fn a_callback_may_answer_with_an_address_inside_a_block_of_its_own() {
    let _turn = turn();
    for size in [16, 100, 2000, 4096, 9000] {
        let mark = tag(b"CbIn");
        let list = List::new(Options {
            allocate: Some(make_with_header),
            free: Some(take_with_header),
            size,
            tag: mark,
            ..Options::default()
        });
        let entries = list.allocate_many(6);
        list.free_all(&entries);
        let counters = list.counters();
        assert_eq!((list.current_depth(), counters.free_misses), (4, 2));
        assert_eq!(usage(mark, false).live(), 4);
        assert_eq!(list.allocate(), entries[3], "the entry freed last");
        for (freed, expected) in [
            (entries[3].plus(8), not_an_entry(entries[3].plus(8))),
            (entries[2], freed_twice_of(0, entries[2])),
        ] {
            assert_eq!(stop(|| list.free(freed)), expected);
        }
        let block = Block(entries[3].0.wrapping_byte_sub(16));
        assert_eq!(stop(|| list.free(block)), not_an_entry(block));
        list.free(entries[3]);
        list.flush();
        assert_eq!(usage(mark, false).live(), 0);
        let left = list.allocate();
        list.delete();
        take_with_header(left.0, std::ptr::null_mut());
        assert_eq!(usage(mark, false).live(), 0);
    }
}

/// Behaviour: alloc-callback-inside.
#[test]
fn an_entry_inside_a_block_that_is_gone_is_no_entry_any_more() {
    let _turn = turn();
    let list = List::new(both());
    let block = nonpaged(128);
    answer_with(block.plus(32));
    let entry = list.allocate();
    free_pool(block);
    assert_eq!(
        stop(|| list.free(entry)),
        (0xC2, [0x46, entry.address(), 0, 0])
    );
    let block = nonpaged(128);
    let inside = block.plus(48);
    answer_with(inside);
    list.free(list.allocate());
    assert_eq!(list.current_depth(), 1);
    free_pool(block);
    assert_eq!(stop(|| list.allocate()), list.damage());
    list.delete();
    calls();
}

/// Behaviour: alloc-callback-inside.
#[test]
fn two_entries_may_lie_in_one_block_but_not_at_one_address_or_over_a_list() {
    let _turn = turn();
    let list = List::new(both());
    let block = nonpaged(512);
    let places = [block.plus(16), block.plus(80)];
    for place in places {
        answer_with(place);
        assert_eq!(list.allocate(), place);
    }
    answer_with(places[0]);
    assert_eq!(stop(|| list.allocate()), bad_answer(&list, places[0], 64));
    let other = block.plus(256);
    // SAFETY: inside the block, which stays until the list is deleted.
    let status = unsafe {
        let kind = PoolType::NON_PAGED_POOL_NX;
        ntoskrnl_emu::ExInitializeLookasideListEx(other.0.cast(), None, None, kind, 0, 64, TAG, 0)
    };
    assert!(status.is_ok());
    for place in [208, 256, 304, 336] {
        answer_with(block.plus(place));
        let expected = bad_answer(&list, block.plus(place), 64);
        assert_eq!(stop(|| list.allocate()), expected, "{place}");
    }
    for place in [192, 352] {
        answer_with(block.plus(place));
        assert_eq!(list.allocate(), block.plus(place));
    }
    // SAFETY: initialised above.
    unsafe { ntoskrnl_emu::ExDeleteLookasideListEx(other.0.cast()) };
    list.delete();
    free_pool(block);
    calls();
}

#[test]
fn a_block_larger_than_the_entry_is_taken_and_given_back_whole() {
    let _turn = turn();
    let mark = tag(b"CbLg");
    let list = List::new(Options {
        tag: mark,
        ..both()
    });
    for bytes in [64, 65, 1000, 4096, 10_000] {
        let block = allocate_pool(PoolType::NON_PAGED_POOL_NX, bytes, mark);
        answer_with(block);
        assert_eq!(list.allocate(), block);
        list.free(block);
        assert_eq!(list.current_depth(), 1);
        assert_eq!(stop(|| free_pool(block)), freed_twice_of(mark, block));
        assert_eq!(list.allocate(), block);
        list.set_depth(0);
        list.free(block);
        list.set_depth(4);
        assert_eq!(usage(mark, false).bytes, 0);
    }
    calls();
}

#[test]
fn blocks_that_a_list_took_in_are_plain_blocks_again_when_it_is_deleted() {
    let _turn = turn();
    for bytes in [64, 5000] {
        let blocks: Vec<Block> = (0..10).map(|_| nonpaged(bytes)).collect();
        let take_in = |list: &List| {
            for &block in &blocks {
                answer_with(block);
                assert_eq!(list.allocate(), block);
            }
        };
        let list = List::new(both());
        take_in(&list);
        list.delete();
        for block in &blocks {
            let found = host::block_at(mapped(), block.offset());
            assert!(found.is_some_and(|found| found.is_plain));
        }
        let later = List::new(both());
        take_in(&later);
        later.abandon();
        blocks.into_iter().for_each(free_pool);
    }
    calls();
}

#[test]
fn a_block_that_went_from_one_list_to_another_leaves_both_their_own_entries() {
    let _turn = turn();
    let giver = List::new(Options {
        free: Some(drop_entry),
        ..Options::default()
    });
    let taker = List::new(both());
    let entries = giver.allocate_many(6);
    giver.set_depth(0);
    giver.free(entries[0]);
    giver.set_depth(4);
    answer_with(entries[0]);
    assert_eq!(taker.allocate(), entries[0]);
    assert_eq!(stop(|| giver.free(entries[0])), not_an_entry(entries[0]));
    assert_eq!(stop(|| taker.free(entries[1])), not_an_entry(entries[1]));
    giver.free_all(&entries[1..3]);
    assert_eq!(giver.allocate(), entries[2]);
    assert_eq!(giver.allocate(), entries[1]);
    taker.free(entries[0]);
    assert_eq!(taker.allocate(), entries[0]);

    giver.free_all(&entries[1..3]);
    giver.delete();
    let later = List::new(both());
    for &entry in &entries[3..] {
        answer_with(entry);
        assert_eq!(later.allocate(), entry, "a plain block since");
    }
    later.free_all(&entries[3..]);
    later.delete();
    taker.free(entries[0]);
    taker.delete();
    assert!(entries[3..].iter().all(|&entry| !is_live(entry)));
    for &entry in &entries[1..3] {
        free_pool(entry);
    }
    calls();
}

#[test]
fn a_block_of_pages_that_went_from_one_list_to_another_is_no_entry_of_the_first() {
    let _turn = turn();
    let pages = Options {
        size: 5000,
        ..both()
    };
    let giver = List::new(Options {
        allocate: None,
        free: Some(drop_entry),
        ..pages
    });
    let taker = List::new(pages);
    let [other, entry] = [giver.allocate(), giver.allocate()];
    giver.set_depth(0);
    giver.free(entry);
    answer_with(entry);
    assert_eq!(taker.allocate(), entry);
    assert_eq!(stop(|| giver.free(entry)), not_an_entry(entry));
    giver.delete();
    assert_eq!(stop(|| taker.free(other)), not_an_entry(other));
    taker.free(entry);
    assert_eq!(taker.allocate(), entry);
    taker.free(entry);
    taker.delete();
    assert!(!is_live(entry) && is_live(other));
    free_pool(other);
    calls();
}

#[test]
fn entries_that_a_damaged_list_took_in_are_abandoned_too() {
    let _turn = turn();
    let mut outside = Outside::new(2);
    let bystander = List::new(both());
    let another = outside.entry(1);
    answer_with(another);
    bystander.free(bystander.allocate());
    let list = List::new(both());
    let blocks = [nonpaged(64), nonpaged(5000), outside.entry(0)];
    for block in blocks {
        answer_with(block);
        assert_eq!(list.allocate(), block);
    }
    list.free_all(&blocks);
    list.memory().write(1, 16);
    assert_eq!(stop(|| list.allocate()), list.damage());
    assert_eq!(list.record().abandoned, 3);
    for block in blocks {
        assert_eq!(stop(|| list.free(block)), not_an_entry(block));
    }
    free_pool(blocks[0]);
    free_pool(blocks[1]);
    assert_eq!(bystander.allocate(), another, "another list's stay its own");
    calls();
}

/// Behaviour: alloc-callback-bad-block.
#[test]
fn entries_outside_the_pool_are_legal_with_an_allocate_callback() {
    let _turn = turn();
    let mut outside = Outside::new(6);
    let list = List::new(both());
    let entries: Vec<Block> = (0..6)
        .map(|index| {
            answer_with(outside.entry(index));
            list.allocate()
        })
        .collect();
    assert_eq!(
        entries,
        (0..6)
            .map(|index| outside.entry(index))
            .collect::<Vec<Block>>()
    );
    calls();
    list.free_all(&entries);
    let address = list.address();
    assert_eq!(
        calls(),
        [
            Call::Free(entries[4], address),
            Call::Free(entries[5], address)
        ]
    );
    let mut kept = entries[..4].to_vec();
    kept.reverse();
    assert_eq!(list.allocate_many(4), kept, "the last freed first");
    list.free_all(&kept);
    list.delete();
    let mut freed: Vec<Call> = kept
        .iter()
        .map(|&entry| Call::Free(entry, address))
        .collect();
    freed.reverse();
    assert_eq!(calls(), freed);
}

#[test]
fn misuse_of_entries_outside_the_pool_is_found() {
    let _turn = turn();
    let mut outside = Outside::new(2);
    let list = List::new(both());
    let other = List::new(both());
    let entry = outside.entry(0);
    answer_with(entry);
    assert_eq!(list.allocate(), entry);
    assert_eq!(stop(|| other.free(entry)), not_an_entry(entry));
    let inside = entry.plus(16);
    assert_eq!(stop(|| list.free(inside)), not_an_entry(inside));
    answer_with(entry);
    assert_eq!(
        stop(|| other.allocate()),
        bad_answer(&other, entry, 64),
        "one list's entry already"
    );
    list.free(entry);
    assert_eq!(stop(|| list.free(entry)), freed_twice_of(0, entry));
    let stranger = outside.entry(1);
    assert_eq!(stop(|| list.free(stranger)), not_an_entry(stranger));
    assert_eq!(list.allocate(), entry);
    list.free(entry);
    list.delete();
    calls();
}

#[test]
fn an_entry_outside_the_pool_that_the_free_callback_got_can_be_made_again() {
    let _turn = turn();
    let mut outside = Outside::new(1);
    let entry = outside.entry(0);
    let list = List::new(both());
    let give_up: [&dyn Fn(); 2] = [
        &|| {
            list.set_depth(0);
            list.free(entry);
        },
        &|| {
            list.set_depth(4);
            list.free(entry);
            list.flush();
        },
    ];
    for give_up in give_up {
        answer_with(entry);
        assert_eq!(list.allocate(), entry);
        give_up();
        assert_eq!(stop(|| list.free(entry)), not_an_entry(entry));
    }
    calls();
}

#[test]
fn an_entry_outside_the_pool_that_outlives_its_list_can_be_made_again_by_another() {
    let _turn = turn();
    let mut outside = Outside::new(2);
    let entry = outside.entry(0);
    let bystander = List::new(both());
    answer_with(outside.entry(1));
    let another = bystander.allocate();
    for ends in [List::delete, List::abandon] {
        let list = List::new(both());
        answer_with(entry);
        assert_eq!(list.allocate(), entry);
        ends(&list);
        let later = List::new(both());
        answer_with(entry);
        assert_eq!(later.allocate(), entry);
        later.free(entry);
        later.delete();
    }
    bystander.free(another);
    assert_eq!(bystander.allocate(), another, "another list's stay its own");
    calls();
}

#[test]
fn entries_outside_the_pool_without_a_free_callback_are_refused_by_the_default_routine() {
    let _turn = turn();
    let mut outside = Outside::new(1);
    let list = List::new(Options {
        free: None,
        ..both()
    });
    list.set_depth(0);
    let entry = outside.entry(0);
    answer_with(entry);
    assert_eq!(list.allocate(), entry);
    assert_eq!(
        stop(|| list.free(entry)),
        (0xC2, [0x42, entry.address(), 0, 0])
    );
    calls();
}

#[test]
fn entries_in_and_outside_the_pool_mix_on_one_list() {
    let _turn = turn();
    let mut outside = Outside::new(4);
    let list = List::new(both());
    list.set_depth(8);
    let entries: Vec<Block> = (0..8)
        .map(|index| {
            if index % 2 == 0 {
                answer_with(outside.entry(index / 2));
            }
            list.allocate()
        })
        .collect();
    list.free_all(&entries);
    let mut expected = entries.clone();
    expected.reverse();
    assert_eq!(list.allocate_many(8), expected);
    list.free_all(&entries);
    calls();
    list.delete();
    assert_eq!(calls().len(), 8);
}

#[repr(C)]
struct WithContext {
    list: LookasideListEx,
    context: *mut c_void,
}

static SEEN: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

extern "system" fn make_by_context(
    _: PoolType,
    _: usize,
    _: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    let whole = list.cast::<WithContext>();
    // SAFETY: the list of this test is the first field of a `WithContext`.
    let context = unsafe { &raw const (*whole).context };
    // SAFETY: written before the list was used.
    SEEN.store(unsafe { context.read() }, Ordering::Relaxed);
    std::ptr::null_mut()
}

#[test]
fn a_callback_finds_private_data_beside_the_list() {
    let _turn = turn();
    let list = List::new(Options {
        allocate: Some(make_by_context),
        in_pool: true,
        ..Options::default()
    });
    let mut data = 5_u32;
    let data = (&raw mut data).cast::<c_void>();
    list.memory()
        .write(0x60 / 8, data.expose_provenance() as u64);
    assert!(list.allocate().is_null());
    assert_eq!(SEEN.load(Ordering::Relaxed), data);
}

extern "system" fn stop_inside(
    _: PoolType,
    _: usize,
    _: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    // SAFETY: no obligations.
    unsafe { KeBugCheckEx(0xE2, 1, 2, 3, 4) }
}

extern "system" fn raise_inside(_: *mut c_void, _: *mut LookasideListEx) {
    // SAFETY: no obligations.
    unsafe { ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES) }
}

extern "system" fn misuse_inside(entry: *mut c_void, list: *mut LookasideListEx) {
    // SAFETY: refused: the entry is allocated from no list by now.
    unsafe { ntoskrnl_emu::ExFreeToLookasideListEx(list, entry) }
}

extern "system" fn panic_inside(_: *mut c_void, _: *mut LookasideListEx) {
    panic!("a callback's own panic");
}

extern "system" fn catch_inside(entry: *mut c_void, _: *mut LookasideListEx) {
    let caught = catch_bug_check(|| free_pool(Block(entry).plus(16)));
    assert_eq!(caught.unwrap_err().code, 0xC2);
    free_pool(Block(entry));
    CALLS.with_borrow_mut(|calls| calls.push(Call::Free(Block(entry), 0)));
}

fn with_free(free: FreeFunctionExRaw) -> List {
    let list = List::new(Options {
        free: Some(free),
        ..Options::default()
    });
    list.set_depth(0);
    list
}

/// Behaviour: alloc-callback-throws.
#[test]
fn a_bug_check_inside_a_callback_prints_and_aborts_although_the_caller_is_armed() {
    let _turn = turn();
    let output = in_child(
        "a_bug_check_inside_a_callback_prints_and_aborts_although_the_caller_is_armed",
        || {
            let list = List::new(Options {
                allocate: Some(stop_inside),
                ..Options::default()
            });
            let _ = catch_bug_check(|| list.allocate());
        },
    );
    assert_aborted_with(
        &output,
        "*** STOP 0x000000e2 (0x0000000000000001, 0x0000000000000002, \
         0x0000000000000003, 0x0000000000000004)",
    );
}

/// Behaviour: alloc-callback-throws.
#[test]
fn a_raised_status_inside_a_callback_prints_and_aborts() {
    let _turn = turn();
    let output = in_child(
        "a_raised_status_inside_a_callback_prints_and_aborts",
        || {
            let list = with_free(raise_inside);
            let entry = list.allocate();
            let _ = catch_bug_check(|| list.free(entry));
        },
    );
    assert_aborted_by(&output, STATUS_INSUFFICIENT_RESOURCES);
}

#[test]
fn misuse_inside_a_callback_aborts() {
    let _turn = turn();
    let output = in_child("misuse_inside_a_callback_aborts", || {
        let list = with_free(misuse_inside);
        let entry = list.allocate();
        let _ = catch_bug_check(|| list.free(entry));
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("*** STOP 0x000000c2 (0x0000000000000046, "),
        "{said}"
    );
    assert_aborted(&output);
}

/// Behaviour: alloc-callback-throws.
#[test]
fn a_panic_inside_a_callback_aborts() {
    let _turn = turn();
    let output = in_child("a_panic_inside_a_callback_aborts", || {
        let list = with_free(panic_inside);
        let entry = list.allocate();
        let _ = catch_bug_check(|| list.free(entry));
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a callback's own panic"), "{said}");
    assert_aborted(&output);
}

#[test]
fn a_callback_can_catch_its_own_bug_checks() {
    let _turn = turn();
    let list = with_free(catch_inside);
    let entry = list.allocate();
    list.free(entry);
    assert_eq!(calls(), [Call::Free(entry, 0)]);
    let again = stop(|| list.free(entry));
    assert_eq!(again, freed_twice(entry), "the caller is armed again");
}

#[test]
fn a_callback_runs_as_the_thread_that_called() {
    let _turn = turn();
    extern "system" fn note(_: PoolType, _: usize, _: u32, _: *mut LookasideListEx) -> *mut c_void {
        answer_with(Block(std::ptr::without_provenance_mut(
            owner::current() as usize
        )));
        std::ptr::null_mut()
    }
    let list = List::new(Options {
        allocate: Some(note),
        ..Options::default()
    });
    list.allocate();
    let noted = ANSWERS.with_borrow_mut(Vec::pop);
    assert_eq!(noted.map(Block::address), Some(u64::from(owner::current())));
}
