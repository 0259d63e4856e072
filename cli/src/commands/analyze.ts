/**
 * `lookaside analyze`: a stop's report as a page that reads like a debugger's analysis.
 *
 * A report is a JSON object with `code` and `parameters`; everything else is optional and is shown as
 * it is: `name`, `meanings`, `routine`, `list`, `tag`, `driver`, `irql`, `stacks`, `events`.
 *
 * @module
 */

import { InputError } from "../output/failure.ts";
import { reasonOf } from "../output/reason.ts";
import { bold, dim, printable, table } from "../output/text.ts";
import { say, writeWhole } from "../output/write.ts";
import { escaped, pageHtml, tableHtml } from "../report/page.ts";

/** What the command is told. */
export interface AnalyzeFlags {
  readonly output?: string;
  readonly json?: boolean;
}

/** A stop, as far as its report says. */
interface Stop {
  readonly title: string;
  /** The parameters, each with its meaning. */
  readonly parameters: readonly (readonly [string, string])[];
  /** Everything else that is one value. */
  readonly facts: readonly (readonly [string, string])[];
  /** Lists of lines: stacks, events. */
  readonly lists: readonly (readonly [string, readonly string[]])[];
}

const LONGEST = 16 * 2 ** 20;

/** Runs the command. */
export async function analyzeCommand(file: string, flags: AnalyzeFlags): Promise<void> {
  const stop = await readStop(file);
  if (flags.output !== undefined) {
    const page = pageHtml(stop.title, sectionsOf(stop));
    await writeWhole(flags.output, (write) => Promise.resolve(write(page)));
    if (!flags.json) say(printable(flags.output));
  }
  if (flags.json) say(JSON.stringify(stop, null, 2));
  else if (flags.output === undefined) print(stop);
}

async function readStop(file: string): Promise<Stop> {
  let text: string;
  try {
    if ((await Deno.stat(file)).size > LONGEST) {
      throw new InputError(`${file}: Cannot read the report: it is longer than 16 MiB`);
    }
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${file}: Cannot read the file: ${reasonOf(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${file}: Cannot read the report: it is no JSON`);
  }
  return stopOf(file, value);
}

function stopOf(file: string, value: unknown): Stop {
  const report = isObject(value) && isObject(value.report) ? value.report : value;
  if (!isObject(report)) {
    throw new InputError(`${file}: Cannot read the report: it is no object`);
  }
  const code = hexOf(report.code);
  const parameters = Array.isArray(report.parameters) ? report.parameters.map(hexOf) : [];
  if (code === null || parameters.length !== 4 || parameters.includes(null)) {
    throw new InputError(
      `${file}: Cannot read the report: a code and four parameters are needed`,
    );
  }
  const meanings = Array.isArray(report.meanings) ? report.meanings : [];
  const facts: [string, string][] = [];
  const lists: [string, string[]][] = [];
  const add = (name: string, entry: unknown) => {
    if (Array.isArray(entry)) lists.push([name, entry.map(textOf)]);
    else if (isObject(entry)) {
      for (const [key, inner] of Object.entries(entry)) add(`${name} ${key}`, inner);
    } else if (entry !== null && entry !== undefined) facts.push([name, textOf(entry)]);
  };
  for (const [key, entry] of Object.entries(report)) {
    if (!["code", "name", "parameters", "meanings"].includes(key)) add(wordsOf(key), entry);
  }
  const name = typeof report.name === "string" ? `${report.name} (${code})` : `STOP ${code}`;
  return {
    title: name,
    parameters: parameters.map((parameter, i) => [parameter!, textOf(meanings[i] ?? "")]),
    facts,
    lists,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A number as a debugger writes it; null if it is none. */
function hexOf(value: unknown): string | null {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    return `0x${value.toString(16)}`;
  }
  return typeof value === "string" && /^(?:0x)?[0-9a-f]{1,16}$/i.test(value)
    ? `0x${value.replace(/^0x/i, "").toLowerCase()}`
    : null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** `callSite` as `call site`. */
function wordsOf(key: string): string {
  return key.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
}

function print({ title, parameters, facts, lists }: Stop): void {
  say(bold(printable(title)));
  say();
  for (
    const line of table(
      parameters.map(([value, meaning], i) => [`Arg${i + 1}: ${value}`, printable(meaning)]),
    )
  ) {
    say(line);
  }
  say();
  for (
    const line of table(facts.map(([name, value]) => [`${printable(name)}:`, printable(value)]))
  ) {
    say(line);
  }
  for (const [name, lines] of lists) {
    say(`\n${dim(`${printable(name)}:`)}`);
    for (const line of lines) say(`  ${printable(line)}`);
  }
}

function sectionsOf(
  { parameters, facts, lists }: Stop,
): { id: string; title: string; html: string }[] {
  return [
    {
      id: "stop",
      title: "The stop",
      html: tableHtml(
        "Parameters",
        ["", "value", "meaning"],
        parameters.map(([value, meaning], i) => [
          `Arg${i + 1}`,
          value,
          printable(meaning),
        ]),
      ) +
        tableHtml(
          "Where and what",
          ["", "value"],
          facts.map(([name, value]) => [printable(name), printable(value)]),
        ),
    },
    ...lists.map(([name, lines], i) => ({
      id: `list${i}`,
      title: printable(name),
      html: `<pre>${escaped(lines.map(printable).join("\n"))}</pre>`,
    })),
  ];
}
