/** What a block of a program has a stretch of: words of code, ids, words of tables. Starts and ends of stretches lie in arrays by RESOURCE. */
export const RESOURCE = { code: 0, rule: 1, dnat: 2, dispatch: 3, slot: 4, entry: 5 } as const

export const RESOURCES = Object.values(RESOURCE)
