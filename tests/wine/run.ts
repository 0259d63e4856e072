/**
 * Loads the driver into a kernel that is not ours, Wine's, and compares it with the emulation and the
 * model, step by step.
 *
 * Ends with 0 when all agrees, with 1 when something does not, with 77 when Wine or the toolchain is
 * missing. `--seed N` repeats a run; `--quick` does a tenth.
 *
 * @module
 */

import { build } from "../../rust/driver/build.ts";
import { MISSING, MissingError } from "../../tools/targets/rust.ts";
import { type ListTrace, parse, parseStream } from "../../src/trace.ts";
import { compile, kernelPart, readListTrace } from "../../tools/compile_traces.ts";
import { answers, compare } from "./compare.ts";
import { bothWays, compileStandIn } from "./both_ways.ts";
import { checkImages } from "./image.ts";
import { randomProgram, recordingProgram } from "./programs.ts";
import { type Ended, Wine } from "./wine.ts";

const SERVICE = "win_lookaside";
const TRACES = new URL("../traces/", import.meta.url);
const quick = Deno.args.includes("--quick");
const PROGRAMS = quick ? 20 : 200;
const OPERATIONS = 2000;
const CYCLES = quick ? 5 : 50;
const REQUESTS = quick ? 10_000 : 100_000;
/** How many traces a client gets at once. Its answer is held in memory. */
const TRACES_PER_CLIENT = 20;
/** How much more memory the driver's process may use after all malformed requests. */
const GROWTH_KIB = 4096;

const EXIT_MISSING_DEVICE = 3;
const EXIT_REFUSED = 5;
const EXIT_NOT_COMPILED = 6;

interface Info {
  readonly initialize: string;
  readonly delete: string;
  readonly flush: string;
  readonly allocate: string;
  readonly free: string;
  readonly access: string;
  readonly handles: number;
  readonly lists: number;
  readonly entries: number;
  readonly blocks: number;
  readonly heapRefusals: number;
}

function assert(holds: boolean, message: string): asserts holds {
  if (!holds) {
    throw new Error(message);
  }
}

function report(what: string, started: number): void {
  console.log(`ok    ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** Wine's path of a file. */
function windowsPath(path: string): string {
  return `Z:${path}`;
}

class Kernel {
  readonly #wine: Wine;
  readonly #images: string;

  constructor(wine: Wine, images: string) {
    this.#wine = wine;
    this.#images = images;
  }

  client(seconds: number, ...args: string[]): Promise<Ended> {
    return this.#wine.run(seconds, `${this.#images}/lookaside-client.exe`, ...args);
  }

  async answer(seconds: number, ...args: string[]): Promise<string> {
    const { code, output, errors } = await this.client(seconds, ...args);
    assert(
      code === 0,
      `The client ended with ${code} (${args[0]}): ${errors}${output.slice(-300)}`,
    );
    return output;
  }

  async info(): Promise<Info> {
    return JSON.parse(await this.answer(30, "info"));
  }

  async install(): Promise<void> {
    const path = `C:\\windows\\system32\\drivers\\${SERVICE}.sys`;
    await this.#sc("create", SERVICE, "type=", "kernel", "binPath=", path);
    // Wine's service manager starts with the first request, and is not ready at once.
    for (let tries = 0; tries < 20; tries++) {
      const { code } = await this.#wine.run(60, "sc", "query", SERVICE);
      if (code === 0) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error("Cannot create the service: Wine does not know it");
  }

  /** Starts the service with one of the images. */
  async start(image: string): Promise<void> {
    await this.#wine.installDriver(`${this.#images}/${image}`, SERVICE);
    await this.restart();
  }

  async restart(): Promise<void> {
    const { code, output } = await this.#wine.run(60, "net", "start", SERVICE);
    assert(code === 0, `Cannot start the driver: ${output}`);
  }

  async stop(): Promise<void> {
    const { code, output } = await this.#wine.run(60, "net", "stop", SERVICE);
    assert(code === 0, `Cannot stop the driver: ${output}`);
  }

  async remove(): Promise<void> {
    await this.#sc("delete", SERVICE);
  }

  async #sc(...args: string[]): Promise<void> {
    const { code, output } = await this.#wine.run(60, "sc", ...args);
    assert(code === 0, `Cannot ${args[0]} the service: ${output}`);
  }
}

/** What was compared so far. */
class Tally {
  traces = 0;
  steps = 0;
  substituted = 0;
  followed = 0;
  readonly skipped = new Map<string, number>();
  readonly divergences: string[] = [];

  add(trace: ListTrace, answer: Parameters<typeof compare>[1]): void {
    const { steps, skipped, substituted, followed, divergences } = compare(trace, answer);
    this.traces += 1;
    this.steps += steps;
    this.substituted += substituted;
    this.followed += followed;
    for (const [reason, count] of Object.entries(skipped)) {
      this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + count);
    }
    this.divergences.push(...divergences);
  }
}

