import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { kernel } from "../../mod.ts";
import { LookasideModel, type ModelStats } from "../../src/model.ts";
import { RecordingBuilder } from "../../src/recording/builder.ts";
import { goOn } from "../../src/recording/check.ts";
import { Parser } from "../../src/trace/parse.ts";
import {
  crossCheck,
  type Divergence,
  ExpectationError,
  format,
  type ListTrace,
  modelWorld,
  nativeWorld,
  NoPoolError,
  operationLine,
  operationText,
  parse,
  parseStream,
  record,
  type RecordableList,
  Recorder,
  type Recording,
  RecordingCheck,
  RecordingReplay,
  replay,
  sizeClass,
  TraceError,
  type World,
} from "../../src/trace.ts";

function parseLists(text: string): ListTrace {
  const trace = parse(text);
  assert(trace.kind === "lists");
  return trace;
}

function parseRecording(text: string): Recording {
  const trace = parse(text);
  assert(trace.kind === "recording");
  return trace;
}

/** The parser's error for a text: line and message. */
function refusal(text: string | Uint8Array): string {
  const error = assertThrows(() => parse(text, { file: "t" }), TraceError);
  assertEquals(error.file, "t");
  assertEquals(error.message.startsWith(`t:${error.line}: `), true);
  return error.message.slice("t:".length);
}

/** The parser's error for a line after a list. */
function refusalAfterList(line: string): string {
  return refusal(`list size=64\n${line}\n`);
}

// The grammar.

Deno.test("trace: a list has defaults for all but its size", () => {
  assertEquals(parseLists("list size=64\n").lists, [{
    name: "0",
    kind: "ex",
    size: 64,
    poolType: 512,
    tag: 0x4C4C7273,
    flags: 0,
    maximumDepth: 0,
    alloc: "default",
    free: "default",
    line: 1,
  }]);
});

Deno.test("trace: a list takes every key", () => {
  const text =
    "list name=b kind=ex size=24 pool=PagedPool tag=Abcd flags=2 max=300 alloc=pool free=throw\n";
  assertEquals(parseLists(text).lists, [{
    name: "b",
    kind: "ex",
    size: 24,
    poolType: 1,
    tag: 0x64636241,
    flags: 2,
    maximumDepth: 300,
    alloc: "pool",
    free: "throw",
    line: 1,
  }]);
});

Deno.test("trace: pool takes a key, a decimal or a hexadecimal number", () => {
  const pools = ["NonPagedPool", "1", "0x204", "NonPagedPoolNxCacheAligned", "768"];
  const types = pools.map((pool) => parseLists(`list size=8 pool=${pool}\n`).lists[0]!.poolType);
  assertEquals(types, [0, 1, 516, 516, 768]);
});

Deno.test("trace: flags take a key or a number", () => {
  const flags = ["None", "RaiseOnFail", "FailNoRaise", "0", "1", "0x2"];
  assertEquals(
    flags.map((flag) => parseLists(`list size=8 flags=${flag}\n`).lists[0]!.flags),
    [0, 1, 2, 0, 1, 2],
  );
});

Deno.test("trace: a tag is text, even of digits, unless it is 0x and eight digits", () => {
  const tags = ["a", "12", "0x12", "#!~=", "0x64636261", "abcd"];
  assertEquals(
    tags.map((tag) => parseLists(`list size=8 tag=${tag}\n`).lists[0]!.tag),
    [0x61, 0x3231, 0x32317830, 0x3D7E2123, 0x64636261, 0x64636261],
  );
});

Deno.test("trace: every operation is understood", () => {
  const text = [
    "list size=64",
    "list name=b size=64",
    "a 1",
    "a b:1",
    "f 1",
    "flush",
    "flush b",
    "tick",
    "depth 9",
    "depth b:9",
    "fail 3",
    "batch a 1 2",
    "batch a b:2 b:3 4",
    "batch f b:4 2",
    "batch f 2 1",
    "bad double 1",
    "bad interior b:1",
    "bad foreign b:3",
    "expect depth=9 outstanding=0",
    "expect b outstanding=2",
    "destroy b",
    "destroy",
  ];
  const steps = parseLists(`${text.join("\n")}\n`).steps;
  assertEquals(steps.map((step) => step.line), text.map((_, i) => i + 1));
  assertEquals(steps.slice(2), [
    { op: "a", line: 3, list: 0, slot: 1 },
    { op: "a", line: 4, list: 1, slot: 1 },
    { op: "f", line: 5, list: 0, slot: 1 },
    { op: "flush", line: 6, list: 0 },
    { op: "flush", line: 7, list: 1 },
    { op: "tick", line: 8 },
    { op: "depth", line: 9, list: 0, depth: 9 },
    { op: "depth", line: 10, list: 1, depth: 9 },
    { op: "fail", line: 11, count: 3 },
    { op: "batch", line: 12, list: 0, free: false, slots: [1, 2] },
    { op: "batch", line: 13, list: 1, free: false, slots: [2, 3, 4] },
    { op: "batch", line: 14, list: 1, free: true, slots: [4, 2] },
    { op: "batch", line: 15, list: 0, free: true, slots: [2, 1] },
    { op: "bad", line: 16, list: 0, slot: 1, how: "double", into: 0 },
    { op: "bad", line: 17, list: 1, slot: 1, how: "interior", into: 1 },
    { op: "bad", line: 18, list: 1, slot: 3, how: "foreign", into: 0 },
    { op: "expect", line: 19, list: 0, values: { depth: 9, outstanding: 0 } },
    { op: "expect", line: 20, list: 1, values: { outstanding: 2 } },
    { op: "destroy", line: 21, list: 1 },
    { op: "destroy", line: 22, list: 0 },
  ]);
});

