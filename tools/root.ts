/**
 * Where the project's files are.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The folder of the repository, with the separator at its end, as the system writes it. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));
