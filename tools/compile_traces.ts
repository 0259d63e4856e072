/**
 * Compiles traces for readers that know no grammar: the driver's client, and `tests/c/replay.c`.
 *
 * ```text
 * deno task compile-traces           every trace of tests/traces, into target/traces
 * deno task compile-traces FILE…     these, each beside itself: lifo.trace becomes lifo.compiled
 * ```
 *
 * The task leaves out what a kernel cannot do, and says so. The format is that of
 * `rust/driver/protocol` (`compiled.rs`, and `wire.rs` for the operations of a driver).
 *
 * @module
 */

import { type ListTrace, parse, TraceError, type TraceList, type TraceStep } from "../src/trace.ts";
import { STATS_KEYS } from "../src/trace/list_trace.ts";
import { takesEntries } from "../src/trace/world.ts";
import { ROOT } from "./root.ts";

/** `LkTr`, little-endian. */
const MAGIC = 0x7254_6B4C;
const VERSION = 2;
const OPERATION_WORDS = 8;
/** A driver's handle has so many lists and slots at once (`wire.rs`). */
const LISTS = 64;
const SLOTS = 16_384;

/** The number of an operation is its place here, from 1. */
const OPERATIONS: readonly TraceStep["op"][] = // deno-fmt-ignore
  ["list", "a", "f", "flush", "depth", "destroy", "tick", "fail", "bad", "expect"];
/** The number of each of these is its place. */
const KINDS: readonly TraceList["kind"][] = ["ex", "npaged", "paged"];
const ALLOCATES: readonly TraceList["alloc"][] = ["default", "pool", "fail", "throw"];
const FREES: readonly TraceList["free"][] = ["default", "pool", "throw"];
const MISTAKES: readonly string[] = ["double", "interior", "foreign"];
const STATISTICS: readonly string[] = STATS_KEYS;

/** Shorter entries have no room for what a driver writes into them. */
const STAMPED_BYTES = 16;

/** POOL_RAISE_IF_ALLOCATION_FAILURE, a flag of the legacy kinds. */
const RAISE_IF_ALLOCATION_FAILURE = 16;

/** How many operations a step becomes: one for each slot, or statistic. */
export function operationCount(step: TraceStep): number {
  if (step.op === "expect") {
    return Object.keys(step.values).length;
  }
  return step.op === "batch" ? step.slots.length : 1;
}

/**
 * Compiles a trace.
 *
 * @throws {TraceError} If it has more lists or slots at once than a driver's handle, with the line.
 */
