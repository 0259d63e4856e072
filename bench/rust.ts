/**
 * The contenders in Rust: one process for each table, in which they take turns.
 *
 * @module
 */

import type { Figure } from "./figures.ts";

const ROOT = new URL("..", import.meta.url);

/** A line that the program prints. */
interface Line {
  readonly table: string;
  readonly case: string;
  readonly contender: string;
  readonly rounds: readonly number[];
  readonly disturbed: readonly number[];
}

/** The figure of a line: disturbed rounds only where there are no others. */
function figureOf({ rounds, disturbed, ...place }: Line): Figure {
  if (rounds.length > 0 || disturbed.length === 0) return { ...place, rounds };
  return { ...place, rounds: disturbed, isDisturbed: true };
}

/** Builds the program, with the allocators that are C and C++ or without. */
async function build(hasPeers: boolean): Promise<string> {
  const args =
    "build -q --release --locked --target-dir target/bench --manifest-path rust/bench/Cargo.toml"
      .split(" ");
  if (hasPeers) args.push("--features", "peers");
  const cargo = new Deno.Command("cargo", { args, cwd: ROOT, stdin: "null" });
  const { success } = await cargo.spawn().status;
  if (!success) throw new Error("Cannot measure Rust: the program is not built");
  return new URL("target/bench/release/lookaside-bench", ROOT).pathname;
}

/** What is to be measured in Rust. */
export interface RustOptions {
  readonly rounds: number;
  readonly hasPeers: boolean;
  readonly tables: readonly string[];
}

/** Measures some tables. */
export async function rust({ rounds, hasPeers, tables }: RustOptions): Promise<Figure[]> {
  const program = await build(hasPeers);
  const figures: Figure[] = [];
  // A process for each table: none finds the pool as another left it.
  for (const table of tables) {
    const { success, stdout } = await new Deno.Command(program, {
      args: ["--rounds", `${rounds}`, table],
      stdout: "piped",
    }).output();
    if (!success) throw new Error(`Cannot measure Rust: a wrong answer in the table "${table}"`);
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    figures.push(...lines.map((line) => figureOf(JSON.parse(line) as Line)));
  }
  return figures;
}
