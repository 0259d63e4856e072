/**
 * The mistakes that are planted in Rust, in the tests of the contract and in the example of a driver.
 *
 * @module
 */

import type { RustMistake } from "./rust.ts";

const GUARD = "contract/src/guard.rs";
const WATCH = "contract/src/watch.rs";
const ENTRIES = "contract/src/entries.rs";
const DRIVER = "win-lookaside/examples/driver.rs";

const FREED = "        unsafe { self.list.free(self.at.as_ptr()) };\n";
const DEALLOCATED = "        unsafe { self.list.deallocate(self.memory.cast(), self.layout) };\n";
const FILLED = "unsafe { fill(self.at, self.bytes, byte) };";
const GIVEN_BACK = "    unsafe { ExFreePoolWithTag(entry, watch.fixture.tag) };\n";
const MADE = "    unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }\n";
const DROPPED = "        drop(unsafe { Box::from_raw_in(context, &ENTRIES) });\n";
const DESTROYED = "    unsafe { ENTRIES.destroy_shared() };\n}\n\n/// Requests";
const REQUEST_ENDS = "    NtStatus::from(STATUS_SUCCESS)\n    // The request ends";

type Found = RustMistake["found"];
type Edit = readonly [from: string, to: string];

const after = (text: string, more: string): Edit => [text, text + more];

/** The bug check with a code, as its text has it. */
function stop(code: number, first?: number): RegExp {
  const hex = (value: number) => value.toString(16);
  const parameter = first === undefined ? "" : `0*${hex(first)},`;
  return new RegExp(`STOP 0x0*${hex(code)} \\(0x${parameter}`, "i");
}

/** The bug check with a code where nothing catches it, or in what a run of a scenario ended in. */
function ended(code: number, first?: number): RegExp {
  const caught = `code: ${code}, parameters: \\[${first === undefined ? "" : `${first},`}`;
  return new RegExp(`${stop(code, first).source}|${caught}`, "i");
}

/** What the tests count when they are done. */
const LEFT = /bytes left: \d+/;
const POISONED = /AddressSanitizer: use-after-poison/;

function inContract(name: string, file: string, edit: Edit, found: Found): RustMistake {
  return { name, program: "contract", file, edits: [edit], found };
}

function inDriver(name: string, edits: readonly Edit[], found: Found): RustMistake {
  return { name, program: "driver", file: DRIVER, edits, found };
}

