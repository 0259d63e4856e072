/// <reference lib="deno.worker" />
/** A Worker that uses shared lists as it is told to. */

import { type Entry, entryAt, LookasideAlloc, LookasideError } from "../../../mod.ts";

/** What such a Worker can be asked; `number` tells the Workers of a test apart. */
export type Request =
  | { do: "attach"; id: number }
  | { do: "own"; size: number; tag: string }
  | { do: "hold"; count: number }
  | { do: "free"; entries: readonly number[] }
  | { do: "hammer"; number: number; operations: number }
  | { do: "churn"; number: number }
  | { do: "destroy" }
  | { do: "close" };

let list: LookasideAlloc;
const held: Entry[] = [];
const MOST_HELD = 12;

/** Owner and order of what is held, over all of the entry. */
function sign(entry: Entry, signature: number): void {
  words(entry).fill(signature);
}

function words(entry: Entry): Uint32Array {
  const { buffer, byteOffset, length } = list.bytes(entry);
  return new Uint32Array(buffer, byteOffset, length / 4);
}

function assertSigned(entry: Entry, signature: number): void {
  if (!words(entry).every((word) => word === signature)) {
    throw new Error(`Entry ${entry} is held by another: ${words(entry)}, not ${signature}`);
  }
}

/** Allocates and frees that often, one by one and in batches; what it holds at the end it frees. */
function hammer(number: number, operations: number): void {
  const signatures = new Map<Entry, number>();
  let done = 0;
  let state = number + 1;
  const batch = new Uint32Array(4);
  const take = (entry: Entry) => {
    const signature = (number << 24 | ++done) >>> 0;
    if (signatures.has(entry)) throw new Error(`Entry ${entry} was given twice`);
    signatures.set(entry, signature);
    sign(entry, signature);
    held.push(entry);
  };
  const give = (): Entry => {
    const entry = held.pop()!;
    assertSigned(entry, signatures.get(entry)!);
    signatures.delete(entry);
    done++;
    return entry;
  };
  while (done + held.length < operations) {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    const kind = state >>> 27;
    const room = Math.min(MOST_HELD, operations - done - held.length) - held.length;
    if (kind === 0 && room >= 8) {
      if (list.allocMany(batch) !== 4) throw new Error("There was no pool for a batch");
      for (const entry of batch) take(entryAt(entry));
    } else if (kind === 1 && held.length >= 4) {
      list.freeMany(Uint32Array.from(batch, give));
    } else if (held.length === 0 || (kind % 2 === 0 && room > 1)) {
      take(list.alloc()!);
    } else {
      list.free(give());
    }
  }
  while (held.length > 0) list.free(give());
  if (done !== operations) throw new Error(`That was no ${operations}: ${done}`);
}

/** Hammers for ever, holds an entry all the time, and lets the event loop have a turn at times. */
function churn(number: number): void {
  hammer(number, 1000);
  setTimeout(churn, 0, number);
}

function answer(request: Request): unknown {
  switch (request.do) {
    case "attach":
      list = LookasideAlloc.attach(request.id);
      return [list.size, list.tag, list.poolType, list.flags, list.shared];
    case "own":
      list = new LookasideAlloc({ size: request.size, tag: request.tag });
      return list.share();
    case "hold":
      return Array.from({ length: request.count }, () => list.alloc());
    case "free":
      return request.entries.forEach((entry) => list.free(entryAt(entry)));
    case "hammer":
      return hammer(request.number, request.operations);
    case "churn":
      return churn(request.number);
    case "destroy":
      list.destroy();
      return list.destroyed;
    case "close":
      // At the end of this turn, so that the answer gets out.
      return setTimeout(() => self.close(), 0) && null;
  }
}

self.onmessage = ({ data }: MessageEvent<Request>) => {
  try {
    self.postMessage({ value: answer(data) });
  } catch (error) {
    const status = error instanceof LookasideError ? error.status : null;
    self.postMessage({ error: String(error), status });
  }
};

self.postMessage("ready");
