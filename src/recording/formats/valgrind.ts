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
 * import { RecordingBuilder } from "../builder.ts";
 * import { convertValgrind } from "./valgrind.ts";
 *
 * const lines = ["--7-- malloc(24) = 0x4A40040", "--7-- free(0x4A40040)"];
 * const builder = new RecordingBuilder("run.log");
 * const counts = await convertValgrind([lines], builder);
 * if (builder.finish().operations.length !== 2) throw new Error("not what the log says");
 * if (counts.peakBytes !== 24) throw new Error("not what the log says");
 * ```
 *
 * @module
 */

import { TraceError } from "../../trace/errors.ts";
import type { OperationSink } from "../../trace/parse.ts";
import { AddressMap } from "../address_map.ts";
import { EventOp } from "../events.ts";
import { type Format, type FormatOptions, quoted, readAddress } from "./format.ts";

/** Lines without their ends, some at a time. */
export type Lines = AsyncIterable<readonly string[]> | Iterable<readonly string[]>;

/** What a conversion found. */
export interface ValgrindCounts {
  /** Lines of the log. */
  readonly lines: number;
  /** The process whose calls were taken; 0 before the first call. */
  readonly pid: number;
  /** Allocations passed on, those of reallocations included. */
  readonly allocations: number;
  /** Frees passed on, those of reallocations included. */
  readonly frees: number;
  /** Reallocations of a live address, each a free and an allocation. */
  readonly reallocations: number;
  /** Allocations that gave the program nothing. */
  readonly failed: number;
  /** Frees of a null pointer; nothing is passed on for them. */
  readonly nullFrees: number;
  /** Frees of addresses that were not live: twice freed, or allocated before the log begins. Nothing is passed on for them. */
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

/**
 * Converts a log. It holds the live blocks only.
 *
 * A message of Valgrind's (`==pid==`) and what the program itself printed is passed over. A line of Valgrind's that
 * is not a call is counted as unreadable; the conversion goes on behind it.
 *
 * @param lines The lines of the log
 * @param into What takes the operations
 * @param options The log's name, and which process's calls to take. A log of several processes (`--trace-children`,
 * or a program that forks) is an error unless a pid says which one is meant: each has memory of its own, so each
 * makes a recording of its own.
 * @returns What was found
 * @throws {TraceError} If calls of a second process come and no pid was given, if the process starts another
 * program, or at the end if not one call could be read
 */
export async function convertValgrind(
  lines: Lines,
  into: OperationSink,
  options: FormatOptions = {},
): Promise<ValgrindCounts> {
  const counts = noCounts();
  const slots = new Slots(counts, into);
  const converter = new Converter(options.file ?? "valgrind log", options.pid ?? 0, counts, slots);
  for await (const some of lines) {
    for (const line of some) converter.line(line);
  }
  converter.end();
  return counts;
}

/** Logs of `valgrind --trace-malloc=yes`. */
export const valgrind: Format = {
  name: "valgrind",
  title: "log of Valgrind's",
  detects: isValgrindLog,
  reader(reading) {
    const { event } = reading;
    const take = (op: number, high: number, low: number, bytes: number) => {
      event.op = op;
      event.size = bytes;
      event.high = high;
      event.low = low;
      event.line = converter.counts.lines;
      reading.emit();
    };
    // What takes the events pairs allocations with frees; here nothing is held of a block.
    const converter = new Converter(reading.file, reading.pid, noCounts(), {
      isLive: () => true,
      allocate: (high, low, bytes) => take(EventOp.Allocate, high, low, bytes),
      free(high, low) {
        take(EventOp.Free, high, low, 0);
        return true;
      },
    });
    const { counts } = converter;
    return {
      line(text, number) {
        const before = counts.unreadable;
        converter.line(text);
        if (counts.unreadable > before) {
          reading.refuse(number, `The line of Valgrind's is no call: ${quoted(text)}`);
        }
      },
      end() {
        converter.end();
        const remarks = [`converted from a log of Valgrind's, process ${counts.pid}`];
        if (counts.unfinished > 0) {
          remarks.push(`${counts.unfinished} calls without a result, left out`);
        }
        return remarks;
      },
    };
  },
};

