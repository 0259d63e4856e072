/**
 * The native library: found, checked, opened, its memory mapped. The only file that loads one.
 *
 * Loading and opening are two steps. {@linkcode load} opens the file and compares ABI numbers;
 * {@linkcode open} begins this isolate's stay in the library, which maps the pool. Between the
 * two the size of the pool can still be set.
 *
 * @module
 */

import { ABI, LAYOUT, SYMBOLS } from "./bindings.ts";
import { BugCheckError, LibraryLoadError, LookasideError } from "../errors.ts";
import { NtStatus } from "../types.ts";

/** The library's functions. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Views over the whole of one mapping, all on one buffer. */
export interface Memory {
  /** The memory itself. */
  readonly buffer: ArrayBuffer;
  /** By bytes. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** By 16-bit words: index = offset / 2. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** By 32-bit words: index = offset / 4. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** By 64-bit words: index = offset / 8. */
  readonly u64: BigUint64Array<ArrayBuffer>;
  /** By doubles: index = offset / 8. */
  readonly f64: Float64Array<ArrayBuffer>;
  /** By offset, little-endian where asked for. */
  readonly view: DataView<ArrayBuffer>;
}

/** Texts for statuses, in place of the usual ones. */
export type Reasons = Readonly<Record<number, string>>;

const BUILD_COMMAND = "deno task build";
const PERMISSION_NOTE =
  "Lookaside lists need --allow-ffi without a path, because pool memory is mapped by its address.";

const REASONS: Reasons = {
  [NtStatus.InvalidParameter]: "an argument is not valid",
  [NtStatus.InvalidParameter4]: "the pool type is not one of 0, 1, 4, 5, 512 and 516",
  [NtStatus.InvalidParameter5]: "the flags are not 0, 1 or 2",
  [NtStatus.InvalidParameter8]: "the maximum depth is not 0 or 256 … 1024",
  [NtStatus.InsufficientResources]: "there is not enough pool",
  [NtStatus.QuotaExceeded]: "the quota is used up",
  [NtStatus.InvalidDeviceState]: "it is too early or too late for that",
  [NtStatus.DeletePending]: "the list is deleted",
};

// Module variables rather than one object: a call through a variable costs the call alone, and
// whoever holds a list knows that they are set, so the fast path need not ask.

/** The library's functions, once loaded. */
export let symbols!: Symbols;
/** `symbols.lookaside_alloc`. */
export let lookaside_alloc!: Symbols["lookaside_alloc"];
/** `symbols.lookaside_free`. */
export let lookaside_free!: Symbols["lookaside_free"];
/** The pool, once open: an entry is an offset in it. */
export let pool!: Memory;
/** Slots, records and state bytes, once open. User code never gets a view of it. */
export let metadata!: Memory;

/** This isolate's owner number, once open: what the hit paths are told, so that they need not ask. */
export let owner = 0;

/** The file that `symbols` come from. */
let loadedFrom: string | null = null;
/** This isolate's slot as an offset in the metadata; 0 unless it is open. */
let slot = 0;
/** Whether this isolate's stay is over: then it holds no list any more. */
export let hasEnded = false;

/** What is to be made as soon as there is a library. */
const hooks: (() => void)[] = [];

/** Has something made together with the library, rather than at its first use. */
export function whenLoaded(make: () => void): void {
  if (loadedFrom === null) hooks.push(make);
  else make();
}

/**
 * Loads the native library explicitly; otherwise the first use does.
 *
 * The file is `path`, else what the environment variable `LOOKASIDE_LIB` names (where reading it
 * is already permitted), else the one that `deno task build` makes. One that is named is the only
 * one tried. Again with the same path, as written, this does nothing.
 *
 * @example Usage
 * ```ts
 * import { load } from "@win-lookaside/lookaside";
 *
 * load();
 * load();
 * ```
 *
 * @param options Which file to load.
 * @throws {LibraryLoadError} If the library is missing, not made for this module, or another one is loaded.
 * @throws {Deno.errors.NotCapable} If `--allow-ffi` is missing or limited to a path.
 */
