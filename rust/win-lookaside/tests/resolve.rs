//! Finding the kernel's routines, as far as the emulation goes.

use ntoskrnl_emu::{KeLowerIrql, KfRaiseIrql, catch_bug_check};
use wdm::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use win_lookaside::{Origin, origins, resolve};

#[test]
fn every_routine_is_the_emulations() {
    resolve();
    let found = origins();
    assert_eq!(
        [found.initialize, found.delete, found.flush],
        [Origin::Emulated; 3]
    );
    assert_eq!([found.allocate, found.free], [Origin::Emulated; 2]);
}

#[test]
fn above_passive_level_resolve_is_a_bug_check() {
    // SAFETY: the level is this thread's, and lowered below.
    unsafe { KfRaiseIrql(DISPATCH_LEVEL) };
    let stop = catch_bug_check(resolve).unwrap_err();
    // SAFETY: raised above.
    unsafe { KeLowerIrql(PASSIVE_LEVEL) };
    assert_eq!(stop.code, 0xC4);
    assert_eq!(
        stop.parameters,
        [0x4C4B_0002, u64::from(DISPATCH_LEVEL), 0, 0]
    );
    resolve();
}
