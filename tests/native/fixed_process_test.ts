/** The policy `fixed`, chosen for a process of its own. */

import { assertEquals } from "@std/assert";
import { kernel } from "../../mod.ts";
import { crossCheck, modelWorld, nativeWorld } from "../../src/trace.ts";
import { randomTrace } from "../../tools/random/trace.ts";
import { compareOnRandomStates } from "./depth_policies.ts";

kernel.configure({ depthPolicy: "fixed" });

Deno.test("depth policies: fixed is the same in Rust and in the model, on random states and traces", () => {
  compareOnRandomStates("fixed", 1000, 1);
  const model = modelWorld(undefined, { depthPolicy: "fixed" });
  assertEquals(crossCheck(randomTrace(1, 8, 4000), model, nativeWorld()), null);
});
