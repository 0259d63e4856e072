/**
 * The native library: checked, opened, its memory mapped. The only file that loads one.
 *
 * Loading and opening are two steps. {@linkcode load} opens the file and compares ABI numbers;
 * {@linkcode open} opens the library for this isolate, which maps the pool. Between the two the
 * size of the pool can still be set.
 *
 * @module
 */

import { NtStatus } from "../../wdk/constants.ts";
import { checkOptions } from "../arguments.ts";
import { endedError, LibraryLoadError, statusError } from "../errors.ts";
import { endHits, openHits } from "../hit.ts";
import { mapMemory } from "../memory/memory.ts";
import { endSharedHits, openSharedHits } from "../shared_hits.ts";
import { ABI, SYMBOLS, VERSION } from "./bindings.ts";
import { isolateNumber, libraryOfOthers, meetOthers, refuseBesideOthers } from "./copies.ts";
import { named, type Place, unnamed } from "./find.ts";

/** The library's functions. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** By which a library is known. It may be of any version, so that none of its other functions is sure. */
const ABOUT = {
  lookaside_abi: SYMBOLS.lookaside_abi,
  lookaside_version: { ...SYMBOLS.lookaside_version, optional: true },
} as const;

/**
 * What a program needs that makes confined lists and uses them. Each function takes about a tenth of
 * a millisecond to open, so the others are opened all together when the first of them is used.
 */
const FIRST = {
  lookaside_abi: SYMBOLS.lookaside_abi,
  lookaside_open: SYMBOLS.lookaside_open,
  lookaside_close: SYMBOLS.lookaside_close,
  lookaside_pool: SYMBOLS.lookaside_pool,
  lookaside_create: SYMBOLS.lookaside_create,
  lookaside_destroy: SYMBOLS.lookaside_destroy,
  lookaside_alloc: SYMBOLS.lookaside_alloc,
  lookaside_free: SYMBOLS.lookaside_free,
} as const;

const PERMISSION_NOTE =
  "Lookaside lists need --allow-ffi without a path, because pool memory is mapped by its address.";

// Module variables rather than one object: a call through a variable costs the call alone. Code that
// holds a list knows that they are set, so the fast path does not check.

/** The library's functions, once loaded. */
export let symbols!: Symbols;

/** Opens the functions that are not opened yet. */
let openOthers: () => void = () => {};
/** The file that `symbols` come from. */
let loadedFrom: string | null = null;
/** This isolate's slot as an offset in the metadata; 0 unless it is open. */
export let slot = 0;
/** Whether this isolate has closed the library. It then holds no list. */
export let hasEnded = false;

/** What {@linkcode load} has yet to call; `null` once it was called. */
let hooks: (() => void)[] | null = [];

/** Has {@linkcode load} call a function too; it is called at once when that has been. */
export function whenLoaded(make: () => void): void {
  if (hooks === null) make();
  else hooks.push(make);
}

/**
 * Loads the native library explicitly, all of it; otherwise the first use of each part does.
 *
 * The file is `path`, else what the environment variable `LOOKASIDE_LIB` names (where reading it is
 * already permitted), else the one that was installed with this module, or in a checkout the one that
 * `deno task build` makes. Where another copy of this module has loaded a library, this one uses it
 * unless it is told of another. A file that is named is the only one tried. A second call with the
 * same path, as written, does nothing.
 *
 * Tests call it before they begin: to Deno's sanitizer what is opened inside a test is a leak.
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
 * @throws {TypeError} If the path is neither a string nor a URL, or an option is not known.
 * @throws {LibraryLoadError} If the library is missing, not made for this module, or another one is loaded; if another copy of this module, of another ABI number, is in use.
 * @throws {Deno.errors.NotCapable} If `--allow-ffi` is missing or limited to a path.
 */
export function load(options: { path?: string | URL } = {}): void {
  checkOptions(options, ["path"], "Cannot load the library");
  loadFirst(options.path);
  openOthers();
  for (const make of hooks ?? []) make();
  hooks = null;
}

function loadFirst(path?: string | URL): void {
  const given = path === undefined ? null : named(path);
  if (loadedFrom === null) {
    const place = given ?? unnamed(libraryOfOthers());
    const loaded = openLibrary(place);
    symbols = loaded;
    loadedFrom = place.path;
    meetOthers(place.path);
  } else if (given !== null && given.path !== loadedFrom) {
    throw new LibraryLoadError(
      `Cannot load "${given.path}": another library is loaded: "${loadedFrom}"`,
      [given.path],
    );
  }
}

