/**
 * A registry for npm and one for JSR on this machine: as much of both as `deno add`, `deno install`
 * and `deno run` ask for. The tests install from it, and `deno pack` finds the libraries' package in
 * it before that is published anywhere.
 *
 * @module
 */

/** What is served: folders with a `package.json`, and folders with a `deno.json`. */
export interface Packages {
  /** What `npm publish` would publish from each folder. */
  readonly npm?: readonly string[];
  /** What `deno publish` would publish from each folder. */
  readonly jsr?: readonly string[];
}

/** Deno takes no version younger than a day, unless it is told to. */
const PUBLISHED = "2026-01-01T00:00:00.000Z";

/** A registry that runs. */
export class Registry {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #answers = new Map<string, { readonly type: string; readonly body: Uint8Array }>();

  private constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(decodeURIComponent(new URL(request.url).pathname)),
    );
  }

  /** Starts a registry of these packages. */
  static async start({ npm = [], jsr = [] }: Packages): Promise<Registry> {
    const registry = new Registry();
    const packed = await Promise.all(npm.map(pack));
    for (const one of packed) registry.#addNpm(one);
    for (const folder of jsr) await registry.#addJsr(folder);
    return registry;
  }

  /** What tells Deno and npm to ask this registry and no other. */
  get env(): Record<string, string> {
    return { NPM_CONFIG_REGISTRY: this.#address, JSR_URL: `${this.#address}/jsr/` };
  }

  /** Ends the registry; it may have ended already. */
  async stop(): Promise<void> {
    await this.#server.shutdown();
  }

  /** Ends the registry. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #address(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  #answer(path: string): Response {
    const found = this.#answers.get(path);
    return found === undefined
      ? new Response("not found", { status: 404 })
      : new Response(found.body.slice().buffer, { headers: { "content-type": found.type } });
  }

  #set(path: string, body: Uint8Array | object, type = "application/json"): void {
    const bytes = body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(JSON.stringify(body));
    this.#answers.set(path, { type, body: bytes });
  }

  /** What is answered to a path so far. */
  #json(path: string): Record<string, object> | null {
    const found = this.#answers.get(path);
    return found === undefined ? null : JSON.parse(new TextDecoder().decode(found.body));
  }

  /** Adds a version of an npm package. */
  #addNpm({ manifest, archive, shasum, integrity }: Packed): void {
    const { name, version } = manifest;
    const path = `/${name}/-/${version}.tgz`;
    this.#set(path, archive, "application/octet-stream");
    const all = this.#json(`/${name}`);
    const dist = { tarball: `${this.#address}${path}`, shasum, integrity };
    this.#set(`/${name}`, {
      name,
      "dist-tags": { latest: version },
      time: { ...all?.["time"], [version]: PUBLISHED },
      versions: { ...all?.["versions"], [version]: { ...manifest, dist } },
    });
  }

  /** Adds all files of a folder as a version of its package. */
  async #addJsr(folder: string): Promise<void> {
    const { name, version, exports } = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
    const manifest: Record<string, { size: number; checksum: string }> = {};
    for (const path of await filesOf(folder)) {
      const bytes = await Deno.readFile(`${folder}${path}`);
      const type = path.endsWith(".ts") ? "text/typescript" : "application/octet-stream";
      this.#set(`/jsr/${name}/${version}${path}`, bytes, type);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      manifest[path] = { size: bytes.length, checksum: `sha256-${digest.toHex()}` };
    }
    const [scope, short] = name.slice(1).split("/");
    const all = this.#json(`/jsr/${name}/meta.json`);
    const versions = { ...all?.["versions"], [version]: { createdAt: PUBLISHED } };
    this.#set(`/jsr/${name}/meta.json`, { scope, name: short, latest: version, versions });
    this.#set(`/jsr/${name}/${version}_meta.json`, { manifest, exports });
  }
}

/** An npm package as it is published. */
interface Packed {
  readonly manifest: { readonly name: string; readonly version: string };
  readonly archive: Uint8Array;
  readonly shasum: string;
  readonly integrity: string;
}

/** Packs a folder by npm itself. */
async function pack(folder: string): Promise<Packed> {
  const out = await Deno.makeTempDir();
  try {
    const program = Deno.build.os === "windows" ? "npm.cmd" : "npm";
    const args = ["pack", "--json", "--pack-destination", out];
    const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd: folder })
      .output();
    if (!success) throw new Error(`npm pack failed: ${new TextDecoder().decode(stderr)}`);
    const [{ filename, shasum, integrity }] = JSON.parse(new TextDecoder().decode(stdout));
    const manifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
    return { manifest, archive: await Deno.readFile(`${out}/${filename}`), shasum, integrity };
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

/** The files in a folder, each beginning with a slash, sorted. */
async function filesOf(folder: string, inside = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}${inside}`)) {
    const path = `${inside}/${name}`;
    found.push(...(isDirectory ? await filesOf(folder, path) : [path]));
  }
  return found.sort();
}
