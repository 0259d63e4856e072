/**
 * Turns what `valgrind --trace-malloc=yes` prints into a recording (`a slot bytes`, `f slot`), line by line.
 *
 * Valgrind prints a call in two halves, the call and its result, and another thread may print between them;
 * nothing in the text says which thread a half belongs to. So calls wait for their results here: a result
 * answers the call before it on its line, else the newest call that is still waiting. Addresses become slots,
 * reused after their free; a reallocation becomes a free and an allocation.
 *
 * The text holds no thread and no time: an operation stands where its result was printed.
 *
 * @example Convert a log
 * ```ts
 * import { convertValgrind } from "./valgrind.ts";
 *
 * const log = "--7-- malloc(24) = 0x4A40040\n--7-- free(0x4A40040)\n";
 * const lines = await Array.fromAsync(convertValgrind([log]));
 * if (lines.join() !== "a 0 24,f 0") throw new Error("not what the log says");
 * ```
 *
 * @module
 */

/** What {@linkcode convertValgrind} may be told. */
export interface ValgrindOptions {
  /** The name that errors give the log. Default `valgrind log`. */
  file?: string;
  /**
   * Whose calls to take. A log of several processes (`--trace-children`, or a program that forks) is an error
   * unless this says which one is meant: each has memory of its own, so each makes a recording of its own.
   */
  pid?: number;
}

/** What a conversion found. The counts grow while lines are read. */
export interface ValgrindCounts {
  /** Lines of the log. */
  readonly lines: number;
  /** The process whose calls were taken; 0 before the first call. */
  readonly pid: number;
  /** `a` lines written, those of reallocations included. */
  readonly allocations: number;
  /** `f` lines written, those of reallocations included. */
  readonly frees: number;
  /** Reallocations of a live address, each an `f` and an `a`. */
  readonly reallocations: number;
  /** Allocations that gave the program nothing. */
  readonly failed: number;
  /** Frees of a null pointer; nothing is written for them. */
  readonly nullFrees: number;
  /** Frees of addresses that were not live: twice freed, or allocated before the log begins. Nothing is written for them. */
  readonly unknownFrees: number;
  /** Addresses given out while they were thought live. Their free was missed; their old slot stays allocated to the end. */
  readonly lostFrees: number;
  /** Calls whose result never came, or is not in the text. */
  readonly unfinished: number;
  /** Lines of Valgrind's that could not be read as calls. */
  readonly unreadable: number;
  /** The number of the first such line; 0 if there is none. */
  readonly firstUnreadable: number;
  /** Calls of other processes, left out because a pid was asked for. */
  readonly otherProcesses: number;
  /** Slots allocated now; after the end, those never freed. */
  readonly live: number;
  /** The most bytes allocated at one time. */
  readonly peakBytes: number;
}

/** A log that makes no recording. */
export class ValgrindError extends Error {
  /** The log. */
  readonly file: string;
  /** The line, counted from 1. */
  readonly line: number;

  /**
   * Makes the error; the message gets the place in front.
   *
   * @param message What is wrong
   * @param file The log
   * @param line The line, counted from 1
   */
  constructor(message: string, file: string, line: number) {
    super(`${file}:${line}: ${message}`);
    this.name = "ValgrindError";
    this.file = file;
    this.line = line;
  }
}

/** A conversion: the lines of the recording, without their ends, to be iterated once. */
export interface ValgrindConversion extends AsyncIterable<string> {
  /** What was found so far. */
  readonly counts: ValgrindCounts;
}

/**
 * Converts a log. Reads no further than the lines asked for, and keeps what is live, not what is past.
 *
 * A message of Valgrind's (`==pid==`) and what the program itself printed is passed over. A line of Valgrind's that
 * is not a call is counted as unreadable; the conversion goes on behind it.
 *
 * @example Usage
 * ```ts
 * import { convertValgrind } from "./valgrind.ts";
 *
 * const conversion = convertValgrind(["--7-- calloc(3,16) = 0x4A400A0\n"], { file: "run.log" });
 * for await (const line of conversion) console.log(line);
 * console.log(conversion.counts.peakBytes);
 * ```
 *
 * @param chunks The log, cut anywhere: a stream of text, or any iterable of strings
 * @param options The log's name, and whose calls to take
 * @returns The lines, and the counts
 * @throws {ValgrindError} While iterating: if calls of a second process come and no pid was given, if the process starts
 * another program, or at the end if not one call could be read
 */
export function convertValgrind(
  chunks: AsyncIterable<string> | Iterable<string>,
  options: ValgrindOptions = {},
): ValgrindConversion {
  const converter = new Converter(options.file ?? "valgrind log", options.pid ?? 0);
  return {
    counts: converter.counts,
    [Symbol.asyncIterator]: () => convert(converter, chunks),
  };
}