Deno.test("trace: comments, blank lines, tabs, CRLF and a byte order mark are read over", () => {
  const text = "\uFEFF# first\r\n\r\n \tlist\tsize=64   # a list\r\na 1 #b\r\n   \nf 1\n";
  assertEquals(format(parse(text)), "list size=64\na 1\nf 1\n");
  assertEquals(parseLists(text).steps.map((step) => step.line), [3, 4, 6]);
});

Deno.test("trace: a slot is any integer up to 2^53 - 1", () => {
  const text = "list size=64\na 9007199254740991\nf 9007199254740991\n";
  assertEquals(format(parse(text)), text);
});

Deno.test("trace: after destroy a name can be given to another list", () => {
  const trace = parseLists("list size=64\na 1\ndestroy\nlist size=32\na 1\n");
  assertEquals(trace.lists.map((list) => list.size), [64, 32]);
  assertEquals(trace.steps.at(-1), { op: "a", line: 5, list: 1, slot: 1 });
});

Deno.test("trace: format writes what parse reads, for every key", () => {
  const text =
    "list name=b size=24 pool=PagedPool tag=Abcd flags=FailNoRaise max=300 alloc=pool free=throw\n" +
    "list name=c kind=paged size=24 tag=0x00000001 flags=528\n" +
    "list name=d size=24 pool=768 alloc=fail own=off\n";
  assertEquals(format(parse(text)), text);
});

// Its errors.

Deno.test("trace: an unknown operation is named with its line", () => {
  assertEquals(refusal("list size=64\n\n# x\nb 1\n"), '4: Unknown operation: "b"');
  assertEquals(refusal("hello world\n"), '1: Unknown operation: "hello"');
});

Deno.test("trace: a list line that is wrong says why", () => {
  const cases: [string, string][] = [
    ["", 'A list needs its size: "size=64"'],
    ["size=0", "The size must be at least 1: 0"],
    ["size=-1", 'The size must be a non-negative integer: "-1"'],
    ["size=1.5", 'The size must be a non-negative integer: "1.5"'],
    ["size=4294967296", "The size is above 4294967295: 4294967296"],
    ["size", 'Not of the form key=value: "size"'],
    ["=64", 'Not of the form key=value: "=64"'],
    ["size=8 size=8", 'This key is there twice: "size"'],
    ["size=8 colour=red", 'Unknown key of a list: "colour"'],
    [
      "size=8 name=a:b",
      'The name of a list must be 1 to 64 letters, digits, "_", "." or "-": "a:b"',
    ],
    ["size=8 kind=big", 'The value of kind must be one of ex, npaged, paged: "big"'],
    ["size=8 pool=2", 'The pool type is not one of POOL_TYPE\'s: "2"'],
    ["size=8 pool=pagedpool", 'Unknown value of pool: "pagedpool"'],
    ["size=8 pool=toString", 'Unknown value of pool: "toString"'],
    [
      "size=8 tag=abcde",
      'The tag must be one to four printable characters or 0x and eight digits: "abcde"',
    ],
    [
      "size=8 tag=",
      'The tag must be one to four printable characters or 0x and eight digits: ""',
    ],
    [
      "size=8 tag=é",
      'The tag must be one to four printable characters or 0x and eight digits: "é"',
    ],
    ["size=8 flags=3", 'The flags must be one of 0, 1, 2: "3"'],
    ["size=8 flags=raise", 'Unknown value of flags: "raise"'],
    ["size=8 kind=npaged flags=1", 'The flags must be one of 0, 16, 512, 528: "1"'],
    ["size=8 max=255", "The maximum depth must be 0 or from 256 to 1024: 255"],
    ["size=8 max=1025", "The maximum depth must be 0 or from 256 to 1024: 1025"],
    ["size=8 kind=paged pool=PagedPool", 'A list of kind paged does not take this key: "pool"'],
    ["size=8 kind=npaged max=256", 'A list of kind npaged does not take this key: "max"'],
    ["size=8 alloc=none", 'The value of alloc must be one of default, pool, fail, throw: "none"'],
    ["size=8 own=yes", 'The value of own must be one of on, off: "yes"'],
    ["size=8 free=fail", 'The value of free must be one of default, pool, throw: "fail"'],
  ];
  for (const [words, message] of cases) {
    assertEquals(refusal(`list ${words}\n`), `1: ${message}`);
  }
  assertEquals(refusalAfterList("list size=8"), '2: There is a list of this name already: "0"');
});

