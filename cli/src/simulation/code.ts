/**
 * Code that makes the lists that were advised.
 *
 * @module
 */

import type { Verdict } from "./advice.ts";

const POOL_NAMES: ReadonlyMap<number, readonly [c: string, rust: string]> = new Map([
  [0, ["NonPagedPool", "NON_PAGED_POOL"]],
  [1, ["PagedPool", "PAGED_POOL"]],
  [4, ["NonPagedPoolCacheAligned", "NON_PAGED_POOL_CACHE_ALIGNED"]],
  [5, ["PagedPoolCacheAligned", "PAGED_POOL_CACHE_ALIGNED"]],
  [512, ["NonPagedPoolNx", "NON_PAGED_POOL_NX"]],
  [516, ["NonPagedPoolNxCacheAligned", "NON_PAGED_POOL_NX_CACHE_ALIGNED"]],
]);
const NON_PAGED_POOL_NX = POOL_NAMES.get(512)!;

/** A list's parts as code needs them. */
interface Parts {
  readonly name: string;
  readonly bytes: number;
  readonly tag: string;
  readonly pool: readonly [c: string, rust: string];
  /** 0 for the usual one. */
  readonly maximumDepth: number;
}

/** Code in C and in Rust, one declaration and one call for each list. */
export function codeFor(verdicts: readonly Verdict[]): { c: string; rust: string } {
  const parts = verdicts.map(partsOf);
  return { c: cCode(verdicts, parts), rust: rustCode(verdicts, parts) };
}

function partsOf({ group, best }: Verdict, index: number): Parts {
  const words = group.tag.replace(/[^A-Za-z0-9]/g, "");
  const { maximumDepth } = best.setting;
  return {
    name: `${/^[A-Za-z]/.test(words) ? words : "Entry"}${group.merged ? "" : group.size}_${
      index + 1
    }`,
    bytes: group.largest,
    // A recording without tags has none to take.
    tag: /^[\x20-\x7E]{1,4}$/.test(group.tag) ? group.tag : "",
    pool: POOL_NAMES.get(group.pool) ?? NON_PAGED_POOL_NX,
    maximumDepth: maximumDepth === 256 || best.setting.policy === "fixed" ? 0 : maximumDepth,
  };
}

function what({ group, best }: Verdict): string {
  const site = group.caller === "" ? "" : ` of ${group.caller.replace(/[^\x20-\x7E]|\*\//g, "?")}`;
  const each = best.setting.perProcessor ? ", one for each processor" : "";
  return `${
    group.merged ? `up to ${group.largest}` : group.largest
  } bytes${site}${each}: ${best.saved} pool calls saved`;
}

/** `'tsLA'`: a tag in C, whose first character is its lowest byte. */
function cTag(tag: string): string {
  const reversed = [...tag.padEnd(4)].reverse().join("");
  return /['\\]/.test(reversed) ? `0x${tagNumber(tag).toString(16)}` : `'${reversed}'`;
}

function tagNumber(tag: string): number {
  return [...tag.padEnd(4)].reduce(
    (sum, character, i) => sum + character.charCodeAt(0) * 2 ** (8 * i),
    0,
  );
}

function cCode(verdicts: readonly Verdict[], parts: readonly Parts[]): string {
  const lines: string[] = [];
  for (const [i, { name }] of parts.entries()) {
    lines.push(`LOOKASIDE_LIST_EX ${name}; /* ${what(verdicts[i]!)} */`);
  }
  lines.push("", "NTSTATUS InitializeLists(VOID)", "{", "    NTSTATUS status;", "");
  for (const { name, bytes, tag, pool, maximumDepth } of parts) {
    lines.push(
      `    status = ExInitializeLookasideListEx(`,
      `        &${name}, NULL, NULL, ${pool[0]}, 0, ${bytes}, ${
        tag === "" ? "'??sT'" : cTag(tag)
      }, ${maximumDepth});`,
      "    if (!NT_SUCCESS(status)) {",
      "        return status;",
      "    }",
    );
  }
  lines.push("    return STATUS_SUCCESS;", "}", "");
  return lines.join("\n");
}

function rustCode(verdicts: readonly Verdict[], parts: readonly Parts[]): string {
  const lines = ["use win_lookaside::{LookasideAlloc, LookasideResult, PoolType};", ""];
  for (const [i, { name }] of parts.entries()) {
    lines.push(
      `/// ${what(verdicts[i]!)}.`,
      `static ${name.toUpperCase()}: LookasideAlloc = LookasideAlloc::new();`,
    );
  }
  lines.push("", "fn initialize_lists() -> LookasideResult<()> {");
  for (const { name, bytes, tag, pool, maximumDepth } of parts) {
    const number = tag === "" ? "None" : `Some(u32::from_le_bytes(*b"${rustTag(tag)}"))`;
    lines.push(
      `    ${name.toUpperCase()}.init(${bytes}, PoolType::${
        pool[1]
      }, ${number}, None, None, None)?;`,
    );
    if (maximumDepth !== 0) {
      lines.push(`    // A maximum depth of ${maximumDepth} is set by init_raw, see InitArgs.`);
    }
  }
  lines.push("    Ok(())", "}", "");
  return lines.join("\n");
}

function rustTag(tag: string): string {
  return tag.padEnd(4).replace(/["\\]/g, "\\$&");
}
