/**
 * Refuses an import that runs up a floor, in Rust and in TypeScript.
 *
 * {@linkcode HOUSES} is the table: a house has floors, the lowest first, and each floor holds folders
 * and files. A file imports from its own floor and from lower ones.
 *
 * What counts as an import:
 *
 * - in TypeScript every import that the compiler resolves: static, of types, dynamic, `import("…")`
 *   types, re-exports. A dynamic import of no literal is refused, since nothing can check it;
 * - in Rust every path into the crate, in `use` and in any other code, macros included. A name that
 *   the crate's root re-exports stands where the root has it from. What only tests compile
 *   (`#[cfg(test)]`, also inside `all`) stands above all floors and may import everything;
 * - between crates the dependencies in `Cargo.toml`, but those of tests (`dev-dependencies`).
 *
 * Inside a floor two files must not import each other, nor a ring of more. Two things are not counted
 * there: what a Rust module imports from the module around it, which holds what the modules in it
 * share; and the pairs that the table names.
 *
 * @module
 */

import { readCrates } from "./floors/crates.ts";
import { readRust } from "./floors/rust.ts";
import { readTypeScript } from "./floors/typescript.ts";
import type { Import, Reading } from "./floors/reading.ts";

/** Files whose imports run down. */
export interface House {
  /** What its files are, which says how they are read. */
  readonly kind: "rust" | "typescript" | "crates";
  /** The folder that names in the table start from: a crate's `src/`, or empty. */
  readonly folder: string;
  /**
   * The floors, the lowest first: a name, and the folders and files on it, of Rust without `.rs`.
   *
   * The longest name that fits a file wins, so that a floor can lie in a folder of another.
   */
  readonly floors: readonly (readonly [name: string, ...holds: string[]])[];
  /** Files of one floor that may import each other. */
  readonly pairs?: readonly (readonly [string, string])[];
}

/** The table of floors. */
export const HOUSES: readonly House[] = [
  {
    kind: "typescript",
    folder: "",
    floors: [
      ["base", "src/wdk", "src/model.ts"],
      ["native", "src/native"],
      ["trace", "src/trace"],
      ["recording", "src/recording"],
      ["front", "mod.ts", "src/trace.ts", "src/recording.ts"],
    ],
  },
  {
    kind: "rust",
    folder: "rust/ntoskrnl-emu/src/",
    floors: [
      [
        "ground",
        "symbols",
        "sync",
        "owner",
        "unwatched",
        "delay",
        "scope",
        "verifier",
        "switches",
        "caller",
        "bug_check",
        "event_log",
        "sanitizer",
        "clock",
        "dispatcher",
        "threads",
        "stack",
      ],
      ["memory", "memory"],
      ["stops", "stops"],
      ["pool", "pool"],
      ["registry", "registry"],
      ["levels", "irql", "deadlock"],
      ["list", "list"],
      ["host", "host"],
      ["routines", "routines"],
      ["models", "models"],
      ["root", "lib"],
    ],
    pairs: [["list/damage", "list/section"]],
  },
  {
    kind: "rust",
    folder: "rust/ffi/src/",
    floors: [
      ["slot", "exports", "by_id", "stay", "slot", "layout"],
      ["pool, levels and callbacks", "pool", "irql", "callbacks"],
      ["lists", "lists"],
      ["sharing", "sharing"],
      ["drivers", "drivers", "verifier"],
      ["isolate", "isolate"],
      ["root", "lib"],
    ],
  },
  {
    kind: "crates",
    folder: "rust/",
    floors: [
      ["layouts", "wdm", "driver/protocol"],
      ["emulation", "ntoskrnl-emu"],
      ["handles", "win-lookaside"],
      ["contract", "contract"],
      ["check", "check"],
      ["doors", "ffi", "ntoskrnl-emu-c", "driver"],
      ["generators, fuzzing and benchmarks", "bindgen", "fuzz", "bench"],
    ],
  },
];