Deno.test("trace: an operation that is wrong says why", () => {
  const cases: [string, string][] = [
    ["a", "Something is missing, the form is: a SLOT"],
    ["a 1 64", 'The form is a SLOT, this is too much: "64"'],
    ["a x", 'The slot must be a non-negative integer: "x"'],
    ["a -1", 'The slot must be a non-negative integer: "-1"'],
    ["a 1e3", 'The slot must be a non-negative integer: "1e3"'],
    ["a 9007199254740992", "The slot is above 9007199254740991: 9007199254740992"],
    ["a b:1", 'There is no list of this name: "b"'],
    ["f 1", "The slot is not allocated: 1"],
    ["flush b", 'There is no list of this name: "b"'],
    ["flush 0 1", 'The form is flush [LIST], this is too much: "1"'],
    ["tick 0", 'The form is tick, this is too much: "0"'],
    ["depth", "Something is missing, the form is: depth DEPTH"],
    ["depth 257", "The depth is above the maximum depth of 256: 257"],
    ["fail", "Something is missing, the form is: fail COUNT"],
    ["fail 4294967296", "The count is above 4294967295: 4294967296"],
    ["batch", 'The value of batch must be one of a, f: ""'],
    ["batch a", "A batch needs at least one slot: batch a SLOT…"],
    ["batch a 1 1", "The slot is allocated already: 1"],
    ["batch f 1", "The slot is not allocated: 1"],
    ["bad", 'The value of bad must be one of double, foreign, interior: ""'],
    ["bad double", "Something is missing, the form is: bad double SLOT"],
    [
      "bad double 1",
      "The slot was not freed since the last allocation, so it cannot be freed twice: 1",
    ],
    ["bad interior 1", "The slot is not allocated: 1"],
    ["expect", "Nothing is expected: expect STATISTIC=VALUE…"],
    ["expect hits=1", 'Unknown statistic: "hits"'],
    ["expect depth=4 depth=4", 'This key is there twice: "depth"'],
    ["expect depth=-4", 'The depth must be a non-negative integer: "-4"'],
    ["expect outstanding=-", 'The outstanding must be a non-negative integer: ""'],
    ["expect outstanding=-2147483648", "The outstanding is above 2147483647: 2147483648"],
    ["expect depth", 'There is no list of this name: "depth"'],
  ];
  for (const [line, message] of cases) {
    assertEquals(refusalAfterList(line), `2: ${message}`);
  }
});

Deno.test("trace: a slot that is live cannot be allocated, nor a free one freed", () => {
  assertEquals(refusalAfterList("a 1\na 1"), "3: The slot is allocated already: 1");
  assertEquals(refusalAfterList("a 1\nf 1\nf 1"), "4: The slot is not allocated: 1");
  assertEquals(refusal("a 1 16\na 1 16\n"), "2: The slot is allocated already: 1");
  assertEquals(refusal("a 1 16\nf 1\nf 1\n"), "3: The slot is not allocated: 1");
  assertEquals(refusal("f 7\n"), "1: The slot is not allocated: 7");
});

Deno.test("trace: a second free comes before the next allocation, while it is certain what it means", () => {
  parse("list size=64\na 1\nf 1\nflush\ntick\nbad double 1\n");
  assertEquals(
    refusalAfterList("a 1\nf 1\na 2\nbad double 1"),
    "5: The slot was not freed since the last allocation, so it cannot be freed twice: 1",
  );
  assertEquals(
    refusalAfterList("a 1\nbad double 1"),
    "3: The slot was not freed since the last allocation, so it cannot be freed twice: 1",
  );
});

Deno.test("trace: a foreign free needs a list that does not take the entry, and passes over others", () => {
  const message = "A list is needed that does not take the entry, to be given it";
  assertEquals(refusalAfterList("a 1\nbad foreign 1"), `3: ${message}`);
  const taker = "list name=b size=60 own=off\n";
  assertEquals(refusalAfterList(`${taker}a 1\nbad foreign 1`), `4: ${message}`);
  const { steps } = parseLists(`list size=64\n${taker}list name=c size=64\na 1\nbad foreign 1\n`);
  assertEquals(steps.at(-1), { op: "bad", line: 5, list: 0, slot: 1, how: "foreign", into: 2 });
});

// Behaviour: free-to-another, free-to-another-strict.
Deno.test("trace: a free to another list empties the slot where that list takes the entry", () => {
  const lists = "list name=a size=64\nlist name=b size=64 own=off\nlist name=c size=64 own=on\n";
  const text = `${lists}batch a a:1 2 3\nf a:1 to=b\nf a:2 to=c\nbatch f a:2 3 to=b\na a:1\n`;
  const trace = parseLists(text);
  const own = trace.lists.map(({ ownEntriesOnly }) => ownEntriesOnly);
  assertEquals(own, [undefined, false, undefined]);
  assertEquals(trace.steps.slice(4, 7), [
    { op: "f", line: 5, list: 0, slot: 1, into: 1 },
    { op: "f", line: 6, list: 0, slot: 2, into: 2 },
    { op: "batch", line: 7, list: 0, free: true, slots: [2, 3], into: 1 },
  ]);
  assertEquals(format(trace), text.replace(" own=on", ""));
  assertEquals(parseLists(`${lists}a a:1\nf a:1 to=a\n`).steps.at(-1), {
    op: "f",
    line: 5,
    list: 0,
    slot: 1,
  });
  const outcomes: string[] = [];
  replay(trace, modelWorld(), { onStep: ({ outcome }) => outcomes.push(outcome) });
  assertEquals(outcomes.slice(4), ["done", "STOP 0xC2/0x46", "done", "done"]);
  const says = (lines: string) => refusal(`${lists}a a:1\n${lines}\n`);
  assertEquals(says("f a:1 to=b\nf a:1"), "6: The slot is not allocated: 1");
  assertEquals(says("f a:1 to=c\na a:1"), "6: The slot is allocated already: 1");
  assertEquals(says("f a:1 to=d"), '5: There is no list of this name: "d"');
  assertEquals(says("destroy b\nf a:1 to=b"), '6: The list is destroyed: "b"');
  assertEquals(says("f to=b"), "5: Something is missing, the form is: f SLOT [to=LIST]");
  assertEquals(says("f a:1 to=b b"), '5: The form is f SLOT [to=LIST], this is too much: "to=b"');
  assertEquals(says("a a:2 to=b"), '5: The form is a SLOT, this is too much: "to=b"');
  assertEquals(says("batch f to=b"), "5: A batch needs at least one slot: batch f SLOT…");
});

