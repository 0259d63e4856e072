/**
 * Stacks of JavaScript, which native code cannot walk: they are told before a call that may note one.
 *
 * @module
 */

import { LAYOUT } from "./library/bindings.ts";
import { symbols } from "./library/library.ts";
import { metadata } from "./memory/memory.ts";

/** The folder of this module's own files, whose frames are left out. */
const OWN = new URL("./", import.meta.url).href;
/** How many frames are told at most; native code keeps as many as were asked for. */
const FRAMES = 24;
/** Frames of this module's own that may stand above the caller's. */
const OWN_FRAMES = 8;

/** Whether each call tells its stack, whatever the drivers have: allocations fail by their stacks. */
let isWanted = 0;
/** Whether a stack was told last, and not the end of stacks. */
let isTold = false;

/** Has each call tell its stack while a function runs. */
export function withStacks<T>(run: () => T): T {
  isWanted++;
  try {
    return run();
  } finally {
    isWanted--;
    if (isWanted === 0) tell("");
  }
}

/** Tells the stack of the calling code, where stacks are noted. */
export function tellStack(): void {
  const checks = metadata.u32[LAYOUT.headerChecks >>> 2]!;
  if (isWanted !== 0 || (checks & LAYOUT.checkStacks) !== 0) tell(callers().join("\n"));
  else if (isTold) tell("");
}

function tell(text: string): void {
  isTold = text !== "";
  const bytes = new TextEncoder().encode(text);
  // An empty array has no address: a text of one zero byte is as good as none.
  symbols.lookaside_tell_stack(bytes.length === 0 ? new Uint8Array(1) : bytes, bytes.length);
}

/** The frames of the code that called this module, the innermost first. */
function callers(): string[] {
  const stack = ownStack();
  const frames = stack.split("\n").slice(1).map((line) => line.trim().replace(/^at /, ""));
  const first = frames.findIndex((frame) => !frame.includes(OWN));
  return first < 0 ? [] : frames.slice(first, first + FRAMES);
}

/** The stack as text; empty where the program has made `Error` tell none, or something else. */
function ownStack(): string {
  try {
    const before = Error.stackTraceLimit;
    Reflect.set(Error, "stackTraceLimit", FRAMES + OWN_FRAMES);
    try {
      const { stack } = new Error();
      return typeof stack === "string" ? stack : "";
    } finally {
      Reflect.set(Error, "stackTraceLimit", before);
    }
  } catch {
    return "";
  }
}
