import { expect, it } from 'vitest'
import { humanDuration } from './human-duration.ts'

const MINUTE = 60
const HOUR = 3600
const DAY = 86400
const YEAR = 365 * DAY

it.each([
  [-2, '<invalid>'],
  [-1, '0s'],
  [-0.5, '0s'],
  [0, '0s'],
  [0.999, '0s'],
  [5, '5s'],
  [119.9, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 10, '2m10s'],
  [10 * MINUTE - 1, '9m59s'],
  [10 * MINUTE + 59, '10m'],
  [3 * HOUR - 1, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [8 * HOUR - 1, '7h59m'],
  [8 * HOUR + 59 * MINUTE, '8h'],
  [2 * DAY - 1, '47h'],
  [2 * DAY, '2d'],
  [4 * DAY, '4d'],
  [4 * DAY + 3 * HOUR, '4d3h'],
  [8 * DAY + 3 * HOUR, '8d'],
  [2 * YEAR - 1, '729d'],
  [2 * YEAR, '2y'],
  [2 * YEAR + 3 * DAY, '2y3d'],
  [8 * YEAR + 3 * DAY, '8y'],
])('%d s is %s', (seconds, text) => {
  expect(humanDuration(Math.round(seconds * 1e6))).toBe(text)
})
