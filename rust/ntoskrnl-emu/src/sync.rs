//! What threads share memory by: the standard library's atomics and threads and a lock, or in a
//! loom build (`--cfg loom`) the models of them.
//!
//! A loom build is the whole crate on loom's atomics, with sizes that keep a model small (see
//! [`layout`](crate::memory::layout)) and with memory of the models' own (`memory/region/loom.rs`).
//! Its models stand in modules called `loom`: in `models` where they need a list, else at the foot of
//! the file that they prove.

pub(crate) use self::inner::*;
#[cfg(not(loom))]
pub use self::lock::Lock;
pub use self::lock::Once;
pub(crate) use self::lock::{INTERRUPTED, fork, interrupted};

#[cfg_attr(loom, allow(dead_code, reason = "loom has a lock of its own"))]
mod lock;
mod unseen;

#[cfg(not(loom))]
mod inner {
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{
        AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    };
    pub(crate) use std::thread::yield_now;
    pub(crate) use std::thread_local as per_thread;
    pub(crate) use std::time::Instant;

    pub(crate) use super::lock::Guard;

    /// How a thread waits for the lock of a header.
    pub(crate) mod patience {
        use std::time::Duration;

        /// Pauses before the first retry.
        pub(crate) const FIRST_PAUSES: u32 = 16;
        /// The longest row of pauses before the thread yields instead.
        pub(crate) const LONGEST_PAUSES: u32 = 64;
        /// Yields between two looks at whether a thread works on the list.
        pub(crate) const YIELDS: u32 = 64;
        /// How long a lock may stay set, with word 0 unchanged, before it is taken for damage.
        pub(crate) const STUCK: Duration = Duration::from_secs(2);
    }

    /// A static that is made when the process begins; in a loom build, when a run of a model does.
    macro_rules! global {
        ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
            $(#[$attribute])*
            static $name: $type = $value;
        };
    }
    pub(crate) use global;
}

#[cfg(loom)]
mod inner {
    use std::cell::Cell;
    use std::sync::PoisonError;
    use std::time::Duration;

    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{
        AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    };
    pub(crate) use loom::thread::yield_now;

    /// A lock. The crate's own is taken to be right; what it guards is not.
    pub(crate) struct Lock<T>(loom::sync::Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    pub(crate) mod patience {
        use std::time::Duration;

        pub(crate) const FIRST_PAUSES: u32 = 1;
        pub(crate) const LONGEST_PAUSES: u32 = 1;
        pub(crate) const YIELDS: u32 = 1;
        pub(crate) const STUCK: Duration = Duration::from_millis(100);
    }

    macro_rules! global {
        ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
            ::loom::lazy_static! {
                $(#[$attribute])*
                static ref $name: $type = $value;
            }
        };
    }
    pub(crate) use global;

    /// As the standard library's; loom's own knows no constant initialisers.
    macro_rules! per_thread {
        ($($(#[$attribute:meta])* static $name:ident: $type:ty = const { $value:expr };)+) => {
            ::loom::thread_local! {
                $(
                    $(#[$attribute])*
                    static $name: $type = $value;
                )+
            }
        };
    }
    pub(crate) use per_thread;

    std::thread_local! {
        // The standard library's: all threads of a model run on one of the system's.
        static TIME: Cell<(Duration, Duration)> = const { Cell::new((Duration::ZERO, Duration::ZERO)) };
    }

    /// A time that only passes by being looked at, and only in a model that says so.
    #[derive(Clone, Copy)]
    pub(crate) struct Instant(Duration);

    impl Instant {
        pub(crate) fn now() -> Self {
            let (now, step) = TIME.get();
            TIME.set((now + step, step));
            Self(now)
        }

        pub(crate) fn duration_since(self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }

        /// Lets so much time pass between two looks, from now on.
        #[cfg(test)]
        pub(crate) fn set_step(step: Duration) {
            TIME.set((Duration::ZERO, step));
        }
    }

    /// Runs a model in every order that its threads can take, or in those that preempt a thread at
    /// most `preemptions` times, and prints how many there were.
    #[cfg(test)]
    pub(crate) fn model(
        name: &str,
        preemptions: impl Into<Option<usize>>,
        body: impl Fn() + Send + Sync + 'static,
    ) {
        // The standard library's: counted across the runs.
        let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counted = runs.clone();
        let start = std::time::Instant::now();
        let mut builder = loom::model::Builder::new();
        builder.max_branches = 100_000;
        builder.preemption_bound = builder.preemption_bound.or(preemptions.into());
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            body();
        });
        let runs = runs.load(Ordering::Relaxed);
        println!(
            "{name}: {runs} runs, {:.1} s",
            start.elapsed().as_secs_f32()
        );
    }

    /// Has so many threads of a model do the same, this one among them, and returns what each did.
    #[cfg(test)]
    pub(crate) fn on_threads<T: 'static>(
        threads: usize,
        run: impl Fn() -> T + Clone + 'static,
    ) -> Vec<T> {
        let spawn = |_| loom::thread::spawn(run.clone());
        let others: Vec<_> = (1..threads).map(spawn).collect();
        let mut done = vec![run()];
        done.extend(others.into_iter().map(|other| other.join().unwrap()));
        done
    }

    /// What two threads do at once.
    #[cfg(test)]
    pub(crate) struct Race {
        is_turned: bool,
    }

    #[cfg(test)]
    impl Race {
        /// Runs both and returns what they do.
        pub(crate) fn run<A: 'static, B: 'static>(
            &self,
            one: impl FnOnce() -> A + 'static,
            other: impl FnOnce() -> B + 'static,
        ) -> (A, B) {
            if self.is_turned {
                let one = loom::thread::spawn(one);
                let done = other();
                (one.join().unwrap(), done)
            } else {
                let other = loom::thread::spawn(other);
                (one(), other.join().unwrap())
            }
        }
    }

    /// Runs a model of two different threads, once from either's going first.
    ///
    /// Loom derives orders from conflicts with the last access to each atomic. Where a thread reads
    /// before it writes, its read hides an earlier one by the other thread; it is found where the
    /// writer went first.
    #[cfg(test)]
    pub(crate) fn race(
        name: &str,
        preemptions: impl Into<Option<usize>>,
        body: impl Fn(&Race) + Copy + Send + Sync + 'static,
    ) {
        let preemptions = preemptions.into();
        for (is_turned, name) in [(false, name.to_owned()), (true, format!("{name}, turned"))] {
            model(&name, preemptions, move || body(&Race { is_turned }));
        }
    }
}
