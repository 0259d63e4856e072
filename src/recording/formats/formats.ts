/**
 * The one list of the formats that are known, in the order in which they are tried.
 *
 * @module
 */

import { allocatorLab } from "./allocator_lab.ts";
import { eventCsv } from "./event_csv.ts";
import type { Format } from "./format.ts";
import { heaptrack, heaptrackInterpreted } from "./heaptrack.ts";
import { kmem } from "./kmem.ts";
import { mtrace } from "./mtrace.ts";
import { lookasideText, snapshotText, xperfText } from "./refusals.ts";
import { traceText } from "./trace_text.ts";
import { valgrind } from "./valgrind.ts";
import { weeAlloc } from "./wee_alloc.ts";

/** Every format that is known. */
export const FORMATS: readonly Format[] = [
  eventCsv,
  valgrind,
  heaptrack,
  heaptrackInterpreted,
  xperfText,
  lookasideText,
  snapshotText,
  kmem,
  mtrace,
  weeAlloc,
  allocatorLab,
  traceText,
];