export function compile(trace: ListTrace): Uint8Array<ArrayBuffer> {
  const compiler = new Compiler(trace);
  const operations: number[] = [];
  const lines: number[] = [];
  for (const step of trace.steps) {
    for (const words of compiler.operations(step)) {
      for (let i = 0; i < OPERATION_WORDS; i++) {
        operations.push(words[i] ?? 0);
      }
      lines.push(step.line);
    }
  }
  const name = new TextEncoder().encode(trace.file);
  const words = [MAGIC, VERSION, lines.length, name.length, ...operations, ...lines];
  const bytes = new Uint8Array(4 * words.length + name.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes.set(name, 4 * words.length);
  return bytes;
}

/** A list of the trace while it lives: its number, and the numbers of its slots. */
interface CompiledList {
  readonly number: number;
  /** Slots that are freed, too: the trace may free one of these once more. */
  readonly slots: Map<number, number>;
  readonly taken: Set<number>;
}

/** The numbers below a limit, the lowest at the end. */
function numbersBelow(limit: number): number[] {
  return Array.from({ length: limit }, (_, i) => limit - 1 - i);
}

class Compiler {
  readonly #trace: ListTrace;
  readonly #lists = new Map<number, CompiledList>();
  readonly #spareLists = numbersBelow(LISTS);
  readonly #spareSlots = numbersBelow(SLOTS);

  constructor(trace: ListTrace) {
    this.#trace = trace;
  }

  /** The words of each operation of a step; zeros at the end are left out. */
  operations(step: TraceStep): number[][] {
    const code = OPERATIONS.indexOf(step.op) + 1;
    switch (step.op) {
      case "tick":
        return [[code]];
      case "fail":
        return [[code, 0, step.count]];
      case "list":
        return [[code, ...this.#create(step.list, step)]];
    }
    const list = this.#list(step.list, step);
    switch (step.op) {
      case "a":
        return [this.#allocate(list, step.slot, false, step)];
      case "f":
        return [this.#free(list, step.slot, step)];
      case "batch":
        return step.slots.map((slot, i) =>
          step.free ? this.#free(list, slot, step) : this.#allocate(list, slot, i > 0, step)
        );
      case "flush":
        return [[code, list.number]];
      case "depth":
        return [[code, list.number, step.depth]];
      case "destroy":
        this.#lists.delete(step.list);
        this.#spareLists.push(list.number);
        list.taken.forEach((slot) => this.#spareSlots.push(this.#slot(list, slot, step)));
        return [[code, list.number]];
      case "bad": {
        const into = this.#list(step.into, step).number;
        const slot = this.#slot(list, step.slot, step);
        return [[code, list.number, slot, MISTAKES.indexOf(step.how), into]];
      }
      case "expect": {
        const values = Object.entries(step.values);
        return values.map(([key, value]) => [code, list.number, STATISTICS.indexOf(key), value]);
      }
    }
  }

  #create(index: number, step: TraceStep): number[] {
    const list = this.#trace.lists[index]!;
    const { kind, size, poolType, tag, flags, maximumDepth, alloc, free } = list;
    const number = this.#spare(this.#spareLists, "lists", LISTS, step);
    this.#lists.set(index, { number, slots: new Map(), taken: new Set() });
    const callbacks = ALLOCATES.indexOf(alloc) << 8 | FREES.indexOf(free) << 16;
    const own = Number(list.ownEntriesOnly === false) << 24;
    // The legacy kinds imply their pool type.
    const pool = kind === "ex" ? poolType : 0;
    return [number, size, pool, tag, flags, maximumDepth, KINDS.indexOf(kind) | callbacks | own];
  }

  /** The free of a slot, or the attempt to where the list that it names does not take the entry. */
  #free(list: CompiledList, slot: number, step: TraceStep & { op: "f" | "batch" }): number[] {
    const { lists } = this.#trace;
    const number = this.#slot(list, slot, step);
    const to = step.into === undefined ? null : this.#list(step.into, step).number;
    if (!takesEntries(lists[step.into ?? step.list]!, lists[step.list]!)) {
      return [OPERATIONS.indexOf("bad") + 1, list.number, number, MISTAKES.indexOf("foreign"), to!];
    }
    list.taken.delete(slot);
    this.#spareSlots.push(number);
    return [OPERATIONS.indexOf("f") + 1, list.number, number, to === null ? 0 : to + 1];
  }

  /** An allocation into a slot; a chained one waits for the one before. */
  #allocate(list: CompiledList, slot: number, chained: boolean, step: TraceStep): number[] {
    const number = this.#spare(this.#spareSlots, "slots", SLOTS, step);
    list.slots.set(slot, number);
    list.taken.add(slot);
    return [OPERATIONS.indexOf("a") + 1, list.number, number, Number(chained)];
  }

  #spare(numbers: number[], what: string, limit: number, step: TraceStep): number {
    const message = `A driver's handle can have no more ${what} at once than this: ${limit}`;
    return this.#known(numbers.pop(), step, message);
  }

  #list(index: number, step: TraceStep): CompiledList {
    return this.#known(this.#lists.get(index), step, `There is no such list here: ${index}`);
  }

  #slot(list: CompiledList, slot: number, step: TraceStep): number {
    return this.#known(list.slots.get(slot), step, `There is no such slot here: ${slot}`);
  }

  #known<T>(value: T | undefined, step: TraceStep, message: string): T {
    if (value === undefined) {
      throw new TraceError(this.#trace.file, step.line, message);
    }
    return value;
  }
}

