//! The pool: alignment, usage, and what is refused.

mod common;

use common::*;
use ntoskrnl_emu::{Driver, Stop as Ended, catch_stop, host};
use wdm::*;

const LEGAL: [PoolType; 6] = [
    PoolType::NON_PAGED_POOL,
    PoolType::PAGED_POOL,
    PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
    PoolType::PAGED_POOL_CACHE_ALIGNED,
    PoolType::NON_PAGED_POOL_NX,
    PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
];

/// The bug check of a bad request to the pool.
fn bad(parameters: [u64; 4]) -> Stop {
    (0xC2, parameters)
}

/// The bug check of a free inside a block of nonpaged pool.
fn interior(block: Block) -> Stop {
    bad([0x44, block.address(), 0, 0])
}

/// The bug check of a free inside a block of paged pool.
fn interior_of_paged(block: Block) -> Stop {
    bad([0x41286, 0, 0, u64::from(block.offset()) / PAGE as u64])
}

fn no_pool_address(block: Block) -> Stop {
    bad([0x42, block.address(), 0, 0])
}

#[test]
fn a_block_below_a_page_is_16_byte_aligned_and_never_crosses_a_page() {
    let _turn = turn();
    for bytes in [
        1, 15, 16, 17, 24, 48, 100, 511, 1000, 2048, 2049, 4000, 4095,
    ] {
        let blocks: Vec<Block> = (0..70).map(|_| nonpaged(bytes)).collect();
        for block in &blocks {
            assert_eq!(block.address() % 16, 0);
            let last = block.address() + bytes as u64 - 1;
            assert_eq!(
                block.address() / PAGE as u64,
                last / PAGE as u64,
                "{bytes} bytes at {block:?}"
            );
        }
        blocks.into_iter().for_each(free_pool);
    }
}

#[test]
fn a_block_of_a_page_or_more_begins_on_a_page() {
    let _turn = turn();
    for bytes in [4096, 4097, 8191, 8192, 12_288, 100_000, 1 << 20] {
        for pool_type in LEGAL {
            let blocks: Vec<Block> = (0..3)
                .map(|_| allocate_pool(pool_type, bytes, TAG))
                .collect();
            for block in &blocks {
                assert_eq!(block.address() % PAGE as u64, 0);
            }
            blocks.into_iter().for_each(free_pool);
        }
    }
}

#[test]
fn a_cache_aligned_block_begins_on_a_cache_line() {
    let _turn = turn();
    for pool_type in LEGAL {
        let alignment = if pool_type.is_cache_aligned() {
            SYSTEM_CACHE_ALIGNMENT_SIZE as u64
        } else {
            16
        };
        for bytes in [1, 64, 65, 0x70, 300, 4000] {
            let blocks: Vec<Block> = (0..40)
                .map(|_| allocate_pool(pool_type, bytes, TAG))
                .collect();
            for block in &blocks {
                assert_eq!(block.address() % alignment, 0, "{pool_type:?} {bytes}");
                let last = block.address() + bytes as u64 - 1;
                assert_eq!(block.address() / PAGE as u64, last / PAGE as u64);
            }
            blocks.into_iter().for_each(free_pool);
        }
    }
}

#[test]
fn blocks_of_all_sizes_hold_their_bytes_and_do_not_overlap() {
    let _turn = turn();
    let mut random = Random::new(3);
    let mut blocks = Vec::new();
    for number in 0..2_000_u64 {
        let words = match random.below(10) {
            0 => 512 + random.below(2_000),
            1 => 400 + random.below(120),
            _ => 1 + random.below(60),
        };
        let pool_type = LEGAL[random.below(LEGAL.len())];
        let block = allocate_pool(pool_type, words * 8, TAG);
        assert!(!block.is_null());
        for word in 0..words {
            block.write(word, number);
        }
        blocks.push((block, words, number));
        if blocks.len() > 300 {
            let (block, words, number) = blocks.swap_remove(random.below(blocks.len()));
            for word in 0..words {
                assert_eq!(block.read(word), number);
            }
            free_pool(block);
        }
    }
    for (block, words, number) in blocks {
        assert!((0..words).all(|word| block.read(word) == number));
        free_pool(block);
    }
}

