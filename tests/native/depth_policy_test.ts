/** The default depth policy is the same in Rust and in the model. */

import { environmentCount, environmentSeed } from "../../tools/integers.ts";
import { compareOnRandomStates } from "./depth_policies.ts";

const ROUNDS = environmentCount("LOOKASIDE_RUNS", 10_000);

Deno.test("depth policies: settling is the same in Rust and in the model, on random states", () => {
  const seed = environmentSeed() ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`LOOKASIDE_SEED=${seed}`);
  compareOnRandomStates("settling", ROUNDS, seed);
});
