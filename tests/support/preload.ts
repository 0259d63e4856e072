/**
 * Loads the library in every test module before its tests. The library is never closed, so the
 * resource sanitizer would report it as a leak of the test that loads it.
 */

import { load } from "../../src/native/library/library.ts";

load();
