/* A mistake is found at the call that makes it, and the test goes on. */
#include "packets.h"

#include <emu.h>

#include "check.h"

int main(void)
{
    static DEVICE_EXTENSION device;
    const UCHAR data[] = "data";
    PPACKET packet;
    emu_stop stop;
    emu_driver driver = emu_driver_load("packets.sys");

    emu_driver_enter(driver);
    CHECK(NT_SUCCESS(PacketsStart(&device)));
    CHECK(NT_SUCCESS(PacketsQueue(&device, data, sizeof data)));
    packet = PacketsNext(&device);
    PacketsDone(&device, packet);
    EMU_EXPECT_STOP(BAD_POOL_CALLER, 0x07, 0, PACKETS_TAG, (ULONG_PTR)packet,
        PacketsDone(&device, packet));

    /* Stopping twice frees what is freed; which code that is does not matter here. */
    PacketsStop(&device);
    EMU_CATCH(stop, PacketsStop(&device));
    CHECK(stop.kind == EMU_STOPPED);
    emu_driver_leave();
    emu_driver_unload(driver);
    return 0;
}
