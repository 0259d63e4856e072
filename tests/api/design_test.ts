/**
 * Holds mod.ts to design.d.ts, in one direction: what the module exports is assignable to what
 * was agreed. The type checker does the work; what is not built yet is named below, and a name
 * that is there after all fails, so that the table only shrinks.
 */

import { assert } from "@std/assert";
import type * as design from "./design.d.ts";
import * as ours from "../../mod.ts";

/** What was agreed and is still to come: name → where it is built. */
const TO_COME = {
  "Kernel.irql": "roadmap 1",
  "Kernel.atIrql": "roadmap 1",
  "Kernel.loadDriver": "roadmap 1",
  "Kernel.scenario": "roadmap 1",
  "Driver.verifier": "roadmap 1",
  "Driver.leaks": "roadmap 1",
  "Driver.check": "roadmap 1",
  "Driver.unload": "roadmap 1",
  "Driver.dispose": "roadmap 1",
  "Faults.failNth": "roadmap 1",
  "Faults.failEvery": "roadmap 1",
  "Faults.failRandomly": "roadmap 1",
  "Faults.clear": "roadmap 1",
  "Faults.systematically": "roadmap 1",
} as const;

// Types leave no trace that could be asked for: each line fails once the type is exported.
// @ts-expect-error roadmap 1
type Leak = ours.Leak;
// @ts-expect-error roadmap 1
type VerifierOptions = ours.VerifierOptions;
// @ts-expect-error roadmap 1
type FaultReport = ours.FaultReport;
export type TypesToCome = Leak | VerifierOptions | FaultReport;

/** The members of one owner that are still to come. */
type ToCome<Owner extends string> = keyof typeof TO_COME extends infer Name
  ? Name extends `${Owner}.${infer Member}`
    ? Member extends "dispose" ? typeof Symbol.dispose : Member
  : never
  : never;

/** An error where the first is not assignable to the second. */
type Fits<Ours extends Agreed, Agreed> = Ours;

/** The members still to come that are there after all. */
type Early<Owner, Name extends string> = Extract<ToCome<Name>, keyof Owner>;

export type Held = [
  Fits<ours.Entry, design.Entry>,
  Fits<design.Entry, ours.Entry>,
  Fits<typeof ours.entryAt, typeof design.entryAt>,
  Fits<typeof ours.load, typeof design.load>,

  Fits<typeof ours.PoolType, typeof design.PoolType>,
  Fits<typeof ours.LookasideFlags, typeof design.LookasideFlags>,
  Fits<typeof ours.Irql, typeof design.Irql>,
  Fits<typeof ours.NtStatus, typeof design.NtStatus>,
  Fits<ours.PoolType, design.PoolType>,
  Fits<ours.LookasideFlags, design.LookasideFlags>,
  Fits<ours.Irql, design.Irql>,

  // The prototypes: constructors of these are not promised.
  Fits<ours.OwnedEntry, design.OwnedEntry>,
  Fits<ours.LookasideError, design.LookasideError>,
  Fits<ours.BugCheckError, design.BugCheckError>,
  Fits<ours.LibraryLoadError, design.LibraryLoadError>,

  Fits<ours.LookasideStats, design.LookasideStats>,
  Fits<ours.ListSnapshot, design.ListSnapshot>,
  Fits<ours.PoolTagUsage, design.PoolTagUsage>,

  Fits<ours.LookasideAlloc, design.LookasideAlloc>,
  Fits<ReturnType<typeof ours.LookasideAlloc.attach>, design.LookasideAlloc>,
  Fits<
    Parameters<typeof design.LookasideAlloc.attach>,
    Parameters<typeof ours.LookasideAlloc.attach>
  >,
  Fits<
    ConstructorParameters<typeof design.LookasideAlloc>,
    ConstructorParameters<typeof ours.LookasideAlloc>
  >,
  // A driver is compared apart, since ours has fewer members as yet; callbacks the other way round,
  // since they are what a user writes.
  Fits<ours.LookasideOptions, Omit<design.LookasideOptions, "driver" | "allocate" | "free">>,
  Fits<"driver" | "allocate" | "free", keyof ours.LookasideOptions>,
  Fits<design.AllocateFunction, ours.AllocateFunction>,
  Fits<design.FreeFunction, ours.FreeFunction>,
  Fits<typeof ours.kernel, Omit<design.Kernel, ToCome<"Kernel"> | "rootDriver">>,
  Fits<typeof ours.kernel, ours.Kernel>,
  Fits<ours.Kernel["rootDriver"], ours.Driver>,
  Fits<ours.Driver, Omit<design.Driver, ToCome<"Driver"> | "faults">>,
  Fits<ours.Driver["faults"], ours.Faults>,
  Fits<ours.Faults, Omit<design.Faults, ToCome<"Faults">>>,

  Fits<Early<ours.Kernel, "Kernel">, never>,
  Fits<Early<ours.Driver, "Driver">, never>,
  Fits<Early<ours.Faults, "Faults">, never>,
];

Deno.test("what is still to come is not there", () => {
  const owners: Readonly<Record<string, readonly object[]>> = {
    Kernel: [ours.kernel],
    Driver: [ours.kernel.rootDriver],
    Faults: [ours.kernel.rootDriver.faults],
  };
  for (const [name, where] of Object.entries(TO_COME)) {
    const [owner, member] = name.split(".") as [string, string];
    for (const object of owners[owner]!) {
      const key = member === "dispose" ? Symbol.dispose : member;
      assert(!(key in object), `${name} is there: take it off the list (${where})`);
    }
  }
});
