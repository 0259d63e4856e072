//! The interrupt request level of the calling thread.

use wdm::{Kirql, PASSIVE_LEVEL};

/// `KeGetCurrentIrql`: the calling thread's interrupt request level.
///
/// User-mode threads run at PASSIVE_LEVEL, and nothing raises it yet.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kegetcurrentirql`).
pub unsafe extern "system-unwind" fn KeGetCurrentIrql() -> Kirql {
    PASSIVE_LEVEL
}
