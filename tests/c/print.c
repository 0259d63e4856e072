/* What DbgPrint makes of the kernel's formats: each line is compared with what stands beside it. */
#define DBG 1
#include <wdm.h>

#include <fcntl.h>
#include <unistd.h>

#include "check.h"

static char Printed[2000];
static int Ends[2];

static VOID Collect(VOID)
{
    ssize_t bytes = read(Ends[0], Printed, sizeof(Printed) - 1);
    Printed[bytes < 0 ? 0 : bytes] = 0;
}

#define PRINTS(expected, ...)                                                           \
    do {                                                                                \
        CHECK_EQUAL(DbgPrint(__VA_ARGS__), STATUS_SUCCESS);                             \
        Collect();                                                                      \
        if (strcmp(Printed, expected) != 0) {                                           \
            printf("%s:%d: printed \"%s\"\n", __FILE__, __LINE__, Printed);             \
            exit(1);                                                                    \
        }                                                                               \
    } while (0)

int main(void)
{
    /* Garbage in the upper halves: a 32-bit directive must not see it. */
    ULONG ulong = 0xFEDCBA98;
    LONG minus = -2;
    ULONG64 wide = 0x123456789ABCDEFULL;
    SIZE_T bytes = (SIZE_T)1 << 33;
    static const WCHAR text[] = { 'w', 'i', 'd', 0xE9, 0x20AC, 0xD83D, 0xDE00, 0 };
    static char ansi[] = "counted text";
    UNICODE_STRING unicode = { 6, 14, NULL };
    ANSI_STRING counted = { 7, 13, NULL };
    char line[601];
    int saved = dup(2);
    unicode.Buffer = (PWCH)text;
    counted.Buffer = ansi;
    CHECK(pipe(Ends) == 0 && dup2(Ends[1], 2) == 2);

    PRINTS("plain 100%\n", "plain 100%%\n");
    PRINTS("4275878552 fedcba98 FEDCBA98 37667135230", "%lu %lx %lX %lo", ulong, ulong, ulong, ulong);
    PRINTS("-2 -2 -2 4294967294", "%d %ld %i %lu", minus, minus, minus, minus);
    PRINTS("81985529216486895 123456789abcdef 0x123456789abcdef", "%I64u %llx %#I64x", wide, wide, wide);
    PRINTS("-9 8589934592 8589934592 -7", "%I64d %Iu %zu %I32d", (LONG64)-9, bytes, bytes, (LONG)-7);
    PRINTS("-2 4660 120", "%hd %hu %hhd", (SHORT)-2, 0x51234, 0x178);
    PRINTS("[   42][42   ][00042][+42][ 42]", "[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42);
    PRINTS("[   42][42   ][042]", "[%*d][%*d][%.*d]", 5, 42, -5, 42, 3, 42);
    PRINTS("0000000012345678 [0000000000000ABC  ]", "%p [%-18p]", (PVOID)0x12345678, (PVOID)0xABC);
    PRINTS("text te [  te] (null)", "%s %.2s [%4.2s] %s", "text", "text", "text", (char *)NULL);
    PRINTS("wid\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 wi wi [ wi]", "%ws %.2S %.2ls [%3.2ws]", text, text, text, text);
    PRINTS("wid counted (null)", "%wZ %Z %wZ", &unicode, &counted, (PUNICODE_STRING)NULL);
    PRINTS("a \xC3\xA9 b", "%c %C %c", 'a', 0xE9, 'b');
    PRINTS("%f %.2e 7", "%f %.2e %d", 1.5, 2.5, 7);
    PRINTS("%y %", "%y %");
    CHECK_EQUAL(DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%lu entries\n", ulong), STATUS_SUCCESS);
    Collect();
    CHECK(strcmp(Printed, "4275878552 entries\n") == 0);
    KdPrint(("%d\n", 1));
    Collect();
    CHECK(strcmp(Printed, "1\n") == 0);
    memset(line, 'x', 600);
    line[600] = 0;
    DbgPrint("%s", line);
    Collect();
    CHECK_EQUAL(strlen(Printed), 512);
    DbgPrint("[%600d][%-600s]", 1, "b");
    Collect();
    CHECK_EQUAL(strlen(Printed), 512);

    dup2(saved, 2);
    puts("print: passed");
    return 0;
}
