/** The default depth policy, and those of drivers, are the same in Rust and in the model. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc } from "../../mod.ts";
import { environmentCount, environmentSeed } from "../../tools/integers.ts";
import { compareOnRandomStates } from "./depth_policies.ts";

const ROUNDS = environmentCount("LOOKASIDE_RUNS", 10_000);

Deno.test("depth policies: settling is the same in Rust and in the model, on random states", () => {
  const seed = environmentSeed() ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`LOOKASIDE_SEED=${seed}`);
  compareOnRandomStates("settling", ROUNDS, seed);
});

Deno.test("depth policies: a driver's own is the same in Rust and in the model, and no other driver's", () => {
  for (const depthPolicy of ["fixed", "balanced", "settling"] as const) {
    using driver = kernel.loadDriver(`${depthPolicy}.sys`, { depthPolicy });
    compareOnRandomStates(depthPolicy, 500, 7, driver);
    compareOnRandomStates("settling", 500, 7);
  }
});

Deno.test("depth policies: a tick moves the depths of each driver's lists by its own policy", () => {
  using driver = kernel.loadDriver("fixed.sys", { depthPolicy: "fixed" });
  using fixed = new LookasideAlloc({ size: 64, tag: "Fixd", driver });
  using settling = new LookasideAlloc({ size: 64, tag: "Sttl" });
  const before = fixed.stats().depth;
  for (let second = 0; second < 3; second++) {
    for (const list of [fixed, settling]) {
      for (const entry of Array.from({ length: 40 }, () => list.alloc()!)) list.free(entry);
    }
    kernel.tick();
  }
  assertEquals(fixed.stats().depth, before);
  assert(settling.stats().depth > before);
});

Deno.test("depth policies: a driver is refused one that there is not", () => {
  const load = (options: unknown) => () => kernel.loadDriver("bad.sys", options as never);
  assertThrows(
    load({ depthPolicy: "ballanced" }),
    RangeError,
    'the nearest is balanced: "ballanced"',
  );
  assertThrows(load({ depthPolicy: 1 }), TypeError, "depthPolicy must be a string: 1");
  assertThrows(load({ policy: "fixed" }), TypeError, 'there is no option "policy"');
  assertThrows(load(null), TypeError, "options must be an object: null");
});
