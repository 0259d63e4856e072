/**
 * An installation of `libntoskrnl_emu` for C and C++: headers, libraries, and what CMake and
 * pkg-config find it by. It holds no path of its own, so it can be moved.
 *
 * @module
 */

import { writeForwarders } from "../forwarders.ts";
import { ROOT } from "../root.ts";

/** What an installation is made of. */
export interface CPackage {
  /** The system: `linux`, `windows` or `macos`. */
  readonly system: "linux" | "windows" | "macos";
  /** The version of the project. */
  readonly version: string;
  /** The shared library that was built. */
  readonly shared: string;
  /** The static library that was built. */
  readonly archive: string;
  /** What a program links by that asks for the DLL; Windows only. */
  readonly importLibrary?: string;
  /** What a program needs that links the static library, as a linker is told. */
  readonly staticNeeds: readonly string[];
}

const INCLUDE = `${ROOT}include/ntoskrnl_emu`;
const LICENSE = `${ROOT}LICENSE`;

/** The part of a version that programs are bound to: before 1.0 the minor number is part of it. */
export function interfaceVersion(version: string): string {
  const [major = "", minor = ""] = version.split(".");
  return major === "0" ? `0.${minor}` : major;
}

/** The name that a program asks for the library by. */
export function soname(system: CPackage["system"], version: string): string {
  const number = interfaceVersion(version);
  switch (system) {
    case "linux":
      return `libntoskrnl_emu.so.${number}`;
    case "macos":
      return `@rpath/libntoskrnl_emu.${number}.dylib`;
    case "windows":
      return "ntoskrnl_emu.dll";
  }
}

/** What a linker is told beside the static library, from what rustc notes about one that it makes. */
export function staticNeedsOf(note: string): string[] {
  const line = note.match(/native-static-libs: (.*)/)?.[1] ?? "";
  // The compiler's own libraries come by themselves.
  const own = ["-lc", "-lgcc_s", "-lgcc_eh", "-lgcc", "-lmsvcrt", "-lmingwex", "-lunwind"];
  return [...new Set(line.split(/\s+/))].filter((word) => word !== "" && !own.includes(word));
}

/** The files of the libraries below the prefix, and links to them by the names that tools look for. */
function libraries(made: CPackage): { files: [from: string, to: string][]; links: string[][] } {
  const archive: [string, string] = [made.archive, "lib/libntoskrnl_emu.a"];
  if (made.system === "windows") {
    if (made.importLibrary === undefined) throw new Error("The import library is missing");
    const importLibrary: [string, string] = [made.importLibrary, "lib/libntoskrnl_emu.dll.a"];
    return { files: [[made.shared, "bin/ntoskrnl_emu.dll"], importLibrary, archive], links: [] };
  }
  const name = soname(made.system, made.version).replace("@rpath/", "");
  const isMac = made.system === "macos";
  const whole = isMac
    ? `libntoskrnl_emu.${made.version}.dylib`
    : `libntoskrnl_emu.so.${made.version}`;
  const plain = isMac ? "libntoskrnl_emu.dylib" : "libntoskrnl_emu.so";
  return {
    files: [[made.shared, `lib/${whole}`], archive],
    links: [[whole, `lib/${name}`], [name, `lib/${plain}`]],
  };
}

/** Whether headers are found by other spellings of their names only where there are files for them. */
function needsSpellings({ system }: CPackage): boolean {
  return system === "linux";
}

function pkgConfig(made: CPackage): string {
  const { version, staticNeeds } = made;
  const spellings = needsSpellings(made) ? " -I\${includedir}/spellings" : "";
  return `prefix=\${pcfiledir}/../..
includedir=\${prefix}/include/ntoskrnl_emu
libdir=\${prefix}/lib

Name: ntoskrnl_emu
Description: Windows kernel lookaside lists, S-lists and pool in user mode, by the WDK's names
Version: ${version}
Cflags: -I\${includedir}${spellings}
Libs: -L\${libdir} -lntoskrnl_emu
Libs.private: ${staticNeeds.join(" ")}
`;
}

