/**
 * Which names a file of C or C++ uses and which it declares, by its tokens: no compiler could read a
 * driver whose types are missing. Comments, text and what lies under `#if 0` count for nothing, nor
 * do members and tags of structures.
 */

type Kind = "name" | "number" | "text" | "sign" | "directive";

export interface Token {
  kind: Kind;
  text: string;
}

/** How a name that a file does not declare is used, most telling first. */
export interface Uses {
  calls: number;
  types: number;
  values: number;
}

/** A routine that is declared and has no body. */
export interface Prototype {
  text: string;
}

export interface Names {
  uses: Map<string, Uses>;
  /** What is declared for a whole file: types, routines, variables, enumerators, macros. */
  declared: Set<string>;
  /** What is declared in a body or as a parameter, and in C++ members, which may stand alone. */
  locals: Set<string>;
  /** Routines with a body. */
  defined: Set<string>;
  prototypes: Map<string, Prototype>;
  /** Macros that say nothing, such as annotations, and whether they take arguments. */
  silent: Map<string, boolean>;
  /** Macros that declare arguments of theirs: which ones. */
  declaring: Map<string, number[]>;
  /** Macros that do not look at arguments of theirs, or only at their spelling. */
  ignoring: Map<string, number[]>;
  /** What macros without parameters stand for, where that is one name. */
  aliases: Map<string, string>;
  /** Headers included by <name> and by "name". */
  includes: { name: string; isSystem: boolean }[];
}

const TYPE_WORDS = new Set(
  ("void char short int long float double signed unsigned bool _Bool auto wchar_t char16_t " +
    "char32_t char8_t size_t __int8 __int16 __int32 __int64").split(" "),
);
/** Words that stand before a declaration, or in it, and say nothing of its name. */
const QUALIFIERS = new Set(
  ("const volatile static extern inline __inline __inline__ register restrict __restrict " +
    "__extension__ typedef constexpr consteval constinit virtual explicit friend mutable thread_local " +
    "__thread _Thread_local _Noreturn __forceinline __cdecl __stdcall __fastcall __unaligned")
    .split(" "),
);
const CONTROL = new Set(
  ("if else for while do switch case default return goto break continue sizeof _Alignof alignof " +
    "throw new delete operator using namespace template public private protected static_assert " +
    "_Static_assert decltype typeof __typeof__ asm __asm__ co_await co_return co_yield not and or " +
    "try catch noexcept override final this nullptr true false defined _Alignas alignas " +
    "static_cast reinterpret_cast const_cast dynamic_cast").split(" "),
);
const TAGS = new Set(["struct", "union", "class", "enum", "typename"]);
const CPP_WORDS = new Set(["class", "namespace", "template", "using", "public", "private"]);
/** Part of the compiler: names that no header has to declare. */
const BUILT_IN =
  /^(__builtin_\w+|__sync_\w+|__atomic_\w+|__attribute__|__declspec|__VA_ARGS__|__VA_OPT__|__(FILE|LINE|DATE|TIME|FUNCTION|func|COUNTER|PRETTY_FUNCTION)__|__FUNCTION__|__func__|__pragma|_Pragma|__has_include|_Generic|__alignof__|__asm)$/;
/** Platforms that this is none of. */
const OTHER_PLATFORMS = new Set([
  "_X86_",
  "_M_IX86",
  "_IA64_",
  "_M_IA64",
  "_M_ARM",
  "_ARM_",
  "i386",
]);
/** Macros whose last argument is a member. */
const MEMBER_MACROS =
  /^(CONTAINING_RECORD|U?FIELD_OFFSET|offsetof|FIELD_SIZE|RTL_(SIZEOF_THROUGH_FIELD|FIELD_SIZE|FIELD_TYPE|NUMBER_OF_FIELD|BITS_OF_FIELD|CONTAINS_FIELD)|__builtin_offsetof)$/;
/** Macros of the framework that declare what gives an object's context. */
const CONTEXT_MACROS = /^WDF_DECLARE_CONTEXT_TYPE(?:_WITH_NAME)?$/;
/** Macros that declare their first argument. */
const DECLARING_MACROS =
  /^(DEFINE_GUID|DECLARE_(GLOBAL_)?CONST_UNICODE_STRING|DECLARE_UNICODE_STRING_SIZE|DECLARE_HANDLE|DEFINE_DEVPROPKEY)$/;

