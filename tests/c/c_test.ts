/**
 * Driver code in C and C++ over libntoskrnl_emu: the programs of tests/c, the quick start of
 * docs/c.md and examples/extension.cpp, with each compiler that is there.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ListTrace, parse } from "../../src/trace.ts";
import {
  compile as compileTrace,
  operationCount,
  readListTrace,
} from "../../tools/compile_traces.ts";

import { writeForwarders } from "../../tools/forwarders.ts";
import { generatedHeaders } from "../../tools/write_headers.ts";
import { ROOT } from "../support/paths.ts";

const LIBRARIES = `${ROOT}target/release`;
const INCLUDE = `${ROOT}include/ntoskrnl_emu`;
const STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-g"];
const SHARED = [`-L${LIBRARIES}`, "-lntoskrnl_emu", `-Wl,-rpath,${LIBRARIES}`, "-lpthread"];
const PROGRAMS = [
  "prototypes",
  "lists",
  "legacy",
  "pool",
  "situations",
  "depths",
  "support",
  "words",
  "layouts",
  "print",
  "threads",
  "forks",
  "stops",
  "catch",
  "drivers",
  "stacks",
  "levels",
  "services",
  "entry",
  "verifier",
  "seh",
];

interface Compiler {
  name: string;
  command: string[];
}

/** g++ before 13 judges a pool tag before it has read the header that allows them. */
const COMPILERS: Compiler[] = [
  { name: "gcc, C11", command: ["gcc", "-std=c11"] },
  { name: "clang, C11", command: ["clang", "-std=c11"] },
  { name: "gcc, C++17", command: ["g++", "-std=c++17", "-Wno-multichar"] },
  { name: "clang, C++17", command: ["clang++", "-std=c++17"] },
];

interface Run {
  code: number;
  signal: Deno.Signal | null;
  out: string;
  err: string;
}

async function run(command: string[], cwd = ROOT, env: Record<string, string> = {}): Promise<Run> {
  const [program = "", ...args] = command;
  const output = await new Deno.Command(program, { args, cwd, env }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    signal: output.signal,
    out: decoder.decode(output.stdout),
    err: decoder.decode(output.stderr),
  };
}

async function exists(program: string): Promise<boolean> {
  try {
    return (await run([program, "--version"])).code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a command that must succeed. */
async function succeed(command: string[], cwd = ROOT): Promise<Run> {
  const result = await run(command, cwd);
  assertEquals(result.code, 0, `${command.join(" ")}\n${result.out}${result.err}`);
  return result;
}

/**
 * The compilers on this machine, after the library was built. None, with a message, where there is
 * none.
 */
let prepared: Promise<Compiler[]> | undefined;
function prepare(): Promise<Compiler[]> {
  return prepared ??= (async () => {
    const present = [];
    for (const compiler of COMPILERS) {
      if (await exists(compiler.command[0] ?? "")) present.push(compiler);
      else console.log(`not run: there is no ${compiler.command[0]} on this machine`);
    }
    if (present.length > 0) {
      const build = "cargo build --release -q --locked --target-dir target -p ntoskrnl-emu-c";
      await succeed(build.split(" "));
    }
    return present;
  })();
}

/** Runs a test with a folder for what it compiles; skips it where there is no compiler. */
async function withCompilers(
  test: (compilers: Compiler[], folder: string) => Promise<void>,
  wanted: (compiler: Compiler) => boolean = () => true,
): Promise<void> {
  const compilers = (await prepare()).filter(wanted);
  if (compilers.length === 0) return;
  const folder = await Deno.makeTempDir();
  try {
    await test(compilers, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Compiles one source file and returns the program. */
async function compile(
  compiler: Compiler,
  source: string,
  folder: string,
  options: string[] = STRICT,
  link: string[] = SHARED,
): Promise<string> {
  const isCpp = compiler.name.includes("C++");
  const program = `${folder}/${source.replace(/.*\//, "")}-${compiler.name.replace(/\W+/g, "-")}`;
  const language = ["-x", isCpp ? "c++" : "c", source, "-x", "none"];
  const include = [`-I${INCLUDE}`];
  await succeed([...compiler.command, ...options, ...include, ...language, "-o", program, ...link]);
  return program;
}

/** All of one kind, two at a time: the machine may have no more processors. */
async function each<T>(items: T[], action: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await action(item);
  };
  await Promise.all([worker(), worker()]);
}

const options = { ignore: Deno.build.os !== "linux" };

/** Valgrind's check of memory; what the emulation keeps to the end is none of its errors. */
const VALGRIND = [
  "valgrind",
  "-q",
  "--error-exitcode=9",
  "--leak-check=full",
  "--show-leak-kinds=definite,possible",
  "--errors-for-leak-kinds=definite,possible",
];

for (const name of PROGRAMS) {
  Deno.test(
    `${name}.c compiles without a warning and passes`,
    options,
    () =>
      withCompilers(async (compilers, folder) => {
        // The headers' own warnings count here; for users they are system headers.
        const all = [...STRICT, "-DNTOSKRNL_EMU_ALL_WARNINGS", "-O2"];
        await each(compilers, async (compiler) => {
          const program = await compile(compiler, `tests/c/${name}.c`, folder, all);
          const { out } = await succeed([program]);
          if (name !== "prototypes" && name !== "stops") assertEquals(out, `${name}: passed\n`);
        });
      }),
  );
}

Deno.test(
  "the environment chooses the depth policy, and a name of none is reported with the nearest",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      for (const compiler of compilers.slice(0, 1)) {
        const program = await compile(compiler, "tests/c/depths.c", folder);
        for (const policy of ["fixed", "balanced", "settling"]) {
          const { code, err } = await run([program, policy], ROOT, { EMU_DEPTH_POLICY: policy });
          assertEquals([policy, code, err], [policy, 0, ""]);
        }
        const { code, err } = await run([program, "settling"], ROOT, { EMU_DEPTH_POLICY: "fxed" });
        assertEquals([code, err], [
          0,
          "EMU_DEPTH_POLICY: the depth policy must be fixed, balanced or settling, " +
          'the nearest is fixed: "fxed"; settling is used\n',
        ]);
      }
    }),
);

Deno.test(
  "each broken contract prints its line and aborts",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      for (const compiler of new Set([compilers[0], compilers.at(-1)])) {
        if (compiler === undefined) continue;
        const program = await compile(compiler, "tests/c/stops.c", folder);
        const names = (await succeed([program])).out.trim().split("\n");
        assert(names.length >= 40, `only ${names.length} cases`);
        await each(names, async (name) => {
          const { signal, out, err } = await run([program, name]);
          assertEquals([name, signal], [name, "SIGABRT"], out + err);
          // Earlier output of a case, such as a failed assertion, stands above the line that it ends
          // with; what the numbers mean stands indented below.
          const lines = err.trim().split("\n").filter((line) => !line.startsWith("    "));
          const said = lines.at(-1) ?? "";
          assertEquals(`${name}: ${said}`, `${name}: ${withAddress(out.trim(), said)}`);
        });
      }
    }),
);

