/*
 * What a driver asks of no kernel, and a test of a driver needs: depth tuning by hand, and pool
 * allocations that are made to fail.
 *
 * Later, with drivers as scopes, fault injection and leak reports: emu_driver_load, emu_driver_enter,
 * emu_driver_unload, emu_driver_check, emu_fail_nth, emu_fail_every, emu_leaks.
 */
#ifndef NTOSKRNL_EMU_EMU_H
#define NTOSKRNL_EMU_EMU_H

#include "wdm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A driver, whose lists and blocks are its own. NULL is the root driver, which owns all of them yet. */
typedef struct emu_driver_handle *emu_driver;

/*
 * Makes the next `count` pool allocations of a driver with a tag fail, also those of its lists; tag 0
 * is any tag. It replaces what was said of that tag before; count 0 takes it back.
 */
void emu_fail_next(emu_driver driver, ULONG count, ULONG tag);

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

#endif
