//! Delays in the windows of protocols: the moments between two steps that other threads can see.
//!
//! Each window has a name, and the code passes it by [`point`]. That is nothing, unless this crate
//! is built with `--cfg delays`. Then a thread loses time there at random, and a test can hold a
//! thread in a window while it looks at what others see (`amid`):
//!
//! ```text
//!   the thread held        the test
//!   …                      waits
//!   point(window)
//!   waits                  sees what must hold amid the protocol
//!   …                      waits for the other's end
//! ```
//!
//! `DELAY_SEED`, which is printed, makes each thread lose time as before; when the threads meet, the
//! system decides.

/// Passes a window.
#[cfg(not(delays))]
#[inline(always)]
pub fn point(_: &'static str) {}

#[cfg(delays)]
pub use enabled::{amid, point};

#[cfg(delays)]
mod enabled {
    use std::cell::{Cell, RefCell};
    use std::hash::{BuildHasher, RandomState};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
    use std::thread;
    use std::time::Duration;

    thread_local! {
        /// No destructor: windows are passed while a thread ends, too.
        static RANDOM: Cell<u64> = const { Cell::new(0) };
        /// Where this thread is to be held, once.
        static GATE: RefCell<Option<Arc<Gate>>> = const { RefCell::new(None) };
    }

    /// Passes a window: waits at a gate that stands there, or else loses time at random.
    pub fn point(window: &'static str) {
        let gate = GATE.try_with(|gate| gate.borrow_mut().take_if(|gate| gate.window == window));
        match gate.ok().flatten() {
            Some(gate) => {
                gate.set_if(Progress::Coming, Progress::Held);
                gate.wait_while(Progress::Held);
            }
            None => lose_time(),
        }
    }

    fn lose_time() {
        let random = next();
        let amount = random >> 32;
        match random % 64 {
            0 => thread::sleep(Duration::from_micros(amount % 300)),
            1..8 => thread::yield_now(),
            8..16 => (0..amount % 2_000).for_each(|_| std::hint::spin_loop()),
            _ => {}
        }
    }

    /// The next random number of this thread (splitmix64).
    fn next() -> u64 {
        static SEED: OnceLock<u64> = OnceLock::new();
        static THREADS: AtomicU64 = AtomicU64::new(1);
        if RANDOM.get() == 0 {
            let seed = *SEED.get_or_init(|| {
                let given = std::env::var("DELAY_SEED").ok();
                let seed = given.map_or_else(
                    || RandomState::new().hash_one(0),
                    |text| match text.parse() {
                        Ok(seed) => seed,
                        Err(error) => panic!("DELAY_SEED={text}: {error}"),
                    },
                );
                eprintln!("DELAY_SEED={seed}");
                seed
            });
            // Relaxed: the number only has to differ from thread to thread.
            RANDOM.set(seed ^ THREADS.fetch_add(1, Ordering::Relaxed) << 40);
        }
        RANDOM.set(RANDOM.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut mixed = RANDOM.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// How far the thread that a gate holds has come.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Progress {
        Coming,
        Held,
        Opened,
        /// It came to its end without passing the window.
        Missed,
    }

    /// Holds one thread, the first time that it comes to a window.
    struct Gate {
        window: &'static str,
        progress: Mutex<Progress>,
        changed: Condvar,
    }

    impl Gate {
        fn progress(&self) -> MutexGuard<'_, Progress> {
            self.progress.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn set_if(&self, from: Progress, to: Progress) {
            let mut progress = self.progress();
            if *progress == from {
                *progress = to;
                self.changed.notify_all();
            }
        }

        /// Waits while the thread has come as far as that, and says how far it came then.
        fn wait_while(&self, at: Progress) -> Progress {
            let progress = self.progress();
            let waited = self
                .changed
                .wait_while(progress, |progress| *progress == at);
            *waited.unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Does something when it is dropped, so also when a test fails: no thread must wait for ever.
    struct Finally<F: FnMut()>(F);

    impl<F: FnMut()> Drop for Finally<F> {
        fn drop(&mut self) {
            self.0();
        }
    }

    /// Runs `held` on a thread of its own as far as a window, then `meanwhile` on this one, then the
    /// rest of `held`. Returns what both returned.
    ///
    /// # Panics
    ///
    /// When `held` ends without passing the window.
    pub fn amid<T: Send, U>(
        window: &'static str,
        held: impl FnOnce() -> T + Send,
        meanwhile: impl FnOnce() -> U,
    ) -> (T, U) {
        let gate = Arc::new(Gate {
            window,
            progress: Mutex::new(Progress::Coming),
            changed: Condvar::new(),
        });
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _end = Finally(|| gate.set_if(Progress::Coming, Progress::Missed));
                GATE.set(Some(Arc::clone(&gate)));
                held()
            });
            let reached = gate.wait_while(Progress::Coming);
            let opened = Finally(|| gate.set_if(Progress::Held, Progress::Opened));
            assert!(reached == Progress::Held, "{window}: never passed");
            let seen = meanwhile();
            drop(opened);
            match thread.join() {
                Ok(returned) => (returned, seen),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}