/** What a case expects for a number that the machine chooses (`SOME_ADDRESS` in stops.c). */
const SOME_ADDRESS = "0xa1a1a1a1a1a1a1a1";

/** The expected line with the number that was said, where the case leaves it open and it is not 0. */
function withAddress(expected: string, said: string): string {
  const at = expected.indexOf(SOME_ADDRESS);
  const number = said.slice(at, at + SOME_ADDRESS.length);
  return at < 0 || BigInt(number || 0) === 0n ? expected : expected.replace(SOME_ADDRESS, number);
}

/** The traces that C cannot replay: it has no exceptions. */
const RAISING = [
  "callback_raise.trace",
  "callback_throw.trace",
  "callback_throw_flush.trace",
  "exchange_raise.trace",
  "legacy_callbacks.trace",
  "raise_in_batch.trace",
  "raise_on_fail.trace",
  "tick_trim_throws.trace",
];

Deno.test(
  "C replays the traces that the model and Rust replay",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const traces = [...Deno.readDirSync(`${ROOT}tests/traces`)]
        .map(({ name }) => name)
        .filter((name) => name.endsWith(".trace"));
      for (const compiler of new Set([compilers[0], compilers.at(-1)])) {
        if (compiler === undefined) continue;
        const program = await compile(compiler, "tests/c/replay.c", folder);
        const unable: string[] = [];
        await each(traces, async (name) => {
          const file = `tests/traces/${name}`;
          const trace = await readListTrace(`${ROOT}${file}`, file);
          const compiled = `${folder}/${name}.compiled`;
          await Deno.writeFile(compiled, compileTrace(trace));
          const { code, out, err } = await run([program, compiled]);
          const count = trace.steps.reduce((count, step) => count + operationCount(step), 0);
          if (code === 77) unable.push(name);
          else assertEquals([code, out, err], [0, `${count} operations\n`, ""]);
        });
        assertEquals(unable.sort(), RAISING);
      }
    }),
);

Deno.test(
  "C names the file and the line of a step that fails, and refuses a file that is cut off",
  options,
  () =>
    withCompilers(async ([compiler], folder) => {
      if (compiler === undefined) return;
      const program = await compile(compiler, "tests/c/replay.c", folder);
      const replay = async (bytes: Uint8Array) => {
        await Deno.writeFile(`${folder}/it.compiled`, bytes);
        const { code, err } = await run([program, `${folder}/it.compiled`]);
        return [code, err];
      };
      const compiled = (text: string) =>
        compileTrace(parse(text, { file: "it.trace" }) as ListTrace);
      const text = "list size=64\n# a comment\nbatch a 1 2\n";
      assertEquals(await replay(compiled(`${text}expect totalAllocates=2\n`)), [0, ""]);
      const wrong = compiled(`${text}expect depth=4 outstanding=3\n`);
      assertEquals(await replay(wrong), [1, "it.trace:4: outstanding: 2, not 3\n"]);
      for (const length of [0, 15, wrong.length - 1]) {
        const usage = "replay FILE, a compiled trace\n";
        assertEquals(await replay(wrong.subarray(0, length)), [2, usage]);
      }
    }),
);

Deno.test(
  "EMU_LEAKS=1 prints what is left of an unchanged program, EMU_REPORT=file writes a stop as JSON",
  options,
  () =>
    withCompilers(async ([compiler], folder) => {
      if (compiler === undefined) return;
      const program = await compile(compiler, "tests/c/leaks.c", folder);
      const { err } = await succeed(["env", "EMU_LEAKS=1", program]);
      assertEquals(
        err.replace(/0x[0-9a-f]+/g, "N"),
        [
          "Left of driver root:",
          '    1 list, tag "List", 48 bytes an entry, at N',
          '    1 entry, tag "List", 48 bytes, of list N, first at N',
          '    1 block, tag "Blck", 100 bytes, first at N',
          "",
        ].join("\n"),
      );
      assertEquals((await succeed([program])).err, "");
      const stops = await compile(compiler, "tests/c/stops.c", folder);
      const file = `${folder}/report.json`;
      await run(["env", `EMU_REPORT=${file}`, stops, "DoubleFree"]);
      const report = JSON.parse(await Deno.readTextFile(file));
      assertEquals(
        [report.code, report.name, report.routine, report.tag, report.driver, report.irql],
        [0xC2, "BAD_POOL_CALLER", "ExFreeToLookasideListEx", "Stop", "root", 0],
      );
      assertEquals(report.parameters[0], { value: "0x7", meaning: "kind of violation" });
    }),
);

Deno.test(
  "a failed assertion says where it stands",
  options,
  () =>
    withCompilers(async ([compiler], folder) => {
      if (compiler === undefined) return;
      const program = await compile(compiler, "tests/c/stops.c", folder);
      const { err } = await run([program, "AssertionFails"]);
      assertMatch(
        err,
        /^\*\*\* Assertion failed: KeGetCurrentIrql\(\) <= APC_LEVEL\n\*\*\* {3}tests\/c\/stops\.c, line \d+\n/,
      );
    }),
);

Deno.test(
  "the static library serves as well",
  options,
  () =>
    withCompilers(async ([compiler], folder) => {
      if (compiler === undefined) return;
      const link = [`${LIBRARIES}/libntoskrnl_emu.a`, "-lpthread", "-ldl", "-lm"];
      for (const name of ["lists", "threads"]) {
        const program = await compile(compiler, `tests/c/${name}.c`, folder, STRICT, link);
        assertEquals((await succeed([program])).out, `${name}: passed\n`);
      }
    }),
);

