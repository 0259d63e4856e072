import { assertEquals } from "@std/assert";
import { SYMBOLS } from "../../src/native/library/bindings.ts";

const LIBRARY = new URL("../../target/release/liblookaside.so", import.meta.url);

Deno.test({
  name: "the library exports what the bindings name and nothing else",
  ignore: Deno.build.os !== "linux",
  fn() {
    let listing: string;
    try {
      const { stdout } = new Deno.Command("nm", {
        args: ["-D", "--defined-only", "--format=just-symbols", LIBRARY.pathname],
      }).outputSync();
      listing = new TextDecoder().decode(stdout);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.log("not run: there is no nm on this machine");
      return;
    }
    assertEquals(listing.trim().split("\n").sort(), Object.keys(SYMBOLS).sort());
  },
});
