/*
 * What a driver asks of no kernel, and a test of a driver needs: drivers as scopes, what is left of
 * them, pool allocations that are made to fail, stops that are caught, and depth tuning by hand.
 *
 * Later: emu_driver_check.
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
 * What a stop means, as text: the line of the blue screen, the code's name, what was done, each
 * parameter, the routine, the list, the driver and the IRQL. It is cut to `bytes`, with a zero at its
 * end; the result is its whole length. What the thread was doing is known of its newest stop only.
 */
SIZE_T NTAPI emu_stop_report(const emu_stop *stop, char *text, SIZE_T bytes);

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