// Behaviour: free-to-another.
Deno.test("trace: both lists of a free to another are compared after it", () => {
  const trace = parse(
    "list name=a size=64\nlist name=b size=64 own=off\na a:1\nf a:1 to=b\na a:1\n",
  );
  for (const [name, key] of [["a", "totalFrees"], ["b", "freeMisses"]] as const) {
    const world = modelWorld();
    const wrong: World = {
      ...world,
      createList(list) {
        const made = world.createList(list);
        const stats = made.stats.bind(made);
        let isWrong = false;
        if (list.name === name) {
          made.stats = () => ({ ...stats(), ...(isWrong ? { [key]: 7 } : {}) });
        }
        const freeForeign = made.freeForeign.bind(made);
        made.freeForeign = (ordinal, owner) => {
          freeForeign(ordinal, owner);
          spoil();
        };
        const before = spoil;
        spoil = () => {
          before();
          isWrong = true;
        };
        return made;
      },
    };
    let spoil = () => {};
    const difference = crossCheck(trace, wrong, modelWorld());
    assertEquals([difference?.line, difference?.field], [4, `${name}.${key}`]);
  }
});

Deno.test("trace: a batch is about one list", () => {
  assertEquals(
    refusalAfterList("list name=b size=8\nbatch a 1 b:2"),
    '3: A batch is about one list: "b:2"',
  );
});

Deno.test("trace: a legacy list cannot be flushed, a destroyed one not used", () => {
  assertEquals(
    refusal("list size=64 kind=paged\nflush\n"),
    "2: A list of this kind cannot be flushed: paged",
  );
  assertEquals(refusalAfterList("destroy\na 1"), '3: The list is destroyed: "0"');
  assertEquals(refusalAfterList("destroy\ndestroy"), '3: The list is destroyed: "0"');
});

Deno.test("trace: what needs a list comes after one", () => {
  assertEquals(refusal("flush\n"), '1: There is no list line before this: "flush"');
  assertEquals(refusal("tick\nexpect depth=4\n"), '2: There is no list line before this: "expect"');
  assertEquals(
    refusal("a 1\n"),
    "1: There is no list line before this, so the bytes are needed: a 1 BYTES",
  );
});

Deno.test("trace: a recording has no lines but a and f", () => {
  assertEquals(refusal("a 1 16\ntick\n"), '2: A recording holds only a and f: "tick"');
  assertEquals(
    refusal("a 1 16\nlist size=64\n"),
    "2: A list line must come before the first operation",
  );
  assertEquals(
    refusal("a 1 16\na 2\n"),
    "2: There is no list line before this, so the bytes are needed: a 2 BYTES",
  );
  assertEquals(refusal("a 1 16\nf 1 16\n"), '2: The form is f SLOT, this is too much: "16"');
  assertEquals(refusal("a 1 x\n"), '1: The bytes must be a non-negative integer: "x"');
  assertEquals(
    refusal("a 1 16\na 2 4294967296\n"),
    "2: The bytes are above 4294967295: 4294967296",
  );
  assertEquals(
    refusal("a 1 16\na 2 99999999999999999999\n"),
    "2: The bytes is above 9007199254740991: 99999999999999999999",
  );
});

Deno.test("trace: an empty file is an error", () => {
  assertEquals(refusal(""), "1: There is no operation in it");
  assertEquals(refusal("# nothing\n\n"), "2: There is no operation in it");
});

Deno.test("trace: a file that is cut off is an error, in any line", () => {
  assertEquals(
    refusal("list size=64\na 1"),
    '2: The last line has no line end, so the file may be cut off: "a 1"',
  );
  const text = "a 10 160\na 11 1600\nf 10\n";
  for (let length = 1; length < text.length; length++) {
    if (text[length - 1] !== "\n") {
      const error = assertThrows(() => parse(text.slice(0, length)), TraceError);
      assertEquals(error.line, text.slice(0, length).split("\n").length);
    }
  }
});

Deno.test("trace: a binary file is an error, with its line", () => {
  const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  assertEquals(
    refusal(bytes("list size=64\na\x001\n")),
    "2: Not a text file, there is a zero byte at column: 2",
  );
  assertEquals(
    refusal(bytes("a 1 16\n\xff\xfe\x01\n")),
    "2: Not a text file, the line is not UTF-8: ff fe 01",
  );
  assertEquals(refusal(bytes("\x7fELF\x02\n")), '1: Unknown operation: "\x7fELF\\u0002"');
  assertEquals(
    refusal(new Uint8Array(100_000)),
    "1: Not a text file, there are zero bytes in the line",
  );
  // An UTF-16 file of Windows' editors.
  assertEquals(refusal(bytes("\xff\xfea\x00 \x001\x00\n\x00")).startsWith("1: Not a text"), true);
});

