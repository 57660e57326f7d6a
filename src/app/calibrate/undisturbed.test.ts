import { describe, expect, it } from 'vitest'
import { undisturbedNs } from './undisturbed.ts'

describe('what a packet takes undisturbed', () => {
  it.each([
    ['one sample', [7], 7],
    ['two', [9, 5], 5.4],
    ['eleven, in any order', [11, 3, 10, 2, 9, 1, 8, 4, 7, 5, 6], 2],
    ['most of them disturbed', [1000, 10, 2000, 3000, 4000, 10, 5000, 6000, 7000, 8000, 9000], 10],
  ])('is the low tenth: %s', (_, samples, ns) => {
    expect(undisturbedNs(samples)).toBeCloseTo(ns, 9)
  })
})
