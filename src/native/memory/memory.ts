/**
 * The memory that this isolate shares with the library: the pool and the metadata, mapped once.
 *
 * @module
 */

import { LAYOUT } from "../library/bindings.ts";

/** Views over the whole of one mapping, all on one buffer. */
export interface Memory {
  /** The memory itself. */
  readonly buffer: ArrayBuffer;
  /** By bytes. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** By 16-bit words: index = offset / 2. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** By 32-bit words: index = offset / 4. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** By offset, little-endian where asked for. */
  readonly view: DataView<ArrayBuffer>;
}

/** The pool, once open: an entry is an offset in it. */
export let pool!: Memory;

/** Slots, records and state bytes, once open. User code never gets a view of it. */
export let metadata!: Memory;

/** The address of the pool. */
let poolAddress = 0n;

/** Makes the views of the pool, whose address and size are given, and of the metadata below it. */
export function mapMemory(address: bigint, poolBytes: number): void {
  const stateBytes = poolBytes / LAYOUT.granuleBytes * LAYOUT.stateBytes;
  pool = map(address, poolBytes);
  metadata = map(address - BigInt(LAYOUT.metadataDistance), LAYOUT.states + stateBytes);
  poolAddress = address;
}

/** How many allocations the pool had no room for, in all isolates. */
export function refusals(): number {
  return metadata.u32[LAYOUT.headerRefused >>> 2]!;
}

/** One more buffer over the pool, for views that callers get: they may detach it. */
export function mapPool(): ArrayBuffer {
  return bufferAt(poolAddress, pool.buffer.byteLength);
}

function bufferAt(address: bigint, bytes: number): ArrayBuffer {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new Error("The library opened without its memory");
  return Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
}

function map(address: bigint, bytes: number): Memory {
  const buffer = bufferAt(address, bytes);
  return {
    buffer,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    view: new DataView(buffer),
  };
}
