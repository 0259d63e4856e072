/**
 * Texts that people have and that cannot be replayed, each with the reason.
 *
 * @module
 */

import type { Format } from "./format.ts";
import { refused } from "./heaptrack.ts";

/** What `xperf -a dumper` writes. */
export const xperfText: Format = {
  name: "xperf",
  title: "text of xperf's dumper",
  refusal:
    "its pool lines are not documented and none was ever seen; export the events as event CSV (docs/recordings.md)",
  detects: (head) => /^\s*BeginHeader\s*$/m.test(head),
  reader: refused,
};

/** What the kernel debugger's `!lookaside` prints. */
export const lookasideText: Format = {
  name: "!lookaside",
  title: "text of !lookaside",
  refusal: "it holds the counters of lists at one moment, and no events",
  detects: (head) => /^\s*Lookaside ".*" @ 0x[0-9a-f`]+/m.test(head),
  reader: refused,
};

/** Snapshots of pool tags: PoolMon's text, its CSV, and `!poolused`. */
export const snapshotText: Format = {
  name: "snapshot",
  title: "snapshot of pool tags",
  refusal: "counters cannot be replayed; give two or more snapshots to watch",
  detects: (head) =>
    /\bTag\s+Type\s+Allocs/.test(head) || /^"?Tag"?,"?PagedAllocs/m.test(head) ||
    /"Tag","PagedAllocs"/.test(head) || /\bTag\s+Allocs\s+Used\s+Allocs\s+Used/.test(head) ||
    /^\s*Pool Used:/m.test(head),
  reader: refused,
};