#[test]
fn usage_counts_the_requested_bytes_by_tag_and_kind_of_pool() {
    let _turn = turn();
    let mark = tag(b"Usag");
    let mut blocks = Vec::new();
    let mut bytes = [0_u64, 0];
    for size in [1, 15, 16, 100, 4095, 4096, 5000, 70_000] {
        for pool_type in LEGAL {
            blocks.push((
                allocate_pool(pool_type, size, mark),
                size as u64,
                pool_type.is_paged(),
            ));
            bytes[usize::from(pool_type.is_paged())] += size as u64;
        }
    }
    assert_eq!(
        usage(mark, false),
        Usage {
            allocs: 32,
            frees: 0,
            bytes: bytes[0]
        }
    );
    assert_eq!(
        usage(mark, true),
        Usage {
            allocs: 16,
            frees: 0,
            bytes: bytes[1]
        }
    );
    for (index, (block, size, is_paged)) in blocks.into_iter().enumerate() {
        let found = host::block_at(mapped(), block.offset()).map(|block| {
            (
                u64::from(block.bytes),
                block.tag,
                block.is_paged,
                block.is_kept,
            )
        });
        assert_eq!(found, Some((size, mark, is_paged, false)));
        if index % 2 == 0 {
            free_pool_with_tag(block, mark);
        } else {
            free_pool(block);
        }
        bytes[usize::from(is_paged)] -= size;
        assert_eq!(usage(mark, is_paged).bytes, bytes[usize::from(is_paged)]);
    }
    assert_eq!(usage(mark, false).live() + usage(mark, true).live(), 0);
}

#[test]
fn new_memory_is_poisoned_and_zeroed_only_where_asked() {
    let _turn = turn();
    for bytes in [8, 64, 4096, 9000] {
        let dirty = nonpaged(bytes);
        for word in 0..bytes.min(host::POISONED_BYTES) / 8 {
            assert_eq!(dirty.read(word), u64::from_ne_bytes([host::POISON; 8]));
        }
        free_pool(dirty);
        let zeroed = allocate_pool(PoolType(512 | POOL_ZERO_ALLOCATION), bytes, TAG);
        assert!((0..bytes / 8).all(|word| zeroed.read(word) == 0));
        free_pool(zeroed);
    }
}

#[test]
fn a_request_for_0_bytes_is_0xc2_0x00() {
    let _turn = turn();
    assert_eq!(
        stop(|| allocate_pool(PoolType::PAGED_POOL, 0, TAG)),
        bad([0, 0, 1, u64::from(TAG)])
    );
}

/// Requests of so many bytes with a tag, by every routine that takes one.
fn requests(bytes: usize, mark: u32) -> [(u64, Box<dyn Fn() -> Block>); 4] {
    let list = move |size| {
        List::new(Options {
            size,
            tag: mark,
            ..Options::default()
        })
    };
    [
        (
            512,
            Box::new(move || allocate_pool(PoolType::NON_PAGED_POOL_NX, bytes, mark)),
        ),
        (
            17,
            Box::new(move || allocate_pool_with_quota(PoolType::PAGED_POOL, bytes, mark)),
        ),
        (
            512,
            Box::new(move || allocate_pool2(POOL_FLAG_NON_PAGED, bytes, mark)),
        ),
        (512, Box::new(move || list(bytes).allocate())),
    ]
}

/// The stop without its last parameter, which is the caller's address and not zero.
#[track_caller]
fn without_caller((code, parameters): Stop) -> (u32, [u64; 3]) {
    let [first, second, third, caller] = parameters;
    if cfg!(all(unix, not(miri))) {
        assert_ne!(caller, 0, "the caller's address");
    }
    (code, [first, second, third])
}

