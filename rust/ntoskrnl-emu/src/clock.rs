//! The clock: interrupt time, which only moves forward, and system time, which can be set.
//!
//! Both are the host's until a test holds the clock. Then they stand still, and move only as they are
//! [told](advance). Units are those of the routines: 100 nanoseconds.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::scope;
use crate::sync::{Guard, Lock, Once};

/// 100-nanosecond units from 1601 to 1970.
const EPOCH: u64 = 116_444_736_000_000_000;
/// 100-nanosecond units in a second.
pub(crate) const PER_SECOND: u64 = 10_000_000;

/// A point of interrupt time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

struct Clock {
    /// What interrupt time is ahead of the host's clock; less than zero where the clock was held.
    offset: i64,
    /// Where interrupt time stands, while the clock is held, and the thread that holds it.
    held: Option<(u64, usize)>,
    /// What system time is ahead of interrupt time.
    ahead: u64,
}

fn host_time() -> u64 {
    static START: Once<Instant> = Once::new();
    let passed = START.get_or_init(Instant::now).elapsed();
    // A machine does not boot with the process: a driver that subtracts from the time has room.
    units_of(passed).saturating_add(PER_SECOND * 60)
}

fn units_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / 100).unwrap_or(u64::MAX)
}

fn clock() -> Guard<Clock> {
    static CLOCK: Once<Lock<Clock>> = Once::new();
    let clock = CLOCK.get_or_init(|| {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let system = EPOCH.saturating_add(units_of(since_1970.unwrap_or_default()));
        Lock::new(Clock {
            offset: 0,
            held: None,
            ahead: system.saturating_sub(host_time()),
        })
    });
    clock.lock()
}

impl Clock {
    fn now(&self) -> u64 {
        match self.held {
            Some((time, _)) => time,
            None => host_time().saturating_add_signed(self.offset),
        }
    }
}

/// Interrupt time.
pub(crate) fn now() -> Moment {
    Moment(clock().now())
}

/// System time: since the beginning of 1601.
pub(crate) fn system_time() -> u64 {
    let clock = clock();
    clock.now().saturating_add(clock.ahead)
}

/// The moment at which system time is what it is asked for, if the clock is not set anew.
pub(crate) fn moment_of(system_time: u64) -> Moment {
    Moment(system_time.saturating_sub(clock().ahead))
}

/// Has the clock stand still, until it is [released](release). The calling thread moves it.
pub(crate) fn hold() {
    let mut clock = clock();
    clock.held = Some((clock.now(), scope::holder()));
}

/// Has a held clock go on from where it stands.
pub(crate) fn release() {
    let mut clock = clock();
    if let Some((time, _)) = clock.held.take() {
        clock.offset = time.cast_signed().saturating_sub(host_time().cast_signed());
    }
}

/// Moves the clock forward.
pub(crate) fn advance(units: u64) {
    let mut clock = clock();
    match &mut clock.held {
        Some((time, _)) => *time = time.saturating_add(units),
        None => clock.offset = clock.offset.saturating_add_unsigned(units),
    }
}

/// Sets system time. Interrupt time stays.
pub(crate) fn set_system_time(time: u64) {
    let mut clock = clock();
    clock.ahead = time.saturating_sub(clock.now());
}

/// How long a thread has to wait on the host until a moment; `None` where nothing passes by itself.
pub(crate) fn host_time_until(moment: Moment) -> Option<Duration> {
    let clock = clock();
    if clock.held.is_some() {
        return None;
    }
    let units = moment.0.saturating_sub(clock.now());
    Some(Duration::from_nanos(units.saturating_mul(100)))
}

/// Moves a clock that the calling thread holds to a moment, since nothing else would while that thread
/// waits. Whether it holds it.
pub(crate) fn pass(moment: Moment) -> bool {
    let mut clock = clock();
    match &mut clock.held {
        Some((time, thread)) if *thread == scope::holder() => {
            *time = moment.0.max(*time);
            true
        }
        _ => false,
    }
}
