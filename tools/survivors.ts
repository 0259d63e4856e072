/**
 * Mutants that no test can notice, or that none has to, and why: `mutants.ts` holds them to what
 * survives and writes them to docs/mutants.md.
 *
 * @module
 */

/** A mutant that the tests do not notice. */
export interface Survivor {
  /** From the root of the repository. */
  readonly file: string;
  /** As cargo-mutants says it, without the place. */
  readonly change: string;
  /** The line that is changed, by which the place is found again. */
  readonly line: string;
}

/** Why some mutants survive. */
export interface Explanation {
  readonly title: string;
  readonly why: string;
  readonly mutants: readonly Survivor[];
}

type Mutants = (...changes: readonly (readonly [change: string, line: string])[]) => Survivor[];

function of(file: string): Mutants {
  return (...changes) => changes.map(([change, line]) => ({ file, change, line }));
}

function replaced(what: string, by: string, where: string): string {
  return `replace ${what} with ${by} in ${where}`;
}

const emu = (file: string) => of(`rust/ntoskrnl-emu/src/${file}.rs`);
const balance = emu("balance");
const damage = emu("lookaside/damage");
const head = emu("slist/head");
const lookaside = emu("lookaside");
const ownership = emu("pool/ownership");
const pages = emu("pool/pages");
const pool = emu("pool");
const raw = emu("lookaside/raw");
const routines = emu("lookaside/routines");
const rule = emu("lookaside/rule");
const wdk = emu("pool/routines");

