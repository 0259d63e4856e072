//! Which levels each routine allows, and the one place where they are looked at.
//!
//! Levels change here too: a raise first keeps from the hit path what a level is looked at for.

use wdm::{APC_LEVEL, DISPATCH_LEVEL, Kirql, PASSIVE_LEVEL, PoolType};

use crate::bug_check::BugCheck;
use crate::pool::{self, special};
use crate::registry;
use crate::scope;
use crate::stops;
use crate::switches::{self, Check};
use crate::verifier::{self, DDI_COMPLIANCE};

/// The highest level there is on 64-bit processors.
pub(crate) const HIGH_LEVEL: Kirql = 15;

/// A rule of DDI compliance checking.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The first parameter of its bug check.
    pub number: u32,
    /// Its page under `devtest`.
    pub page: &'static str,
    /// The highest level that it allows.
    pub maximum: Kirql,
}

/// The levels that a routine allows, as its page says.
#[derive(Debug)]
pub struct Limit {
    /// The routine.
    pub routine: &'static str,
    /// The lowest level.
    pub minimum: Kirql,
    /// The highest level.
    pub maximum: Kirql,
    /// The rule that finds a call at another level, where there is one.
    pub rule: Option<Rule>,
    /// Where it is documented.
    pub source: &'static str,
}

const fn rule(number: u32, page: &'static str, maximum: Kirql) -> Option<Rule> {
    Some(Rule {
        number,
        page,
        maximum,
    })
}

const EX_ALLOCATE_POOL: Option<Rule> = rule(0x0002_0004, "wdm-irqlexallocatepool", DISPATCH_LEVEL);
const EX_APC_LTE2: Option<Rule> = rule(0x0002_0006, "wdm-irqlexapclte2", APC_LEVEL);
const EX_APC_LTE1: Option<Rule> = rule(0x0002_0005, "wdm-irqlexapclte1", APC_LEVEL);
const EX_APC_LTE3: Option<Rule> = rule(0x0002_0007, "wdm-irqlexapclte3", APC_LEVEL);
const KE_SET_EVENT: Option<Rule> = rule(0x0002_0016, "wdm-irqlkesetevent", DISPATCH_LEVEL);
#[cfg(not(loom))]
const KE_SET_EVENT_TO_WAIT: Option<Rule> = rule(0x0002_0016, "wdm-irqlkesetevent", APC_LEVEL);
const OB_PASSIVE: Option<Rule> = rule(0x0002_001B, "wdm-irqlobpassive", PASSIVE_LEVEL);
const PS_PASSIVE: Option<Rule> = rule(0x0002_001C, "wdm-irqlpspassive", PASSIVE_LEVEL);
const ZW_PASSIVE: Option<Rule> = rule(0x0002_001F, "wdm-irqlzwpassive", PASSIVE_LEVEL);
const EX_PASSIVE: Option<Rule> = rule(0x0002_0008, "wdm-irqlexpassive", APC_LEVEL);
const KE_DISPATCH_LTE: Option<Rule> = rule(0x0002_0011, "wdm-irqlkedispatchlte", DISPATCH_LEVEL);
const DISPATCH: Option<Rule> = rule(0x0002_0003, "wdm-irqldispatch", HIGH_LEVEL);
const KE_RELEASE_SPIN_LOCK: Option<Rule> =
    rule(0x0002_0015, "wdm-irqlkereleasespinlock", DISPATCH_LEVEL);

macro_rules! limits {
    ($($name:ident: $routine:literal, $minimum:expr, $maximum:expr, $rule:expr, $source:literal;)*) => {
        $(pub(crate) static $name: Limit = Limit {
            routine: $routine,
            minimum: $minimum,
            maximum: $maximum,
            rule: $rule,
            source: $source,
        };)*

        /// Every routine that does not run at all levels.
        pub static LIMITS: &[&Limit] = &[$(&$name),*];
    };
}

