/*
 * `__try`, `__except`, `__finally` and `__leave` of emu_seh.h. With an argument: one case that ends the
 * process, by its number.
 */
#ifdef __cplusplus
#include <stdexcept>
#include <string>
#endif
#include <ntddk.h>
#include <emu.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <emu_seh.h>

#include "check.h"

#define TAG 'tsEH'

/* What happened, a letter each. */
static __thread char Log[64];
static __thread int Logged;

static VOID Note(char what)
{
    CHECK(Logged < 63);
    Log[Logged++] = what;
    Log[Logged] = 0;
}

static VOID CheckLog(const char *wanted)
{
    if (strcmp(Log, wanted) != 0) {
        fprintf(stderr, "%s, not %s\n", Log, wanted);
        exit(1);
    }
    Logged = 0;
    Log[0] = 0;
}

static LONG Filter(char what, LONG choice)
{
    Note(what);
    return choice;
}

/* No `__try` is armed: an exception comes to the catcher around it. */
static VOID CheckNothingIsArmed(VOID)
{
    emu_stop stop;
    EMU_CATCH(stop, ExRaiseStatus(STATUS_NOT_FOUND));
    CHECK_EQUAL(stop.kind, EMU_RAISED);
    CHECK_EQUAL((ULONG)stop.status, (ULONG)STATUS_NOT_FOUND);
}

/* ---- What raises --------------------------------------------------------------------------------- */

/* Behaviour: seh-except. */
static VOID AListThatRaisesIsCaught(VOID)
{
    LOOKASIDE_LIST_EX list;
    NPAGED_LOOKASIDE_LIST legacy;
    PVOID entry = NULL;
    ULONG code = 0;
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx,
        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 64, TAG, 0), STATUS_SUCCESS);
    ExInitializeNPagedLookasideList(&legacy, NULL, NULL, POOL_RAISE_IF_ALLOCATION_FAILURE, 64, TAG, 0);
    emu_fail_next(NULL, 2, TAG);
    __try {
        entry = ExAllocateFromLookasideListEx(&list);
        Note('x');
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        code = GetExceptionCode();
    }
    CHECK_EQUAL(code, (ULONG)STATUS_INSUFFICIENT_RESOURCES);
    code = 0;
    __try {
        entry = ExAllocateFromNPagedLookasideList(&legacy);
    } __except (GetExceptionCode() == (ULONG)STATUS_INSUFFICIENT_RESOURCES) {
        code = GetExceptionCode();
    }
    CHECK_EQUAL(code, (ULONG)STATUS_INSUFFICIENT_RESOURCES);
    CHECK(entry == NULL);
    __try {
        entry = ExAllocateFromLookasideListEx(&list);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Note('x');
    }
    CHECK(entry != NULL);
    ExFreeToLookasideListEx(&list, entry);
    ExDeleteLookasideListEx(&list);
    ExDeleteNPagedLookasideList(&legacy);
    CheckLog("");
}

static VOID PoolThatRaisesIsCaught(VOID)
{
    int round;
    for (round = 0; round < 3; round++) {
        ULONG code = 0;
        PVOID block = NULL;
        emu_fail_next(NULL, 1, TAG);
        __try {
            switch (round) {
            case 0:
                block = ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 100, TAG);
                break;
            case 1:
                block = ExAllocatePoolWithTag(
                    (POOL_TYPE)(PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE), 100, TAG);
                break;
            default:
                block = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 100, TAG);
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            code = GetExceptionCode();
        }
        CHECK(block == NULL);
        CHECK_EQUAL(code, (ULONG)STATUS_INSUFFICIENT_RESOURCES);
    }
}

