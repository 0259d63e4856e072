/**
 * Loads the library in every test module before its tests: what a test loads and does not close,
 * the resource sanitizer takes for a leak, and the library is never closed.
 */

import { load } from "../../src/native/library/library.ts";

load();
