/* The driver leaves nothing behind, also where packets are queued when it stops. */
#include "packets.h"

#include <emu.h>

#include "check.h"

int main(void)
{
    static DEVICE_EXTENSION device;
    const UCHAR data[] = "data";
    ULONG i;
    emu_driver driver = emu_driver_load("packets.sys");

    emu_driver_enter(driver);
    CHECK(NT_SUCCESS(PacketsStart(&device)));
    for (i = 0; i < 100; i++) {
        CHECK(NT_SUCCESS(PacketsQueue(&device, data, sizeof data)));
    }
    for (i = 0; i < 60; i++) {
        PacketsDone(&device, PacketsNext(&device));
    }
    CHECK(device.Sizes[sizeof data] == 100);
    PacketsStop(&device);
    emu_driver_leave();

    /* A list or a block that is left would stop here: 0xCE, or 0xC4 (0x62, ...). */
    emu_driver_unload(driver);
    return 0;
}
