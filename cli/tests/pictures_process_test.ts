/** Opens a report in headless Chromium: `deno task prove --only pictures`. */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { writeExampleReport } from "./example_report.ts";
import { withFolder } from "./support.ts";

/** Works the controls of a page and writes what happened into its title. */
const PROBE = `<script>
window.addEventListener("load",()=>{
const filter=document.getElementById("filter"),theme=document.getElementById("theme"),said=[];
const shown=()=>[...document.querySelectorAll("[data-name]")].filter(element=>!element.hidden).length;
const all=shown();
filter.value="irp";filter.dispatchEvent(new Event("input"));
said.push(all>shown()&&shown()>0?"filters":"does not filter");
filter.value="";filter.dispatchEvent(new Event("input"));
said.push(shown()===all?"shows all again":"hides for ever");
const paper=()=>getComputedStyle(document.body).backgroundColor;
theme.value="dark";theme.dispatchEvent(new Event("change"));const dark=paper();
theme.value="light";theme.dispatchEvent(new Event("change"));
said.push(dark!==paper()?"changes colours":"keeps colours");
const details=document.querySelector("details");details.querySelector("summary").click();
said.push(details.open?"opens tables":"opens nothing");
const focusable=document.querySelectorAll("a[href],input,select,summary,[tabindex='0']");
let reached=0;for(const element of focusable){element.focus();if(document.activeElement===element)reached++}
said.push(reached===[...focusable].filter(element=>element.checkVisibility()).length?"is reached by keyboard":"hides from the keyboard");
said.push(document.documentElement.scrollWidth<=innerWidth?"fits":"is too wide: "+document.documentElement.scrollWidth);
document.title=said.join(", ");
});
</script>`;

async function chromium(...args: string[]): Promise<{ out: string; err: string }> {
  const { success, stdout, stderr } = await new Deno.Command("chromium", {
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", ...args],
  }).output();
  const decoder = new TextDecoder();
  const err = decoder.decode(stderr);
  assert(success, err);
  return { out: decoder.decode(stdout), err };
}

Deno.test("a report opens from a file in a browser: no error, its controls work, on a phone too", async () => {
  await withFolder(async (folder) => {
    const page = await writeExampleReport(folder);
    await Deno.writeTextFile(`${folder}/probe.html`, page.replace("</body>", `${PROBE}</body>`));
    for (const size of ["1000,900", "500,900"]) {
      const { out, err } = await chromium(
        `--window-size=${size}`,
        "--virtual-time-budget=2000",
        "--dump-dom",
        `file://${folder}/probe.html`,
      );
      assertEquals(err.match(/CONSOLE[^\n]*(?:rror|Refused)[^\n]*/g), null);
      assertStringIncludes(
        out,
        "<title>filters, shows all again, changes colours, opens tables, is reached by keyboard, fits</title>",
        size,
      );
    }
  });
});

Deno.test("pictures of a report are not blank, light and dark", async () => {
  await withFolder(async (folder) => {
    await writeExampleReport(folder);
    for (const theme of [[], ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]]) {
      const picture = `${folder}/picture.png`;
      await chromium(
        "--hide-scrollbars",
        "--window-size=900,2400",
        `--screenshot=${picture}`,
        ...theme,
        `file://${folder}/report.html`,
      );
      // A blank picture of this size packs into some thousand bytes.
      assertGreater((await Deno.stat(picture)).size, 40_000);
    }
  });
});
