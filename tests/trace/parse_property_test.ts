/**
 * Properties of the text of traces: a written trace is read back and compiles, and other text is an
 * error with file and line.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { format, parse, type Trace, TraceError } from "../../src/trace.ts";
import { STATS_KEYS } from "../../src/trace/list_trace.ts";
import { compile } from "../../tools/compile_traces.ts";
import { environmentCount, environmentSeed } from "../../tools/integers.ts";

const RUNS = environmentCount("LOOKASIDE_RUNS", 1000);
const SEED = environmentSeed();

/** The environment can name a seed and a path, as a failure prints them. */
function check<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => unknown): void {
  const path = Deno.env.get("LOOKASIDE_PATH");
  fc.assert(fc.property(arbitrary, (value) => void holds(value)), {
    numRuns: RUNS,
    ...(SEED === undefined ? {} : { seed: SEED }),
    ...(path === undefined ? {} : { path }),
  });
}

const slot = fc.oneof(fc.nat(20), fc.maxSafeNat());
const word = (characters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength });
const LETTERS = "abcXYZ019_.-";
const PRINTABLE = String.fromCharCode(...Array.from({ length: 0x7E - 0x20 }, (_, i) => 0x21 + i));

/** The keys of a list but for its name, in any order, each there or not. */
const listKeys = fc.tuple(
  fc.record({
    kind: fc.constantFrom("ex", "npaged", "paged"),
    size: fc.integer({ min: 1, max: 0xFFFF_FFFF }),
  }),
  fc.record({
    pool: fc.constantFrom("PagedPool", "NonPagedPoolNxCacheAligned", "0", "0x204", "768", "0x105"),
    max: fc.oneof(fc.constant(0), fc.integer({ min: 256, max: 1024 })),
  }, { requiredKeys: [] }),
  fc.record({
    tag: fc.oneof(
      word(PRINTABLE, 4),
      fc.nat(0xFFFF_FFFF).map((tag) => `0x${tag.toString(16).padStart(8, "0")}`),
    ),
    alloc: fc.constantFrom("default", "pool", "fail", "throw"),
    free: fc.constantFrom("default", "pool", "throw"),
    own: fc.constantFrom("on", "off"),
  }, { requiredKeys: [] }),
  fc.option(fc.nat(4)),
).chain(([always, ex, some, flags]) => {
  const isEx = always.kind === "ex";
  const legal = isEx
    ? ["None", "RaiseOnFail", "2", "0x1", "0"]
    : ["0", "16", "512", "0x210", "0x10"];
  const keys = {
    ...always,
    ...(isEx ? ex : {}),
    ...some,
    ...(flags === null ? {} : { flags: legal[flags] }),
  };
  const words = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
  return fc.shuffledSubarray(words, { minLength: words.length });
});

/** Numbers that {@linkcode legalText} makes a line of. */
const draw = fc.record({
  kind: fc.nat(99),
  list: fc.nat(99),
  name: fc.oneof(fc.constant("0"), word(LETTERS, 8)),
  keys: listKeys,
  slots: fc.uniqueArray(slot, { minLength: 1, maxLength: 6 }),
  number: fc.nat(0xFFFF_FFFF),
  values: fc.dictionary(fc.constantFrom(...STATS_KEYS), fc.nat(0xFFFF_FFFF), { minKeys: 1 }),
});

interface KnownList {
  readonly isEx: boolean;
  readonly greatestDepth: number;
  readonly live: Set<number>;
  /** What was freed last, until something is allocated. */
  freed: number | null;
}

