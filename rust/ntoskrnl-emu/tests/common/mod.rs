//! Safe wrappers around the raw routines, so that the tests read as rules.
//!
//! They are safe because the emulation checks its arguments: an entry that is not a list's is refused,
//! never followed. Each wrapper says what else it relies on.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::c_void;
use std::mem::offset_of;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ntoskrnl_emu::host::{self, RecordValues, Region};
use ntoskrnl_emu::*;
use wdm::{
    AllocateFunctionExRaw, DISPATCH_LEVEL, FreeFunctionExRaw, GeneralLookaside,
    GeneralLookasidePool, Kirql, LookasideListEx, NtStatus, PAGE_SIZE, PoolType, SListEntry,
    SListHeader,
};

/// A tag as drivers write it.
pub const fn tag(name: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*name)
}

/// The tag of the tests that do not look at usage.
pub const TAG: u32 = tag(b"Test");
/// The tag of control blocks in the pool.
pub const CONTROL_TAG: u32 = tag(b"LkCb");
/// Bytes of a control block with the context behind it.
pub const CONTROL_BYTES: usize = 0x70;

static TURN: Mutex<()> = Mutex::new(());

/// Writes a byte before, in or behind a block: into the pool, which stays mapped, or onto a page where
/// it is a fault that ends the process.
pub fn write(block: *mut c_void, place: isize, value: u8) {
    let byte = block.cast::<u8>().wrapping_offset(place);
    // SAFETY: as said.
    unsafe { byte.write_volatile(value) };
}

/// Memory for the rest of the process, which a tool that looks for lost memory finds referred to.
pub fn for_ever(value: usize) -> *mut usize {
    static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let place = Box::into_raw(Box::new(value));
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(place.expose_provenance());
    place
}

/// Held by tests of one process that must not run at once: what one freed and frees again, another
/// could have been given meanwhile.
pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raises the thread's level and returns what it was.
pub fn raise(level: Kirql) -> Kirql {
    // SAFETY: the tests undo it, or a catcher does.
    unsafe { KfRaiseIrql(level) }
}

/// An allocate callback that returns at another level than it was called at.
pub unsafe extern "system" fn raising_allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _list: *mut LookasideListEx,
) -> *mut c_void {
    let made = allocate_pool(pool_type, bytes, tag);
    raise(DISPATCH_LEVEL);
    made.0
}

/// A code and four parameters.
pub type Stop = (u32, [u64; 4]);

/// The bug check that ends `run`.
#[track_caller]
pub fn stop<T>(run: impl FnOnce() -> T) -> Stop {
    match catch_bug_check(run) {
        Ok(_) => panic!("no bug check"),
        Err(stop) => (stop.code, stop.parameters),
    }
}

/// A pool block or entry. A test that hands copies to other threads says which of them may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(pub *mut c_void);

// SAFETY: an address by itself; it is followed by atomics only.
unsafe impl Send for Block {}
// SAFETY: as for Send.
unsafe impl Sync for Block {}

impl Block {
    pub const NULL: Self = Self(std::ptr::null_mut());

    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub fn address(self) -> u64 {
        self.0.addr() as u64
    }

    /// The address `bytes` further.
    pub fn plus(self, bytes: usize) -> Self {
        Self(self.0.wrapping_byte_add(bytes))
    }

    /// A word of the block. The memory must be mapped: pool memory always is.
    pub fn word(self, index: usize) -> &'static AtomicU64 {
        let place = self.0.cast::<u64>().wrapping_add(index);
        // SAFETY: mapped for good, aligned, and only ever reached by atomics.
        unsafe { AtomicU64::from_ptr(place) }
    }

    pub fn read(self, index: usize) -> u64 {
        self.word(index).load(Ordering::Relaxed)
    }

    pub fn write(self, index: usize, value: u64) {
        self.word(index).store(value, Ordering::Relaxed);
    }

    /// Its offset in the pool.
    #[track_caller]
    pub fn offset(self) -> u32 {
        mapped()
            .offset_of(self.0.addr())
            .expect("the block lies in the pool")
    }

    pub fn is_in_pool(self) -> bool {
        mapped().offset_of(self.0.addr()).is_some()
    }
}

/// The two mappings, made if they were not yet.
pub fn mapped() -> &'static Region {
    host::map().expect("the pool can be mapped")
}

pub fn allocate_pool(pool_type: PoolType, bytes: usize, tag: u32) -> Block {
    // SAFETY: tests follow what they own only.
    Block(unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) })
}