static ULONG CodeOf(int which)
{
    __try {
        switch (which) {
        case 0:
            ExRaiseAccessViolation();
        case 1:
            ExRaiseDatatypeMisalignment();
        default:
            ExRaiseStatus(STATUS_CANCELLED);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return 0;
}

static VOID RoutinesRaiseTheirStatus(VOID)
{
    CHECK_EQUAL(CodeOf(0), 0xC0000005);
    CHECK_EQUAL(CodeOf(1), 0x80000002);
    CHECK_EQUAL(CodeOf(2), (ULONG)STATUS_CANCELLED);
}

/* ---- Filters ------------------------------------------------------------------------------------- */

static LONG Look(PEXCEPTION_POINTERS pointers, ULONG code)
{
    PEXCEPTION_RECORD record = pointers->ExceptionRecord;
    CHECK_EQUAL((ULONG)record->ExceptionCode, (ULONG)STATUS_CANCELLED);
    CHECK_EQUAL(code, (ULONG)STATUS_CANCELLED);
    CHECK_EQUAL(record->ExceptionFlags, EXCEPTION_NONCONTINUABLE);
    CHECK_EQUAL(record->NumberParameters, 0);
    CHECK(record->ExceptionRecord == NULL && pointers->ContextRecord == NULL);
#ifndef _WIN32 /* there the address is not known */
    CHECK(record->ExceptionAddress != NULL);
#endif
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID FiltersChoose(VOID)
{
    __try {
        __try {
            Note('a');
            ExRaiseStatus(STATUS_CANCELLED);
        } __except (Filter('b', EXCEPTION_CONTINUE_SEARCH)) {
            Note('x');
        }
    } __except (Look(GetExceptionInformation(), GetExceptionCode())) {
        Note('c');
    }
    CheckLog("abc");
    /* An exception of these routines cannot be continued, which is an exception of its own. */
    __try {
        __try {
            ExRaiseStatus(STATUS_CANCELLED);
        } __except (EXCEPTION_CONTINUE_EXECUTION) {
            Note('x');
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_NONCONTINUABLE_EXCEPTION);
        Note('d');
    }
    /* A filter that raises, and one with a comma. */
    __try {
        __try {
            ExRaiseStatus(STATUS_CANCELLED);
        } __except (ExRaiseStatus(STATUS_NOT_FOUND), EXCEPTION_EXECUTE_HANDLER) {
            Note('x');
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_NOT_FOUND);
        Note('e');
    }
    CheckLog("de");
}

/* A handler and a `__finally` that raise, and a function called in a handler that catches. */
static VOID HandlersRaise(VOID)
{
    __try {
        __try {
            ExRaiseStatus(STATUS_CANCELLED);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            CHECK_EQUAL(CodeOf(0), 0xC0000005);
            CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_CANCELLED);
            ExRaiseStatus(STATUS_NOT_FOUND);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_NOT_FOUND);
        Note('a');
    }
    __try {
        __try {
            ExRaiseStatus(STATUS_CANCELLED);
        } __finally {
            CHECK(AbnormalTermination());
            ExRaiseStatus(STATUS_NOT_FOUND);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_NOT_FOUND);
        Note('b');
    }
    CheckLog("ab");
}

/* ---- `__finally` and `__leave` ------------------------------------------------------------------- */

/* Behaviour: seh-finally. */
static VOID FinallyRuns(int how)
{
    int loop;
    __try {
        __try {
            Note('a');
            for (loop = 0; loop < 3; loop++) {
                switch (how) {
                case 1:
                    __leave;
                case 2:
                    ExRaiseStatus(STATUS_CANCELLED);
                default:
                    break;
                }
            }
            Note('b');
        } __finally {
            Note(AbnormalTermination() ? 'F' : 'f');
            for (loop = 0; loop < 3; loop++) {
                if (loop == 1) {
                    break;
                }
            }
        }
        Note('c');
    } __except (Filter('d', EXCEPTION_EXECUTE_HANDLER)) {
        Note('e');
    }
}

static VOID Nested(VOID)
{
    __try {
        __try {
            __try {
                ExRaiseStatus(STATUS_CANCELLED);
            } __finally {
                Note('1');
                __try {
                    ExRaiseStatus(STATUS_NOT_FOUND);
                } __except (EXCEPTION_EXECUTE_HANDLER) {
                    CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_NOT_FOUND);
                    Note('2');
                }
                CHECK(AbnormalTermination());
            }
        } __finally {
            Note('3');
        }
    } __except (Filter('4', GetExceptionCode() == (ULONG)STATUS_CANCELLED)) {
        Note('5');
    }
    CheckLog("12345");
}

static VOID FinallyAndLeave(VOID)
{
    FinallyRuns(0);
    CheckLog("abfc");
    FinallyRuns(1);
    CheckLog("afc");
    FinallyRuns(2);
    CheckLog("aFde");
    Nested();
    __try {
        __try {
            __leave;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Note('x');
        }
        Note('a');
        __leave;
    } __finally {
        Note(AbnormalTermination() ? 'F' : 'f');
    }
    CheckLog("af");
}

/* ---- Jumps --------------------------------------------------------------------------------------- */

static int Returns(int from)
{
    __try {
        if (from == 0) {
            return 10;
        }
        ExRaiseStatus(STATUS_CANCELLED);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        if (from == 1) {
            return 11;
        }
    }
    return 12;
}

/* Behaviour: seh-jumps. */
static VOID JumpsLeaveATry(VOID)
{
    int round;
    CHECK(Returns(0) == 10 && Returns(1) == 11 && Returns(2) == 12);
    CheckNothingIsArmed();
    for (round = 0; round < 6; round++) {
        __try {
            if (round == 1) {
                continue;
            }
            if (round == 2) {
                goto Out;
            }
            if (round == 5) {
                break;
            }
            ExRaiseStatus(STATUS_CANCELLED);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            if (round == 3) {
                continue;
            }
            Note((char)('0' + round));
        }
        Note('-');
    Out:
        CheckNothingIsArmed();
    }
    CHECK(round == 5);
    CheckLog("0-4-");
    if (round == 5)
        __try {
            Note('a');
        } __finally {
            Note('b');
        }
    else
        Note('x');
    CheckLog("ab");
}

/* ---- What a variable held at the raise ------------------------------------------------------------ */

typedef struct _MANY {
    int Values[40];
} MANY;

static MANY Made(int value)
{
    MANY many;
    int index;
    for (index = 0; index < 40; index++) {
        many.Values[index] = value + index;
    }
    return many;
}

static long Variables(int parameter, double real, MANY many, const char *text)
{
    long sum = 1;
    int index, count = 0;
    BOOLEAN is_done = FALSE;
    NTSTATUS status = STATUS_SUCCESS;
    unsigned char narrow = 250;
    for (index = 0; index < 10; index++) {
        long inside = index;
        __try {
            parameter += 3;
            real *= 1.5;
            sum = sum * 7 + index;
            inside += 100;
            many.Values[index] += inside;
            text++;
            narrow++;
            status = STATUS_PENDING;
            is_done = (BOOLEAN)(index == 9);
            if (index % 2 == 0) {
                count++;
                ExRaiseStatus((NTSTATUS)(STATUS_CANCELLED + index));
            }
            count += 100;
        } __except (parameter == 3 * (index + 1) ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            CHECK(inside == index + 100 && count % 100 == index / 2 + 1);
            status = (NTSTATUS)GetExceptionCode();
            CHECK_EQUAL((ULONG)status, (ULONG)STATUS_CANCELLED + (ULONG)index);
            sum++;
        }
        CHECK(inside == index + 100);
        CHECK(many.Values[index] == index + index + 100);
        CHECK(status == STATUS_PENDING || index % 2 == 0);
    }
    CHECK(parameter == 30 && count == 505 && is_done && narrow == 4 && *text == 'k');
    CHECK(real > 57.6 && real < 57.7);
    return sum;
}

static VOID VariablesAreAsAtTheRaise(VOID)
{
    long sum = 1;
    int index;
    for (index = 0; index < 10; index++) {
        sum = sum * 7 + index + (index % 2 == 0);
    }
    CHECK(Variables(0, 1.0, Made(0), "abcdefghijk") == sum);
}

/* ---- Depth --------------------------------------------------------------------------------------- */

static int Depth(int depth, int stop_at)
{
    int reached = 0;
    __try {
        if (depth == 0) {
            ExRaiseStatus(STATUS_CANCELLED);
        }
        reached = Depth(depth - 1, stop_at);
    } __except (depth == stop_at ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        reached = depth;
    }
    return reached;
}

/* No frame of a round is left, neither in the library nor on the stack. */
static VOID ManyRounds(VOID)
{
    int round;
    LOOKASIDE_LIST_EX list;
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool,
        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 64, TAG, 0), STATUS_SUCCESS);
    CHECK(Depth(100, 0) == 0);
    CHECK(Depth(100, 100) == 100);
    for (round = 0; round < 10000; round++) {
        int caught = 0, ended = 0;
        __try {
            __try {
                emu_fail_next(NULL, 1, TAG);
                ExFreeToLookasideListEx(&list, ExAllocateFromLookasideListEx(&list));
            } __finally {
                ended++;
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            caught++;
        }
        CHECK(caught == 1 && ended == 1);
    }
    emu_fail_next(NULL, 0, TAG);
    ExDeleteLookasideListEx(&list);
    CHECK_EQUAL(emu_leaks(NULL, NULL, 0), 0);
    CheckNothingIsArmed();
}

