/**
 * How ticks move the depth of a list, by the names of policies.
 *
 * @module
 */

/** The depth of a new list, and the lowest that tuning goes. */
export const FLOOR = 4;

/** A policy: the depth after a tick. */
export type Policy = (depth: number, maximum: number, allocates: number, misses: number) => number;

/** The policies. Windows' own amounts are not public; `balanced` is what this project's lists do. */
export const POLICIES: Readonly<Record<string, Policy>> = {
  fixed: (depth) => depth,
  balanced(depth, maximum, allocates, misses) {
    if (misses > 0 && 16 * misses >= allocates) {
      const grown = depth + Math.min(misses, Math.max(depth, FLOOR));
      return Math.min(Math.max(grown, FLOOR), maximum);
    }
    if (allocates < depth && depth > FLOOR) {
      return Math.max(FLOOR, depth - Math.ceil((depth - FLOOR) / 4));
    }
    return depth;
  },
};

/** The policy of lists that were not told another. */
export const DEFAULT_POLICY = "balanced";
