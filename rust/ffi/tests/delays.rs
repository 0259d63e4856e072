//! What other isolates see while one stands between two steps of sharing, or begins or ends. Built
//! with `--cfg delays` only; `DELAY_SEED` replays the time that threads lose at random.
//!
//! An isolate lives on a thread. The one that a test opens first is that of the test's own thread.
#![cfg(delays)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;

use lookaside::isolate::{lookaside_close, lookaside_open};
use lookaside::lists::{
    lookaside_alloc, lookaside_create, lookaside_flush, lookaside_free, lookaside_hit,
    lookaside_keep,
};
use lookaside::pool::lookaside_pool_free;
use lookaside::sharing::{
    lookaside_attach, lookaside_close_list, lookaside_release, lookaside_share,
};
use ntoskrnl_emu::host::delay::amid;
use ntoskrnl_emu::host::layout::{SLOTS_OFFSET, Slot};
use ntoskrnl_emu::host::{self, owner};
use wdm::{NtStatus, PoolType, STATUS_DELETE_PENDING};

const TAG: u32 = u32::from_le_bytes(*b"DlFf");
const CONTROL_TAG: u32 = u32::from_le_bytes(*b"LkCb");

static TURN: Mutex<()> = Mutex::new(());

/// Held by each test: they count what the process has.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Entries that could not be freed: their list was closed meanwhile.
static STRANDED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Gives the entries back to pool that lists left behind which are deleted now.
fn free_stranded() {
    for entry in STRANDED.lock().expect("no panic").drain(..) {
        assert_eq!(
            lookaside_pool_free(entry, 0, 0),
            0,
            "a deleted list's entry is a block"
        );
    }
}

/// Live blocks by a tag.
fn live(tag: u32) -> u64 {
    let Some(region) = host::mapped() else {
        return 0;
    };
    let [nonpaged, paged] = [false, true].map(|is_paged| host::usage(region, tag, is_paged));
    nonpaged.allocs - nonpaged.frees + paged.allocs - paged.frees
}

/// The isolate of this thread, until it is dropped.
struct Isolate {
    slot: &'static Slot,
    offset: u32,
    owner: u32,
}

impl Drop for Isolate {
    fn drop(&mut self) {
        lookaside_close();
    }
}

impl Isolate {
    fn open() -> Self {
        let offset = lookaside_open(0);
        assert_ne!(offset, 0, "an isolate can be opened");
        let index = (offset as usize - SLOTS_OFFSET) / size_of::<Slot>();
        let region = host::mapped().expect("the pool is mapped");
        Self {
            slot: region.slot(index).expect("the offset is a slot's"),
            offset,
            owner: owner::current(),
        }
    }

    /// What the slot says went wrong.
    fn wrong(&self) -> (u32, NtStatus) {
        let kind = self.slot.kind.load(Ordering::Relaxed);
        let code = self.slot.code.load(Ordering::Relaxed);
        (kind, NtStatus::from(code.cast_signed()))
    }

    /// What an export's answer means.
    fn said(&self, answer: u32) -> Said {
        match answer {
            0 => Ok(()),
            _ => Err(self.wrong()),
        }
    }

    fn create(&self) -> u32 {
        let nonpaged = PoolType::NON_PAGED_POOL_NX.0;
        assert_eq!(lookaside_create(0, 64, nonpaged, TAG, 0, 0, 0, 0), 0);
        self.slot.value.load(Ordering::Relaxed)
    }

    fn create_shared(&self) -> u32 {
        let id = self.create();
        assert_eq!(self.said(lookaside_share(id)), Ok(()));
        id
    }

    fn attach(&self, id: u32) -> Said {
        self.said(lookaside_attach(id))
    }

    fn release(&self, id: u32) -> Said {
        self.said(lookaside_release(id))
    }

    /// What the last export that returns nothing came to.
    fn delivered(&self) -> Said {
        self.said(self.slot.kind.load(Ordering::Relaxed))
    }

    fn alloc(&self, id: u32) -> Result<u32, (u32, NtStatus)> {
        match lookaside_hit(id, self.owner) {
            0 => {
                lookaside_alloc(id);
                self.delivered()?;
                Ok(self.slot.value.load(Ordering::Relaxed))
            }
            entry => Ok(entry),
        }
    }

    fn free(&self, id: u32, entry: u32) -> Said {
        if lookaside_keep(id, entry, self.owner) != 0 {
            return Ok(());
        }
        lookaside_free(id, entry);
        self.delivered()
    }

