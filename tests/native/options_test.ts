/** Options by name: what is not known is refused, with the nearest name that is. */

import { assertEquals, assertThrows } from "@std/assert";
import { kernel, load, LookasideAlloc, type LookasideOptions } from "../../mod.ts";
import {
  crossCheck,
  modelWorld,
  parse,
  parseStream,
  record,
  RecordingCheck,
  RecordingReplay,
  replay,
} from "../../src/trace.ts";

const create = (options: unknown) => new LookasideAlloc(options as LookasideOptions);

// Behaviour: create-wrong-type.
Deno.test("an option that is not known is refused, with the nearest name", () => {
  const context = "Cannot create the list: there is no option";
  for (
    const [given, nearest] of [
      ["maxDepth", "maximumDepth"],
      ["pooltype", "poolType"],
      ["Size", "size"],
      ["tags", "tag"],
      ["alloc", "allocate"],
      ["dirver", "driver"],
    ]
  ) {
    const error = assertThrows(() => create({ size: 64, [given!]: undefined }), TypeError);
    assertEquals(error.message, `${context} "${given}"; did you mean: ${nearest}`);
  }
  const error = assertThrows(() => create({ size: 64, "\x1b[31m": 1 }), TypeError);
  assertEquals(
    error.message,
    `${context} "\\u001b[31m"; there are: size, poolType, tag, flags, maximumDepth, ownEntriesOnly, ` +
      "allocate, free, driver",
  );
  assertThrows(() => create({ size: 64, ["x".repeat(1_000_000)]: 1 }), TypeError, context);
});

Deno.test("every function with options refuses one that is not known, and what is no object", async () => {
  const recording = parse("a 1 16\nf 1\n");
  const lists = parse("list size=64\na 1\n");
  if (recording.kind !== "recording") throw new Error("It has lists of its own");
  const pool = { allocate: () => null, free() {}, tick() {} };
  const calls: readonly [near: string, (options: never) => unknown][] = [
    ["path", (options) => load(options)],
    ["zero", (options) => kernel.allocatePool(16, options)],
    ["poolMebibytes", (options) => kernel.configure(options)],
    ["file", (options) => parse("a 1 16\n", options)],
    ["tickEvery", (options) => replay(lists, modelWorld(), options)],
    ["tickEvery", (options) => replay(recording, modelWorld(), options)],
    ["tickEvery", (options) => crossCheck(lists, modelWorld(), modelWorld(), options)],
    ["tickEvery", (options) => new RecordingCheck(recording, modelWorld(), modelWorld(), options)],
    ["onTick", (options) => new RecordingReplay(recording, [], pool, options)],
    ["recorder", (options) => record(create({ size: 64 }), options)],
  ];
  for (const [name, call] of calls) {
    const wrong = `${name}s`;
    assertThrows(
      () => call({ [wrong]: 1 } as never),
      TypeError,
      `there is no option "${wrong}"; did you mean: ${name}`,
    );
    assertThrows(() => call(7 as never), TypeError, "options must be an object: 7");
    assertThrows(() => call(null as never), TypeError, "options must be an object: null");
  }
  let message = "";
  await parseStream([], { fille: "x" } as never).catch((error) => message = error.message);
  assertEquals(message, 'Cannot read the trace: there is no option "fille"; did you mean: file');
});

Deno.test("a number that is -0 is 0 wherever 0 can be", () => {
  using list = create({ size: 64, flags: -0, maximumDepth: -0, poolType: -0 });
  assertEquals([list.flags, list.poolType, list.stats().maximumDepth], [0, 0, 256]);
  list.setDepth(-0);
  assertEquals(list.stats().depth, 0);
  kernel.rootDriver.faults.failNext(-0);
  for (
    const [run, text] of [
      [() => create({ size: -0 }), "size must be an integer in 1 … 4294967295"],
      [() => kernel.allocatePool(-0), "bytes must be an integer in 1 … 4294967295"],
      [() => LookasideAlloc.attach(-0), "id must be an integer in 1 … 4294967295"],
      [() => list.free(-0 as never), "entry must be an integer in 1 … 4294967295"],
      [() => list.bytes(-0 as never), "entry must be an integer in 1 … 4294967295"],
      [() => kernel.freePool(-0 as never), "entry must be an integer in 1 … 4294967295"],
      [() => kernel.allocatePool(64, { tag: -0 }), "pool refuses a tag of zero"],
    ] as const
  ) {
    assertThrows(run, RangeError, text);
  }
});

// Behaviour: create-tag-refused.
Deno.test("a tag that pool refuses is refused by the constructor and by allocatePool()", () => {
  const refused: readonly [tag: string | number, why: string][] = [
    [0, "of zero: 0"],
    ["BIG", '"BIG": "BIG"'],
    ["BIG ", '"BIG": "BIG "'],
    [0x474942, '"BIG": 4671810'],
    ["....", 'without a letter or digit: "...."'],
    [7, "without a letter or digit: 7"],
    [0x0707_0707, "without a letter or digit: 117901063"],
  ];
  for (const [tag, why] of refused) {
    for (
      const [run, context] of [
        [() => create({ size: 64, tag }), "Cannot create the list"],
        [() => kernel.allocatePool(64, { tag }), "Cannot allocate the block"],
      ] as const
    ) {
      const error = assertThrows(run, RangeError);
      assertEquals(error.message, `${context}: pool refuses a tag ${why}`);
    }
  }
});

Deno.test("a tag's control characters are escaped in every text, and the tag itself is as it was", () => {
  const tag = 0x0A0D_1B41; // A, ESC, CR, LF
  using list = create({ size: 64, tag });
  using between = create({ size: 64, tag: 0x4200_9B41 });
  list.alloc();
  between.alloc();
  assertEquals([list.tag, between.tag], ["A\x1b\r\n", "A\x9b\0B"]);
  const texts = [
    kernel.formatLists(),
    kernel.formatPool(),
    Deno.inspect(list),
    Deno.inspect(between),
  ];
  list.destroy();
  texts.push(Deno.inspect(list));
  for (const text of texts) {
    // deno-lint-ignore no-control-regex
    assertEquals(/[\x00-\x09\x0B-\x1F\x7F-\x9F]/.exec(text), null);
  }
  assertEquals(Deno.inspect(list), 'LookasideAlloc "A\\x1b\\x0d\\x0a" (deleted)');
  assertEquals(texts[3]!.includes('Tag(hex): 0x42009b41 "A\\x9b\\x00B"'), true);
});
