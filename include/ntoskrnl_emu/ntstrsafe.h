/*
 * Text into buffers whose size is known: the result always ends, and STATUS_BUFFER_OVERFLOW says
 * that it was cut off. Formats are those of dbgprint.h.
 */
#ifndef NTOSKRNL_EMU_NTSTRSAFE_H
#define NTOSKRNL_EMU_NTSTRSAFE_H

#include "wdm.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

EMU_EXTERN_C_BEGIN

#define NTSTRSAFE_MAX_CCH 2147483647
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH 32767
#define STRSAFE_MAX_CCH NTSTRSAFE_MAX_CCH
#define NTSTRSAFEDDI EMU_INLINE NTSTATUS NTAPI
#ifdef NTSTRSAFE_NO_CCH_FUNCTIONS
#undef NTSTRSAFE_NO_CCH_FUNCTIONS
#endif

typedef char *NTSTRSAFE_PSTR;
typedef const char *NTSTRSAFE_PCSTR;
typedef WCHAR *NTSTRSAFE_PWSTR;
typedef const WCHAR *NTSTRSAFE_PCWSTR;

EMU_INLINE NTSTATUS EmuPrintA(char *destination, size_t size, const char *format, va_list *arguments)
{
    struct EmuText text = { NULL, NULL, 0, 0, 0, 0, 0, 0 };
    if (size == 0 || size > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    text.bytes = destination;
    text.capacity = size - 1;
    EmuFormat(&text, format, arguments);
    destination[text.length] = 0;
    return text.is_cut ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

EMU_INLINE NTSTATUS EmuPrintW(WCHAR *destination, size_t size, const WCHAR *format, va_list *arguments)
{
    struct EmuText text = { NULL, NULL, 0, 0, 0, 0, 0, 0 };
    if (size == 0 || size > NTSTRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    text.wide = destination;
    text.capacity = size - 1;
    EmuFormatWide(&text, format, arguments);
    destination[text.length] = 0;
    return text.is_cut ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* Everything that is the same for characters of 8 and of 16 bits. */
#define EMU_STRSAFE(type, suffix)                                                                   \
    EMU_INLINE NTSTATUS RtlStringCchLength##suffix(                                                 \
        const type *psz, size_t cchMax, size_t *pcchLength)                                         \
    {                                                                                               \
        size_t length = 0;                                                                          \
        if (pcchLength != NULL) {                                                                   \
            *pcchLength = 0;                                                                        \
        }                                                                                           \
        if (psz == NULL || cchMax > NTSTRSAFE_MAX_CCH) {                                            \
            return STATUS_INVALID_PARAMETER;                                                        \
        }                                                                                           \
        while (length < cchMax && psz[length] != 0) {                                               \
            length++;                                                                               \
        }                                                                                           \
        if (length == cchMax) {                                                                     \
            return STATUS_INVALID_PARAMETER;                                                        \
        }                                                                                           \
        if (pcchLength != NULL) {                                                                   \
            *pcchLength = length;                                                                   \
        }                                                                                           \
        return STATUS_SUCCESS;                                                                      \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCchCopyN##suffix(                                                  \
        type *pszDest, size_t cchDest, const type *pszSrc, size_t cchToCopy)                        \
    {                                                                                               \
        size_t length = 0;                                                                          \
        if (cchDest == 0 || cchDest > NTSTRSAFE_MAX_CCH) {                                          \
            return STATUS_INVALID_PARAMETER;                                                        \
        }                                                                                           \
        if (cchToCopy > NTSTRSAFE_MAX_CCH) {                                                        \
            pszDest[0] = 0;                                                                         \
            return STATUS_INVALID_PARAMETER;                                                        \
        }                                                                                           \
        while (length < cchToCopy && pszSrc[length] != 0) {                                         \
            if (length == cchDest - 1) {                                                            \
                pszDest[length] = 0;                                                                \
                return STATUS_BUFFER_OVERFLOW;                                                      \
            }                                                                                       \
            pszDest[length] = pszSrc[length];                                                       \
            length++;                                                                               \
        }                                                                                           \
        pszDest[length] = 0;                                                                        \
        return STATUS_SUCCESS;                                                                      \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCchCopy##suffix(type *pszDest, size_t cchDest, const type *pszSrc) \
    {                                                                                               \
        return RtlStringCchCopyN##suffix(pszDest, cchDest, pszSrc, NTSTRSAFE_MAX_CCH);              \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCchCatN##suffix(                                                   \
        type *pszDest, size_t cchDest, const type *pszSrc, size_t cchToAppend)                      \
    {                                                                                               \
        size_t length;                                                                              \
        NTSTATUS status = RtlStringCchLength##suffix(pszDest, cchDest, &length);                    \
        if (!NT_SUCCESS(status)) {                                                                  \
            return status;                                                                          \
        }                                                                                           \
        return RtlStringCchCopyN##suffix(pszDest + length, cchDest - length, pszSrc, cchToAppend);  \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCchCat##suffix(type *pszDest, size_t cchDest, const type *pszSrc)  \
    {                                                                                               \
        return RtlStringCchCatN##suffix(pszDest, cchDest, pszSrc, NTSTRSAFE_MAX_CCH);               \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCbLength##suffix(const type *psz, size_t cbMax, size_t *pcbLength) \
    {                                                                                               \
        NTSTATUS status = RtlStringCchLength##suffix(psz, cbMax / sizeof(type), pcbLength);         \
        if (pcbLength != NULL) {                                                                    \
            *pcbLength *= sizeof(type);                                                             \
        }                                                                                           \
        return status;                                                                              \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCbCopyN##suffix(                                                   \
        type *pszDest, size_t cbDest, const type *pszSrc, size_t cbToCopy)                          \
    {                                                                                               \
        return RtlStringCchCopyN##suffix(                                                           \
            pszDest, cbDest / sizeof(type), pszSrc, cbToCopy / sizeof(type));                       \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCbCopy##suffix(type *pszDest, size_t cbDest, const type *pszSrc)   \
    {                                                                                               \
        return RtlStringCchCopy##suffix(pszDest, cbDest / sizeof(type), pszSrc);                    \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCbCatN##suffix(                                                    \
        type *pszDest, size_t cbDest, const type *pszSrc, size_t cbToAppend)                        \
    {                                                                                               \
        return RtlStringCchCatN##suffix(                                                            \
            pszDest, cbDest / sizeof(type), pszSrc, cbToAppend / sizeof(type));                     \
    }                                                                                               \
    EMU_INLINE NTSTATUS RtlStringCbCat##suffix(type *pszDest, size_t cbDest, const type *pszSrc)    \
    {                                                                                               \
        return RtlStringCchCat##suffix(pszDest, cbDest / sizeof(type), pszSrc);                     \
    }                                                                                               \
    EMU_OUT_OF_LINE NTSTATUS RtlStringCchVPrintf##suffix(                                           \
        type *pszDest, size_t cchDest, const type *pszFormat, va_list argList)                      \
    {                                                                                               \
        NTSTATUS status;                                                                            \
        va_list arguments;                                                                          \
        va_copy(arguments, argList);                                                                \
        status = EmuPrint##suffix(pszDest, cchDest, pszFormat, &arguments);                         \
        va_end(arguments);                                                                          \
        return status;                                                                              \
    }                                                                                               \
    EMU_OUT_OF_LINE NTSTATUS RtlStringCbVPrintf##suffix(                                            \
        type *pszDest, size_t cbDest, const type *pszFormat, va_list argList)                       \
    {                                                                                               \
        return RtlStringCchVPrintf##suffix(pszDest, cbDest / sizeof(type), pszFormat, argList);     \
    }                                                                                               \
    EMU_OUT_OF_LINE NTSTATUS RtlStringCchPrintf##suffix(                                            \
        type *pszDest, size_t cchDest, const type *pszFormat, ...)                                  \
    {                                                                                               \
        NTSTATUS status;                                                                            \
        va_list arguments;                                                                          \
        va_start(arguments, pszFormat);                                                             \
        status = EmuPrint##suffix(pszDest, cchDest, pszFormat, &arguments);                         \
        va_end(arguments);                                                                          \
        return status;                                                                              \
    }                                                                                               \
    EMU_OUT_OF_LINE NTSTATUS RtlStringCbPrintf##suffix(                                             \
        type *pszDest, size_t cbDest, const type *pszFormat, ...)                                   \
    {                                                                                               \
        NTSTATUS status;                                                                            \
        va_list arguments;                                                                          \
        va_start(arguments, pszFormat);                                                             \
        status = EmuPrint##suffix(pszDest, cbDest / sizeof(type), pszFormat, &arguments);           \
        va_end(arguments);                                                                          \
        return status;                                                                              \
    }

EMU_STRSAFE(char, A)
EMU_STRSAFE(WCHAR, W)
#undef EMU_STRSAFE

/* ---- Counted strings, which need no end ------------------------------------------------------ */

EMU_INLINE NTSTATUS RtlUnicodeStringValidate(PCUNICODE_STRING SourceString)
{
    if (SourceString == NULL) {
        return STATUS_SUCCESS;
    }
    if (SourceString->Length % sizeof(WCHAR) != 0 ||
        SourceString->MaximumLength % sizeof(WCHAR) != 0 ||
        SourceString->Length > SourceString->MaximumLength ||
        (SourceString->Buffer == NULL && SourceString->MaximumLength != 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

EMU_INLINE NTSTATUS RtlUnicodeStringInit(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc)
{
    size_t length = 0;
    DestinationString->Length = 0;
    DestinationString->MaximumLength = 0;
    DestinationString->Buffer = NULL;
    if (pszSrc == NULL) {
        return STATUS_SUCCESS;
    }
    while (pszSrc[length] != 0) {
        if (length == NTSTRSAFE_UNICODE_STRING_MAX_CCH - 1) {
            return STATUS_INVALID_PARAMETER;
        }
        length++;
    }
    DestinationString->Length = (USHORT)(length * sizeof(WCHAR));
    DestinationString->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
    DestinationString->Buffer = (PWCH)(ULONG_PTR)pszSrc;
    return STATUS_SUCCESS;
}

/* Puts characters behind the first `bytes` bytes of a string. */
EMU_OUT_OF_LINE NTSTATUS EmuAppend(
    PUNICODE_STRING DestinationString, USHORT bytes, const WCHAR *source, size_t length)
{
    size_t at = bytes / sizeof(WCHAR);
    size_t room;
    NTSTATUS status = RtlUnicodeStringValidate(DestinationString);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    room = DestinationString->MaximumLength / sizeof(WCHAR) - at;
    if (length > room) {
        length = room;
        status = STATUS_BUFFER_OVERFLOW;
    }
    if (length != 0) {
        RtlMoveMemory(DestinationString->Buffer + at, source, length * sizeof(WCHAR));
    }
    DestinationString->Length = (USHORT)((at + length) * sizeof(WCHAR));
    return status;
}

EMU_INLINE size_t EmuWideLength(const WCHAR *text)
{
    size_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    return length;
}

EMU_INLINE NTSTATUS RtlUnicodeStringCopy(
    PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    NTSTATUS status = RtlUnicodeStringValidate(SourceString);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return EmuAppend(
        DestinationString, 0, SourceString->Buffer, SourceString->Length / sizeof(WCHAR));
}

EMU_INLINE NTSTATUS RtlUnicodeStringCopyString(
    PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc)
{
    return EmuAppend(DestinationString, 0, pszSrc, EmuWideLength(pszSrc));
}

EMU_INLINE NTSTATUS RtlUnicodeStringCat(
    PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    NTSTATUS status = RtlUnicodeStringValidate(SourceString);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return EmuAppend(DestinationString, DestinationString->Length, SourceString->Buffer,
        SourceString->Length / sizeof(WCHAR));
}

EMU_INLINE NTSTATUS RtlUnicodeStringCatString(
    PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc)
{
    return EmuAppend(
        DestinationString, DestinationString->Length, pszSrc, EmuWideLength(pszSrc));
}

EMU_OUT_OF_LINE NTSTATUS RtlUnicodeStringVPrintf(
    PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszFormat, va_list argList)
{
    struct EmuText text = { NULL, NULL, 0, 0, 0, 0, 0, 0 };
    va_list arguments;
    NTSTATUS status = RtlUnicodeStringValidate(DestinationString);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    text.wide = DestinationString->Buffer;
    text.capacity = DestinationString->MaximumLength / sizeof(WCHAR);
    va_copy(arguments, argList);
    EmuFormatWide(&text, pszFormat, &arguments);
    va_end(arguments);
    DestinationString->Length = (USHORT)(text.length * sizeof(WCHAR));
    return text.is_cut ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

EMU_OUT_OF_LINE NTSTATUS RtlUnicodeStringPrintf(
    PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszFormat, ...)
{
    NTSTATUS status;
    va_list arguments;
    va_start(arguments, pszFormat);
    status = RtlUnicodeStringVPrintf(DestinationString, pszFormat, arguments);
    va_end(arguments);
    return status;
}

EMU_EXTERN_C_END

#endif