limits! {
    INITIALIZE_EX: "ExInitializeLookasideListEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exinitializelookasidelistex";
    DELETE_EX: "ExDeleteLookasideListEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exdeletelookasidelistex";
    FLUSH_EX: "ExFlushLookasideListEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exflushlookasidelistex";
    ALLOCATE_EX: "ExAllocateFromLookasideListEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exallocatefromlookasidelistex";
    FREE_EX: "ExFreeToLookasideListEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exfreetolookasidelistex";
    INITIALIZE_NPAGED: "ExInitializeNPagedLookasideList", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exinitializenpagedlookasidelist";
    DELETE_NPAGED: "ExDeleteNPagedLookasideList", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exdeletenpagedlookasidelist";
    ALLOCATE_NPAGED: "ExAllocateFromNPagedLookasideList", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exallocatefromnpagedlookasidelist";
    FREE_NPAGED: "ExFreeToNPagedLookasideList", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exfreetonpagedlookasidelist";
    INITIALIZE_PAGED: "ExInitializePagedLookasideList", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE2,
        "nf-wdm-exinitializepagedlookasidelist";
    DELETE_PAGED: "ExDeletePagedLookasideList", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE2,
        "nf-wdm-exdeletepagedlookasidelist";
    ALLOCATE_PAGED: "ExAllocateFromPagedLookasideList", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE2,
        "nf-wdm-exallocatefrompagedlookasidelist";
    FREE_PAGED: "ExFreeToPagedLookasideList", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE2,
        "nf-wdm-exfreetopagedlookasidelist";
    // Of paged pool APC_LEVEL: see `check_allocation`.
    ALLOCATE_POOL_WITH_TAG: "ExAllocatePoolWithTag", PASSIVE_LEVEL, DISPATCH_LEVEL, EX_ALLOCATE_POOL,
        "nf-wdm-exallocatepoolwithtag";
    ALLOCATE_POOL_2: "ExAllocatePool2", PASSIVE_LEVEL, DISPATCH_LEVEL, EX_ALLOCATE_POOL,
        "nf-wdm-exallocatepool2";
    ALLOCATE_POOL_WITH_QUOTA_TAG: "ExAllocatePoolWithQuotaTag", PASSIVE_LEVEL, DISPATCH_LEVEL,
        EX_APC_LTE2, "nf-wdm-exallocatepoolwithquotatag";
    FREE_POOL: "ExFreePool", PASSIVE_LEVEL, DISPATCH_LEVEL, None, "nf-ntddk-exfreepool";
    FREE_POOL_WITH_TAG: "ExFreePoolWithTag", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exfreepoolwithtag";
    FREE_POOL_2: "ExFreePool2", PASSIVE_LEVEL, DISPATCH_LEVEL, None, "nf-wdm-exfreepool2";
    QUERY_DEPTH_SLIST: "ExQueryDepthSList", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exquerydepthslist";
    ACQUIRE_SPIN_LOCK: "KeAcquireSpinLockRaiseToDpc", PASSIVE_LEVEL, DISPATCH_LEVEL, KE_DISPATCH_LTE,
        "nf-wdm-keacquirespinlock";
    RELEASE_SPIN_LOCK: "KeReleaseSpinLock", DISPATCH_LEVEL, DISPATCH_LEVEL, KE_RELEASE_SPIN_LOCK,
        "nf-wdm-kereleasespinlock";
    ACQUIRE_SPIN_LOCK_AT_DPC: "KeAcquireSpinLockAtDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, DISPATCH,
        "nf-wdm-keacquirespinlockatdpclevel";
    // The page names DISPATCH_LEVEL alone, but a lock can be acquired above it.
    RELEASE_SPIN_LOCK_FROM_DPC: "KeReleaseSpinLockFromDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, DISPATCH,
        "nf-wdm-kereleasespinlockfromdpclevel";
    TRY_TO_ACQUIRE_SPIN_LOCK_AT_DPC: "KeTryToAcquireSpinLockAtDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL,
        DISPATCH, "nf-wdm-ketrytoacquirespinlockatdpclevel";
    // Events, waits, locks, threads. A wait of no time may be at DISPATCH_LEVEL.
    SET_EVENT: "KeSetEvent", PASSIVE_LEVEL, DISPATCH_LEVEL, KE_SET_EVENT,
        "nf-wdm-kesetevent";
    PULSE_EVENT: "KePulseEvent", PASSIVE_LEVEL, DISPATCH_LEVEL, KE_DISPATCH_LTE,
        "nf-ntddk-kepulseevent";
    RESET_EVENT: "KeResetEvent", PASSIVE_LEVEL, DISPATCH_LEVEL, KE_DISPATCH_LTE,
        "nf-wdm-keresetevent";
    CLEAR_EVENT: "KeClearEvent", PASSIVE_LEVEL, DISPATCH_LEVEL, KE_DISPATCH_LTE,
        "nf-wdm-keclearevent";
    WAIT_SINGLE: "KeWaitForSingleObject", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-kewaitforsingleobject";
    WAIT_MULTIPLE: "KeWaitForMultipleObjects", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-kewaitformultipleobjects";
    DELAY: "KeDelayExecutionThread", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-kedelayexecutionthread";
    ENTER_CRITICAL: "KeEnterCriticalRegion", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-ntddk-keentercriticalregion";
    LEAVE_CRITICAL: "KeLeaveCriticalRegion", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-ntddk-keleavecriticalregion";
    ENTER_GUARDED: "KeEnterGuardedRegion", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-keenterguardedregion";
    LEAVE_GUARDED: "KeLeaveGuardedRegion", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-keleaveguardedregion";
    ACQUIRE_FAST_MUTEX: "ExAcquireFastMutex", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE1,
        "nf-wdm-exacquirefastmutex";
    TRY_FAST_MUTEX: "ExTryToAcquireFastMutex", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE1,
        "nf-wdm-extrytoacquirefastmutex";
    RELEASE_FAST_MUTEX: "ExReleaseFastMutex", APC_LEVEL, APC_LEVEL, None,
        "nf-wdm-exreleasefastmutex";
    ACQUIRE_FAST_MUTEX_UNSAFE: "ExAcquireFastMutexUnsafe", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exacquirefastmutexunsafe";
    RELEASE_FAST_MUTEX_UNSAFE: "ExReleaseFastMutexUnsafe", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exreleasefastmutexunsafe";
    INITIALIZE_GUARDED_MUTEX: "KeInitializeGuardedMutex", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-keinitializeguardedmutex";
    ACQUIRE_GUARDED_MUTEX: "KeAcquireGuardedMutex", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-keacquireguardedmutex";
    TRY_GUARDED_MUTEX: "KeTryToAcquireGuardedMutex", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-ketrytoacquireguardedmutex";
    RELEASE_GUARDED_MUTEX: "KeReleaseGuardedMutex", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-kereleaseguardedmutex";
    ACQUIRE_GUARDED_MUTEX_UNSAFE: "KeAcquireGuardedMutexUnsafe", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-keacquireguardedmutexunsafe";
    RELEASE_GUARDED_MUTEX_UNSAFE: "KeReleaseGuardedMutexUnsafe", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-kereleaseguardedmutexunsafe";
    INITIALIZE_RESOURCE: "ExInitializeResourceLite", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exinitializeresourcelite";
    REINITIALIZE_RESOURCE: "ExReinitializeResourceLite", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exreinitializeresourcelite";
    DELETE_RESOURCE: "ExDeleteResourceLite", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exdeleteresourcelite";
    ACQUIRE_RESOURCE_EXCLUSIVE: "ExAcquireResourceExclusiveLite", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exacquireresourceexclusivelite";
    ACQUIRE_RESOURCE_SHARED: "ExAcquireResourceSharedLite", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exacquireresourcesharedlite";
    ACQUIRE_SHARED_STARVE_EXCLUSIVE: "ExAcquireSharedStarveExclusive", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exacquiresharedstarveexclusive";
    ACQUIRE_SHARED_WAIT_FOR_EXCLUSIVE: "ExAcquireSharedWaitForExclusive", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exacquiresharedwaitforexclusive";
    RELEASE_RESOURCE: "ExReleaseResourceLite", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exreleaseresourcelite";
    RELEASE_RESOURCE_FOR_THREAD: "ExReleaseResourceForThreadLite", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exreleaseresourceforthreadlite";
    CONVERT_RESOURCE: "ExConvertExclusiveToSharedLite", PASSIVE_LEVEL, APC_LEVEL, EX_APC_LTE3,
        "nf-wdm-exconvertexclusivetosharedlite";
    IS_RESOURCE_EXCLUSIVE: "ExIsResourceAcquiredExclusiveLite", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exisresourceacquiredexclusivelite";
    IS_RESOURCE_SHARED: "ExIsResourceAcquiredSharedLite", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exisresourceacquiredsharedlite";
    EXCLUSIVE_WAITERS: "ExGetExclusiveWaiterCount", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exgetexclusivewaitercount";
    SHARED_WAITERS: "ExGetSharedWaiterCount", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exgetsharedwaitercount";
    SET_RESOURCE_OWNER: "ExSetResourceOwnerPointer", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exsetresourceownerpointer";
    DISABLE_RESOURCE_BOOST: "ExDisableResourceBoostLite", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-ntddk-exdisableresourceboostlite";
    ACQUIRE_PUSH_LOCK_EXCLUSIVE: "ExAcquirePushLockExclusiveEx", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exacquirepushlockexclusive";
    ACQUIRE_PUSH_LOCK_SHARED: "ExAcquirePushLockSharedEx", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exacquirepushlockshared";
    RELEASE_PUSH_LOCK_EXCLUSIVE: "ExReleasePushLockExclusiveEx", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exreleasepushlockexclusive";
    RELEASE_PUSH_LOCK_SHARED: "ExReleasePushLockSharedEx", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exreleasepushlockshared";
    RELEASE_PUSH_LOCK: "ExReleasePushLockEx", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exinitializepushlock";
    ACQUIRE_EX_SPIN_LOCK_EXCLUSIVE: "ExAcquireSpinLockExclusive", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exacquirespinlockexclusive";
    ACQUIRE_EX_SPIN_LOCK_SHARED: "ExAcquireSpinLockShared", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exacquirespinlockshared";
    ACQUIRE_EX_SPIN_LOCK_EXCLUSIVE_AT_DPC: "ExAcquireSpinLockExclusiveAtDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, None,
        "nf-wdm-exacquirespinlockexclusiveatdpclevel";
    ACQUIRE_EX_SPIN_LOCK_SHARED_AT_DPC: "ExAcquireSpinLockSharedAtDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, None,
        "nf-wdm-exacquirespinlocksharedatdpclevel";
    RELEASE_EX_SPIN_LOCK_EXCLUSIVE: "ExReleaseSpinLockExclusive", DISPATCH_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exreleasespinlockexclusive";
    RELEASE_EX_SPIN_LOCK_SHARED: "ExReleaseSpinLockShared", DISPATCH_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exreleasespinlockshared";
    RELEASE_EX_SPIN_LOCK_EXCLUSIVE_FROM_DPC: "ExReleaseSpinLockExclusiveFromDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, None,
        "nf-wdm-exreleasespinlockexclusivefromdpclevel";
    RELEASE_EX_SPIN_LOCK_SHARED_FROM_DPC: "ExReleaseSpinLockSharedFromDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, None,
        "nf-wdm-exreleasespinlocksharedfromdpclevel";
    TRY_CONVERT_EX_SPIN_LOCK: "ExTryConvertSharedSpinLockExclusive", DISPATCH_LEVEL, HIGH_LEVEL, None,
        "nf-wdm-extryconvertsharedspinlockexclusive";
    ACQUIRE_QUEUED_SPIN_LOCK: "KeAcquireInStackQueuedSpinLock", PASSIVE_LEVEL, DISPATCH_LEVEL, KE_DISPATCH_LTE,
        "nf-wdm-keacquireinstackqueuedspinlock";
    RELEASE_QUEUED_SPIN_LOCK: "KeReleaseInStackQueuedSpinLock", DISPATCH_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-kereleaseinstackqueuedspinlock";
    ACQUIRE_QUEUED_SPIN_LOCK_AT_DPC: "KeAcquireInStackQueuedSpinLockAtDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, DISPATCH,
        "nf-wdm-keacquireinstackqueuedspinlockatdpclevel";
    RELEASE_QUEUED_SPIN_LOCK_FROM_DPC: "KeReleaseInStackQueuedSpinLockFromDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, DISPATCH,
        "nf-wdm-kereleaseinstackqueuedspinlockfromdpclevel";
    REINITIALIZE_RUNDOWN: "ExReInitializeRundownProtection", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exreinitializerundownprotection";
    ACQUIRE_RUNDOWN: "ExAcquireRundownProtection", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exacquirerundownprotection";
    ACQUIRE_RUNDOWN_EX: "ExAcquireRundownProtectionEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exacquirerundownprotectionex";
    RELEASE_RUNDOWN: "ExReleaseRundownProtection", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exreleaserundownprotection";
    RELEASE_RUNDOWN_EX: "ExReleaseRundownProtectionEx", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-exreleaserundownprotectionex";
    WAIT_FOR_RUNDOWN: "ExWaitForRundownProtectionRelease", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-exwaitforrundownprotectionrelease";
    CREATE_SYSTEM_THREAD: "PsCreateSystemThread", PASSIVE_LEVEL, PASSIVE_LEVEL, PS_PASSIVE,
        "nf-wdm-pscreatesystemthread";
    TERMINATE_SYSTEM_THREAD: "PsTerminateSystemThread", PASSIVE_LEVEL, PASSIVE_LEVEL, PS_PASSIVE,
        "nf-wdm-psterminatesystemthread";
    REFERENCE_BY_HANDLE: "ObReferenceObjectByHandle", PASSIVE_LEVEL, PASSIVE_LEVEL, OB_PASSIVE,
        "nf-wdm-obreferenceobjectbyhandle";
    REFERENCE_OBJECT: "ObfReferenceObject", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-obfreferenceobject";
    DEREFERENCE_OBJECT: "ObfDereferenceObject", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-obfdereferenceobject";
    CLOSE: "ZwClose", PASSIVE_LEVEL, PASSIVE_LEVEL, ZW_PASSIVE,
        "nf-ntifs-ntclose";
    SYSTEM_ROUTINE: "MmGetSystemRoutineAddress", PASSIVE_LEVEL, PASSIVE_LEVEL, None,
        "nf-wdm-mmgetsystemroutineaddress";
    // Devices, requests and their memory.
    CREATE_DEVICE: "IoCreateDevice", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-iocreatedevice";
    DELETE_DEVICE: "IoDeleteDevice", PASSIVE_LEVEL, APC_LEVEL, None,
        "nf-wdm-iodeletedevice";
    CREATE_LINK: "IoCreateSymbolicLink", PASSIVE_LEVEL, PASSIVE_LEVEL, None,
        "nf-wdm-iocreatesymboliclink";
    DELETE_LINK: "IoDeleteSymbolicLink", PASSIVE_LEVEL, PASSIVE_LEVEL, None,
        "nf-wdm-iodeletesymboliclink";
    INITIALIZE_IRP: "IoInitializeIrp", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-ioinitializeirp";
    ALLOCATE_IRP: "IoAllocateIrp", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-ioallocateirp";
    REUSE_IRP: "IoReuseIrp", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-ioreuseirp";
    FREE_IRP: "IoFreeIrp", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-iofreeirp";
    ALLOCATE_MDL: "IoAllocateMdl", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-ioallocatemdl";
    FREE_MDL: "IoFreeMdl", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-iofreemdl";
    BUILD_MDL: "MmBuildMdlForNonPagedPool", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-mmbuildmdlfornonpagedpool";
    BUILD_PARTIAL_MDL: "IoBuildPartialMdl", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-iobuildpartialmdl";
    MAP_PAGES: "MmMapLockedPagesSpecifyCache", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-mmmaplockedpagesspecifycache";
    UNMAP_PAGES: "MmUnmapLockedPages", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-mmunmaplockedpages";
    ADVANCE_MDL: "MmAdvanceMdl", PASSIVE_LEVEL, DISPATCH_LEVEL, None,
        "nf-wdm-mmadvancemdl";
    RAISE_STATUS: "ExRaiseStatus", PASSIVE_LEVEL, APC_LEVEL, EX_PASSIVE, "nf-wdm-exraisestatus";
    RAISE_ACCESS_VIOLATION: "ExRaiseAccessViolation", PASSIVE_LEVEL, PASSIVE_LEVEL, EX_PASSIVE,
        "nf-ntddk-exraiseaccessviolation";
    RAISE_DATATYPE_MISALIGNMENT: "ExRaiseDatatypeMisalignment", PASSIVE_LEVEL, PASSIVE_LEVEL, EX_PASSIVE,
        "nf-ntddk-exraisedatatypemisalignment";
}

