/*
 * A framework driver with a list for each open file: its handle lies in the file's context, and the
 * requests of the file take their buffers from it.
 *
 * Mistake 1: STOP 0x10d 0x5, a buffer is deleted twice.
 * Mistake 2: STOP 0x10d 0x7, a buffer is dereferenced instead of deleted.
 * Mistake 3: STOP 0xce -, a reference is not given back, so that the buffer's list stays, too.
 * Mistake 4: STOP 0x10d 0x5, a buffer is used after its file was closed.
 * Mistake 5: STOP 0x1f2 -, under AddressSanitizer: a buffer is written past its end.
 */
#include <ntddk.h>
#include <wdf.h>
#include <emu_wdf.h>

#define TAG 'eliF'
#define CHUNK 100

typedef struct _FILE_CONTEXT {
    WDFLOOKASIDE Chunks;
    WDFSPINLOCK Lock;
    ULONG Written;
} FILE_CONTEXT, *PFILE_CONTEXT;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(FILE_CONTEXT, FileGetContext)

static NTSTATUS FileOpened(WDFFILEOBJECT File)
{
    NTSTATUS status;
    WDF_OBJECT_ATTRIBUTES attributes;
    PFILE_CONTEXT context = FileGetContext(File);
    WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
    attributes.ParentObject = File;
    status = WdfSpinLockCreate(&attributes, &context->Lock);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    /* The chunks belong to the file, too: closing it frees what is left. */
    return WdfLookasideListCreate(&attributes, CHUNK, NonPagedPoolNx, &attributes, TAG, &context->Chunks);
}

static NTSTATUS FileWrite(WDFFILEOBJECT File, const UCHAR *Data, ULONG Length, WDFMEMORY *Chunk)
{
    PFILE_CONTEXT context = FileGetContext(File);
    NTSTATUS status = WdfMemoryCreateFromLookaside(context->Chunks, Chunk);
    if (!NT_SUCCESS(status)) {
        return status;
    }
#if MISTAKE == 5
    RtlCopyMemory((PUCHAR)WdfMemoryGetBuffer(*Chunk, NULL) + 2, Data, Length);
#else
    status = WdfMemoryCopyFromBuffer(*Chunk, 0, (PVOID)(ULONG_PTR)Data, Length);
#endif
    WdfSpinLockAcquire(context->Lock);
    context->Written += Length;
    WdfSpinLockRelease(context->Lock);
    return status;
}

static int Run(VOID)
{
    static const UCHAR data[CHUNK] = { 1, 2, 3 };
    WDF_OBJECT_ATTRIBUTES attributes;
    WDFOBJECT device, file;
    WDFMEMORY chunks[10];
    ULONG i;
    if (!NT_SUCCESS(emu_wdf_create(EMU_WDF_DEVICE, NULL, &device))) {
        return 1;
    }
    WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, FILE_CONTEXT);
    attributes.ParentObject = device;
    if (!NT_SUCCESS(emu_wdf_create(EMU_WDF_FILE_OBJECT, &attributes, &file))
        || !NT_SUCCESS(FileOpened((WDFFILEOBJECT)file))) {
        return 1;
    }
    for (i = 0; i < RTL_NUMBER_OF(chunks); i++) {
        if (!NT_SUCCESS(FileWrite((WDFFILEOBJECT)file, data, sizeof data, &chunks[i]))) {
            return 1;
        }
    }
    if (FileWrite((WDFFILEOBJECT)file, data, sizeof data + 1, &chunks[0]) != STATUS_BUFFER_TOO_SMALL) {
        return 1;
    }
#if MISTAKE == 1
    WdfObjectDelete(chunks[3]);
    WdfObjectDelete(chunks[3]);
#elif MISTAKE == 2
    WdfObjectDereference(chunks[3]);
#elif MISTAKE == 3
    WdfObjectReference(chunks[3]);
#else
    WdfObjectDelete(chunks[3]);
#endif
    emu_wdf_end(file);
#if MISTAKE == 4
    WdfMemoryGetBuffer(chunks[4], NULL);
#endif
    WdfObjectDelete(device);
    return 0;
}

int main(void)
{
    int result;
    emu_driver driver = emu_driver_load("files.sys");
    emu_driver_enter(driver);
    result = Run();
    emu_driver_leave();
    emu_driver_unload(driver);
    return MISTAKE != 0 || result;
}
