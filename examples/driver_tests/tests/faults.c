/* Each pool allocation fails once: the driver reports it, and leaves nothing behind. */
#include "packets.h"

#include <emu.h>

#include "check.h"

static void Run(void *context)
{
    /* Each run begins with a fresh device: the memory of one that was left would hide a mistake. */
    DEVICE_EXTENSION device = { 0 };
    const UCHAR data[PACKET_BYTES] = { 0 };
    UNREFERENCED_PARAMETER(context);
    if (!NT_SUCCESS(PacketsStart(&device))) {
        return;
    }
    if (NT_SUCCESS(PacketsQueue(&device, data, sizeof data))) {
        CHECK(PacketsQueue(&device, data, PACKET_BYTES + 1) == STATUS_INVALID_BUFFER_SIZE);
        PacketsQueue(&device, data, 1);
    }
    PacketsStop(&device);
}

int main(void)
{
    /* It prints each run that stopped or left something, and returns their number. */
    CHECK(emu_exhaust(Run, NULL) == 0);
    return 0;
}