Deno.test("trace: a line that is too long is an error, whether or not it ends", () => {
  const long = "9".repeat(5000);
  assertEquals(
    refusal(`list size=64\na ${long}\n`),
    "2: The line is longer than 4096 bytes: at least 5002",
  );
  assertEquals(
    refusal(`list size=64\na ${long}`),
    "2: The line is longer than 4096 bytes: at least 5002",
  );
  assertEquals(
    refusalAfterList(`a ${"9".repeat(400)}`),
    `2: The slot is above 9007199254740991: ${"9".repeat(40)}…`,
  );
});

Deno.test("trace: a trace with lists has a limit of steps", () => {
  const ticks = new TextEncoder().encode("tick\n".repeat(100_000));
  function* parts(): Generator<Uint8Array> {
    yield new TextEncoder().encode("list size=64\n");
    for (;;) {
      yield ticks;
    }
  }
  return assertRejects(
    () => parseStream(parts(), { file: "huge" }),
    TraceError,
    "huge:2097153: A trace with lists that is read at once can have no more steps than this: 2097152",
  ).then(() => {});
});

Deno.test("trace: steps that are passed on may be as many as there are", () => {
  let steps = 0;
  const parser = new Parser("huge", () => new RecordingBuilder("huge"), undefined, () => steps++);
  parser.push(new TextEncoder().encode("list size=64\n"));
  const ticks = new TextEncoder().encode("tick\n".repeat(100_000));
  for (let i = 0; i < 21; i++) parser.push(ticks);
  const { lists, steps: collected } = parser.finish() as ListTrace;
  assertEquals([steps, lists.length, collected.length], [2_100_001, 1, 0]);
});

Deno.test("trace: a recording that is checked in portions shows the difference that it shows as a whole", () => {
  const lines: string[] = [];
  for (let i = 0; i < 5000; i++) {
    if (i % 1000 === 999) lines.push("# another thousand");
    lines.push(`a ${i} ${16 + i % 3 * 16}`, `f ${i}`);
  }
  const text = `${lines.join("\n")}\n`;
  /** A world whose lists give the wrong entry at the allocation with this number. */
  const wrongAt = (number: number): World => {
    const world = modelWorld();
    let allocations = 0;
    const createList: World["createList"] = (like) => {
      const list = world.createList(like);
      const alloc = list.alloc.bind(list);
      list.alloc = () => alloc() + (++allocations === number ? 1 : 0);
      return list;
    };
    return { ...world, createList };
  };
  const whole = parseRecording(text);
  for (const number of [1, 2048, 2049, 4999]) {
    const expected = crossCheck(whole, modelWorld(), wrongAt(number));
    let found: Divergence | null = null;
    using parts = new RecordingCheck(
      { ...whole, operations: new Uint32Array(0) },
      modelWorld(),
      wrongAt(number),
    );
    const builder = new RecordingBuilder("trace", (portion) => {
      if (found !== null) return;
      goOn(parts, portion);
      found = parts.advance();
    });
    const parser = new Parser("trace", () => builder);
    parser.push(new TextEncoder().encode(text));
    parser.finish();
    assertEquals(builder.finish().operations.length, 0);
    assertEquals(builder.count, whole.operations.length);
    assertEquals(found, expected);
    assert(expected !== null && expected.line > 0);
  }
});

Deno.test("trace: 100 MB that are no trace end at their first line", async () => {
  let read = 0;
  function* parts(): Generator<Uint8Array> {
    while (read < 100) {
      read += 1;
      yield new Uint8Array(2 ** 20).fill(0x78);
    }
  }
  await assertRejects(() => parseStream(parts()), TraceError, "trace:1: The line is longer");
  assertEquals(read, 1);
});

Deno.test("trace: a stream that breaks is an error with the line it came to", async () => {
  function* parts(): Generator<Uint8Array> {
    yield new TextEncoder().encode("a 1 16\nf 1\n");
    throw new Error("corrupt deflate stream");
  }
  const error = await assertRejects(() => parseStream(parts(), { file: "x.gz" }), TraceError);
  assertEquals(error.message, "x.gz:3: Cannot read on: corrupt deflate stream");
});

Deno.test("trace: a stream gives the same as the text, however it is cut", async () => {
  const text = "\uFEFF# ü\nlist size=64\r\na 1\n\nbatch a 2 3\nf 1\nexpect totalFrees=1\n";
  const bytes = new TextEncoder().encode(text);
  for (const length of [1, 2, 3, 7, 1000]) {
    const parts: Uint8Array[] = [];
    for (let start = 0; start < bytes.length; start += length) {
      parts.push(bytes.subarray(start, start + length));
    }
    assertEquals(await parseStream(parts), parse(text));
  }
  assertEquals(parse(bytes), parse(text));
});

Deno.test("trace: a long string is read in parts and keeps its characters whole", () => {
  const comment = `#${"😀".repeat(100)}\n`;
  const text = `${comment.repeat(4000)}a 1 16\n`;
  assertEquals(operationLine(parseRecording(text), 0), 4001);
});

