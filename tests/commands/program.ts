/**
 * Programs of commands: run on both sides, compared after each command, and saved where they differ.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareUsage } from "../../src/trace/divergence.ts";
import { LookasideModel, PoolModel } from "../../src/model.ts";
import {
  crossCheck,
  format,
  type ListTrace,
  type ModelModule,
  modelWorld,
  nativeWorld,
  parse,
  TraceError,
} from "../../src/trace.ts";
import { pickWay, restart, takeHits } from "../../tools/random/hits.ts";
import { shrink } from "../../tools/random/trace.ts";
import { ModelSide } from "./model_side.ts";
import { type Operation, operation, operationText } from "./operations.ts";
import { RustSide } from "./rust_side.ts";

const MOST_COMMANDS = 250;

/** Which programs. */
export interface Draw {
  readonly runs: number;
  readonly seed?: number;
  /** The path of one program among those of the seed, as a failure printed it. */
  readonly path?: string;
  /** The path of one selection of its commands, as a failure printed it. */
  readonly replayPath?: string;
  /** Whether what fails is made short. */
  readonly shrinks?: boolean;
}

/** What a program that shows a difference is. */
export interface Failure {
  readonly seed: number;
  readonly path: string;
  readonly replayPath: string;
  /** Its commands, a line for each. */
  readonly program: string;
  /** What differs. */
  readonly message: string;
  /** The program as a trace, where one can say it. */
  readonly trace: string | null;
}

/** One operation as a command. */
class Command implements fc.Command<ModelSide, RustSide> {
  constructor(readonly operation: Operation) {}

  check(model: Readonly<ModelSide>): boolean {
    return model.can(this.operation);
  }

  run(model: ModelSide, rust: RustSide): void {
    const expected = model.do(this.operation);
    assertEquals(rust.do(this.operation), expected);
    const usage = compareUsage(rust.world, model.world);
    assert(usage === null, `${usage?.field} is ${usage?.left}, not ${usage?.right}`);
  }

  toString(): string {
    return operationText(this.operation);
  }
}

/** Runs programs until one shows a difference between Rust and the model. */
export function runPrograms(
  { runs, seed, path, replayPath, shrinks = true }: Draw,
  model: ModelModule = { LookasideModel, PoolModel },
): Failure | null {
  const shows = (trace: ListTrace) => {
    restart();
    return crossCheck(trace, nativeWorld(), modelWorld(model)) !== null;
  };
  /** The shortest failing program that shows a difference too. */
  let trace: ListTrace | null = null;
  const programs = fc.commands([operation.map((operation) => new Command(operation))], {
    maxCommands: MOST_COMMANDS,
    size: "max",
    ...(replayPath === undefined ? {} : { replayPath }),
  });
  const details = fc.check(
    fc.property(programs, (commands) => {
      pickWay([...commands].length);
      const expected = new ModelSide(model);
      const rust = new RustSide();
      try {
        fc.modelRun(() => ({ model: expected, real: rust }), commands);
        rust.close();
      } catch (error) {
        rust.giveUp();
        const { steps } = expected.trace;
        if (trace === null || steps.length <= trace.steps.length) {
          trace = sayable(expected.trace, shows) ?? trace;
        }
        throw error;
      }
      const left = rust.world.usage().filter(({ outstanding }) => outstanding !== 0);
      assertEquals(left, []);
    }),
    {
      numRuns: runs,
      endOnFailure: !shrinks,
      ...(seed === undefined ? {} : { seed }),
      ...(path === undefined ? {} : { path }),
    },
  );
  takeHits("javascript");
  if (!details.failed) return null;
  const [commands] = details.counterexample!;
  const text = String(commands);
  const error = details.errorInstance;
  return {
    seed: details.seed,
    path: details.counterexamplePath!,
    replayPath: /replayPath="(.*)"/.exec(text)![1]!,
    program: [...commands].map((command) => `${command}\n`).join(""),
    message: error instanceof Error ? error.message : String(error),
    trace: trace === null ? null : format(shrink(trace, shows)),
  };
}

/** The program as a trace, if a trace can show the difference. */
function sayable(
  { lists, steps }: Pick<ListTrace, "lists" | "steps">,
  shows: (trace: ListTrace) => boolean,
): ListTrace | null {
  try {
    const trace = parse(format({ kind: "lists", file: "program", lists, steps }));
    return trace.kind === "lists" && shows(trace) ? trace : null;
  } catch (error) {
    // The trace lacks what happened inside callbacks or through other handles.
    if (error instanceof TraceError) return null;
    throw error;
  }
}

/** Saves a failure. Returns in a few lines what it is, where it is and how to run it again. */
export async function reportFailure(failure: Failure, folder: string): Promise<string> {
  const { seed, path, replayPath, program, message, trace } = failure;
  const again = `LOOKASIDE_SEED=${seed} LOOKASIDE_PATH=${path} ` +
    `LOOKASIDE_REPLAY_PATH=${replayPath} deno task test --filter commands:`;
  const file = `${folder}/commands-${seed}.${trace === null ? "txt" : "trace"}`;
  await Deno.writeTextFile(file, trace ?? `${again}\n${program}`);
  return `Rust and the model differ: ${message}\n${program}saved in ${file}\nagain: ${again}`;
}
