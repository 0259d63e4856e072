import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  Blocks,
  EVENT_COLUMNS,
  EventOp,
  fileBytes,
  Names,
  OPERATION_NAMES,
  type ReadOptions,
  readRecording,
  type ReadReport,
  RecordingError,
  TraceError,
} from "../../src/recording.ts";
import { withFolder } from "../support/folder.ts";
import { pathOf } from "../support/paths.ts";

interface Read {
  /** Each event as words: operation, size, address, then what else is known. */
  events: string[];
  report: ReadReport;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Cuts bytes into parts of a few, so that no reader can rely on whole lines. */
function* cut(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

/** How long the parts are into which a test cuts its bytes: the last takes all. */
const CUTS = [1, 7, 64, 1 << 20];

/** The same parts, and an empty one, after which no reader knows that it was the last. */
function* closing(parts: Iterable<Uint8Array>, onClosed: () => void): Generator<Uint8Array> {
  try {
    yield* parts;
    yield new Uint8Array();
  } finally {
    onClosed();
  }
}

async function read(
  input: string | Uint8Array | Iterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<Read> {
  const events: string[] = [];
  const names = new Names();
  const parts = typeof input === "string"
    ? [bytesOf(input)]
    : input instanceof Uint8Array
    ? [input]
    : input;
  const report = await readRecording("my.file", parts, {
    event(e) {
      const address = ((BigInt(e.high) << 32n) | BigInt(e.low)).toString(16);
      const words = [OPERATION_NAMES[e.op] ?? "?", `${e.size}`, address];
      if (e.time >= 0) words.push(`t=${e.time}`);
      if (e.cpu >= 0) words.push(`cpu=${e.cpu}`);
      if (e.thread > 0) words.push(`thread=${e.thread}`);
      if (e.pool >= 0) words.push(`pool=${e.pool}`);
      for (const key of ["process", "kind", "tag", "list", "caller"] as const) {
        if (e[key] > 0) words.push(`${key}=${names.text(e[key])}`);
      }
      events.push(words.join(" "));
    },
  }, { ...options, names });
  return { events, report };
}

const HEADER = EVENT_COLUMNS.join(",");
const EVENTS = `${HEADER}
# recorded by hand
1000000,0,77,driver.exe,init,ex,Demo,NonPagedPoolNx,64,0xffff8000,L1,drv+0x10
1000010,0,77,driver.exe,alloc,ex,Demo,512,64,0xffff9e0e8571e000,L1,drv+0x20
1000020,1,78,driver.exe,alloc,pool,Irp ,paged,100,0x1000,,drv+0x30
1000030,1,77,driver.exe,free,ex,Demo,512,,0xffff9e0e8571e000,L1,
2000000,,,,tick,,,,,,,
2000001,,,,lost,,,,12,,,
2000002,0,77,driver.exe,delete,ex,Demo,,,0xffff8000,L1,drv+0x10
`;
const EVENTS_READ = [
  "init 64 ffff8000 t=1000000 cpu=0 thread=77 pool=512 process=driver.exe kind=ex tag=Demo list=L1 caller=drv+0x10",
  "alloc 64 ffff9e0e8571e000 t=1000010 cpu=0 thread=77 pool=512 process=driver.exe kind=ex tag=Demo list=L1 caller=drv+0x20",
  "alloc 100 1000 t=1000020 cpu=1 thread=78 pool=1 process=driver.exe kind=pool tag=Irp  caller=drv+0x30",
  "free 0 ffff9e0e8571e000 t=1000030 cpu=1 thread=77 pool=512 process=driver.exe kind=ex tag=Demo list=L1",
  "tick 0 0 t=2000000",
  "lost 12 0 t=2000001",
  "delete 0 ffff8000 t=2000002 cpu=0 thread=77 process=driver.exe kind=ex tag=Demo list=L1 caller=drv+0x10",
];

Deno.test("the event CSV is read with every field, however its bytes are cut", async () => {
  for (const length of CUTS) {
    const { events, report } = await read(cut(bytesOf(EVENTS), length));
    assertEquals(events, EVENTS_READ);
    assertEquals([report.format, report.malformed], ["events", 0]);
  }
});

Deno.test("the event CSV's columns may be fewer and in another order, and unknown ones are passed over", async () => {
  const { events } = await read("address,note,op,size\r\n0x10,hello,alloc,24\r\n0x10,,free\r\n");
  assertEquals(events, ["alloc 24 10", "free 0 10"]);
});

Deno.test("each fault of an event CSV's line is counted with its line and passed over", async () => {
  const faults: [string, string][] = [
    ["1,0,1,p,alloc,pool,T,512,24x,0x10,,", "A number is malformed"],
    ["1234567890123456,0,1,p,alloc,pool,T,512,24,0x10,,", "A number is too large"],
    ["1,0,1,p,allocate,pool,T,512,24,0x10,,", "The operation is unknown"],
    ["1,0,1,p,alloc,pool,T,512,24,0xqq,,", "The address is malformed"],
    ["1,0,1,p,alloc,pool,T,512,24,0x12345678123456789,,", "The address is too large"],
    ["1,0,1,p,alloc,pool,T,swamp,24,0x10,,", "The pool is none of POOL_TYPE's"],
    ["1,0,1,p,alloc,pool,T,512,24,0x10,,,", "There are more fields than columns"],
    ["x".repeat(5000), "The line is longer than 4096 bytes"],
  ];
  for (const [line, why] of faults) {
    const text = `${HEADER}\n1,0,1,p,alloc,pool,T,512,24,0x10,,\n${line}\n2,,,,free,,,,,0x10,,\n`;
    for (const length of [100, 1 << 20]) {
      const { events, report } = await read(cut(bytesOf(text), length));
      assertEquals(events.length, 2, line);
      assertEquals(report.malformed, 1, line);
      assertStringIncludes(report.complaints[0]!, `my.file:3: ${why}`);
    }
    const error = await assertRejects(() => read(text, { strict: true }), TraceError);
    assertEquals(error.line, 3);
  }
});

Deno.test("a recording that was cut off loses its half line only", async () => {
  const { events, report } = await read(`${HEADER}\n1,,,,alloc,,,,24,0x10,,\n2,,,,alloc,,,,2`);
  assertEquals(events.length, 1);
  assertEquals(report.complaints, ["my.file:3: The last line has no line end and is left out"]);
});

const FTRACE = `# tracer: nop
#
# entries-in-buffer/entries-written: 100/140   #P:8
           <...>-41112 [002] .... 313039.418842: kmem_cache_alloc: call_site=task+0x70/0xb0 [drv] ptr=00000000844671fe bytes_req=5678 bytes_alloc=10320 gfp_flags=GFP_KERNEL
    my prog-x-7 [011] d..1 313039.418850: kfree: call_site=task+0x90/0xb0 ptr=00000000844671fe
 swapper/0-0 [000] ..s. 313040.000001: kmalloc: call_site=ffffffff810aa ptr=0xffff88003dd83800 bytes_req=0x300 bytes_alloc=1024 gfp_flags=GFP_KERNEL|GFP_ZERO
CPU:3 [LOST 55 EVENTS]
 swapper/0-0 [000] ..s. 313040.000002: sched_switch: prev_comm=a call_site_not=1
 swapper/0-0 [000] ..s. 313040.000003: kmem_cache_free: call_site=do_exit+0x1/0x2 ptr=  (null) name=names_cache
`;

Deno.test("Linux kmem text is read from ftrace and trace-cmd, with cpu, time, call site and gaps, however its bytes are cut", async () => {
  for (const length of CUTS) {
    const { events, report } = await read(cut(bytesOf(FTRACE), length));
    assertEquals(
      events,
      [
        "alloc 5678 844671fe t=313039418842 cpu=2 caller=task+0x70/0xb0 [drv]",
        "free 0 844671fe t=313039418850 cpu=11 caller=task+0x90/0xb0",
        "alloc 768 ffff88003dd83800 t=313040000001 cpu=0 caller=ffffffff810aa",
        "lost 55 0 t=313040000001 cpu=0 caller=ffffffff810aa",
        "free 0 0 t=313040000003 cpu=0 tag=names_cache caller=do_exit+0x1/0x2",
      ].map((text) =>
        text.replace(
          "lost 55 0 t=313040000001 cpu=0 caller=ffffffff810aa",
          "lost 55 ffff88003dd83800 t=313040000001 cpu=0 caller=ffffffff810aa",
        )
      ),
    );
    assertEquals(report.remarks.length, 2);
    assertStringIncludes(report.remarks[0]!, "40 older events were overwritten");
    assertStringIncludes(report.remarks[1]!, "pointers are hashed");
  }
});

const PERF =
  `fio 276212 [008] 3116580.120419: kmem:kmem_cache_alloc: (do_io_submit+0x194) call_site=ffffffff878a1da4 ptr=0xffff91224f606f00 bytes_req=192 bytes_alloc=192 gfp_flags=GFP
_KERNEL|__GFP_ZERO node=-1
fio 276212 [008] 3116580.120420100: kmem:kmalloc: call_site=ffffffff878a1da5 ptr=0xffff91
224f606f08 bytes_req=19
2 bytes_alloc=192 gfp_flags=GFP_KERNEL
        ffffffff8120 __kmalloc+0x1 ([kernel.kallsyms])

fio 276212 [008] 3116580.120421: kmem:kfree: call_site=ffffffff878a1da5 ptr=0xffff91224f606f08
`;

Deno.test("perf script's lines are read, wrapped ones and stacks included, however its bytes are cut", async () => {
  for (const length of CUTS) {
    const { events, report } = await read(cut(bytesOf(PERF), length));
    assertEquals(events, [
      "alloc 192 ffff91224f606f00 t=3116580120419 cpu=8 caller=ffffffff878a1da4",
      "alloc 192 ffff91224f606f08 t=3116580120420 cpu=8 caller=ffffffff878a1da5",
      "free 0 ffff91224f606f08 t=3116580120421 cpu=8 caller=ffffffff878a1da5",
    ]);
    assertEquals(report.malformed, 0);
  }
});

Deno.test("a kmem line that ever more lines continue is malformed, and what follows is read", async () => {
  const event = "a-1 [000] 1.000001: kfree: call_site=f ptr=0x";
  const { events, report } = await read(
    `${event}1\n${event}2\n${"no event\n".repeat(500_000)}${event}3\n`,
  );
  assertEquals(events, [1, 3].map((n) => `free 0 ${n} t=1000001 cpu=0 caller=f`));
  assertEquals(report.complaints, [
    "my.file:2: The line and those that continue it are longer than 16384 bytes",
  ]);
});

Deno.test("a kmem line that is cut off is malformed, not misread", async () => {
  const { events, report } = await read(
    "a-1 [000] 1.000001: kmalloc: call_site=f ptr=0x10 bytes_req=8 bytes_alloc=8 gfp_flags=0\n" +
      "a-1 [000] 1.000002: kmalloc: call_site=f ptr=0x20 bytes_req=51",
  );
  assertEquals(events.length, 1);
  assertStringIncludes(report.complaints[0]!, "my.file:2: The bytes_req is cut off or malformed");
});

Deno.test("glibc's mtrace is read: sites, reallocations as pairs, and lines without a site", async () => {
  const { events, report } = await read(`= Start
@ ./tc:[0x1236] + 0x55ec5216c2a0 0x18
@ /my program:(f+0x1)[0x125e] < 0x55ec5216c2a0
@ /my program:(f+0x1)[0x125e] > 0x55ec5216c4e0 0x40
+ 0x10 0x8
@ ./tc:[0x1236] - 0x55ec5216c4e0
! 0x10 0x100
@ ./tc:[0x1236] * 0x55ec5216c4e0
= End
`);
  assertEquals(events, [
    "alloc 24 55ec5216c2a0 caller=./tc:[0x1236]",
    "free 0 55ec5216c2a0 caller=/my program:(f+0x1)[0x125e]",
    "alloc 64 55ec5216c4e0 caller=/my program:(f+0x1)[0x125e]",
    "alloc 8 10",
    "free 0 55ec5216c4e0 caller=./tc:[0x1236]",
  ]);
  assertEquals(report.complaints.length, 1);
  assertStringIncludes(report.complaints[0]!, "my.file:8: The line is none of mtrace's");
});

const HEAPTRACK = `v 10400 3
x 6 /bin/a
X ./a
I 1000 5e298d
m 1 -
t 7f5669d38b9f 0
t 7f5669d22b03 1
+ 11c00 2 55bd1e646530
c a
+ 18 1 55bd1e6581d0
- 55bd1e646530
R 3ef
`;

Deno.test("heaptrack's raw recordings are read, with the instruction as call site", async () => {
  const { events } = await read(HEAPTRACK);
  assertEquals(events, [
    "alloc 72704 55bd1e646530 caller=0x7f5669d22b03",
    "alloc 24 55bd1e6581d0 t=10000 caller=0x7f5669d38b9f",
    "free 0 55bd1e646530 t=10000",
  ]);
});

Deno.test("traces of allocator courses are read with two and four lines before them, and r keeps its id", async () => {
  for (const head of ["1\n3\n7\n400\n", "3\n7\n"]) {
    const { events } = await read(`${head}a 0 100\na 1 60\nr 0 25769804800\nf 1\n`);
    assertEquals(events, [
      "alloc 100 1",
      "alloc 60 2",
      "free 0 1",
      "alloc 25769804800 1",
      "free 0 2",
    ]);
  }
});

Deno.test("wee_alloc's traces are read: Free names the allocation by its place", async () => {
  const { events } = await read("Alloc(552),\nAlloc(10),\nFree(0),\nFree(1),\n");
  assertEquals(events, ["alloc 552 1", "alloc 10 2", "free 0 1", "free 0 2"]);
});

Deno.test("this project's trace text is read as it is by the parser of traces, malformed lines apart", async () => {
  const { events, report } = await read("# mine\na 7 24\nb 1\nf 7 # gone\n");
  assertEquals(events, ["alloc 24 8", "free 0 8"]);
  assertEquals(report.complaints, ['my.file:3: A recording holds only a and f: "b"']);
  const error = await assertRejects(() => read("a 7 24\nb 1\n", { strict: true }), TraceError);
  assertEquals(error.line, 2);
});

Deno.test("packed recordings and other encodings give the same events: gzip of several members, zstd, UTF-16, a byte order mark", async () => {
  const plain = bytesOf(EVENTS);
  const half = plain.length >> 1;
  const members = new Uint8Array([
    ...gzipSync(plain.subarray(0, half)),
    ...gzipSync(plain.subarray(half)),
  ]);
  const units = Uint16Array.from(EVENTS, (character) => character.charCodeAt(0));
  const little = new Uint8Array(units.buffer);
  const swapped = little.map((_, i) => little[i ^ 1]!);
  const inputs: [string, Uint8Array][] = [
    ["gzip", gzipSync(plain)],
    ["gzip of two members", members],
    ["zstd", zstdCompressSync(plain)],
    ["gzip of UTF-16", gzipSync(new Uint8Array([0xFF, 0xFE, ...little]))],
    ["UTF-16LE", new Uint8Array([0xFF, 0xFE, ...little])],
    ["UTF-16BE", new Uint8Array([0xFE, 0xFF, ...swapped])],
    ["UTF-16LE without a mark", little],
    ["UTF-8 with a mark", new Uint8Array([0xEF, 0xBB, 0xBF, ...plain])],
  ];
  for (const [what, bytes] of inputs) {
    for (const length of [3, 1 << 20]) {
      const { events } = await read(cut(bytes, length));
      assertEquals(events, EVENTS_READ, what);
    }
  }
});

Deno.test("a file that holds no recording is refused in one line that says why", async () => {
  const damaged = gzipSync(bytesOf(EVENTS)).subarray(0, 60);
  const refusals: [string | Uint8Array, string][] = [
    ["", "it is empty"],
    [new Uint8Array([0x7F, 0x45, 0x4C, 0x46, 0, 0, 0, 1]), "it is no text"],
    [damaged, "its gzip data is damaged or cut off"],
    [new Uint8Array([0x28, 0xB5, 0x2F, 0xFD, 9, 9, 9, 9]), "its zstd data is damaged or cut off"],
    [gzipSync(gzipSync(bytesOf(EVENTS))), "it is packed twice"],
    ["hello\nworld\n", "it is of no format that is known"],
    [`${HEADER}\n`, "there is no event in the event CSV"],
    [`${HEADER}\nx\n`, "my.file:2: "],
    ["BeginHeader\n   UnknownEvent/Classic,  TimeStamp\nEndHeader\n", "text of xperf's dumper"],
    [
      'Lookaside "nt!IopSmallIrpLookasideList" @ 0xfffff800`02c49d00  "Irps"\n',
      "text of !lookaside",
    ],
    [
      " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n",
      "give two or more snapshots",
    ],
    [" Tag    Allocs     Used    Allocs     Used\n", "give two or more snapshots"],
    ["v 10400 3\nX a\ns 4 main\na 18 8\n+ 0\n- 0\n", "interpreted recording of heaptrack"],
    ["x".repeat(1 << 20), "it is of no format that is known"],
  ];
  for (const [input, why] of refusals) {
    const error = await assertRejects(() => read(input), RecordingError, why);
    assert(error.message.startsWith("my.file:"), error.message);
    assert(!error.message.includes("\n"), error.message);
  }
});

Deno.test("what a recording is read from is closed, whyever the reading ends", async () => {
  const packed = gzipSync(gzipSync(bytesOf("prose")));
  const line = "time_us,op,tag,size,address\n1,alloc,Irp ,96,0x1000\n";
  const cases: [what: string, content: Uint8Array, options: ReadOptions, sink: () => void][] = [
    ["it is read", bytesOf(line), {}, () => {}],
    ["no text", new Uint8Array(1 << 17), {}, () => {}],
    ["no format that is known", bytesOf("Dear reader,\n".repeat(9999)), {}, () => {}],
    ["no such format", bytesOf(line), { format: "tea" }, () => {}],
    ["refused by name", bytesOf("BeginHeader\nEndHeader\n".repeat(9999)), {}, () => {}],
    ["packed twice", packed, {}, () => {}],
    ["cut off", gzipSync(bytesOf(line)).subarray(0, 30), {}, () => {}],
    ["malformed", bytesOf(`${line}1,2\n${line}`), { strict: true }, () => {}],
    ["a sink that throws", bytesOf(line.repeat(9)), {}, () => {
      throw new Error("of the sink");
    }],
  ];
  for (const [what, content, options, event] of cases) {
    let isOpen = true;
    const parts = closing(cut(content, 1 << 16), () => isOpen = false);
    const ended = await readRecording("file", parts, { event }, options).catch(String);
    assertEquals(typeof ended === "string", what !== "it is read", what);
    assertEquals(isOpen, false, what);
  }
});

Deno.test("what unpacks to absurdly much is refused before it fills the memory", async () => {
  const member = gzipSync(new Uint8Array(1 << 24).fill(0x20));
  const head = gzipSync(bytesOf(EVENTS));
  function* bomb(): Generator<Uint8Array> {
    yield head;
    for (let i = 0; i < 100; i++) yield member;
  }
  await assertRejects(() => read(bomb()), RecordingError, "it unpacks to more than 300 times");
});

Deno.test("a format may be named where the first lines do not tell it", async () => {
  const { report } = await read("a 1 24\nf 1\n", { format: "allocator-lab" });
  assertEquals(report.format, "allocator-lab");
  await assertRejects(
    () => read("a 1 24\n", { format: "tea" }),
    RecordingError,
    "no such format: tea",
  );
});

/** Pairs events given as `op address size` words. */
function pair(lines: string[]): { blocks: Blocks; calls: string[] } {
  const calls: string[] = [];
  const blocks = new Blocks({
    allocate: (block, { size }) => calls.push(`a${block} ${size}`),
    free: (block) => calls.push(`f${block}`),
    drop: (block) => calls.push(`d${block}`),
  });
  for (const line of lines) {
    const [op = "", address = "0", size = "0"] = line.split(" ");
    blocks.event({
      line: 0,
      op: OPERATION_NAMES.indexOf(op as "alloc"),
      time: -1,
      cpu: -1,
      thread: 0,
      process: 0,
      kind: 0,
      tag: 0,
      pool: -1,
      size: Number(size),
      high: 0,
      low: Number(address),
      list: 0,
      caller: 0,
    });
  }
  return { blocks, calls };
}

Deno.test("pairing: an unknown free is the edge, an allocation in use drops the old block, a gap drops all", () => {
  const { blocks, calls } = pair([
    "free 9",
    "alloc 1 24",
    "alloc 1 32",
    "free 1",
    "free 0",
    "alloc 0 8",
    "alloc 2 8",
    "lost 0 5",
    "free 2",
  ]);
  assertEquals(calls, ["a0 24", "d0", "a1 32", "f1", "a1 8", "d1"]);
  const { allocations, frees, failed, nullFrees, unknownFrees, missedFrees } = blocks.counts;
  assertEquals(
    { allocations, frees, failed, nullFrees, unknownFrees, missedFrees },
    { allocations: 3, frees: 1, failed: 1, nullFrees: 1, unknownFrees: 2, missedFrees: 1 },
  );
  assertEquals([blocks.counts.lostEvents, blocks.counts.quarantined, blocks.live], [5, 1, 0]);
});

Deno.test("pairing agrees with a plain map over random addresses that collide", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  const live = new Map<string, number>();
  let frees = 0, allocations = 0;
  const given = new Map<string, number>();
  let address = "";
  const blocks = new Blocks({
    allocate: (block) => {
      allocations += 1;
      given.set(address, block);
    },
    free: (block) => {
      frees += 1;
      assertEquals(given.get(address), block);
    },
    drop: () => {},
  });
  let expectedFrees = 0, expectedAllocations = 0;
  for (let i = 0; i < 200_000; i++) {
    const high = random(4), low = random(3000) * 4096;
    address = `${high}:${low}`;
    const op = random(2) === 0 ? EventOp.Allocate : EventOp.Free;
    if (high === 0 && low === 0) continue;
    if (op === EventOp.Allocate) {
      expectedAllocations += 1;
      live.set(address, i);
    } else if (live.delete(address)) expectedFrees += 1;
    blocks.event({
      line: i,
      op,
      time: -1,
      cpu: -1,
      thread: 0,
      process: 0,
      kind: 0,
      tag: 0,
      pool: -1,
      size: 8,
      high,
      low,
      list: 0,
      caller: 0,
    });
  }
  assertEquals([allocations, frees], [expectedAllocations, expectedFrees]);
  assertEquals(blocks.live, live.size);
});

const SAMPLES = new URL("../../../shared/data/trace-samples/", import.meta.url);
const samplesAreThere = (() => {
  try {
    return Deno.statSync(SAMPLES).isDirectory;
  } catch {
    return false;
  }
})();

Deno.test("the public samples are read or refused by name (they are not part of the repository)", async () => {
  if (!samplesAreThere) {
    console.log(`skipped: there is no ${SAMPLES.pathname}`);
    return;
  }
  const expected: Record<string, string> = {
    "ftrace-kmem-6.x-printk-and-fields.txt": "kmem",
    "glibc-mtrace.txt": "mtrace",
    "heaptrack-1.4.0-interpreted.txt": "Cannot replay the interpreted recording of heaptrack",
    "heaptrack-1.4.0-raw.txt": "heaptrack",
    "malloclab-4-line-header.rep": "allocator-lab",
    "poolmon-snapshot-server.txt": "Cannot replay the snapshot of pool tags",
    "trace-cmd-report-doc.txt": "kmem",
    "valgrind-trace-malloc-c.txt": "valgrind",
    "valgrind-trace-malloc-cpp.txt": "valgrind",
    "valgrind-trace-malloc-threads.txt": "valgrind",
    "wee_alloc-ls.trace": "wee_alloc",
    "windbg-lookaside-doc.txt": "Cannot replay the text of !lookaside",
    "windbg-poolused.txt": "Cannot replay the snapshot of pool tags",
    "xperf-dumper-header-and-os-line.txt": "Cannot replay the text of xperf's dumper",
  };
  const found: Record<string, string> = {};
  for (const name of Object.keys(expected)) {
    const path = pathOf(new URL(name, SAMPLES));
    try {
      const { format, events, malformed } = await readRecording(name, fileBytes(path), {
        event: () => {},
      });
      assert(events > 0, name);
      // The excerpt of a log marks what was left out by a line of dots.
      assertEquals(malformed, name === "valgrind-trace-malloc-threads.txt" ? 1 : 0, name);
      found[name] = format;
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      found[name] = error.message.slice(name.length + 2).split(":")[0]!;
    }
  }
  assertEquals(found, expected);
});

Deno.test("a file is read through bytes of the caller's, each part in place of the one before, packed or not", async () => {
  await withFolder(async (folder) => {
    const text = `${EVENTS}${EVENTS.slice(HEADER.length + 1).repeat(200)}`;
    for (const bytes of [bytesOf(text), gzipSync(bytesOf(text))]) {
      await Deno.writeFile(`${folder}/run`, bytes);
      const whole = await read(bytes);
      for (const length of [5, 4096, 1 << 20]) {
        const events: string[] = [];
        const into = new Uint8Array(length);
        for await (const part of fileBytes(`${folder}/run`, into)) {
          assertEquals(part.buffer, into.buffer);
          events.push(new TextDecoder("latin1").decode(part));
        }
        assertEquals(events.join(""), new TextDecoder("latin1").decode(bytes));
        const report = await readRecording("run", fileBytes(`${folder}/run`, into), { event() {} });
        assertEquals([report.events, report.malformed], [whole.report.events, 0]);
      }
    }
    await assertRejects(() => fileBytes("run", new Uint8Array()).next(), RangeError, "into");
    await assertRejects(() => fileBytes("run", "no" as never).next(), TypeError, '"no"');
  });
});
