/**
 * A price: a number, or a curve over the size that it grows with, as caches fill: [size, amount] points with sizes rising, straight lines
 * between them, flat outside.
 */
export type Price = number | readonly (readonly [size: number, amount: number])[]

export function priceAt(price: Price, size: number): number {
  if (typeof price === 'number') return price
  let above = 0
  while (above < price.length && price[above][0] < size) above++
  if (above === 0) return price[0][1]
  if (above === price.length) return price[above - 1][1]
  const [fromSize, from] = price[above - 1]
  const [toSize, to] = price[above]
  return from + ((size - fromSize) / (toSize - fromSize)) * (to - from)
}

/** How a size lies between the sizes of a curve: each place with its share; outside, the nearest has all. */
export function curveShares(
  sizes: readonly number[],
  size: number,
): readonly (readonly [place: number, share: number])[] {
  const above = sizes.findIndex(s => s >= size)
  if (above === 0) return [[0, 1]]
  if (above < 0) return [[sizes.length - 1, 1]]
  const share = (size - sizes[above - 1]) / (sizes[above] - sizes[above - 1])
  return [
    [above - 1, 1 - share],
    [above, share],
  ]
}