pub fn allocate_pool_with_quota(pool_type: PoolType, bytes: usize, tag: u32) -> Block {
    // SAFETY: tests follow what they own only.
    Block(unsafe { ExAllocatePoolWithQuotaTag(pool_type, bytes, tag) })
}

/// Nonpaged pool with [`TAG`].
pub fn nonpaged(bytes: usize) -> Block {
    allocate_pool(PoolType::NON_PAGED_POOL_NX, bytes, TAG)
}

pub fn allocate_pool2(flags: u64, bytes: usize, tag: u32) -> Block {
    // SAFETY: tests follow what they own only.
    Block(unsafe { ExAllocatePool2(flags, bytes, tag) })
}

pub fn free_pool(block: Block) {
    // SAFETY: what is no live block is refused.
    unsafe { ExFreePool(block.0) }
}

pub fn free_pool_with_tag(block: Block, tag: u32) {
    // SAFETY: what is no live block is refused.
    unsafe { ExFreePoolWithTag(block.0, tag) }
}

/// Blocks and bytes of one tag, from the rows that tools read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub allocs: u64,
    pub frees: u64,
    pub bytes: u64,
}

impl Usage {
    pub fn live(self) -> u64 {
        self.allocs - self.frees
    }
}

/// Usage of a tag in nonpaged or paged pool.
pub fn usage(tag: u32, paged: bool) -> Usage {
    let host::TagRowValues {
        allocs,
        frees,
        bytes,
        ..
    } = host::usage(mapped(), tag, paged);
    Usage {
        allocs,
        frees,
        bytes,
    }
}

/// By which routines a list is made and used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Ex,
    NPaged,
    Paged,
}

impl Kind {
    /// Bytes of a control block in the pool.
    pub const fn control_bytes(self) -> usize {
        match self {
            Self::Ex => CONTROL_BYTES,
            Self::NPaged | Self::Paged => size_of::<GeneralLookaside>(),
        }
    }
}

/// How a list is initialised. A legacy list takes flags, size and tag only.
#[derive(Clone, Copy)]
pub struct Options {
    pub kind: Kind,
    pub allocate: Option<AllocateFunctionExRaw>,
    pub free: Option<FreeFunctionExRaw>,
    pub pool_type: PoolType,
    pub flags: u32,
    pub size: usize,
    pub tag: u32,
    pub depth: u16,
    /// The control block lies in the pool instead of outside.
    pub in_pool: bool,
    /// Only entries that were allocated from the list may be freed to it. So it is in the tests of
    /// everything else: there an entry of another list is a mistake.
    pub own_entries_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: Kind::Ex,
            allocate: None,
            free: None,
            pool_type: PoolType::NON_PAGED_POOL_NX,
            flags: 0,
            size: 64,
            tag: TAG,
            depth: 0,
            in_pool: false,
            own_entries_only: true,
        }
    }
}

/// What a list counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub allocates: u32,
    pub allocate_misses: u32,
    pub frees: u32,
    pub free_misses: u32,
}

/// Storage for a list, and the list in it if it is initialised. Dropped, a list that was not
/// deleted is abandoned.
pub struct List {
    at: *mut LookasideListEx,
    kind: Kind,
    in_pool: bool,
}

// SAFETY: the routines check which thread may do what; the storage is reached by atomics only.
unsafe impl Send for List {}
// SAFETY: as for Send.
unsafe impl Sync for List {}

/// Room for a list of any kind.
const STORAGE: Layout = match Layout::from_size_align(size_of::<GeneralLookaside>(), 128) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the storage still stands, and its last user is this one.
        unsafe { abandon(self.at) };
        if self.in_pool {
            let _ = catch_bug_check(|| free_pool(Block(self.at.cast())));
        } else {
            // SAFETY: allocated with this layout by `storage`.
            unsafe { dealloc(self.at.cast(), STORAGE) }
        }
    }
}

impl List {
    /// Zeroed storage in which no list is initialised.
    pub fn storage(in_pool: bool) -> Self {
        Self::storage_of(Kind::Ex, in_pool)
    }

    /// Zeroed storage for a list of a kind.
    pub fn storage_of(kind: Kind, in_pool: bool) -> Self {
        let at = if in_pool {
            let bytes = kind.control_bytes();
            let block = allocate_pool(
                PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
                bytes,
                CONTROL_TAG,
            );
            assert!(!block.is_null(), "the pool has room for a control block");
            for word in 0..bytes / 8 {
                block.write(word, 0);
            }
            block.0.cast()
        } else {
            // SAFETY: the layout is not empty.
            let storage = unsafe { alloc_zeroed(STORAGE) };
            if storage.is_null() {
                handle_alloc_error(STORAGE);
            }
            storage.cast()
        };
        Self { at, kind, in_pool }
    }