/** A trace with lists, line by line. A draw that would be illegal is left out. */
function legalText(
  draws: readonly (typeof draw extends fc.Arbitrary<infer T> ? T : never)[],
): string {
  const lists = new Map<string, KnownList>();
  const lines: string[] = [];
  const allocated = () => lists.forEach((list) => list.freed = null);
  for (const { kind, list: index, name, keys, slots, number, values } of draws) {
    const known = [...lists.entries()][index % Math.max(lists.size, 1)];
    if (kind < 20 || known === undefined) {
      if (lists.has(name)) continue;
      const value = (key: string) =>
        keys.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
      const greatestDepth = Number(value("max") ?? 0) || 256;
      allocated();
      lists.set(name, {
        isEx: value("kind") === "ex",
        greatestDepth,
        live: new Set(),
        freed: null,
      });
      lines.push(`list ${name === "0" ? "" : `name=${name} `}${keys.join(" ")}`);
      continue;
    }
    const [listName, list] = known;
    const target = (value: number) => listName === "0" ? `${value}` : `${listName}:${value}`;
    const self = listName === "0" ? "" : ` ${listName}`;
    const [first = 0] = slots;
    const [live] = list.live;
    const unused = slots.filter((slot) => !list.live.has(slot));
    if (kind < 40) {
      if (unused.length === 0) continue;
      allocated();
      unused.forEach((slot) => list.live.add(slot));
      if (unused.length === 1) lines.push(`a ${target(unused[0]!)}`);
      else lines.push(`batch a ${target(unused[0]!)} ${unused.slice(1).join(" ")}`);
    } else if (kind < 55) {
      if (live === undefined) continue;
      list.live.delete(live);
      list.freed = live;
      lines.push(kind < 50 ? `f ${target(live)}` : `batch f ${target(live)}`);
    } else if (kind < 60) {
      if (list.freed !== null && !list.live.has(list.freed)) {
        lines.push(`bad double ${target(list.freed)}`);
      }
    } else if (kind < 70) {
      const how = lists.size > 1 && kind < 65 ? "foreign" : "interior";
      if (live !== undefined) lines.push(`bad ${how} ${target(live)}`);
    } else if (kind < 75) {
      if (list.isEx) lines.push(`flush${self}`);
    } else if (kind < 80) {
      lines.push(`depth ${target(number % (list.greatestDepth + 1))}`);
    } else if (kind < 85) {
      lines.push(
        `expect${self} ${
          Object.entries(values).map(([key, value]) => `${key}=${value}`).join(" ")
        }`,
      );
    } else if (kind < 90) {
      lines.push("tick");
    } else if (kind < 95) {
      lines.push(`fail ${number}`);
    } else if (first % 2 === 0) {
      lists.delete(listName);
      lines.push(`destroy${self}`);
    }
  }
  return lines.map((line) => `${line}\n`).join("");
}

const legal = fc.array(draw, { minLength: 1, maxLength: 60, size: "max" }).map(legalText);

const recordingText = fc.array(fc.tuple(fc.nat(12), fc.oneof(fc.nat(600), fc.nat(100_000))), {
  minLength: 1,
  maxLength: 60,
}).map((draws) => {
  const live = new Set<number>();
  return draws.map(([slot, bytes]) => {
    if (live.delete(slot)) return `f ${slot}\n`;
    live.add(slot);
    return `a ${slot} ${bytes}\n`;
  }).join("");
});

/** The steps of a trace, without their line numbers. */
function meaning(trace: Trace): unknown {
  if (trace.kind === "recording") return { ...trace, lines: [] };
  const { lists, steps } = trace;
  const unplaced = <T extends object>(value: T) => ({ ...value, line: 0 });
  return { lists: lists.map(unplaced), steps: steps.map(unplaced) };
}

function assertComesBack(trace: Trace): void {
  const text = format(trace);
  const again = parse(text, { file: trace.file });
  assertEquals(meaning(again), meaning(trace));
  assertEquals(format(again), text);
}

Deno.test("trace text: any trace with lists comes back from its text", () => {
  check(legal, (text) => {
    const trace = parse(text);
    assert(trace.kind === "lists");
    assertEquals(trace.steps.length, text.split("\n").length - 1);
    assertComesBack(trace);
  });
});

Deno.test("trace text: any recording comes back from its text", () => {
  check(recordingText, (text) => assertComesBack(parse(text)));
});

