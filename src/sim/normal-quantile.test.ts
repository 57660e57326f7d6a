import { expect, it } from 'vitest'
import { normalQuantile } from './normal-quantile.ts'

/** Distribution function by Simpson's rule over the density: slow, and nothing in common with the inverse. */
function normalCdf(z: number): number {
  const steps = 20_000
  const low = -12
  const width = (z - low) / steps
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  let sum = density(low) + density(z)
  for (let i = 1; i < steps; i++) sum += density(low + i * width) * (i % 2 === 0 ? 2 : 4)
  return (sum * width) / 3
}

it.each([1e-10, 1e-5, 0.01, 0.0749, 0.0751, 0.3, 0.5, 0.7, 0.9249, 0.9251, 0.99, 1 - 1e-5])(
  'undoes the distribution at %d',
  p => {
    expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 6)
  },
)

it('is odd around one half, and infinite at the ends', () => {
  expect(normalQuantile(0.5)).toBe(0)
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 13)
  expect(normalQuantile(0.125)).toBe(-normalQuantile(0.875))
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity])
  expect([normalQuantile(-0.1), normalQuantile(1.1)]).toEqual([NaN, NaN])
})
