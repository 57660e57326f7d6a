/** A mergeable histogram of whole numbers. */
export interface Histogram {
  readonly count: number
}
