/**
 * What one packet costs a `-m limit`, in microseconds of credit; the bucket holds `burst` times that. Models xt_limit's user2credits of the
 * interval that libxt_limit writes: whole ten-thousandths of a second.
 */
import type { RateUnit } from '../../ruleset/ruleset.ts'

export const limitCostUs = ({ rate, per }: { readonly rate: number; readonly per: RateUnit }): number =>
  Math.floor((10_000 * UNIT_SECONDS[per]) / rate) * 100

const UNIT_SECONDS: Readonly<Record<RateUnit, number>> = { sec: 1, min: 60, hour: 3_600, day: 86_400 }