// Recordings.

Deno.test("trace: size classes are multiples of 16 up to 512, then four per doubling up to 4096", () => {
  const classes = new Set<number | null>();
  for (let bytes = 0; bytes <= 5000; bytes++) {
    const size = sizeClass(bytes);
    assert(size === null ? bytes > 4096 : size >= bytes);
    classes.add(size);
  }
  const small = Array.from({ length: 32 }, (_, i) => 16 * (i + 1));
  const large = [640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096];
  assertEquals([...classes], [...small, ...large, null]);
});

Deno.test("trace: a recording is split into size classes, its slots renumbered", () => {
  const recording = parseRecording("a 1000 24\na 5 32\na 9 0\nf 1000\na 7 5000\na 1000 24\nf 5\n");
  assertEquals(recording.lists.map((list) => list.size), [16, 32]);
  assertEquals([...recording.operations], [0, 2, 4, 1, 6, 0, 3]);
  assertEquals([...recording.slotBytes], [24, 32, 0, 5000]);
  assertEquals([...recording.slotList], [1, 1, 0, 255]);
  assertEquals([recording.allocations, recording.largeAllocations], [5, 1]);
  assertEquals(recording.peakBytes, 32 + 32 + 16 + 5000);
});

Deno.test("trace: a recording's text gives the same recording", () => {
  const recording = parseRecording("a 1000 24\na 5 32\nf 1000\na 7 5000\na 8 24\nf 5\nf 7\n");
  assertEquals(format(recording), "a 0 24\na 1 32\nf 0\na 2 5000\na 0 24\nf 1\nf 2\n");
  assertEquals(parseRecording(format(recording)), recording);
});

Deno.test("trace: each operation of a recording knows its line", () => {
  const recording = parseRecording("# x\na 1 16\na 2 16\n\n\nf 1\n# y\nf 2\n");
  assertEquals([0, 1, 2, 3].map((i) => operationLine(recording, i)), [2, 3, 6, 8]);
  assertEquals(operationText(recording, 2), "f 0");
});

Deno.test("trace: a million operations take four bytes each", () => {
  const lines: string[] = [];
  for (let i = 0; i < 500_000; i++) {
    lines.push(`a ${i} ${i % 700}`, `f ${i}`);
  }
  const recording = parseRecording(`${lines.join("\n")}\n`);
  assertEquals(recording.operations.byteLength, 4_000_000);
  assertEquals(recording.slotBytes.length, 700);
  assertEquals(recording.lines.length, 2);
});

Deno.test("trace: a recording ticks every 10,000 operations unless told otherwise", () => {
  const recording = parseRecording("a 1 16\nf 1\n".repeat(12_500));
  for (
    const [tickEvery, expected] of [[undefined, 2], [5000, 5], [25_000, 1], [30_000, 0]] as const
  ) {
    let ticks = 0;
    const world: World = { ...modelWorld(), tick: () => ticks++ };
    replay(recording, world, tickEvery === undefined ? {} : { tickEvery });
    assertEquals(ticks, expected);
  }
  assertThrows(() => replay(recording, modelWorld(), { tickEvery: 0 }), RangeError, "tickEvery");
});

Deno.test("trace: a recording is replayed at full speed in portions and again", () => {
  const recording = parseRecording("a 1 24\na 2 9000\nf 1\na 3 30\na 4 16\n");
  const lists = recording.lists.map(({ size }) => new LookasideModel({ size }));
  const blocks: number[] = [];
  let ticks = 0;
  const pool = {
    allocate: (bytes: number) => blocks.push(bytes),
    free: (block: number) => void (blocks[block - 1] = 0),
    tick: () => void ticks++,
  };
  const run = new RecordingReplay(recording, lists, pool, { tickEvery: 4 });
  assertEquals([run.advance(2), run.advance(2), run.position, ticks], [2, 2, 4, 1]);
  assertEquals([run.advance(), run.advance(), run.position], [1, 0, 5]);
  assertEquals(lists.map((list) => list.stats().outstanding), [1, 1]);
  run.rewind();
  assertEquals([lists.map((list) => list.stats().outstanding), blocks], [[0, 0], [0]]);
  assertEquals(run.advance(), 5);
  assertEquals(lists[1]!.stats().allocateHits, 3);
  assertThrows(() => new RecordingReplay(recording, [], pool), RangeError, "2 lists are needed");
});

// Replaying.

Deno.test("trace: a replay gives each step's entries, outcome and counters", () => {
  const steps: [string, readonly number[], number | undefined][] = [];
  const trace = parse(
    "list size=64\na 1\nbatch a 2 3\nf 2\nfail 1\na 4\na 5\nf 5\nf 4\nbad double 4\n",
  );
  replay(trace, modelWorld(), {
    onStep: ({ outcome, entries, stats }) => steps.push([outcome, entries, stats?.totalAllocates]),
  });
  assertEquals(steps, [
    ["done", [], 0],
    ["done", [1], 1],
    ["done", [2, 3], 3],
    ["done", [], 3],
    ["done", [], undefined],
    ["done", [2], 4],
    ["done", [0], 5],
    ["nothing", [], 5],
    ["done", [], 5],
    ["STOP 0xC2/0x7", [], 5],
  ]);
});