/// Behaviour: pool-bad-tag.
#[test]
fn a_tag_that_pool_refuses_is_one_stop_from_pool_and_from_a_lists_miss() {
    let _turn = turn();
    for (kind, request) in requests(100, tag(b"BIG ")) {
        assert_eq!(
            without_caller(stop(request)),
            (0xC2, [0x9C, kind, 100]),
            "BIG"
        );
    }
    let signs = tag(b"%$#!");
    for (kind, request) in requests(100, signs) {
        assert_eq!(
            without_caller(stop(request)),
            (0xC2, [0x9D, u64::from(signs), kind])
        );
    }
    for (number, (kind, request)) in requests(100, 0).into_iter().enumerate() {
        if number == 2 {
            assert!(request().is_null(), "ExAllocatePool2 refuses tag 0 by null");
        } else {
            assert_eq!(without_caller(stop(request)), (0xC2, [0x9B, kind, 100]));
        }
    }
    for name in [
        b"BIGx", b"xBIG", b"big ", b"Big\0", b"a   ", b"  7\0", b"---Z",
    ] {
        for (_, request) in requests(100, tag(name)) {
            assert!(!request().is_null(), "{name:?}");
        }
    }
    for name in [
        b"    ",
        b"-_. ",
        b"!\0\0\0",
        b"\x01\x02\x03\x04",
        b"\xff\xfe\xc3\xa4",
    ] {
        for (_, request) in requests(100, tag(name)) {
            assert_eq!(stop(request).1[0], 0x9D, "{name:?}");
        }
    }
}

#[test]
fn a_miss_that_pool_refuses_is_counted_and_changes_nothing_else() {
    let _turn = turn();
    let list = List::new(Options {
        tag: 0,
        ..Options::default()
    });
    stop(|| list.allocate());
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.allocate_misses), (1, 1));
    assert_eq!((list.record().failed, list.current_depth()), (1, 0));
    list.delete();
}

#[cfg(all(unix, not(miri)))]
#[test]
fn the_callers_address_lies_in_the_function_that_called_the_routine() {
    let _turn = turn();
    #[inline(never)]
    fn caller() -> Block {
        // SAFETY: refused.
        let block = unsafe { ntoskrnl_emu::ExAllocatePoolWithTag(PoolType::PAGED_POOL, 100, 0) };
        std::hint::black_box(Block(block))
    }
    let start = caller as *const () as u64;
    let (_, parameters) = stop(caller);
    let distance = parameters[3].wrapping_sub(start);
    assert!(distance < 4096, "{:#x} from {start:#x}", parameters[3]);
}

/// Behaviour: pool-must-succeed.
#[test]
fn a_request_of_must_succeed_pool_is_0xc2_0x9a() {
    let _turn = turn();
    for kind in [2, 6, 34, 38, 2 | 16, 6 | 512, 2 | 1024] {
        assert_eq!(
            stop(|| allocate_pool(PoolType(kind), 64, TAG)),
            bad([0x9A, kind as u64, 64, u64::from(TAG)])
        );
    }
}

/// Behaviour: pool-no-type.
#[test]
fn a_type_of_no_pool_never_gives_memory() {
    let _turn = turn();
    let before = usage(TAG, false).live() + usage(TAG, true).live();
    for kind in [
        3,
        7,
        32,
        33,
        35,
        36,
        37,
        39,
        64,
        128,
        544,
        2048,
        1 << 30,
        -1,
        i32::MIN,
    ] {
        assert!(
            allocate_pool(PoolType(kind & !16), 64, TAG).is_null(),
            "{kind}"
        );
    }
    assert_eq!(
        usage(TAG, false).live() + usage(TAG, true).live(),
        before,
        "nothing is allocated"
    );
    let raised = catch_stop(|| allocate_pool(PoolType(3 | 16), 64, TAG));
    assert_eq!(raised, Err(Ended::Raised(STATUS_INSUFFICIENT_RESOURCES)));
}

/// Behaviour: pool-free-inside.
#[test]
fn a_free_inside_a_block_of_paged_pool_is_0xc2_0x41286_with_its_page() {
    let _turn = turn();
    for bytes in [64, 200, PAGE, 3 * PAGE + 5] {
        let block = allocate_pool(PoolType::PAGED_POOL, bytes, TAG);
        for shift in [1, 16, 48, bytes / 2, bytes - 1] {
            let inside = block.plus(shift);
            assert_eq!(stop(|| free_pool(inside)), interior_of_paged(inside));
            assert_eq!(
                stop(|| free_pool_with_tag(inside, TAG)),
                interior_of_paged(inside)
            );
        }
        free_pool(block);
    }
}

