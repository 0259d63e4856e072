/*
 * Functions of C and of C++ on one stack, each with a `__try`: compiled once as C and once as C++. What
 * lies between a raise and a `__try` of C is unwound: destructors run, and cleanups where C is compiled
 * with -fexceptions.
 */
#ifdef __cplusplus
#include <cstring>
#endif
#include <ntddk.h>
#include <emu.h>
#include <emu_seh.h>

#include "check.h"

typedef VOID NTAPI RUN(PVOID context);

EXTERN_C_START
/* Notes what happened, a letter each. */
VOID NTAPI MixedNote(char what);
/* Run something in a `__try` of C. */
VOID NTAPI MixedExceptOfC(RUN *run, PVOID context);
VOID NTAPI MixedFinallyOfC(RUN *run, PVOID context);
VOID NTAPI MixedCleanupOfC(RUN *run, PVOID context);
EXTERN_C_END

#ifndef __cplusplus

VOID NTAPI MixedExceptOfC(RUN *run, PVOID context)
{
    __try {
        run(context);
    } __except (GetExceptionCode() == (ULONG)STATUS_CANCELLED) {
        MixedNote('C');
    }
}

VOID NTAPI MixedFinallyOfC(RUN *run, PVOID context)
{
    __try {
        run(context);
    } __finally {
        MixedNote(AbnormalTermination() ? 'F' : 'f');
    }
}

static void CleanUp(char *what)
{
    MixedNote(*what);
}

VOID NTAPI MixedCleanupOfC(RUN *run, PVOID context)
{
    __attribute__((cleanup(CleanUp), unused)) char what = 'u';
    run(context);
}

#else

static char Log[64];

EXTERN_C VOID NTAPI MixedNote(char what)
{
    char text[2] = {what, 0};
    std::strncat(Log, text, sizeof Log - std::strlen(Log) - 1);
}

static void CheckLog(const char *wanted)
{
    if (std::strcmp(Log, wanted) != 0) {
        fprintf(stderr, "%s, not %s\n", Log, wanted);
        exit(1);
    }
    Log[0] = 0;
}

namespace {
struct Guard {
    char what;
    explicit Guard(char its) : what(its)
    {
    }
    ~Guard()
    {
        MixedNote(what);
    }
};

VOID NTAPI Raise(PVOID status)
{
    Guard guard('d');
    ExRaiseStatus(static_cast<NTSTATUS>(reinterpret_cast<ULONG_PTR>(status)));
}

VOID NTAPI Nothing(PVOID)
{
}

VOID NTAPI ThroughCleanup(PVOID status)
{
    Guard guard('D');
    MixedCleanupOfC(Raise, status);
}

VOID NTAPI ThroughFinally(PVOID status)
{
    Guard guard('D');
    MixedFinallyOfC(Raise, status);
}

VOID NTAPI ThroughExcept(PVOID status)
{
    Guard guard('D');
    MixedExceptOfC(Raise, status);
}

VOID NTAPI ThroughTryOfCpp(PVOID status)
{
    Guard guard('D');
    __try {
        MixedFinallyOfC(Raise, status);
    } __finally {
        MixedNote('p');
    }
}

/* A destructor that raises and catches while an exception is on its way. */
struct Catches {
    ~Catches()
    {
        MixedExceptOfC(Raise, reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(STATUS_CANCELLED)));
    }
};

VOID NTAPI ThroughCatches(PVOID status)
{
    Catches catches;
    MixedFinallyOfC(Raise, status);
}

/* A `catch (...)` passes on what it cannot name. */
VOID NTAPI ThroughCatchAll(PVOID status)
{
    try {
        Raise(status);
    } catch (...) {
        MixedNote('a');
        throw;
    }
}
}

int main()
{
    PVOID cancelled = reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(STATUS_CANCELLED));
    PVOID other = reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(STATUS_NOT_FOUND));
    emu_stop stop;
    for (int round = 0; round < 1000; round++) {
        MixedExceptOfC(Raise, cancelled);
        CheckLog("dC");
        MixedFinallyOfC(Nothing, NULL);
        CheckLog("f");
        MixedExceptOfC(ThroughFinally, cancelled);
        CheckLog("dFDC");
        MixedExceptOfC(ThroughTryOfCpp, cancelled);
        CheckLog("dFpDC");
        MixedExceptOfC(ThroughCatches, cancelled);
        CheckLog("dFdCC");
        MixedExceptOfC(ThroughCatchAll, cancelled);
        CheckLog("daC");
        /* The outer one, in C++, takes what the inner ones of C do not. */
        __try {
            MixedExceptOfC(ThroughExcept, other);
        } __except (GetExceptionCode() == static_cast<ULONG>(STATUS_NOT_FOUND)) {
            MixedNote('P');
        }
        CheckLog("dDP");
        EMU_CATCH(stop, MixedFinallyOfC(ThroughExcept, other));
        CHECK_EQUAL(stop.kind, EMU_RAISED);
        CheckLog("dDF");
#ifdef WITH_CLEANUPS
        MixedExceptOfC(ThroughCleanup, cancelled);
        CheckLog("duDC");
#else
        (void)ThroughCleanup;
#endif
    }
    puts("seh_mixed: passed");
    return 0;
}

#endif