/**
 * Whether the beginning of a file looks like a log of `--trace-malloc=yes`.
 *
 * @example Usage
 * ```ts
 * import { isValgrindLog } from "./valgrind.ts";
 *
 * if (!isValgrindLog("--7-- malloc(24) = 0x4A40040\n")) throw new Error("it is one");
 * if (isValgrindLog("a 1 24\n")) throw new Error("this is a recording");
 * ```
 *
 * @param head The first few thousand characters
 * @returns True if Valgrind wrote them
 */
export function isValgrindLog(head: string): boolean {
  return /^--(?:\S+ )?\d+-- \w+\(/m.test(head) || /^==\d+== .*(?:Valgrind|Memcheck)/m.test(head);
}

/** Longer lines are no line of Valgrind's; what is behind this is dropped unread, so that no input fills the memory. */
const LONGEST_LINE = 0x4000;

const PREFIX = /--(?:\d+:\d\d:\d\d:\d\d\.\d+ +)?(\d+)-- /;
const COMMAND = /^==(?:\d+:\d\d:\d\d:\d\d\.\d+ +)?(\d+)== Command: /;
const BARE_RESULT = /^ = 0x[0-9A-F]+\r?$/;
const RESULT = / *= (0x[0-9A-Fa-f]+|\d+)(?![\w(])/y;
const CALL = /([A-Za-z_]\w*)\(([^()]*)\)/y;
const HALF = /^(?:\w+\(| = )/;
/** Memcheck's remark on an absurd size, printed between the halves without a line end or its own prefix. */
const REMARK = /Argument '/y;

const ALLOCATE =
  /^(?:malloc|calloc|memalign|posix_memalign|aligned_alloc|p?valloc|__builtin_(?:vec_)?new|_Zn[wa]\w+)$/;
const REALLOCATE = /^(?:realloc|reallocf|reallocarray)$/;
const FREE = /^(?:c?free|free_(?:aligned_)?sized|__builtin_(?:vec_)?delete|_Zd[la]Pv\w*)$/;
const QUERY = /^malloc_(?:usable_)?size$/;

const ADDRESS = /^0x[0-9A-Fa-f]+$/;
const ONE_SIZE = /^(?:size )?(\d+)$/;
const TWO_SIZES = /^(\d+), ?(\d+)$/;
const ALIGNED_THEN_SIZE = /^(?:al|alignment) \d+, size (\d+)$/;
const SIZE_THEN_ALIGNED = /^size (\d+), al \d+$/;
const ADDRESS_AND_SIZES = /^(0x[0-9A-Fa-f]+), ?(\d+)(?:, ?(\d+))?$/;
const ADDRESS_FIRST = /^(0x[0-9A-Fa-f]+)(?:, ?(?:size |al )?\d+)*$/;

const NULL = "0x0";

/** A call that has printed its first half. */
interface Waiting {
  readonly kind: "allocate" | "reallocate" | "query";
  readonly bytes: number;
  /** The address reallocated or asked about; null for an allocation. */
  readonly address: string;
  /** Set when its old address is known to be free before the result came. */
  freed: boolean;
}

/** Whether a call is `realloc(p,0)`, which frees. */
function empties(call: Waiting): boolean {
  return call.kind === "reallocate" && call.bytes === 0 && call.address !== NULL;
}

/**
 * Whether a call can have such a result. Sizes are printed in decimal, addresses are not. `realloc(p,0)`
 * gives 0 behind the free that it prints; versions that print no free give 0x0.
 */
function fits(call: Waiting, result: string): boolean {
  if (empties(call)) return result === NULL || (result === "0" && call.freed);
  return (call.kind === "query") !== result.startsWith("0x");
}

class Converter {
  readonly counts = {
    lines: 0,
    pid: 0,
    allocations: 0,
    frees: 0,
    reallocations: 0,
    failed: 0,
    nullFrees: 0,
    unknownFrees: 0,
    lostFrees: 0,
    unfinished: 0,
    unreadable: 0,
    firstUnreadable: 0,
    otherProcesses: 0,
    live: 0,
    peakBytes: 0,
  };
  readonly #file: string;
  readonly #wanted: number;
  readonly #waiting: Waiting[] = [];
  readonly #slots = new Map<string, number>();
  /** Bytes by slot. */
  readonly #bytes: number[] = [];
  /** Slots to use again, newest last: a few small numbers, which compress well. */
  readonly #spare: number[] = [];
  #liveBytes = 0;
  #lastResult = "";

  constructor(file: string, pid: number) {
    this.#file = file;
    this.#wanted = pid;
  }

  /** Reads one line and appends what it makes to `out`. */
  line(text: string, out: string[]): void {
    const { counts } = this;
    counts.lines++;
    const prefix = PREFIX.exec(text);
    if (prefix === null || COMMAND.test(text)) {
      const command = COMMAND.exec(text);
      if (command !== null && Number(command[1]) === counts.pid) {
        throw this.#error(
          `Process ${counts.pid} starts another program here: record that program itself`,
        );
      }
      // The program's own output may begin a line between two halves: then the second half comes bare.
      if (this.#waiting.length > 0 && BARE_RESULT.test(text)) this.#body(text, 0, out);
      return;
    }
    const start = prefix.index + prefix[0].length;
    // The program's text may stand before the prefix, but `==7== … --7-- ` is a message that quotes one.
    if (prefix.index > 0 && text.startsWith("==")) return;
    const pid = Number(prefix[1]);
    if (this.#wanted !== 0 && pid !== this.#wanted) {
      counts.otherProcesses++;
      return;
    }
    if (pid !== counts.pid && counts.pid !== 0) {
      if (!HALF.test(text.slice(start))) return;
      throw this.#error(
        `A second process calls here, name the one to convert (pid): ${counts.pid} or ${pid}`,
      );
    }
    const readable = this.#body(text, start, out);
    if (readable > 0) counts.pid = pid;
  }

  /** Counts what is still waiting. */
  end(): void {
    const { counts } = this;
    for (const call of this.#waiting) {
      if (call.kind !== "query") counts.unfinished++;
    }
    this.#waiting.length = 0;
    if (counts.pid === 0) {
      throw this.#error(
        this.#wanted !== 0 && counts.otherProcesses > 0
          ? `No call of the process was found: ${this.#wanted}`
          : counts.unreadable > 0
          ? "Not one call could be read, and this is the first line that should be one"
          : "Not one call could be read: a log of valgrind --trace-malloc=yes is needed",
        counts.firstUnreadable || Math.max(1, counts.lines),
      );
    }
  }

  /** Reads the calls and results of one line; returns how many there were. */
  #body(text: string, start: number, out: string[]): number {
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    let at = start;
    let read = 0;
    /** The call just before, whose result may follow without doubt. */
    let adjacent: Waiting | null = null;
    while (at < end) {
      RESULT.lastIndex = at;
      const result = RESULT.exec(text);
      if (result !== null) {
        if (!this.#settle(result[1] ?? "", adjacent, out)) break;
        at = RESULT.lastIndex;
        adjacent = null;
        read++;
        continue;
      }
      CALL.lastIndex = at;
      const call = CALL.exec(text);
      if (call !== null) {
        const begun = this.#begin(call[1] ?? "", call[2] ?? "", out);
        if (begun === undefined) break;
        at = CALL.lastIndex;
        adjacent = begun;
        read++;
        continue;
      }
      REMARK.lastIndex = at;
      if (read > 0 && REMARK.test(text)) return read;
      break;
    }
    if (at < end || read === 0) {
      this.counts.unreadable++;
      this.counts.firstUnreadable ||= this.counts.lines;
    }
    return read;
  }

  /** Takes the first half of a call. Undefined: it cannot be read. Null: it waits for nothing. */
  #begin(name: string, args: string, out: string[]): Waiting | null | undefined {
    if (FREE.test(name)) {
      const address = ADDRESS_FIRST.exec(args)?.[1];
      if (address === undefined) return undefined;
      this.#free(address, out);
      return null;
    }
    if (QUERY.test(name)) {
      return ADDRESS.test(args) ? this.#wait("query", 0, args) : undefined;
    }
    if (REALLOCATE.test(name)) {
      const match = ADDRESS_AND_SIZES.exec(args);
      if (match === null) return undefined;
      const bytes = Number(match[2]) * Number(match[3] ?? 1);
      if (bytes >= 2 ** 64) return this.#overflow();
      return this.#wait("reallocate", bytes, match[1] ?? NULL);
    }
    if (!ALLOCATE.test(name)) return undefined;
    const two = name === "calloc" ? TWO_SIZES.exec(args) : null;
    const size = two === null
      ? (ALIGNED_THEN_SIZE.exec(args) ?? SIZE_THEN_ALIGNED.exec(args) ?? ONE_SIZE.exec(args))?.[1]
      : String(Number(two[1]) * Number(two[2]));
    if (size === undefined) return undefined;
    const bytes = Number(size);
    if (two !== null && bytes >= 2 ** 64) return this.#overflow();
    if (name === "malloc") this.#dropNullReallocation(bytes);
    // Newer versions print this one without an address: the block stays unknown, as does its free.
    if (name === "posix_memalign") {
      this.counts.unfinished++;
      return null;
    }
    return this.#wait("allocate", bytes, NULL);
  }

  /** A product past 64 bits is refused before any second half is printed. */
  #overflow(): null {
    this.counts.failed++;
    return null;
  }

  #wait(kind: Waiting["kind"], bytes: number, address: string): Waiting {
    const call: Waiting = { kind, bytes, address, freed: false };
    this.#waiting.push(call);
    return call;
  }

  /** `realloc(0x0,n)` goes on as `malloc(n)`, which prints itself and has the only result. */
  #dropNullReallocation(bytes: number): void {
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const call = this.#waiting[at];
      if (call?.kind === "reallocate" && call.address === NULL && call.bytes === bytes) {
        this.#waiting.splice(at, 1);
        return;
      }
    }
  }

  /** Takes a second half. False: no call waits for it. */
  #settle(result: string, adjacent: Waiting | null, out: string[]): boolean {
    const at = adjacent !== null && fits(adjacent, result)
      ? this.#waiting.lastIndexOf(adjacent)
      : this.#newestFor(result);
    const call = this.#waiting[at];
    if (call === undefined) {
      // Some versions print the result of reallocarray twice.
      return result === this.#lastResult;
    }
    this.#waiting.splice(at, 1);
    if (call.kind === "query") return true;
    this.#lastResult = result;
    const { counts } = this;
    if (result === NULL || result === "0") {
      if (empties(call)) {
        if (!call.freed) this.#free(call.address, out);
      } else {
        counts.failed++;
      }
      return true;
    }
    if (call.kind === "reallocate" && call.address !== NULL) {
      if (!call.freed) this.#free(call.address, out);
      counts.reallocations++;
    }
    this.#allocate(result, call.bytes, out);
    return true;
  }

  /** The newest waiting call that such a result can belong to; -1 if there is none. */
  #newestFor(result: string): number {
    const at = this.#waiting.findLastIndex((call) => fits(call, result));
    if (at >= 0 || !result.startsWith("0x")) return at;
    // Valgrind can be told that `realloc(p,0)` gives an address.
    return this.#waiting.findLastIndex((call) => empties(call) && !call.freed);
  }

  #allocate(address: string, bytes: number, out: string[]): void {
    const { counts } = this;
    if (this.#slots.has(address)) {
      // A reallocation by another thread may have freed it already and not printed its second half yet.
      const reallocation = this.#waiting.find((call) =>
        call.kind === "reallocate" && call.address === address && !call.freed
      );
      if (reallocation !== undefined) {
        reallocation.freed = true;
        this.#free(address, out);
      } else {
        // The free is not in the log, and when it was cannot be known: it is not made up.
        counts.lostFrees++;
        this.#slots.delete(address);
      }
    }
    const slot = this.#spare.pop() ?? this.#bytes.length;
    this.#slots.set(address, slot);
    this.#bytes[slot] = bytes;
    this.#liveBytes += bytes;
    counts.allocations++;
    counts.live++;
    if (this.#liveBytes > counts.peakBytes) counts.peakBytes = this.#liveBytes;
    out.push(`a ${slot} ${bytes}`);
  }

  #free(address: string, out: string[]): void {
    const { counts } = this;
    if (address === NULL) {
      counts.nullFrees++;
      return;
    }
    const slot = this.#slots.get(address);
    if (slot === undefined) {
      counts.unknownFrees++;
      return;
    }
    // `realloc(p,0)` prints the free it makes itself.
    for (const call of this.#waiting) {
      if (call.kind === "reallocate" && call.address === address && call.bytes === 0) {
        call.freed = true;
      }
    }
    this.#slots.delete(address);
    this.#spare.push(slot);
    this.#liveBytes -= this.#bytes[slot] ?? 0;
    counts.frees++;
    counts.live--;
    out.push(`f ${slot}`);
  }

  #error(message: string, line = this.counts.lines): ValgrindError {
    return new ValgrindError(message, this.#file, line);
  }
}

async function* convert(
  converter: Converter,
  chunks: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string, void> {
  const out: string[] = [];
  let rest = "";
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf("\n", start);
      if (end < 0) break;
      converter.line(start === 0 ? rest + chunk.slice(0, end) : chunk.slice(start, end), out);
      rest = "";
      start = end + 1;
    }
    if (rest.length < LONGEST_LINE) rest += chunk.slice(start, start + LONGEST_LINE);
    yield* out;
    out.length = 0;
  }
  if (rest !== "") converter.line(rest, out);
  converter.end();
  yield* out;
}