/** What a kernel can do of a trace. */
export interface KernelPart {
  /** That part of it; its steps stand where they stood. */
  readonly trace: ListTrace;
  /** How many steps are left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Lists that have an allocate callback in place of the default that would raise. */
  readonly substituted: number;
}

/**
 * Leaves out what a kernel cannot be asked: `tick` and `fail`, which only the emulation has; `bad`
 * and frees to a list that does not take the entry, which a kernel does not notice until it is damaged;
 * `expect`, which the comparison replaces; lists whose callbacks throw. Flags that let a default
 * allocation raise, or that are undefined without a callback, get a callback that asks pool. An entry
 * stays with its list where such a callback, or an entry too short for its ordinal, is in the way.
 */
export function kernelPart(trace: ListTrace): KernelPart {
  const skipped: Record<string, number> = {};
  let substituted = 0;
  const lists = trace.lists.map((list): TraceList =>
    needsCallback(list) ? { ...list, alloc: "pool" } : list
  );
  const steps = trace.steps.filter((step) => {
    const reason = reasonToSkip(step, trace.lists);
    if (reason !== null) {
      skipped[reason] = (skipped[reason] ?? 0) + 1;
    } else if (step.op === "list" && lists[step.list] !== trace.lists[step.list]) {
      substituted += 1;
    }
    return reason === null;
  }).map((step): TraceStep => {
    if ((step.op !== "f" && step.op !== "batch") || step.into === undefined) return step;
    const [from, into] = [lists[step.list]!, lists[step.into]!];
    const { into: _, ...stays } = step;
    return takesEntries(into, from) && isStamped(from) === isStamped(into) ? step : stays;
  });
  return { trace: { ...trace, lists, steps }, skipped, substituted };
}

function isStamped({ size }: TraceList): boolean {
  return size >= STAMPED_BYTES;
}

/** Why a kernel cannot be asked a step; null if it can. */
export function reasonToSkip(step: TraceStep, lists: readonly TraceList[]): string | null {
  if (step.op === "tick" || step.op === "fail" || step.op === "bad" || step.op === "expect") {
    return step.op;
  }
  if (
    (step.op === "f" || step.op === "batch") &&
    !takesEntries(lists[step.into ?? step.list]!, lists[step.list]!)
  ) {
    return "bad";
  }
  const { alloc, free } = lists[step.list]!;
  return alloc === "throw" || free === "throw" ? "throw" : null;
}

function needsCallback({ kind, flags, alloc }: TraceList): boolean {
  const mayRaise = kind === "ex" ? flags !== 0 : (flags & RAISE_IF_ALLOCATION_FAILURE) !== 0;
  return mayRaise && alloc === "default";
}

/** Reads a file that must be a trace with lists. */
export async function readListTrace(path: string | URL, file: string): Promise<ListTrace> {
  const trace = parse(await Deno.readFile(path), { file });
  if (trace.kind !== "lists") {
    throw new TraceError(file, 1, "A recording: it has no list line");
  }
  return trace;
}

async function compileFile(path: string | URL, file: string, into: string): Promise<void> {
  const { trace, skipped, substituted } = kernelPart(await readListTrace(path, file));
  await Deno.writeFile(into, compile(trace));
  const without = Object.entries(skipped).map(([reason, count]) => `${count} ${reason}`).join(", ");
  console.log(
    `${into}: ${trace.steps.length} steps; left out: ${without || "nothing"}; ` +
      `lists with a callback in place of one that would raise: ${substituted}`,
  );
}

async function compileAll(): Promise<void> {
  await Deno.mkdir(`${ROOT}target/traces`, { recursive: true });
  for (const { name } of Deno.readDirSync(`${ROOT}tests/traces`)) {
    if (name.endsWith(".trace")) {
      const into = `${ROOT}target/traces/${name.slice(0, -".trace".length)}.compiled`;
      await compileFile(`${ROOT}tests/traces/${name}`, name, into);
    }
  }
}

if (import.meta.main) {
  try {
    for (const file of Deno.args) {
      await compileFile(file, file, file.replace(/(\.trace)?$/, ".compiled"));
    }
    if (Deno.args.length === 0) {
      await compileAll();
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
