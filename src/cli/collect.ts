/** An option that may be given several times: commander hands each value with those before it. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value]
