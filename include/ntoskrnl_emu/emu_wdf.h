/*
 * Objects that the framework makes on Windows, for the tests of a driver: a device, a file, a queue, a
 * request. Each is no more than an object with contexts and a parent.
 */
#ifndef NTOSKRNL_EMU_EMU_WDF_H
#define NTOSKRNL_EMU_EMU_WDF_H

#include "emu.h"
#include "wdf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EMU_WDF_DEVICE 1
#define EMU_WDF_FILE_OBJECT 2
#define EMU_WDF_QUEUE 3
#define EMU_WDF_REQUEST 4

/* Makes an object of a kind. The attributes, which may be NULL, name its parent, too. */
NTSTATUS NTAPI emu_wdf_create(ULONG kind, PWDF_OBJECT_ATTRIBUTES attributes, WDFOBJECT *object);

/* Ends an object as the framework does when a file is closed or a request completed. */
void emu_wdf_end(WDFOBJECT object);

#ifdef __cplusplus
}
#endif

#endif
