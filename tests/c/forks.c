/*
 * Forks while other threads are in every kind of routine: what the child does works, and nothing hangs.
 * A child that hangs is killed by its alarm, long after it should have ended.
 */
/* For kill. */
#define _POSIX_C_SOURCE 200809L

#include <wdm.h>
#include <emu.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { FORKS = 12, PATIENCE = 120 };

static LOOKASIDE_LIST_EX List;
static NPAGED_LOOKASIDE_LIST Legacy;
static LONG volatile IsOver;

static VOID UseList(VOID)
{
    PVOID entries[6];
    ULONG i;
    for (i = 0; i < RTL_NUMBER_OF(entries); i++) {
        entries[i] = ExAllocateFromLookasideListEx(&List);
        CHECK(entries[i] != NULL);
        RtlFillMemory(entries[i], 64, (UCHAR)i);
    }
    for (i = 0; i < RTL_NUMBER_OF(entries); i++) {
        CHECK_EQUAL(*(PUCHAR)entries[i], i);
        ExFreeToLookasideListEx(&List, entries[i]);
    }
}

static VOID UseLegacy(VOID)
{
    ExFreeToNPagedLookasideList(&Legacy, ExAllocateFromNPagedLookasideList(&Legacy));
}

static VOID UsePool(VOID)
{
    PVOID block = ExAllocatePoolWithTag(PagedPool, 5000, 'kroF');
    CHECK(block != NULL);
    ExFreePoolWithTag(block, 'kroF');
    block = ExAllocatePoolWithTag(NonPagedPoolNx, 48, 'kroF');
    CHECK(block != NULL);
    ExFreePool(block);
}

static VOID UseRegistry(VOID)
{
    LOOKASIDE_LIST_EX list;
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0, 64, 'kroF', 0), 0);
    ExFreeToLookasideListEx(&list, ExAllocateFromLookasideListEx(&list));
    ExDeleteLookasideListEx(&list);
    emu_tick();
}

static VOID (*const Uses[])(VOID) = { UseList, UseLegacy, UsePool, UseRegistry };

static void *Work(void *use)
{
    while (!IsOver) {
        Uses[(ULONG_PTR)use]();
    }
    return NULL;
}

/* Starts a child; `end` is where its standard error can be read, from the fork on. */
static pid_t Start(VOID (*work)(VOID), int *end)
{
    int ends[2];
    int standardError = dup(2);
    pid_t child;
    CHECK(standardError >= 0 && pipe(ends) == 0);
    dup2(ends[1], 2);
    close(ends[1]);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        close(standardError);
        alarm(PATIENCE);
        work();
        _exit(0);
    }
    dup2(standardError, 2);
    close(standardError);
    CHECK(child > 0);
    *end = ends[0];
    return child;
}

/* Reads to the end what a child wrote. */
static VOID Read(int end, char *said, SIZE_T size)
{
    SIZE_T length = 0;
    ssize_t bytes;
    while ((bytes = read(end, said + length, size - 1 - length)) > 0) {
        length += (SIZE_T)bytes;
    }
    said[length] = 0;
    close(end);
}

/* Forks and returns how the child ended. */
static int InChild(VOID (*work)(VOID), char *said, SIZE_T size)
{
    int end;
    int status = 0;
    pid_t child = Start(work, &end);
    Read(end, said, size);
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static VOID UseAll(VOID)
{
    ULONG i;
    for (i = 0; i < 10 * RTL_NUMBER_OF(Uses); i++) {
        Uses[i % RTL_NUMBER_OF(Uses)]();
    }
}

/* Behaviour: fork. */
static VOID ForkBesideThreads(VOID)
{
    pthread_t threads[RTL_NUMBER_OF(Uses)];
    char said[4000];
    ULONG_PTR i;
    for (i = 0; i < RTL_NUMBER_OF(Uses); i++) {
        CHECK(pthread_create(&threads[i], NULL, Work, (void *)i) == 0);
    }
    for (i = 0; i < FORKS; i++) {
        int status = InChild(UseAll, said, sizeof(said));
        if (status != 0) {
            fprintf(stderr, "child %u ended with %#x: %s\n", (unsigned)i, (unsigned)status, said);
            exit(1);
        }
        sched_yield();
    }
    IsOver = 1;
    for (i = 0; i < RTL_NUMBER_OF(Uses); i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Behaviour: fork-section. */
/* As a thread that is in the section of the list leaves its header: the lock is bit 0 of the link. */
static VOID ForkInsideASection(VOID)
{
    PULONG64 link = (PULONG64)(PVOID)&List.L.ListHead + 1;
    char said[1000];
    int status;
    UseList();
    *link |= 1;
    status = InChild(UseList, said, sizeof(said));
    *link &= ~(ULONG64)1;
    CHECK_EQUAL(status, 0);
    CHECK(strstr(said, "another thread was in it when the process forked") != NULL);
    CHECK(strstr(said, "that are lost: 4\n") != NULL);
    UseList();
}

/* Behaviour: signal. */
static VOID OnSignal(int number)
{
    UNREFERENCED_PARAMETER(number);
    UsePool();
}

/* Until the signal comes where pool is in the middle of something. */
static VOID InterruptPool(VOID)
{
    signal(SIGALRM, SIG_DFL);
    signal(SIGUSR1, OnSignal);
    for (;;) {
        UsePool();
    }
}

static VOID InterruptFrom(VOID (*work)(VOID))
{
    char said[1000];
    int end;
    int status = 0;
    pid_t child = Start(work, &end);
    while (waitpid(child, &status, WNOHANG) == 0) {
        kill(child, SIGUSR1);
        sched_yield();
    }
    Read(end, said, sizeof(said));
    CHECK(WIFSIGNALED(status));
    /* The signal may have come before the handler was there. */
    if (WTERMSIG(status) == SIGUSR1) {
        InterruptFrom(work);
        return;
    }
    CHECK_EQUAL(WTERMSIG(status), SIGABRT);
    CHECK(strncmp(said, "*** STOP 0x000000c4 (0x000000004c4b0011, ", 41) == 0);
}

int main(void)
{
    CHECK_EQUAL(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 64, 'kroF', 0), 0);
    ExInitializeNPagedLookasideList(&Legacy, NULL, NULL, 0, 64, 'kroF', 0);
    ForkInsideASection();
    ForkBesideThreads();
    InterruptFrom(InterruptPool);
    ExDeleteNPagedLookasideList(&Legacy);
    ExDeleteLookasideListEx(&List);
    printf("forks: passed\n");
    return 0;
}