function cmakeConfig(made: CPackage): string {
  const location = {
    linux: `lib/${soname("linux", made.version)}`,
    macos: `lib/${soname("macos", made.version).replace("@rpath/", "")}`,
    windows: "bin/ntoskrnl_emu.dll",
  }[made.system];
  const more = made.system === "windows"
    ? `\n    IMPORTED_IMPLIB "\${_prefix}/lib/libntoskrnl_emu.dll.a"`
    : `\n    IMPORTED_SONAME "${soname(made.system, made.version)}"`;
  const spellings = needsSpellings(made) ? ";${_prefix}/include/ntoskrnl_emu/spellings" : "";
  const needs = made.staticNeeds.map((word) => word.replace(/^-l/, "")).join(";");
  return `# find_package(ntoskrnl_emu) gives ntoskrnl_emu::ntoskrnl_emu, and ntoskrnl_emu::static.
get_filename_component(_prefix "\${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET ntoskrnl_emu::ntoskrnl_emu)
  add_library(ntoskrnl_emu::ntoskrnl_emu SHARED IMPORTED)
  set_target_properties(ntoskrnl_emu::ntoskrnl_emu PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "\${_prefix}/include/ntoskrnl_emu${spellings}"
    IMPORTED_LOCATION "\${_prefix}/${location}"${more})

  add_library(ntoskrnl_emu::static STATIC IMPORTED)
  set_target_properties(ntoskrnl_emu::static PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "\${_prefix}/include/ntoskrnl_emu${spellings}"
    INTERFACE_LINK_LIBRARIES "${needs}"
    IMPORTED_LOCATION "\${_prefix}/lib/libntoskrnl_emu.a")
endif()

unset(_prefix)
`;
}

function cmakeVersion(version: string): string {
  // Versions fit that have the same interface version and are no older than what is asked for.
  const fitting = interfaceVersion(version);
  const wanted = fitting.includes(".")
    ? '"${PACKAGE_FIND_VERSION_MAJOR}.${PACKAGE_FIND_VERSION_MINOR}"'
    : '"${PACKAGE_FIND_VERSION_MAJOR}"';
  return `set(PACKAGE_VERSION "${version}")
set(PACKAGE_VERSION_COMPATIBLE FALSE)
if(NOT PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
elseif(${wanted} STREQUAL "${fitting}" AND NOT PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_FIND_VERSION STREQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(PACKAGE_VERSION_UNSUITABLE TRUE)
endif()
`;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.writeFile(`${to}/${name}`, await Deno.readFile(`${from}/${name}`));
  }
}

/** Writes an installation below a prefix, over an older one. */
export async function writeCPackage(made: CPackage, prefix: string): Promise<void> {
  const folders = ["lib/cmake/ntoskrnl_emu", "lib/pkgconfig", "share/licenses/ntoskrnl_emu", "bin"];
  if (made.system !== "windows") folders.pop();
  for (const folder of folders) await Deno.mkdir(`${prefix}/${folder}`, { recursive: true });
  await copyFolder(INCLUDE, `${prefix}/include/ntoskrnl_emu`);
  if (needsSpellings(made)) await writeForwarders(`${prefix}/include/ntoskrnl_emu/spellings`);
  const { files, links } = libraries(made);
  for (const [from, to] of files) {
    // Another file, not other bytes in it: programs may have the library mapped.
    await Deno.remove(`${prefix}/${to}`).catch(ignoreMissing);
    await Deno.writeFile(`${prefix}/${to}`, await Deno.readFile(from), {
      mode: to.endsWith(".a") ? 0o644 : 0o755,
    });
  }
  for (const [to = "", link = ""] of links) {
    await Deno.remove(`${prefix}/${link}`).catch(ignoreMissing);
    await Deno.symlink(to, `${prefix}/${link}`);
  }
  const cmake = `${prefix}/lib/cmake/ntoskrnl_emu/ntoskrnl_emuConfig`;
  await Deno.writeTextFile(`${cmake}.cmake`, cmakeConfig(made));
  await Deno.writeTextFile(`${cmake}Version.cmake`, cmakeVersion(made.version));
  await Deno.writeTextFile(`${prefix}/lib/pkgconfig/ntoskrnl_emu.pc`, pkgConfig(made));
  const license = await Deno.readTextFile(LICENSE);
  await Deno.writeTextFile(`${prefix}/share/licenses/ntoskrnl_emu/LICENSE`, license);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