/** Sends traces, and compares what comes back. */
async function replayAll(kernel: Kernel, traces: readonly ListTrace[], tally: Tally) {
  const folder = await Deno.makeTempDir({ prefix: "lookaside-traces-" });
  try {
    for (let first = 0; first < traces.length; first += TRACES_PER_CLIENT) {
      const part = traces.slice(first, first + TRACES_PER_CLIENT);
      const files: string[] = [];
      for (const [i, trace] of part.entries()) {
        const file = `${folder}/${i}.compiled`;
        await Deno.writeFile(file, compile(kernelPart(trace).trace));
        files.push(windowsPath(file));
      }
      const output = await kernel.answer(180, "replay", ...files);
      let answered = 0;
      for (const answer of answers(output)) {
        const trace = part[answered++];
        assert(trace !== undefined, "The client answers for more traces than it was given");
        tally.add(trace, answer);
      }
      assert(
        answered === part.length,
        `The client answers for ${answered} of ${part.length} traces`,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function savedTraces(): Promise<ListTrace[]> {
  const traces: ListTrace[] = [];
  const names = [...Deno.readDirSync(TRACES)].map(({ name }) => name).sort();
  for (const name of names.filter((name) => name.endsWith(".trace"))) {
    traces.push(await readListTrace(new URL(name, TRACES), name));
  }
  return traces;
}

async function recordings(): Promise<ListTrace[]> {
  const folder = new URL("recordings/", TRACES);
  const traces: ListTrace[] = [];
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  for (const name of names.filter((name) => name.endsWith(".trace.gz"))) {
    using file = await Deno.open(new URL(name, folder));
    const parts = file.readable.pipeThrough(new DecompressionStream("gzip"));
    const recording = await parseStream(parts, { file: name });
    assert(recording.kind === "recording", `Not a recording: ${name}`);
    traces.push(recordingProgram(recording));
  }
  return traces;
}

/**
 * What the contract asks and Wine's pool, which is a process's heap, does not do: align a block of a
 * page or more to a page (nf-wdm-exallocatepoolwithtag). Allowed to fail in Wine, and only there.
 */
const WINE_DOES_NOT: ReadonlyMap<string, string> = new Map([
  ["layouts::a_layout_that_fits_gets_the_whole_entry", "a block is not aligned to its layout"],
  ["entries::entries_are_whole_aligned_and_apart", "an entry is not aligned as pool is"],
]);

async function contractTests(kernel: Kernel): Promise<void> {
  const started = performance.now();
  // Only Wine lacks the routines that every Windows since Vista has.
  const wine = (await kernel.info()).initialize === "inline";
  const { code, output, errors } = await kernel.client(120, "contract");
  assert(code === 0 || code === 1, `The contract tests did not end: ${errors}`);
  const tests = output.split("\n").filter((line) => line.trim() !== "").map((line) =>
    JSON.parse(line) as { suite: number; name: string; passed: boolean; reason: string }
  );
  assert(tests.length > 100, `Only ${tests.length} contract tests were run`);
  let [passed, allowed, failed] = [0, 0, 0];
  for (const test of tests) {
    if (test.passed) {
      passed += 1;
    } else if (wine && WINE_DOES_NOT.get(test.name) === test.reason) {
      allowed += 1;
    } else {
      failed += 1;
      console.log(`FAIL  contract, suite ${test.suite}: ${test.name}: ${test.reason}`);
    }
  }
  assert(failed === 0, `The contract does not hold in this kernel: ${failed} tests failed`);
  const { heapRefusals, lists, entries } = await kernel.info();
  assert(heapRefusals === 0, `The global allocator was asked: ${heapRefusals} times`);
  assert(lists === 0 && entries === 0, `Something is left: ${lists} lists, ${entries} entries`);
  report(
    `contract: ${passed} tests passed in the kernel, ${allowed} failed as known of Wine ` +
      "(its pool does not align to pages)",
    started,
  );
}

async function malformed(kernel: Kernel, wine: Wine, seed: number): Promise<void> {
  const expected = await checkedHere(seed);
  const started = performance.now();
  // Once before, so that Wine's one-time allocations are done.
  await kernel.answer(120, "malformed", `${seed}`, `${REQUESTS / 10}`);
  const before = await wine.driverMemory();
  assert(before > 0, "The driver's process is not found");
  const output = await kernel.answer(240, "malformed", `${seed}`, `${REQUESTS}`);
  const growth = await wine.driverMemory() - before;
  const { run, programs, refused, listsClosed } = JSON.parse(output);
  assert(programs === expected, `${programs} programs were run instead of ${expected}`);
  assert(growth <= GROWTH_KIB, `The driver's process has grown by ${growth} KiB`);
  report(
    `${REQUESTS} malformed or random requests: ${refused} refused, ${run} run, each as checked ` +
      `outside; ${listsClosed} lists given back at close; memory ${
        growth >= 0 ? "+" : ""
      }${growth} KiB`,
    started,
  );
}

/** A killed client with an open handle leaves nothing behind. */
async function killedClient(kernel: Kernel, wine: Wine, images: string): Promise<void> {
  const started = performance.now();
  const before = await kernel.info();
  const name = "destroy_outstanding.trace";
  const trace = await readListTrace(new URL(name, TRACES), name);
  const file = await Deno.makeTempFile({ suffix: ".compiled" });
  await Deno.writeFile(file, compile(kernelPart(trace).trace));
  const child = wine.spawn(`${images}/lookaside-client.exe`, "hold", windowsPath(file));
  const reader = child.stdout.getReader();
  await reader.read();
  const during = await kernel.info();
  assert(during.handles === before.handles + 1, `There are ${during.handles} handles`);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await Deno.remove(file);
  let after = await kernel.info();
  for (let tries = 0; tries < 20 && after.handles !== before.handles; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    after = await kernel.info();
  }
  const left = (info: Info) => [info.handles, info.lists, info.entries, info.blocks].join();
  assert(left(after) === left(before), `A killed client leaves: ${JSON.stringify(after)}`);
  report("a killed client leaves nothing behind", started);
}

async function refusals(kernel: Kernel): Promise<void> {
  const started = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "lookaside-refused-" });
  try {
    const expect = async (compiled: Uint8Array, code: number, words: string) => {
      const file = `${folder}/bad.compiled`;
      await Deno.writeFile(file, compiled);
      const ended = await kernel.client(30, "replay", windowsPath(file));
      assert(
        ended.code === code && ended.errors.includes(words),
        `Expected exit code ${code} with "${words}": ${ended.code} ${ended.errors}`,
      );
    };
    const compiled = (text: string) => compile(parse(text, { file: "it.trace" }) as ListTrace);
    const refused = "refused a program of it.trace";
    await expect(compiled("list size=70000\n"), EXIT_REFUSED, `${refused}:1:`);
    await expect(compiled("# what\nlist size=64\n\ntick\n"), EXIT_REFUSED, `${refused}:4:`);
    const sound = compiled("list size=64\na 1\n");
    await expect(sound.subarray(0, -1), EXIT_NOT_COMPILED, "The length is not what");
    await expect(
      new TextEncoder().encode("list size=64\na 1\n"),
      EXIT_NOT_COMPILED,
      "Not a compiled",
    );
    const contract = await kernel.client(30, "contract");
    assert(contract.code === EXIT_REFUSED, `Without the feature: ${contract.code}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  report("the client says what is refused, and why", started);
}

/** Where the routines of Ex lists were found. */
function pathOf(info: Info): string {
  const routines = ["initialize", "delete", "flush", "allocate", "free"] as const;
  return routines.map((routine) => `${routine} ${info[routine]}`).join(", ");
}

/**
 * The other paths, in a kernel whose hal.dll is a stand-in with the exports of Windows 11 22H2, or
 * with those since Vista: what Windows does behind those names, this cannot show.
 */
async function standIn(images: string, seed: number, older: boolean): Promise<string[]> {
  const started = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "lookaside-hal-" });
  let wine: Wine | null = null;
  try {
    await compileStandIn(`${folder}/hal.dll`, older);
    wine = await Wine.start(`${folder}/hal.dll`);
    const kernel = new Kernel(wine, images);
    await kernel.install();
    await kernel.start("win_lookaside_stand-in.sys");
    const path = pathOf(await kernel.info());
    const inner = older ? "inline" : "exported";
    const expected = "initialize exported, delete exported, flush exported, " +
      `allocate ${inner}, free ${inner}`;
    assert(path === expected, `The path taken is not "${expected}": ${path}`);
    const tally = new Tally();
    await replayAll(kernel, await savedTraces(), tally);
    const programs = Array.from(
      { length: PROGRAMS / 10 },
      (_, i) => randomProgram(seed + i, OPERATIONS),
    );
    await replayAll(kernel, programs, tally);
    const left = await kernel.info();
    assert(left.lists === 0 && left.entries === 0, `Something is left: ${JSON.stringify(left)}`);
    await kernel.stop();
    await kernel.remove();
    report(`path ${path} (exports of a stand-in): ${tally.steps} steps`, started);
    return tally.divergences;
  } finally {
    await wine?.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** A panic stops the system and names its place. A program that waits for the driver gets an error. */
async function panics(kernel: Kernel, wine: Wine): Promise<void> {
  const started = performance.now();
  const source = await Deno.readTextFile(
    new URL("../../rust/driver/src/device.rs", import.meta.url),
  );
  const lines = source.split("\n");
  const line = lines.findIndex((line) => line.includes("panic!()"));
  const column = lines[line]!.indexOf("panic!()");
  await kernel.start("win_lookaside_probe.sys");
  const { code, errors } = await kernel.client(60, "probe");
  assert(code === EXIT_REFUSED, `The driver goes on after a panic: ${code} ${errors}`);
  const place = `${(line + 1).toString(16)} ${(column + 1).toString(16)}`;
  const stop = `KeBugCheckEx e2 73546b4c ${place} 0`;
  const log = wine.kernelErrors();
  assert(log.includes(stop), `Expected "${stop}" in Wine's log: ${log.slice(-500)}`);
  report(`a panic stops the system with its place: ${stop}`, started);
}

/** The requests of the driver, checked on this machine, by nightly Rust under AddressSanitizer. */
async function checkedHere(seed: number): Promise<number> {
  const started = performance.now();
  const target = "x86_64-unknown-linux-gnu";
  const root = new URL("../../", import.meta.url);
  const manifest = new URL("rust/driver/Cargo.toml", root).pathname;
  const run = async (toolchain: string[], flags: string, directory: string) => {
    // deno-fmt-ignore
    const args = [
      ...toolchain, "test", "-q", "--locked", "--manifest-path", manifest, "--target", target,
      "-p", "lookaside-protocol", "--test", "malformed", "--", "--nocapture",
    ];
    const { code, stdout, stderr } = await new Deno.Command("cargo", {
      args,
      cwd: root,
      env: {
        RUSTFLAGS: flags,
        CARGO_TARGET_DIR: new URL(`target/driver/${directory}`, root).pathname,
        LOOKASIDE_SEED: `${seed}`,
        LOOKASIDE_REQUESTS: `${REQUESTS}`,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
  };
  const nightly = await new Deno.Command("cargo", { args: ["+nightly", "--version"] }).output()
    .then(({ success }) => success, () => false);
  const { code, output, errors } = nightly
    ? await run(["+nightly"], "-Zsanitizer=address", "asan")
    : await run([], "", "host");
  assert(code === 0, `The check fails on this machine: ${errors.slice(-2000)}`);
  const programs = Number(output.match(/programs (\d+)/)?.[1]);
  report(
    `${REQUESTS} requests checked on this machine, ${
      nightly ? "under AddressSanitizer" : "without AddressSanitizer: nightly Rust is missing"
    }: ${programs} programs run`,
    started,
  );
  return programs;
}

async function cycles(kernel: Kernel, seed: number, tally: Tally): Promise<void> {
  const started = performance.now();
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await kernel.stop();
    await kernel.restart();
    await replayAll(kernel, [randomProgram(seed + cycle, 200)], tally);
  }
  report(`${CYCLES} times stopped and started, a program of 200 operations each time`, started);
}

async function testKernel(wine: Wine, images: string, seed: number): Promise<string[]> {
  const kernel = new Kernel(wine, images);
  await kernel.install();
  await kernel.start("win_lookaside_contract.sys");
  await contractTests(kernel);
  await kernel.stop();

  await kernel.start("win_lookaside.sys");
  const info = await kernel.info();
  assert(
    info.access === "administrators and the system",
    `The device's descriptor reads otherwise: ${info.access}`,
  );
  console.log(`path taken: ${pathOf(info)}; access: ${info.access}`);

  const tally = new Tally();
  let started = performance.now();
  await replayAll(kernel, await savedTraces(), tally);
  report(`${tally.traces} saved traces, ${tally.steps} steps`, started);
  started = performance.now();
  let before = tally.steps;
  await replayAll(kernel, await recordings(), tally);
  report(`recordings of real programs, ${tally.steps - before} steps`, started);
  started = performance.now();
  before = tally.steps;
  const programs = Array.from({ length: PROGRAMS }, (_, i) => randomProgram(seed + i, OPERATIONS));
  await replayAll(kernel, programs, tally);
  const compared = tally.steps - before;
  assert(compared >= PROGRAMS * OPERATIONS, `Only ${compared} steps were compared`);
  report(`${PROGRAMS} random programs, ${compared} steps`, started);

  if (tally.divergences.length === 0) {
    await refusals(kernel);
    await killedClient(kernel, wine, images);
    await malformed(kernel, wine, seed);
    await cycles(kernel, seed + PROGRAMS, tally);
  }
  const left = await kernel.info();
  assert(
    left.handles === 1 && left.lists === 0 && left.entries === 0 && left.heapRefusals === 0,
    `Something is left: ${JSON.stringify(left)}`,
  );
  await kernel.stop();
  const gone = await kernel.client(30, "info");
  await kernel.remove();
  assert(
    gone.code === EXIT_MISSING_DEVICE && gone.errors.includes("the driver is not running"),
    `Without the driver: ${gone.code} ${gone.errors}`,
  );
  started = performance.now();
  const lines = await bothWays(wine);
  report(`C tests over the emulation and in the kernel: ${lines} lines, the same`, started);
  await kernel.install();
  await panics(kernel, wine);
  const skipped = [...tally.skipped].map(([reason, count]) => `${count} ${reason}`).join(", ");
  console.log(
    `${tally.steps} steps compared with the emulation and the model; skipped: ${skipped}; ` +
      `${tally.substituted} lists with a callback in place of one that would raise; ` +
      `${tally.followed} depths moved by the kernel`,
  );
  return tally.divergences;
}

async function main(): Promise<number> {
  const started = performance.now();
  const at = Deno.args.indexOf("--seed");
  const random = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
  const seed = at < 0 ? random : Number(Deno.args[at + 1]);
  console.log(`seed ${seed}`);
  const images = await build();
  report("build", started);
  await checkImages(images);
  const wineStarted = performance.now();
  const wine = await Wine.start();
  const stop = () => void wine.stop().then(() => Deno.exit(130));
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  try {
    report("Wine", wineStarted);
    const divergences = await testKernel(wine, images, seed);
    for (const older of [false, true]) {
      divergences.push(...await standIn(images, seed, older));
    }
    for (const divergence of divergences.slice(0, 20)) {
      console.log(`FAIL  ${divergence}`);
    }
    console.log(`${divergences.length} divergences`);
    report("all", started);
    return divergences.length === 0 ? 0 : 1;
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
    Deno.removeSignalListener("SIGTERM", stop);
    await wine.stop();
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  if (error instanceof MissingError) {
    console.error(error.message);
    Deno.exit(MISSING);
  }
  console.error(`FAIL  ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