Deno.test(
  "Valgrind finds no error in the C tests",
  options,
  () =>
    withCompilers(async ([compiler], folder) => {
      if (compiler === undefined) return;
      if (!await exists("valgrind")) {
        console.log("not run: there is no valgrind on this machine");
        return;
      }
      const programs = ["lists", "legacy", "pool", "situations", "support", "print", "threads"];
      await each(programs, async (name) => {
        const program = await compile(compiler, `tests/c/${name}.c`, folder);
        const rounds = name === "threads" ? ["2000"] : [];
        const { err } = await succeed([...VALGRIND, program, ...rounds]);
        assertEquals(err, "");
      });
    }),
);

Deno.test("the C library exports WDK and emu_ names, and nothing else", options, async () => {
  if ((await prepare()).length === 0 || !await exists("nm")) return;
  const listed = async (library: string) => {
    const command = ["nm", "-D", "--defined-only", "--format=just-symbols"];
    return (await succeed([...command, `${LIBRARIES}/${library}`])).out.trim().split("\n");
  };
  const header = await Deno.readTextFile(`${ROOT}tests/c/prototypes.h`);
  const wanted = [...header.matchAll(/^ {4}(?:\(EmuExport\)|&)(\w+),/gm)]
    .map(([, name]) => name ?? "");
  const exported = await listed("libntoskrnl_emu.so");
  assertEquals(exported.sort(), wanted.sort());
  const prefixes =
    "__(?:read|write)|Cc|Cm|Ex|Flt|Fs|InitializeSListHead$|Io|Ke|Kf|Mm|Nt|Ob|Po|Probe|Ps|Rtl|Se|Wdf|Wdmlib|Zw|emu_";
  for (const name of exported) assertMatch(name, new RegExp(`^(${prefixes})`));
  const others = new Set(await listed("liblookaside.so"));
  assertEquals(exported.filter((name) => others.has(name)), []);
});

Deno.test(
  "the quick start compiles as it stands, and prints what it says",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const page = await Deno.readTextFile(`${ROOT}docs/c.md`);
      const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
        .map(([, language, text]) => ({ language, text: text ?? "" }));
      const sources = blocks.filter(({ language }) => language === "c");
      const outputs = blocks.filter(({ language }) => language === "text");
      assertEquals([sources.length, outputs.length], [4, 4]);
      for (const [index, { text }] of sources.slice(0, 3).entries()) {
        const source = `${folder}/${["packets", "twice", "reserve"][index]}.c`;
        await Deno.writeTextFile(source, text);
        await each(compilers, async (compiler) => {
          const program = await compile(compiler, source, folder);
          const { err, code, signal } = await run([program]);
          const said = outputs[index]?.text ?? "";
          const shown = (text: string) =>
            text.replace(ADDRESSES, "ADDRESS").replace(/ \S*\/(twice\.c:\d+)/, " $1");
          assertEquals(shown(err), shown(said));
          assertEquals<unknown>([code, signal], index === 1 ? [134, "SIGABRT"] : [0, null]);
        });
      }
      // What stands below a sanitizer's report, but for addresses, folders and further frames.
      const walk = `${folder}/walk.c`;
      await Deno.writeTextFile(walk, sources[3]?.text ?? "");
      const plain = (text: string) =>
        text.replace(/^[\s\S]*(?=\*\*\* STOP)/, "").replace(/^( {4}#[1-9]|==).*\n/gm, "")
          .replace(/0x0{0,4}[1-9a-f][0-9a-f]{11}\b/g, "ADDRESS")
          .replace(/\S*(walk\.c:\d+)[:\d]*/g, "$1");
      await each(compilers.filter(isC), async (compiler) => {
        const program = await compile(compiler, walk, folder, ["-g", "-fsanitize=address"]);
        assertEquals(plain((await run([program])).err), plain(outputs[3]?.text ?? ""));
      });
      // The commands of the page, in a folder where the paths are those of a clone.
      const command = blocks.find(({ text }) => text.startsWith("gcc "))?.text ?? "";
      if (compilers[0]?.command[0] === "gcc") {
        await Deno.symlink(`${ROOT}include`, `${folder}/include`);
        await Deno.symlink(`${ROOT}target`, `${folder}/target`);
        const { err } = await succeed(["bash", "-ec", command], folder);
        assertEquals(err, outputs[0]?.text);
      }
    }),
);

/** Addresses, which are not the same in any two runs. */
const ADDRESSES = /0x(0000)?[0-9a-f]*[1-9a-f][0-9a-f]{11}/g;

const THROWS = `
#include <stdexcept>
#include <wdm.h>
#include <emu.h>
static PVOID Thrower(POOL_TYPE, SIZE_T, ULONG, PLOOKASIDE_LIST_EX) { throw std::runtime_error("mine"); }
static VOID FreeThrower(PVOID, PLOOKASIDE_LIST_EX) { throw std::runtime_error("mine"); }
static LOOKASIDE_LIST_EX List;
static void Use(bool allocates)
{
    (void)ExInitializeLookasideListEx(&List, allocates ? Thrower : nullptr, FreeThrower, NonPagedPoolNx, 0, 64, 'tseT', 0);
    PVOID entry = ExAllocateFromLookasideListEx(&List);
    emu_set_depth(&List, 0);
    ExFreeToLookasideListEx(&List, entry);
}
int main(int count, char **)
{
    if (count > 2) Use(count > 3);
    try { Use(count > 1); } catch (const std::exception &) { DbgPrint("caught"); }
    return 0;
}
`;

Deno.test(
  "an exception that leaves a callback ends the process with a line that names the callback of which list",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      await Deno.writeTextFile(`${folder}/throws.cpp`, THROWS);
      for (const compiler of compilers) {
        const program = await compile(compiler, `${folder}/throws.cpp`, folder);
        for (const args of [[], ["a"], ["a", "b"], ["a", "b", "c"]]) {
          const { signal, err } = await run([program, ...args]);
          const which = args.length % 2 === 0 ? "free" : "allocate";
          assertMatch(
            err,
            new RegExp(
              `^\\*\\*\\* An exception left the ${which} callback of the list at 0x[0-9a-f]+: [^\n]+\n$`,
            ),
          );
          assertEquals(signal, "SIGABRT");
        }
      }
    }, ({ name }) => name.includes("C++")),
);

