//! Pool allocations that are made to fail.

use std::sync::atomic::Ordering;

use crate::memory::layout::CHECK_FAULTS;
use crate::memory::region::{self, Region};
use crate::sync::{Lock, global};

struct Rule {
    driver: u32,
    /// Zero for any tag.
    tag: u32,
    remaining: u32,
}

global! {
    static RULES: Lock<Vec<Rule>> = Lock::new(Vec::new());
}

/// Makes a driver's next `count` allocations with a tag fail, in place of what was asked for that tag
/// before; tag 0 stands for any.
pub(crate) fn fail_next(driver: u32, count: u32, tag: u32) {
    let Ok(region) = region::map() else { return };
    let mut rules = RULES.lock();
    rules.retain(|rule| rule.driver != driver || rule.tag != tag);
    if count > 0 {
        rules.push(Rule {
            driver,
            tag,
            remaining: count,
        });
    }
    note(region, &rules);
}

/// Takes every rule of a driver back.
pub(crate) fn clear(driver: u32) {
    let Some(region) = region::mapped() else {
        return;
    };
    let mut rules = RULES.lock();
    rules.retain(|rule| rule.driver != driver);
    note(region, &rules);
}

/// Shows in the checks word whether there are rules. Called with the rules locked.
fn note(region: &Region, rules: &[Rule]) {
    let checks = &region.header().checks;
    // Relaxed: a hint. The thread that makes a rule sees it in its own later calls. Another thread that
    // must see it is told by other means, which order this store too.
    if rules.is_empty() {
        checks.fetch_and(!CHECK_FAULTS, Ordering::Relaxed);
    } else {
        checks.fetch_or(CHECK_FAULTS, Ordering::Relaxed);
    }
}

/// Whether this allocation is made to fail; counts it if so.
#[inline]
pub(crate) fn should_fail(region: &Region, driver: u32, tag: u32) -> bool {
    region.has_checks(CHECK_FAULTS) && take(region, driver, tag)
}

#[cold]
fn take(region: &Region, driver: u32, tag: u32) -> bool {
    let mut rules = RULES.lock();
    let found = rules.iter_mut().find(|rule| {
        rule.driver == driver && (rule.tag == 0 || rule.tag == tag) && rule.remaining > 0
    });
    let Some(rule) = found else { return false };
    rule.remaining -= 1;
    rules.retain(|rule| rule.remaining > 0);
    note(region, &rules);
    true
}
