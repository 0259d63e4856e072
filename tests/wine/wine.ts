/**
 * A Wine of its own: a prefix in a temporary folder, a server that stays, and services in it.
 *
 * Debian's wrapper starts the server so that it ends, with all drivers, when the last ordinary
 * program does; so it is started here. Every call has a timeout, for a driver that stops takes its
 * process along and leaves its client waiting.
 *
 * @module
 */

import { exists, MissingError } from "../../tools/targets/rust.ts";
import { attempt } from "../../src/trace/world.ts";

const FOLDERS = ["/usr/lib/wine", "/usr/lib/wine-development", "/usr/bin"];

/** The result of a program in Wine. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote. */
  readonly output: string;
  /** Its error output. */
  readonly errors: string;
}

function find(...names: string[]): string | null {
  for (const folder of FOLDERS) {
    for (const name of names) {
      try {
        if (Deno.statSync(`${folder}/${name}`).isFile) {
          return `${folder}/${name}`;
        }
      } catch {
        // The next one.
      }
    }
  }
  return null;
}

/** A Wine prefix and its server. */
export class Wine {
  readonly #wine: string;
  readonly #server: string;
  readonly #prefix: string;

  /** Which images are not Wine's own. */
  #overrides = "mscoree,mshtml=";

  private constructor(wine: string, server: string, prefix: string) {
    this.#wine = wine;
    this.#server = server;
    this.#prefix = prefix;
  }

  /**
   * Makes a prefix.
   *
   * @param hal What its kernel has for a hal.dll instead of Wine's own.
   * @throws {MissingError} If there is no Wine.
   */
  static async start(hal: string | null = null): Promise<Wine> {
    const wine = find("wine64", "wine");
    const server = find("wineserver64", "wineserver");
    if (wine === null || server === null) {
      throw new MissingError(
        "Cannot run programs for Windows: there is no Wine. Debian: apt-get install wine64",
      );
    }
    const made = new Wine(wine, server, await Deno.makeTempDir({ prefix: "lookaside-wine-" }));
    try {
      // The processes that these start inherit their output and stay, so the output must not be a
      // pipe that is waited for.
      await made.#start(made.#wine, ["wineboot", "-i"], 180);
      await made.#start(made.#server, ["-w"], 60);
      await made.#start(made.#server, ["-p"], 30);
      if (hal !== null) {
        await Deno.copyFile(hal, `${made.#prefix}/drive_c/windows/system32/hal.dll`);
        made.#overrides += ";hal=n";
      }
      // The first program starts the services. Their errors, and those of drivers, go where its own do.
      const words = [made.#wine, "cmd", "/c", "exit"];
      const environment = { WINEDEBUG: "-all,err+ntoskrnl", LOG: made.#log };
      const script = 'exec "$@" 2>"$LOG"';
      await made.#start("/bin/sh", ["-c", script, "sh", ...words], 60, environment);
      return made;
    } catch (error) {
      await made.stop();
      throw error;
    }
  }

  /** Runs a Windows program, for so many seconds at most. */
  run(seconds: number, ...args: string[]): Promise<Ended> {
    return this.#spawn(this.#wine, args, seconds);
  }

  /** Starts a Windows program and leaves it running. */
  spawn(...args: string[]): Deno.ChildProcess {
    const options = { args, env: this.environment, stdout: "piped", stderr: "null" } as const;
    return new Deno.Command(this.#wine, options).spawn();
  }

  /** Wine's program, which runs others in {@linkcode environment}. */
  get program(): string {
    return this.#wine;
  }

  /** Makes a library one of the system's. */
  async installLibrary(image: string): Promise<void> {
    const name = image.replace(/.*\//, "");
    await Deno.copyFile(image, `${this.#prefix}/drive_c/windows/system32/${name}`);
  }

  /** Whether the system has a library. */
  hasLibrary(name: string): boolean {
    return exists(`${this.#prefix}/drive_c/windows/system32/${name}`);
  }

  /** Copies an image to where drivers are. */
  async installDriver(image: string, name: string): Promise<void> {
    await Deno.copyFile(image, `${this.#prefix}/drive_c/windows/system32/drivers/${name}.sys`);
  }

  /** What is in a file of drive C. */
  readFile(name: string): Promise<string> {
    return Deno.readTextFile(`${this.#prefix}/drive_c/${name}`);
  }

  /** What the kernel has reported so far. */
  kernelErrors(): string {
    return Deno.readTextFileSync(this.#log);
  }

  get #log(): string {
    return `${this.#prefix}/errors.log`;
  }

  /** Memory that the processes which run drivers have resident, in KiB. */
  async driverMemory(): Promise<number> {
    // Through a shell, since Deno reads such files only with all permissions.
    const script = `
      for process in /proc/[0-9]*; do
        tr '\\0' '\\n' <"$process/environ" 2>/dev/null | grep -qx "WINEPREFIX=$WINEPREFIX" &&
          grep -q winedevice "$process/cmdline" && grep VmRSS "$process/status"
      done; true`;
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: ["-c", script],
      env: this.environment,
      stderr: "null",
    }).output();
    const sizes = new TextDecoder().decode(stdout).matchAll(/VmRSS:\s+(\d+)/g);
    return [...sizes].reduce((sum, [, size]) => sum + Number(size), 0);
  }

  /** Ends every process of the prefix and removes it. */
  async stop(): Promise<void> {
    for (const option of ["-k", "-k9", "-w"]) {
      await this.#start(this.#server, [option], 20).catch(() => {});
    }
    await Deno.remove(this.#prefix, { recursive: true }).catch(() => {});
  }

  /** What programs in it have in their environment. */
  get environment(): Record<string, string> {
    return { WINEPREFIX: this.#prefix, WINEDEBUG: "-all", WINEDLLOVERRIDES: this.#overrides };
  }

  /** Runs a program that leaves other processes behind. */
  async #start(
    command: string,
    args: string[],
    seconds: number,
    environment: Record<string, string> = {},
  ): Promise<void> {
    const child = new Deno.Command(command, {
      args,
      env: { ...this.environment, ...environment },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const { code } = await this.#within(seconds, child, args);
    if (code !== 0) {
      throw new Error(`Cannot start Wine: ${command} ended with ${code}`);
    }
  }

  async #spawn(command: string, args: string[], seconds: number): Promise<Ended> {
    const options = { args, env: this.environment, stdout: "piped", stderr: "piped" } as const;
    const child = new Deno.Command(command, { ...options, stdin: "null" }).spawn();
    const output = new Response(child.stdout).text();
    const errors = new Response(child.stderr).text();
    const { code } = await this.#within(seconds, child, args);
    return { code, output: await output, errors: await errors };
  }

  /** Waits for a process, and kills it when it is late. */
  async #within(
    seconds: number,
    child: Deno.ChildProcess,
    args: readonly string[],
  ): Promise<Deno.CommandStatus> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      attempt(() => child.kill("SIGKILL"));
    }, seconds * 1000);
    try {
      const status = await child.status;
      if (late) {
        throw new Error(`No end within ${seconds} s: ${args.join(" ").slice(0, 200)}`);
      }
      return status;
    } finally {
      clearTimeout(timer);
    }
  }
}
