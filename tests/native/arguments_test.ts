/**
 * Each argument of the modules with each kind of wrong value: an error has a type, is short and shows
 * the value. It is never a complaint of the engine about a line of this project.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Entry, entryAt, kernel, load, LookasideAlloc, OwnedEntry } from "../../mod.ts";
import { LookasideModel, PoolModel } from "../../src/model.ts";
import * as recording from "../../src/recording.ts";
import * as trace from "../../src/trace.ts";

load();

/** What a value's own code throws. */
class Own extends Error {}

function own(): never {
  throw new Own();
}

function detached(): Uint32Array {
  const array = new Uint32Array(4);
  array.buffer.transfer();
  return array;
}

function shrunk(): Uint32Array {
  const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
  const array = new Uint32Array(buffer, 8);
  buffer.resize(4);
  return array;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Makes each value anew: a call may change it. */
// deno-fmt-ignore
const VALUES: readonly (() => unknown)[] = [
  ...[undefined, null, NaN, -0, 0, 1, -1, 1.5, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, Infinity,
    -Infinity, 5n, 10n ** 500n, true, false, "abcd", "", "\ud800x", "a\0b", "x".repeat(100_000),
    Symbol("s"), Symbol("s".repeat(1000))].map((value) => () => value),
  () => own, () => () => 5, () => class {}, () => async () => {},
  () => Object.setPrototypeOf(() => 1, null), () => Object.assign(() => 1, { toString: own }),
  () => ({}), () => [], () => [1], () => [own], () => Object.create(null), () => new Date(),
  () => ({ valueOf: () => 64, toString: () => "64" }), () => new Number(64),
  () => ({ valueOf: own, toString: own, get [Symbol.toStringTag]() { return own(); } }),
  () => new Proxy({}, { get: own, has: own, ownKeys: own }), () => new Proxy({}, { get: () => 64 }),
  () => ({ kind: "lists", lists: [] }), () => ({ kind: "recording", lists: [] }),
  () => ({ kind: "lists", lists: [{}], steps: [{}] }), () => ({ length: 3 }),
  revoked, () => Promise.resolve(1), () => Object.freeze([1]), () => new Map(),
  () => new Uint8Array(8), () => new Uint32Array(4), () => new Uint32Array([1, 2, 3]), detached,
  shrunk, () => new Uint32Array(new ArrayBuffer(16, { maxByteLength: 64 })),
  () => new Uint32Array(new SharedArrayBuffer(16)), () => Object.create(Uint32Array.prototype),
];

// A caller in JavaScript can pass anything.
// deno-lint-ignore no-explicit-any
type Any = any;

const TEXT = new TextEncoder().encode("a 1 64\nf 1\n");
const LISTS = trace.parse("list size=64\na 1\nf 1\n");
const RECORDING = trace.parse(TEXT) as trace.Recording;
const SINK = { event: () => {} };

function withList(use: (list: Any) => void, options: object = {}): void {
  using list = new LookasideAlloc({ size: 64, ...options });
  use(list);
}

function withDriver(use: (driver: Any) => void, options?: object): void {
  using driver = kernel.loadDriver("arguments.sys", options);
  use(driver);
}

function withBlock(use: (block: Entry) => void): void {
  const block = kernel.allocatePool(64, { tag: "abcd" })!;
  try {
    use(block);
    assertEquals(kernel.poolBytes(block).length, 64);
  } catch (error) {
    kernel.freePool(block);
    throw error;
  }
}

const POOL = { allocate: () => null, free: () => {}, tick: () => {} };

/** One argument each. */
const CALLS: Record<string, (value: Any) => unknown> = {
  "new LookasideAlloc()": (v) => new LookasideAlloc(v).destroy(),
  "LookasideAlloc.attach()": (v) => LookasideAlloc.attach(v),
  "free()": (v) => withList((list) => list.free(v)),
  "bytes()": (v) => withList((list) => list.bytes(v)),
  "setDepth()": (v) => withList((list) => list.setDepth(v)),
  "allocMany()": (v) => withList((list) => list.allocMany(v)),
  "freeMany()": (v) => withList((list) => list.freeMany(v)),
  "borrow()": (v) => withList((list) => list.borrow(v)),
  "borrow() returns": (v) => withList((list) => list.borrow(() => v)),
  "allocate returns": (v) => withList((list) => list.alloc(), { allocate: () => v }),
  "OwnedEntry list": (v) => new OwnedEntry(v, 16 as Entry),
  "OwnedEntry entry": (v) => withList((list) => new OwnedEntry(list, v)),
  "entryAt()": (v) => entryAt(v),
  "load()": (v) => load(v),
  "kernel.lists()": (v) => kernel.lists(v),
  "kernel.tick()": (v) => kernel.tick(v),
  "kernel.atIrql() irql": (v) => kernel.atIrql(v, () => 1),
  "kernel.atIrql() run": (v) => kernel.atIrql(1, v),
  "kernel.atIrql() returns": (v) => kernel.atIrql(1, () => v),
  "kernel.loadDriver() name": (v) => kernel.loadDriver(v).unload(),
  "kernel.loadDriver() options": (v) => withDriver(() => {}, v),
  "kernel.scenario()": (v) => kernel.scenario("arguments.sys", v),
  "kernel.scenario() returns": (v) => kernel.scenario("arguments.sys", () => v),
  "kernel.allocatePool() bytes": (v) => kernel.allocatePool(v, { tag: "over" }),
  "kernel.allocatePool() options": (v) => kernel.freePool(kernel.allocatePool(64, v)!),
  "kernel.freePool() block": (v) => kernel.freePool(v, "none"),
  "kernel.freePool() tag": (v) =>
    withBlock((block) => v !== undefined && kernel.freePool(block, v)),
  "kernel.poolBytes()": (v) => kernel.poolBytes(v),
  "kernel.configure()": (v) => kernel.configure(v),
  "kernel.debug()": (v) => kernel.debug(typeof v === "string" ? v.slice(0, 50) : v),
  "faults.systematically()": (v) => kernel.rootDriver.faults.systematically(v),
  "faults.byCallStack()": (v) => kernel.rootDriver.faults.byCallStack(v),
  "new LookasideModel()": (v) => new LookasideModel(v),
  "model.free()": (v) => new LookasideModel({ size: 64 }).free(v),
  "model.freeMany()": (v) => new LookasideModel({ size: 64 }).freeMany(v),
  "model.freeMany() entry": (v) => new LookasideModel({ size: 64 }).freeMany([v]),
  "model.allocMany()": (v) =>
    typeof v === "number" && v > 1e6 || new LookasideModel({ size: 64 }).allocMany(v),
  "model.setDepth()": (v) => new LookasideModel({ size: 64 }).setDepth(v),
  "model.failNext()": (v) => new LookasideModel({ size: 64 }).failNext(v),
  "model.identify()": (v) => new LookasideModel({ size: 64 }).identify(v),
  "LookasideModel.tickAll()": (v) => LookasideModel.tickAll(v),
  "LookasideModel.tickAll() list": (v) => LookasideModel.tickAll([v]),
  "PoolModel.allocate() bytes": (v) => new PoolModel().allocate(v, 512, "abcd"),
  "PoolModel.allocate() poolType": (v) => new PoolModel().allocate(64, v, "abcd"),
  "PoolModel.free() tag": (v) => new PoolModel().free(64, 512, v),
  "parse() text": (v) => trace.parse(v),
  "parse() options": (v) => trace.parse("list size=64", v),
  "parse() file": (v) => typeof v === "string" || trace.parse("list size=0", { file: v }),
  "parseStream()": (v) => trace.parseStream(v),
  "parseStream() part": (v) => trace.parseStream([v]),
  "format()": (v) => trace.format(v),
  "replay() trace": (v) => trace.replay(v, trace.modelWorld()),
  "replay() world": (v) => trace.replay(LISTS, v),
  "replay() options": (v) => trace.replay(LISTS, trace.modelWorld(), v),
  "replay() onStep": (v) => trace.replay(LISTS, trace.modelWorld(), { onStep: v }),
  "replay() tickEvery": (v) => trace.replay(RECORDING, trace.modelWorld(), { tickEvery: v }),
  "crossCheck()": (v) => trace.crossCheck(LISTS, v, trace.modelWorld()),
  "modelWorld() model": (v) => trace.modelWorld(v),
  "modelWorld() options": (v) => trace.modelWorld(undefined, v),
  "record() list": (v) => trace.record(v),
  "record() options": (v) => withList((list) => trace.record(list, v)),
  "record() name": (v) => withList((list) => trace.record(list, { name: v })),
  "record() recorder": (v) => withList((list) => trace.record(list, { recorder: v })),
  "recorded.allocMany()": (v) => withList((list) => trace.record(list).allocMany(v)),
  "recorded.freeMany()": (v) => withList((list) => trace.record(list).freeMany(v)),
  "recorded.expect()": (v) => withList((list) => trace.record(list).expect(v)),
  "Recorder.add()": (v) => new trace.Recorder().add(v),
  "Recorder.tick()": (v) => new trace.Recorder().tick(v),
  "Recorder.failNext()": (v) => new trace.Recorder().failNext(v, () => {}),
  "Recorder.failNext() run": (v) => new trace.Recorder().failNext(1, v),
  "sizeClass()": (v) => trace.sizeClass(v),
  "operationText()": (v) => trace.operationText(v, 0),
  "operationText() operation": (v) => trace.operationText(RECORDING, v),
  "operationLine() operation": (v) => trace.operationLine(RECORDING, v),
  "RecordingCheck.advance()": (v) => {
    using check = new trace.RecordingCheck(RECORDING, trace.modelWorld(), trace.modelWorld());
    check.advance(v);
  },
  "RecordingReplay lists": (v) => new trace.RecordingReplay(RECORDING, v, POOL),
  "RecordingReplay pool": (v) =>
    new trace.RecordingReplay(RECORDING, [new LookasideModel({ size: 64 })], v),
  "RecordingReplay.advance()": (v) =>
    new trace.RecordingReplay(RECORDING, [new LookasideModel({ size: 64 })], POOL).advance(v),
  "readRecording() file": (v) => recording.readRecording(v, [TEXT], SINK),
  "readRecording() parts": (v) => recording.readRecording("file", v, SINK),
  "readRecording() part": (v) => recording.readRecording("file", [v], SINK),
  "readRecording() sink": (v) => recording.readRecording("file", [TEXT], v),
  "readRecording() options": (v) => recording.readRecording("file", [TEXT], SINK, v),
  "openText() parts": (v) => recording.openText("file", v),
};

/** One option each, of calls that take several. */
const OPTIONS: Record<string, [string, (options: Any) => unknown]> = {
  "new LookasideAlloc()": [
    "size poolType tag flags maximumDepth ownEntriesOnly allocate free driver",
    (options) => withList(() => {}, options),
  ],
  "new LookasideModel()": [
    "size poolType tag flags maximumDepth ownEntriesOnly alloc free kind depthPolicy pool",
    (options) => new LookasideModel({ size: 64, ...options }),
  ],
  "kernel.allocatePool()": [
    "poolType tag driver zero",
    (options) => kernel.freePool(kernel.allocatePool(64, options)!),
  ],
  "kernel.configure()": [
    "poolMebibytes depthPolicy",
    (options) => kernel.configure(options),
  ],
  "kernel.loadDriver()": [
    "stacks depthPolicy verifier",
    (options) => withDriver(() => {}, options),
  ],
  "kernel.loadDriver() verifier": [
    "codeIntegrity flags lowResources miscellaneous noCache specialPool standard",
    (verifier) => withDriver(() => {}, { verifier }),
  ],
  "kernel.loadDriver() lowResources": [
    "probability seed tags",
    (lowResources) => withDriver(() => {}, { verifier: { lowResources } }),
  ],
  "readRecording()": [
    "format names onProgress pid strict file",
    (options) =>
      typeof options.format === "string" ||
      recording.readRecording("file", [TEXT], SINK, options),
  ],
};

for (const method of ["failNext", "failNth", "failEvery"]) {
  CALLS[`faults.${method}()`] = (v) => withDriver(({ faults }) => faults[method](v));
  CALLS[`faults.${method}() tag`] = (v) => withDriver(({ faults }) => faults[method](1, v));
}
for (let place = 0; place < 3; place++) {
  CALLS[`faults.failRandomly() ${place}`] = (v) =>
    withDriver(({ faults }) => faults.failRandomly(...[0.5, 1, "abcd"].with(place, v)));
}
for (const [name, [options, call]] of Object.entries(OPTIONS)) {
  for (const option of options.split(" ")) {
    CALLS[`${name} ${option}`] = (v) => call({ [option]: v });
  }
}

const ERRORS = [
  "TypeError",
  "RangeError",
  "LookasideError",
  "BugCheckError",
  "LibraryLoadError",
  "TraceError",
  "RecordingError",
  "ModelBugCheck",
  "ModelStatus",
];

/** What the engine or Deno says of a value that no check has seen. */
const UNSEEN =
  /Cannot (read prop|convert|mix|destructure|use)|is not (a function|iterable|a constructor)|FFI|private member/;

/** What is wrong with an error; null where it is as it should be. */
function faultOf(error: unknown): string | null {
  if (error instanceof Own) return null;
  if (!(error instanceof Error)) return `no error: ${Deno.inspect(error)}`;
  const { name, message } = error;
  if (!ERRORS.includes(name)) return `${name}: ${message}`;
  return UNSEEN.test(message) || message.length > 500 ? message.slice(0, 500) : null;
}

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`a wrong value is refused by a typed error that shows it: ${name}`, async () => {
    const faults = new Set<string>();
    for (const make of VALUES) {
      try {
        await call(make());
      } catch (error) {
        const fault = faultOf(error);
        if (fault !== null) faults.add(fault);
      }
    }
    assertEquals([...faults], []);
    assertEquals(kernel.irql(), 0);
  });
}

Deno.test("a message has no more than a hundred characters of a value", () => {
  for (const value of ["x".repeat(1e6), Symbol("s".repeat(1e6)), 10n ** 5000n]) {
    try {
      kernel.tick(value as never);
    } catch (error) {
      assertEquals((error as Error).message.length < 150, true);
    }
  }
});