/// Behaviour: list-in-paged-pool.
#[test]
fn a_list_in_paged_pool_is_0xc4_0xe1_whatever_its_kind() {
    let _turn = turn();
    for kind in [Kind::Ex, Kind::NPaged, Kind::Paged] {
        for (bytes, at) in [(128, 0), (1024, 512), (3 * PAGE, PAGE + 64)] {
            let block = allocate_pool(PoolType::PAGED_POOL, bytes, TAG);
            let place = block.plus(at);
            let stop = ntoskrnl_emu::catch_bug_check(|| initialise_at(kind, place)).unwrap_err();
            let shown = (stop.code, stop.parameters);
            assert_eq!(shown, (0xC4, [0xE1, place.address(), 0, 0]));
            let routine = match kind {
                Kind::Ex => "ExInitializeLookasideListEx",
                Kind::NPaged => "ExInitializeNPagedLookasideList",
                Kind::Paged => "ExInitializePagedLookasideList",
            };
            let report = stop.report();
            assert_eq!(report.routine, Some(routine), "not the one before");
            assert_eq!(report.list, Some(place.address()));
            free_pool(block);
        }
        let block = nonpaged(128);
        initialise_at(kind, block);
        delete_at(kind, block);
        free_pool(block);
    }
}

fn initialise_at(kind: Kind, place: Block) {
    match kind {
        Kind::Ex => {
            let kind = PoolType::PAGED_POOL;
            let at = place.0.cast();
            // SAFETY: inside a block, which stays until the list is deleted.
            let status = unsafe {
                ntoskrnl_emu::ExInitializeLookasideListEx(at, None, None, kind, 0, 64, TAG, 0)
            };
            assert!(status.is_ok());
        }
        // SAFETY: as above.
        Kind::NPaged => unsafe {
            ntoskrnl_emu::ExInitializeNPagedLookasideList(
                place.0.cast(),
                None,
                None,
                0,
                64,
                TAG,
                0,
            );
        },
        // SAFETY: as above.
        Kind::Paged => unsafe {
            ntoskrnl_emu::ExInitializePagedLookasideList(place.0.cast(), None, None, 0, 64, TAG, 0);
        },
    }
}

fn delete_at(kind: Kind, place: Block) {
    match kind {
        // SAFETY: initialised by this thread.
        Kind::Ex => unsafe { ntoskrnl_emu::ExDeleteLookasideListEx(place.0.cast()) },
        // SAFETY: as above.
        Kind::NPaged => unsafe { ntoskrnl_emu::ExDeleteNPagedLookasideList(place.0.cast()) },
        // SAFETY: as above.
        Kind::Paged => unsafe { ntoskrnl_emu::ExDeletePagedLookasideList(place.0.cast()) },
    }
}

