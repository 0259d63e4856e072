/**
 * Compares the depth policy of this process in Rust with its twin in the model, on random states and
 * periods. They are written into the memory of a list, which is then ticked.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Driver, kernel, LookasideAlloc } from "../../mod.ts";
import {
  DEPTH_POLICIES,
  type ModelDepthPolicyName,
  type ModelDepthState,
} from "../../src/model.ts";
import { LAYOUT } from "../../src/native/library/bindings.ts";
import { metadata, pool } from "../../src/native/memory/memory.ts";
import { recordField, recordOf } from "../../src/native/memory/records.ts";
import { randomNumbers } from "../../tools/random/trace.ts";

const MAXIMUM_DEPTHS = [256, 300, 1024];

/** The state of a list's policy, as views of its record. */
function stateOf(record: number): { quiet: Uint8Array; others: Uint16Array } {
  const { buffer, byteOffset } = metadata.u32;
  return {
    quiet: new Uint8Array(buffer, byteOffset + record + LAYOUT.recordQuiet, 1),
    others: new Uint16Array(buffer, byteOffset + record + LAYOUT.recordFormerDepth, 4),
  };
}

/**
 * Compares so many states.
 *
 * @param name The policy that the process has.
 * @param rounds How many.
 * @param seed Which ones.
 * @param driver Whose lists; the root driver's, with the policy of the process, unless it is given.
 */
export function compareOnRandomStates(
  name: ModelDepthPolicyName,
  rounds: number,
  seed: number,
  driver: Driver = kernel.rootDriver,
): void {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  /** Small numbers, middling ones, and any. */
  const number = (most: number) => below([16, 1200, most + 1][below(3)]!);
  for (const maximumDepth of MAXIMUM_DEPTHS) {
    using list = new LookasideAlloc({ size: 64, tag: "Rnd ", maximumDepth, driver });
    const { id } = kernel.lists().find(({ tag }) => tag === "Rnd ")!;
    const record = recordOf(id);
    const control = recordField(record, LAYOUT.recordControl);
    const { quiet, others } = stateOf(record);
    const counter = (field: number) => (control + field) >>> 2;
    for (let round = 0; round < rounds; round++) {
      const state: ModelDepthState = {
        formerDepth: number(0xFFFF),
        formerDemand: number(0xFFFF),
        demand: number(0xFFFF),
        peak: number(0xFFFF),
        quiet: random() < 0.7 ? [6, 7, 8, 14, 15][below(5)]! : number(0xFF) & 0xFF,
      };
      quiet[0] = state.quiet;
      others.set([state.formerDepth, state.formerDemand, state.demand, state.peak]);
      // One that gets no memory; what it counts is written over.
      const noMemory = random() < 0.2;
      driver.faults.failNext(noMemory ? 1 : 0, "Rnd ");
      if (noMemory) assertEquals(list.alloc(), null);
      const allocates = number(0xFFFF_FFFF);
      const misses = Math.min(allocates, random() < 0.5 ? 0 : number(0xFFFF_FFFF));
      const before = [below(2 ** 32), below(2 ** 32)] as const;
      pool.u32[counter(LAYOUT.listLastTotalAllocates)] = before[0];
      pool.u32[counter(LAYOUT.listLastAllocateMisses)] = before[1];
      pool.u32[counter(LAYOUT.listTotalAllocates)] = before[0] + allocates;
      pool.u32[counter(LAYOUT.listAllocateMisses)] = before[1] + misses;
      const depth = number(0xFFFF);
      pool.u16[(control + LAYOUT.listDepth) >>> 1] = depth;
      kernel.tick();
      const [formerDepth, formerDemand, demand, peak] = others;
      const expected = DEPTH_POLICIES[name].adjusted(
        state,
        depth,
        maximumDepth,
        { allocates, misses, noMemory },
      );
      assertEquals(
        {
          state: { formerDepth, formerDemand, demand, peak, quiet: quiet[0] },
          depth: list.stats().depth,
        },
        expected,
        `${JSON.stringify({ state, depth, maximumDepth, allocates, misses, noMemory })}`,
      );
    }
    driver.faults.failNext(0, "Rnd ");
  }
}
