/** A Worker that would set the size of the pool. */

import { kernel, type LookasideError } from "../../../mod.ts";
import { scope } from "./scope.ts";

try {
  kernel.configure({ poolMebibytes: 16 });
  scope.postMessage({ name: "none" });
} catch (error) {
  const { name, status } = error as LookasideError;
  scope.postMessage({ name, status });
}
