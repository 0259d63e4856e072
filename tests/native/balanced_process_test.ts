/** The policy `balanced`, chosen for a process of its own. */

import { assertEquals } from "@std/assert";
import { kernel, LookasideAlloc } from "../../mod.ts";
import { crossCheck, modelWorld, nativeWorld } from "../../src/trace.ts";
import { randomTrace } from "../../tools/random/trace.ts";
import { compareOnRandomStates } from "./depth_policies.ts";

// Under Deno the environment does not count.
Deno.env.set("EMU_DEPTH_POLICY", "fixed");
kernel.configure({ depthPolicy: "fixed" });
kernel.configure({ poolMebibytes: 128 });
kernel.configure({ depthPolicy: "balanced" });
kernel.configure({});

// Behaviour: tick, depth-below-4.
Deno.test("kernel.tick() under balanced lowers the depth of an idle list, frees nothing, and keeps a depth below 4", () => {
  using list = new LookasideAlloc({ size: 64 });
  list.setDepth(20);
  list.freeMany(Uint32Array.from({ length: 12 }, () => list.alloc()!));
  kernel.tick();
  const depths = Array.from({ length: 3 }, () => {
    kernel.tick();
    return list.stats().depth;
  });
  assertEquals(depths, [25, 19, 15]);
  list.setDepth(1);
  kernel.tick();
  assertEquals([list.stats().depth, list.stats().currentDepth], [1, 12]);
});

Deno.test("depth policies: balanced is the same in Rust and in the model, on random states and traces", () => {
  compareOnRandomStates("balanced", 5000, 1);
  const model = () => modelWorld(undefined, { depthPolicy: "balanced" });
  for (let seed = 1; seed <= 5; seed++) {
    assertEquals(crossCheck(randomTrace(seed, 8, 4000), model(), nativeWorld()), null);
  }
});