Deno.test(
  "the C++ extension runs twice in a row",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      await each(compilers, async (compiler) => {
        const checked = [...STRICT, "-DDBG=1"];
        const program = await compile(compiler, "examples/extension.cpp", folder, checked);
        const { err } = await succeed([program]);
        const line = (run: number) =>
          `run ${run}: 3 contexts created, 1 of them from pool, 1 kept\n`;
        assertEquals(err, line(1) + line(2));
      });
    }, ({ name }) => name.includes("C++")),
);

Deno.test(
  "the headers get on with the library's and with other options",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      await each(compilers, async (compiler) => {
        const isCpp = compiler.name.includes("C++");
        const library = isCpp
          ? ["algorithm", "atomic", "iostream", "locale", "map", "memory", "string", "thread"]
          : [
            "arpa/inet.h",
            "inttypes.h",
            "pthread.h",
            "stdio.h",
            "sys/socket.h",
            "unistd.h",
            "uchar.h",
          ];
        const source = `${folder}/options-${isCpp ? "cpp" : "c"}.c`;
        await Deno.writeTextFile(
          source,
          [
            "#include <ntifs.h>",
            "#include <emu.h>",
            ...library.map((name) => `#include <${name}>`),
            'static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Name");',
            "static const ULONG Tag = 'gaT1';",
            "int main(void) { return !(Name.Length == 8 && Tag == 0x67615431); }",
          ].join("\n") + "\n",
        );
        const rest = ["-fshort-wchar", "-Wconversion", "-Wshadow", "-Wundef", "-Os"];
        await succeed([await compile(compiler, source, folder, [...STRICT, ...rest])]);
      });
    }),
);

/** Every standard that the headers are for; gcc 12 and clang 14 call the newest by its old name. */
const EVERY_STANDARD: Compiler[] = [
  ...["c11", "c17", "c2x"].flatMap((standard) =>
    ["gcc", "clang"].map((name) => ({
      name: `${name}, ${standard}`,
      command: [name, `-std=${standard}`],
    }))
  ),
  ...["c++11", "c++14", "c++17", "c++20", "c++2b"].flatMap((standard) =>
    ["g++", "clang++"].map((name) => ({
      name: `${name}, C++ (${standard})`,
      command: [name, `-std=${standard}`, ...(name === "g++" ? ["-Wno-multichar"] : [])],
    }))
  ),
];
const OLDEST_AND_NEWEST = EVERY_STANDARD.filter(({ command }) =>
  /11$|2[xb]$/.test(command[1] ?? "")
);
/** `EVERY_STANDARD=1` adds those between, which `deno task prove` does. */
const STANDARDS = Deno.env.get("EVERY_STANDARD") === "1" ? EVERY_STANDARD : OLDEST_AND_NEWEST;

Deno.test(
  "the words of the headers mean the same in every standard, optimised or not, and sanitized",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const present = new Set(compilers.map(({ command }) => command[0]));
      const standards = STANDARDS.filter(({ command }) => present.has(command[0]));
      const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
      await Deno.writeTextFile(`${folder}/empty.c`, "int main(void) { return 0; }\n");
      const sanitized: (string | undefined)[] = [];
      for (const name of present) {
        const link = [name ?? "", ...sanitizers, `${folder}/empty.c`, "-o", `${folder}/empty`];
        if ((await run(link)).code === 0) sanitized.push(name);
        else console.log(`not run: ${name} has no sanitizers on this machine`);
      }
      const ends = standards.filter((standard) => OLDEST_AND_NEWEST.includes(standard));
      const ways = [["-O0", [], standards], ["-O2", [], ends], [
        "-O1",
        sanitizers,
        ends.filter(({ command }) => sanitized.includes(command[0])),
      ]] as const;
      for (const [level, more, compilers] of ways) {
        await each([...compilers], async (compiler) => {
          const all = [...STRICT, "-DNTOSKRNL_EMU_ALL_WARNINGS", level, ...more];
          const program = await compile(compiler, "tests/c/words.c", folder, all);
          assertEquals((await succeed([program])).out, "words: passed\n");
        });
      }
    }),
);

Deno.test(
  "__try and its like mean the same in every standard",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const present = new Set(compilers.map(({ command }) => command[0]));
      const standards = STANDARDS.filter(({ command }) => present.has(command[0]));
      const all = [...STRICT, "-DNTOSKRNL_EMU_ALL_WARNINGS", "-O3"];
      await each(standards, async (compiler) => {
        const program = await compile(compiler, "tests/c/seh.c", folder, all);
        assertEquals((await succeed([program])).out, "seh: passed\n");
      });
    }),
);

/** What the cases of seh.c that end the process print: to standard output, and the last line. */
const SEH_ENDS: [out: string, err: RegExp][] = [
  [
    "",
    /^\*\*\* STOP 0x0000001e \(0x00000000c0000120, 0x0{0,4}[1-9a-f][0-9a-f]*, 0x0{16}, 0x0{16}\)$/,
  ],
  [
    "finally\n",
    /^\*\*\* STOP 0x0000001e \(0x00000000c0000120, 0x0{0,4}[1-9a-f][0-9a-f]*, 0x0{16}, 0x0{16}\)$/,
  ],
  ["", /^\*\*\* STOP 0x0000001e \(0x00000000c0000120, /],
  ["", /^emu_seh\.h: return, goto, .* left a __try that has a __finally; __leave /],
  ["", /^emu_seh\.h: return, goto, .* left a __try that has a __finally; __leave /],
  ["body\n", /^emu_seh\.h: return, goto, break or continue left a __finally$/],
  ["body\n", /^emu_seh\.h: return, goto, break or continue left a __finally$/],
  ["", /^\*\*\* STOP 0x000000e2 /],
];

Deno.test(
  "an exception that no __except takes stops the process, and so does a jump past a __finally",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      await each(compilers, async (compiler) => {
        const program = await compile(compiler, "tests/c/seh.c", folder, [...STRICT, "-O2"]);
        for (const [number, [out, err]] of SEH_ENDS.entries()) {
          const ended = await run([program, String(number)]);
          assertEquals([number, ended.signal, ended.out], [number, "SIGABRT", out], ended.err);
          assertMatch(ended.err.split("\n")[0] ?? "", err, String(number));
        }
      });
    }),
);

