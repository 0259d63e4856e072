/** What is read of a house, of whichever kind. */

/** One import: which file, where in it, and which file it reaches. */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly to: string;
}

/** A house as it was read. Paths start at the project's folder. */
export interface Reading {
  readonly files: readonly string[];
  readonly imports: readonly Import[];
  /** What keeps the table from being checked. */
  readonly unreadable: readonly string[];
}

/** The files below a folder, by the end of their names; build outputs are passed by. */
export async function filesUnder(root: string, folder: string, end: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    if (isDirectory && name !== "target" && !name.startsWith(".")) {
      found.push(...await filesUnder(root, `${folder}${name}/`, end));
    } else if (name.endsWith(end)) {
      found.push(`${folder}${name}`);
    }
  }
  return found.sort();
}