/* ---- Level, locks, catchers, callbacks, threads --------------------------------------------------- */

static KSPIN_LOCK Lock;

static VOID RaisesAtDispatchLevel(VOID)
{
    KIRQL level;
    __try {
        KeAcquireSpinLock(&Lock, &level);
        ExRaiseStatus(STATUS_CANCELLED);
    } __finally {
        CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
        Note('f');
    }
}

/* Behaviour: seh-state. */
static VOID TheThreadIsAsAtTheRaise(VOID)
{
    KIRQL level = 0;
    emu_stop stop;
    __try {
        KeAcquireSpinLock(&Lock, &level);
        ExRaiseStatus(STATUS_CANCELLED);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
        CHECK(!KeTestSpinLock(&Lock));
        KeReleaseSpinLock(&Lock, level);
    }
    /* What no `__except` ends comes to a catcher, which puts it back. */
    EMU_CATCH(stop, RaisesAtDispatchLevel());
    CHECK_EQUAL(stop.kind, EMU_RAISED);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK(KeTestSpinLock(&Lock));
    CheckLog("f");
}

static void StopsInTry(void *context)
{
    (void)context;
    __try {
        __try {
            KeBugCheckEx(0xE2, 1, 2, 3, 4);
        } __finally {
            Note('x');
        }
    } __except (Filter('x', EXCEPTION_EXECUTE_HANDLER)) {
        Note('x');
    }
}

