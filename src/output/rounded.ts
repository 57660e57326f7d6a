/**
 * A number as results show it: 12 significant digits, so that a last bit that differs between machines reaches no file. Whole numbers
 * below 10^12 and NaN stay what they are.
 */
export const rounded = (value: number): number =>
  // Counters, a million a table, need no text on the way; adding 0 makes of -0 a 0, as the text does.
  Number.isInteger(value) && value < 1e12 && value > -1e12
    ? value + 0
    : Number.isFinite(value)
      ? Number(value.toPrecision(12))
      : value