/** Whether the beginning of a file looks like a log of `--trace-malloc=yes`. */
function isValgrindLog(head: string): boolean {
  return /^--(?:\S+ )?\d+-- \w+\(/m.test(head) || /^==\d+== .*(?:Valgrind|Memcheck)/m.test(head);
}

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
  /** Whether its old address was freed before the result came. */
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

/** What a conversion found so far. */
type Counts = { -readonly [Key in keyof ValgrindCounts]: ValgrindCounts[Key] };

function noCounts(): Counts {
  return {
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
}

/** What takes allocations and frees by their addresses, none of them null. */
interface Ledger {
  /** Whether an address may be in use. */
  isLive(high: number, low: number): boolean;
  /** An allocation. */
  allocate(high: number, low: number, bytes: number): void;
  /** A free; whether the address may have been in use. */
  free(high: number, low: number): boolean;
}

/** Turns addresses into slots. */
class Slots implements Ledger {
  readonly #counts: Counts;
  readonly #into: OperationSink;
  readonly #slots = new AddressMap();
  /** Bytes by slot. */
  readonly #bytes: number[] = [];
  /** Slots to use again, newest last: a few small numbers, which compress well. */
  readonly #spare: number[] = [];
  #liveBytes = 0;

  constructor(counts: Counts, into: OperationSink) {
    this.#counts = counts;
    this.#into = into;
  }

  isLive(high: number, low: number): boolean {
    return this.#slots.get(high, low) >= 0;
  }

  allocate(high: number, low: number, bytes: number): void {
    const counts = this.#counts;
    const slot = this.#spare.pop() ?? this.#bytes.length;
    if (this.#slots.set(high, low, slot) >= 0) {
      // The free is not in the log, and when it was cannot be known: it is not made up.
      counts.lostFrees++;
    }
    this.#bytes[slot] = bytes;
    this.#liveBytes += bytes;
    counts.allocations++;
    counts.live++;
    if (this.#liveBytes > counts.peakBytes) counts.peakBytes = this.#liveBytes;
    this.#into.allocate(slot, bytes, counts.lines);
  }

  free(high: number, low: number): boolean {
    const counts = this.#counts;
    const slot = this.#slots.remove(high, low);
    if (slot < 0) {
      counts.unknownFrees++;
      return false;
    }
    this.#spare.push(slot);
    this.#liveBytes -= this.#bytes[slot] ?? 0;
    counts.frees++;
    counts.live--;
    this.#into.free(slot, counts.lines);
    return true;
  }
}

class Converter {
  readonly counts: Counts;
  readonly #file: string;
  readonly #wanted: number;
  readonly #into: Ledger;
  readonly #waiting: Waiting[] = [];
  #lastResult = "";
  /** What a line of the process begins with. */
  #prefix = "";
  /** The address that was read last. */
  readonly #address = { high: 0, low: 0 };

  constructor(file: string, pid: number, counts: Counts, into: Ledger) {
    this.counts = counts;
    this.#file = file;
    this.#wanted = pid;
    this.#into = into;
  }

  /** Reads one line. */
  line(text: string): void {
    const { counts } = this;
    counts.lines++;
    if (this.#waiting.length === 0 && this.#plain(text)) return;
    const prefix = PREFIX.exec(text);
    if (prefix === null || COMMAND.test(text)) {
      const command = COMMAND.exec(text);
      if (command !== null && Number(command[1]) === counts.pid) {
        throw this.#error(
          `Process ${counts.pid} starts another program here: record that program itself`,
        );
      }
      // The program's own output may begin a line between two halves: then the second half comes bare.
      if (this.#waiting.length > 0 && BARE_RESULT.test(text)) this.#body(text, 0);
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
    const readable = this.#body(text, start);
    if (readable > 0) {
      counts.pid = pid;
      this.#prefix = `--${pid}-- `;
    }
  }

  /**
   * Reads a line that is one whole `malloc` or `free` of the process, as nearly all are, without a
   * string for its parts. False: it is another line, and nothing was done.
   */
  #plain(text: string): boolean {
    const { counts } = this;
    const { length } = this.#prefix;
    if (length === 0 || !text.startsWith(this.#prefix)) return false;
    if (text.startsWith("free(0x", length)) {
      const end = readAddress(this.#address, text, length + 5);
      if (end !== text.length - 1 || text.charCodeAt(end) !== 0x29) return false;
      const { high, low } = this.#address;
      if (high === 0 && low === 0) counts.nullFrees++;
      else this.#freeAt(high, low);
      return true;
    }
    if (!text.startsWith("malloc(", length)) return false;
    const first = length + 7;
    let at = first;
    let bytes = 0;
    for (;; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      bytes = bytes * 10 + digit;
    }
    if (at === first || at - first > 15 || !text.startsWith(") = 0x", at)) return false;
    const start = at + 4;
    if (readAddress(this.#address, text, start) !== text.length) return false;
    const { high, low } = this.#address;
    this.#lastResult = text.slice(start);
    if (high === 0 && low === 0) counts.failed++;
    else this.#allocateAt(high, low, bytes);
    return true;
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
  #body(text: string, start: number): number {
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    let at = start;
    let read = 0;
    /** The call just before, whose result may follow without doubt. */
    let adjacent: Waiting | null = null;
    while (at < end) {
      RESULT.lastIndex = at;
      const result = RESULT.exec(text);
      if (result !== null) {
        if (!this.#settle(result[1] ?? "", adjacent)) break;
        at = RESULT.lastIndex;
        adjacent = null;
        read++;
        continue;
      }
      CALL.lastIndex = at;
      const call = CALL.exec(text);
      if (call !== null) {
        const begun = this.#begin(call[1] ?? "", call[2] ?? "");
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
  #begin(name: string, args: string): Waiting | null | undefined {
    if (FREE.test(name)) {
      const address = ADDRESS_FIRST.exec(args)?.[1];
      if (address === undefined) return undefined;
      this.#free(address);
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
  #settle(result: string, adjacent: Waiting | null): boolean {
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
        if (!call.freed) this.#free(call.address);
      } else {
        counts.failed++;
      }
      return true;
    }
    if (call.kind === "reallocate" && call.address !== NULL) {
      if (!call.freed) this.#free(call.address);
      counts.reallocations++;
    }
    this.#allocate(result, call.bytes);
    return true;
  }

  /** The newest waiting call that such a result can belong to; -1 if there is none. */
  #newestFor(result: string): number {
    const at = this.#waiting.findLastIndex((call) => fits(call, result));
    if (at >= 0 || !result.startsWith("0x")) return at;
    // Valgrind can be told that `realloc(p,0)` gives an address.
    return this.#waiting.findLastIndex((call) => empties(call) && !call.freed);
  }

  #allocate(address: string, bytes: number): void {
    readAddress(this.#address, address, 0);
    const { high, low } = this.#address;
    this.#allocateAt(high, low, bytes);
  }

  /** Whether a waiting call is a reallocation of the address. */
  #reallocates(call: Waiting, high: number, low: number): boolean {
    if (call.kind !== "reallocate") return false;
    readAddress(this.#address, call.address, 0);
    return this.#address.high === high && this.#address.low === low;
  }

  #allocateAt(high: number, low: number, bytes: number): void {
    // A reallocation by another thread may have freed it already and not printed its second half yet.
    const reallocation = this.#waiting.find((call) =>
      !call.freed && this.#reallocates(call, high, low)
    );
    if (reallocation !== undefined && this.#into.isLive(high, low)) {
      reallocation.freed = true;
      this.#freeAt(high, low);
    }
    this.#into.allocate(high, low, bytes);
  }

  #free(address: string): void {
    const { counts } = this;
    if (address === NULL) {
      counts.nullFrees++;
      return;
    }
    readAddress(this.#address, address, 0);
    const { high, low } = this.#address;
    this.#freeAt(high, low);
  }

  #freeAt(high: number, low: number): void {
    if (!this.#into.free(high, low)) return;
    // `realloc(p,0)` prints the free it makes itself.
    for (const call of this.#waiting) {
      if (call.bytes === 0 && this.#reallocates(call, high, low)) call.freed = true;
    }
  }

  #error(message: string, line = this.counts.lines): TraceError {
    return new TraceError(this.#file, line, message);
  }
}
