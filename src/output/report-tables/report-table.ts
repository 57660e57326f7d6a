/** A table that people read: texts and formatted numbers, not escaped. */

export interface ReportTable {
  readonly id:
    | 'thresholds'
    | 'budget'
    | 'trust'
    | 'head'
    | 'steps'
    | 'cost'
    | 'modelled'
    | 'published'
    | 'overall'
    | 'worst'
    | 'zones'
    | 'chains'
    | 'detail'
    | 'inputs'
    | 'outcomes'
    | 'latency'
  readonly title: string
  /** One or two sentences on how to read it; empty for none. */
  readonly note: string
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly string[])[]
}

export interface ReportColumn {
  readonly title: string
  readonly numeric: boolean
}

export const words = (title: string): ReportColumn => ({ title, numeric: false })
export const figures = (title: string): ReportColumn => ({ title, numeric: true })
