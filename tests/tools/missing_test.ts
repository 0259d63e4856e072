/** What `deno task missing` finds in a driver's files, and what it must not take for missing. */

import { assert, assertEquals, assertMatch } from "@std/assert";

import { describe, missingNames, stubs } from "../../tools/missing.ts";
import { ROOT } from "../support/paths.ts";

async function hasCompiler(): Promise<boolean> {
  try {
    return (await new Deno.Command("gcc", { args: ["--version"] }).output()).success;
  } catch {
    console.log("not run: there is no gcc on this machine");
    return false;
  }
}

/** Reads files that lie in one folder, each with its text. */
async function reportOf(files: Record<string, string>, read = "") {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    return await missingNames([`${folder}${read}`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const missingIn = async (text: string) =>
  (await reportOf({ "driver.c": `#include <ntifs.h>\n${text}` })).missing
    .map(({ name, uses, kind }) => `${name} ${uses} ${kind}`);

function rule(name: string, test: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      if (await hasCompiler()) await test();
    },
  });
}

rule("names that the headers lack are counted, with what they are", async () => {
  const driver = `
    static NTSTATUS Work(_In_ PNOT_HERE context, IN NO_SUCH_TYPE *other)
    {
        NO_SUCH_TYPE local, *pointer = (NO_SUCH_TYPE *)context;
        if (NoSuchRoutine(context, NO_SUCH_VALUE) && NoSuchRoutine(other, 1)) {
            local = *pointer;
        }
        switch (sizeof(NO_SUCH_SIZE)) { case NO_SUCH_VALUE: break; default: break; }
        return STATUS_SUCCESS;
    }`;
  assertEquals(await missingIn(driver), [
    "NO_SUCH_TYPE 3 type",
    "NO_SUCH_VALUE 2 value",
    "NoSuchRoutine 2 routine",
    "NO_SUCH_SIZE 1 type",
    "PNOT_HERE 1 type",
  ]);
});

rule("comments, text, dead code and other processors count for nothing", async () => {
  const driver = `
    // NotHere();
    /* NotHere(); "
       NotHere(); */
    static const char *text = "NotHere() \\" NotHere", quote = '"';
    #if 0
    NotHere(DEAD);
    #elif 0
    NotHere();
    #else
    static ULONG live = LIVE;
    #endif
    #ifdef _X86_
    static ULONG other = NOT_HERE;
    #endif
    #ifdef DEFINED_BY_THE_BUILD
    #define LONG_ONE one + /* NotHere */ \\
        two
    #endif`;
  assertEquals(await missingIn(driver), ["LIVE 1 value", "one 1 value", "two 1 value"]);
});

rule(
  "what the driver declares is not missing: types, macros, members, locals, labels",
  async () => {
    const driver = `
    #define TWICE(x) ((x) + (x))
    #define PASTE(name) My##name##Routine(name)
    #define FOREVER for (;;)
    typedef struct _NODE {
        LIST_ENTRY Link;
        struct _NODE *Left, *Right;
        union { ULONG Flags; struct { UCHAR Low, High; } Bytes; } u;
        VOID (*Callback)(PVOID argument, ULONG64 *result);
        ULONG Bits : 3;
    } NODE, *PNODE, **PPNODE;
    typedef enum { First, Second = First + 2, Third } ORDER;
    typedef NTSTATUS HANDLER(PNODE node);
    typedef HANDLER *PHANDLER;
    typedef VOID (__stdcall *PNOTIFY)(PNODE node, ULONG64 *count);
    static PNOTIFY notify, (*choose)(ULONG index);
    #define LOCAL_COUNT(name, value) ULONG name = (value)
    #define UNUSED_ARGUMENT(used, unused) (used)
    DEFINE_GUID(GUID_OF_DRIVER, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    static NODE root = { .Left = NULL, .u = { .Flags = 1 } }, table[TWICE(2)];
    static PHANDLER handlers[] = { NULL };
    extern ULONG global;
    ULONG global = Third;
    static PNODE Find(PNODE from, const UNICODE_STRING *name);
    _Use_decl_annotations_ static PNODE Find(PNODE from, const UNICODE_STRING *name)
    {
        ULONG product, factor = 2, *where = &product, i;
        DECLARE_CONST_UNICODE_STRING(text, L"x");
        PNODE found = CONTAINING_RECORD(from->Link.Flink, NODE, Link);
        NTSTATUS (*call)(PNODE node) = handlers[0];
        LOCAL_COUNT(counted, 3);
        notify = (PNOTIFY)choose(UNUSED_ARGUMENT(counted, only_here));
        product = factor * (*where) * global;
        for (PNODE at = from; at != NULL; at = at->Right) product += FIELD_OFFSET(NODE, u.Flags);
        for (i = 0; i < RTL_NUMBER_OF(table); i++) table[i].u.Bytes.High = (UCHAR)name->Length;
        if (call(found) != STATUS_SUCCESS) goto failed;
        return text.Length == 0 || text_buffer[0] == 0 ? found : &root;
    failed:
        FOREVER { break; }
        return NULL;
    }
    ORDER Last(void) { return (ORDER)(Find(&root, NULL) == NULL); }`;
    assertEquals(await missingIn(driver), []);
  },
);

