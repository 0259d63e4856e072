/// <reference lib="deno.worker" />
/** A Worker of the cross-check: checks portions until it has done its share, finds something, or is told to stop. */

import * as model from "@win-lookaside/lookaside/model";
import { type Outcome, PORTION, portionSeeds, runPortion } from "./portions.ts";

/** What a Worker is asked to do. */
export interface Request {
  /** Determines all that it does. */
  readonly seed: number;
  /** How many operations to check. */
  readonly operations: number;
  /** Over how many lists. */
  readonly lists: number;
  /** Which Worker it is, from 0. */
  readonly worker: number;
  /** How many there are. */
  readonly workers: number;
  /** One i32 that is not 0 once they all are to stop. */
  readonly stop: SharedArrayBuffer;
}

/** What a Worker says after each portion. */
export interface Report extends Outcome {
  /** Whether it was the last. */
  readonly isLast: boolean;
}

// One operation in twelve ends in an error. Nothing reads its stack, which costs most.
Reflect.deleteProperty(Error, "stackTraceLimit");

async function run({ seed, operations, lists, worker, workers, stop }: Request): Promise<void> {
  const stopping = new Int32Array(stop);
  const setting = { model, lists, worker, workers };
  let left = operations;
  for (const portion of portionSeeds(seed)) {
    const outcome = runPortion(portion, Math.min(left, PORTION), setting);
    left -= outcome.operations;
    if (outcome.finding !== null || outcome.noPool !== null) Atomics.store(stopping, 0, 1);
    const isLast = left <= 0 || Atomics.load(stopping, 0) !== 0;
    self.postMessage({ ...outcome, isLast } satisfies Report);
    if (isLast) return;
    // What a weak reference led to is kept until the turn ends, the callbacks of each list among it.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

self.onmessage = ({ data }: MessageEvent<Request>) => run(data);
