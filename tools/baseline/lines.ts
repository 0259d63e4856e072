/**
 * How many lines each folder has, by language: of code and in all. What git keeps is counted.
 *
 * @module
 */

import { ROOT } from "../root.ts";
import { run } from "./run.ts";

/** Languages by the ends of files' names; only what is written by hand is counted. */
const LANGUAGES: Readonly<Record<string, string>> = {
  rs: "Rust",
  ts: "TypeScript",
  c: "C and C++",
  h: "C and C++",
  cpp: "C and C++",
  toml: "TOML",
  sh: "shell",
  run: "shell",
  json: "JSON",
  md: "Markdown",
  trace: "traces",
};
/** What only checks the product: tests, fuzzing, models, proofs, and the tools that measure. */
const CHECKS = [
  /^(tests|tools)\//,
  /^rust\/[^/]+\/(.*\/)?tests\//,
  /^rust\/(fuzz|contract|check)\//,
  /^rust\/.*\/(loom|models?|tests?)(\.rs$|\/)/,
];

/** Lines of one language. */
export interface Count {
  readonly files: number;
  /** Without blank lines and comments. */
  readonly code: number;
  readonly total: number;
}

/** By folder, then by language; and all that only checks the product, in every language. */
export interface Lines {
  readonly folders: Readonly<Record<string, Readonly<Record<string, Count>>>>;
  readonly checks: Count;
}

/** The folder that a file is counted for: a crate's `src` or `tests`, else the first two at most. */
function folderOf(file: string): string {
  const parts = file.split("/").slice(0, -1);
  return parts.length === 0 ? "." : parts.slice(0, parts[0] === "rust" ? 3 : 2).join("/");
}

/** Whether a line of code is left of each line without its comments; texts are not looked into. */
export function codeLines(text: string, language: string): number {
  let isInside = false;
  return text.split("\n").filter((line) => {
    let code = line.trim();
    if (language === "Markdown" || language === "JSON" || language === "traces") return code !== "";
    if (language === "TOML" || language === "shell") return code !== "" && !code.startsWith("#");
    if (isInside) {
      const end = code.indexOf("*/");
      if (end < 0) return false;
      isInside = false;
      code = code.slice(end + 2).trim();
    }
    if (code.startsWith("/*")) {
      const end = code.indexOf("*/", 2);
      isInside = end < 0;
      code = isInside ? "" : code.slice(end + 2).trim();
    }
    return code !== "" && !code.startsWith("//");
  }).length;
}

function add(one: Count | undefined, other: Count): Count {
  return {
    files: (one?.files ?? 0) + other.files,
    code: (one?.code ?? 0) + other.code,
    total: (one?.total ?? 0) + other.total,
  };
}

/** Counts what is in the checkout. */
export async function lines(): Promise<Lines> {
  const folders: Record<string, Record<string, Count>> = {};
  let checks: Count | undefined;
  for (const file of (await run("git", ["ls-files"])).out.trim().split("\n").toSorted()) {
    const language = LANGUAGES[file.match(/[./](\w+)$/)?.[1] ?? ""];
    // The baseline is no part of what it measures.
    if (language === undefined || /(^|\/)baseline(\.|\/)/.test(file)) continue;
    const text = await Deno.readTextFile(`${ROOT}${file}`);
    const total = text.split("\n").length - Number(text.endsWith("\n"));
    const count = { files: 1, code: codeLines(text, language), total };
    const folder = folders[folderOf(file)] ??= {};
    folder[language] = add(folder[language], count);
    if (CHECKS.some((path) => path.test(file))) checks = add(checks, count);
  }
  if (checks === undefined) throw new Error("Cannot count lines: git keeps no tests");
  return { folders, checks };
}
