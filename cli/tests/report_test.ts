import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { lookaside, withFolder } from "./support.ts";
import { writeExampleReport } from "./example_report.ts";

Deno.test("a report is one page of at most 2 MiB that names nothing outside of itself", async () => {
  await withFolder(async (folder) => {
    const page = await writeExampleReport(folder);
    assertLess(new TextEncoder().encode(page).length, 2 * 2 ** 20);
    // The names of XML's vocabularies are no addresses that anything loads.
    const outside = page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, "").match(/(?:https?:)?\/\/[a-z]/gi);
    assertEquals(outside, null);
    assertEquals(page.match(/<(?:link|img|iframe|script src)/g), null);
    assertStringIncludes(page, "default-src 'none'");
  });
});

Deno.test("each chart of a report has data, a text alternative and a table with its values", async () => {
  await withFolder(async (folder) => {
    const page = await writeExampleReport(folder);
    const figures = page.match(/<figure>[\s\S]*?<\/figure>/g) ?? [];
    assertGreater(figures.length, 5);
    for (const figure of figures) {
      assert(/role="img" aria-label="[^"]{20,}"/.test(figure), figure.slice(0, 200));
      const paths = figure.match(/<path d="[^"]+"/g) ?? [];
      assertGreater(paths.length, 3, figure.slice(0, 200));
      assert(/<tbody>\s*<tr>/.test(figure));
    }
    for (
      const title of [
        "hit rate",
        "depth and entries kept",
        "bytes idle",
        "Depth policies side by side",
        "Tags that grow",
      ]
    ) {
      assertStringIncludes(page, title);
    }
  });
});

Deno.test("every part of a report is reached from its head, and names from recordings are escaped", async () => {
  await withFolder(async (folder) => {
    const page = await writeExampleReport(folder);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
    for (const id of links) assertStringIncludes(page, `id="${id}"`);
    assert(!page.includes("<b>&"), "a tag named <b>& is text");
    assertStringIncludes(page, "&#60;b&#62;&#38;");
    for (const id of ["filter", "theme"]) assertStringIncludes(page, `id="${id}"`);
  });
});

Deno.test("a stop's report becomes text and a page, whatever more it holds", async () => {
  await withFolder(async (folder) => {
    const report = {
      code: 0xC4,
      name: "DRIVER_VERIFIER_DETECTED_VIOLATION",
      parameters: ["0x62", "0xffff8000", 0, 1],
      meanings: ["leaked at unload", "the driver's name", "reserved", "allocations left"],
      irql: 0,
      driver: "demo.sys",
      stacks: { allocation: ["demo!Alloc+0x12", "demo!DriverEntry+0x40"] },
    };
    await Deno.writeTextFile(`${folder}/stop.json`, JSON.stringify(report));
    const { code, out } = await lookaside("analyze", `${folder}/stop.json`);
    assertEquals(code, 0);
    for (
      const text of [
        "DRIVER_VERIFIER_DETECTED_VIOLATION (0xc4)",
        "Arg1: 0x62",
        "allocations left",
        "demo!Alloc+0x12",
      ]
    ) {
      assertStringIncludes(out, text);
    }
    await lookaside("analyze", `${folder}/stop.json`, "-o", `${folder}/stop.html`);
    assertStringIncludes(await Deno.readTextFile(`${folder}/stop.html`), "demo!DriverEntry+0x40");
    for (const bad of ["{}", "[]", "1", '{"code":1,"parameters":[1,2]}', "{"]) {
      await Deno.writeTextFile(`${folder}/bad.json`, bad);
      const { code, err } = await lookaside("analyze", `${folder}/bad.json`);
      assertEquals(code, 2, bad);
      assertStringIncludes(err, "Cannot read the report");
    }
  });
});