static void RaisesInTry(void *context)
{
    __try {
        ExRaiseStatus(STATUS_CANCELLED);
    } __except (context != NULL) {
        Note('a');
    }
}

/* Behaviour: seh-bug-check. */
static VOID CatchersAndSectionsNest(VOID)
{
    emu_stop stop;
    CHECK_EQUAL(emu_catch(StopsInTry, NULL, &stop), EMU_STOPPED);
    CHECK_EQUAL(stop.code, 0xE2);
    CHECK_EQUAL(emu_catch(RaisesInTry, &stop, &stop), EMU_RETURNED);
    CHECK_EQUAL(emu_catch(RaisesInTry, NULL, &stop), EMU_RAISED);
    CHECK_EQUAL((ULONG)stop.status, (ULONG)STATUS_CANCELLED);
    EMU_CATCH(stop, StopsInTry(NULL));
    CHECK_EQUAL(stop.kind, EMU_STOPPED);
    __try {
        CHECK_EQUAL(emu_catch(RaisesInTry, NULL, &stop), EMU_RAISED);
        CHECK_EQUAL(emu_catch(StopsInTry, NULL, &stop), EMU_STOPPED);
        EMU_CATCH(stop, RaisesInTry(NULL));
        CHECK_EQUAL(stop.kind, EMU_RAISED);
        Note('b');
        ExRaiseStatus(STATUS_NOT_FOUND);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK_EQUAL(GetExceptionCode(), (ULONG)STATUS_NOT_FOUND);
        Note('c');
    }
    CheckLog("abc");
    CheckNothingIsArmed();
}

static PVOID NTAPI Make(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    PVOID made = NULL;
    (void)list;
    emu_fail_next(NULL, 1, tag);
    __try {
        made = ExAllocatePoolWithTag((POOL_TYPE)(type | POOL_RAISE_IF_ALLOCATION_FAILURE), bytes, tag);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        made = ExAllocatePoolWithTag(type, bytes, tag);
    }
    return made;
}

static VOID ACallbackCatches(VOID)
{
    LOOKASIDE_LIST_EX list;
    PVOID entry = NULL;
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, Make, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    __try {
        entry = ExAllocateFromLookasideListEx(&list);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Note('x');
    }
    CHECK(entry != NULL);
    ExFreeToLookasideListEx(&list, entry);
    ExDeleteLookasideListEx(&list);
    CheckLog("");
}

static void *Thread(void *context)
{
    int round;
    for (round = 0; round < 1000; round++) {
        ULONG code = 0;
        __try {
            CHECK(Depth(5, 3) == 3);
            ExRaiseStatus((NTSTATUS)(ULONG_PTR)context);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            code = GetExceptionCode();
        }
        CHECK_EQUAL(code, (ULONG_PTR)context);
    }
    return NULL;
}

static VOID ThreadsHaveSectionsOfTheirOwn(VOID)
{
    pthread_t threads[4];
    int index;
    for (index = 0; index < 4; index++) {
        CHECK(pthread_create(&threads[index], NULL, Thread, (void *)(ULONG_PTR)(0xC0000100 + index)) == 0);
    }
    for (index = 0; index < 4; index++) {
        CHECK(pthread_join(threads[index], NULL) == 0);
    }
}

