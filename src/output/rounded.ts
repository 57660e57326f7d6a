/**
 * A number as results show it: 12 significant digits, so that a last bit that differs between machines reaches no file. Whole numbers
 * below 10^12 and NaN stay what they are.
 */
export const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(12)) : value)
