/**
 * How ticks move the depth of a list: the policies of the model, which are those of the lists in Rust.
 *
 * @module
 */

import {
  DEPTH_POLICIES,
  type ModelDepthPolicy,
  type ModelDepthState,
} from "@win-lookaside/lookaside/model";

/** The depth of a new list, and the lowest that tuning goes. */
export const FLOOR = 4;

/** The policies by their names. */
export const POLICIES: Readonly<Record<string, ModelDepthPolicy>> = DEPTH_POLICIES;

/** The policy of lists that were not told another. */
export const DEFAULT_POLICY = "settling";

/** What a policy knows of a new list. */
export const NEW_LIST: ModelDepthState = {
  formerDepth: 0,
  formerDemand: 0,
  demand: 0,
  peak: 0,
  quiet: 0,
};
