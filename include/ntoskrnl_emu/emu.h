/*
 * What a driver asks of no kernel, and a test of a driver needs: drivers as scopes, what is left of
 * them, pool allocations that are made to fail, stops that are caught, and depth tuning by hand.
 */
#ifndef NTOSKRNL_EMU_EMU_H
#define NTOSKRNL_EMU_EMU_H

#include "wdm.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A driver, whose lists, blocks, faults and leaks are its own. NULL is the root driver, which is never
 * unloaded, and which every thread begins with.
 */
typedef struct emu_driver_handle *emu_driver;

/* Loads a driver. Two may have one name. */
emu_driver NTAPI emu_driver_load(const char *name);

/*
 * Makes a driver the thread's current one: what the thread initialises and allocates belongs to it.
 * emu_driver_leave brings the one before back.
 */
void emu_driver_enter(emu_driver driver);
void emu_driver_leave(void);

/*
 * Loads a driver by its first function: runs DriverEntry as the current driver's, with a driver object and
 * the path of a key. NULL where DriverEntry fails: then the driver is unloaded, without DriverUnload, and
 * what it has left stops, as of emu_driver_unload. emu_driver_entry_status is what the DriverEntry that
 * this thread ran last returned. A request that the driver has no function for is refused.
 */
emu_driver NTAPI emu_driver_load_entry(PDRIVER_INITIALIZE entry);
NTSTATUS NTAPI emu_driver_entry_status(void);

/* The object of a driver that was loaded by its first function, else NULL. */
PDRIVER_OBJECT NTAPI emu_driver_object(emu_driver driver);

/*
 * Unloads a driver. Where lists are left it is bug check 0xCE (address of the oldest, 0, 0, 0), else
 * where blocks or entries are 0xC4 (0x62, 0, 0, count). All that is left is released first, without
 * callbacks.
 */
void emu_driver_unload(emu_driver driver);

/* Releases all that is left of a driver, which stays loaded: for each iteration of a fuzzer. */
void emu_driver_reset(emu_driver driver);

#define EMU_LEAK_LIST 0     /* a list that is not deleted */
#define EMU_LEAK_ENTRY 1    /* an entry of a list that is there still */
#define EMU_LEAK_BLOCK 2    /* a block of pool, also an entry that its list left behind */

struct emu_leak {
    ULONG kind, tag;
    SIZE_T bytes;
    PVOID address;
    /* Of an entry the list that it is allocated from: the one that took it last. Else NULL. */
    PVOID list;
};

/*
 * What is left of a driver: lists, the oldest first, then entries and blocks. Writes up to `capacity`
 * of them and returns how many there are. At the end of a process that runs with EMU_LEAKS=1 in its
 * environment, what is left of every driver is printed to standard error.
 */
ULONG NTAPI emu_leaks(emu_driver driver, struct emu_leak *into, ULONG capacity);

/*
 * Makes pool allocations of a driver with a tag fail, also those of its lists: the next `count`, the
 * `n`th, or every `n`th, counted from the call on. Tag 0 is any tag; in a tag * stands for any
 * characters and ? for one ('\0*rF' for those that begin with Fr). It replaces what was said of that
 * tag before; 0 takes it back.
 */
void emu_fail_next(emu_driver driver, ULONG count, ULONG tag);
void emu_fail_nth(emu_driver driver, ULONG n, ULONG tag);
void emu_fail_every(emu_driver driver, ULONG n, ULONG tag);

/*
 * Driver Verifier's options, by its bits. EMU_VERIFIER in the environment verifies drivers of a program
 * that is not changed: EMU_VERIFIER="flags=0x209bb driver=demo.sys faults=600 tags='Fred Tag*' seed=7";
 * without a driver every one, the root driver too.
 */
#define EMU_VERIFIER_SPECIAL_POOL 0x1
#define EMU_VERIFIER_FORCE_IRQL_CHECKING 0x2
#define EMU_VERIFIER_LOW_RESOURCES 0x4
#define EMU_VERIFIER_POOL_TRACKING 0x8
#define EMU_VERIFIER_DEADLOCK_DETECTION 0x20
#define EMU_VERIFIER_MISCELLANEOUS 0x800
#define EMU_VERIFIER_DDI_COMPLIANCE 0x20000
#define EMU_VERIFIER_DDI_COMPLIANCE_ADDITIONAL 0x80000
#define EMU_VERIFIER_CODE_INTEGRITY 0x2000000
#define EMU_VERIFIER_STANDARD 0x209BB

/* Sets a driver's options; 0 for none. Its lists take no hit path any more while it has one. */
void emu_verifier(emu_driver driver, ULONG flags);

/*
 * Has low resources simulation fail `faults` of 10,000 requests of a driver's pool, at random by a seed:
 * those with one of some tags ("Fred Tag*"), or all where `tags` is NULL. 0 takes it back.
 */
