/*
 * DbgPrint and its like, over one exported sink, which writes to standard error.
 *
 * Formats are the kernel's, not printf's: `l` and no prefix mean 32 bits, `ll`, `I64`, `I`, `z` and
 * `t` mean 64; %p prints 16 digits; %Z, %wZ, %ws, %S, %ls, %wc, %C and %lc take counted and 16-bit
 * text. Floating point is not supported there, so it prints as the directive itself. A line is cut
 * off after 512 bytes.
 */
#ifndef NTOSKRNL_EMU_DBGPRINT_H
#define NTOSKRNL_EMU_DBGPRINT_H

#ifndef NTOSKRNL_EMU_WDM_H
#include "wdm.h"
#endif

#include "dpfilter.h"

EMU_EXTERN_C_BEGIN

#define DPFLTR_ERROR_LEVEL 0
#define DPFLTR_WARNING_LEVEL 1
#define DPFLTR_TRACE_LEVEL 2
#define DPFLTR_INFO_LEVEL 3
#define DPFLTR_MASK 0x80000000

/* Where all debug output goes: `bytes` bytes of text. */
void emu_debug_print(const char *text, SIZE_T bytes);

#define EMU_DEBUG_BYTES 512

/* Where text goes: to bytes as UTF-8, or to characters of 16 bits. What does not fit is left out. */
struct EmuText {
    char *bytes;     /* One of the two. */
    WCHAR *wide;
    SIZE_T capacity; /* In their units, as the length is. */
    SIZE_T length;
    int is_cut;
    int is_wide_format; /* In one of 16 bits, `s` means text of 16 bits. */
    unsigned long point;
    int left; /* How many bytes of the code point are still to come. */
};

/* One directive: %[flags][width][.precision][prefix]conversion. */
struct EmuDirective {
    char flags[8];
    int width;
    int precision; /* Negative for none. */
    int is_wide;   /* `l` or `w`, which matter to text. */
    int is_short;  /* `h` once, or twice. */
    int is_64_bit;
    char conversion;
};

EMU_OUT_OF_LINE void EmuPutWide(struct EmuText *text, unsigned long unit)
{
    if (text->length < text->capacity) {
        text->wide[text->length++] = (WCHAR)unit;
    } else {
        text->is_cut = 1;
    }
}

/* A byte of UTF-8. */
EMU_OUT_OF_LINE void EmuPut(struct EmuText *text, char c)
{
    unsigned long byte = (unsigned char)c;
    if (text->wide == NULL) {
        if (text->length < text->capacity) {
            text->bytes[text->length++] = c;
        } else {
            text->is_cut = 1;
        }
        return;
    }
    if (text->left > 0 && (byte & 0xC0) == 0x80) {
        text->point = (text->point << 6) | (byte & 0x3F);
        text->left--;
    } else {
        text->left = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        text->point = text->left == 0 ? byte : byte & (0x3FUL >> text->left);
    }
    if (text->left > 0) {
        return;
    }
    if (text->point < 0x10000) {
        EmuPutWide(text, text->point);
    } else {
        EmuPutWide(text, 0xD7C0 + (text->point >> 10));
        EmuPutWide(text, 0xDC00 + (text->point & 0x3FF));
    }
}

EMU_OUT_OF_LINE void EmuPad(struct EmuText *text, const struct EmuDirective *d, SIZE_T length, int left)
{
    SIZE_T width = d->width < 0 ? 0 : (SIZE_T)d->width;
    if ((__builtin_strchr(d->flags, '-') != NULL) == left) {
        for (; length < width; length++) {
            EmuPut(text, ' ');
        }
    }
}

/* A character of text that is 8 or 16 bits wide, whatever type it has. */
EMU_OUT_OF_LINE unsigned long EmuCharacter(const void *source, SIZE_T index, int is_wide)
{
    uint16_t wide;
    if (!is_wide) {
        return ((const unsigned char *)source)[index];
    }
    __builtin_memcpy(&wide, (const char *)source + index * sizeof(wide), sizeof(wide));
    return wide;
}

