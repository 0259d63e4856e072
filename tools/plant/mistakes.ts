/**
 * The mistakes that are planted in C: which text of a correct program becomes which, and what reports
 * it in which mode.
 *
 * @module
 */

import type { CMode } from "./c.ts";

/** A program of C or C++ that makes no mistake. */
export interface Program {
  /** Its files, below the root of the project. */
  readonly sources: readonly string[];
  readonly isCpp?: boolean;
  /** Folders of what its files include, and macros. */
  readonly include?: readonly string[];
  readonly defines?: readonly string[];
  readonly args?: readonly string[];
  /** It rests on what lists keep, and does not run where they keep nothing. */
  readonly countsHits?: boolean;
}

const DRIVER = "examples/driver_tests/driver/packets.c";
const TESTS = "examples/driver_tests/tests";
const PACKETS = { include: ["examples/driver_tests/driver"] } as const;
const EXTENSION = "examples/extension.cpp";
/** The files in the shapes of drivers have mistakes of their own, which their tests plant. */
const FAMILY = { defines: ["MISTAKE=0"] } as const;

export const PROGRAMS = {
  leaks: { ...PACKETS, sources: [DRIVER, `${TESTS}/leaks.c`] },
  faults: { ...PACKETS, sources: [DRIVER, `${TESTS}/faults.c`] },
  extension: { sources: [EXTENSION], isCpp: true },
  "extension, each allocation failed": {
    sources: ["tests/c/exhaust.c"],
    include: ["examples"],
    defines: ['PROGRAM="extension.cpp"'],
    isCpp: true,
  },
  rcu: { ...FAMILY, sources: ["tests/c/families/rcu.c"] },
  slab: { ...FAMILY, sources: ["tests/c/families/slab.c"] },
  ndis_packets: { ...FAMILY, sources: ["tests/c/families/ndis_packets.c"] },
  kmdf_files: { ...FAMILY, sources: ["tests/c/families/kmdf_files.c"] },
  devices: { ...FAMILY, sources: ["tests/c/families/extension.c"], countsHits: true },
  inline_bodies: { ...FAMILY, sources: ["tests/c/families/inline_bodies.c"], countsHits: true },
  pool: { sources: ["tests/c/pool.c"] },
  races: { sources: ["tests/c/races.c"], include: ["tests/c"], args: ["lock"] },
  threads: { sources: ["tests/c/threads.c"], include: ["tests/c"], args: ["2000"] },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

/** A mistake: an edit of a program's file, and what is said of it. */
export interface Mistake {
  readonly name: string;
  readonly program: ProgramName;
  /** The file that is edited; the program's first where it is left out. */
  readonly file?: string;
  /** Texts that stand in the file once, and what takes their place. */
  readonly edits: readonly (readonly [from: string, to: string])[];
  /** What the output of the program has in it in each mode that has to find the mistake. */
  readonly found: Readonly<Partial<Record<CMode, RegExp>>>;
}

/** The bug check with a code and with what its first parameter ends in. */
function stop(code: number, first?: number): RegExp {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  const parameter = first === undefined ? "" : hex(first, 16);
  return new RegExp(String.raw`\*\*\* STOP 0x${hex(code, 8)} \(0x${parameter}`);
}

const POISONED = /AddressSanitizer: use-after-poison[\s\S]*\*\*\* STOP 0x000001f2 /;
const ASAN = { "asan-gcc": POISONED, "asan-clang": POISONED } as const;

/** The statement that frees a packet to its list. */
const FREED = "    ExFreeToLookasideListEx(&Device->Packets, Packet);\n";
const TAKEN = "    packet->Length = Length;\n";
const MADE = "    KeInitializeSpinLock(&Device->Lock);\n";
const IS_NO_PACKET =
  "    if (packet == NULL) {\n        return STATUS_INSUFFICIENT_RESOURCES;\n    }\n";
/** How a device stops. */
const DELETED = "    ExDeleteLookasideListEx(&Device->Packets);\n";
const SIZES_FREED = `${DELETED}    ExFreePoolWithTag(Device->Sizes, PACKETS_TAG);\n`;
const QUEUED = "    InsertTailList(&Device->Queue, &packet->Link);\n";
const COUNTED = "    Device->Sizes[Length]++;\n";
const LOCKED = `    KeAcquireSpinLock(&Device->Lock, &irql);\n${QUEUED}`;
const RELEASED = `${COUNTED}    KeReleaseSpinLock(&Device->Lock, irql);\n`;

type Edit = readonly [from: string, to: string];
const before = (text: string, more: string): Edit => [text, more + text];
const after = (text: string, more: string): Edit => [text, text + more];

/** A mistake in the driver of the example. */
function inDriver(name: string, edit: Edit, found: Mistake["found"]): Mistake {
  return { name, program: "leaks", edits: [edit], found };
}

/** What the modes that know no more than plain say alike. */
function everywhere(found: RegExp): Mistake["found"] {
  return { plain: found, verified: found, special: found, ...both(found), malloc: found };
}

function both(found: RegExp) {
  return { "asan-gcc": found, "asan-clang": found };
}

/** Writes past the end of an entry and of a block, by so many bytes. */
function overruns(bytes: number): Mistake[] {
  const found = {
    verified: stop(0xC4, 0x51),
    // What is rounded up to 16 has the rest in it.
    special: bytes < 64 ? stop(0xC1) : stop(0xD6),
    ...ASAN,
  };
  return [
    inDriver(
      `an entry is written ${bytes} bytes past its end`,
      before(TAKEN, `    RtlFillMemory(packet, sizeof(PACKET) + ${bytes}, 0x5A);\n`),
      found,
    ),
    inDriver(
      `a block is written ${bytes} bytes past its end`,
      after(
        MADE,
        `    RtlFillMemory(Device->Sizes, (PACKET_BYTES + 1) * sizeof(ULONG) + ${bytes}, 0);\n`,
      ),
      found,
    ),
  ];
}

export const MISTAKES: readonly Mistake[] = [
  inDriver("a block is not freed", [SIZES_FREED, DELETED], everywhere(stop(0xC4, 0x62))),
  inDriver(
    "entries are not freed",
    ["        PacketsDone(Device, packet);\n", "        UNREFERENCED_PARAMETER(packet);\n"],
    everywhere(stop(0xC4, 0x62)),
  ),
  inDriver(
    "a list is not deleted",
    [SIZES_FREED, SIZES_FREED.replace(DELETED, "")],
    everywhere(stop(0xCE)),
  ),
  inDriver("an entry is freed twice", after(FREED, FREED), {
    ...everywhere(stop(0xC2, 7)),
    verified: stop(0xC4, 0x13),
    special: stop(0xC1),
    malloc: stop(0xC2),
  }),
  inDriver(
    "a block is freed twice",
    after(SIZES_FREED, SIZES_FREED.replace(DELETED, "")),
    {
      ...everywhere(stop(0xC2, 7)),
      verified: stop(0xC4, 0x13),
      special: stop(0xC1),
      malloc: stop(0xC2),
    },
  ),
  inDriver(
    "a block is freed with another tag",
    [SIZES_FREED, SIZES_FREED.replace("PACKETS_TAG", "'rehO'")],
    everywhere(stop(0xC2, 0xA)),
  ),
  inDriver(
    "the inside of a block is freed",
    [SIZES_FREED, SIZES_FREED.replace("Sizes", "Sizes + 4")],
    { plain: stop(0xC2), verified: stop(0xC4, 0x10), special: stop(0xC1), ...both(stop(0xC2)) },
  ),
  inDriver(
    "the inside of an entry is freed",
    [FREED, FREED.replace("Packet)", "Packet->Data)")],
    { plain: stop(0xC2), verified: stop(0xC4), special: stop(0xC1), ...both(stop(0xC2)) },
  ),
  inDriver(
    "a block of pool is freed to the list",
    before(DELETED, "    ExFreeToLookasideListEx(&Device->Packets, Device->Sizes);\n"),
    { plain: stop(0xC2), verified: stop(0xC4), special: stop(0xC2), ...both(stop(0xC2)) },
  ),
  ...[1, 8, 64].flatMap(overruns),
  inDriver("a block is written before its start", after(MADE, "    Device->Sizes[-1] = 0;\n"), {
    verified: stop(0x19, 0x20),
    special: stop(0xC1),
    ...ASAN,
  }),
  inDriver("an entry is read past its end", before(TAKEN, "    irql = packet->Data[104];\n"), {
    ...ASAN,
  }),
  inDriver("a kept entry is written to", after(FREED, "    Packet->Data[8] = 1;\n"), {
    verified: stop(0xC6),
    special: stop(0xD5),
    ...ASAN,
  }),
  inDriver("a kept entry is read", after(FREED, "    Device->Sizes[Packet->Data[50] & 1]++;\n"), {
    special: stop(0xD5),
    ...ASAN,
  }),
  inDriver(
    "a freed block is written to before it is allocated again",
    after(
      MADE,
      "    {\n        PPACKET old = (PPACKET)ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(PACKET), PACKETS_TAG);\n" +
        "        ExFreePoolWithTag(old, PACKETS_TAG);\n        old->Data[9] = 1;\n    }\n",
    ),
    { verified: stop(0xC6), special: stop(0xD5), resting: stop(0xC6), ...ASAN },
  ),
  inDriver(
    "a freed block of pages is written to before it is allocated again",
    after(
      MADE,
      "    {\n        PUCHAR old = (PUCHAR)ExAllocatePool2(POOL_FLAG_NON_PAGED, 9000, PACKETS_TAG);\n" +
        "        ExFreePoolWithTag(old, PACKETS_TAG);\n        old[8000] = 1;\n" +
        "        old = (PUCHAR)ExAllocatePool2(POOL_FLAG_NON_PAGED, 9000, PACKETS_TAG);\n" +
        "        ExFreePoolWithTag(old, PACKETS_TAG);\n    }\n",
    ),
    { verified: stop(0xC6), ...ASAN, malloc: /Invalid write/ },
  ),
  inDriver(
    "a freed block is written to",
    after(SIZES_FREED, "    Device->Sizes[9] = 1;\n"),
    { special: stop(0xD5), ...ASAN, malloc: /Invalid write/ },
  ),
  inDriver(
    "a freed block is read",
    after(SIZES_FREED, "    Device->Lock = Device->Sizes[9];\n"),
    { special: stop(0xD5), ...ASAN, malloc: /Invalid read/ },
  ),
  inDriver("a list is deleted before its entries are freed", [
    "    PPACKET packet;\n    while",
    `    PPACKET packet;\n${DELETED}    while`,
  ], everywhere(stop(0xC4, 0xCB))),
  inDriver("a list is deleted twice", after(DELETED, DELETED), everywhere(stop(0xC4, 0xCB))),
  inDriver(
    "a list in use is initialised anew",
    after(
      MADE,
      "    (void)ExInitializeLookasideListEx(&Device->Packets, NULL, NULL, NonPagedPoolNx, 0, 200, PACKETS_TAG, 0);\n",
    ),
    { verified: stop(0xC4, 0xCA) },
  ),
  inDriver(
    "a list's entries have no room for a link",
    ["0, sizeof(PACKET), PACKETS_TAG", "0, 4, PACKETS_TAG"],
    { verified: stop(0xC4, 0xCD), ...ASAN },
  ),
  inDriver(
    "no byte is allocated",
    [
      "ExAllocatePool2(\n        POOL_FLAG_NON_PAGED, (PACKET_BYTES + 1) * sizeof(ULONG)",
      "ExAllocatePoolWithTag(NonPagedPoolNx, 0",
    ],
    { ...everywhere(stop(0xC2, 0)), verified: stop(0xC4, 0) },
  ),
  inDriver(
    "paged pool is allocated at DISPATCH_LEVEL",
    after(
      LOCKED,
      "    ExFreePoolWithTag(ExAllocatePool2(POOL_FLAG_PAGED, 64, PACKETS_TAG), PACKETS_TAG);\n",
    ),
    { ...everywhere(stop(0xC2, 8)), verified: stop(0xC4), special: stop(0xC1, 2) },
  ),
  inDriver("a lock is not released", [RELEASED, COUNTED], {
    ...everywhere(stop(0x0F)),
    verified: stop(0xC4, 0x1000),
  }),
  inDriver(
    "a lock is acquired by its holder",
    after(LOCKED, "    KeAcquireSpinLockAtDpcLevel(&Device->Lock);\n"),
    { ...everywhere(stop(0x0F)), verified: stop(0xC4, 0x1000) },
  ),
  inDriver(
    "a lock is released twice",
    after(RELEASED, "    KeReleaseSpinLock(&Device->Lock, irql);\n"),
    { ...everywhere(stop(0xC4, 0x32)), verified: stop(0xC4, 0x20015) },
  ),
  inDriver(
    "a lock is released to another level",
    [RELEASED, RELEASED.replace("irql", "APC_LEVEL")],
    everywhere(stop(0xC4)),
  ),
  inDriver(
    "a lock is acquired below the level that it needs",
    before(TAKEN, "    KeAcquireSpinLockAtDpcLevel(&Device->Lock);\n"),
    { ...everywhere(stop(0xC4, 0x40)), verified: stop(0xC4, 0x20003) },
  ),
  inDriver(
    "the level is raised to a lower one",
    after(LOCKED, "    KeRaiseIrql(APC_LEVEL, &irql);\n"),
    everywhere(stop(0xC4, 0x30)),
  ),
  inDriver(
    "the level is lowered to a higher one",
    before(TAKEN, "    KeLowerIrql(DISPATCH_LEVEL);\n"),
    everywhere(stop(0xC4, 0x31)),
  ),
  inDriver(
    "the level is not lowered again",
    before(DELETED, "    { KIRQL old; KeRaiseIrql(3, &old); }\n"),
    everywhere(stop(0xC4)),
  ),
  inDriver("a link is removed twice", [
    "RemoveHeadList(&Device->Queue), PACKET, Link);\n",
    "RemoveHeadList(&Device->Queue), PACKET, Link);\n        RemoveEntryList(&packet->Link);\n" +
    "        RemoveEntryList(&packet->Link);\n",
  ], everywhere(stop(0x139))),
  {
    name: "an allocation is not looked at",
    program: "faults",
    edits: [[IS_NO_PACKET, ""]],
    found: {
      plain: /^$/,
      ...both(/AddressSanitizer: SEGV on unknown address/),
    },
  },
  {
    name: "what was allocated before a failure is not freed",
    program: "faults",
    edits: [[
      IS_NO_PACKET,
      IS_NO_PACKET.replace(
        "return",
        "(void)ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, PACKETS_TAG);\n        return",
      ),
    ]],
    found: everywhere(/allocation \d/),
  },
  {
    name: "a list is left where an allocation fails",
    program: "extension, each allocation failed",
    file: EXTENSION,
    edits: [["            ExtensionFree();\n", ""]],
    found: everywhere(/allocation \d/),
  },
  {
    name: "an entry of C++ is not looked at",
    program: "extension, each allocation failed",
    file: EXTENSION,
    edits: [["    if (entry == nullptr) {\n        return nullptr;\n    }\n", ""]],
    found: both(/AddressSanitizer: SEGV on unknown address/),
  },
  {
    name: "a context is removed twice",
    program: "extension",
    edits: [
      after(
        "        ExtensionRemoveContext(context);\n",
        "        ExtensionRemoveContext(context);\n",
      ),
    ],
    found: {
      ...everywhere(stop(0xC2, 7)),
      verified: stop(0xC4, 0x13),
      special: stop(0xC1),
      malloc: stop(0xC2),
    },
  },
  {
    name: "a context is not removed",
    program: "extension",
    edits: [["        ExtensionRemoveContext(context);\n", ""]],
    found: { leaks: /^Left of driver root:\n.*tag "Ctxt"/m },
  },
  {
    name: "a context is used after it was removed",
    program: "extension",
    edits: [
      after(
        "        ExtensionRemoveContext(context);\n",
        "        ExtensionCountRequest(context);\n",
      ),
    ],
    found: { special: stop(0xD5), ...ASAN },
  },
  {
    name: "a counter is not guarded by its lock",
    program: "races",
    edits: [
      [
        "if (Kind == 'l') {\n                KeAcquire",
        "if (Kind == 'x') {\n                KeAcquire",
      ],
      [
        "if (Kind == 'l') {\n                KeRelease",
        "if (Kind == 'x') {\n                KeRelease",
      ],
    ],
    found: { tsan: /ThreadSanitizer: data race/ },
  },
  {
    name: "an entry is used by a thread that has freed it",
    program: "threads",
    edits: [
      after(
        "            ExFreeToLookasideListEx(&List, held[i]);\n",
        // On one processor, too, another thread takes the entry in between.
        "            sched_yield();\n            held[i]->Owner = thread;\n",
      ),
    ],
    found: { tsan: /ThreadSanitizer: data race/, special: stop(0xD5), ...ASAN },
  },
];
