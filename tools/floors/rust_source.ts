/** One Rust file: which modules it declares, and which paths it names. */

/** A path as written in a module. */
export interface Path {
  readonly module: readonly string[];
  readonly segments: readonly string[];
  /** The name that `use` gives it; `*` for all names. */
  readonly alias?: string;
  readonly line: number;
}

/** A module that a file declares. */
export interface Declared {
  readonly path: readonly string[];
  /** The files that `#[path]` names, also under a condition. */
  readonly files: readonly string[];
  readonly isInline: boolean;
  readonly isTest: boolean;
}

/** What is read of a file. */
export interface Source {
  readonly paths: readonly Path[];
  readonly declared: readonly Declared[];
  /** The macros that it gives to the crate's root. */
  readonly macros: readonly string[];
  /** Whether only tests compile it. */
  readonly isTest: boolean;
}

// ---- tokens

interface Token {
  readonly text: string;
  readonly line: number;
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+|\/\/[^\n]*)`,
    String.raw`(?<comment>\/\*)`,
    String
      .raw`(?<literal>[bc]?r(?<hashes>#*)"[^]*?"\k<hashes>|b?'(?:[^'\\]|\\(?:[^u]|u\{[^}]*\}|x..))'|\d\w*)`,
    String.raw`(?<string>[bc]?"(?:[^"\\]|\\[^])*")`,
    String.raw`(?<lifetime>'\w+)`,
    String.raw`(?:r#)?(?<name>[\p{L}_][\p{L}\p{N}_]*)`,
    String.raw`(?<mark>::|[^])`,
  ].join("|"),
  "uy",
);

/** The end of a block comment, which nests. */
function commentEnd(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

/** The tokens of a text: names, marks, and strings behind a `"`; comments are left out. */
function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups ?? {};
    const end = groups.comment ? commentEnd(text, at) : TOKEN.lastIndex;
    const word = groups.name ?? groups.mark ?? groups.string?.replace(/"$/, "");
    if (word !== undefined || groups.literal) tokens.push({ text: word ?? '"', line });
    line += text.slice(at, end).split("\n").length - 1;
    at = end;
  }
  return tokens;
}

// ---- conditions

/** Whether a condition of `cfg` holds in tests alone: `test`, or `all(…)` with it. */
function impliesTest(words: readonly string[]): boolean {
  if (words.length === 1) return words[0] === "test";
  if (words[0] !== "all") return false;
  let depth = 0;
  let part: string[] = [];
  for (const word of [...words.slice(2, -1), ","]) {
    if (word === "(") depth += 1;
    if (word === ")") depth -= 1;
    if (word !== "," || depth > 0) part.push(word);
    else if (impliesTest(part)) return true;
    else part = [];
  }
  return false;
}

// ---- code

const IS_NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;
/** What begins an item or a statement, which a comma does not end. */
const ITEM = new Set(
  "async const enum extern fn impl let macro_rules mod static struct trait type union unsafe use"
    .split(" "),
);

class Reader {
  readonly paths: Path[] = [];
  readonly declared: Declared[] = [];
  readonly macros: string[] = [];
  isTest = false;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** The modules around the place that is read, each with the depth of braces at which it ends. */
  readonly #around: { readonly path: readonly string[]; readonly depth: number }[];
  #depth = 0;

  constructor(tokens: readonly Token[], module: readonly string[]) {
    this.#tokens = tokens;
    this.#around = [{ path: module, depth: -1 }];
    while (this.#at < tokens.length) this.#step();
  }

  get #module(): readonly string[] {
    return this.#around.at(-1)?.path ?? [];
  }

