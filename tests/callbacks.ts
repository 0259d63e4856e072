/**
 * Makes this isolate ready for callbacks before its tests: the two functions that the library calls
 * stay until the isolate ends, which the resource sanitizer takes for a leak of the test that is the
 * first to need them.
 *
 * @module
 */

import { LookasideAlloc } from "../mod.ts";

new LookasideAlloc({ size: 16, free: () => {} }).destroy();