Deno.test(
  "an exception unwinds functions of C and of C++ on one stack",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const cpp = compilers.filter((compiler) => !isC(compiler));
      const pairs = compilers.filter(isC).flatMap((c) => cpp.map((cpp) => ({ c, cpp })));
      const source = "tests/c/seh_mixed.c";
      const ways = [["-O2"], ["-O2", "-fexceptions"], [...WATCHED, "-fexceptions"]];
      for (const [way, flags] of ways.entries()) {
        const cleanups = flags.includes("-fexceptions") ? ["-DWITH_CLEANUPS"] : [];
        // Both compilers have a runtime for a sanitizer, and each only its own.
        const same = ({ c, cpp }: { c: Compiler; cpp: Compiler }) =>
          way < 2 || (c.command[0] === "gcc") === (cpp.command[0] === "g++");
        await each(pairs.filter(same), async ({ c, cpp }) => {
          const object = `${folder}/${way}-${c.command[0]}-${cpp.command[0]}.o`;
          const all = [...STRICT, ...flags, ...cleanups];
          await succeed([...c.command, ...all, `-I${INCLUDE}`, "-c", source, "-o", object]);
          const name = `${cpp.name} ${c.name} ${way}`;
          const program = await compile({ ...cpp, name }, source, folder, all, [object, ...SHARED]);
          const { out, err } = await succeed([program]);
          assertEquals([out, err], ["seh_mixed: passed\n", ""]);
        });
      }
    }),
);

Deno.test(
  "a driver opts in to pool that is not executable, by value and file by file",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const program = [
        "#include <ntddk.h>",
        "int main(void) {",
        "    NPAGED_LOOKASIDE_LIST legacy;",
        "    LOOKASIDE_LIST_EX list;",
        "#ifdef RUNTIME",
        "    ExInitializeDriverRuntime(RUNTIME);",
        "#endif",
        "    ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPool, 0, 64, 'ntpO', 0);",
        "    ExInitializeNPagedLookasideList(&legacy, NULL, NULL, 0, 64, 'ntpO', 0);",
        '    DbgPrint("%d %d %d", list.L.Type, legacy.L.Type, NonPagedPoolCacheAligned);',
        "    ExDeleteLookasideListEx(&list);",
        "    ExDeleteNPagedLookasideList(&legacy);",
        "    return 0;",
        "}",
      ].join("\n");
      await Deno.writeTextFile(`${folder}/opt_in.c`, `${program}\n`);
      const executable = "0 0 4";
      const not = "512 512 516";
      const cases: [string[], string][] = [
        [[], executable],
        [["-DPOOL_NX_OPTIN_AUTO=1"], not],
        [["-DPOOL_NX_OPTIN_AUTO=0"], executable],
        [["-DPOOL_NX_OPTIN_AUTO=1", "-DPOOL_NX_OPTOUT=1"], executable],
        [["-DPOOL_NX_OPTIN=1", "-DRUNTIME=DrvRtPoolNxOptIn"], not],
        [["-DPOOL_NX_OPTIN=1"], executable],
        [["-DPOOL_NX_OPTIN=1", "-DRUNTIME=0"], executable],
        [["-DPOOL_NX_OPTIN=0", "-DRUNTIME=DrvRtPoolNxOptIn"], executable],
        [["-DPOOL_NX_OPTIN=1", "-DPOOL_NX_OPTOUT=1", "-DRUNTIME=DrvRtPoolNxOptIn"], executable],
        [["-DPOOL_ZERO_DOWN_LEVEL_SUPPORT", "-DRUNTIME=0"], executable],
      ];
      for (const [flags, types] of cases) {
        await each(compilers, async (compiler) => {
          const all = [...STRICT, ...flags];
          const built = await compile(compiler, `${folder}/opt_in.c`, folder, all);
          const { err } = await succeed([built]);
          assertEquals([...flags, err], [...flags, types]);
        });
      }
    }),
);

Deno.test(
  "functions that are __inline only link in C with -fgnu89-inline, also beside FORCEINLINE",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const driver = [
        "#include <ntddk.h>",
        "FORCEINLINE ULONG Tag(VOID) { return 'nilI'; }",
        "__inline PVOID Take(SIZE_T bytes) { return ExAllocatePoolWithTag(PagedPool, bytes, Tag()); }",
        "int main(void) { ExFreePool(Take(64)); return 0; }",
      ].join("\n");
      await Deno.writeTextFile(`${folder}/inline.c`, `${driver}\n`);
      for (const level of ["-O0", "-O2"]) {
        await each(compilers, async (compiler) => {
          const flags = compiler.name.includes("C++") ? [] : ["-fgnu89-inline"];
          const all = [...STRICT, level, ...flags];
          await succeed([await compile(compiler, `${folder}/inline.c`, folder, all)]);
        });
      }
    }),
);

Deno.test(
  "inline functions of a driver's header come to one program from two files",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const header = [
        "#include <ntddk.h>",
        "#include <ntstrsafe.h>",
        "#define INITGUID",
        "#include <guiddef.h>",
        "DEFINE_GUID(GUID_OF_BOTH, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);",
        "FORCEINLINE ULONG Twice(ULONG number) { return 2 * number; }",
        "EXTERN_C ULONG Other(char *text, size_t bytes);",
      ].join("\n");
      await Deno.writeTextFile(`${folder}/driver.h`, `${header}\n`);
      const other = '#include "driver.h"\nULONG Other(char *text, size_t bytes) { DbgPrint(""); ' +
        'return Twice(3) + (ULONG)RtlStringCbPrintfA(text, bytes, "%x", GUID_OF_BOTH.Data1); }\n';
      await Deno.writeTextFile(`${folder}/other.c`, other);
      const main = '#include "driver.h"\nint main(void) { char text[4]; DbgPrint(""); ' +
        "return !(Twice(Other(text, 4)) == 12 && text[0] == '1' && GUID_OF_BOTH.Data1 == 1); }\n";
      await Deno.writeTextFile(`${folder}/two.c`, main);
      const build = async (compiler: Compiler, flags: string[], link: string[]) => {
        const isCpp = compiler.name.includes("C++");
        const object = `${folder}/${compiler.name.replace(/\W+/g, "-")}.o`;
        const source = ["-x", isCpp ? "c++" : "c", "-c", `${folder}/other.c`, "-o", object];
        const all = [...STRICT, ...flags];
        await succeed([...compiler.command, `-I${INCLUDE}`, ...all, ...source]);
        const linked = [object, ...SHARED, ...link];
        await succeed([await compile(compiler, `${folder}/two.c`, folder, all, linked)]);
      };
      await each(compilers, (compiler) => build(compiler, [], []));
      const inC = compilers.filter(({ name }) => !name.includes("C++"));
      await each(inC, (compiler) => build(compiler, ["-fgnu89-inline"], ["-Wl,-z,muldefs"]));
    }),
);

