/**
 * The part of `@std/assert` that the tests use, over `node:assert`.
 *
 * The package is published on JSR only; with this link (`links` in deno.json) the tests need no
 * registry but npm. Signatures are those of its documentation, so taking the link out is enough to
 * run the same tests on the package itself.
 *
 * @module
 */

import { AssertionError as NodeAssertionError, deepStrictEqual } from "node:assert";

/** What a failed assertion throws. */
export class AssertionError extends Error {
  /** Takes the message, and what `Error` takes. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** A class, abstract ones included. */
export type AnyConstructor = abstract new (...args: never[]) => unknown;

/** What `new` of a class gives. */
export type GetConstructorType<C extends AnyConstructor> = C extends
  abstract new (...args: never[]) => infer I ? I : never;

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 8, strAbbreviateSize: Infinity });
}

function raise(text: string, message: string | undefined): never {
  throw new AssertionError(message === undefined ? text : `${text}: ${message}`);
}

/** The difference as `node:assert` prints it, or `null` when both are deeply equal. */
function difference(actual: unknown, expected: unknown): string | null {
  try {
    deepStrictEqual(actual, expected);
    return null;
  } catch (error) {
    if (error instanceof NodeAssertionError) return error.message;
    throw error;
  }
}

/** Fails unless the expression is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails if the expression is truthy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false {
  if (expr) throw new AssertionError(msg);
}

/** Fails always. */
export function fail(msg?: string): never {
  raise("Failed assertion", msg);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  const text = difference(actual, expected);
  if (text !== null) raise(`Values are not equal\n${text}`, msg);
}

/** Fails if both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (difference(actual, expected) === null) {
    raise(`Expected values not to be equal, both are ${show(actual)}`, msg);
  }
}

/** Fails unless both are the same value, by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const text = difference(actual, expected) ??
    `equal in structure but not the same:\n${show(actual)}`;
  raise(`Values are not strictly equal\n${text}`, msg);
}

/** Fails if both are the same value, by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) {
    raise(`Expected values not to be strictly equal, both are ${show(actual)}`, msg);
  }
}

/** Fails if the value is null or undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    raise(`Expected a value that is not null or undefined: ${show(actual)}`, msg);
  }
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is GetConstructorType<T> {
  if (actual instanceof expectedType) return;
  raise(`Expected an instance of "${expectedType.name}": ${show(actual)}`, msg);
}

/** Fails if the value is an instance of the class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedType) {
    raise(`Expected no instance of "${unexpectedType.name}": ${show(actual)}`, msg);
  }
}

/** Fails unless both numbers differ by no more than the tolerance. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected) * 1e-7 : 1e-7);
  // Written so that NaN fails.
  if (Math.abs(actual - expected) <= allowed) return;
  raise(`Expected a number within ${allowed} of ${expected}: ${actual}`, msg);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) raise(`Expected ${show(actual)} > ${show(expected)}`, msg);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) raise(`Expected ${show(actual)} >= ${show(expected)}`, msg);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) raise(`Expected ${show(actual)} < ${show(expected)}`, msg);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) raise(`Expected ${show(actual)} <= ${show(expected)}`, msg);
}

/** Fails unless the pattern matches the string. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) raise(`Expected a match of ${expected}: ${show(actual)}`, msg);
}

/** Fails if the pattern matches the string. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) raise(`Expected no match of ${expected}: ${show(actual)}`, msg);
}

/** Fails unless the string includes the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    raise(`Expected a string that includes ${show(expected)}: ${show(actual)}`, msg);
  }
}

/** Fails unless the array holds each of the expected items. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const missing = Array.from(expected).filter((wanted) =>
    !Array.from(actual).some((item) => difference(item, wanted) === null)
  );
  if (missing.length > 0) {
    raise(`Expected an array that includes ${show(missing)}: ${show(actual)}`, msg);
  }
}

/** Fails unless every property of the expected object is deeply equal in the actual one. */
export function assertObjectMatch(
  actual: Record<PropertyKey, unknown>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  const text = difference(project(actual, expected), expected);
  if (text !== null) raise(`Objects do not match\n${text}`, msg);
}

/** What the pattern asks about, as the value has it. */
function project(value: unknown, pattern: unknown): unknown {
  if (!isPlainObject(value) || !isPlainObject(pattern)) return value;
  const projected: Record<PropertyKey, unknown> = {};
  for (const key of Reflect.ownKeys(pattern)) {
    if (key in value) projected[key] = project(value[key], pattern[key]);
  }
  return projected;
}

function isPlainObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Fails unless the error is one of the class and its message includes the text. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) raise(`Expected an Error: ${show(error)}`, msg);
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    raise(`Expected an error of class "${ErrorClass.name}": ${show(error)}`, msg);
  }
  if (msgMatches === undefined) return;
  const matches = typeof msgMatches === "string"
    ? error.message.includes(msgMatches)
    : msgMatches.test(error.message);
  if (!matches) {
    raise(
      `Expected an error message with ${show(msgMatches)}: ${show(error.message)}`,
      msg,
    );
  }
}

/** Fails unless the function throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws an error of the class, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = typeof errorClassOrMsg === "function" ? errorClassOrMsg : undefined;
  const note = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  let returned: unknown;
  try {
    returned = fn();
  } catch (error) {
    if (expected !== undefined) assertIsError(error, expected, msgIncludes, note);
    return error;
  }
  raise(`Expected the function to throw, it returned ${show(returned)}`, note);
}

/** Fails unless the promise is rejected, and resolves to what it was rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise is rejected with an error of the class, and resolves to it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = typeof errorClassOrMsg === "function" ? errorClassOrMsg : undefined;
  const note = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  let promise: unknown;
  try {
    promise = fn();
  } catch (error) {
    raise(`Expected a rejected promise, the function threw ${show(error)}`, note);
  }
  if (typeof promise !== "object" || promise === null || !("then" in promise)) {
    raise(`Expected a promise: ${show(promise)}`, note);
  }
  let resolved: unknown;
  try {
    resolved = await promise;
  } catch (error) {
    if (expected !== undefined) assertIsError(error, expected, msgIncludes, note);
    return error;
  }
  raise(`Expected the promise to be rejected, it resolved to ${show(resolved)}`, note);
}

/** Fails: marks what cannot be reached. */
export function unreachable(reason?: string): never {
  raise("Unreachable", reason);
}