/** Reads text that may be no trace. It is a trace, and is read back, or the error names a line. */
function assertReadOrRefused(text: string | Uint8Array): "read" | "refused" {
  let trace: Trace;
  try {
    trace = parse(text, { file: "t" });
  } catch (error) {
    assert(error instanceof TraceError, `${error}`);
    const { file, line, message } = error;
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const lines = bytes.reduce((count, byte) => count + (byte === 0x0A ? 1 : 0), 1);
    assert(file === "t" && Number.isInteger(line) && line >= 1 && line <= lines, message);
    assert(message.startsWith(`t:${line}: `) && !message.includes("\n"), message);
    return "refused";
  }
  assertComesBack(trace);
  if (trace.kind === "lists") compile(trace);
  return "read";
}

const snippet = fc.oneof(
  fc.constantFrom(
    ..."list|name=0|name=a|name=b|kind=ex|kind=npaged|kind=paged|size=0|size=64|size=70000|pool=1"
      .split("|"),
    ..."pool=PagedPool|tag=|tag=Ab|tag=0x65656565|flags=1|flags=3|flags=RaiseOnFail|max=5|max=300"
      .split("|"),
    ..."alloc=x|alloc=pool|alloc=fail|free=throw|a|f|a:1|0:3|1|2|batch|bad|double".split("|"),
    ..."foreign|interior|tick|fail|depth|flush|destroy|expect|depth=1|b:1|:|=|#|-1|1.5|1e9|9e99"
      .split("|"),
    ..."\n| |\t|\r|\uFEFF|\0|é|😀|__proto__|constructor|9007199254740993|0x1|018446744073709551616"
      .split("|"),
  ),
  fc.string({ maxLength: 8 }),
  fc.constantFrom("1", "7", " ", "\n", " # said by hand\n"),
);

/** Changes a text: some characters, or a line that goes or comes twice. */
const change: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.record({ at: fc.nat(), length: fc.constantFrom(0, 0, 1, 3, 12), by: snippet }).map(
    ({ at, length, by }) => (text: string) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + by + text.slice(from + length);
    },
  ),
  fc.record({ at: fc.nat(), times: fc.constantFrom(0, 0, 0, 2) }).map(
    ({ at, times }) => (text: string) => {
      const lines = text.split("\n");
      const which = at % lines.length;
      lines.splice(which, 1, ...Array(times).fill(lines[which]));
      return lines.join("\n");
    },
  ),
);
const short = fc.array(draw, { minLength: 1, maxLength: 8 }).map(legalText);
const mutated = fc.tuple(
  fc.oneof(legal, short, recordingText),
  fc.array(change, { minLength: 1, maxLength: 3 }),
).map(([text, changes]) => changes.reduce((text, change) => change(text), text));

Deno.test("trace text: a text that was tampered with is a trace or an error with file and line", () => {
  check(mutated, assertReadOrRefused);
});

Deno.test("trace text: any text, and any bytes, are a trace or an error with file and line", () => {
  const words = fc.tuple(
    fc.constantFrom([], ["list size=64\n"]),
    fc.array(fc.oneof(snippet, fc.constant("\n")), { maxLength: 30 }),
  ).map((words) => words.flat());
  check(
    fc.oneof(
      words.map((words) => words.join(" ")),
      fc.string({ unit: "binary" }),
      fc.uint8Array(),
      fc.uint8Array({ min: 0x09, max: 0x7E }),
    ),
    assertReadOrRefused,
  );
});

Deno.test("trace text: the texts drawn are long, and of both kinds where they may be no traces", () => {
  const draws = { seed: 1, numRuns: 500 };
  const lines = fc.sample(legal, draws).map((text) => text.split("\n").length);
  assert(lines.reduce((sum, count) => sum + count) > 10 * draws.numRuns);
  const outcomes = fc.sample(mutated, draws).map(assertReadOrRefused);
  const read = outcomes.filter((outcome) => outcome === "read").length;
  assert(read > draws.numRuns / 20 && read < draws.numRuns / 2, `${read}`);
});
