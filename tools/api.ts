/**
 * The documented API as text: one line per exported name and per member, with its type. The snapshot
 * of it, docs/api.txt, changes only when it is written again.
 *
 * `deno task api` writes the snapshot, `deno task api --check` fails where it is stale.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);
/** The snapshot. */
export const SNAPSHOT = new URL("docs/api.txt", ROOT);
/** The modules that are exported, by the names that importers use. */
const MODULES = {
  "@win-lookaside/lookaside": "mod.ts",
  "@win-lookaside/lookaside/recording": "src/recording.ts",
  "@win-lookaside/lookaside/model": "src/model.ts",
  "@win-lookaside/lookaside/trace": "src/trace.ts",
} as const;

/** What `deno doc --json` says, as far as it is read here. */
// deno-lint-ignore no-explicit-any
type Node = any;

/** The text that the snapshot must have. */
export async function api(root: URL = ROOT): Promise<string> {
  const parts: string[] = [];
  for (const [name, file] of Object.entries(MODULES)) {
    parts.push(`# ${name}`, "", ...await moduleTexts(new URL(file, root)), "");
  }
  return parts.join("\n");
}

/** What a module exports, by name. */
export async function moduleTexts(file: URL): Promise<string[]> {
  const { nodes } = await documentation(file);
  const symbols: Node[] = Object.values<Node>(nodes).flatMap((node) => node.symbols);
  const texts = symbols.flatMap(({ name, declarations }) =>
    declarations
      .filter((declaration: Node) => declaration.declarationKind === "export")
      .map((declaration: Node) => ({ name, text: declarationText(name, declaration) }))
  );
  texts.sort((a, b) => a.name === b.name ? order(a.text, b.text) : order(a.name, b.name));
  return texts.map(({ text }) => text);
}

