import { assertEquals, assertThrows } from "@std/assert";
import { environmentCount, environmentSeed } from "../../tools/integers.ts";

/** Calls with one variable set. */
function withVariable<T>(name: string, value: string, action: () => T): T {
  const before = Deno.env.get(name);
  Deno.env.set(name, value);
  try {
    return action();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
}

Deno.test("environment: a count that is none fails with its name and value", () => {
  const name = "LOOKASIDE_RUNS";
  for (const value of ["0", "-1", "", "many", "1e3", "1.5", "2147483648"]) {
    assertThrows(
      () => withVariable(name, value, () => environmentCount(name, 7)),
      Error,
      `LOOKASIDE_RUNS must be an integer in 1 … 2147483647: ${value}`,
    );
  }
  assertEquals(withVariable(name, "20000", () => environmentCount(name, 7)), 20_000);
  assertEquals(environmentCount("LOOKASIDE_NOT_SET", 7), 7);
});

Deno.test("environment: a seed that is none fails with its value", () => {
  const name = "LOOKASIDE_SEED";
  for (const value of ["", "abc", "0x10", "4294967296"]) {
    assertThrows(
      () => withVariable(name, value, environmentSeed),
      Error,
      `LOOKASIDE_SEED must be an integer in -2147483648 … 4294967295: ${value}`,
    );
  }
  assertEquals(withVariable(name, "-5", environmentSeed), -5);
  assertEquals(withVariable(name, "4294967295", environmentSeed), 4294967295);
});