/// Behaviour: pool-free-unmapped.
#[test]
fn a_free_of_what_is_no_block_is_one_stop_before_and_after_the_first_mapping() {
    let output = in_child(
        "a_free_of_what_is_no_block_is_one_stop_before_and_after_the_first_mapping",
        || {
            let local = 0_u128;
            let address = Block((&raw const local).cast_mut().cast());
            let all = || {
                [
                    stop(|| free_pool(address)),
                    stop(|| free_pool_with_tag(address, TAG)),
                    stop(|| free_pool(Block::NULL)),
                ]
            };
            assert!(host::mapped().is_none());
            let before = all();
            assert!(host::mapped().is_none());
            free_pool(nonpaged(16));
            assert_eq!(all(), before);
            assert_eq!(before[0], no_pool_address(address));
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_wrong_tag_on_free_is_0xc2_0x0a_and_the_block_stays() {
    let _turn = turn();
    let [own, other] = [tag(b"OwnT"), tag(b"OthT")];
    for bytes in [32, 5000] {
        let block = allocate_pool(PoolType::NON_PAGED_POOL_NX, bytes, own);
        assert_eq!(
            stop(|| free_pool_with_tag(block, other)),
            bad([0x0A, block.address(), u64::from(own), u64::from(other)])
        );
        assert!(is_live(block));
        free_pool_with_tag(block, own);
    }
}

#[test]
fn a_zero_tag_on_free_is_not_compared() {
    let _turn = turn();
    let block = nonpaged(32);
    free_pool_with_tag(block, 0);
    assert!(!is_live(block));
}

#[test]
fn a_double_free_is_0xc2_0x07() {
    let _turn = turn();
    for bytes in [16, 64, 4000, 4096, 20_000] {
        let keep_page = nonpaged(bytes);
        let block = nonpaged(bytes);
        free_pool(block);
        assert_eq!(stop(|| free_pool(block)), freed_twice(block));
        assert_eq!(stop(|| free_pool_with_tag(block, TAG)), freed_twice(block));
        free_pool(keep_page);
    }
}

/// Behaviour: pool-free-inside.
#[test]
fn a_free_inside_a_block_of_nonpaged_pool_is_0xc2_0x44() {
    let _turn = turn();
    let small = nonpaged(200);
    for shift in [1, 8, 15, 16, 32, 100, 192] {
        assert_eq!(
            stop(|| free_pool(small.plus(shift))),
            interior(small.plus(shift))
        );
    }
    // Whatever their place on the page.
    let blocks: Vec<Block> = (0..3 * PAGE / 208).map(|_| nonpaged(200)).collect();
    for block in &blocks {
        for shift in [8, 192] {
            let inside = block.plus(shift);
            assert_eq!(stop(|| free_pool(inside)), interior(inside));
        }
    }
    blocks.into_iter().for_each(free_pool);
    let large = nonpaged(3 * PAGE);
    for shift in [1, 16, PAGE, PAGE + 16, 3 * PAGE - 16] {
        assert_eq!(
            stop(|| free_pool(large.plus(shift))),
            interior(large.plus(shift))
        );
    }
    free_pool(small);
    free_pool(large);
}

#[test]
fn what_was_freed_on_a_page_is_forgotten_when_the_page_is_cut_anew() {
    let _turn = turn();
    // So many that some begin a page.
    let blocks: Vec<Block> = (0..2 * PAGE / 16).map(|_| nonpaged(16)).collect();
    let page = |block: &Block| block.address() / PAGE as u64;
    blocks.iter().copied().for_each(free_pool);
    assert_eq!(stop(|| free_pool(blocks[0])), freed_twice(blocks[0]));
    let anew = nonpaged(PAGE);
    assert!(blocks.iter().any(|block| page(block) == page(&anew)));
    for shift in (16..PAGE).step_by(16) {
        let inside = anew.plus(shift);
        assert_eq!(stop(|| free_pool(inside)), interior(inside));
    }
    free_pool(anew);
}

#[test]
fn an_address_that_was_never_in_the_pool_is_0xc2_0x42() {
    let _turn = turn();
    let mut local = 0_u128;
    let end = mapped().pool().wrapping_add(mapped().pool_bytes());
    for address in [
        Block((&raw mut local).cast()),
        Block(end.cast()),
        Block(mapped().pool().wrapping_sub(16).cast()),
        Block(std::ptr::without_provenance_mut(16)),
        Block(std::ptr::without_provenance_mut(usize::MAX)),
    ] {
        assert_eq!(stop(|| free_pool(address)), no_pool_address(address));
    }
}

#[test]
fn null_is_0xc2_0x46() {
    let _turn = turn();
    assert_eq!(stop(|| free_pool(Block::NULL)), bad([0x46, 0, 0, 0]));
    assert_eq!(
        stop(|| free_pool_with_tag(Block::NULL, TAG)),
        bad([0x46, 0, 0, 0])
    );
}

#[test]
fn pool_memory_that_no_block_ever_took_is_0xc2_0x46() {
    let _turn = turn();
    let last = mapped().pool().wrapping_add(mapped().pool_bytes());
    for address in [
        Block(mapped().pool().cast()),
        Block(last.wrapping_sub(16).cast()),
        Block(last.wrapping_sub(1).cast()),
    ] {
        assert_eq!(
            stop(|| free_pool(address)),
            bad([0x46, address.address(), 0, 0])
        );
    }
}

#[test]
fn a_block_with_an_active_list_is_0xc4_0xcc_until_the_list_is_deleted() {
    let _turn = turn();
    for (bytes, at) in [(CONTROL_BYTES, 0), (1024, 512), (3 * PAGE, PAGE + 64)] {
        let block = nonpaged(bytes);
        let list = block.plus(at);
        // SAFETY: inside the block, which stays until the list is deleted.
        let status = unsafe {
            ntoskrnl_emu::ExInitializeLookasideListEx(
                list.0.cast(),
                None,
                None,
                PoolType::PAGED_POOL,
                0,
                64,
                TAG,
                0,
            )
        };
        assert!(status.is_ok());
        let active = (0xC4, [0xCC, list.address(), block.address(), bytes as u64]);
        assert_eq!(stop(|| free_pool(block)), active);
        assert_eq!(stop(|| free_pool_with_tag(block, TAG)), active);
        assert!(is_live(block));
        // SAFETY: initialised above.
        unsafe { ntoskrnl_emu::ExDeleteLookasideListEx(list.0.cast()) };
        free_pool(block);
        assert!(!is_live(block));
    }
}

#[test]
fn blocks_beside_a_list_are_freed_as_ever() {
    let _turn = turn();
    let beside = || {
        let aligned = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED;
        allocate_pool(aligned, CONTROL_BYTES, TAG)
    };
    let page = |address: u64| address / PAGE as u64;
    let before = beside();
    let list = List::new(Options {
        in_pool: true,
        ..Options::default()
    });
    let after = beside();
    for block in [before, after] {
        assert_eq!(page(block.address()), page(list.address()));
        free_pool(block);
    }
    list.free(list.allocate());
}

#[test]
fn each_of_several_lists_on_a_page_is_noticed() {
    let _turn = turn();
    let mut lists = Vec::new();
    for _ in 0..4 {
        lists.push(List::new(Options {
            in_pool: true,
            ..Options::default()
        }));
        for list in &lists {
            let block = list.memory();
            let active = [0xCC, list.address(), list.address(), CONTROL_BYTES as u64];
            assert_eq!(stop(|| free_pool(block)), (0xC4, active));
        }
    }
}

#[test]
fn pool2_clears_the_memory_unless_told_otherwise() {
    let _turn = turn();
    for kind in [
        POOL_FLAG_NON_PAGED,
        POOL_FLAG_NON_PAGED_EXECUTE,
        POOL_FLAG_PAGED,
    ] {
        for extra in [0, POOL_FLAG_USE_QUOTA, POOL_FLAG_CACHE_ALIGNED] {
            for bytes in [8, 1000, 4096, 10_000] {
                let dirty = allocate_pool2(kind | extra | POOL_FLAG_UNINITIALIZED, bytes, TAG);
                assert_eq!(dirty.read(0), u64::from_ne_bytes([host::POISON; 8]));
                let zeroed = allocate_pool2(kind | extra, bytes, TAG);
                assert!((0..bytes / 8).all(|word| zeroed.read(word) == 0));
                if extra == POOL_FLAG_CACHE_ALIGNED {
                    assert_eq!(zeroed.address() % 64, 0);
                }
                free_pool(dirty);
                free_pool(zeroed);
            }
        }
    }
}

#[test]
fn pool2_aligns_to_lines_only_where_its_flags_ask() {
    let _turn = turn();
    for (extra, capacity) in [(0, 16), (POOL_FLAG_CACHE_ALIGNED, 128)] {
        let block = allocate_pool2(POOL_FLAG_NON_PAGED | extra, 8, TAG);
        let found = host::block_at(mapped(), block.offset()).expect("it is live");
        assert_eq!(found.capacity, capacity);
        free_pool(block);
    }
}

#[test]
fn pool2_takes_from_the_pool_that_its_flags_name() {
    let _turn = turn();
    let mark = tag(b"Pl2K");
    for (kind, is_paged) in [
        (POOL_FLAG_NON_PAGED, false),
        (POOL_FLAG_NON_PAGED_EXECUTE, false),
        (POOL_FLAG_PAGED, true),
    ] {
        let block = allocate_pool2(kind, 77, mark);
        assert_eq!(usage(mark, is_paged).bytes, 77);
        assert_eq!(usage(mark, !is_paged).bytes, 0);
        free_pool(block);
    }
}

#[test]
fn pool2_refuses_tag_0_zero_bytes_and_illegal_flags_by_null() {
    let _turn = turn();
    let legal = POOL_FLAG_NON_PAGED;
    assert!(allocate_pool2(legal, 64, 0).is_null());
    assert!(allocate_pool2(legal, 0, TAG).is_null());
    for flags in [
        0,
        POOL_FLAG_UNINITIALIZED,
        legal | POOL_FLAG_PAGED,
        legal | POOL_FLAG_NON_PAGED_EXECUTE,
        legal | POOL_FLAG_SESSION,
        legal | 0x10,
        legal | 0x200,
        legal | 0x400,
        legal | 0x8000_0000,
        512,
        516,
    ] {
        assert!(allocate_pool2(flags, 64, TAG).is_null(), "{flags:#x}");
    }
}

#[test]
fn pool2_ignores_optional_flags_that_it_does_not_know() {
    let _turn = turn();
    for optional in [POOL_FLAG_SPECIAL_POOL, 1 << 40, 1 << 63] {
        let block = allocate_pool2(POOL_FLAG_NON_PAGED | optional, 64, TAG);
        assert!(!block.is_null());
        free_pool(block);
    }
}

#[test]
fn a_failure_raises_only_where_asked() {
    let _turn = turn();
    let mark = tag(b"PRse");
    let faults = Driver::root().faults();
    let raised = Ended::Raised(STATUS_INSUFFICIENT_RESOURCES);
    faults.fail_next(4, mark);
    assert!(allocate_pool(PoolType::PAGED_POOL, 64, mark).is_null());
    assert!(allocate_pool2(POOL_FLAG_PAGED, 64, mark).is_null());
    assert_eq!(
        catch_stop(|| allocate_pool(PoolType(1 | 0x10), 64, mark)),
        Err(raised)
    );
    let flags = POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE;
    assert_eq!(catch_stop(|| allocate_pool2(flags, 64, mark)), Err(raised));
    assert_eq!(
        catch_stop(|| allocate_pool2(flags | POOL_FLAG_NON_PAGED, 64, mark)),
        Err(raised),
        "illegal flags"
    );
    let block = catch_stop(|| allocate_pool2(flags, 64, mark)).expect("no more faults");
    free_pool(block);
}

#[test]
fn a_request_larger_than_the_pool_is_null() {
    let _turn = turn();
    for bytes in [
        mapped().pool_bytes(),
        mapped().pool_bytes() + 1,
        1 << 40,
        usize::MAX,
    ] {
        assert!(nonpaged(bytes).is_null());
        assert!(allocate_pool2(POOL_FLAG_PAGED, bytes, TAG).is_null());
    }
}

#[test]
fn a_thousand_rounds_of_filling_and_emptying_leave_usage_where_it_was() {
    let _turn = turn();
    let mark = tag(b"PRnd");
    let mut random = Random::new(5);
    for _ in 0..1_000 {
        let blocks: Vec<Block> = (0..20)
            .map(|_| {
                let pool_type = LEGAL[random.below(LEGAL.len())];
                allocate_pool(pool_type, 1 + random.below(9_000), mark)
            })
            .collect();
        assert!(blocks.iter().all(|block| !block.is_null()));
        blocks.into_iter().for_each(free_pool);
        assert_eq!(usage(mark, false).bytes + usage(mark, true).bytes, 0);
    }
}

#[test]
fn all_tags_together_are_counted_even_when_there_are_more_than_rows() {
    let _turn = turn();
    let output = in_child(
        "all_tags_together_are_counted_even_when_there_are_more_than_rows",
        || {
            let total = || -> u64 {
                (0..host::layout::TAG_ROWS)
                    .map(|row| host::tag_row(mapped(), row).bytes)
                    .sum()
            };
            let blocks: Vec<Block> = (0..20_000_u32)
                .map(|number| {
                    allocate_pool(PoolType::PAGED_POOL, 32, 0x4100_0000 | number << 8 | 0x41)
                })
                .collect();
            assert_eq!(total(), 20_000 * 32);
            blocks.into_iter().for_each(free_pool);
            assert_eq!(total(), 0);
        },
    );
    assert!(output.status.success(), "{output:?}");
}