/// As [`SET_EVENT`], of a call that a wait follows.
#[cfg(not(loom))]
pub(crate) static SET_EVENT_TO_WAIT: Limit = Limit {
    routine: "KeSetEvent",
    minimum: PASSIVE_LEVEL,
    maximum: APC_LEVEL,
    rule: KE_SET_EVENT_TO_WAIT,
    source: "nf-wdm-kesetevent",
};
/// As [`PULSE_EVENT`], of a call that a wait follows.
#[cfg(not(loom))]
pub(crate) static PULSE_EVENT_TO_WAIT: Limit = Limit {
    routine: "KePulseEvent",
    minimum: PASSIVE_LEVEL,
    maximum: APC_LEVEL,
    rule: None,
    source: "nf-ntddk-kepulseevent",
};

impl Limit {
    /// The bug check for a call at the thread's level, if the routine does not allow it. `driver` is the
    /// caller's; `stop` says what the bug check is, but for a rule that DDI compliance checking finds
    /// broken: that one comes first.
    #[inline]
    pub(crate) fn refusal(
        &self,
        driver: u32,
        stop: impl FnOnce(Kirql) -> BugCheck,
    ) -> Option<BugCheck> {
        let level = scope::level();
        let highest = self.rule.map_or(self.maximum, |rule| rule.maximum);
        if (self.minimum..=self.maximum.min(highest)).contains(&level) {
            return None;
        }
        self.refusal_at(level, driver, stop)
    }

