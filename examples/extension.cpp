/*
 * A C++ extension with C exports, such as a driver has beside its C sources: it keeps a context for
 * each client, and the contexts come from a lookaside list.
 *
 *     cargo build --release -p ntoskrnl-emu-c
 *     g++ -std=c++17 -Wall -Wextra -Wno-multichar -I include/ntoskrnl_emu examples/extension.cpp \
 *         -o extension -L target/release -lntoskrnl_emu -Wl,-rpath,"$PWD/target/release"
 *     ./extension
 */

#include <wdm.h>

#include <new>

namespace {

class Context {
public:
    explicit Context(ULONG client) : Client(client) {}

    ULONG Client;
    ULONG Requests = 0;
};

/* The list never moves: it is a member of a static. */
struct Extension {
    LOOKASIDE_LIST_EX Contexts;
    BOOLEAN IsInitialised;
    LONG volatile Live;
};

Extension TheExtension;

} // namespace

extern "C" {

/* Makes the list of contexts, in pool with the given tag. */
NTSTATUS ExtensionInitialise(ULONG Tag)
{
    if (TheExtension.IsInitialised) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    NTSTATUS status = ExInitializeLookasideListEx(
        &TheExtension.Contexts, nullptr, nullptr, NonPagedPoolNx, 0, sizeof(Context), Tag, 0);
    TheExtension.IsInitialised = NT_SUCCESS(status);
    return status;
}

/* A context for a client; null when there is no memory. */
PVOID ExtensionCreateContext(ULONG Client)
{
    PVOID entry = ExAllocateFromLookasideListEx(&TheExtension.Contexts);
    if (entry == nullptr) {
        return nullptr;
    }
    InterlockedIncrement(&TheExtension.Live);
    return new (entry) Context(Client);
}

ULONG ExtensionCountRequest(PVOID Handle)
{
    return ++static_cast<Context *>(Handle)->Requests;
}

VOID ExtensionRemoveContext(PVOID Handle)
{
    static_cast<Context *>(Handle)->~Context();
    InterlockedDecrement(&TheExtension.Live);
    ExFreeToLookasideListEx(&TheExtension.Contexts, Handle);
}

/* Gives all memory back. Every context must have been removed. */
VOID ExtensionFree()
{
    NT_ASSERT(TheExtension.Live == 0);
    ExDeleteLookasideListEx(&TheExtension.Contexts);
    TheExtension.IsInitialised = FALSE;
}

} // extern "C"

static int Run(ULONG round)
{
    NTSTATUS status = ExtensionInitialise('txtC');
    if (!NT_SUCCESS(status)) {
        DbgPrint("Cannot initialise the extension: 0x%08lx\n", status);
        return 1;
    }
    for (ULONG client = 0; client < 3; client++) {
        PVOID context = ExtensionCreateContext(client);
        if (context == nullptr) {
            DbgPrint("Cannot create a context for client: %lu\n", client);
            ExtensionFree();
            return 1;
        }
        ExtensionCountRequest(context);
        ExtensionRemoveContext(context);
    }
    const GENERAL_LOOKASIDE_POOL &list = TheExtension.Contexts.L;
    DbgPrint("run %lu: %lu contexts created, %lu of them from pool, %lu kept\n", round,
        list.TotalAllocates, list.AllocateMisses, ExQueryDepthSList(&TheExtension.Contexts.L.ListHead));
    ExtensionFree();
    return 0;
}

/* Twice in a row, as a driver that is loaded again. */
int main()
{
    return Run(1) != 0 || Run(2) != 0;
}
