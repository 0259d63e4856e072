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

const ROOT = new URL("../../", import.meta.url).pathname;
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
  "support",
  "print",
  "threads",
  "stops",
  "catch",
  "drivers",
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

async function run(command: string[], cwd = ROOT): Promise<Run> {
  const [program = "", ...args] = command;
  const output = await new Deno.Command(program, { args, cwd }).output();
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
          assertEquals(`${name}: ${lines.at(-1)}`, `${name}: ${out.trim()}`);
        });
      }
    }),
);

/** The traces that C cannot replay: it has no exceptions. */
const RAISING = [
  "callback_raise.trace",
  "callback_throw.trace",
  "callback_throw_flush.trace",
  "legacy_callbacks.trace",
  "raise_in_batch.trace",
  "raise_on_fail.trace",
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
      // The emulation's tables are kept to the end by pointers into them: possibly lost, not lost.
      const check = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full"];
      const kinds = ["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];
      const programs = ["lists", "legacy", "pool", "situations", "support", "print", "threads"];
      await each(programs, async (name) => {
        const program = await compile(compiler, `tests/c/${name}.c`, folder);
        const rounds = name === "threads" ? ["2000"] : [];
        const { err } = await succeed([...check, ...kinds, program, ...rounds]);
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
  const wanted = [...header.matchAll(/ {4}\(EmuExport\)(\w+),/g)].map(([, name]) => name ?? "");
  const exported = await listed("libntoskrnl_emu.so");
  assertEquals(exported.sort(), wanted.sort());
  for (const name of exported) assertMatch(name, /^(Ex|Exp|Ke|Kf|emu_|InitializeSListHead$)/);
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
      assertEquals([sources.length, outputs.length], [2, 2]);
      for (const [index, { text }] of sources.entries()) {
        const source = `${folder}/${index === 0 ? "packets" : "twice"}.c`;
        await Deno.writeTextFile(source, text);
        await each(compilers, async (compiler) => {
          const program = await compile(compiler, source, folder);
          const { err, code, signal } = await run([program]);
          const said = outputs[index]?.text ?? "";
          assertEquals(err.replace(ADDRESSES, "ADDRESS"), said.replace(ADDRESSES, "ADDRESS"));
          assertEquals<unknown>([code, signal], index === 0 ? [0, null] : [134, "SIGABRT"]);
        });
      }
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