    #[cold]
    fn refusal_at(
        &self,
        level: Kirql,
        driver: u32,
        stop: impl FnOnce(Kirql) -> BugCheck,
    ) -> Option<BugCheck> {
        if let Some(rule) = self.broken_rule(level, driver) {
            return Some(rule);
        }
        let is_allowed = (self.minimum..=self.maximum).contains(&level);
        (!is_allowed).then(|| stop(level))
    }

    /// The bug check of the routine's rule, where DDI compliance checking of a driver finds it broken.
    pub(crate) fn broken_rule(&self, level: Kirql, driver: u32) -> Option<BugCheck> {
        let rule = self.rule?;
        let is_broken = !(self.minimum..=rule.maximum).contains(&level);
        let is_found = is_broken && verifier::flags(driver) & DDI_COMPLIANCE != 0;
        is_found.then(|| stops::rule_broken(rule.number))
    }

    /// Raises the bug check for a call at a level that the routine does not allow. The caller is the
    /// thread's driver, and the bug check 0xC4 (0xE5, level, 0, 0).
    #[inline]
    pub(crate) fn check(&self) {
        self.check_with(Check::RoutineLevel, stops::call_at_level);
    }

    /// As [`Self::check`], for a driver that is verified: Windows goes on where none is.
    pub(crate) fn check_verified(&self) {
        if verifier::is_verified(scope::driver()) {
            self.check();
        }
    }

