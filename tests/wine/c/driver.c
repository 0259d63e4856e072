/* The tests in a kernel: DriverEntry runs them and leaves what they write in a file. */
#include "both.h"

static char Text[16384];
static WCHAR Name[] = L"\\??\\C:\\both.txt";

static VOID NTAPI Unload(PDRIVER_OBJECT driver)
{
    UNREFERENCED_PARAMETER(driver);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path);

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    UNICODE_STRING name = { sizeof(Name) - sizeof(WCHAR), sizeof(Name), Name };
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK ended;
    HANDLE file;
    NTSTATUS status;
    SIZE_T size = RunBoth(Text, sizeof(Text));

    size += RunServices(Text + size, sizeof(Text) - size);
    UNREFERENCED_PARAMETER(path);
    driver->DriverUnload = Unload;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateFile(&file, GENERIC_WRITE | SYNCHRONIZE, &attributes, &ended, NULL,
        FILE_ATTRIBUTE_NORMAL, 0, FILE_OVERWRITE_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwWriteFile(file, NULL, NULL, NULL, &ended, Text, (ULONG)size, NULL, NULL);
    ZwClose(file);
    return status;
}