/* 8-bit text as it is, or 16-bit text as UTF-8; `limit` counts characters of the source. */
EMU_OUT_OF_LINE void EmuPutText(
    struct EmuText *text, const struct EmuDirective *d, const void *source, int is_wide, SIZE_T limit)
{
    SIZE_T length = 0;
    SIZE_T i;
    if (d->precision >= 0 && (SIZE_T)d->precision < limit) {
        limit = (SIZE_T)d->precision;
    }
    while (length < limit && EmuCharacter(source, length, is_wide) != 0) {
        length++;
    }
    EmuPad(text, d, length, 0);
    for (i = 0; i < length; i++) {
        unsigned long c = EmuCharacter(source, i, is_wide);
        unsigned long next = is_wide && i + 1 < length ? EmuCharacter(source, i + 1, 1) : 0;
        if (c >= 0xD800 && c < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
            i++;
            c = 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00);
        }
        if (!is_wide || c < 0x80) {
            EmuPut(text, (char)c);
        } else if (c < 0x800) {
            EmuPut(text, (char)(0xC0 | (c >> 6)));
            EmuPut(text, (char)(0x80 | (c & 0x3F)));
        } else if (c < 0x10000) {
            EmuPut(text, (char)(0xE0 | (c >> 12)));
            EmuPut(text, (char)(0x80 | ((c >> 6) & 0x3F)));
            EmuPut(text, (char)(0x80 | (c & 0x3F)));
        } else {
            EmuPut(text, (char)(0xF0 | (c >> 18)));
            EmuPut(text, (char)(0x80 | ((c >> 12) & 0x3F)));
            EmuPut(text, (char)(0x80 | ((c >> 6) & 0x3F)));
            EmuPut(text, (char)(0x80 | (c & 0x3F)));
        }
    }
    EmuPad(text, d, length, 1);
}

/* A whole number: its digits by the C library, from a directive that says 64 bits. */
EMU_OUT_OF_LINE void EmuPutNumber(
    struct EmuText *text, const struct EmuDirective *d, unsigned long long value)
{
    char directive[20];
    char digits[EMU_DEBUG_BYTES];
    int length;
    int i;
    int width = d->width > EMU_DEBUG_BYTES - 1 ? EMU_DEBUG_BYTES - 1 : d->width;
    int precision = d->precision > EMU_DEBUG_BYTES - 64 ? EMU_DEBUG_BYTES - 64 : d->precision;
    __builtin_snprintf(directive, sizeof(directive), "%%%s*.*ll%c", d->flags, d->conversion);
    length = __builtin_snprintf(digits, sizeof(digits), directive, width, precision, value);
    for (i = 0; i < length && i < EMU_DEBUG_BYTES - 1; i++) {
        EmuPut(text, digits[i]);
    }
}

EMU_OUT_OF_LINE const char *EmuParseDirective(const char *at, struct EmuDirective *d, va_list *arguments)
{
    SIZE_T flags = 0;
    __builtin_memset(d, 0, sizeof(*d));
    d->precision = -1;
    while (*at != 0 && __builtin_strchr("-+ #0", *at) != NULL) {
        if (flags < sizeof(d->flags) - 2 && __builtin_strchr(d->flags, *at) == NULL) {
            d->flags[flags++] = *at;
        }
        at++;
    }
    if (*at == '*') {
        d->width = va_arg(*arguments, int);
        if (d->width < 0) {
            d->flags[flags++] = '-';
            d->width = d->width < -EMU_DEBUG_BYTES ? EMU_DEBUG_BYTES : -d->width;
        }
        at++;
    } else {
        while (*at >= '0' && *at <= '9') {
            d->width = d->width > EMU_DEBUG_BYTES ? d->width : d->width * 10 + (*at - '0');
            at++;
        }
    }
    if (*at == '.') {
        at++;
        d->precision = 0;
        if (*at == '*') {
            d->precision = va_arg(*arguments, int);
            at++;
        }
        while (*at >= '0' && *at <= '9') {
            d->precision =
                d->precision > 65535 ? d->precision : d->precision * 10 + (*at - '0');
            at++;
        }
    }
    for (;; at++) {
        if (at[0] == 'I' && at[1] == '6' && at[2] == '4') {
            d->is_64_bit = 1;
            at += 2;
        } else if (at[0] == 'I' && at[1] == '3' && at[2] == '2') {
            at += 2;
        } else if (at[0] == 'l' && at[1] == 'l') {
            d->is_64_bit = 1;
            at++;
        } else if (*at == 'I' || *at == 'z' || *at == 't' || *at == 'j') {
            d->is_64_bit = 1;
        } else if (*at == 'l' || *at == 'w') {
            d->is_wide = 1;
        } else if (*at == 'h') {
            d->is_short++;
        } else {
            break;
        }
    }
    d->conversion = *at;
    return *at == 0 ? at : at + 1;
}

/* The capital letter means text of the other width than the format's. */
EMU_OUT_OF_LINE int EmuIsWide(const struct EmuText *text, const struct EmuDirective *d)
{
    int is_capital = d->conversion == 'C' || d->conversion == 'S';
    return d->is_wide || (is_capital != text->is_wide_format && !d->is_short);
}

