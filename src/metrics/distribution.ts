/** How evenly a load is spread over endpoints. */
export interface Distribution {
  readonly count: number
  readonly mean: number
  readonly max: number
  /** max / mean; 1 is even. */
  readonly maxOverMean: number
  /** Population standard deviation / mean. */
  readonly coefficientOfVariation: number
  readonly gini: number
  /** Jain, Chiu, Hawe 1984: (sum x)^2 / (n sum x^2); 1 is even. */
  readonly jain: number
  /** Pearson's chi-square against the expected shares, its degrees of freedom and p-value. */
  readonly chiSquare: number
  readonly degreesOfFreedom: number
  readonly pValue: number
  /** Endpoints that got nothing. */
  readonly idle: number
}
