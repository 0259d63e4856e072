/* Identifiers of 128 bits. initguid.h makes DEFINE_GUID define what it declares else. */
#ifndef NTOSKRNL_EMU_GUIDDEF_H
#define NTOSKRNL_EMU_GUIDDEF_H

#include "ntdef.h"

EMU_EXTERN_C_BEGIN

typedef struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID, *PGUID, *LPGUID, UUID, IID, CLSID;
typedef const GUID *LPCGUID, *PCGUID;

EMU_EXTERN_C_END

#ifdef __cplusplus
#define REFGUID const GUID &
#define REFIID const IID &
#define REFCLSID const CLSID &
#else
#define REFGUID const GUID *
#define REFIID const IID *
#define REFCLSID const CLSID *
#endif

#ifdef __cplusplus
inline bool operator==(const GUID &one, const GUID &other)
{
    return __builtin_memcmp(&one, &other, sizeof(GUID)) == 0;
}
inline bool operator!=(const GUID &one, const GUID &other)
{
    return !(one == other);
}
#define IsEqualGUID(one, other) ((one) == (other))
#define InlineIsEqualGUID(one, other) ((one) == (other))
#else
#define IsEqualGUID(one, other) (!__builtin_memcmp((one), (other), sizeof(GUID)))
#define InlineIsEqualGUID(one, other) IsEqualGUID(one, other)
#endif
#define IsEqualIID(one, other) IsEqualGUID(one, other)
#define IsEqualCLSID(one, other) IsEqualGUID(one, other)

#endif

/* Each time, for initguid.h may have come since. */
#undef DEFINE_GUID
#ifdef INITGUID
#ifdef __cplusplus
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
    EXTERN_C const GUID __attribute__((weak)) name = { l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
    const GUID __attribute__((weak)) name = { l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#endif
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) EXTERN_C const GUID name
#endif
