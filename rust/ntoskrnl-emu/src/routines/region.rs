//! Critical and guarded regions, in which a thread has no APCs delivered. There are none here, so a
//! region is a count of its thread, which the routines that want one look at.

use wdm::{APC_LEVEL, Kirql};

use crate::bug_check::BugCheck;
use crate::irql;
use crate::scope;
use crate::stops;
use crate::switches::Check;
use crate::verifier;

/// `KeEnterCriticalRegion`: begins a critical region.
///
/// # Safety
///
/// The thread ends the region.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-ntddk-keentercriticalregion`); above it is bug check 0xC4 (0x11A, level, 0,
/// 0), as under Driver Verifier.
pub unsafe extern "system-unwind" fn KeEnterCriticalRegion() {
    irql::ENTER_CRITICAL.check_with(Check::RoutineLevel, |level| {
        stops::critical_region_at_level(level, true)
    });
    scope::change_regions(|regions| regions.critical += 1);
}

/// `KeLeaveCriticalRegion`: ends a critical region.
///
/// Outside of one it is bug check 0xC4 (0x3E, 0, 0, 0), as under Driver Verifier.
///
/// # Safety
///
/// The thread is in a critical region.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-ntddk-keleavecriticalregion`); above it is bug check 0xC4 (0x11B, level, 0,
/// 0), as under Driver Verifier.
pub unsafe extern "system-unwind" fn KeLeaveCriticalRegion() {
    let limit = &irql::LEAVE_CRITICAL;
    limit.check_with(Check::RoutineLevel, |level| {
        stops::critical_region_at_level(level, false)
    });
    if scope::regions().critical == 0 {
        limit.raise(stops::no_critical_region());
    }
    scope::change_regions(|regions| regions.critical -= 1);
}

/// `KeEnterGuardedRegion`: begins a guarded region.
///
/// # Safety
///
/// The thread ends the region.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-keenterguardedregion`).
pub unsafe extern "system-unwind" fn KeEnterGuardedRegion() {
    irql::ENTER_GUARDED.check();
    scope::change_regions(|regions| regions.guarded += 1);
}

/// `KeLeaveGuardedRegion`: ends a guarded region. Outside of one it is bug check 0xC4 (0x3E, 0, 0, 0),
/// which is documented for a critical region.
///
/// # Safety
///
/// The thread is in a guarded region.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-keleaveguardedregion`).
pub unsafe extern "system-unwind" fn KeLeaveGuardedRegion() {
    let limit = &irql::LEAVE_GUARDED;
    limit.check();
    if scope::regions().guarded == 0 {
        limit.raise(stops::no_critical_region());
    }
    scope::change_regions(|regions| regions.guarded -= 1);
}

/// `KeAreApcsDisabled`: 1 in a critical or guarded region, and from APC_LEVEL on; else 0.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-keareapcsdisabled`).
pub unsafe extern "system-unwind" fn KeAreApcsDisabled() -> u8 {
    u8::from(are_disabled())
}

/// Whether the calling thread has no normal kernel APCs delivered.
pub(super) fn are_disabled() -> bool {
    let regions = scope::regions();
    regions.critical > 0 || regions.guarded > 0 || scope::level() >= APC_LEVEL
}

/// Stops a verified driver that works on a lock where APCs are delivered.
pub(super) fn refuse_apcs(stop: fn(Kirql, usize, bool) -> BugCheck, lock: usize, is_acquire: bool) {
    if verifier::is_verified(scope::driver()) && !are_disabled() {
        stop(scope::level(), lock, is_acquire).raise();
    }
}

/// `KeAreAllApcsDisabled`: 1 in a guarded region, and from APC_LEVEL on; else 0.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-keareallapcsdisabled`).
pub unsafe extern "system-unwind" fn KeAreAllApcsDisabled() -> u8 {
    u8::from(scope::regions().guarded > 0 || scope::level() >= APC_LEVEL)
}
