/**
 * The global scope of a Worker. The type checker takes every file for a window's.
 *
 * @module
 */

/** The part of a Worker's global scope that these tests use. */
export interface Scope {
  readonly name: string;
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** This Worker's. */
export const scope: Scope = globalThis as unknown as Scope;