export function load(options: { path?: string | URL } = {}): void {
  const named = options.path === undefined ? undefined : fileName(options.path);
  if (loadedFrom === null) {
    const path = named ?? environmentPath() ?? fileName(buildPath());
    const loaded = openLibrary(path);
    symbols = loaded;
    lookaside_alloc = loaded.lookaside_alloc;
    lookaside_free = loaded.lookaside_free;
    loadedFrom = path;
    for (const make of hooks) make();
  } else if (named !== undefined && named !== loadedFrom) {
    throw new LibraryLoadError(
      `Cannot load "${named}": another library is loaded: "${loadedFrom}"`,
      [named],
    );
  }
}

/**
 * Makes sure that the library is loaded and this isolate is open in it.
 *
 * Whatever makes a first list, entry or block calls this; what works on one that exists need not.
 */
export function open(): void {
  if (slot === 0) openIsolate();
}

/** Throws what the slot says unless the status of an export is 0. */
export function check(status: number, context: string, reasons?: Reasons): void {
  if (status !== 0) raise(context, reasons);
}

/** The answer to an export that returned no entry: `null` when there is simply none, else throws. */
export function none(context: string, reasons?: Reasons): null {
  return slotKind() === 0 ? null : raise(context, reasons);
}

/**
 * Throws what the slot says.
 *
 * @param context What could not be done, such as "Cannot allocate".
 * @param reasons Texts for statuses, in place of the usual ones.
 */
export function raise(context: string, reasons?: Reasons): never {
  if (hasEnded) throw endedError(context);
  const kind = slotKind();
  const code = metadata.view.getUint32(slot + LAYOUT.slotCode, true);
  // An export that has nothing to say leaves the slot alone: what was said once must not be heard twice.
  metadata.view.setUint32(slot + LAYOUT.slotKind, 0, true);
  if (kind === 1) throw statusError(context, code, reasons);
  if (kind === 2) {
    const at = slot + LAYOUT.slotParameters;
    throw new BugCheckError(code, [
      metadata.view.getBigUint64(at, true),
      metadata.view.getBigUint64(at + 8, true),
      metadata.view.getBigUint64(at + 16, true),
      metadata.view.getBigUint64(at + 24, true),
    ], context);
  }
  throw new Error(`${context}: the library failed without saying why: ${kind}`);
}

/** The error for a status that is known without a slot. */
export function statusError(context: string, status: number, reasons?: Reasons): LookasideError {
  const reason = reasons?.[status] ?? REASONS[status] ??
    `status 0x${status.toString(16).toUpperCase().padStart(8, "0")}`;
  return new LookasideError(`${context}: ${reason}`, status);
}

/** The value that the last export left in the slot, such as a new list's id. */
export function slotValue(): number {
  return metadata.view.getUint32(slot + LAYOUT.slotValue, true);
}

function slotKind(): number {
  if (hasEnded) return 1;
  return metadata.view.getUint32(slot + LAYOUT.slotKind, true);
}