    /// As [`Self::check`], for a routine with a bug check of its own. `check` switches it off for a driver
    /// that is not verified.
    #[inline]
    pub(crate) fn check_with(&self, check: Check, stop: impl FnOnce(Kirql) -> BugCheck) {
        let driver = scope::driver();
        if let Some(stop) = self.refusal(driver, stop)
            && (verifier::is_verified(driver) || switches::is_on(driver, check))
        {
            self.raise(stop);
        }
    }

    /// Raises a bug check of this routine.
    #[cold]
    pub(crate) fn raise(&self, stop: BugCheck) -> ! {
        scope::calling(self.routine);
        stop.raise()
    }
}

/// The highest level at which a pool is allocated from and freed to.
fn highest_of_pool(is_paged: bool) -> Kirql {
    if is_paged { APC_LEVEL } else { DISPATCH_LEVEL }
}

/// The bug check for a request of pool at the thread's level, if that is too high.
#[inline]
pub(crate) fn refusal_of_allocation(
    limit: &Limit,
    driver: u32,
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> Option<BugCheck> {
    let level = scope::level();
    (level > APC_LEVEL)
        .then(|| refuse_allocation(limit, level, driver, pool_type, bytes, tag))
        .flatten()
}

#[cold]
fn refuse_allocation(
    limit: &Limit,
    level: Kirql,
    driver: u32,
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> Option<BugCheck> {
    if let Some(stop) = limit.broken_rule(level, driver) {
        return Some(stop);
    }
    let is_paged = pool_type.is_paged();
    if level <= highest_of_pool(is_paged) {
        return None;
    }
    let flags = verifier::flags(driver);
    let is_special = special::is_asked(driver, tag, bytes);
    let bytes = bytes as u64;
    let pool_type = u64::from(pool_type.0.cast_unsigned());
    Some(match limit.rule {
        Some(rule) if flags & DDI_COMPLIANCE != 0 => stops::rule_broken(rule.number),
        _ if is_special => stops::special_allocation_at_level(level, pool_type, bytes),
        _ if flags & verifier::KNOWN != 0 => {
            stops::verified_allocation_at_level(level, pool_type, bytes, is_paged)
        }
        _ => stops::allocation_at_level(level, pool_type, bytes),
    })
}

/// The bug check for a free of pool at the thread's level, if that is too high.
#[inline]
pub(crate) fn refusal_of_free(driver: u32, address: u64, is_paged: bool) -> Option<BugCheck> {
    let level = scope::level();
    (level > highest_of_pool(is_paged)).then(|| {
        let pool_type = u64::from(is_paged);
        if pool::is_special(address as usize) {
            stops::special_free_at_level(level, pool_type, address)
        } else if verifier::is_verified(driver) {
            stops::verified_free_at_level(level, pool_type, address, is_paged)
        } else {
            stops::free_at_level(level, pool_type, address)
        }
    })
}

/// Whether a check of the thread's driver is on. Those of a driver that is verified are.
pub(crate) fn is_checked(check: Check) -> bool {
    let driver = scope::driver();
    verifier::is_verified(driver) || switches::is_on(driver, check)
}

/// Raises the thread's level and returns the one before. Raises the bug check for a level below it, or
/// for none.
pub(crate) fn raise(level: Kirql, routine: &'static str) -> Kirql {
    let current = scope::level();
    if (level < current && is_checked(Check::LevelDirection)) || level > HIGH_LEVEL {
        scope::calling(routine);
        stops::raise_to_lower(current, level).raise();
    }
    verifier::count_raise(level >= DISPATCH_LEVEL);
    registry::heed_level(level);
    scope::raise_to(level)
}

/// Raises the thread's level to DISPATCH_LEVEL for a spin lock, and returns the one before.
pub(crate) fn raise_by_lock(routine: &'static str) -> Kirql {
    let current = scope::level();
    if current > DISPATCH_LEVEL {
        scope::calling(routine);
        stops::raise_to_lower(current, DISPATCH_LEVEL).raise();
    }
    verifier::count_trim();
    registry::heed_level(DISPATCH_LEVEL);
    scope::raise_to(DISPATCH_LEVEL)
}

/// The bug check for lowering the thread's level: to a higher one, to one below DISPATCH_LEVEL while
/// the thread holds a spin lock other than `released`, or to another than its newest raise returned.
pub(crate) fn refusal_of_lowering(level: Kirql, released: usize) -> Option<BugCheck> {
    let current = scope::level();
    if level > current {
        let is_checked = is_checked(Check::LevelDirection);
        return is_checked.then(|| stops::lower_to_higher(current, level));
    }
    if let Some(lock) = scope::last_held_but(released).filter(|_| level < DISPATCH_LEVEL)
        && is_checked(Check::LevelWithLock)
    {
        return Some(stops::release_at_level(level, lock));
    }
    scope::returned_last()
        .filter(|&returned| returned != level && is_checked(Check::LevelPairs))
        .map(|returned| stops::lower_to_another(current, level, returned))
}

/// Lowers the thread's level to what its newest raise returned. Raises the bug check for another one.
pub(crate) fn lower(level: Kirql, routine: &'static str) {
    if let Some(stop) = refusal_of_lowering(level, 0) {
        // A stop puts the level back before destructors run.
        if std::thread::panicking() {
            return;
        }
        scope::calling(routine);
        stop.raise();
    }
    scope::lower_to(level);
}
