/**
 * Simulates candidate lists in a Worker: it takes batches of operations and answers each.
 *
 * @module
 */

import { Bench, type FromWorker, type ToWorker } from "./candidates.ts";

const scope = self as unknown as {
  onmessage: (message: MessageEvent<ToWorker>) => void;
  postMessage: (answer: FromWorker) => void;
};
let bench = new Bench([]);

scope.onmessage = ({ data }) => {
  if (data.type === "begin") bench = new Bench(data.settings);
  else if (data.type === "kinds") bench.kinds(data.groups);
  else if (data.type === "batch") {
    bench.batch(data.words);
    scope.postMessage({ type: "done" });
  } else scope.postMessage({ type: "totals", totals: bench.totals() });
};
