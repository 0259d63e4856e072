/**
 * What of a PE image the build writes and the tests read: headers, sections, imports, checksum.
 *
 * Offsets: "PE Format" of the Windows documentation.
 *
 * @module
 */

/** A section of an image. */
export interface Section {
  /** Its name. */
  readonly name: string;
  /** Where it is loaded. */
  readonly address: number;
  /** How long it is when it is loaded. */
  readonly virtualSize: number;
  /** Where in the file it is. */
  readonly offset: number;
  /** How long it is in the file. */
  readonly size: number;
  /** What may be done with it. */
  readonly characteristics: number;
}

/** An image, as far as it is of interest here. */
export interface Image {
  /** The processor: 0x8664 is x64, 0xAA64 is ARM64. */
  readonly machine: number;
  /** What the file is. */
  readonly characteristics: number;
  /** The subsystem: 1 is native, 3 is console. */
  readonly subsystem: number;
  /** The version of Windows that the subsystem asks for. */
  readonly subsystemVersion: string;
  /** How it may be loaded. */
  readonly dllCharacteristics: number;
  /** The time stamp, which a reproducible build makes from the contents. */
  readonly timeStamp: number;
  /** The checksum that the file says. */
  readonly checksum: number;
  /** The alignment of sections in memory. */
  readonly sectionAlignment: number;
  /** The entry point. */
  readonly entryPoint: number;
  /** The sections. */
  readonly sections: readonly Section[];
  /** The size of each data directory. */
  readonly directories: readonly { readonly address: number; readonly size: number }[];
  /** The names imported, by the name of the image they are imported from. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
}

const CHECKSUM_IN_OPTIONAL_HEADER = 64;

/** Where the optional header begins. */
function optionalHeader(view: DataView): number {
  const pe = view.getUint32(0x3C, true);
  if (view.getUint16(0, true) !== 0x5A4D || view.getUint32(pe, true) !== 0x4550) {
    throw new Error("Not a PE image");
  }
  return pe + 24;
}

/** Reads a 64-bit image. */
export function readImage(bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const optional = optionalHeader(view);
  const file = optional - 20;
  if (view.getUint16(optional, true) !== 0x20B) {
    throw new Error("Not a 64-bit PE image");
  }
  const sections: Section[] = [];
  const table = optional + view.getUint16(file + 16, true);
  for (let i = 0; i < view.getUint16(file + 2, true); i++) {
    const at = table + i * 40;
    sections.push({
      name: text(bytes, at, 8),
      virtualSize: view.getUint32(at + 8, true),
      address: view.getUint32(at + 12, true),
      size: view.getUint32(at + 16, true),
      offset: view.getUint32(at + 20, true),
      characteristics: view.getUint32(at + 36, true),
    });
  }
  const directories = Array.from({ length: view.getUint32(optional + 108, true) }, (_, i) => ({
    address: view.getUint32(optional + 112 + i * 8, true),
    size: view.getUint32(optional + 116 + i * 8, true),
  }));
  const offsetOf = (address: number): number => {
    const section = sections.find((section) =>
      address >= section.address && address < section.address + section.size
    );
    if (section === undefined) {
      throw new Error(`No section has this address: ${address}`);
    }
    return address - section.address + section.offset;
  };
  const imports = new Map<string, string[]>();
  const importTable = directories[1]?.address ?? 0;
  for (let at = importTable && offsetOf(importTable); at !== 0; at += 20) {
    const names = view.getUint32(at, true);
    const from = view.getUint32(at + 12, true);
    if (from === 0) {
      break;
    }
    const found = imports.get(text(bytes, offsetOf(from), 256)) ?? [];
    imports.set(text(bytes, offsetOf(from), 256), found);
    for (let entry = offsetOf(names); view.getBigUint64(entry, true) !== 0n; entry += 8) {
      const value = view.getBigUint64(entry, true);
      found.push(
        value >> 63n === 1n ? `#${value & 0xFFFFn}` : text(bytes, offsetOf(Number(value)) + 2, 256),
      );
    }
  }
  return {
    machine: view.getUint16(file, true),
    characteristics: view.getUint16(file + 18, true),
    timeStamp: view.getUint32(file + 4, true),
    entryPoint: view.getUint32(optional + 16, true),
    sectionAlignment: view.getUint32(optional + 32, true),
    subsystemVersion: `${view.getUint16(optional + 48, true)}.${
      view.getUint16(optional + 50, true)
    }`,
    checksum: view.getUint32(optional + CHECKSUM_IN_OPTIONAL_HEADER, true),
    subsystem: view.getUint16(optional + 68, true),
    dllCharacteristics: view.getUint16(optional + 70, true),
    sections,
    directories,
    imports,
  };
}

/**
 * The checksum of an image: the sum of its 16-bit words without the checksum itself, folded to 16
 * bits, plus its length. Windows loads no driver whose checksum is another.
 */
export function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const skipped = optionalHeader(view) + CHECKSUM_IN_OPTIONAL_HEADER;
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    const own = at === skipped || at === skipped + 2;
    const word = own ? 0 : at + 1 < bytes.length ? view.getUint16(at, true) : bytes[at]!;
    sum += word;
    sum = (sum & 0xFFFF) + (sum >>> 16);
  }
  return sum + bytes.length;
}

/** Writes the checksum of an image into it. */
export function writeChecksum(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(optionalHeader(view) + CHECKSUM_IN_OPTIONAL_HEADER, checksum(bytes), true);
}

/** A text that ends with a zero byte or after so many. */
function text(bytes: Uint8Array, at: number, most: number): string {
  const part = bytes.subarray(at, at + most);
  const end = part.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? part : part.subarray(0, end));
}