static VOID NTAPI EndsInTry(PVOID context)
{
    __try {
        __try {
            PsTerminateSystemThread(STATUS_SUCCESS);
        } __finally {
            *(int *)context += 1;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        *(int *)context += 1;
    }
}

/* The end of a thread is no exception. */
static VOID AThreadEnds(VOID)
{
    HANDLE handle;
    PVOID thread;
    int count = 0;
    CHECK_EQUAL(PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, EndsInTry, &count), STATUS_SUCCESS);
    CHECK_EQUAL(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &thread, NULL), STATUS_SUCCESS);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
    ZwClose(handle);
    CHECK(count == 0);
}

/* ---- C++ ----------------------------------------------------------------------------------------- */

#ifdef __cplusplus
namespace {
struct Guard {
    char what;
    explicit Guard(char its) : what(its)
    {
    }
    ~Guard()
    {
        Note(what);
    }
};

void Destructors()
{
    __try {
        Guard outer('b');
        __try {
            Guard inner('a');
            ExRaiseStatus(STATUS_CANCELLED);
        } __finally {
            Note('f');
        }
    } __except (Filter('c', EXCEPTION_EXECUTE_HANDLER)) {
        Note('d');
    }
    CheckLog("afbcd");
    __try {
        Guard guard('a');
        __leave;
    } __finally {
        Note('f');
    }
    CheckLog("af");
}

/* An exception of C++ runs a `__finally`, and no `__except` takes it. */
void ExceptionsOfCpp()
{
    try {
        __try {
            __try {
                throw std::runtime_error("mine");
            } __finally {
                Note(AbnormalTermination() ? 'F' : 'f');
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Note('x');
        }
    } catch (const std::exception &error) {
        CHECK(std::string(error.what()) == "mine");
        Note('c');
    }
    try {
        __try {
            __try {
                ExRaiseStatus(STATUS_CANCELLED);
            } __finally {
                throw std::runtime_error("other");
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Note('x');
        }
    } catch (const std::exception &) {
        Note('d');
    }
    CheckLog("Fcd");
    CheckNothingIsArmed();
}
}
#endif

/* ---- What ends the process ------------------------------------------------------------------------ */

/* Behaviour: seh-unhandled. */
static VOID NoHandlerIsAround(VOID)
{
    __try {
        ExRaiseStatus(STATUS_CANCELLED);
    } __finally {
        puts("finally");
    }
}

static VOID NoFilterTakesIt(VOID)
{
    __try {
        __try {
            ExRaiseStatus(STATUS_CANCELLED);
        } __finally {
            puts("finally");
        }
    } __except (EXCEPTION_CONTINUE_SEARCH) {
        puts("handler");
    }
}

static VOID TheSectionHasEnded(VOID)
{
    CHECK(Returns(0) == 10);
    ExRaiseStatus(STATUS_CANCELLED);
}

/* Behaviour: seh-jumps. */
static VOID ReturnsPastAFinally(VOID)
{
    __try {
        return;
    } __finally {
        puts("finally");
    }
}

static VOID BreaksPastAFinally(VOID)
{
    int round;
    for (round = 0; round < 2; round++) {
        __try {
            break;
        } __finally {
            puts("finally");
        }
    }
}

/* Behaviour: seh-finally-jumps. */
static VOID ReturnsOutOfAFinally(VOID)
{
    __try {
        puts("body");
    } __finally {
        return;
    }
}

static VOID BreaksOutOfAFinally(VOID)
{
    int round;
    for (round = 0; round < 2; round++) {
        __try {
            puts("body");
        } __finally {
            break;
        }
    }
}

static VOID ABugCheckIsNoException(VOID)
{
    StopsInTry(NULL);
    puts("behind");
}

static VOID (*const Ends[])(VOID) = {
    NoHandlerIsAround, NoFilterTakesIt, TheSectionHasEnded, ReturnsPastAFinally, BreaksPastAFinally,
    ReturnsOutOfAFinally, BreaksOutOfAFinally, ABugCheckIsNoException,
};

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    if (count > 1) {
        Ends[atoi(arguments[1])]();
        return 0;
    }
    KeInitializeSpinLock(&Lock);
    AListThatRaisesIsCaught();
    PoolThatRaisesIsCaught();
    RoutinesRaiseTheirStatus();
    FiltersChoose();
    HandlersRaise();
    FinallyAndLeave();
    JumpsLeaveATry();
    VariablesAreAsAtTheRaise();
    ManyRounds();
    TheThreadIsAsAtTheRaise();
    CatchersAndSectionsNest();
    ACallbackCatches();
    ThreadsHaveSectionsOfTheirOwn();
    AThreadEnds();
#ifdef __cplusplus
    Destructors();
    ExceptionsOfCpp();
#endif
    CheckNothingIsArmed();
    puts("seh: passed");
    return 0;
}
