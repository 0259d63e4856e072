/**
 * A process with one contender in it: a round for each line of input, its nanoseconds per pair as
 * a line of output.
 *
 * @module
 */

import { type Contender, CONTENDERS, isContender } from "./contenders.ts";

const PAIRS = 1 << 17;
const WARM_UP_ROUNDS = 16;

async function main(): Promise<void> {
  const [name] = Deno.args;
  if (!isContender(name)) throw new Error(`No contender has this name: ${name}`);
  const contender: Contender = CONTENDERS[name];
  const { pairs = PAIRS } = contender;
  const round = contender.prepare();
  for (let count = 0; count < WARM_UP_ROUNDS; count++) round(pairs);
  console.log("ready");
  for await (const _ of Deno.stdin.readable) {
    const start = performance.now();
    round(pairs);
    const elapsed = performance.now() - start;
    console.log(elapsed * 1e6 / pairs);
  }
}

await main();
