/**
 * The one list of the formats that there is a reader for.
 *
 * @module
 */

import type { Format } from "./format.ts";
import { valgrind } from "./valgrind.ts";

/** Every format that there is a reader for. */
export const FORMATS: readonly Format[] = [valgrind];
