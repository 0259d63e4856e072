/**
 * Figures: what a contender took in one case of a table, round by round. In a round the contenders of
 * a table take turns, so ratios are formed round by round.
 *
 * @module
 */

/** What was measured of one contender in one case. */
export interface Figure {
  /** The table that it stands in. */
  readonly table: string;
  /** The row. */
  readonly case: string;
  /** The column. */
  readonly contender: string;
  /** A sample for each round. */
  readonly rounds: readonly number[];
  /** Whether the process had not its cores in those rounds: then the figure is a guess. */
  readonly isDisturbed?: boolean;
}

/** Which figure. */
export type Place = Pick<Figure, "table" | "case" | "contender">;

/** The median of samples. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[sorted.length >>> 1] ?? NaN;
}

/** Finds figures by their place. */
export class Figures {
  readonly all: readonly Figure[];
  readonly #byPlace: ReadonlyMap<string, Figure>;

  constructor(figures: readonly Figure[]) {
    this.all = figures;
    this.#byPlace = new Map(figures.map((figure) => [Figures.#key(figure), figure]));
  }

  static #key(place: Place): string {
    return JSON.stringify([place.table, place.case, place.contender]);
  }

  /** The figure at a place, if it was measured. */
  at(place: Place): Figure | undefined {
    return this.#byPlace.get(Figures.#key(place));
  }

  /** The median at a place. */
  median(place: Place): number {
    return median(this.at(place)?.rounds ?? []);
  }

  /**
   * How many times the one takes what the other takes: the median of the rounds' ratios, so that a
   * disturbance that slows a whole round down does not count. `undefined` where one was not measured.
   */
  ratio(place: Place, to: Place): number | undefined {
    const rounds = this.at(place)?.rounds ?? [];
    const others = this.at(to)?.rounds ?? [];
    if (rounds.length === 0 || others.length === 0) return undefined;
    if (rounds.length !== others.length) return median(rounds) / median(others);
    return median(rounds.map((sample, round) => sample / others[round]!));
  }

  /** The tables, each with its rows and columns in the order in which they were measured. */
  tables(): ReadonlyMap<string, { readonly rows: string[]; readonly columns: string[] }> {
    const tables = new Map<string, { rows: string[]; columns: string[] }>();
    for (const figure of this.all) {
      let table = tables.get(figure.table);
      if (table === undefined) tables.set(figure.table, table = { rows: [], columns: [] });
      if (!table.rows.includes(figure.case)) table.rows.push(figure.case);
      if (!table.columns.includes(figure.contender)) table.columns.push(figure.contender);
    }
    return tables;
  }
}
