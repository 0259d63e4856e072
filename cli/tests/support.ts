/** What the tests of the toolkit share: folders, recordings made by hand, and commands run in this process. */
import process from "node:process";
import { main } from "../main.ts";

export { withFolder } from "../../tests/support/folder.ts";

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function lookaside(...args: string[]): Promise<Ran> {
  const [log, error] = [console.log, console.error];
  const write = Deno.stdout.writeSync;
  const [processOut, processErr] = [process.stdout.write, process.stderr.write];
  let out = "", err = "";
  const decoder = new TextDecoder();
  console.log = (...words: unknown[]) => out += `${words.join(" ")}\n`;
  console.error = (...words: unknown[]) => err += `${words.join(" ")}\n`;
  Deno.stdout.writeSync = (bytes) => {
    out += decoder.decode(bytes);
    return bytes.length;
  };
  process.stdout.write = ((text: string) => {
    out += text;
    return true;
  }) as typeof process.stdout.write;
  process.stderr.write = ((text: string) => {
    err += text;
    return true;
  }) as typeof process.stderr.write;
  try {
    return { code: await main(args), out, err };
  } finally {
    console.log = log;
    console.error = error;
    Deno.stdout.writeSync = write;
    process.stdout.write = processOut;
    process.stderr.write = processErr;
  }
}

/** One call of a recording. */
export interface Call {
  /** `a`, `f` or `t` for a tick. */
  readonly op: "a" | "f" | "t";
  /** The block. */
  readonly block?: number;
  readonly size?: number;
  readonly tag?: string;
  readonly cpu?: number;
  readonly caller?: string;
  readonly list?: string;
  /** Microseconds. */
  readonly time: number;
}

/** A recording as event CSV. */
export function eventText(calls: Iterable<Call>): string {
  const lines = ["time_us,cpu,thread,process,op,kind,tag,pool,size,address,list,caller"];
  for (
    const { op, block = 0, size = 64, tag = "Demo", cpu = 0, caller = "", list = "", time } of calls
  ) {
    const address = `0x${(0x10000 + block * 16).toString(16)}`;
    lines.push(
      op === "t"
        ? `${time},,,,tick,,,,,,,`
        : op === "a"
        ? `${time},${cpu},1,p,alloc,pool,${tag},512,${size},${address},${list},${caller}`
        : `${time},${cpu},1,p,free,pool,,,,${address},,`,
    );
  }
  return `${lines.join("\n")}\n`;
}