async function documentation(file: URL): Promise<Node> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", file.href],
    env: { NO_COLOR: "1" },
  }).output();
  if (code !== 0) throw new Error(`Cannot document ${file}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A declaration, and its members indented below it, a line each. */
function declarationText(name: string, { kind, def }: Node): string {
  const generic = name + typeParameters(def.typeParams);
  switch (kind) {
    case "function":
      return `function ${name}${signature(def)}`;
    case "variable":
      return def.tsType.kind === "typeLiteral"
        ? lines(`${def.kind} ${name}`, memberTexts(def.tsType.value))
        : `${def.kind} ${name}: ${type(def.tsType)}`;
    case "typeAlias":
      return `type ${generic} = ${type(def.tsType)}`;
    case "interface":
      return lines(`interface ${generic}${list(" extends ", def.extends)}`, memberTexts(def));
    case "class": {
      const word = def.isAbstract ? "abstract class" : "class";
      const base = def.extends === undefined ? "" : ` extends ${def.extends}`;
      return lines(`${word} ${generic}${base}${list(" implements ", def.implements)}`, [
        ...(def.constructors ?? []).map((one: Node) => `new ${signature(one)}`),
        ...memberTexts(def),
      ]);
    }
    default:
      throw new Error(`Cannot write a declaration of this kind: ${kind}: ${name}`);
  }
}

function lines(head: string, members: readonly string[]): string {
  return [head, ...members.map((text) => `  ${text}`)].join("\n");
}

/** Methods, properties and signatures, by name. */
function memberTexts(def: Node): string[] {
  const members: Node[] = [...(def.methods ?? []), ...(def.properties ?? [])]
    .filter(({ accessibility }) => accessibility !== "private");
  members.sort((a, b) => order(a.name, b.name));
  return [
    ...(def.callSignatures ?? []).map(signature),
    ...(def.indexSignatures ?? []).map(indexSignature),
    ...members.map(member),
  ];
}

function member(one: Node): string {
  const method = one.functionDef ?? (one.params === undefined ? undefined : one);
  const words = [
    one.accessibility === "protected" ? "protected " : "",
    one.isStatic ? "static " : "",
    one.isAbstract ? "abstract " : "",
    one.readonly ? "readonly " : "",
    one.kind === "getter" ? "get " : one.kind === "setter" ? "set " : "",
    one.name,
    one.optional ? "?" : "",
    method === undefined ? `: ${type(one.tsType)}` : signature(method),
  ];
  return words.join("");
}

function indexSignature({ readonly, params, tsType }: Node): string {
  return `${readonly ? "readonly " : ""}[${parameters(params)}]: ${type(tsType)}`;
}

function signature({ typeParams, params, returnType, tsType }: Node): string {
  const result = returnType ?? tsType;
  return `${typeParameters(typeParams)}(${parameters(params)})` +
    (result === undefined ? "" : `: ${type(result)}`);
}

function parameters(params: readonly Node[]): string {
  return params.map(parameter).join(", ");
}

function parameter({ kind, name, optional, tsType, left, arg }: Node): string {
  const of = tsType === undefined ? "" : `: ${type(tsType)}`;
  switch (kind) {
    case "identifier":
      return `${name}${optional ? "?" : ""}${of}`;
    case "assign":
      return parameter({ ...left, optional: true });
    case "rest":
      return `...${parameter({ ...arg, tsType: arg.tsType ?? tsType })}`;
    case "object":
    case "array":
      return `options${optional ? "?" : ""}${of}`;
    default:
      throw new Error(`Cannot write a parameter of this kind: ${kind}`);
  }
}

function typeParameters(params: readonly Node[] | undefined): string {
  if (params === undefined || params.length === 0) return "";
  const text = params.map(({ name, constraint, default: preset }) =>
    name + (constraint === undefined ? "" : ` extends ${type(constraint)}`) +
    (preset === undefined ? "" : ` = ${type(preset)}`)
  );
  return `<${text.join(", ")}>`;
}

function list(word: string, types: readonly Node[] | undefined): string {
  return types === undefined || types.length === 0 ? "" : word + types.map(type).join(", ");
}

/** A type as it is written in a declaration. */
function type({ kind, value }: Node): string {
  switch (kind) {
    case "keyword":
      return value;
    case "literal":
      return literal(value);
    case "typeRef":
      return value.typeName +
        (value.typeParams === undefined ? "" : `<${value.typeParams.map(type).join(", ")}>`);
    case "typeQuery":
      return `typeof ${value}`;
    case "union":
      return value.map(type).join(" | ");
    case "intersection":
      return value.map(type).join(" & ");
    case "array":
      return `${type(value)}[]`;
    case "tuple":
      return `[${value.map(type).join(", ")}]`;
    case "parenthesized":
      return `(${type(value)})`;
    case "typeOperator":
      return `${value.operator} ${type(value.tsType)}`;
    case "indexedAccess":
      return `${type(value.objType)}[${type(value.indexType)}]`;
    case "fnOrConstructor":
      return `${value.constructor ? "new " : ""}${typeParameters(value.typeParams)}` +
        `(${parameters(value.params)}) => ${type(value.tsType)}`;
    case "typeLiteral":
      return typeLiteral(value);
    default:
      throw new Error(`Cannot write a type of this kind: ${kind}`);
  }
}

function literal(value: Node): string {
  if (value.kind === "string") return JSON.stringify(value.string);
  return String(value[value.kind]);
}

function typeLiteral(value: Node): string {
  const members = memberTexts(value);
  return members.length === 0 ? "{}" : `{ ${members.join("; ")} }`;
}

if (import.meta.main) {
  const text = await api();
  if (!Deno.args.includes("--check")) {
    await Deno.writeTextFile(SNAPSHOT, text);
  } else if (text !== await Deno.readTextFile(SNAPSHOT)) {
    console.error("docs/api.txt is stale: the API has changed. Write it again: deno task api");
    Deno.exit(1);
  }
}