    /// An initialised list.
    #[track_caller]
    pub fn new(options: Options) -> Self {
        let list = Self::storage_of(options.kind, options.in_pool);
        assert_eq!(list.initialise(options), wdm::STATUS_SUCCESS);
        list
    }

    /// A list of entries of a size, otherwise plain.
    #[track_caller]
    pub fn of(size: usize) -> Self {
        Self::new(Options {
            size,
            ..Options::default()
        })
    }

    /// A list that is confined to this thread, its control block in the pool.
    #[track_caller]
    pub fn confined(size: usize) -> Self {
        let list = Self::new(Options {
            size,
            in_pool: true,
            ..Options::default()
        });
        list.confine();
        list
    }

    pub fn initialise(&self, options: Options) -> NtStatus {
        assert_eq!(options.kind, self.kind, "the storage is for this kind");
        let status = self.initialise_only(options);
        if status.is_ok() {
            self.set_own_entries_only(options.own_entries_only);
        }
        status
    }

    pub fn set_own_entries_only(&self, is_so: bool) {
        let _ = host::set_own_entries_only(self.at, is_so);
    }

    fn initialise_only(&self, options: Options) -> NtStatus {
        let Options {
            flags, size, tag, ..
        } = options;
        match self.kind {
            Kind::Ex => return self.initialise_ex(options),
            // SAFETY: the storage stands until the list is abandoned.
            Kind::NPaged => unsafe {
                ExInitializeNPagedLookasideList(self.at.cast(), None, None, flags, size, tag, 0);
            },
            // SAFETY: as above.
            Kind::Paged => unsafe {
                ExInitializePagedLookasideList(self.at.cast(), None, None, flags, size, tag, 0);
            },
        }
        wdm::STATUS_SUCCESS
    }

    fn initialise_ex(&self, options: Options) -> NtStatus {
        // SAFETY: the storage stands until the list is abandoned; the callbacks are the test's.
        unsafe {
            ExInitializeLookasideListEx(
                self.at,
                options.allocate,
                options.free,
                options.pool_type,
                options.flags,
                options.size,
                options.tag,
                options.depth,
            )
        }
    }

    pub fn as_ptr(&self) -> *mut LookasideListEx {
        self.at
    }

    pub fn address(&self) -> u64 {
        self.at.addr() as u64
    }

    /// The control block as memory that any thread may write.
    pub fn memory(&self) -> Block {
        Block(self.at.cast())
    }

    pub fn allocate(&self) -> Block {
        Block(match self.kind {
            // SAFETY: the storage stands; what is no list is refused.
            Kind::Ex => unsafe { ExAllocateFromLookasideListEx(self.at) },
            // SAFETY: as above.
            Kind::NPaged => unsafe { ExAllocateFromNPagedLookasideList(self.at.cast()) },
            // SAFETY: as above.
            Kind::Paged => unsafe { ExAllocateFromPagedLookasideList(self.at.cast()) },
        })
    }

    /// Allocates `count` entries, all of them there.
    #[track_caller]
    pub fn allocate_many(&self, count: usize) -> Vec<Block> {
        let entries: Vec<Block> = (0..count).map(|_| self.allocate()).collect();
        assert!(entries.iter().all(|entry| !entry.is_null()));
        entries
    }

    pub fn free(&self, entry: Block) {
        match self.kind {
            // SAFETY: the storage stands; what is not allocated from the list is refused.
            Kind::Ex => unsafe { ExFreeToLookasideListEx(self.at, entry.0) },
            // SAFETY: as above.
            Kind::NPaged => unsafe { ExFreeToNPagedLookasideList(self.at.cast(), entry.0) },
            // SAFETY: as above.
            Kind::Paged => unsafe { ExFreeToPagedLookasideList(self.at.cast(), entry.0) },
        }
    }

    pub fn free_all(&self, entries: &[Block]) {
        for &entry in entries {
            self.free(entry);
        }
    }

    /// Makes the list keep `count` entries, and returns them in the order of the next allocations.
    #[track_caller]
    pub fn keep(&self, count: usize) -> Vec<Block> {
        let entries = self.allocate_many(count);
        let depth = self.depth();
        self.set_depth(depth.max(u16::try_from(count).expect("a depth")));
        self.free_all(&entries);
        assert_eq!(usize::from(self.current_depth()), count);
        entries.into_iter().rev().collect()
    }

