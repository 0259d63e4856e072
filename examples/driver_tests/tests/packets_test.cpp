// The same with GoogleTest: a fixture loads a driver for each test, and unloads it after it.
#include "packets.h"

#include <gtest/gtest.h>

#define EMU_FAIL(text) ADD_FAILURE() << (text)
#include <emu.h>

class Packets : public testing::Test {
protected:
    void SetUp() override
    {
        driver = emu_driver_load("packets.sys");
        emu_driver_enter(driver);
        ASSERT_TRUE(NT_SUCCESS(PacketsStart(&device)));
    }

    void TearDown() override
    {
        PacketsStop(&device);
        emu_driver_leave();
        emu_stop stop;
        EMU_CATCH(stop, emu_driver_unload(driver));
        EXPECT_EQ(stop.kind, ULONG(EMU_RETURNED)) << "something was left: stop " << std::hex << stop.code;
    }

    emu_driver driver = nullptr;
    DEVICE_EXTENSION device = {};
    const UCHAR data[4] = { 1, 2, 3, 4 };
};

TEST_F(Packets, ComeOutInTheOrderTheyWentIn)
{
    for (ULONG length = 1; length <= sizeof data; length++) {
        ASSERT_EQ(PacketsQueue(&device, data, length), STATUS_SUCCESS);
    }
    for (ULONG length = 1; length <= sizeof data; length++) {
        PPACKET packet = PacketsNext(&device);
        ASSERT_NE(packet, nullptr);
        EXPECT_EQ(packet->Length, length);
        PacketsDone(&device, packet);
    }
    EXPECT_EQ(PacketsNext(&device), nullptr);
}

TEST_F(Packets, AreRefusedWhereThereIsNoMemory)
{
    emu_fail_next(driver, 1, PACKETS_TAG);
    EXPECT_EQ(PacketsQueue(&device, data, sizeof data), STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_EQ(PacketsQueue(&device, data, sizeof data), STATUS_SUCCESS);
}

TEST_F(Packets, CannotBeDoneTwice)
{
    ASSERT_EQ(PacketsQueue(&device, data, sizeof data), STATUS_SUCCESS);
    PPACKET packet = PacketsNext(&device);
    PacketsDone(&device, packet);
    EMU_EXPECT_STOP(BAD_POOL_CALLER, 0x07, 0, PACKETS_TAG, reinterpret_cast<ULONG_PTR>(packet),
        PacketsDone(&device, packet));
}