export const RUST_MISTAKES: readonly RustMistake[] = [
  inContract("an entry of Rust is not freed", GUARD, [FREED, "        _ = self.at;\n"], {
    plain: LEFT,
    special: LEFT,
    asan: LEFT,
  }),
  inContract("an entry of Rust is freed twice", GUARD, after(FREED, FREED), {
    plain: stop(0xC2, 7),
    verified: stop(0xC4, 0x13),
    special: stop(0xC1),
    asan: stop(0xC2, 7),
  }),
  inContract("a block of an allocator is not deallocated", GUARD, [
    DEALLOCATED,
    "        _ = self.layout;\n",
  ], { plain: LEFT }),
  inContract(
    "a block of an allocator is deallocated twice",
    GUARD,
    after(DEALLOCATED, DEALLOCATED),
    {
      plain: stop(0xC2, 7),
      verified: stop(0xC4, 0x13),
      asan: stop(0xC2, 7),
    },
  ),
  ...[1, 8, 64].map((bytes) =>
    inContract(`an entry of Rust is written ${bytes} bytes past its end`, GUARD, [
      FILLED,
      FILLED.replace("self.bytes", `self.bytes + ${bytes}`),
    ], {
      verified: stop(0xC4, 0x51),
      special: bytes < 64 ? stop(0xC1) : stop(0xD6),
      asan: POISONED,
    })
  ),
  inContract(
    "a kept entry of Rust is written to",
    GUARD,
    after(
      FREED,
      "        unsafe { self.at.as_ptr().wrapping_add(self.bytes - 1).write_volatile(1) };\n",
    ),
    { verified: stop(0xC6), special: stop(0xD5), asan: POISONED },
  ),
  inContract(
    "a kept entry of Rust is read",
    GUARD,
    after(FREED, "        unsafe { self.at.as_ptr().read_volatile() };\n"),
    { special: stop(0xD5), asan: POISONED },
  ),
  inContract("a callback frees with another tag", WATCH, [
    GIVEN_BACK,
    GIVEN_BACK.replace("watch.fixture.tag", 'u32::from_ne_bytes(*b"Othr")'),
  ], { plain: stop(0xC2, 0xA), verified: stop(0xC2, 0xA), special: stop(0xC2, 0xA) }),
  inContract("a callback does not free", WATCH, [GIVEN_BACK, "    _ = entry;\n"], {
    plain: LEFT,
  }),
  inContract("a callback frees twice", WATCH, after(GIVEN_BACK, GIVEN_BACK), {
    plain: stop(0xC2, 7),
    verified: stop(0xC4, 0x13),
    special: stop(0xC1),
  }),
  inContract("a callback allocates too little", WATCH, [MADE, MADE.replace("bytes", "bytes / 2")], {
    plain: stop(0x19, 0x22),
  }),
  inContract("a callback returns at another level", WATCH, [
    MADE,
    "    _ = unsafe { ntoskrnl_emu::KfRaiseIrql(1) };\n" + MADE,
  ], { plain: stop(0xC8), verified: stop(0xC8) }),
  inContract(
    "an entry is freed to a list of another size",
    ENTRIES,
    after(
      "        fill_and_flush(list)?;\n        let before",
      " = stats(list)?;\n        let other = fixture.list::<L>(128)?;\n" +
        "        unsafe { list.free(other.alloc()) };\n        drop(other);\n        _ = before;\n" +
        "        let before",
    ),
    { plain: stop(0xC2), verified: stop(0xC4), asan: stop(0xC2) },
  ),
  inContract(
    "a list of Rust is forgotten",
    ENTRIES,
    after(
      "        fill_and_flush(list)?;\n        let before",
      " = 0;\n        core::mem::forget(fixture.list::<L>(128)?);\n        _ = before;\n        let before",
    ),
    { plain: LEFT },
  ),
  inContract(
    "an allocation of Rust is not looked at",
    GUARD,
    [
      'NonNull::new(list.alloc()).ok_or("alloc answers null")?',
      "NonNull::new(list.alloc()).unwrap_or(NonNull::dangling())",
    ],
    { plain: /FaultFailure|SIGSEGV/, asan: /FaultFailure|AddressSanitizer: SEGV/ },
  ),
  inDriver("a context of Rust is not freed", [[DROPPED, "        _ = context;\n"]], {
    plain: ended(0xC4, 0x62),
  }),
  inDriver("a request of Rust is freed twice", [[
    REQUEST_ENDS,
    `    drop(unsafe { core::ptr::read(&request) });\n${REQUEST_ENDS}`,
  ]], { plain: ended(0xC2, 7), verified: ended(0xC4, 0x13), special: ended(0xC1) }),
  inDriver("a list of Rust is not deleted", [
    [DESTROYED, DESTROYED.replace("    unsafe { ENTRIES.destroy_shared() };\n", "")],
  ], { plain: ended(0xCE), special: ended(0xCE) }),
  inDriver("a list of Rust is left where an allocation fails", [[
    "        // SAFETY: no request has come yet, and no entry is allocated.\n" +
    "        unsafe { ENTRIES.destroy_shared() };\n",
    "",
  ]], { plain: ended(0xCE) }),
  inDriver("a request of Rust is not freed", [[
    REQUEST_ENDS,
    `    Box::leak(request);\n${REQUEST_ENDS}`,
  ]], { plain: ended(0xC4, 0x62), special: ended(0xC4, 0x62) }),
  inDriver("a context of Rust is used after it was freed", [
    after(
      DROPPED,
      "        unsafe { (*context).requests.fetch_add(1, Ordering::Relaxed) };\n",
    ),
  ], { asan: POISONED, special: stop(0xD5) }),
];