    /// Allocates an entry and frees it. Where the list is closed in between, the entry stays
    /// allocated.
    fn use_once(&self, id: u32) -> Said {
        let entry = self.alloc(id)?;
        let said = self.free(id, entry);
        if said.is_err() {
            STRANDED.lock().expect("no panic").push(entry);
        }
        said
    }
}

/// What an export said: nothing, or the kind of what went wrong, and the status or stop code.
type Said = Result<(), (u32, NtStatus)>;

const GONE: Said = Err((1, STATUS_DELETE_PENDING));

/// Runs something in an isolate of its own.
fn isolated<T: Send>(run: impl FnOnce(&Isolate) -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| run(&Isolate::open()));
        thread.join().expect("the isolate ends well")
    })
}

/// Asserts that nothing is left of a test's lists.
#[track_caller]
fn expect_nothing_left(id: u32) {
    assert!(!host::is_live(id));
    assert_eq!((live(TAG), live(CONTROL_TAG)), (0, 0));
}

#[test]
fn who_attaches_while_a_list_is_being_shared_gets_it_whole() {
    let _turn = turn();
    let published = AtomicU32::new(0);
    thread::scope(|scope| {
        let (id, attached) = amid(
            "sharing shared",
            || {
                let isolate = Isolate::open();
                let id = isolate.create();
                published.store(id, Ordering::Relaxed);
                assert_eq!(isolate.said(lookaside_share(id)), Ok(()));
                assert_eq!(isolate.use_once(id), Ok(()));
                id
            },
            || {
                scope.spawn(|| {
                    let id = published.load(Ordering::Relaxed);
                    let isolate = Isolate::open();
                    (isolate.attach(id), isolate.use_once(id))
                })
            },
        );
        // It waits for the sharing, and comes before the owner's end or after it.
        let attached = attached.join().expect("no panic");
        assert!(
            [(Ok(()), Ok(())), (GONE, GONE)].contains(&attached),
            "{attached:?}"
        );
        expect_nothing_left(id);
    });
}

#[test]
fn who_attaches_while_the_owner_closes_has_a_handle_of_a_closed_list() {
    let _turn = turn();
    let ours = Isolate::open();
    let id = ours.create_shared();
    let amidst = Barrier::new(2);
    let closed = Barrier::new(2);
    let attach = || {
        let isolate = Isolate::open();
        let attached = isolate.attach(id);
        closed.wait();
        let seen = (isolate.use_once(id), live(CONTROL_TAG));
        (attached, seen, isolate.release(id))
    };
    thread::scope(|scope| {
        let attacher = scope.spawn(|| {
            // The list was live when the isolate looked; now its owner closes it.
            amid("sharing attach", attach, || {
                amidst.wait();
                while host::is_live(id) {
                    thread::yield_now();
                }
            })
        });
        amidst.wait();
        // Waits for the attaching, which holds the table.
        assert_eq!(ours.said(lookaside_close_list(id)), Ok(()));
        closed.wait();
        let (seen, ()) = attacher.join().expect("no panic");
        assert_eq!(seen, (Ok(()), (GONE, 1), Ok(())), "the new handle keeps it");
    });
    expect_nothing_left(id);
}

#[test]
fn a_list_that_is_closed_is_closed_for_all_and_deleted_with_the_last_handle() {
    let _turn = turn();
    let ours = Isolate::open();
    let id = ours.create_shared();
    assert_eq!(ours.use_once(id), Ok(()));
    let close = || {
        let isolate = Isolate::open();
        assert_eq!(isolate.attach(id), Ok(()));
        isolate.said(lookaside_close_list(id))
    };
    let (closed, ()) = amid("sharing closed", close, || {
        assert_eq!(ours.use_once(id), GONE);
        lookaside_flush(id);
        assert_eq!(ours.delivered(), GONE);
        assert_eq!(isolated(|isolate| isolate.attach(id)), GONE);
        assert_eq!(live(CONTROL_TAG), 1);
    });
    assert_eq!(closed, Ok(()));
    assert_eq!(
        (live(TAG), live(CONTROL_TAG)),
        (1, 1),
        "our handle keeps it"
    );
    assert_eq!(ours.release(id), Ok(()));
    expect_nothing_left(id);
}