Deno.test("trace: an expectation that does not hold is an error with file, line, field and both values", () => {
  const trace = parse("list size=64\na 1\nexpect totalAllocates=1 currentDepth=7\n", { file: "e" });
  const error = assertThrows(() => replay(trace, modelWorld()), ExpectationError);
  assertEquals(error.message, "e:3: Expected currentDepth=7, but it is: 0");
  assertEquals(
    [error.file, error.line, error.field, error.expected, error.actual],
    ["e", 3, "currentDepth", 7, 0],
  );
});

Deno.test("trace: a bad free that is not refused is an error", () => {
  const world = modelWorld();
  const lenient: World = {
    ...world,
    createList(list) {
      const made = world.createList(list);
      made.freeInterior = () => {};
      return made;
    },
  };
  const trace = parse("list size=64\na 1\nbad interior 1\n");
  assertThrows(() => replay(trace, lenient), TraceError, "trace:3: The bad free was not refused");
  const divergence = crossCheck(trace, lenient, modelWorld());
  assertEquals(divergence, {
    line: 3,
    operation: "bad interior 1",
    field: "outcome",
    left: "done",
    right: "STOP 0xC2/0x46",
  });
});

Deno.test("trace: an error that no trace can mean is reported with its line", () => {
  const world: World = {
    ...modelWorld(),
    tick() {
      throw new Error("out of order");
    },
  };
  const trace = parse("list size=64\ntick\n");
  assertThrows(
    () => replay(trace, world),
    TraceError,
    "trace:2: Cannot replay over model: out of order",
  );
});

Deno.test("trace: a world that cannot have a list says so with the line", () => {
  const world: World = {
    ...modelWorld(),
    name: "Rust",
    refusal: () => "kind=paged is not available yet",
  };
  const trace = parse("# x\nlist size=64 kind=paged\n", { file: "p" });
  assertThrows(
    () => replay(trace, world),
    TraceError,
    "p:2: Cannot replay over Rust: kind=paged is not available yet",
  );
});

Deno.test("trace: a difference in a recording names the operation and its line", () => {
  const recording = parse("# x\na 1 24\na 2 24\nf 1\n");
  const world = modelWorld();
  const other: World = {
    ...world,
    createList(list) {
      const made = world.createList(list);
      const stats = made.stats.bind(made);
      made.stats = (): ModelStats => ({ ...stats(), freeMisses: stats().totalFrees });
      return made;
    },
  };
  assertEquals(crossCheck(recording, modelWorld(), other), {
    line: 4,
    operation: "f 0",
    field: "32.freeMisses",
    left: 0,
    right: 1,
  });
});

Deno.test("trace: the use of the pool is compared per tag at the end", () => {
  const world = modelWorld();
  const other: World = {
    ...world,
    usage: () => world.usage().map((usage) => ({ ...usage, bytes: usage.bytes + 1 })),
  };
  assertEquals(crossCheck(parse("list size=64\na 1\n"), modelWorld(), other), {
    line: 0,
    operation: "at the end",
    field: "pool LkCb nonpaged bytes",
    left: 112,
    right: 113,
  });
});

// Recording.

/** The model with the batches of a native list. */
class RecordableModel implements RecordableList {
  readonly #list: LookasideModel;
  readonly size: number;

  constructor(size: number) {
    this.size = size;
    this.#list = new LookasideModel({ size, tag: "Rec", flags: 1, maximumDepth: 300 });
  }

  get poolType(): number {
    return this.#list.poolType;
  }
  get tag(): string {
    return this.#list.tag;
  }
  get flags(): number {
    return this.#list.flags;
  }
  alloc(): number | null {
    return this.#list.alloc();
  }
  free(entry: number): void {
    this.#list.free(entry);
  }
  allocMany(into: Uint32Array): number {
    const entries = this.#list.allocMany(into.length);
    into.set(entries);
    return entries.length;
  }
  freeMany(entries: Uint32Array): void {
    this.#list.freeMany([...entries]);
  }
  flush(): void {
    this.#list.flush();
  }
  setDepth(depth: number): void {
    this.#list.setDepth(depth);
  }
  stats(): ModelStats {
    return this.#list.stats();
  }
  destroy(): void {
    this.#list.destroy();
  }
  failNext(count: number): void {
    this.#list.failNext(count);
  }
  tick(): void {
    this.#list.tick();
  }
}

Deno.test("trace: what is done with a recorded list is a trace that holds", () => {
  const list = new RecordableModel(40);
  const recorder = new Recorder();
  const recorded = record(list, { name: "x", recorder });
  const first = recorded.alloc()!;
  recorded.free(first);
  assertThrows(() => recorded.free(first));
  recorder.failNext(1, (count) => list.failNext(count));
  recorded.alloc();
  assertThrows(() => recorded.alloc());
  const some = new Uint32Array(3);
  assertEquals(recorded.allocMany(some), 3);
  recorded.setDepth(8);
  recorded.freeMany(some.subarray(1));
  recorder.tick(() => list.tick());
  recorded.flush();
  recorded.expect();
  recorded.destroy();
  const text = recorder.text();
  assertEquals(
    text.split("\n").map((line) => line.split(" ")[0]).join(" "),
    "list a f bad fail a a batch depth batch tick flush expect destroy ",
  );
  assertEquals(text.split("\n")[0], "list name=x size=40 tag=Rec flags=RaiseOnFail max=300");
  replay(parse(text), modelWorld());
});

