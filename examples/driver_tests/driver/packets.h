/* A queue of packets, each from a lookaside list in the device extension. */
#pragma once

#include <ntddk.h>

#define PACKETS_TAG 'tkcP'
#define PACKET_BYTES 96

typedef struct _PACKET {
    LIST_ENTRY Link;
    ULONG Length;
    UCHAR Data[PACKET_BYTES];
} PACKET, *PPACKET;

typedef struct _DEVICE_EXTENSION {
    LOOKASIDE_LIST_EX Packets;
    KSPIN_LOCK Lock;
    LIST_ENTRY Queue;
    PULONG Sizes;               /* How many packets had each length. */
} DEVICE_EXTENSION, *PDEVICE_EXTENSION;

#ifdef __cplusplus
extern "C" {
#endif

NTSTATUS PacketsStart(PDEVICE_EXTENSION Device);
VOID PacketsStop(PDEVICE_EXTENSION Device);
NTSTATUS PacketsQueue(PDEVICE_EXTENSION Device, const UCHAR *Data, ULONG Length);
PPACKET PacketsNext(PDEVICE_EXTENSION Device);
VOID PacketsDone(PDEVICE_EXTENSION Device, PPACKET Packet);

#ifdef __cplusplus
}
#endif
