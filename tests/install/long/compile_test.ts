/** The installed module in programs of `deno compile` and `deno bundle`. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Registry } from "../../../tools/package/registry.ts";
import { packagesIn, Project } from "../project.ts";
import { runtimes } from "./denort.ts";

const MODULE = "@win-lookaside/lookaside";
const SCRIPT = `import { LookasideAlloc } from "${MODULE}";
using list = new LookasideAlloc({ size: 64, tag: "Demo" });
const entry = list.alloc()!;
list.free(entry);
console.log(list.alloc() === entry, list.stats().totalAllocates);
`;
const SAID = [0, "true 2\n", ""];
/** Stands for the library of Windows. */
const DLL = "These bytes are the library of another platform.";
const WINDOWS = "x86_64-pc-windows-msvc";

/** Runs a test with a project that has added the module, where the registry ends before the test does. */
async function withProject(
  add: (project: Project) => Promise<void>,
  test: (project: Project, elsewhere: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await packagesIn(`${root}/packages`, { [WINDOWS]: DLL });
    await using registry = await Registry.start({
      npm: ["native", "npm"].map((name) => `${root}/packages/${name}`),
      jsr: [`${root}/packages/jsr`],
    });
    const project = new Project(root, registry);
    project.write({ "main.ts": SCRIPT });
    await add(project);
    await registry.stop();
    // Nothing is left of what was installed but what a program holds.
    await Deno.mkdir(`${root}/elsewhere`);
    await test(project, `${root}/elsewhere`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

for (const from of ["jsr", "npm"]) {
  Deno.test(`deno compile puts the library of ${from} into a program, with no option for it`, async () => {
    const programs = await runtimes();
    if (typeof programs === "string") return console.log(`not run: ${programs}`);
    await withProject(
      async (project) => {
        const compile = async (runtime: string, ...options: string[]) => {
          const { code, err } = await project.run(
            programs.deno,
            ["compile", "--quiet", "--allow-ffi", ...options, "main.ts"],
            { env: { ...project.registry.env, DENORT_BIN: runtime } },
          );
          assertEquals([code, err], [0, ""]);
        };
        assertEquals((await project.deno("add", "--quiet", `${from}:${MODULE}`)).code, 0);
        await compile(programs.linux, "--output", "program");
        await compile(programs.windows, "--output", "program.exe", "--target", WINDOWS);
      },
      async (project, elsewhere) => {
        const program = `${elsewhere}/program`;
        await Deno.rename(`${project.folder}/program`, program);
        const image = await Deno.readFile(`${project.folder}/program.exe`);
        assertEquals(new TextDecoder("latin1").decode(image.subarray(0, 2)), "MZ");
        assert(new TextDecoder("latin1").decode(image).includes(DLL), "the DLL is in the program");
        await Deno.remove(project.folder, { recursive: true });
        await Deno.remove(project.home, { recursive: true });
        const { code, stdout, stderr } = await new Deno.Command(program, {
          cwd: elsewhere,
          clearEnv: true,
          env: { HOME: elsewhere },
        }).output();
        const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        assertEquals([code, out, err], SAID);
      },
    );
  });
}

Deno.test("deno bundle: the module stays outside, or the error says so", async () => {
  await withProject(async (project) => {
    // esbuild, which bundles, comes from the usual registry, and our packages from the other.
    const { NPM_CONFIG_REGISTRY, JSR_URL } = project.registry.env;
    project.write({ ".npmrc": `@win-lookaside:registry=${NPM_CONFIG_REGISTRY}\n` });
    // The usual registry is reached by the certificates that this machine trusts.
    const certificates = Deno.env.get("NODE_EXTRA_CA_CERTS") ?? Deno.env.get("DENO_CERT");
    const env = {
      JSR_URL: JSR_URL!,
      ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
    };
    const bundle = async (...options: string[]) => {
      const run = await project.run(Deno.execPath(), ["bundle", "main.ts", ...options], { env });
      return run.code === 0 ? null : run.err;
    };
    assertEquals((await project.deno("add", "--quiet", `jsr:${MODULE}`)).code, 0);
    const failure = await bundle("--external", MODULE, "--output", "outside.js");
    if (failure !== null && /esbuild/.test(failure)) {
      return console.log(`not run: there is no esbuild: ${failure}`);
    }
    assertEquals(failure, null);
    assertEquals(await bundle("--output", "inside.js"), null);
    const outer = await project.deno("run", "--allow-ffi", "outside.js");
    assertEquals([outer.code, outer.out, outer.err], SAID);
    const inner = await project.deno("run", "--allow-ffi", "inside.js");
    assertEquals(inner.code, 1);
    assertStringIncludes(inner.err, "leave it out of a bundle (deno bundle --external)");
  }, async () => {});
});
