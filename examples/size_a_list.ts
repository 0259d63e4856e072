/**
 * Sizing a list from a recording: what each maximum depth would serve of one tag.
 *
 * `deno run --allow-read examples/size_a_list.ts RECORDING TAG`; any format of docs/recordings.md.
 * `deno task lookaside advise RECORDING` does that for all tags, and much more.
 *
 * @module
 */
import { LookasideModel } from "@win-lookaside/lookaside/model";
import { Blocks, fileBytes, Names, readRecording } from "@win-lookaside/lookaside/recording";

const [file, tag = ""] = Deno.args;
if (file === undefined) {
  console.error("A recording is needed: size_a_list.ts RECORDING [TAG]");
  Deno.exit(2);
}
const names = new Names();
let largest = 0;
const trials = [256, 512, 1024].map((maximumDepth) => ({
  list: new LookasideModel({ size: 4096, maximumDepth }),
  entries: new Map<number, number>(),
}));
let operations = 0;
const blocks = new Blocks({
  allocate(block, event) {
    if (tag !== "" && names.text(event.tag).trimEnd() !== tag) return;
    largest = Math.max(largest, event.size);
    operations += 1;
    for (const { list, entries } of trials) entries.set(block, list.alloc()!);
  },
  free(block) {
    if (!trials[0]!.entries.has(block)) return;
    operations += 1;
    for (const { list, entries } of trials) {
      list.free(entries.get(block)!);
      entries.delete(block);
    }
  },
  tick: () => trials.forEach(({ list }) => list.tick()),
});
await readRecording(file, fileBytes(file), blocks, { names });

console.log(`${operations} calls, the largest block has ${largest} bytes`);
for (const { list } of trials) {
  const { maximumDepth, allocateHits, totalAllocates, depth } = list.stats();
  console.log(
    `maximum depth ${maximumDepth}: ${allocateHits} of ${totalAllocates} served, depth ${depth} at the end`,
  );
}