rule("a routine that the driver declares and no file has is missing", async () => {
  const files = {
    "one.c":
      '#include <ntddk.h>\n#include "both.h"\nVOID Run(VOID) { Here(1); Nowhere(NULL, 2); }\n',
    "two.c": '#include "both.h"\nVOID Here(ULONG number) { UNREFERENCED_PARAMETER(number); }\n',
    "both.h":
      "VOID Here(ULONG number);\nNTSTATUS NTAPI Nowhere(_In_opt_ PVOID address, ULONG number);\n",
  };
  const { missing } = await reportOf(files);
  assertEquals(missing, [{
    name: "Nowhere",
    uses: 1,
    files: 1,
    kind: "routine",
    prototype: "NTSTATUS Nowhere ( PVOID address , ULONG number )",
  }]);
});

rule("headers are read where they are found, and named where they are not", async () => {
  const files = {
    "src/driver.c":
      '#include <Ntddk.h>\n#include <nosuch.h>\n#include "../inc/own.h"\n#include "gone.h"\n' +
      "static OWN own;\nULONG Get(void) { return own.Member + OTHER; }\n",
    "inc/own.h": "typedef struct { ULONG Member; } OWN;\n#define VALUE NO_SUCH_VALUE\n",
  };
  const { missing, headers, files: count } = await reportOf(files, "/src");
  assertEquals(missing.map(({ name }) => name), ["NO_SUCH_VALUE", "OTHER"]);
  assertEquals(headers, ["gone.h", "nosuch.h"]);
  assertEquals(count, 2);
});

rule("routines that stop by choice are listed, also through the macros of the WDK", async () => {
  const { missing, stops } = await reportOf({
    "driver.c": "#include <ntddk.h>\n" +
      "void F(PDEVICE_OBJECT d, PIRP i) { IoCallDriver(d, i); IoCallDriver(d, i); (void)ZwCreateFile; }\n",
  });
  assertEquals(missing, []);
  assertEquals(stops, [{ name: "IoCallDriver", uses: 2 }, { name: "ZwCreateFile", uses: 1 }]);
});

rule("C++ is read as well", async () => {
  const driver = `
    namespace driver {
    template <typename T> class Holder final {
    public:
        explicit Holder(T *value) noexcept : m_value(value) {}
        ~Holder() { Release(m_value); }
        T *operator->() const { return m_value; }
        static constexpr ULONG Count = 3;
    private:
        T *m_value{ nullptr };
        void Release(T *value) { NoSuchFree(value); }
    };
    enum class State : ULONG { Idle, Busy };
    }
    using Node = struct { LIST_ENTRY Link; };
    extern "C" NTSTATUS Entry(PVOID context)
    {
        driver::Holder<Node> holder(static_cast<Node *>(context));
        auto state = driver::State::Busy;
        return holder->Link.Flink == nullptr && state == driver::State::Idle ? STATUS_SUCCESS : 1;
    }`;
  const { missing } = await reportOf({ "driver.cpp": `#include <ntddk.h>\n${driver}` });
  assertEquals(missing.map(({ name }) => name), ["NoSuchFree"]);
});

rule("what a catch declares and the compiler's own words are not missing", async () => {
  const driver = `#include <ntddk.h>
    namespace driver { struct Failure { ULONG Code; }; }
    static __thread ULONG Count;
    #define IS_WATCHED (__has_feature(address_sanitizer) || __has_builtin(__builtin_trap))
    extern "C" ULONG Entry()
    {
        try {
            Count += IS_WATCHED;
        } catch (const driver::Failure &failure) {
            return failure.Code;
        } catch (ULONG code) {
            return code + NoSuchCode;
        }
        return Count;
    }`;
  const { missing } = await reportOf({ "driver.cpp": driver });
  assertEquals(missing.map(({ name }) => name), ["NoSuchCode"]);
});

rule("files of this repository lack nothing", async () => {
  const { missing } = await missingNames([`${ROOT}tests/c`, `${ROOT}examples/extension.cpp`]);
  // exhaust.c includes another program by a macro, whose `main` gets this name.
  assertEquals(missing.map(({ name }) => name), ["ProgramMain"]);
});

rule("the stub file makes the driver compile", async () => {
  const driver = `#include <ntifs.h>
    static NTSTATUS Work(PNO_SUCH_POINTER pointer, NO_SUCH_NUMBER number)
    {
        if (pointer == NULL || number == NO_SUCH_VALUE) return STATUS_INVALID_PARAMETER;
        return NoSuchRoutine(pointer, number);
    }
    int main(void) { return Work(NULL, 0) != STATUS_INVALID_PARAMETER; }\n`;
  const report = await reportOf({ "driver.c": driver });
  assertMatch(describe(report), /^4 names that the headers lack, in 1 file\n/);
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/driver.c`, driver);
    await Deno.writeTextFile(`${folder}/stubs.h`, stubs(report));
    const compile = async (...more: string[]) => {
      const args = ["-std=c11", "-Wall", "-Wextra", "-Werror", `-I${ROOT}include/ntoskrnl_emu`];
      const command = new Deno.Command("gcc", {
        args: [...args, ...more, "-fsyntax-only", `${folder}/driver.c`],
      });
      return (await command.output()).code;
    };
    assert(await compile() !== 0);
    assertEquals(await compile("-include", `${folder}/stubs.h`), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an option without its value prints how the tool is called", async () => {
  for (const option of ["--stubs", "--include", "--cc"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "-A", `${ROOT}tools/missing.ts`, ROOT, option],
    }).output();
    assertEquals(code, 2, option);
    assertMatch(new TextDecoder().decode(stderr), /^Usage: deno task missing /);
  }
});