void emu_low_resources(emu_driver driver, ULONG faults, const char *tags, ULONG64 seed);

struct emu_pool_counters {
    ULONG64 current_allocations, peak_allocations, current_bytes, peak_bytes;
};

struct emu_counters {
    ULONG64 raise_irqls, acquire_spin_locks, synch_executions, trims;
    ULONG64 allocations_attempted, allocations_succeeded, allocations_succeeded_special_pool;
    ULONG64 allocations_without_tag, allocations_failed, faults_injected;
    struct emu_pool_counters nonpaged, paged;
};

/* What is counted of a driver since it is verified, as `verifier /query` shows it. */
void emu_driver_query(emu_driver driver, struct emu_counters *into);

/* Looks now for writes to freed blocks that rest (EMU_QUARANTINE): bug check 0xC6. */
void emu_driver_check(emu_driver driver);

/*
 * Switches a check that Windows does not make, by its name, for a driver: docs/verifier.md has the names.
 * EMU_CHECKS_OFF="NAME NAME" in the environment switches some off for every driver.
 */
void emu_set_check(emu_driver driver, const char *name, BOOLEAN is_on);

/* What ended a call: it returned, a bug check, or a raised exception. */
#define EMU_RETURNED 0
#define EMU_STOPPED 1
#define EMU_RAISED 2

typedef struct emu_stop_ {
    ULONG kind;             /* EMU_RETURNED, EMU_STOPPED or EMU_RAISED */
    ULONG code;             /* of a bug check */
    NTSTATUS status;        /* of an exception */
    ULONG64 parameters[4];  /* of a bug check */
} emu_stop;

typedef void (*emu_run)(void *context);

/*
 * Calls `run` with `context`, and returns what ended it, as the kind in `stop` (which may be NULL).
 * A bug check or an exception in it does not end the process: it unwinds the frames of C up to here.
 * Then the thread's IRQL, its current driver and the spin locks that it holds are as they were.
 * Inside a callback of a list it is the callback that has to call emu_catch.
 */
ULONG NTAPI emu_catch(emu_run run, void *context, emu_stop *stop);

/*
 * Calls `run` again and again, and fails its 1st, 2nd, ... pool allocation in turn, until a call ends
 * without a failed one. Each call has a driver of its own, which is unloaded after it. Prints a line
 * for each call that ended in a stop or left something behind, and returns how many there were.
 */
ULONG NTAPI emu_exhaust(emu_run run, void *context);

/*
 * As emu_exhaust, but each call fails the next allocation from a call stack that has not failed yet:
 * each stack fails once, however often it allocates.
 */
ULONG NTAPI emu_exhaust_by_call_stack(emu_run run, void *context);

/* An allocation that was made to fail, and what that call of `run` ended in, or else its driver's unload. */
struct emu_failed {
    ULONG tag;
    emu_stop stop;          /* EMU_RETURNED where it ended well */
};

/*
 * Each allocation that the thread's last emu_exhaust or emu_exhaust_by_call_stack made fail, in the order of
 * the calls. Writes up to `capacity` of them and returns how many there are.
 */
ULONG NTAPI emu_exhaust_failed(struct emu_failed *into, ULONG capacity);

/*
 * Sets how many frames are noted of each allocation, free and stop of a driver, after `skip` of the
 * driver's own (those of wrappers); 0 for no stacks. NULL sets it for each driver that has no number of
 * its own. EMU_STACKS=N or EMU_STACKS=N,skip=M in the environment says it for unchanged programs.
 * Reports of stops and EMU_LEAKS=1 show them. Lists that are initialised after it have each call noted.
 */
void emu_set_stacks(emu_driver driver, ULONG frames, ULONG skip);

/*
 * What a stop means, as text: the line of the blue screen, the code's name, what was done, each
 * parameter, the routine, the list, the driver, the IRQL and the call site; with stacks also where the
 * block in question was allocated and freed, the stack and the last calls. It is cut to `bytes`, with a zero at its
 * end; the result is its whole length. What the thread was doing is known of its newest stop only.
 */
SIZE_T NTAPI emu_stop_report(const emu_stop *stop, char *text, SIZE_T bytes);

/*
 * Runs a command of the kernel debugger's, such as "!poolused 2 Fred*", and writes what it prints, cut to
 * `bytes`, with a zero at its end; the result is its whole length. There are !lookaside, !slist, !pool,
 * !poolfind, !poolused, !verifier 1, 3, 4 and 8, and verifier /query; for another command, and for an
 * argument that is none, the text says so.
 */
SIZE_T NTAPI emu_debug(const char *command, char *text, SIZE_T bytes);

/* A catcher in a frame of C, for EMU_CATCH. */
typedef struct emu_frame_ emu_frame;
typedef void (*emu_leap)(emu_frame *frame);
struct emu_frame_ {
    emu_stop stop;
    emu_leap leap;
    jmp_buf jump;
};
void emu_arm(emu_frame *frame, emu_leap leap);
void emu_disarm(emu_frame *frame);

