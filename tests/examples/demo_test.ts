import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { denoCommand } from "../support/deno.ts";

const ROOT = new URL("../../", import.meta.url);
const SMALL = "a 1 24\na 2 30\na 3 5000\nf 1\na 4 20\nf 4\nf 2\nf 3\na 5 0\n";

interface Run {
  code: number;
  out: string;
  err: string;
}

/** Runs the demo as `deno task demo` does, only without the build. */
async function demo(args: string[], options: string[] = []): Promise<Run> {
  const { code, stdout, stderr } = await denoCommand({
    args: [
      "run",
      "--quiet",
      ...options,
      "--allow-ffi",
      "--allow-read",
      "--allow-env",
      "examples/demo.ts",
      ...args,
    ],
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs a test with a folder of its own. */
async function withFiles(
  files: Record<string, string | Uint8Array>,
  test: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await test((name) => `${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A file that cannot be replayed ends the demo with exit code 2 and one line. */
function assertRefused({ code, out, err }: Run, message: string): void {
  assertEquals({ code, out, err }, { code: 2, out: "", err: `${message}\n` });
}

Deno.test("the demo replays a recording, prints a table that lines up, and finds no divergence", async () => {
  await withFiles({ "own.trace": SMALL }, async (path) => {
    const { code, out, err } = await demo([path("own.trace")]);
    assertEquals([code, err], [0, ""]);
    const lines = out.split("\n");
    const at = lines.findIndex((line) => /^ *list +allocates/.test(line));
    const rows = lines.slice(at, at + 4).map((line) => line.trim().split(/ {2,}/));
    assertEquals(rows.slice(1).map((row) => row.slice(0, 5)), [
      ["32 B", "3", "3", "33.3 %", "100.0 %"],
      ["16 B", "1", "0", "0.0 %", "-"],
      ["all", "4", "3", "25.0 %", "100.0 %"],
    ]);
    assertEquals(rows[1]?.slice(5), ["4", "4", "4", "64"]);
    assertEquals(new Set(lines.slice(at, at + 4).map((line) => line.length)).size, 1);
    assertStringIncludes(out, "1 allocates too large for a list went to pool");
    assertStringIncludes(out, "0 divergences in 9 operations");
    assertMatch(out, /^[\d.]+ million operations a second: .* 5,000,00\d operations/m);
    assertMatch(out, /^memory before: 0 bytes of pool, .*after: 0 bytes of pool/m);
    assert(!out.includes("\x1b"), "no colours where there is no terminal");
  });
});

Deno.test("the demo takes several files at once: lists, a compressed recording, a Valgrind log", async () => {
  const files = {
    "lists.trace": "list size=64 tag=Demo\na 1\na 2\nf 1\na 3\ntick\nexpect totalAllocates=3\n",
    "packed": await gzip(SMALL),
    "run.log": "==9== Memcheck\n--9-- malloc(24) = 0x40\n--9-- free(0x80)\n--9-- free(0x40)\n",
  };
  await withFiles(files, async (path) => {
    const { code, out, err } = await demo(Object.keys(files).map(path));
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "0 divergences in 18 operations");
    assertStringIncludes(out, "converted from a log of Valgrind's, process 9");
    assertStringIncludes(out, "1 frees of addresses that were not allocated, left out");
  });
});

Deno.test("the demo shows each list with --all, and puts the rest together without it", async () => {
  const sizes = Array.from({ length: 9 }, (_, i) => 16 + 16 * i);
  const text = sizes.map((size, i) => `a ${i} ${size}\n`).join("");
  await withFiles({ "nine.trace": text }, async (path) => {
    const some = await demo([path("nine.trace")]);
    assertMatch(some.out, /^3 others /m);
    const all = await demo(["--all", path("nine.trace")]);
    for (const size of sizes) assertMatch(all.out, new RegExp(`^ *${size} B `, "m"));
  });
});

Deno.test("the demo refuses a malformed file in one line with its name and line", async () => {
  await withFiles({ "bad.trace": "a 1 16\n# two\nb 2 16\n" }, async (path) => {
    const file = path("bad.trace");
    assertRefused(await demo([file]), `${file}:3: A recording holds only a and f: "b"`);
  });
});

Deno.test("the demo refuses a truncated compressed file in one line with its name and what is wrong", async () => {
  const whole = await gzip(Array.from({ length: 9000 }, (_, i) => `a ${i} ${i % 700}\n`).join(""));
  await withFiles({ "cut.trace.gz": whole.subarray(0, whole.length >> 1) }, async (path) => {
    const file = path("cut.trace.gz");
    const { code, out, err } = await demo([file]);
    assertEquals([code, out], [2, ""]);
    assertMatch(
      err.replace(file, "FILE"),
      /^FILE(:\d+: Cannot read on|: Cannot read the file): the gzip data is cut off\n$/,
    );
  });
});

Deno.test("the demo refuses a binary file in one line with its name and line", async () => {
  const bytes = Uint8Array.from({ length: 9000 }, (_, i) => i * i + (i >> 3));
  await withFiles({ "binary": bytes }, async (path) => {
    const file = path("binary");
    const { code, out, err } = await demo([file]);
    assertEquals([code, out], [2, ""]);
    assertMatch(err.replace(file, "FILE"), /^FILE:\d+: Not a text file.*\n$/);
  });
});

Deno.test("the demo refuses a file that is missing, and a directory, before it replays any", async () => {
  await withFiles({ "own.trace": SMALL }, async (path) => {
    const file = path("none.trace");
    assertRefused(
      await demo([path("own.trace"), file]),
      `${file}: Cannot read the file: there is no such file`,
    );
    assertRefused(await demo([path("")]), `${path("")}: Cannot read a directory`);
  });
});

Deno.test("the demo refuses a recording that no pool can be large enough for, by its name", async () => {
  await withFiles({ "huge.trace": "a 1 3000000000\n" }, async (path) => {
    const file = path("huge.trace");
    assertRefused(
      await demo([file]),
      `${file}: Cannot replay the recording: it needs a pool of 5739 MiB, and the largest one has: 4095`,
    );
  });
});

Deno.test("the demo asks which process of a log is meant, and takes the one named", async () => {
  await withFiles(
    { "two.log": "--8-- malloc(9) = 0x40\n--9-- malloc(8) = 0x40\n" },
    async (path) => {
      const file = path("two.log");
      assertRefused(
        await demo([file]),
        `${file}:2: A second process calls here, name the one to convert (pid): 8 or 9`,
      );
      const { code, out } = await demo(["--pid", "9", file]);
      assertEquals(code, 0);
      assertStringIncludes(out, "process 9");
    },
  );
});

Deno.test("the demo refuses options that it does not have, and names those it has", async () => {
  const { code, out, err } = await demo(["--pod", "9"]);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, "--pod");
  const help = await demo(["--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.out, "--pid PID");
});

Deno.test("the demo ends with 1 where a trace does not get what it expects", async () => {
  await withFiles({ "no.trace": "list size=64\na 1\nexpect totalAllocates=2\n" }, async (path) => {
    const file = path("no.trace");
    const { code, err } = await demo([file]);
    assertEquals([code, err], [1, `${file}:3: Expected totalAllocates=2, but it is: 1\n`]);
  });
});

Deno.test("the demo ends with 1 at the first divergence and names operation and line", async () => {
  const files = {
    "own.trace": `# a comment\n${SMALL}`,
    "broken.ts": `
      import { nativeWorld as soundWorld } from "${ROOT}src/trace.ts";
      export * from "${ROOT}src/trace.ts";
      export function nativeWorld() {
        const world = soundWorld();
        const createList = (like) => {
          const list = world.createList(like);
          const sound = list.stats.bind(list);
          list.stats = () => {
            const stats = sound();
            return stats.totalFrees === 2 ? { ...stats, freeMisses: 1 } : stats;
          };
          return list;
        };
        return { ...world, createList };
      }`,
    "imports.json": JSON.stringify({
      imports: {
        "@win-lookaside/lookaside": `${ROOT}mod.ts`,
        "@win-lookaside/lookaside/model": `${ROOT}src/model.ts`,
        "@win-lookaside/lookaside/trace": "./broken.ts",
        "cli-progress": "npm:cli-progress@^3.12.0",
      },
    }),
  };
  await withFiles(files, async (path) => {
    const file = path("own.trace");
    const { code, out, err } = await demo([file], ["--import-map", path("imports.json")]);
    assertEquals(code, 1);
    assertMatch(
      err.replace(file, "FILE"),
      /^FILE:7: Rust and the model differ at operation 6, "f \d+": 32\.freeMisses is 1 in Rust and 0 in the model\n$/,
    );
    assert(!out.includes("0 divergences"));
  });
});

const joined = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

Deno.test("the demo reads a compressed file of several members as gunzip does, zero bytes at its end too", async () => {
  const members = joined(
    await gzip("list size=64\na 1\n"),
    await gzip(""),
    await gzip("f 1\na 2\n"),
  );
  await withFiles(
    { "two.gz": members, "zeros.gz": joined(members, new Uint8Array(40)) },
    async (path) => {
      for (const name of ["two.gz", "zeros.gz"]) {
        const { code, out, err } = await demo([path(name)]);
        assertEquals([code, err], [0, ""]);
        assertStringIncludes(out, "0 divergences in 4 operations");
      }
    },
  );
});

Deno.test("the demo says of a compressed file that it is cut off, damaged or followed by something else", async () => {
  const [first, second] = [await gzip("list size=64\na 1\n"), await gzip("f 1\n")];
  const damaged = first.slice();
  damaged[damaged.length - 8]! ^= 1;
  const wrong: readonly (readonly [Uint8Array, string])[] = [
    [first.subarray(0, -4), "the gzip data is cut off"],
    [joined(first, second.subarray(0, 5)), "the gzip data is cut off"],
    [joined(first, second.subarray(0, -9)), "the gzip data is cut off"],
    [joined(first, new TextEncoder().encode("f 1\n and more")), "is no gzip member"],
    [damaged, "the gzip data is damaged: its checksum is another"],
  ];
  for (const [bytes, text] of wrong) {
    await withFiles({ "bad.gz": bytes }, async (path) => {
      const { code, out, err } = await demo([path("bad.gz")]);
      assertEquals([code, out], [2, ""]);
      assertStringIncludes(err, text);
      assertEquals(err.split("\n").length, 2);
    });
  }
});

// Behaviour: no-pool-compared.
Deno.test("the demo ends with 2 where the pool is used up, which is no divergence, and --pool helps", async () => {
  const lines = Array.from({ length: 70 }, (_, slot) => `a ${slot}\n`).join("");
  await withFiles({ "half.trace": `list size=1048576\n${lines}` }, async (path) => {
    const file = path("half.trace");
    const { code, out, err } = await demo([file]);
    assertEquals([code, err], [
      2,
      `${file}:65: Cannot compare further: in Rust the pool of 64 MiB is used up: "a 63" needs ` +
      "1048576 bytes\na larger pool: --pool MIB\n",
    ]);
    assert(!out.includes("divergence"));
    const more = await demo(["--pool", "128", file]);
    assertEquals([more.code, more.err], [0, ""]);
    assertStringIncludes(more.out, "0 divergences in 71 operations");
    for (const pool of ["0", "4096", "1.5", "x"]) {
      assertRefused(
        await demo(["--pool", pool, file]),
        `--pool must be an integer in 1 … 4095: ${pool}`,
      );
    }
  });
});

const COMMANDS: readonly string[] = [
  "--allow-ffi --allow-env examples/demo.ts --help",
  "--allow-ffi --allow-env tools/crosscheck/main.ts --ops 10",
  "examples/from_valgrind.ts",
];

for (const command of COMMANDS) {
  Deno.test({
    name: `a full standard output is one line and exit code 2: ${command}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const script = `echo '--9-- malloc(24) = 0x40' |
        "$0" run --quiet --allow-read --allow-write ${command} >/dev/full`;
      const { code, stderr } = await new Deno.Command("sh", {
        args: ["-c", script, Deno.execPath()],
        cwd: ROOT,
      }).output();
      const err = new TextDecoder().decode(stderr);
      assertEquals(code, 2, err);
      assertMatch(err, /^Cannot write to the standard output: .+\n$/);
    },
  });
}

Deno.test("the converter refuses what it does not take in one line", async () => {
  for (const args of [["run.log"], ["--pod", "9"], ["--pid", "x"]]) {
    const { code, stdout, stderr } = await denoCommand({
      args: ["run", "--quiet", "examples/from_valgrind.ts", ...args],
      cwd: ROOT,
    }).output();
    assertEquals([code, stdout.length], [2, 0]);
    assertMatch(new TextDecoder().decode(stderr), /^Cannot convert the log: .+\n$/);
  }
});