const COMMENT_OR_TEXT =
  /((?:u8|[uUL])?"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const TOKEN =
  /(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"|(?:u8|[uUL])?'(?:[^'\\\n]|\\.)*'|[A-Za-z_$][\w$]*|\.?\d(?:[eEpP][+-]|[\w.])*|->|::|\.\.\.|##|[^\s]/g;

function tokensOfLine(line: string): Token[] {
  return [...line.matchAll(TOKEN)].map(([text]): Token => {
    if (/["']/.test(text)) return { kind: "text", text };
    if (/^[A-Za-z_$]/.test(text)) return { kind: "name", text };
    return { kind: /^\.?\d/.test(text) ? "number" : "sign", text };
  });
}

/** The tokens of a file. A directive is one token: its line, with continuations joined. */
export function tokens(source: string): Token[] {
  const clean = source.replace(/\\\r?\n/g, "").replace(/\r/g, "")
    .replace(COMMENT_OR_TEXT, (match, text) => text ?? (match.replace(/[^\n]/g, "") || " "));
  return clean.split("\n").flatMap((line): Token[] =>
    /^\s*#/.test(line)
      ? [{ kind: "directive", text: line.trim().replace(/^#\s*/, "") }]
      : tokensOfLine(line)
  );
}

interface Macro {
  parameters: string[] | undefined;
  body: Token[];
}

/** The macros that a file defines, the last definition of each. */
export function macrosOf(all: Token[]): Map<string, Macro> {
  const macros = new Map<string, Macro>();
  for (const { kind, text } of all) {
    if (kind !== "directive") continue;
    const match = /^define\s+([\w$]+)(?:\(([^)]*)\))?(.*)$/s.exec(text);
    if (match === null) continue;
    const [, name = "", parameters, body = ""] = match;
    macros.set(name, {
      parameters: parameters?.split(",").map((parameter) => parameter.trim()),
      body: tokensOfLine(body),
    });
  }
  return macros;
}

/** The index behind the bracket that closes the one at an index. */
function behindGroup(all: Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < all.length; i++) {
    const { text, kind } = all[i] as Token;
    if (kind !== "sign") continue;
    if (text === "(" || text === "{" || text === "[") depth++;
    else if ((text === ")" || text === "}" || text === "]") && --depth === 0) return i + 1;
  }
  return all.length;
}

/** What takes words of the compiler's own in parentheses. */
const ATTRIBUTE =
  /^(__attribute__|__declspec|_Alignas|alignas|__pragma|_Pragma|__has_(feature|extension|builtin|\w*attribute))$/;

/** Macros that say nothing of a declaration: annotations, attributes, calling conventions. */
function silentMacros(macros: Map<string, Macro>): Map<string, boolean> {
  const silent = new Map<string, boolean>();
  const isSilent = ({ body }: Macro): boolean => {
    for (let i = 0; i < body.length; i++) {
      const { text, kind } = body[i] as Token;
      if (ATTRIBUTE.test(text)) i = behindGroup(body, i + 1) - 1;
      else if (kind === "text" ? body[i - 1]?.text !== "extern" : false) return false;
      else if (kind !== "text" && !QUALIFIERS.has(text) && !silent.has(text)) return false;
    }
    return true;
  };
  for (let size = -1; size !== silent.size;) {
    size = silent.size;
    for (const [name, macro] of macros) {
      if (isSilent(macro)) silent.set(name, macro.parameters !== undefined);
    }
  }
  return silent;
}

/** The tokens without silent macros, attributes and assembler. */
function audible(all: Token[], silent: Map<string, boolean>): Token[] {
  const kept: Token[] = [];
  for (let i = 0; i < all.length; i++) {
    const token = all[i] as Token;
    const { text, kind } = token;
    if (kind === "name" && (ATTRIBUTE.test(text) || silent.has(text))) {
      const takesGroup = silent.get(text) ?? true;
      if (takesGroup && all[i + 1]?.text === "(") i = behindGroup(all, i + 1) - 1;
    } else if (kind === "name" && /^(_asm|__asm|__asm__|asm)$/.test(text)) {
      let next = i + 1;
      while (/^(volatile|__volatile__|goto)$/.test(all[next]?.text ?? "")) next++;
      if (/^[({]$/.test(all[next]?.text ?? "")) i = behindGroup(all, next) - 1;
    } else kept.push(token);
  }
  return kept;
}

/** Whether the condition of an #if is known: dead code is not looked at. */
function truth(text: string): boolean | undefined {
  const match = /^(if|ifdef|ifndef|elif)\b\s*(.*)$/.exec(text);
  if (match === null) return undefined;
  const [, word, condition = ""] = match;
  const bare = condition.replace(/[()\s]/g, "");
  if (word === "ifdef" || word === "ifndef") {
    return OTHER_PLATFORMS.has(bare) ? word === "ifndef" : undefined;
  }
  if (/^\d+$/.test(bare)) return Number(bare) !== 0;
  const platforms = bare.split("||").map((part) => part.replace(/^defined/, ""));
  return platforms.every((platform) => OTHER_PLATFORMS.has(platform)) ? false : undefined;
}

type Brace = "file" | "code" | "record" | "enum" | "init";

/** Where the reader stands. It is put back for each branch of a condition. */
interface Place {
  braces: Brace[];
  parentheses: ("expression" | "parameters" | "for")[][];
  /** Whether names after a comma, at this depth of brackets, are declared too. */
  lists: (number | undefined)[];
  statement: number;
}

/** Collects the names of one file into those of many. */
class Reader {
  readonly #all: Token[];
  readonly #names: Names;
  readonly #skipped = new Set<number>();
  readonly #declaring = new Set<number>();
  readonly #isCpp: boolean;
  #place: Place = { braces: ["file"], parentheses: [[]], lists: [undefined], statement: 0 };

  constructor(all: Token[], names: Names, start: Brace = "file") {
    this.#all = all;
    this.#names = names;
    this.#place.braces = [start];
    this.#isCpp = all.some(({ text }) => text === "::" || CPP_WORDS.has(text));
  }

  read(): void {
    const conditions: { saved: Place; first: Place | undefined; live: boolean; taken: boolean }[] =
      [];
    for (let i = 0; i < this.#all.length; i++) {
      const { kind, text } = this.#all[i] as Token;
      const isLive = conditions.every(({ live }) => live);
      if (kind === "directive") {
        const last = conditions.at(-1);
        if (/^if/.test(text)) {
          const live = truth(text) ?? true;
          const saved = structuredClone(this.#place);
          conditions.push({ saved, first: undefined, live, taken: truth(text) === true });
        } else if (/^(else|elif)\b/.test(text) && last !== undefined) {
          if (last.live) last.first ??= structuredClone(this.#place);
          last.live = !last.taken && (truth(text) ?? true);
          last.taken ||= truth(text) === true;
          this.#place = structuredClone(last.saved);
        } else if (/^endif\b/.test(text) && last !== undefined) {
          if (last.first !== undefined) this.#place = last.first;
          conditions.pop();
        } else if (isLive) this.#directive(text);
        continue;
      }
      if (isLive) i = this.#token(i);
    }
  }

  #directive(text: string): void {
    const include = /^include(?:_next)?\s*(?:<([^>]+)>|"([^"]+)")/.exec(text);
    if (include !== null) {
      const [, system, quoted] = include;
      const name = (system ?? quoted ?? "").replaceAll("\\", "/");
      this.#names.includes.push({ name, isSystem: system !== undefined });
      return;
    }
    const define = /^define\s+([\w$]+)(?:\(([^)]*)\))?(.*)$/s.exec(text);
    if (define === null) return;
    const [, name = "", parameters, body = ""] = define;
    this.#names.declared.add(name);
    const own = new Set(parameters?.split(",").map((parameter) => parameter.trim()) ?? []);
    const all = audible(tokensOfLine(body), this.#names.silent);
    if (parameters === undefined && all.length === 1 && all[0]?.kind === "name") {
      this.#names.aliases.set(name, all[0].text);
    }
    const kept = all.filter(({ text }, i) =>
      text !== "#" && text !== "##" && !own.has(text) && all[i - 1]?.text !== "##" &&
      all[i + 1]?.text !== "##"
    );
    new Reader(kept, this.#names, "code").read();
  }

  #text(i: number): string {
    return this.#all[i]?.text ?? "";
  }

  /** The nearest token before or after that is no directive. */
  #near(i: number, step: 1 | -1): number {
    let near = i + step;
    while (this.#all[near]?.kind === "directive") near += step;
    return near;
  }

  #isName(i: number): boolean {
    const token = this.#all[i];
    return token?.kind === "name" && !CONTROL.has(token.text) && !TYPE_WORDS.has(token.text) &&
      !QUALIFIERS.has(token.text) && !TAGS.has(token.text);
  }

  get #brace(): Brace {
    return this.#place.braces.at(-1) ?? "file";
  }

  get #depth(): number {
    return this.#place.parentheses.at(-1)?.length ?? 0;
  }

  /** Reads what begins at a token and returns the last index of it. */
  #token(i: number): number {
    const { kind, text } = this.#all[i] as Token;
    if (kind === "sign") this.#sign(i, text);
    else if (kind === "name" && !this.#skipped.has(i)) {
      if (TAGS.has(text)) return this.#tag(i);
      if (this.#brace === "enum" && this.#depth === 0) return this.#enumerator(i);
      if (!CONTROL.has(text)) return this.#run(i);
      const next = this.#near(i, 1);
      if (
        (text === "using" || text === "namespace") && /^[={]$/.test(this.#text(this.#near(next, 1)))
      ) {
        this.#names.declared.add(this.#text(next));
        return next;
      }
    }
    return i;
  }

  #sign(i: number, text: string): void {
    const place = this.#place;
    const group = place.parentheses.at(-1) ?? [];
    switch (text) {
      case "(": {
        const before = this.#text(this.#near(i, -1));
        const isOutside = this.#brace === "file" || this.#brace === "record";
        const isAssigned = this.#statementHas(i, "=");
        if (before === "catch") this.#declareCaught(i);
        if (before === "for" || before === "catch") group.push("for");
        else if (group.at(-1) === "parameters" || (isOutside && !isAssigned)) {
          group.push("parameters");
        } else group.push(this.#declaring.has(i) ? "parameters" : "expression");
        break;
      }
      case ")":
        group.pop();
        break;
      case "{":
        place.braces.push(this.#braceAt(i));
        place.parentheses.push([]);
        place.lists.push(undefined);
        place.statement = i + 1;
        break;
      case "}": {
        const closed = place.braces.length > 1 ? place.braces.pop() : undefined;
        if (place.parentheses.length > 1) place.parentheses.pop();
        if (place.lists.length > 1) place.lists.pop();
        if (closed === "record" || closed === "enum") this.#declarator(this.#near(i, 1));
        if (closed === "code" || closed === "file") {
          place.lists[place.lists.length - 1] = undefined;
          place.statement = i + 1;
        }
        break;
      }
      case ",":
        if (place.lists.at(-1) === this.#depth) this.#declarator(this.#near(i, 1));
        break;
      case ";":
        if (place.lists.at(-1) === this.#depth || this.#depth === 0) {
          place.lists[place.lists.length - 1] = undefined;
        }
        if (this.#depth === 0) place.statement = i + 1;
        break;
    }
  }

  #statementHas(end: number, text: string): boolean {
    for (let i = this.#place.statement; i < end; i++) if (this.#text(i) === text) return true;
    return false;
  }

  /** What a brace opens. */
  #braceAt(i: number): Brace {
    const before = this.#near(i, -1);
    const text = this.#text(before);
    if (this.#brace === "init") return "init";
    if (this.#all[before]?.kind === "text") return "file";
    if (this.#statementHas(i, "namespace")) return "file";
    if (/^[=,\]]$/.test(text) || text === "return") return "init";
    if (text === "(") return "code";
    let lastTag = -1;
    let lastParenthesis = -1;
    for (let at = this.#place.statement; at < i; at++) {
      if (TAGS.has(this.#text(at))) lastTag = at;
      if (this.#text(at) === ")") lastParenthesis = at;
    }
    if (lastTag > lastParenthesis && text !== ")") {
      for (let at = this.#place.statement; at < i; at++) {
        if (this.#text(at) === "enum") return "enum";
      }
      return "record";
    }
    if (text === ")" || lastParenthesis >= 0) return "code";
    return this.#isName(before) && this.#brace !== "file" ? "init" : "code";
  }

  /** `struct X`: a tag is no name, unless C++ makes one of it. */
  #tag(i: number): number {
    let at = this.#near(i, 1);
    if (this.#text(i) === "enum" && TAGS.has(this.#text(at))) at = this.#near(at, 1);
    if (!this.#isName(at)) return i;
    const next = this.#text(this.#near(at, 1));
    if (/^[{;:,>=]$/.test(next) || next === "final") this.#names.declared.add(this.#text(at));
    // What follows is declared: `struct X x`, `struct X *x`.
    if (!/^[{;:>]$|^final$/.test(next)) this.#declaratorAfterType(this.#near(at, 1), i);
    return at;
  }

  #enumerator(i: number): number {
    const before = this.#text(this.#near(i, -1));
    if (before === "{" || before === ",") this.#names.declared.add(this.#text(i));
    else return this.#run(i);
    return i;
  }

  /** The name of a declarator behind `*` and qualifiers, if it is one: its index. */
  #declaredAt(i: number): number | undefined {
    let at = i;
    while (/^[*&]$/.test(this.#text(at)) || QUALIFIERS.has(this.#text(at))) at = this.#near(at, 1);
    // A pointer to a routine: `(*name)(`.
    if (this.#text(at) === "(" && this.#text(this.#near(at, 1)) === "*") {
      let inner = this.#near(at, 1);
      while (this.#text(inner) === "*" || QUALIFIERS.has(this.#text(inner))) {
        inner = this.#near(inner, 1);
      }
      const close = this.#text(this.#near(inner, 1));
      if (this.#isName(inner) && (close === ")" || close === "[" || close === "(")) {
        this.#declaring.add(behindGroup(this.#all, at));
        return inner;
      }
      return undefined;
    }
    if (!this.#isName(at)) return undefined;
    return /^[;,=[)(:{]$/.test(this.#text(this.#near(at, 1))) ? at : undefined;
  }

  /** A name after a type, in a list or after a closing brace. */
  #declarator(i: number): void {
    const at = this.#declaredAt(i);
    if (at === undefined) return;
    this.#declare(at);
  }

  #declaratorAfterType(i: number, start: number): void {
    const at = this.#declaredAt(i);
    if (at === undefined) return;
    if (at !== i && this.#text(i) !== "(" && !this.#mayDeclareAt(start)) return;
    this.#declare(at);
  }

  #declare(at: number): void {
    this.#skipped.add(at);
    const name = this.#text(at);
    const isMember = this.#brace === "record" && this.#depth === 0;
    const isGlobal = this.#brace === "file" && this.#depth === 0;
    if (isGlobal || this.#statementHas(at, "typedef")) this.#names.declared.add(name);
    else if (!isMember || this.#isCpp) this.#names.locals.add(name);
    if (this.#place.parentheses.at(-1)?.at(-1) !== "parameters") {
      this.#place.lists[this.#place.lists.length - 1] = this.#depth;
    }
    const open = this.#near(at, 1);
    if (this.#brace !== "file" || this.#depth > 0 || this.#text(open) !== "(") return;
    if (this.#statementHas(at, "typedef")) return;
    const behind = behindGroup(this.#all, open);
    let next = behind;
    while (this.#all[next]?.kind === "directive" || this.#all[next]?.kind === "name") next++;
    if (this.#text(next) === "{") this.#names.defined.add(name);
    else if (/^[;,]$/.test(this.#text(next))) {
      const words = this.#all.slice(this.#place.statement, behind)
        .filter(({ kind, text }) => kind !== "directive" && text !== "extern");
      this.#names.prototypes.set(name, { text: words.map(({ text }) => text).join(" ") });
    }
  }

  /** The variable of a `catch`, if it has one: `catch (const std::exception &error)`. */
  #declareCaught(open: number): void {
    const last = behindGroup(this.#all, open) - 2;
    if (this.#all[last]?.kind !== "name") return;
    const before = this.#all[last - 1];
    if (before?.kind !== "name" && !/^[&*>]$/.test(before?.text ?? "")) return;
    this.#names.locals.add(this.#text(last));
    this.#skipped.add(last);
  }

  /** Whether a declaration may begin at an index: `a * b` is a product elsewhere. */
  #mayDeclareAt(i: number): boolean {
    const before = this.#near(i, -1);
    const text = this.#text(before);
    if (QUALIFIERS.has(text) || TAGS.has(text) || TYPE_WORDS.has(text)) return true;
    const group = this.#place.parentheses.at(-1)?.at(-1);
    if (before < 0 || /^[;{}:]$/.test(text) || text === "else" || text === "do") return true;
    if (/^[(,<]$/.test(text)) return group === "parameters" || (group === "for" && text === "(");
    return text === ")" && group === undefined && this.#brace !== "code";
  }

  /** A row of names and words of types, which may end in a declared name. Returns its last index. */
  #run(start: number): number {
    const row: number[] = [];
    let hasWord = false;
    let hasType = false;
    let at = start;
    for (;; at = this.#near(at, 1)) {
      const text = this.#text(at);
      if (this.#all[at]?.kind !== "name" || CONTROL.has(text) || this.#skipped.has(at)) break;
      if (TAGS.has(text)) break;
      hasType ||= TYPE_WORDS.has(text);
      if (TYPE_WORDS.has(text) || QUALIFIERS.has(text)) hasWord = true;
      else row.push(at);
    }
    const end = this.#near(at, -1);
    const next = this.#text(at);
    const last = row.at(-1);
    if (last === undefined) {
      // `const struct X`, `char *x`.
      if (hasWord && /^[*&(]$/.test(next)) this.#declaratorAfterType(at, start);
      return end;
    }
    const isTyped = row.length > 1 || hasType;
    const endsDeclarator = /^[;,=[)(:{]$/.test(next);
    if (isTyped && last === end && endsDeclarator && !this.#isCast(start, at)) {
      for (const name of row.slice(0, -1)) this.#use(name, "types");
      const isMacro = DECLARING_MACROS.test(this.#text(last)) ||
        this.#names.declaring.has(this.#text(last));
      if (next === "(" && isMacro) this.#use(last, "calls");
      else this.#declare(last);
      return end;
    }
    if (
      /^[*&(]$/.test(next) &&
      !(next === "(" && row.length === 1 && !hasWord && !this.#isPointer(at))
    ) {
      const declared = this.#declaredAt(at);
      const isPointer = next === "(";
      if (
        declared !== undefined &&
        (hasWord || row.length > 1 || isPointer || this.#mayDeclareAt(start))
      ) {
        for (const name of row) this.#use(name, "types");
        this.#declare(declared);
        return end;
      }
    }
    for (const name of row) this.#use(name, row.length > 1 ? "types" : undefined);
    return end;
  }

  /** `T (*name)(`, where a call `f(*p)` ends otherwise. */
  #isPointer(open: number): boolean {
    if (this.#text(this.#near(open, 1)) !== "*") return false;
    const behind = behindGroup(this.#all, open);
    return this.#text(behind) === "(" && this.#mayDeclareAt(this.#near(open, -1));
  }

  /** `(const T)`: a type alone in parentheses. */
  #isCast(start: number, end: number): boolean {
    return this.#text(end) === ")" && this.#text(this.#near(start, -1)) === "(" &&
      this.#place.parentheses.at(-1)?.at(-1) === "expression";
  }

  #use(i: number, how?: keyof Uses): void {
    const name = this.#text(i);
    const before = this.#text(this.#near(i, -1));
    const after = this.#near(i, 1);
    const next = this.#text(after);
    if (before === "." || before === "->" || before === "::" || before === "goto") return;
    if (BUILT_IN.test(name)) return;
    if (this.#isTemplated(before, next)) {
      this.#declare(i);
      return;
    }
    const isLabel = this.#brace === "code" && next === ":" && /^[;{}:)]$/.test(before) &&
      this.#depth === 0;
    if (isLabel) {
      this.#names.locals.add(name);
      return;
    }
    if (next === "(") {
      if (MEMBER_MACROS.test(name)) this.#skipLastArgument(after);
      this.#readArguments(name, after);
    }
    const uses = this.#names.uses.get(name) ?? { calls: 0, types: 0, values: 0 };
    uses[how ?? this.#howUsed(i, before, next)]++;
    this.#names.uses.set(name, uses);
  }

  /** `Type<argument> name`, where `a > b` compares elsewhere. */
  #isTemplated(before: string, next: string): boolean {
    if (!this.#isCpp || before !== ">" || !/^[;(={,)]$/.test(next)) return false;
    if (this.#place.parentheses.at(-1)?.at(-1) === "parameters") return true;
    return this.#depth === 0 && next !== ")" && next !== ",";
  }

  #howUsed(i: number, before: string, next: string): keyof Uses {
    if (next === "(") return "calls";
    const behind = this.#near(this.#near(i, 1), 1);
    const isBracketed = before === "(" || before === "const" || before === ",";
    if (isBracketed && next === "*" && /^[*)]$/.test(this.#text(behind))) return "types";
    if (before === "(" && next === ")") {
      const opener = this.#text(this.#near(this.#near(i, -1), -1));
      const follows = this.#all[behind];
      const isOperand = follows?.kind === "name" || follows?.kind === "number" ||
        follows?.text === "(";
      if (opener === "sizeof" || (isOperand && !/^\w+$/.test(opener))) return "types";
    }
    return next === "*" && this.#mayDeclareAt(i) ? "types" : "values";
  }

  /** Names that a macro declares for its caller, and those that it does not look at. */
  #readArguments(macro: string, open: number): void {
    const declared = this.#names.declaring.get(macro) ?? (DECLARING_MACROS.test(macro) ? [0] : []);
    const ignored = this.#names.ignoring.get(macro) ?? [];
    const close = behindGroup(this.#all, open) - 1;
    let depth = 0;
    let index = 0;
    for (let i = open; i < close; i++) {
      const text = this.#text(i);
      if (text === "(" || text === "[" || text === "{") depth++;
      else if (text === ")" || text === "]" || text === "}") depth--;
      else if (text === "," && depth === 1) index++;
      else if (this.#all[i]?.kind !== "name") continue;
      else if (declared.includes(index)) {
        const set = this.#brace === "file" ? this.#names.declared : this.#names.locals;
        set.add(text);
        if (macro.includes("UNICODE_STRING")) set.add(`${text}_buffer`);
        this.#skipped.add(i);
      } else if (ignored.includes(index)) this.#skipped.add(i);
      else if (CONTEXT_MACROS.test(macro)) {
        // The type, and what is called with an object: an argument of its own, or after the type.
        this.#names.declared.add(index === 0 ? `WDF_POINTER_TYPE_${text}` : text);
        if (index === 0) this.#names.declared.add(`WdfObjectGet_${text}`);
        else this.#skipped.add(i);
      }
    }
  }

  /** Members that are arguments. */
  #skipLastArgument(open: number): void {
    const close = behindGroup(this.#all, open) - 1;
    let depth = 0;
    let comma = open;
    for (let i = open; i < close; i++) {
      const text = this.#text(i);
      if (text === "(" || text === "[") depth++;
      else if (text === ")" || text === "]") depth--;
      else if (text === "," && depth === 1) comma = i;
    }
    for (let i = comma + 1; i < close; i++) this.#skipped.add(i);
  }
}

/** No names yet. */
export function noNames(): Names {
  return {
    uses: new Map(),
    declared: new Set(),
    locals: new Set(),
    defined: new Set(),
    prototypes: new Map(),
    silent: new Map(),
    declaring: new Map(),
    ignoring: new Map(),
    aliases: new Map(),
    includes: [],
  };
}

/**
 * Adds the names of files that are read together. `macros` are those of the headers, which say what
 * is an annotation.
 */
export function addNames(names: Names, sources: string[], macros: Map<string, Macro>): void {
  const files = sources.map(tokens);
  const known = new Map(macros);
  for (const file of files) for (const [name, macro] of macrosOf(file)) known.set(name, macro);
  names.silent = silentMacros(known);
  for (const [name, { parameters, body }] of known) {
    if (parameters === undefined) continue;
    const own = noNames();
    new Reader(audible(body, names.silent), own, "code").read();
    const declared = parameters.map((parameter, i) => own.locals.has(parameter) ? i : -1)
      .filter((i) => i >= 0);
    if (declared.length > 0) names.declaring.set(name, declared);
    const isLookedAt = (parameter: string) =>
      parameter === "..." ||
      body.some(({ text }, i) =>
        text === parameter && !body[i - 1]?.text.startsWith("#") && body[i + 1]?.text !== "##"
      );
    const ignored = parameters.map((parameter, i) => isLookedAt(parameter) ? -1 : i)
      .filter((i) => i >= 0);
    if (ignored.length > 0) names.ignoring.set(name, ignored);
  }
  for (const file of files) new Reader(audible(file, names.silent), names).read();
}
