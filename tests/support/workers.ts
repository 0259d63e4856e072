/**
 * Workers of tests, under `workers/`. Each sends a message when it is ready, and answers requests
 * in order.
 *
 * @module
 */

import { assert } from "@std/assert";

const SECONDS = 60;

/** Starts a Worker and waits until it is ready. */
export async function start(file: string): Promise<Worker> {
  const worker = new Worker(new URL(`../native/workers/${file}`, import.meta.url), {
    type: "module",
  });
  await answer(worker);
  return worker;
}

/** Asks a Worker for something. */
export function ask<T>(worker: Worker, message: unknown): Promise<T> {
  const answered = answer<T>(worker);
  worker.postMessage(message);
  return answered;
}

function answer<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${SECONDS} s`)), SECONDS * 1000);
    const settle = () => clearTimeout(timer);
    worker.onmessage = ({ data }) => {
      settle();
      resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      settle();
      reject(new Error(event.message));
    };
  });
}

/** Waits for something that happens by itself, such as the end of a Worker's thread. */
export async function ended(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    assert(tries < SECONDS * 100, `not so after ${SECONDS} s: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
