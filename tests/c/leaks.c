/* A driver as it is written for Windows, which leaves a list, an entry and a block: EMU_LEAKS=1 tells. */
#include <ntddk.h>

int main(void)
{
    static LOOKASIDE_LIST_EX list;
    PVOID entry;
    if (!NT_SUCCESS(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0, 48, 'tsiL', 0))) {
        return 1;
    }
    entry = ExAllocateFromLookasideListEx(&list);
    ExFreeToLookasideListEx(&list, ExAllocateFromLookasideListEx(&list));
    return entry == NULL || ExAllocatePoolWithTag(PagedPool, 100, 'kclB') == NULL;
}