EMU_OUT_OF_LINE void EmuPutDirective(
    struct EmuText *text, struct EmuDirective *d, const char *start, const char *end, va_list *arguments)
{
    unsigned long long number;
    const void *pointer;
    uint16_t c;
    switch (d->conversion) {
    case 'd':
    case 'i':
        if (d->is_64_bit) {
            number = va_arg(*arguments, unsigned long long);
        } else {
            int value = va_arg(*arguments, int);
            value = d->is_short == 1 ? (int16_t)value : d->is_short > 1 ? (int8_t)value : value;
            number = (unsigned long long)value;
        }
        EmuPutNumber(text, d, number);
        return;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        if (d->is_64_bit) {
            number = va_arg(*arguments, unsigned long long);
        } else {
            number = va_arg(*arguments, unsigned int);
            number &= d->is_short == 1 ? 0xffff : d->is_short > 1 ? 0xff : 0xffffffff;
        }
        EmuPutNumber(text, d, number);
        return;
    case 'p':
        d->conversion = 'X';
        d->precision = 16;
        d->flags[0] = __builtin_strchr(d->flags, '-') != NULL ? '-' : 0;
        d->flags[1] = 0;
        EmuPutNumber(text, d, (unsigned long long)(uintptr_t)va_arg(*arguments, void *));
        return;
    case 'c':
    case 'C':
        c = (uint16_t)va_arg(*arguments, int);
        d->precision = 1;
        if (EmuIsWide(text, d)) {
            EmuPutText(text, d, &c, 1, 1);
        } else {
            char narrow = (char)c;
            EmuPutText(text, d, &narrow, 0, 1);
        }
        return;
    case 's':
    case 'S':
        pointer = va_arg(*arguments, const void *);
        if (pointer == NULL) {
            EmuPutText(text, d, "(null)", 0, 6);
        } else {
            EmuPutText(text, d, pointer, EmuIsWide(text, d), (SIZE_T)-1);
        }
        return;
    case 'Z':
        pointer = va_arg(*arguments, const void *);
        if (pointer == NULL || ((const STRING *)pointer)->Buffer == NULL) {
            EmuPutText(text, d, "(null)", 0, 6);
        } else if (d->is_wide) {
            const UNICODE_STRING *wide = (const UNICODE_STRING *)pointer;
            EmuPutText(text, d, wide->Buffer, 1, wide->Length / sizeof(WCHAR));
        } else {
            const STRING *narrow = (const STRING *)pointer;
            EmuPutText(text, d, narrow->Buffer, 0, narrow->Length);
        }
        return;
    case '%':
        EmuPut(text, '%');
        return;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        (void)va_arg(*arguments, double);
        break;
    case 'n':
        (void)va_arg(*arguments, void *);
        break;
    default:
        break;
    }
    while (start < end) {
        EmuPut(text, *start++);
    }
}

EMU_OUT_OF_LINE void EmuFormat(struct EmuText *text, const char *format, va_list *arguments)
{
    while (*format != 0) {
        if (*format != '%') {
            EmuPut(text, *format++);
        } else {
            struct EmuDirective directive;
            const char *start = format;
            format = EmuParseDirective(format + 1, &directive, arguments);
            EmuPutDirective(text, &directive, start, format, arguments);
        }
    }
}

EMU_OUT_OF_LINE void EmuFormatWide(struct EmuText *text, const WCHAR *format, va_list *arguments)
{
    text->is_wide_format = 1;
    while (*format != 0) {
        char start[64];
        struct EmuDirective directive;
        const char *end;
        SIZE_T length = 0;
        if (*format != '%') {
            EmuPutWide(text, *format++);
            continue;
        }
        while (length < sizeof(start) - 1 && format[length] != 0) {
            start[length] = (char)(format[length] < 0x80 ? format[length] : '?');
            length++;
        }
        start[length] = 0;
        end = EmuParseDirective(start + 1, &directive, arguments);
        EmuPutDirective(text, &directive, start, end, arguments);
        format += end - start;
    }
}

EMU_OUT_OF_LINE ULONG vDbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, va_list arglist)
{
    char line[EMU_DEBUG_BYTES];
    struct EmuText text = { line, NULL, sizeof(line), 0, 0, 0, 0, 0 };
    va_list arguments;
    (void)ComponentId;
    (void)Level;
    va_copy(arguments, arglist);
    EmuFormat(&text, Format, &arguments);
    va_end(arguments);
    emu_debug_print(text.bytes, text.length);
    return (ULONG)STATUS_SUCCESS;
}

EMU_OUT_OF_LINE ULONG DbgPrint(PCSTR Format, ...)
{
    ULONG status;
    va_list arguments;
    va_start(arguments, Format);
    status = vDbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_INFO_LEVEL, Format, arguments);
    va_end(arguments);
    return status;
}

/* Nothing is filtered: every component and every level is printed. */
EMU_OUT_OF_LINE ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    ULONG status;
    va_list arguments;
    va_start(arguments, Format);
    status = vDbgPrintEx(ComponentId, Level, Format, arguments);
    va_end(arguments);
    return status;
}

/* Called with two pairs of parentheses; nothing unless the build says DBG=1. */
#if defined(DBG) && DBG
#define KdPrint(arguments) DbgPrint arguments
#define KdPrintEx(arguments) DbgPrintEx arguments
#else
#define KdPrint(arguments) ((void)0)
#define KdPrintEx(arguments) ((void)0)
#endif

EMU_EXTERN_C_END

#endif
