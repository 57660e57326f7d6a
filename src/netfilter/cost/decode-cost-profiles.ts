/**
 * A calibration file, `{"profiles": [PROFILE, …]}`, one profile a backend, as `svcsim calibrate` writes it -> checked profiles, or one
 * Problem that names the field. Every term of a backend has its price: a missing one would count as free.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Price } from '../../metrics/price.ts'
import { didYouMean } from '../../problem/near-names.ts'
import { badInput, type Problem, quoted } from '../../problem/problem.ts'
import type { CostBackend, CostProfile, CostProvenance, CostTerm } from './cost-profile.ts'
import { COST_BACKENDS, COST_TERMS } from './cost-profile.ts'

/** `value` is the parsed JSON of the file. */
export function decodeCostProfiles(value: unknown, file: string): E.Either<Problem, readonly CostProfile[]> {
  try {
    return E.right(profilesOf(value))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return E.left(badInput({ file, field: error.field }, error.message, error.mend))
  }
}

/** Thrown and caught in this file only: a decoder of a dozen fields need not carry its first fault through each of them. */
class Fault extends Error {
  readonly field: string
  readonly mend: string

  constructor(field: string, what: string, mend: string) {
    super(what)
    this.field = field
    this.mend = mend
  }
}

type Fields = Readonly<Record<string, unknown>>

function profilesOf(value: unknown): readonly CostProfile[] {
  const file = fieldsOf(value, '')
  refuseOthers(file, '', ['profiles'])
  const { profiles } = file
  if (!Array.isArray(profiles) || profiles.length === 0)
    throw new Fault('profiles', `${quoted(profiles)} is no list of profiles`, 'make the file with svcsim calibrate')
  const found = profiles.map((profile, i) => profileOf(profile, `profiles[${i}]`))
  found.forEach(({ backend }, i) => {
    if (found.findIndex(p => p.backend === backend) < i)
      throw new Fault(`profiles[${i}].backend`, `there are two profiles of ${backend}`, 'leave one')
  })
  return found
}

function profileOf(value: unknown, field: string): CostProfile {
  const fields = fieldsOf(value, field)
  refuseOthers(fields, field, ['backend', 'provenance', 'prices', 'fit'])
  const backend = COST_BACKENDS.find(b => b === fields['backend'])
  if (backend === undefined)
    throw new Fault(
      `${field}.backend`,
      `${quoted(fields['backend'])} is no backend`,
      `write ${COST_BACKENDS.join(', ')}`,
    )
  const profile: CostProfile = {
    backend,
    provenance: provenanceOf(fields['provenance'], `${field}.provenance`),
    prices: pricesOf(fields['prices'], `${field}.prices`, backend),
  }
  if (fields['fit'] === undefined) return profile
  const at = `${field}.fit`
  const fit = fieldsOf(fields['fit'], at)
  refuseOthers(fit, at, FIT)
  const [cases, medianError, worstError] = FIT.map(key => amountOf(fit[key], `${at}.${key}`))
  return { ...profile, fit: { cases, medianError, worstError } }
}

const FIT = ['cases', 'medianError', 'worstError']
const PROVENANCE = ['kernel', 'cpu', 'tools', 'date', 'method'] as const

function provenanceOf(value: unknown, field: string): CostProvenance {
  const fields = fieldsOf(value, field)
  refuseOthers(fields, field, PROVENANCE)
  for (const key of PROVENANCE)
    if (typeof fields[key] !== 'string')
      throw new Fault(`${field}.${key}`, `${quoted(fields[key])} is no text`, 'say where the prices come from')
  return fields as unknown as CostProvenance
}

function pricesOf(value: unknown, field: string, backend: CostBackend): CostProfile['prices'] {
  const fields = fieldsOf(value, field)
  const terms = Object.keys(COST_TERMS[backend]) as CostTerm[]
  refuseOthers(fields, field, terms)
  return Object.fromEntries(terms.map(term => [term, priceOf(fields[term], `${field}.${term}`)]))
}

function priceOf(value: unknown, field: string): Price {
  if (!Array.isArray(value)) return amountOf(value, field)
  if (value.length === 0) throw new Fault(field, 'the curve has no points', 'write [[size, ns], …]')
  const points = value.map((point, i): readonly [number, number] => {
    const at = `${field}[${i}]`
    if (!Array.isArray(point) || point.length !== 2)
      throw new Fault(at, `${quoted(point)} is no point`, 'write [size, ns]')
    return [amountOf(point[0], `${at}[0]`), amountOf(point[1], `${at}[1]`)]
  })
  for (let i = 1; i < points.length; i++)
    if (points[i][0] <= points[i - 1][0])
      throw new Fault(`${field}[${i}][0]`, `size ${points[i][0]} is not above the one before`, 'let sizes rise')
  return points
}

function amountOf(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new Fault(
      field,
      `${quoted(value)} is no number from 0 on`,
      'write nanoseconds; a calibration file has all of them',
    )
  return value
}

function fieldsOf(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault(field, `${quoted(value)} is no object`, 'make the file with svcsim calibrate')
  return value as Fields
}

function refuseOthers(fields: Fields, field: string, known: readonly string[]): void {
  const other = Object.keys(fields).find(key => !known.includes(key))
  if (other !== undefined)
    throw new Fault(
      field === '' ? other : `${field}.${other}`,
      'the field is unknown',
      didYouMean(other, known, `known are ${known.join(', ')}`),
    )
}
