/** The third of three test files in one process: sees what the second saw. */

import "./2_comes_after.ts";
