/*
 * A slab: each entry of a list is a block with a header and a trailer of the driver's own, and what
 * its users see lies between.
 *
 * Mistake 1: STOP 0xc2 0x46, the address of the payload is freed instead of the block's.
 * Mistake 2: STOP 0xc2 0x7, a block is freed twice.
 * Mistake 3: STOP 0x1f2 -, under AddressSanitizer: the trailer is written behind the block.
 * Mistake 4: STOP 0xc4 0x62, a block is not freed before its driver goes.
 * Mistake 5: STOP 0x139 0x3, a freed block's link is written over.
 */
#include <ntddk.h>
#include <emu.h>

#define TAG 'balS'
#define HEADER_MAGIC 0x51AB51ABu
#define TRAILER_MAGIC 0xBA15BA15u

typedef struct _SLAB {
    NPAGED_LOOKASIDE_LIST Blocks;
    SIZE_T PayloadBytes;
    LONG Live;
} SLAB, *PSLAB;

typedef struct _HEADER {
    ULONG Magic;
    ULONG Bytes;
    PSLAB Slab;
} HEADER, *PHEADER;

typedef struct _TRAILER {
    ULONG Magic;
} TRAILER, *PTRAILER;

static VOID SlabCreate(PSLAB Slab, SIZE_T PayloadBytes)
{
    Slab->PayloadBytes = PayloadBytes;
    Slab->Live = 0;
    ExInitializeNPagedLookasideList(&Slab->Blocks, NULL, NULL, POOL_NX_ALLOCATION,
        sizeof(HEADER) + PayloadBytes + sizeof(TRAILER), TAG, 0);
}

static PTRAILER TrailerOf(PHEADER Header)
{
#if MISTAKE == 3
    return (PTRAILER)((PUCHAR)(Header + 1) + Header->Bytes + sizeof(TRAILER));
#else
    return (PTRAILER)((PUCHAR)(Header + 1) + Header->Bytes);
#endif
}

static PVOID SlabAllocate(PSLAB Slab)
{
    PHEADER header = (PHEADER)ExAllocateFromNPagedLookasideList(&Slab->Blocks);
    if (header == NULL) {
        return NULL;
    }
    header->Magic = HEADER_MAGIC;
    header->Bytes = (ULONG)Slab->PayloadBytes;
    header->Slab = Slab;
    TrailerOf(header)->Magic = TRAILER_MAGIC;
    InterlockedIncrement(&Slab->Live);
    return header + 1;
}

static VOID SlabFree(PVOID Payload)
{
    PHEADER header = (PHEADER)Payload - 1;
    PSLAB slab = header->Slab;
    NT_ASSERT(header->Magic == HEADER_MAGIC && TrailerOf(header)->Magic == TRAILER_MAGIC);
    InterlockedDecrement(&slab->Live);
#if MISTAKE == 1
    ExFreeToNPagedLookasideList(&slab->Blocks, Payload);
#else
    ExFreeToNPagedLookasideList(&slab->Blocks, header);
#endif
#if MISTAKE == 2
    ExFreeToNPagedLookasideList(&slab->Blocks, header);
#elif MISTAKE == 5
    header->Magic = 0xFFFFFFFFu;
    header->Bytes = 0xFFFFFFFFu;
#endif
}

int main(void)
{
    static SLAB slab;
    PVOID blocks[8];
    ULONG i, round;
    emu_driver driver = emu_driver_load("slab.sys");
    emu_driver_enter(driver);
    SlabCreate(&slab, 52);
    for (round = 0; round < 3; round++) {
        for (i = 0; i < RTL_NUMBER_OF(blocks); i++) {
            blocks[i] = SlabAllocate(&slab);
            if (blocks[i] == NULL) {
                return 1;
            }
            RtlFillMemory(blocks[i], slab.PayloadBytes, 0x5A);
        }
        for (i = 0; i < RTL_NUMBER_OF(blocks); i++) {
#if MISTAKE == 4
            if (round == 2 && i == 5) {
                continue;
            }
#endif
            SlabFree(blocks[i]);
        }
    }
    ExDeleteNPagedLookasideList(&slab.Blocks);
    emu_driver_leave();
    emu_driver_unload(driver);
    return MISTAKE != 0;
}