export const EXPLANATIONS: readonly Explanation[] = [
  {
    title: "No bit is in both operands",
    why:
      "A state byte has _busy_ and _cached_ in bits 7 and 6 and the list's mark below them, each " +
      "flag is a bit of its own, and a lock that is taken, or a block that is given back, had its " +
      "bit clear: `|` and `^` give the same.",
    mutants: [
      ...lookaside(
        [replaced("|", "^", "Live<'a>::keeps"), "== STATE_CACHED | self.mark()"],
        [replaced("|", "^", "Live<'a>::judge"), "if state == STATE_BUSY | self.mark()"],
        [
          replaced("|", "^", "Live<'a>::judge"),
          "|| state & (STATE_BUSY | STATE_CACHED) == STATE_CACHED;",
        ],
        [
          replaced("|", "^", "Live<'a>::set_state"),
          ".store(state | self.mark(), Ordering::Release),",
        ],
      ),
      ...raw([replaced("|", "^", "Live<'_>::take_in"), "let state = STATE_BUSY | self.mark();"]),
      ...routines([
        replaced("|", "^", "Live<'_>::admit"),
        "let state = STATE_BUSY | self.mark();",
      ]),
      ...rule(
        [
          replaced("|", "^", "Live<'a>::try_allocate"),
          "|| state.load(Ordering::Acquire) != STATE_CACHED | mark",
        ],
        [
          replaced("|", "^", "Live<'a>::try_allocate"),
          "state.store(STATE_BUSY | mark, Ordering::Release);",
        ],
        [
          replaced("|", "^", "Live<'a>::try_free"),
          "|| state.load(Ordering::Acquire) != STATE_BUSY | mark",
        ],
        [
          replaced("|", "^", "Live<'a>::try_free"),
          "state.store(STATE_CACHED | mark, Ordering::Release);",
        ],
      ),
      ...pool([
        replaced("|", "^", "block_at"),
        "if state & (STATE_BUSY | STATE_CACHED) == 0 {",
      ]),
      ...ownership(
        [
          replaced("|", "^", "abandon_cached"),
          "let cached = STATE_CACHED | record.mark.load(Ordering::Relaxed) as u8;",
        ],
        [
          replaced("|", "^", "disown"),
          "[STATE_BUSY | mark, STATE_CACHED | mark].contains(&state.load(Ordering::Relaxed));",
        ],
      ),
      ...pages(
        [replaced("|", "^", "Pool::allocate"), ".store(STATE_BUSY | mark, Ordering::Release);"],
        [replaced("|", "^", "give_block"), "bits.load(Ordering::Relaxed) | 1 << (block % 64),"],
      ),
      ...wdk(
        ...[
          "| POOL_FLAG_UNINITIALIZED",
          "| POOL_FLAG_CACHE_ALIGNED",
          "| POOL_FLAG_RAISE_ON_FAILURE",
          "| POOL_FLAG_NON_PAGED",
          "| POOL_FLAG_NON_PAGED_EXECUTE",
          "| POOL_FLAG_PAGED",
          "| POOL_FLAG_SPECIAL_POOL;",
        ].map((line) => ["replace | with ^", line] as const),
        [
          replaced("|", "^", "pool_type_of"),
          "let kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;",
        ],
      ),
      ...head(
        [replaced("|", "^", "Head<'a>::try_lock"), "seen | LOCK,"],
        [
          replaced("|", "^", "Head<'a>::watch"),
          "let watch = number << RESERVED.count_ones() | WATCHED | LOCK;",
        ],
      ),
    ],
  },
  {
    title: "Both sides of the bound come to the same",
    why:
      "At the floor there is no surplus to give up. The record after the last is, modulo their " +
      "number, that of index 0, which no list has. Page 0 is never given away, so a request as " +
      "large as the pool fails one step later. A block of exactly a page takes one page and begins " +
      "on it, whichever way it is cut.",
    mutants: [
      ...balance([
        replaced(">", ">=", "adjusted"),
        "if depth > FLOOR && allocates < u64::from(depth) {",
      ]),
      ...lookaside([
        replaced("<", "<=", "Live<'a>::known"),
        "(index as usize) < RECORDS && record.list.load(Ordering::Relaxed) == list.addr() as u64;",
      ]),
      ...pages(
        [replaced(">", ">=", "Pool::allocate"), "if request.bytes > region.pool_bytes() {"],
        [replaced("<", "<=", "Pool::allocate"), "let offset = if padded < PAGE_SIZE {"],
      ),
    ],
  },
  {
    title: "What is written is overwritten before anyone can see it",
    why: "A block that is pushed onto a list's header is kept by the list in the same section, " +
      "which writes its state anew.",
    mutants: raw([
      replaced("|", "&", "Live<'_>::take_in"),
      "let state = STATE_BUSY | self.mark();",
    ]),
  },
  {
    title: "A guard that only saves work",
    why:
      "Without the page's flag the registry is asked, and it says the same: no list lies in the " +
      "block. The free blocks beyond a page's capacity are never reached: the lowest free block is " +
      "taken, and a page of which as many are taken as it holds is in no chain.",
    mutants: [
      ...pool([replaced("&", "|", "active_list"), "if flags & FLAG_LIST == 0 {"]),
      ...pages([
        replaced("*", "/", "Pool::open_page"),
        "let count = capacity.saturating_sub(word * 64).min(64) as u32;",
      ]),
    ],
  },
  {
    title: "A second line of defence",
    why:
      "What belongs to a large page that no list has is asked only where the state byte bears a " +
      "list's mark, and then a list has the page.",
    mutants: pool([
      "replace match guard page.kind.load(Ordering::Relaxed) == PAGE_LARGE with false in list_of",
      "0 if page.kind.load(Ordering::Relaxed) == PAGE_LARGE => 0,",
    ]),
  },
  {
    title: "A moment that no test can hold still, but loom can",
    why:
      "Another thread has mended the list since this one saw the damage. The models of loom in " +
      "`lookaside/damage.rs` fail with it (`deno task prove --only loom`).",
    mutants: damage([
      "replace match guard self.has_its_index() && self.has_its_owner() with false in " +
      "Live<'a>::see_to_identity",
      "Ok(section) if self.has_its_index() && self.has_its_owner() => section.leave(),",
    ]),
  },
  {
    title: "How a waiting thread passes the time",
    why: "Fewer or other pauses before it yields: it gets the lock all the same.",
    mutants: head(
      [replaced("<=", ">", "Head<'a>::lock_contended"), "if pauses <= patience::LONGEST_PAUSES {"],
      [replaced("*=", "+=", "Head<'a>::lock_contended"), "pauses *= 2;"],
    ),
  },
];