Deno.test(
  "a test's own routine stands in for one that is not emulated",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const program = "#include <ntifs.h>\nstatic LONG closed;\n" +
        "NTSTATUS NTAPI ZwClose(HANDLE handle) { closed += handle == NULL; return STATUS_SUCCESS; }\n" +
        "int main(void) { return !(ZwClose(NULL) == STATUS_SUCCESS && closed == 1); }\n";
      await Deno.writeTextFile(`${folder}/own.c`, program);
      await each(compilers, async (compiler) => {
        await succeed([await compile(compiler, `${folder}/own.c`, folder)]);
      });
    }),
);

Deno.test(
  "a header is found by the spellings of drivers, through the folder of forwarders",
  options,
  () =>
    withCompilers(async ([compiler], folder) => {
      if (compiler === undefined) return;
      const forwarders = `${folder}/forwarders`;
      assert(await writeForwarders(forwarders) > 100);
      const spelt = ["Ntddk.h", "NTDDK.H", "NtDDK.h", "Wdm.h", "WDM.h", "Ntifs.h", "NtStrSafe.h"];
      const more = ["Ntstrsafe.h", "ntIntSafe.h", "InitGuid.h", "INITGUID.H", "fltkernel.h"];
      const source = [...spelt, ...more].map((name) => `#include <${name}>\n`).join("");
      await Deno.writeTextFile(
        `${folder}/spelt.c`,
        `${source}C_ASSERT(sizeof(LOOKASIDE_LIST_EX) == 96);\nint main(void) { return FlagOn(2, 1); }\n`,
      );
      const all = [...STRICT, `-I${forwarders}`];
      await succeed([await compile(compiler, `${folder}/spelt.c`, folder, all)]);
    }),
);

Deno.test("the headers that are numbers are those of windows-sys", options, async () => {
  for (const [path, text] of await generatedHeaders()) {
    const present = await Deno.readTextFile(`${ROOT}${path}`);
    assert(present === text, `${path} is stale: deno task headers writes it anew`);
  }
});

interface Name {
  name: string;
  kind: string;
  header: string;
  verdict: string;
  note: string;
}

/** A declaration that compiles only where a name is what the table says. */
function useOf({ name, kind, note }: Name, index: number): string {
  const size = (what: string) => `static char use_${index}[sizeof(${what})];`;
  if (kind === "type") return size(`${name} *`);
  if (kind === "member") {
    const [structure, ...path] = note.split(".");
    return size(`((${structure} *)0)->${[...path, name].join(".")}`);
  }
  // What is a macro in C may be a template in C++.
  const missing = kind === "macro"
    ? `!defined(${name}) && !defined(__cplusplus)`
    : `!defined(${name})`;
  return `#if ${missing}\n${size(kind === "enum" ? name : `&${name}`)}\n#endif`;
}

Deno.test(
  "every name that the table calls built compiles, and every one that stops links",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const table = (await Deno.readTextFile(`${ROOT}docs/c_names.tsv`)).trimEnd().split("\n");
      const names = table.slice(1).map((line): Name => {
        const [name = "", , kind = "", header = "", verdict = "", note = ""] = line.split("\t");
        return { name, kind, header, verdict, note };
      });
      const built = names.filter(({ verdict }) => verdict === "built");
      const stopping = names.filter(({ verdict }) => verdict === "stops");
      const others = ["fltKernel.h", "storport.h", "wsk.h"];
      const ours = names.filter(({ header }) => !others.includes(header));
      const share = ours.filter(({ verdict }) => verdict === "built").length / ours.length;
      assert(share >= 0.6, `only ${share} of the names are built`);
      for (const { verdict, name, note } of names) {
        assertMatch(verdict, /^(built|planned|stops|not-ours)$/, name);
        if (verdict === "not-ours") assert(note !== "", `no reason: ${name}`);
      }
      await Deno.writeTextFile(
        `${folder}/names.c`,
        [
          "#include <ntifs.h>",
          "#include <ntstrsafe.h>",
          "#include <fltKernel.h>",
          ...built.map(useOf),
          "static const void *const stops[] = {",
          ...stopping.map(({ name }) => `    (const void *)&${name},`),
          "};",
          "int main(void) {",
          ...built.flatMap(({ kind }, i) => kind === "type" ? [`    (void)use_${i};`] : []),
          "    return stops[0] == NULL; }",
        ].join("\n") + "\n",
      );
      // Variables that a macro leaves out, and pointers to functions as pointers to data.
      const lax = ["-w"];
      await each(compilers, async (compiler) => {
        await succeed([await compile(compiler, `${folder}/names.c`, folder, lax)]);
      });
    }),
);