/*
 * Sets how many entries a list keeps at most. Entries that it keeps already stay until they are
 * allocated or a tick frees them. A legacy list is passed by a cast.
 */
void emu_set_depth(PLOOKASIDE_LIST_EX lookaside, USHORT depth);

/*
 * Says whether only entries that were allocated from a list may be freed to it: FALSE at first. To Windows
 * an entry may go to any list of the same size, pool type and tag with the default routines, as drivers
 * with a list for each processor have it; TRUE finds the entry that went to another list by mistake.
 */
void emu_set_own_entries_only(PLOOKASIDE_LIST_EX lookaside, BOOLEAN own_only);

/*
 * One second of the balance set manager: retunes the depth of every list, then frees what lists keep
 * above it, by their free routines, and counts nothing of that. A tick inside a tick does nothing.
 *
 * How depths move is a policy, which the environment variable EMU_DEPTH_POLICY names: settling, which
 * is the default, balanced or fixed; the last two free nothing (docs/depths.md).
 */
void emu_tick(void);

/*
 * The clock that the routines of time, delays and timeouts go by is the host's. Held, it stands still
 * until it is released: a thread that waits for a time waits for emu_clock_advance, and where the thread
 * that holds it does so itself, the clock moves to that time at once. Units are 100 nanoseconds; system
 * time counts from the beginning of 1601, and setting it leaves interrupt time as it is.
 */
void emu_clock_hold(void);
void emu_clock_release(void);
void emu_clock_advance(ULONG64 units);
void emu_clock_set_system_time(ULONG64 time);

/*
 * Hides an export from the current driver, so that MmGetSystemRoutineAddress does not find it, as on an
 * older Windows; emu_show takes it back.
 */
void emu_hide(const char *name);
void emu_show(const char *name);

/*
 * How many processors there are, 1 to 64: at first as many as the host has. And the number of the one
 * that the calling thread is on: at first threads take turns.
 */
void emu_set_processor_count(ULONG count);
void emu_set_processor(ULONG number);

#ifdef __cplusplus
}
#endif

/*
 * EMU_CATCH(stop, call) makes a call and says in the emu_stop what ended it, without a function of
 * its own. In C the frames between are left by longjmp, so nothing in them is cleaned up; in C++ the
 * call is a lambda, and destructors run.
 */
#ifdef __cplusplus
template <typename Call> static inline emu_stop emu_catch_call(Call call)
{
    emu_stop stop;
    emu_catch([](void *context) { (*static_cast<Call *>(context))(); }, &call, &stop);
    return stop;
}
#define EMU_CATCH(into, call) ((into) = emu_catch_call([&] { (void)(call); }))
#else
static inline void emu_leap_by_jump(emu_frame *frame)
{
    longjmp(frame->jump, 1);
}
#define EMU_CATCH(into, call)                                                           \
    do {                                                                                \
        emu_frame emu_frame_here_;                                                      \
        if (setjmp(emu_frame_here_.jump) == 0) {                                        \
            emu_arm(&emu_frame_here_, emu_leap_by_jump);                                \
            (void)(call);                                                               \
            emu_disarm(&emu_frame_here_);                                               \
        }                                                                               \
        (into) = emu_frame_here_.stop;                                                  \
    } while (0)
#endif

/* What EMU_EXPECT_STOP does when it is not so; define it first for your test framework. */
#ifndef EMU_FAIL
#define EMU_FAIL(text) (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (text)), abort())
#endif

/* A call that must end in a bug check with this code and these four parameters. */
#define EMU_EXPECT_STOP(wanted, first, second, third, fourth, call)                     \
    do {                                                                                \
        emu_stop emu_stop_here_;                                                        \
        EMU_CATCH(emu_stop_here_, call);                                                \
        if (emu_stop_here_.kind != EMU_STOPPED || emu_stop_here_.code != (ULONG)(wanted) \
            || emu_stop_here_.parameters[0] != (ULONG64)(first)                         \
            || emu_stop_here_.parameters[1] != (ULONG64)(second)                        \
            || emu_stop_here_.parameters[2] != (ULONG64)(third)                         \
            || emu_stop_here_.parameters[3] != (ULONG64)(fourth)) {                     \
            char emu_text_here_[1024];                                                  \
            emu_stop_report(&emu_stop_here_, emu_text_here_, sizeof emu_text_here_);    \
            fprintf(stderr, "expected: STOP %#x (%#llx, %#llx, %#llx, %#llx); got: %s\n", \
                (unsigned)(wanted), (unsigned long long)(first), (unsigned long long)(second), \
                (unsigned long long)(third), (unsigned long long)(fourth),              \
                emu_stop_here_.kind == EMU_RETURNED ? "no stop" : emu_text_here_);      \
            EMU_FAIL("another end of " #call);                                          \
        }                                                                               \
    } while (0)

#endif
