/// <reference lib="deno.worker" />
/** A Worker that runs the scenarios with faults whose numbers it is sent. */

import { scenario } from "./scenarios.ts";

self.onmessage = ({ data }: MessageEvent<number>) => self.postMessage(scenario(data));
self.postMessage("ready");