function fileName(path: string | URL): string {
  if (typeof path === "string" && !path.startsWith("file:")) return path;
  const url = new URL(path);
  if (url.protocol !== "file:") {
    throw new LibraryLoadError(
      `Cannot load "${url}": a library is loaded from a file only; ${howToBuild()}`,
      [url.href],
    );
  }
  const name = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? name.replace(/^\//, "").replaceAll("/", "\\") : name;
}

function environmentPath(): string | undefined {
  // Asked for, not tried: a read that is not permitted would prompt on a terminal.
  const { state } = Deno.permissions.querySync({ name: "env", variable: "LOOKASIDE_LIB" });
  return state === "granted" ? Deno.env.get("LOOKASIDE_LIB") || undefined : undefined;
}

function buildPath(): URL {
  const { os } = Deno.build;
  const name = os === "windows"
    ? "lookaside.dll"
    : os === "darwin"
    ? "liblookaside.dylib"
    : "liblookaside.so";
  return new URL(`../../../target/release/${name}`, import.meta.url);
}

function howToBuild(): string {
  return `build it in a checkout of the project with: ${BUILD_COMMAND}`;
}

function openLibrary(path: string): Symbols {
  const fail = (reason: string, cause?: unknown): never => {
    throw new LibraryLoadError(
      `Cannot load the native library: ${howToBuild()}\n  tried "${path}": ${reason}`,
      [path],
      cause === undefined ? undefined : { cause },
    );
  };
  const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
  if (!littleEndian || !["x86_64", "aarch64"].includes(Deno.build.arch)) {
    fail(`it runs on 64-bit little-endian machines only: ${Deno.build.arch}`);
  }
  permit();
  let library: Deno.DynamicLibrary<typeof SYMBOLS>;
  try {
    library = Deno.dlopen(path, SYMBOLS);
  } catch (error) {
    if (isPermissionError(error)) throw explained(error);
    const reason = error instanceof Error ? error.message : String(error);
    return fail(reason.replace(/^(Could not open library: )+/, ""), error);
  }
  const abi = library.symbols.lookaside_abi();
  if (abi !== ABI) {
    library.close();
    fail(`it is stale: its ABI number is ${abi}, this module was made for ${ABI}`);
  }
  return library.symbols;
}

/** Asks for what mapping the pool will need, before anything is opened: a path is not enough. */
function permit(): void {
  try {
    Deno.UnsafePointer.create(1n);
  } catch (error) {
    throw isPermissionError(error) ? explained(error) : error;
  }
}

function isPermissionError(error: unknown): error is Error {
  return error instanceof Deno.errors.NotCapable ||
    error instanceof Deno.errors.PermissionDenied;
}

function explained(error: Error): Error {
  error.message = `${error.message}. ${PERMISSION_NOTE}`;
  return error;
}

function openIsolate(): void {
  if (hasEnded) throw endedError("Cannot use lookaside lists");
  load();
  const opened = symbols.lookaside_open();
  if (opened === 0) {
    throw statusError("Cannot map the pool", symbols.lookaside_open_failure(), {
      [NtStatus.QuotaExceeded]: "1024 isolates of this process use the library already",
      [NtStatus.InsufficientResources]:
        "the system refused the memory: the limit on address space (ulimit -v) must leave 4 GiB " +
        "more than the pool's size",
    });
  }
  pool = map(symbols.lookaside_pool_address(), symbols.lookaside_pool_bytes());
  metadata = map(symbols.lookaside_metadata_address(), symbols.lookaside_metadata_bytes());
  slot = opened;
  owner = metadata.view.getUint32(slot + LAYOUT.slotOwner, true);
  // Workers and isolates that end in an uncaught error get no such event: there the library sees
  // the thread end, or the next isolate begin on it.
  globalThis.addEventListener("unload", closeIsolate, { once: true });
}

/** One more buffer over the pool, for views that callers get: they may detach it. */
export function mapPool(): ArrayBuffer {
  return bufferAt(symbols.lookaside_pool_address(), pool.buffer.byteLength);
}

/** Nothing begins a new stay after this: what would use it is ending too. */
function closeIsolate(): void {
  symbols.lookaside_close();
  hasEnded = true;
  slot = 0;
  owner = 0;
  // Shared lists are others' now, who may delete them at any time.
  lookaside_alloc = () => 0;
  lookaside_free = () => 1;
}

function endedError(context: string): LookasideError {
  return new LookasideError(`${context}: the isolate has ended`, NtStatus.DeletePending);
}

function bufferAt(address: bigint, bytes: number): ArrayBuffer {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new Error("The library opened without its memory");
  return Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
}

function map(address: bigint, bytes: number): Memory {
  const buffer = bufferAt(address, bytes);
  return {
    buffer,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    u64: new BigUint64Array(buffer),
    f64: new Float64Array(buffer),
    view: new DataView(buffer),
  };
}
