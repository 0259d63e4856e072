//! Driver Verifier for C: options, counters, and the name in a stop.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};

use emu::host::Lock;
use emu::{BugCheck, Counters, Driver, PoolCounters, Verifier};

use crate::exports::refuse;

/// What Driver Verifier counts of a driver (`struct emu_counters`).
#[repr(C)]
pub struct EmuCounters {
    raise_irqls: u64,
    acquire_spin_locks: u64,
    synch_executions: u64,
    trims: u64,
    allocations_attempted: u64,
    allocations_succeeded: u64,
    allocations_succeeded_special_pool: u64,
    allocations_without_tag: u64,
    allocations_failed: u64,
    faults_injected: u64,
    pools: [EmuPoolCounters; 2],
}

/// What is allocated from one kind of pool (`struct emu_pool_counters`).
#[repr(C)]
struct EmuPoolCounters {
    current_allocations: u64,
    peak_allocations: u64,
    current_bytes: u64,
    peak_bytes: u64,
}

impl From<PoolCounters> for EmuPoolCounters {
    fn from(counters: PoolCounters) -> Self {
        Self {
            current_allocations: counters.current_allocations,
            peak_allocations: counters.peak_allocations,
            current_bytes: counters.current_bytes,
            peak_bytes: counters.peak_bytes,
        }
    }
}

impl EmuCounters {
    pub(crate) fn of(counters: Counters) -> Self {
        Self {
            raise_irqls: counters.raise_irqls,
            acquire_spin_locks: counters.acquire_spin_locks,
            synch_executions: counters.synch_executions,
            trims: counters.trims,
            allocations_attempted: counters.allocations_attempted,
            allocations_succeeded: counters.allocations_succeeded,
            allocations_succeeded_special_pool: counters.allocations_succeeded_special_pool,
            allocations_without_tag: counters.allocations_without_tag,
            allocations_failed: counters.allocations_failed,
            faults_injected: counters.faults_injected,
            pools: [counters.nonpaged.into(), counters.paged.into()],
        }
    }
}

/// The text at an address; empty for null.
///
/// # Safety
///
/// `text` is null, or ends with a zero.
pub(crate) unsafe fn text_at(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by the caller's word.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// Sets a driver's options.
pub(crate) fn verify(driver: Driver, flags: u32) {
    match Verifier::from_bits(flags) {
        Some(options) => _ = driver.verifier(options),
        None => refuse(&format!(
            "Flags with bits that stand for no option: {flags:#x}"
        )),
    }
}

/// Sets a driver's low resources simulation.
pub(crate) fn low_resources(driver: Driver, faults: u32, tags: String, seed: u64) {
    if faults > 10_000 {
        refuse(&format!("Faults must be in 0 … 10000: {faults}"));
    }
    match emu::host::tags_of(&tags) {
        Ok(tags) => _ = driver.low_resources(faults, &tags, seed),
        Err(why) => refuse(&format!("Cannot inject faults: {why}")),
    }
}

/// Switches a check of a driver by its name.
pub(crate) fn set_check(driver: Driver, name: String, is_on: bool) {
    match name.parse() {
        Ok(check) => driver.set_check(check, is_on),
        Err(why) => refuse(&why),
    }
}

/// A `UNICODE_STRING` with its text.
#[repr(C)]
struct UnicodeString {
    length: u16,
    maximum_length: u16,
    buffer: *const u16,
}

// SAFETY: the text lives for ever and is only read.
unsafe impl Send for UnicodeString {}
// SAFETY: as for Send.
unsafe impl Sync for UnicodeString {}

/// The `UNICODE_STRING` of a name. It lives for ever, once for each name: a stop may be looked at late.
fn unicode_string(name: &str) -> u64 {
    static NAMES: Lock<BTreeMap<String, &UnicodeString>> = Lock::new(BTreeMap::new());
    let mut names = NAMES.lock();
    let string = names.entry(name.to_owned()).or_insert_with(|| {
        let most = usize::from(u16::MAX / 2) - 1;
        let mut text: Vec<u16> = name.encode_utf16().take(most).collect();
        let length = (text.len() * 2) as u16;
        text.push(0);
        Box::leak(Box::new(UnicodeString {
            length,
            maximum_length: length + 2,
            buffer: text.leak().as_ptr(),
        }))
    });
    std::ptr::from_ref::<UnicodeString>(string).expose_provenance() as u64
}

/// How the stop of a driver's unload names it: with pool tracking the second parameter of 0xC4 (0x62, …)
/// is the address of its name.
pub(crate) fn name_in_stop(driver: Driver) -> impl FnOnce(BugCheck) -> BugCheck {
    let is_tracked = driver.options().contains(Verifier::POOL_TRACKING);
    let name = driver.name();
    move |mut stop| {
        if let (0xC4, [0x62, second, ..]) = (stop.code, &mut stop.parameters)
            && is_tracked
        {
            *second = unicode_string(&name);
        }
        stop
    }
}
