/**
 * Which hits of confined lists the module takes in JavaScript, and which native code takes: both are
 * the rule, and each is to agree with the model, by itself and in turn with the other.
 *
 * @module
 */

import { chooseHits } from "../../src/native/hit.ts";
import { open } from "../../src/native/library/library.ts";
import { randomNumbers } from "./trace.ts";

const WAYS = ["javascript", "native", "in turn"] as const;

/** What takes hits: JavaScript, native code, or one or the other at each call. */
export type Way = (typeof WAYS)[number];

let way: Way = "javascript";

/** Takes hits in the way that a number picks: the same for the same number. */
export function pickWay(number: number): void {
  takeHits(WAYS[number % WAYS.length]!);
}

/** Takes hits in a way from now on. */
export function takeHits(now: Way): void {
  way = now;
  restart();
}

/** Begins anew: what is done after this comes out the same each time. */
export function restart(): void {
  open();
  const random = randomNumbers(1);
  chooseHits(way === "javascript" ? null : way === "native" ? () => false : () => random() < 0.5);
}
