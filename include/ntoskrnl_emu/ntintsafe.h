/*
 * Arithmetic and conversions that say STATUS_INTEGER_OVERFLOW instead of wrapping. The result is
 * then the greatest value of its type.
 */
#ifndef NTOSKRNL_EMU_NTINTSAFE_H
#define NTOSKRNL_EMU_NTINTSAFE_H

#include "wdm.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

EMU_EXTERN_C_BEGIN

#define INTSAFE_E_ARITHMETIC_OVERFLOW STATUS_INTEGER_OVERFLOW
#define NTINTSAFEAPI EMU_INLINE NTSTATUS NTAPI

#define EMU_SAFE(name, type, word, builtin)                                   \
    EMU_INLINE NTSTATUS Rtl##name##word(type one, type other, type *result)   \
    {                                                                         \
        if (__builtin_##builtin##_overflow(one, other, result)) {             \
            *result = (type)~(type)0;                                         \
            return STATUS_INTEGER_OVERFLOW;                                   \
        }                                                                     \
        return STATUS_SUCCESS;                                                \
    }
#define EMU_SAFE_TYPE(name, type)    \
    EMU_SAFE(name, type, Add, add)   \
    EMU_SAFE(name, type, Sub, sub)   \
    EMU_SAFE(name, type, Mult, mul)

EMU_SAFE_TYPE(UChar, UCHAR)
EMU_SAFE_TYPE(UInt8, UINT8)
EMU_SAFE_TYPE(UShort, USHORT)
EMU_SAFE_TYPE(UInt, UINT)
EMU_SAFE_TYPE(ULong, ULONG)
EMU_SAFE_TYPE(ULongLong, ULONGLONG)
EMU_SAFE_TYPE(SizeT, SIZE_T)
EMU_SAFE_TYPE(UIntPtr, UINT_PTR)
EMU_SAFE_TYPE(ULongPtr, ULONG_PTR)
EMU_SAFE_TYPE(DWord, DWORD)
EMU_SAFE_TYPE(DWordPtr, DWORD_PTR)
EMU_SAFE_TYPE(Short, SHORT)
EMU_SAFE_TYPE(Int, INT)
EMU_SAFE_TYPE(Long, LONG)
EMU_SAFE_TYPE(LongLong, LONGLONG)
EMU_SAFE_TYPE(LongPtr, LONG_PTR)
EMU_SAFE_TYPE(SSIZET, SSIZE_T)
#undef EMU_SAFE_TYPE
#undef EMU_SAFE

/* The builtin adds nothing in the type of the result, which says whether the value fits. */
#define EMU_CONVERT(from, from_type, to, to_type)                                   \
    EMU_INLINE NTSTATUS Rtl##from##To##to(from_type operand, to_type *result)       \
    {                                                                               \
        if (__builtin_add_overflow(operand, (from_type)0, result)) {                \
            *result = (to_type)~(to_type)0;                                         \
            return STATUS_INTEGER_OVERFLOW;                                         \
        }                                                                           \
        return STATUS_SUCCESS;                                                      \
    }
#define EMU_CONVERT_FROM(from, from_type)              \
    EMU_CONVERT(from, from_type, Int8, INT8)           \
    EMU_CONVERT(from, from_type, UInt8, UINT8)         \
    EMU_CONVERT(from, from_type, UChar, UCHAR)         \
    EMU_CONVERT(from, from_type, Short, SHORT)         \
    EMU_CONVERT(from, from_type, UShort, USHORT)       \
    EMU_CONVERT(from, from_type, Int, INT)             \
    EMU_CONVERT(from, from_type, UInt, UINT)           \
    EMU_CONVERT(from, from_type, Long, LONG)           \
    EMU_CONVERT(from, from_type, ULong, ULONG)         \
    EMU_CONVERT(from, from_type, LongLong, LONGLONG)   \
    EMU_CONVERT(from, from_type, ULongLong, ULONGLONG) \
    EMU_CONVERT(from, from_type, IntPtr, INT_PTR)      \
    EMU_CONVERT(from, from_type, UIntPtr, UINT_PTR)    \
    EMU_CONVERT(from, from_type, LongPtr, LONG_PTR)    \
    EMU_CONVERT(from, from_type, ULongPtr, ULONG_PTR)  \
    EMU_CONVERT(from, from_type, SizeT, SIZE_T)

EMU_CONVERT_FROM(UChar, UCHAR)
EMU_CONVERT_FROM(Short, SHORT)
EMU_CONVERT_FROM(UShort, USHORT)
EMU_CONVERT_FROM(Int, INT)
EMU_CONVERT_FROM(UInt, UINT)
EMU_CONVERT_FROM(Long, LONG)
EMU_CONVERT_FROM(ULong, ULONG)
EMU_CONVERT_FROM(LongLong, LONGLONG)
EMU_CONVERT_FROM(ULongLong, ULONGLONG)
EMU_CONVERT_FROM(IntPtr, INT_PTR)
EMU_CONVERT_FROM(UIntPtr, UINT_PTR)
EMU_CONVERT_FROM(LongPtr, LONG_PTR)
EMU_CONVERT_FROM(ULongPtr, ULONG_PTR)
EMU_CONVERT_FROM(SizeT, SIZE_T)
#undef EMU_CONVERT_FROM
#undef EMU_CONVERT

EMU_EXTERN_C_END

#endif