    pub fn flush(&self) {
        // SAFETY: the storage stands; what is no list is refused.
        unsafe { ExFlushLookasideListEx(self.at) }
    }

    pub fn delete(&self) {
        match self.kind {
            // SAFETY: the storage stands; what is no list is refused.
            Kind::Ex => unsafe { ExDeleteLookasideListEx(self.at) },
            // SAFETY: as above.
            Kind::NPaged => unsafe { ExDeleteNPagedLookasideList(self.at.cast()) },
            // SAFETY: as above.
            Kind::Paged => unsafe { ExDeletePagedLookasideList(self.at.cast()) },
        }
    }

    pub fn confine(&self) {
        // SAFETY: just initialised by this thread.
        unsafe { confine(self.at) }
    }

    pub fn share(&self) {
        // SAFETY: no other thread uses it yet.
        unsafe { share(self.at) }
    }

    pub fn abandon(&self) {
        // SAFETY: no other thread uses it any more.
        unsafe { abandon(self.at) }
    }

    pub fn set_depth(&self, depth: u16) {
        // SAFETY: initialised.
        unsafe { set_depth(self.at, depth) }
    }

    /// The list's identifier.
    #[track_caller]
    pub fn id(&self) -> u32 {
        host::id(self.at).expect("the list is initialised")
    }

    /// The values of the list's record.
    pub fn record(&self) -> RecordValues {
        host::record(mapped(), self.id() & 0xffff)
    }

    pub fn u16_at(&self, offset: usize) -> &AtomicU16 {
        let place = self.at.wrapping_byte_add(offset).cast::<u16>();
        // SAFETY: inside the control block, aligned; it stands as long as `self`.
        unsafe { AtomicU16::from_ptr(place) }
    }

    pub fn u32_at(&self, offset: usize) -> &AtomicU32 {
        let place = self.at.wrapping_byte_add(offset).cast::<u32>();
        // SAFETY: inside the control block, aligned; it stands as long as `self`.
        unsafe { AtomicU32::from_ptr(place) }
    }

    pub fn u64_at(&self, offset: usize) -> &AtomicU64 {
        let place = self.at.wrapping_byte_add(offset).cast::<u64>();
        // SAFETY: inside the control block, aligned; it stands as long as `self`.
        unsafe { AtomicU64::from_ptr(place) }
    }

    pub fn depth(&self) -> u16 {
        let field = offset_of!(GeneralLookasidePool, depth);
        self.u16_at(field).load(Ordering::Relaxed)
    }

    pub fn maximum_depth(&self) -> u16 {
        let field = offset_of!(GeneralLookasidePool, maximum_depth);
        self.u16_at(field).load(Ordering::Relaxed)
    }

    /// How many entries it keeps.
    pub fn current_depth(&self) -> u16 {
        // SAFETY: the control block begins with its header.
        unsafe { ExQueryDepthSList(self.header()) }
    }

    pub fn counters(&self) -> Counters {
        let read = |field: usize| self.u32_at(field).load(Ordering::Relaxed);
        Counters {
            allocates: read(offset_of!(GeneralLookasidePool, total_allocates)),
            allocate_misses: read(offset_of!(GeneralLookasidePool, allocate_misses)),
            frees: read(offset_of!(GeneralLookasidePool, total_frees)),
            free_misses: read(offset_of!(GeneralLookasidePool, free_misses)),
        }
    }

    /// The header of the list as a plain S-list's.
    pub fn header(&self) -> *mut SListHeader {
        self.at.cast()
    }

    /// The 139/3 that damage of this list is answered with.
    pub fn damage(&self) -> Stop {
        (0x139, [3, self.address(), 0, 0])
    }
}

/// The double free of an entry or block of the tests' tag.
pub fn freed_twice(entry: Block) -> Stop {
    freed_twice_of(TAG, entry)
}

/// The double free of an entry or block of a tag; 0 for what lies outside the pool.
pub fn freed_twice_of(tag: u32, entry: Block) -> Stop {
    (0xC2, [0x07, 0, u64::from(tag), entry.address()])
}

/// The free of what is no entry of the list.
pub fn not_an_entry(entry: Block) -> Stop {
    (0xC2, [0x46, entry.address(), 0, 0])
}

