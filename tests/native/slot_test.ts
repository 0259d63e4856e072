import { assertEquals } from "@std/assert";
import { written } from "../../src/native/library/slot.ts";

Deno.test("what native code writes is read whole, also where it grows between two calls", () => {
  const lengths = [5000, 70_000, 200_000];
  const text = written((into) => {
    const length = lengths.shift() ?? 200_001;
    if (length <= into.length) into.fill(7, 0, length);
    return length;
  });
  assertEquals(text.length, 200_001);
  assertEquals(text.every((byte) => byte === 7), true);
});

Deno.test("what native code has nothing of is empty", () => {
  assertEquals(written(() => 0).length, 0);
});