Deno.test("trace: a list that was used before cannot be recorded", () => {
  const list = new RecordableModel(40);
  list.alloc();
  assertThrows(() => record(list), RangeError, "allocations so far: 1");
});

// What is no trace, no text, no world.

Deno.test("trace: what is no text is refused by its type, in parts too", async () => {
  const forged = Object.setPrototypeOf(new Uint16Array(4), Uint8Array.prototype);
  for (const text of [7, null, undefined, {}, new Uint16Array(4), new ArrayBuffer(4), forged]) {
    const error = assertThrows(() => parse(text as string), TypeError);
    assert(
      error.message.startsWith("Cannot read the trace: text must be a string or a Uint8Array: "),
    );
    await assertRejects(
      () => parseStream([text as Uint8Array]),
      TypeError,
      "Cannot read the trace: each part must be a Uint8Array: ",
    );
  }
  await assertRejects(() => parseStream(7 as never), TypeError, "parts must be iterable: 7");
  // A part that is none ends the reading of a stream.
  let isClosed = false;
  const parts = {
    async *[Symbol.asyncIterator]() {
      try {
        yield "a 1 16\n";
      } finally {
        isClosed = true;
      }
    },
  };
  await assertRejects(() => parseStream(parts as never), TypeError, '"a 1 16\\n"');
  assert(isClosed);
});

Deno.test("trace: what is no trace, no recording and no world is refused by name", () => {
  const trace = parse("list size=64\na 1\n");
  const recording = parseRecording("a 1 16\n");
  const world = modelWorld();
  for (const none of [{}, null, undefined, 7, [], { kind: "lists" }] as never[]) {
    const calls = [
      () => crossCheck(none, world, world),
      () => replay(none, world),
      () => format(none),
    ];
    for (const call of calls) {
      assertThrows(call, TypeError, "trace must be what parse() returns: ");
    }
    assertThrows(() => new RecordingCheck(none, world, world), TypeError, "recording must be");
    assertThrows(
      () => new RecordingReplay(none, [], { allocate: () => null, free() {}, tick() {} }),
      TypeError,
      "recording must be",
    );
    const worlds = [
      () => crossCheck(trace, none, world),
      () => crossCheck(trace, world, none),
      () => replay(trace, none),
      () => new RecordingCheck(recording, none, world),
      () => new RecordingCheck(recording, world, none),
    ];
    for (const call of worlds) assertThrows(call, TypeError, "world must be one");
  }
});

/** A model world whose pool has room for so many blocks of a mebibyte or more. */
function smallWorld(blocks: number): World {
  const world = modelWorld();
  let left = blocks;
  return {
    ...world,
    createList(list) {
      const made = world.createList(list);
      const alloc = made.alloc.bind(made);
      made.alloc = () => left-- > 0 ? alloc() : 0;
      return made;
    },
    allocateBlock: (bytes) => left-- > 0 ? world.allocateBlock(bytes) : 0,
    shortage: (bytes) => left <= 0 && bytes >= 2 ** 20 ? "there is no more" : null,
  };
}

// Behaviour: no-pool-compared.
Deno.test("trace: a world whose pool is used up ends a comparison, which is no divergence", () => {
  const texts = [
    "list size=1048576\na 1\na 2\na 3\n",
    "a 1 2000000\na 2 2000000\na 3 2000000\n",
  ];
  for (const text of texts) {
    const trace = parse(text, { file: "t" });
    for (const swap of [false, true]) {
      const [left, right] = swap ? [modelWorld(), smallWorld(2)] : [smallWorld(2), modelWorld()];
      const error = assertThrows(() => crossCheck(trace, left, right), NoPoolError);
      assertEquals(error.line, trace.kind === "lists" ? 4 : 3);
      assert(error.message.includes('Cannot compare further: in model there is no more: "a '));
    }
    assertEquals(crossCheck(trace, smallWorld(3), modelWorld()), null);
  }
});

// Behaviour: no-pool-compared.
Deno.test("trace: a pool that was used up counts as that, though it has room again", () => {
  const world = nativeWorld();
  assertEquals(world.shortage?.(16), null);
  assertEquals(kernel.allocatePool(2 ** 31), null);
  assert(world.shortage?.(16)?.endsWith("is used up"));
  assertEquals(nativeWorld().shortage?.(16), null);
});

// Behaviour: no-pool-compared.
Deno.test("trace: a difference of anything but entries is a divergence, whatever the pool has", () => {
  const trace = parse("list size=1048576\na 1\nf 1\n");
  const world = smallWorld(9);
  const wrong: World = {
    ...world,
    shortage: () => "there is no more",
    createList(list) {
      const made = world.createList(list);
      const stats = made.stats.bind(made);
      made.stats = () => ({ ...stats(), totalAllocates: 7 });
      return made;
    },
  };
  assertEquals(crossCheck(trace, wrong, modelWorld())?.field, "0.totalAllocates");
  const nearly = { ...smallWorld(0), shortage: () => null };
  assertEquals(crossCheck(trace, nearly, modelWorld())?.field, "entry");
});