/// The use of a confined list by another thread.
pub fn confined_elsewhere(list: &List) -> Stop {
    (0xC4, [0x4C4B_0001, list.address(), 0, 0])
}

/// The use of what is no list.
pub fn no_list(list: &List) -> Stop {
    (0xC4, [0xCB, list.address(), 0, 0])
}

/// What `is_busy` says of a block: whether a live block begins there.
pub fn is_live(block: Block) -> bool {
    host::block_at(mapped(), block.offset()).is_some()
}

/// A plain S-list header outside the pool.
pub struct Header {
    header: Box<SListHeader>,
}

impl Header {
    pub fn new() -> Self {
        let mut header = Box::new(SListHeader {
            alignment: u64::MAX,
            region: u64::MAX,
        });
        // SAFETY: no other thread uses it yet.
        unsafe { InitializeSListHead(&raw mut *header) };
        Self { header }
    }

    pub fn as_ptr(&self) -> *mut SListHeader {
        (&raw const *self.header).cast_mut()
    }
}

pub fn push(header: *mut SListHeader, entry: Block) -> Block {
    // SAFETY: the header is initialised; what cannot be an entry is refused.
    Block(unsafe { ExpInterlockedPushEntrySList(header, entry.0.cast::<SListEntry>()) }.cast())
}

pub fn pop(header: *mut SListHeader) -> Block {
    // SAFETY: the header is initialised.
    Block(unsafe { ExpInterlockedPopEntrySList(header) }.cast())
}

pub fn flush_header(header: *mut SListHeader) -> Block {
    // SAFETY: the header is initialised.
    Block(unsafe { ExpInterlockedFlushSList(header) }.cast())
}

pub fn query(header: *mut SListHeader) -> u16 {
    // SAFETY: the header is initialised.
    unsafe { ExQueryDepthSList(header) }
}

/// A generator of random numbers with a seed that is printed where it matters (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// The seed of a randomised test: the variable `SEED`, or the one given.
pub fn seed(default: u64) -> u64 {
    std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// How often two threads race in a test: the variable `RACE_ROUNDS`, or as often as here.
pub fn race_rounds() -> u32 {
    let given = std::env::var("RACE_ROUNDS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(60_000)
}

const CHILD: &str = "NTOSKRNL_EMU_TEST_CHILD";

/// A program of this target, run by what the variable `LOOKASIDE_RUNNER` names, if it is set: the
/// emulator of another processor, where the system does not know to run it.
fn program(binary: &std::path::Path) -> Command {
    match std::env::var_os("LOOKASIDE_RUNNER") {
        Some(runner) => {
            let mut command = Command::new(runner);
            command.arg(binary);
            command
        }
        None => Command::new(binary),
    }
}

/// Runs `run` in a process of its own and returns what that process said and how it ended: the
/// test's binary is started again for this one test, where `run` is called instead.
pub fn in_child(test: &str, run: impl FnOnce()) -> Output {
    in_child_with(test, &[], run)
}

/// As [`in_child`], with variables of the environment that the child has besides.
pub fn in_child_with(test: &str, variables: &[(&str, &str)], run: impl FnOnce()) -> Output {
    if std::env::var_os(CHILD).is_some_and(|child| child == test) {
        run();
        std::process::exit(0);
    }
    let binary = std::env::current_exe().expect("a test knows its binary");
    program(&binary)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .envs(variables.iter().copied())
        .output()
        .expect("the binary can be started again")
}

/// Asserts that a child was aborted by an exception that nothing caught.
#[track_caller]
pub fn assert_aborted_by(output: &Output, status: NtStatus) {
    let said = String::from_utf8_lossy(&output.stderr);
    let code = status.code().cast_unsigned();
    let line = format!("*** STOP 0x0000001e ({code:#018x}, 0x");
    assert!(
        said.lines().any(|said| said.starts_with(&line)),
        "no line {line:?} in: {said}"
    );
    assert_aborted(output);
}

/// Asserts that a child was aborted and wrote a line.
#[track_caller]
pub fn assert_aborted_with(output: &Output, line: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.lines().any(|said| said.trim_end() == line),
        "no line {line:?} in: {said}"
    );
    assert_aborted(output);
}

/// Asserts that a child was aborted.
#[track_caller]
pub fn assert_aborted(output: &Output) {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        const SIGABRT: i32 = 6;
        assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
    }
    assert!(!output.status.success(), "{output:?}");
}

/// A page in bytes.
pub const PAGE: usize = PAGE_SIZE;
