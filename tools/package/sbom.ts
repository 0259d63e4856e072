/**
 * The crates that are linked into the libraries of a release, as a CycloneDX document.
 *
 * @module
 */

/** What of `cargo metadata` is read. */
interface Metadata {
  readonly packages: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly license: string | null;
    readonly source: string | null;
    readonly repository: string | null;
  }[];
  readonly resolve: {
    readonly nodes: readonly {
      readonly id: string;
      readonly deps: readonly {
        readonly pkg: string;
        readonly dep_kinds: readonly { readonly kind: string | null }[];
      }[];
    }[];
  };
}

/** The checksums of Cargo.lock, by name and version. */
function checksums(lock: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of lock.split("[[package]]")) {
    const value = (key: string) => part.match(new RegExp(`^${key} = "(.*)"$`, "m"))?.[1];
    const checksum = value("checksum");
    if (checksum !== undefined) found.set(`${value("name")} ${value("version")}`, checksum);
  }
  return found;
}

/** The document for some crates of the workspace, the same for the same sources. */
export function sbom(
  metadata: string,
  lock: string,
  roots: readonly string[],
  version: string,
): string {
  const { packages, resolve } = JSON.parse(metadata) as Metadata;
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const linked = (id: string) =>
    (nodes.get(id)?.deps ?? [])
      .filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null))
      .map(({ pkg }) => pkg);
  const reached = new Set<string>();
  const visit = (id: string) => {
    if (reached.has(id)) return;
    reached.add(id);
    linked(id).forEach(visit);
  };
  packages.filter(({ name }) => roots.includes(name)).forEach(({ id }) => visit(id));

  const sums = checksums(lock);
  const crates = packages.filter(({ id }) => reached.has(id))
    .sort((a, b) => a.name < b.name || (a.name === b.name && a.version < b.version) ? -1 : 1);
  const reference = new Map(
    crates.map(({ id, name, version }) => [id, `pkg:cargo/${name}@${version}`]),
  );
  const components = crates.map(({ id, name, version, license, source, repository }) => {
    const sum = sums.get(`${name} ${version}`);
    return {
      type: "library",
      "bom-ref": reference.get(id),
      name,
      version,
      ...(license === null ? {} : { licenses: [{ expression: license.replaceAll("/", " OR ") }] }),
      ...(sum === undefined ? {} : { hashes: [{ alg: "SHA-256", content: sum }] }),
      // A crate of the project is on no registry by this name.
      ...(source === null ? {} : { purl: reference.get(id) }),
      ...(repository === null ? {} : { externalReferences: [{ type: "vcs", url: repository }] }),
    };
  });
  const dependencies = crates.map(({ id }) => ({
    ref: reference.get(id),
    dependsOn: linked(id).map((to) => reference.get(to)).sort(),
  }));
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "library", name: "win-lookaside", version } },
    components,
    dependencies,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
