import { expect, it } from 'vitest'
import { counted, countText, percentText, ratioText } from './number-text.ts'

it.each([
  [0, '0'],
  [7, '7'],
  [999, '999'],
  [1_000, '1,000'],
  [1_234_567, '1,234,567'],
  [-12_345, '-12,345'],
  [0.4, '0'],
  [2 ** 53, '9,007,199,254,740,992'],
  [NaN, '–'],
  [Infinity, '∞'],
])('counts %d as %s', (value, text) => {
  expect(countText(value)).toBe(text)
})

it.each([
  [0, '0'],
  [1, '1'],
  [0.5, '0.5'],
  [1.6249, '1.62'],
  [100, '100'],
  [120, '120'],
  [999.4, '999'],
  [999.5, '1,000'],
  [12_345.6, '12,346'],
  [0.000123, '0.000123'],
  [0.00001, '1.0e-5'],
  [-0.25, '-0.25'],
  [NaN, '–'],
  [-Infinity, '-∞'],
])('writes the ratio %d as %s', (value, text) => {
  expect(ratioText(value)).toBe(text)
})

it('writes shares in percent', () => {
  expect([0, 1e-9, 0.0001, 0.333333, 1, NaN].map(percentText)).toEqual([
    '0 %',
    '< 0.01 %',
    '0.01 %',
    '33.3 %',
    '100 %',
    '–',
  ])
})

it('counts nouns', () => {
  expect([0, 1, 1_200].map(n => counted(n, 'node'))).toEqual(['0 nodes', '1 node', '1,200 nodes'])
})