const isC = ({ name }: Compiler) => name.includes("C11");
const WATCHED = [...STRICT, "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
const THREADS = [...STRICT, "-fsanitize=thread"];

interface MistakeCase {
  readonly program: string;
  readonly folder: string;
  /** Its name, and what AddressSanitizer, special pool and guard fills have to say of it. */
  readonly words: readonly string[];
}

/** Checks each mistake of mistakes.c, built by each compiler of C. */
function eachMistake(flags: string[], check: (mistake: MistakeCase) => Promise<void>) {
  return withCompilers(async (compilers, folder) => {
    for (const compiler of compilers) {
      const program = await compile(compiler, "tests/c/mistakes.c", folder, flags);
      const cases = (await succeed([program])).out.trim().split("\n");
      assert(cases.length >= 25, `only ${cases.length} mistakes`);
      await each(cases, (line) => check({ program, folder, words: line.split(" ") }));
    }
  }, isC);
}

/** Checks that a mistake ended in a stop whose report names the block; returns the report. */
async function stopReport(
  { signal, out, err }: Awaited<ReturnType<typeof run>>,
  name: string,
  code: string,
  file: string,
) {
  assertEquals([name, signal, out], [name, "SIGABRT", ""], err);
  assertMatch(err, RegExp(`^\\*\\*\\* STOP 0x${code.padStart(8, "0")} `, "m"), name);
  // A list whose link was written over is told by its header.
  if (code === "139") return;
  const report = JSON.parse(await Deno.readTextFile(file));
  // Each names the block, with the program's frame where it was allocated.
  assertEquals(report.block.tag, "Mins", err);
  assertMatch(report.block.allocated[0], /mistakes/, name);
  return report;
}

Deno.test(
  "AddressSanitizer reports each access to pool that is not the caller's, with the block's history",
  options,
  () =>
    eachMistake(WATCHED, async ({ program, words: [name = "", shadow = ""] }) => {
      const { code, out, err } = await run([program, name]);
      assertEquals([name, code, out], [name, 1, ""], err);
      assertMatch(err, /ERROR: AddressSanitizer: use-after-poison/, name);
      assertMatch(
        err,
        RegExp(String.raw`^\*\*\* STOP 0x000001f2 \(.*0{13}${shadow}\)$`, "m"),
        name,
      );
      assertMatch(
        err,
        / a block of \d+ bytes at 0x[0-9a-f]+, tag 'Mins', nonpaged pool, /,
        name,
      );
      // The first frame of each stack is the program's.
      const stack = (word: string) => RegExp(`It was ${word} at\n    #0 .* in [^\n]*mistakes`);
      assertMatch(err, stack("allocated"), name);
      if (!/[6d]$/.test(shadow)) assertMatch(err, stack("freed"), name);
    }),
);

Deno.test(
  "special pool stops each access that leaves a block's page or touches a freed one, and the rest at the free",
  options,
  () =>
    eachMistake(STRICT, async ({ program, folder, words: [name = "", , code = ""] }) => {
      const file = `${folder}/${name}.json`;
      const env = { EMU_SPECIAL_POOL: "1", EMU_REPORT: file };
      const ended = await run([program, name], ROOT, env);
      if (code === "-") {
        const { signal, out, err } = ended;
        assertEquals([name, signal, out], [name, null, "nothing stopped it\n"], err);
        return;
      }
      const report = await stopReport(ended, name, code, file);
      if (code === "d5") assertMatch(report.block.freed[0], /mistakes/, name);
      // The instruction may be the C library's, such as of memset.
      if (code !== "c1") assertMatch(report.stack.join("\n"), /mistakes\.c:\d+/, name);
    }),
);

// Behaviour: guard-fills.
Deno.test(
  "guard fills stop the free of a block that was written around, and what allocates freed memory that was written to",
  options,
  () =>
    eachMistake(STRICT, async ({ program, folder, words: [name = "", , , code = ""] }) => {
      const file = `${folder}/${name}-guarded.json`;
      const env = { EMU_VERIFIER: "flags=0x8", EMU_REPORT: file };
      const ended = await run([program, name], ROOT, env);
      if (code === "-") {
        const { signal, out, err } = ended;
        // A link that is read from a freed block leads nowhere: it is filled.
        const end = name === "WalkFreed" ? ["SIGSEGV", ""] : [null, "nothing stopped it\n"];
        assertEquals([name, signal, out], [name, ...end], err);
        return;
      }
      const report = await stopReport(ended, name, code, file);
      if (code === "c6") assertMatch(report.block.freed[0], /mistakes/, name);
    }),
);

Deno.test(
  "special pool is chosen by tag and size, verifies the start, and falls back to pool when it is exhausted",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      for (const compiler of compilers) {
        const program = await compile(compiler, "tests/c/special.c", folder);
        const special = (words: string, ...args: string[]) =>
          run([program, ...args], ROOT, { EMU_SPECIAL_POOL: words });
        const all = await special("1");
        assertEquals([all.code, all.out, all.err], [0, "special: passed\n", ""]);
        for (
          const [words, what] of [
            ["tags='Xyz? Sp*' sizes=1-64", "chosen"],
            ["pages=4", "exhausted"],
          ] as const
        ) {
          const { code, err } = await special(words, what);
          assertEquals([code, err], [0, ""]);
        }
        const start = await special("start", "start");
        assertEquals(start.signal, "SIGABRT");
        assertMatch(start.err, /^\*\*\* STOP 0x000000d6 /);
        // A routine that is given a block which it must not be.
        for (const [what, code] of [["freed", "cc"], ["beyond", "cd"]] as const) {
          const { signal, err } = await special("1", what);
          assertEquals([what, signal], [what, "SIGABRT"]);
          assertMatch(
            err,
            RegExp(`^\\*\\*\\* STOP 0x000000${code} \\(0x[0-9a-f]{16}, 0x0+1, `),
            what,
          );
        }
        // Another fault is not special pool's.
        const { signal, err } = await special("1", "elsewhere");
        assertEquals([signal, err], ["SIGSEGV", ""]);
        const bad = await special("sizes=9-1", "chosen");
        assertMatch(
          bad.err,
          /^EMU_SPECIAL_POOL: no such word: "sizes=9-1"; there is no special pool\n/,
        );
      }
    }, isC),
);

Deno.test(
  "no sanitizer finds an error in the C tests",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      // A sanitizer holds signals back until the code that they interrupt is done.
      const others = ["stops", "prototypes", "forks"];
      const names = PROGRAMS.filter((name) => !others.includes(name));
      const runs = compilers.flatMap((compiler) => names.map((name) => ({ compiler, name })));
      for (const sanitizer of [WATCHED, THREADS]) {
        await each(runs, async ({ compiler, name }) => {
          const program = await compile(compiler, `tests/c/${name}.c`, folder, sanitizer);
          const rounds = name === "threads" ? ["2000"] : [];
          const { out, err } = await succeed([program, ...rounds]);
          assertEquals([out, /Sanitizer/.test(err)], [`${name}: passed\n`, false], err);
        });
      }
    }, isC),
);