/**
 * Makes sure that the library is loaded and this isolate is open in it.
 *
 * Each function that can make the first list or block calls it. A function that takes an existing
 * one does not.
 */
export function open(): void {
  if (slot === 0) openIsolate();
}

function openLibrary({ path, source, advice }: Place): Symbols {
  const fail = (reason: string, cause?: unknown): never => {
    throw new LibraryLoadError(
      `Cannot load the native library: ${advice}\n  tried "${path}", which ${source}: ${reason}`,
      [path],
      cause === undefined ? undefined : { cause },
    );
  };
  const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
  if (!littleEndian || !["x86_64", "aarch64"].includes(Deno.build.arch)) {
    fail(`it runs on 64-bit little-endian machines only: ${Deno.build.arch}`);
  }
  permit();
  refuseBesideOthers(path);
  const openSome = <T extends Deno.ForeignLibraryInterface>(functions: T) => {
    try {
      return Deno.dlopen(path, functions);
    } catch (error) {
      if (isPermissionError(error)) throw explained(error);
      const reason = error instanceof Error ? error.message : String(error);
      return fail(reason.replace(/^(Could not open library: )+/, ""), error);
    }
  };
  const refuse = () => {
    const about = openSome(ABOUT);
    const abi = about.symbols.lookaside_abi();
    const version = versionText(about.symbols.lookaside_version?.() ?? 0);
    about.close();
    if (abi === ABI) return;
    fail(
      `it does not fit: it is version ${version} with the ABI number ${abi}, ` +
        `this module is version ${VERSION}, made for ${ABI}`,
    );
  };
  let library;
  try {
    library = Deno.dlopen(path, FIRST);
  } catch {
    // Another version may lack a function. What else there is to say is said again.
    refuse();
    library = openSome(FIRST);
  }
  if (library.symbols.lookaside_abi() !== ABI) {
    library.close();
    refuse();
  }
  openOthers = () => {
    openOthers = () => {};
    const others = Object.entries(SYMBOLS).filter(([name]) => !Object.hasOwn(FIRST, name));
    // The system knows a loaded file by its name: it is the same library even where the file has been
    // replaced or removed.
    const opened = openSome(Object.fromEntries(others)).symbols as unknown as Symbols;
    Object.assign(all, opened);
    if (hasEnded) return;
    openSharedHits(opened.lookaside_hit, opened.lookaside_keep);
  };
  // What it does not have itself it asks its prototype for.
  const all = Object.create(
    new Proxy({}, {
      get(_, name) {
        openOthers();
        return Object.hasOwn(all, name) ? all[name as keyof Symbols] : undefined;
      },
    }),
  ) as Symbols;
  return Object.assign(all, library.symbols);
}

/** A version as text, from a byte for each of its parts. */
function versionText(version: number): string {
  return version === 0
    ? "unknown"
    : [version >>> 16, version >>> 8 & 0xFF, version & 0xFF].join(".");
}

/**
 * Asks for the permission that mapping the pool needs, before a file is opened. A permission for a
 * path is not enough.
 */
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
  loadFirst();
  const opened = symbols.lookaside_open(isolateNumber());
  if (opened === 0) {
    throw statusError("Cannot map the pool", symbols.lookaside_open_failure(), {
      [NtStatus.QuotaExceeded]:
        "1,024 isolates of this process use the library already, and no limit is higher",
      [NtStatus.InsufficientResources]:
        "the system refused the memory: the limit on address space (ulimit -v) must leave 4 GiB " +
        "more than the pool's size",
    });
  }
  const place = symbols.lookaside_pool();
  mapMemory(place & ~0xFFFF_FFFFn, Number(place & 0xFFFF_FFFFn));
  openHits(Number(place >> 32n));
  slot = opened;
  // Workers, and isolates that end in an uncaught error, get no such event. The library then sees
  // the end of the thread, or the next isolate that opens it on the thread.
  // Capturing listeners come first: should there be other copies of this module in the isolate, none
  // takes a hit any more when the first of them closes the library.
  globalThis.addEventListener("unload", endHits, { once: true, capture: true });
  globalThis.addEventListener("unload", closeIsolate, { once: true });
}

/** The isolate does not open the library again: it is ending. */
function closeIsolate(): void {
  symbols.lookaside_close();
  hasEnded = true;
  slot = 0;
  // Other isolates may delete the shared lists from now on.
  endSharedHits();
}
