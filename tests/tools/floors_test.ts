import { assertEquals } from "@std/assert";
import { type House, HOUSES, violations } from "../../tools/floors.ts";

const EMULATION = "rust/ntoskrnl-emu/src";

/** Files by path; those of the second argument go over those of the first. */
type Files = Readonly<Record<string, string>>;

async function inFolder(files: Files, run: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${root}/${path}`, text);
    }
    await run(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function projectFiles(folder: string, end: RegExp, files: Record<string, string>) {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== "target") await projectFiles(path, end, files);
    else if (end.test(name)) files[path] = await Deno.readTextFile(path);
  }
}

/** The project's files that the table is about. */
async function project(): Promise<Files> {
  const files: Record<string, string> = { "mod.ts": await Deno.readTextFile("mod.ts") };
  await projectFiles("src", /\.ts$/, files);
  await projectFiles("rust", /\.rs$|^Cargo\.toml$/, files);
  const { imports } = JSON.parse(await Deno.readTextFile("deno.json"));
  files["deno.json"] = JSON.stringify({ imports });
  return files;
}

/** The part of the table that a file is in. */
function houseOf(file: string): readonly House[] {
  const extension = /\.rs$|\.ts$|\.toml$/.exec(file)?.[0];
  const kinds = { ".rs": "rust", ".ts": "typescript", ".toml": "crates" };
  return HOUSES.filter(({ kind }) => kind === kinds[extension as keyof typeof kinds]);
}

const lineOf = (text: string | undefined): number => (text ?? "").split("\n").length;

Deno.test("every import of the project runs down", async () => {
  assertEquals(await violations("."), []);
});

/** What is added at the end of a file, and the file above that it reaches. */
const PLANTS: readonly {
  readonly kind: string;
  readonly file: string;
  readonly text: string;
  readonly to: string;
  readonly floors: readonly [string, string];
}[] = [
  {
    kind: "a `use` in Rust",
    file: `${EMULATION}/memory/layout.rs`,
    text: "use crate::list::section;",
    to: `${EMULATION}/list/section.rs`,
    floors: ["memory", "list"],
  },
  {
    kind: "a branch of a `use` in Rust",
    file: `${EMULATION}/memory/layout.rs`,
    text: "use crate::{sync::Ordering as _, pool::{self as blocks}};",
    to: `${EMULATION}/pool.rs`,
    floors: ["memory", "pool"],
  },
  {
    kind: "a path in an expression",
    file: `${EMULATION}/registry.rs`,
    text: "fn planted() -> bool { crate::host::lists::planted(1) }",
    to: `${EMULATION}/host/lists.rs`,
    floors: ["registry", "host"],
  },
  {
    kind: "a path over `super`",
    file: `${EMULATION}/pool/pages.rs`,
    text: "fn planted() -> bool { super::super::registry::planted() }",
    to: `${EMULATION}/registry.rs`,
    floors: ["pool", "registry"],
  },
  {
    kind: "a `use` over `super` in an inline module",
    file: `${EMULATION}/sync.rs`,
    text: "mod planted { use super::super::memory as ground; }",
    to: `${EMULATION}/memory.rs`,
    floors: ["ground", "memory"],
  },
  {
    kind: "a name that the root re-exports",
    file: `${EMULATION}/stops.rs`,
    text: "use crate::KfRaiseIrql;",
    to: `${EMULATION}/routines/irql.rs`,
    floors: ["stops", "routines"],
  },
  {
    kind: "a path in a macro",
    file: `${EMULATION}/sync.rs`,
    text: "macro_rules! planted { () => { $crate::list::section::enter() }; }",
    to: `${EMULATION}/list/section.rs`,
    floors: ["ground", "list"],
  },
  {
    kind: "a static import in TypeScript",
    file: "src/wdk/tag.ts",
    text: 'import { planted } from "../native/types.ts";',
    to: "src/native/types.ts",
    floors: ["base", "native"],
  },
  {
    kind: "an import of a type",
    file: "src/native/errors.ts",
    text: 'import type { Planted } from "../trace/world.ts";',
    to: "src/trace/world.ts",
    floors: ["native", "trace"],
  },
  {
    kind: "a type by `import()`",
    file: "src/native/errors.ts",
    text: 'type Planted = import("../trace/world.ts").Planted;',
    to: "src/trace/world.ts",
    floors: ["native", "trace"],
  },
  {
    kind: "a dynamic import",
    file: "src/trace/errors.ts",
    text: 'const planted = await import("../recording/builder.ts");',
    to: "src/recording/builder.ts",
    floors: ["trace", "recording"],
  },
  {
    kind: "a re-export in TypeScript",
    file: "src/recording/builder.ts",
    text: 'export * from "../trace.ts";',
    to: "src/trace.ts",
    floors: ["recording", "front"],
  },
  {
    kind: "the module by its public name",
    file: "src/recording/builder.ts",
    text: 'import "@win-lookaside/lookaside";',
    to: "mod.ts",
    floors: ["recording", "front"],
  },
  {
    kind: "a dependency between crates",
    file: "rust/wdm/Cargo.toml",
    text: "[dependencies]\nntoskrnl-emu.workspace = true",
    to: "rust/ntoskrnl-emu/Cargo.toml",
    floors: ["layouts", "emulation"],
  },
  {
    kind: "a renamed dependency of one target",
    file: "rust/ntoskrnl-emu/Cargo.toml",
    text: "[target.'cfg(unix)'.dependencies.handles]\npackage = \"lookaside-alloc\"",
    to: "rust/win-lookaside/Cargo.toml",
    floors: ["emulation", "handles"],
  },
];

Deno.test("an import up a floor is refused by file, line and floors", async (t) => {
  const files = await project();
  for (const { kind, file, text, to, floors: [lower, upper] } of PLANTS) {
    await t.step(kind, async () => {
      const planted = { ...files, [file]: `${files[file]}\n${text}\n` };
      const line = lineOf(`${files[file]}\n${text}`);
      await inFolder(planted, async (root) => {
        const refusal =
          `${file}:${line}: floor "${lower}" imports up, from ${to} on floor "${upper}"`;
        assertEquals(await violations(root, houseOf(file)), [refusal]);
      });
    });
  }
});

const SMALL: House = {
  kind: "rust",
  folder: "src/",
  floors: [["low", "low"], ["middle", "middle"], ["high", "high"], ["root", "lib"]],
  pairs: [["middle/one", "middle/two"]],
};
const ROOT = "mod low;\nmod middle;\nmod high;\npub use high::{name as renamed, inner};\n";
const MIDDLE = "mod one;\nmod two;\nmod three;\n";
const CRATE: Files = {
  "src/lib.rs": ROOT,
  "src/low.rs": "",
  "src/middle.rs": MIDDLE,
  "src/middle/one.rs": "",
  "src/middle/two.rs": "",
  "src/middle/three.rs": "",
  "src/high.rs": "pub mod inner {}\npub fn name() {}\n",
};

async function ofCrate(files: Files): Promise<string[]> {
  let found: string[] = [];
  await inFolder({ ...CRATE, ...files }, async (root) => {
    found = await violations(root, [SMALL]);
  });
  return found;
}

const UP = 'floor "low" imports up, from src/high.rs on floor "high"';

Deno.test("Rust is read as the compiler reads it", async (t) => {
  const low: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "a comment, a string and a lifetime import nothing",
      '// crate::high::x\n/* /* */ crate::high::x */\nfn f<\'a>() { "crate::high::x"; r#"" crate::high::x"#; \'"\'; }',
      [],
    ],
    ["code after them does", 'const C: char = \'"\';\nfn f<\'a>() { r#"""#; crate::high::x() }', [
      `src/low.rs:2: ${UP}`,
    ]],
    [
      "what tests alone compile stands above",
      "#[cfg(test)]\nmod tests { use crate::high; }\n#[cfg(all(loom, test))]\nfn f<A, B>() { crate::high::x() }\n#[cfg(test)]\nuse crate::{high, middle};",
      [],
    ],
    ["what tests and others compile does not", "#[cfg(any(test, loom))]\nuse crate::high;", [
      `src/low.rs:2: ${UP}`,
    ]],
    ["nor what comes after a test", "struct S { #[cfg(test)] a: u8, b: crate::high::T }", [
      `src/low.rs:1: ${UP}`,
    ]],
    ["a file of tests stands above", "#![cfg(test)]\nuse crate::high;", []],
    ["a name that the root renames is the renamed one's", "use crate::renamed;", [
      `src/low.rs:1: ${UP}`,
    ]],
    ["a module that the root re-exports is where it lies", "use crate::inner::x;", [
      `src/low.rs:1: ${UP}`,
    ]],
    ["a visibility imports nothing", "pub(in crate::high) fn f() {}\npub(crate) fn g() {}", []],
    ["another crate's path is its own", "use ::high::x;\nuse std::high;\nfn f() { high::x() }", []],
    ["an alias stands for what it names", "use crate as here;\nfn f() { here::high::x() }", [
      'src/low.rs:1: floor "low" imports up, from src/lib.rs on floor "root"',
      `src/low.rs:2: ${UP}`,
    ]],
    ["one line is said for each two files", "use crate::high::a;\nuse crate::high::b;", [
      `src/low.rs:1: ${UP}`,
    ]],
  ];
  for (const [name, text, expected] of low) {
    await t.step(name, async () => assertEquals(await ofCrate({ "src/low.rs": text }), expected));
  }
});

Deno.test("a file without a floor and a file outside the crate are refused", async () => {
  const others = { "src/one.rs": "use crate::two;", "src/two.rs": "use crate::one;" };
  assertEquals(await ofCrate({ "src/lib.rs": `${ROOT}mod one;\nmod two;\n`, ...others }), [
    "src/one.rs: stands on no floor",
    "src/two.rs: stands on no floor",
  ]);
  assertEquals(await ofCrate({ "src/lib.rs": `${ROOT}mod other;\n`, "src/other.rs": "" }), [
    "src/other.rs: stands on no floor",
  ]);
  assertEquals(await ofCrate({ "src/low/lost.rs": "use crate::high;" }), [
    "src/low/lost.rs: is no module of the crate",
  ]);
});

Deno.test("a re-export of all names by the root is refused: it does not say what it brings", async () => {
  assertEquals(await ofCrate({ "src/lib.rs": `${ROOT}pub use high::*;\n` }), [
    "src/lib.rs:5: the root must re-export by name",
  ]);
});

Deno.test("files of one floor do not import each other, but parents and named pairs", async (t) => {
  const [one, two, three] = ["src/middle/one.rs", "src/middle/two.rs", "src/middle/three.rs"];
  await t.step("two files are refused", async () => {
    assertEquals(await ofCrate({ [one]: "use super::three;", [three]: "\nuse super::one::x;" }), [
      `Files of floor "middle" import each other: ${one}:1 imports ${three}, ${three}:2 imports ${one}`,
    ]);
  });
  await t.step("a ring over the named pair is refused all the same", async () => {
    const ring = {
      [two]: "use super::one;",
      [one]: "use super::three;",
      [three]: "use super::two;",
    };
    assertEquals((await ofCrate(ring)).length, 1);
  });
  await t.step("the named pair is not", async () => {
    assertEquals(await ofCrate({ [one]: "use super::two;", [two]: "use super::one;" }), []);
  });
  await t.step("nor a module and what is around it", async () => {
    assertEquals(
      await ofCrate({ "src/middle.rs": `${MIDDLE}use one::x;`, [one]: "use super::y;" }),
      [],
    );
  });
});

Deno.test("a dynamic import of no literal is refused", async () => {
  const house = HOUSES.filter(({ kind }) => kind === "typescript");
  const files = { "mod.ts": "const name = './mod.ts';\nawait import(name);\n", "src/wdk/a.ts": "" };
  await inFolder(files, async (root) => {
    assertEquals(await violations(root, house), [
      "mod.ts:2: a dynamic import must name its module by a string literal",
    ]);
  });
});