Deno.test(
  "ThreadSanitizer knows locks, lists and pool, and reports a race beside them",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      await each(compilers, async (compiler) => {
        const program = await compile(compiler, "tests/c/races.c", folder, THREADS);
        for (const kind of ["lock", "list", "pool", "slist", "drivers"]) {
          const { out, err } = await succeed([program, kind]);
          assertEquals([kind, out, err], [kind, "races: passed\n", ""]);
        }
        const { err } = await run([program, "none"]);
        assertMatch(err, /WARNING: ThreadSanitizer: data race/);
      });
    }, isC),
);

Deno.test(
  "LeakSanitizer follows pointers that stand in pool",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      await each(compilers, async (compiler) => {
        const program = await compile(compiler, "tests/c/rooted.c", folder, WATCHED);
        assertEquals((await succeed([program])).err, "");
        const { err } = await run([program, "lose it"]);
        assertMatch(err, /ERROR: LeakSanitizer: [\s\S]*\b100 byte/);
      });
    }, isC),
);

Deno.test(
  "EMU_POOL=malloc shows each block to tools that watch the allocator",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      const env = { EMU_POOL: "malloc" };
      for (const compiler of compilers) {
        const watched = await compile(compiler, "tests/c/lost.c", folder, WATCHED);
        const clean = await run([watched], ROOT, env);
        assertEquals([clean.code, clean.out, clean.err], [0, "lost: passed\n", ""]);
        for (
          const [what, report] of [
            ["block", /ERROR: LeakSanitizer: [\s\S]*\b5000 byte/],
            ["entry", /ERROR: LeakSanitizer: [\s\S]*\b40 byte/],
            ["read", /ERROR: AddressSanitizer: heap-use-after-free/],
          ] as const
        ) {
          assertMatch((await run([watched, what], ROOT, env)).err, report);
        }
        // Old Valgrinds do not read what clang says of its code.
        if (compiler.command[0] !== "gcc") continue;
        if (!await exists("valgrind")) {
          console.log("not run: there is no valgrind on this machine");
          continue;
        }
        const program = await compile(compiler, "tests/c/lost.c", folder);
        const silent = await run([...VALGRIND, program], ROOT, env);
        assertEquals([silent.code, silent.out, silent.err], [0, "lost: passed\n", ""]);
        for (
          const [what, report] of [
            ["block", /5,000 bytes in 1 blocks are definitely lost/],
            ["entry", /40 bytes in 1 blocks are definitely lost/],
            ["read", /Invalid read of size 1/],
          ] as const
        ) {
          const { code, err } = await run([...VALGRIND, program, what], ROOT, env);
          assertEquals(code, 9, err);
          assertMatch(err, report);
        }
      }
    }, isC),
);

Deno.test(
  "a freed block that rests and is written to stops the call at which it leaves",
  options,
  () =>
    withCompilers(async (compilers, folder) => {
      for (const compiler of compilers) {
        const program = await compile(compiler, "tests/c/resting.c", folder);
        const names = (await succeed([program])).out.trim().split("\n");
        assertEquals(names.length, 3);
        await each(names, async (name) => {
          const { signal, out, err } = await run([program, name], ROOT, { EMU_QUARANTINE: "1000" });
          assertEquals([name, signal], [name, "SIGABRT"], out + err);
          const stop = err.split("\n").filter((line) => line.startsWith("*** STOP"));
          assertEquals(stop, [out.trim()]);
          if (name !== "FreedTwice") assertMatch(err, /Written after it was freed: .*tag 'Rest'/);
        });
      }
    }, isC),
);

/** A mistake that is planted in a family's file: what its head says of it. */
interface Planted {
  readonly number: number;
  readonly code: string;
  /** The first parameter; null where it is an address. */
  readonly first: string | null;
  readonly isForSanitizer: boolean;
}

async function plantedIn(file: string): Promise<Planted[]> {
  const head = (await Deno.readTextFile(file)).split("*/")[0] ?? "";
  const lines = head.matchAll(/Mistake (\d): STOP 0x([0-9a-f]+) (?:0x([0-9a-f]+)|-),( under)?/g);
  return [...lines].map(([, number, code = "", first, under]) => ({
    number: Number(number),
    code: code.padStart(8, "0"),
    first: first === undefined ? null : first.padStart(16, "0"),
    isForSanitizer: under !== undefined,
  }));
}

Deno.test({
  ...options,
  name: "files in the shapes of drivers run unchanged, and mistakes planted in them are found",
  fn: () =>
    withCompilers(async (compilers, folder) => {
      const families = [...Deno.readDirSync(`${ROOT}tests/c/families`)].map(({ name }) => name);
      assertEquals(families.length, 6);
      const build = (compiler: Compiler, name: string, mistake: number, more: string[] = []) =>
        compile(
          { ...compiler, name: `${compiler.name} ${mistake}` },
          `tests/c/families/${name}`,
          folder,
          [...STRICT, `-DMISTAKE=${mistake}`, ...more],
        );
      await each(
        families.flatMap((name) => compilers.map((compiler) => ({ name, compiler }))),
        async (
          { name, compiler },
        ) => {
          assertEquals(await run([await build(compiler, name, 0)]), {
            code: 0,
            signal: null,
            out: "",
            err: "",
          }, `${name}, ${compiler.name}`);
        },
      );
      const first = compilers.slice(0, 2);
      await each(families.flatMap((name) => first.map((compiler) => ({ name, compiler }))), async (
        { name, compiler },
      ) => {
        const planted = await plantedIn(`${ROOT}tests/c/families/${name}`);
        assertEquals(planted.map(({ number }) => number), [1, 2, 3, 4, 5], name);
        for (const { number, code, first, isForSanitizer } of planted) {
          const more = isForSanitizer ? ["-fsanitize=address"] : [];
          const { err } = await run([await build(compiler, name, number, more)]);
          const stop = `\\*\\*\\* STOP 0x${code} \\(0x${first ?? "[0-9a-f]{16}"}`;
          assertMatch(
            err,
            new RegExp(stop),
            `${name}, mistake ${number}, ${compiler.name}\n${err}`,
          );
        }
      });
    }),
});
