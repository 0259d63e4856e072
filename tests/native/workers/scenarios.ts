/**
 * A scenario with faults of its own, by number: what it sees must not hang on what other isolates do.
 *
 * @module
 */

import { type Entry, kernel, LookasideAlloc, type VerifierOptions } from "../../../mod.ts";

const ROUNDS = 2000;

const VERIFIERS: readonly (VerifierOptions | undefined)[] = [
  undefined,
  { flags: 0x9BA },
  { lowResources: { probability: 0.2, seed: 3, tags: ["Lst?", "Blk1"] } },
  { lowResources: { probability: 0.05, seed: 5, tags: ["Blk*"] } },
];

/** What the scenario with a number sees: which rounds failed, and what is counted. */
export function scenario(number: number): unknown {
  const verifier = VERIFIERS[number % VERIFIERS.length];
  return kernel.scenario(`scenario ${number}`, (driver) => {
    const { faults } = driver;
    using list = new LookasideAlloc({ size: 64, tag: "Lst1", driver });
    if (number < 2) faults.failNext(number + 1);
    else if (number < 4) faults.failEvery(7 + number, "Lst?");
    else if (number < 6) faults.failRandomly(0.1, number);
    else faults.failNth(100 * number);
    const failed: number[] = [];
    const held: Entry[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const entry = list.alloc();
      const block = kernel.allocatePool(100, { tag: "Blk1", driver });
      if (entry === null) failed.push(round);
      else held.push(entry);
      if (block === null) failed.push(-round);
      else kernel.freePool(block);
      if (held.length > 20) { for (const one of held.splice(0)) list.free(one); }
    }
    for (const one of held) list.free(one);
    // What lies in the pool is the list alone.
    const left = driver.leaks().map(({ kind }) => kind);
    const { allocationsAttempted, allocationsFailed, faultsInjected } = driver.query();
    return { failed, left, counters: [allocationsAttempted, allocationsFailed, faultsInjected] };
  }, verifier === undefined ? {} : { verifier });
}