const READERS: Record<House["kind"], (root: string, folder: string) => Promise<Reading>> = {
  rust: readRust,
  typescript: readTypeScript,
  crates: readCrates,
};

/** Whether the table's `name` is `file`, or a folder around it. */
function holds(name: string, file: string): boolean {
  return file === name || file === `${name}.rs` || file.startsWith(`${name}/`);
}

function floorOf(house: House, file: string): number {
  const inside = file.slice(house.folder.length);
  const fitting = house.floors.flatMap(([, ...names], floor) =>
    names.filter((name) => holds(name, inside)).map((name) => ({ floor, length: name.length }))
  );
  return fitting.sort((a, b) => b.length - a.length)[0]?.floor ?? -1;
}

/** The refusal of an import, or none for one that runs down or level. */
function refusal(house: House, { from, line, to }: Import): string[] {
  const [lower, upper] = [floorOf(house, from), floorOf(house, to)];
  const [at, above] = [house.floors[lower]?.[0], house.floors[upper]?.[0]];
  if (at === undefined || above === undefined || upper <= lower) return [];
  return [`${from}:${line}: floor "${at}" imports up, from ${to} on floor "${above}"`];
}

/** Whether an import inside a floor is counted when rings are looked for. */
function isCounted(house: House, { from, to }: Import): boolean {
  const [a, b] = [from, to].map((file) => file.slice(house.folder.length)) as [string, string];
  const isAround = house.kind === "rust" && a.startsWith(`${b.replace(/\.rs$/, "")}/`);
  const isPair = house.pairs?.some(([one, other]) => holds(one, a) && holds(other, b));
  const floor = floorOf(house, from);
  return floor !== -1 && floor === floorOf(house, to) && !isAround && !isPair;
}

/** A shortest way along imports from one file back to it; empty where there is none. */
function ringFrom(start: string, next: Map<string, Import[]>): Import[] {
  const came = new Map<string, Import>();
  const waiting = [start];
  for (const file of waiting) {
    for (const step of next.get(file) ?? []) {
      if (came.has(step.to)) continue;
      came.set(step.to, step);
      waiting.push(step.to);
    }
  }
  const ring: Import[] = [];
  let step = came.get(start);
  while (step) {
    ring.unshift(step);
    step = step.from === start ? undefined : came.get(step.from);
  }
  return ring;
}

function rings(house: House, imports: readonly Import[]): string[] {
  const counted = imports.filter((one) => isCounted(house, one));
  const next = Map.groupBy(counted, ({ from }) => from);
  const seen = new Set<string>();
  const found: string[] = [];
  for (const start of [...next.keys()].sort()) {
    const ring = seen.has(start) ? [] : ringFrom(start, next);
    if (ring.length === 0) continue;
    for (const { from } of ring) seen.add(from);
    const steps = ring.map(({ from, line, to }) => `${from}:${line} imports ${to}`);
    const floor = house.floors[floorOf(house, start)]?.[0];
    found.push(`Files of floor "${floor}" import each other: ${steps.join(", ")}`);
  }
  return found;
}

/** What stands against the table in the project at `root`: each names files, lines and floors. */
export async function violations(
  root: string,
  houses: readonly House[] = HOUSES,
): Promise<string[]> {
  const found: string[] = [];
  for (const house of houses) {
    const { files, imports, unreadable } = await READERS[house.kind](root, house.folder);
    const homeless = files.filter((file) => floorOf(house, file) === -1);
    found.push(...unreadable, ...homeless.map((file) => `${file}: stands on no floor`));
    // One line for each two files: the first.
    const ways = Map.groupBy(imports, ({ from, to }) => `${from} ${to}`);
    const first = [...ways.values()].flatMap(([import_]) => import_ ?? []);
    found.push(...first.flatMap((one) => refusal(house, one)), ...rings(house, first));
  }
  return found;
}

if (import.meta.main) {
  const found = await violations(Deno.args[0] ?? ".");
  for (const line of found) console.error(line);
  console.log(`Against the table of floors: ${found.length}`);
  if (found.length > 0) Deno.exit(1);
}
