/**
 * How many packets a connection sends in its original direction, the first one included: the same number always, a geometric law
 * (each packet is the last one with chance 1 / mean), or a small table of weighted numbers. Compiled to a choice table, so a
 * connection costs one draw. A geometric law is cut where less than 2^-33 of the connections are left; its thresholds are made by
 * repeated multiplication and round alike on every machine.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'
import { badInput, quoted } from '../problem/problem.ts'
import type { ChoiceTable } from './choice-table.ts'
import { choiceTable, entryChance, entryItem } from './choice-table.ts'

export type PacketsPerConnection =
  | { readonly kind: 'fixed'; readonly packets: number }
  | { readonly kind: 'geometric'; readonly mean: number }
  | { readonly kind: 'table'; readonly rows: readonly { readonly packets: number; readonly weight: number }[] }

export interface PacketsLaw {
  /** Mean of the compiled table: exact, not the asked one. */
  readonly mean: number
  /** Items are numbers of packets. */
  readonly choice: ChoiceTable
}

/** Highest mean of a geometric law: its table stays below a quarter of a million entries. */
const MAX_GEOMETRIC_MEAN = 10_000

const MAX_PACKETS = 0xffff_ffff

export function packetsLaw(wanted: PacketsPerConnection, field: string): E.Either<Problem, PacketsLaw> {
  switch (wanted.kind) {
    case 'fixed':
      return isPacketCount(wanted.packets)
        ? E.right(law([wanted.packets], [1]))
        : bad(field, `packets per connection is ${quoted(wanted.packets)}`, 'use a whole number from 1 on')
    case 'geometric':
      return wanted.mean >= 1 && wanted.mean <= MAX_GEOMETRIC_MEAN
        ? E.right(geometric(wanted.mean))
        : bad(field, `mean packets per connection is ${quoted(wanted.mean)}`, `use 1 to ${MAX_GEOMETRIC_MEAN}`)
    case 'table':
      return table(wanted.rows, field)
  }
}

function geometric(mean: number): PacketsLaw {
  const goesOn = 1 - 1 / mean
  const packets: number[] = []
  const weights: number[] = []
  for (let left = 1, n = 1; left > 2 ** -33; left *= goesOn, n++) {
    packets.push(n)
    weights.push(left * (1 - goesOn))
  }
  return law(packets, weights)
}

function table(
  rows: readonly { readonly packets: number; readonly weight: number }[],
  field: string,
): E.Either<Problem, PacketsLaw> {
  const wrong = rows.find(r => !isPacketCount(r.packets) || !(r.weight >= 0 && r.weight < Infinity))
  if (wrong !== undefined)
    return bad(
      field,
      `a row of packets per connection is ${quoted(wrong)}`,
      'use whole packets from 1 on and weights from 0 on',
    )
  if (!rows.some(r => r.weight > 0))
    return bad(field, 'no row of packets per connection has a weight', 'give one row a weight above 0')
  return E.right(
    law(
      rows.map(r => r.packets),
      rows.map(r => r.weight),
    ),
  )
}

function law(packets: readonly number[], weights: readonly number[]): PacketsLaw {
  const choice = choiceTable(packets, weights)
  let mean = 0
  for (let entry = 0; entry < choice.size; entry++) mean += entryItem(choice, entry) * entryChance(choice, entry)
  return { mean, choice }
}

const isPacketCount = (packets: number): boolean => Number.isInteger(packets) && packets >= 1 && packets <= MAX_PACKETS

const bad = (field: string, what: string, mend: string): E.Either<Problem, never> =>
  E.left(badInput({ field }, what, mend))
