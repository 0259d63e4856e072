//! Which drivers have stacks, and the stacks of another language.

use std::sync::atomic::Ordering;

use crate::memory::layout::CHECK_STACKS;
use crate::memory::region;
use crate::pool::history;
use crate::registry;
use crate::stack::{self, StackDepth};

/// Sets how deep the stacks of all drivers are that have no depth of their own: of allocations, frees
/// and stops. Lists that are initialised after it have each call noted.
///
/// The environment says it first, `EMU_STACKS=N` or `EMU_STACKS=N,skip=M`. Where it says nothing there
/// are no stacks, but under AddressSanitizer and where `EMU_REPORT` or `EMU_SPECIAL_POOL` is set.
pub fn configure_stacks(depth: StackDepth) {
    stack::set_depth(depth);
    show();
}

/// Sets how deep the stacks of a driver are, or takes that back.
pub(super) fn set_for(driver: u32, depth: Option<StackDepth>) {
    stack::set_depth_of(driver, depth);
    registry::choose_states_of_driver(driver);
    show();
}

/// Has no stack of this process be walked: its callers are of another language, which
/// [tells](tell_stack) its stacks while the header page says so.
pub fn expect_told_stacks() {
    stack::expect_told();
    show();
}

/// Tells the stack of the thread's calls from now on, a line for each frame; an empty text ends it.
pub fn tell_stack(text: &str) {
    stack::tell(text);
}

/// Where the block or entry at an address was allocated last, a text for each frame from the caller's
/// on; empty where no stacks are asked for.
pub fn allocated_at(address: usize) -> Vec<String> {
    history::of(address).unwrap_or_default().allocated.frames()
}

/// Shows in the checks word whether there are stacks.
fn show() {
    let Some(region) = region::mapped() else {
        return;
    };
    let checks = &region.header().checks;
    // Relaxed: as for faults.
    if stack::is_on() {
        checks.fetch_or(CHECK_STACKS, Ordering::Relaxed);
    } else {
        checks.fetch_and(!CHECK_STACKS, Ordering::Relaxed);
    }
}