#[test]
fn a_list_whose_last_handle_is_gone_takes_no_new_ones() {
    let _turn = turn();
    let ours = Isolate::open();
    let id = ours.create_shared();
    let attached = Barrier::new(2);
    let alone = Barrier::new(2);
    let last = || {
        let isolate = Isolate::open();
        assert_eq!(isolate.attach(id), Ok(()));
        attached.wait();
        alone.wait();
        isolate.release(id)
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            amid("sharing released", last, || {
                isolated(|isolate| (isolate.attach(id), isolate.use_once(id)))
            })
        });
        attached.wait();
        assert_eq!(ours.release(id), Ok(()));
        assert_eq!(live(CONTROL_TAG), 1, "the other handle keeps it");
        alone.wait();
        let (released, seen) = thread.join().expect("no panic");
        assert_eq!((released, seen), (Ok(()), (GONE, GONE)));
    });
    expect_nothing_left(id);
}

#[test]
fn an_isolate_that_ends_takes_nothing_from_those_that_share_its_lists() {
    let _turn = turn();
    let ours = Isolate::open();
    let id = ours.create_shared();
    let confined = AtomicU32::new(0);
    let end = || {
        let isolate = Isolate::open();
        assert_eq!(isolate.attach(id), Ok(()));
        let own = isolate.create();
        assert_eq!(isolate.use_once(own), Ok(()));
        confined.store(own, Ordering::Relaxed);
        drop(isolate);
    };
    let ((), ()) = amid("isolate ending", end, || {
        assert_eq!(ours.use_once(id), Ok(()));
        assert_eq!(isolated(|isolate| isolate.attach(id)), Ok(()));
        assert!(
            host::is_live(confined.load(Ordering::Relaxed)),
            "it has not ended yet"
        );
    });
    assert!(!host::is_live(confined.load(Ordering::Relaxed)));
    assert_eq!(ours.use_once(id), Ok(()));
    assert_eq!(live(CONTROL_TAG), 1);
    assert_eq!(ours.release(id), Ok(()));
    expect_nothing_left(id);
}

#[test]
fn a_slot_is_one_isolates_from_its_beginning_to_its_end() {
    let _turn = turn();
    let stay = || Isolate::open().offset;
    for window in ["isolate beginning", "isolate ended"] {
        let (held, other) = amid(window, stay, || isolated(|isolate| isolate.offset));
        assert_ne!(held, other, "{window}");
        assert_eq!(
            isolated(|isolate| isolate.offset),
            held.min(other),
            "both are free again"
        );
    }
}

#[test]
fn isolates_that_come_and_go_share_lists_until_they_are_closed() {
    const ROUNDS: usize = 150;
    const ISOLATES: usize = 3;
    let _turn = turn();
    let newest = AtomicU32::new(0);
    let begin = Barrier::new(ISOLATES + 1);
    // Told of at the end: a thread that fails would leave the others waiting.
    let mut left = Vec::new();
    let unexpected = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..ISOLATES {
            let (newest, begin, unexpected) = (&newest, &begin, &unexpected);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    begin.wait();
                    let id = newest.load(Ordering::Relaxed);
                    let isolate = Isolate::open();
                    let expect = |said: Said| {
                        if ![Ok(()), GONE].contains(&said) {
                            unexpected.lock().expect("no panic").push(said);
                        }
                    };
                    for turn in 0..4 {
                        let attached = isolate.attach(id);
                        expect(attached);
                        if attached.is_err() {
                            continue;
                        }
                        (0..3).for_each(|_| expect(isolate.use_once(id)));
                        // Some handles are left to the isolate's end.
                        if (round + number + turn) % 3 != 0 {
                            expect(isolate.release(id));
                        }
                    }
                    drop(isolate);
                    begin.wait();
                }
            });
        }
        for round in 0..ROUNDS {
            let isolate = Isolate::open();
            let id = isolate.create_shared();
            newest.store(id, Ordering::Relaxed);
            begin.wait();
            let used = (0..round % 7).map(|_| isolate.use_once(id));
            unexpected
                .lock()
                .expect("no panic")
                .extend(used.filter(Result::is_err));
            // Every other owner closes it; the others end and leave it to the isolates that have a handle.
            if round % 2 == 0 {
                lookaside_close_list(id);
            }
            drop(isolate);
            begin.wait();
            free_stranded();
            left.push((host::is_live(id), live(TAG), live(CONTROL_TAG)));
        }
    });
    assert_eq!(unexpected.into_inner().expect("no panic"), []);
    assert!(left.iter().all(|left| *left == (false, 0, 0)), "{left:?}");
}
