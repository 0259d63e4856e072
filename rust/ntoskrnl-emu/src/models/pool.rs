//! Threads that allocate from the pool and free to it.

mod loom {
    use ::loom::thread;
    use wdm::{PAGE_SIZE, PoolType};

    use super::super::list::{List, TAG};
    use crate::host::set_own_entries_only;
    use crate::memory::layout::PAGE_FREE;
    use crate::memory::region::{self, Region};
    use crate::pool::{Request, allocate_in_mapping as allocate, block_at, free_entry};
    use crate::sync::{Ordering, model, on_threads, race};
    use crate::{ExAllocatePoolWithTag, ExFreePool, catch_bug_check};

    const HALF_PAGE: usize = PAGE_SIZE / 2;

    fn region_of(pages: u32) -> &'static Region {
        assert!(region::configure(pages).is_ok());
        region::map().unwrap_or_else(|_| panic!("just made"))
    }

    fn plain(bytes: usize) -> Request<'static> {
        Request {
            bytes,
            pool_type: PoolType::NON_PAGED_POOL_NX,
            tag: TAG,
            driver: 0,
            list: None,
        }
    }

    /// Allocates a block and frees it. Loom reports another thread that has it meanwhile.
    fn allocate_and_free(region: &Region, request: &Request<'_>) {
        let offset = allocate(region, request).expect("the pool has room");
        let block = block_at(region, offset).expect("it is live");
        assert!(block.capacity as usize >= request.bytes);
        // SAFETY: the block is this thread's.
        unsafe { region.fill(offset, 0, block.capacity as usize) };
        free_entry(region, offset);
    }

    /// Nothing is allocated, the usage says so, and all pages are one run again.
    fn assert_empty(region: &Region, blocks: u64) {
        let row = region.tag_row(0);
        let usage =
            [&row.allocs, &row.frees, &row.bytes].map(|field| field.load(Ordering::Relaxed));
        assert_eq!(usage, [blocks, blocks, 0]);
        for number in 1..region.pages() {
            let page = region.page(number);
            let is_free = page.kind.load(Ordering::Relaxed) == PAGE_FREE;
            assert!(is_free || page.live.load(Ordering::Relaxed) == 0);
        }
        let all = plain((region.pages() as usize - 1) * PAGE_SIZE);
        assert!(allocate(region, &all).is_some(), "every page is back");
    }

    #[test]
    fn plain_blocks_of_two_threads_never_overlap_and_all_come_back() {
        for sizes in [[16, 16], [16, HALF_PAGE], [16, PAGE_SIZE]] {
            model(
                &format!("pool, plain blocks of {sizes:?} bytes"),
                3,
                move || {
                    let region = region_of(4);
                    let other = thread::spawn(move || {
                        allocate_and_free(region, &plain(sizes[0]));
                        allocate_and_free(region, &plain(sizes[1]));
                    });
                    allocate_and_free(region, &plain(sizes[1]));
                    allocate_and_free(region, &plain(sizes[0]));
                    other.join().unwrap();
                    assert_empty(region, 4);
                },
            );
        }
    }

    /// By the routines, which go the short way.
    #[test]
    fn of_two_frees_of_a_plain_block_one_is_refused() {
        for bytes in [16, HALF_PAGE] {
            let name = format!("pool, two frees of a plain block of {bytes} bytes");
            model(&name, 3, move || {
                let region = region_of(3);
                let kind = PoolType::NON_PAGED_POOL_NX;
                // SAFETY: size and tag are not 0.
                let block = unsafe { ExAllocatePoolWithTag(kind, bytes, TAG) };
                let address = block.expose_provenance();
                let freed = on_threads(2, move || {
                    let block = std::ptr::with_exposed_provenance_mut(address);
                    // SAFETY: freed once, or refused.
                    catch_bug_check(|| unsafe { ExFreePool(block) }).is_ok()
                });
                assert_ne!(freed[0], freed[1], "one of the two is refused");
                assert_empty(region, 1);
            });
        }
    }

    #[test]
    fn entries_of_two_lists_and_plain_blocks_share_the_pool() {
        model("pool, two lists and plain blocks", 3, || {
            let region = region_of(4);
            let lists = [List::new(HALF_PAGE), List::new(HALF_PAGE)];
            let other = lists[1].clone();
            let other = thread::spawn(move || {
                let entry = other.allocate().expect("the pool has room");
                allocate_and_free(other.region, &plain(16));
                other.free(entry);
                other.delete();
            });
            let entry = lists[0].allocate().expect("the pool has room");
            allocate_and_free(region, &plain(16));
            lists[0].free(entry);
            lists[0].delete();
            other.join().unwrap();
            assert_empty(region, 4);
        });
    }

    /// Two frees of one entry: after the first it goes back to pool and becomes an entry of another
    /// list, which gives none away.
    #[test]
    fn a_second_free_never_takes_another_lists_entry() {
        race("pool, second free", 3, |race| {
            let region = region_of(2);
            let [first, second] = [List::new(16), List::new(16)];
            assert!(set_own_entries_only(first.at(), true).is_ok());
            let entry = first.allocate().expect("the pool has room");
            first.control.depth.store(0, Ordering::Relaxed);
            let [one, passed_to, other] = [first.clone(), second.clone(), first.clone()];
            let pass_on = move || {
                let free = catch_bug_check(|| one.free_again(entry));
                // A second free may be a hit from now on.
                one.control.depth.store(4, Ordering::Relaxed);
                // The state word is the pool's doing, then that of two hits.
                let allocated = passed_to.allocate().and_then(|entry| {
                    passed_to.free(entry);
                    passed_to.allocate()
                });
                (free.is_ok(), allocated)
            };
            let free = move || catch_bug_check(|| other.free_again(entry)).is_ok();
            let ((one, allocated), other) = race.run(pass_on, free);
            assert_ne!(one, other, "one of the two is refused");
            if let Some(entry) = allocated {
                second.free(entry);
            }
            first.delete();
            second.delete();
            assert_eq!(region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
        });
    }
}
