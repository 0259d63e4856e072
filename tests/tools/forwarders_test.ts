/** Headers by the names that only Windows finds them by. */

import { assertEquals } from "@std/assert";
import { writeOwnForwarders } from "../../tools/forwarders.ts";
import { withFolder } from "../support/folder.ts";

// Windows finds such headers by itself, and has no file with a backslash in its name.
const options = { ignore: Deno.build.os === "windows" };

Deno.test(
  "a driver's own headers are found by other spellings and over backslashes, and no others",
  options,
  () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/driver/inc`, { recursive: true });
      const files = {
        "fatprocs.h": "#define FAT 1\n",
        "inc/common.h": "#define COMMON 2\n",
        "one.c": '#include <ntddk.h>\n#include "FatProcs.h"\n  #  include "..\\inc\\common.h"\n',
        "two.c": '#include "fatprocs.h"\n#include "nowhere.h"\n#include "inc/common.h"\n',
      };
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${folder}/driver/${name}`, text);
      }
      assertEquals(await writeOwnForwarders(`${folder}/names`, `${folder}/driver`), 2);
      const driver = await Deno.realPath(`${folder}/driver`);
      const written = Object.fromEntries(
        [...Deno.readDirSync(`${folder}/names`)].map(({ name }) => [
          name,
          Deno.readTextFileSync(`${folder}/names/${name}`),
        ]),
      );
      assertEquals(written, {
        "FatProcs.h": `#include "${driver}/fatprocs.h"\n`,
        "..\\inc\\common.h": `#include "${driver}/inc/common.h"\n`,
      });
    }),
);
