//! Accesses that special pool does not allow: faults at the instruction.
//!
//! The handler is installed with the first block, and runs on the stack of the thread that faults. A
//! fault that is not special pool's goes on to what handled it before.

use crate::bug_check::BugCheck;
use crate::sync::Once;

/// Ends a fault in a frame that only frames of C lie before, if there is one; else it returns.
pub type Catcher = fn(BugCheck);

static CATCHER: Once<Catcher> = Once::new();

/// Says what ends a fault where a catcher is armed. Without it a fault ends the process: no unwind may
/// begin in the midst of Rust.
pub fn set_catcher(catcher: Catcher) {
    let _ = CATCHER.set(catcher);
}

#[cfg(not(all(unix, not(any(loom, miri)))))]
pub(super) fn catch() {}

#[cfg(all(unix, not(any(loom, miri))))]
pub(super) use unix::catch;

#[cfg(all(unix, not(any(loom, miri))))]
mod unix {
    use std::ffi::{c_int, c_void};

    use libc::{SA_NODEFER, SA_SIGINFO, SIG_DFL, SIG_IGN, SIGBUS, SIGSEGV, sigaction, siginfo_t};
    use wdm::PAGE_SIZE;

    use super::super::{STATE, Slot};
    use super::CATCHER;
    use crate::stack;
    use crate::stops;
    use crate::sync::Once;

    /// What handled the signals before, and which.
    static BEFORE: Once<[(c_int, sigaction); 2]> = Once::new();

    /// Has faults come here from now on.
    pub(in super::super) fn catch() {
        BEFORE.get_or_init(|| [SIGSEGV, SIGBUS].map(|signal| (signal, install(signal))));
    }

    fn install(signal: c_int) -> sigaction {
        let handler: extern "C-unwind" fn(c_int, *mut siginfo_t, *mut c_void) = handle;
        // SAFETY: a structure of the C library's, for which zero is a value.
        let mut action: sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        let mut before: sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = (handler as *const ()).expose_provenance();
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        // SAFETY: both are writable, and the handler is of the type that the flags say.
        let _ = unsafe { sigaction_of(signal, &raw const action, &raw mut before) };
        before
    }

    use libc::sigaction as sigaction_of;

    /// What the processor says of a fault.
    struct Fault {
        instruction: usize,
        is_write: bool,
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn fault_of(context: *mut c_void) -> Fault {
        /// The bit of a page fault's error code that says it was a write.
        const WRITE: i64 = 2;
        let context: *const libc::ucontext_t = context.cast();
        // SAFETY: the context of a signal handler, which the system filled in.
        let registers = unsafe { &(*context).uc_mcontext.gregs };
        Fault {
            instruction: registers[libc::REG_RIP as usize] as usize,
            is_write: registers[libc::REG_ERR as usize] & WRITE != 0,
        }
    }

    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    fn fault_of(context: *mut c_void) -> Fault {
        let context: *const libc::ucontext_t = context.cast();
        // SAFETY: the context of a signal handler, which the system filled in.
        let instruction = unsafe { (*context).uc_mcontext.pc };
        // Whether it was a write stands in a record that the C library has no type for.
        Fault {
            instruction: instruction as usize,
            is_write: false,
        }
    }

    #[cfg(not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )))]
    fn fault_of(_context: *mut c_void) -> Fault {
        Fault {
            instruction: 0,
            is_write: false,
        }
    }

    extern "C-unwind" fn handle(signal: c_int, about: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: of a fault, by whose signal alone this is called; a signal that was sent has no
        // address, or another.
        let about_it = unsafe { &*about };
        // SAFETY: as above.
        let address = unsafe { about_it.si_addr() }.addr();
        let Some(is_freed) = is_ours(address) else {
            return pass_on(signal, about, context);
        };
        let fault = fault_of(context);
        let is_own =
            fault.instruction != 0 && stack::is_emulations(&stack::symbolized(fault.instruction));
        let stop =
            stops::special_fault(address, fault.is_write, fault.instruction, is_freed, is_own);
        stop.raise_at(fault.instruction, |stop| {
            if !is_own && let Some(catcher) = CATCHER.get() {
                catcher(stop);
            }
        })
    }

    /// Whether an address that a fault names is special pool's, and then whether it is a freed block's.
    fn is_ours(address: usize) -> Option<bool> {
        let state = STATE.lock();
        let number = state.pages?.number_of(address)?;
        let slot = |number: Option<usize>| -> Option<&Slot> { state.slots.get(number?) };
        if number % 2 == 1 {
            let is_live = slot(Some(number / 2)).is_some_and(|slot| slot.is_live);
            // The page of a live block can be accessed: another fault, such as of an instruction there.
            return (!is_live).then_some(slot(Some(number / 2)).is_some());
        }
        // Between two: what overruns the one before, or underruns the one behind, where that is nearer.
        let (before, behind) = (slot((number / 2).checked_sub(1)), slot(Some(number / 2)));
        let is_nearer = address % PAGE_SIZE < PAGE_SIZE / 2;
        let near = if is_nearer {
            before.or(behind)
        } else {
            behind.or(before)
        };
        let far = if is_nearer { behind } else { before };
        let is_live = |slot: Option<&Slot>| slot.is_some_and(|slot| slot.is_live);
        Some(near.is_some() && !is_live(near) && !is_live(far))
    }

    /// Gives a fault to what handled it before.
    fn pass_on(signal: c_int, about: *mut siginfo_t, context: *mut c_void) {
        let all = BEFORE.get().into_iter().flatten();
        let found = all.into_iter().find(|(known, _)| *known == signal);
        let Some((_, before)) = found else {
            return;
        };
        if matches!(before.sa_sigaction, SIG_DFL | SIG_IGN) {
            // The instruction runs again, and ends the process as it would have.
            // SAFETY: what was there before.
            let _ = unsafe { sigaction_of(signal, before, std::ptr::null_mut()) };
            return;
        }
        let place = std::ptr::with_exposed_provenance::<()>(before.sa_sigaction);
        // SAFETY: the address of a handler; where the flag is not set it looks at the signal alone.
        let handler = unsafe {
            std::mem::transmute::<*const (), extern "C-unwind" fn(c_int, *mut siginfo_t, *mut c_void)>(
                place,
            )
        };
        handler(signal, about, context);
    }
}