  get #line(): number {
    return this.#tokens[this.#at]?.line ?? 0;
  }

  #text(ahead = 0): string {
    return this.#tokens[this.#at + ahead]?.text ?? "";
  }

  #step(): void {
    let [isTest, isExported] = [false, false];
    const files: string[] = [];
    while (this.#text() === "#" && ["[", "!"].includes(this.#text(1))) {
      const isInner = this.#text(1) === "!";
      const words = this.#attribute();
      const forTests = words[0] === "cfg" && impliesTest(words.slice(2, -1));
      if (isInner && forTests) return this.#leaveModule();
      isTest ||= forTests;
      isExported ||= words.includes("macro_export");
      const named = words[words.indexOf("path") + 2];
      if (words.includes("path") && named?.startsWith('"')) files.push(named.slice(1));
    }
    this.#visibility();
    const [word, next] = [this.#text(), this.#text(1)];
    if (word === "mod" && IS_NAME.test(next)) return this.#mod(next, files, isTest);
    if (isTest) return this.#skip();
    if (word === "use") return this.#use();
    if (word === "macro_rules" && isExported) this.macros.push(this.#text(2));
    if (IS_NAME.test(word) && next === "::" && this.#text(-1) !== "::") return this.#path();
    if (word === "{") this.#depth += 1;
    if (word === "}") this.#close();
    this.#at += 1;
  }

  /** The words of an attribute. */
  #attribute(): string[] {
    this.#at += this.#text(1) === "!" ? 3 : 2;
    const start = this.#at;
    for (let depth = 1; depth > 0 && this.#at < this.#tokens.length; this.#at += 1) {
      if (this.#text() === "[") depth += 1;
      if (this.#text() === "]") depth -= 1;
    }
    return this.#tokens.slice(start, this.#at - 1).map(({ text }) => text);
  }

  /** Passes `pub` and what stands in brackets after it: a path there imports nothing. */
  #visibility(): void {
    if (this.#text() !== "pub") return;
    this.#at += 1;
    const isLimited = this.#text() === "(" && (this.#text(1) === "in" || this.#text(2) === ")");
    if (isLimited) {
      while (this.#at < this.#tokens.length && this.#text(-1) !== ")") {
        this.#at += 1;
      }
    }
  }

  #mod(name: string, files: readonly string[], isTest: boolean): void {
    const path = [...this.#module, name];
    const isInline = this.#text(2) === "{";
    this.declared.push({ path, files, isInline, isTest });
    if (isTest || !isInline) return this.#skip();
    this.#around.push({ path, depth: this.#depth });
    this.#depth += 1;
    this.#at += 3;
  }

  #close(): void {
    this.#depth -= 1;
    if (this.#around.at(-1)?.depth === this.#depth) this.#around.pop();
  }

  /** The module that is read is compiled for tests alone: passes the rest of it. */
  #leaveModule(): void {
    this.isTest ||= this.#around.length === 1;
    for (let depth = 1; this.#at < this.#tokens.length; this.#at += 1) {
      if (this.#text() === "{") depth += 1;
      if (this.#text() === "}") depth -= 1;
      if (depth === 0) return;
    }
  }

  /** Passes an item, a statement, a field or an arm. */
  #skip(): void {
    const first = this.#text();
    for (let depth = 0; this.#at < this.#tokens.length; this.#at += 1) {
      const text = this.#text();
      if (["(", "[", "{"].includes(text)) depth += 1;
      if ([")", "]", "}"].includes(text)) depth -= 1;
      // What is around ends: its last part had no mark behind it.
      if (depth < 0) return;
      const ends = text === ";" || text === "}" && first !== "use" ||
        text === "," && !ITEM.has(first);
      if (depth === 0 && ends) break;
    }
    this.#at += 1;
  }

  #use(): void {
    this.#at += 1;
    // `use ::name` is another crate's.
    if (this.#text() === "::") return this.#skip();
    this.#branch([]);
    this.#at += 1;
  }

  /** One branch of a `use`, up to what ends it. */
  #branch(before: readonly string[]): void {
    const segments = [...before];
    const line = this.#line;
    while (this.#text() !== "as" && /^([\p{L}_*].*|::|\$)$/u.test(this.#text())) {
      if (!["::", "$"].includes(this.#text())) segments.push(this.#text());
      this.#at += 1;
    }
    if (this.#text() === "{") return this.#branches(segments);
    if (segments.length > 1 && segments.at(-1) === "self") segments.pop();
    let alias = segments.at(-1) ?? "";
    if (this.#text() === "as") {
      alias = this.#text(1);
      this.#at += 2;
    }
    this.paths.push({ module: this.#module, segments, alias, line });
  }

  #branches(before: readonly string[]): void {
    this.#at += 1;
    while (this.#text() !== "}" && this.#at < this.#tokens.length) {
      this.#branch(before);
      if (this.#text() === ",") this.#at += 1;
    }
    this.#at += 1;
  }

  #path(): void {
    const line = this.#line;
    const segments = [this.#text()];
    this.#at += 1;
    for (; this.#text() === "::" && IS_NAME.test(this.#text(1)); this.#at += 2) {
      segments.push(this.#text(1));
    }
    this.paths.push({ module: this.#module, segments, line });
  }
}

/** Reads a file that is the module `path`. */
export function readSource(text: string, path: readonly string[], isTest: boolean): Source {
  const { paths, declared, macros, isTest: isAllTest } = new Reader(tokenise(text), path);
  return { paths, declared, macros, isTest: isTest || isAllTest };
}
