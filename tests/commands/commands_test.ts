/** Programs of commands over the whole module, beside the model. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  fail,
} from "@std/assert";
import { crossCheck, modelWorld, nativeWorld, parse } from "../../src/trace.ts";
import { BROKEN_MODELS, editedModel } from "../model/edited_model.ts";
import { withFolder } from "../support/folder.ts";
import { environmentCount, environmentSeed } from "../../tools/integers.ts";
import { type Draw, reportFailure, runPrograms } from "./program.ts";

const RUNS = 1500;
/** A wrong model must be found by so many programs. */
const RUNS_WITH_MISTAKE = 500;

/** The settings of the environment. A failure prints the settings that reproduce it. */
function drawn(): Draw {
  const path = Deno.env.get("LOOKASIDE_PATH");
  const replayPath = Deno.env.get("LOOKASIDE_REPLAY_PATH");
  return {
    runs: environmentCount("LOOKASIDE_RUNS", RUNS),
    seed: environmentSeed() ?? crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1,
    ...(path === undefined ? {} : { path }),
    ...(replayPath === undefined ? {} : { replayPath }),
  };
}

Deno.test("commands: Rust and the model agree on programs over the whole module", async () => {
  const draw = drawn();
  console.log(`LOOKASIDE_SEED=${draw.seed}`);
  const failure = runPrograms(draw);
  if (failure === null) return;
  const folder = Deno.env.get("LOOKASIDE_FAILURES") ?? await Deno.makeTempDir();
  fail(await reportFailure(failure, folder));
});

for (const [mistake, ...edit] of BROKEN_MODELS) {
  Deno.test(`commands: programs find that ${mistake}`, async () => {
    const draw = { runs: RUNS_WITH_MISTAKE, seed: 1, shrinks: false };
    assertNotEquals(runPrograms(draw, await editedModel([edit])), null);
  });
}

Deno.test("commands: a failure is made short, saved as a trace that shows it, and comes again", async () => {
  const limit = "this.#kept.length >= this.#depth";
  const broken = await editedModel([[limit, limit.replace(">=", ">")]]);
  await withFolder(async (folder) => {
    for (let seed = 1; seed <= 10; seed++) {
      const failure = runPrograms({ runs: RUNS_WITH_MISTAKE, seed }, broken)!;
      const text = await reportFailure(failure, folder);
      const file = /^saved in (.*\.trace)$/m.exec(text)?.[1];
      // What takes place inside a callback no trace can say.
      if (file === undefined) continue;
      const { path, replayPath, program, message } = failure;
      assert(program.split("\n").length < 12, program);
      assertStringIncludes(text, program);
      const trace = parse(await Deno.readTextFile(file));
      assertNotEquals(crossCheck(trace, nativeWorld(), modelWorld(broken)), null);
      assertEquals(crossCheck(trace, nativeWorld(), modelWorld()), null);
      const again = runPrograms({ runs: 1, seed, path, replayPath, shrinks: false }, broken)!;
      assertEquals([again.program, again.message], [program, message]);
      return;
    }
    fail("No failure is saved as a trace");
  });
});

Deno.test("commands: a failure that no trace can say is saved as what makes it come again", async () => {
  // Entries that a callback allocates inside another's allocation come first.
  const broken = await editedModel([[
    "if (!this.#takeFromPool()) {\n      return null;\n    }\n    const ordinal = ++this.#births;\n" +
    "    this.#born.set(ordinal, { birth: this, ordinal, holder: this, state: BUSY });\n    return ordinal;",
    "const ordinal = ++this.#births;\n" +
    "    this.#born.set(ordinal, { birth: this, ordinal, holder: this, state: BUSY });\n" +
    "    const forget = () => {\n      this.#births -= 1;\n      this.#born.delete(ordinal);\n    };\n" +
    "    try {\n      if (this.#takeFromPool()) {\n        return ordinal;\n      }\n" +
    "      forget();\n      return null;\n    } catch (error) {\n      forget();\n      throw error;\n    }",
  ]]);
  const failure = runPrograms({ runs: RUNS_WITH_MISTAKE, seed: 1 }, broken)!;
  await withFolder(async (folder) => {
    const text = await reportFailure(failure, folder);
    const file = /^saved in (.*\.txt)$/m.exec(text)![1]!;
    const saved = await Deno.readTextFile(file);
    assertMatch(
      saved,
      /^LOOKASIDE_SEED=\S+ LOOKASIDE_PATH=\S+ LOOKASIDE_REPLAY_PATH=\S+ deno task/,
    );
    assertStringIncludes(saved, failure.program);
  });
});
