/** Short forms of the Arrow fields that the log's columns are made of; none of them is null unless `nullable` says so. */
import type { ArrowField } from '../arrow/arrow-vector.ts'
import { PROTOCOLS } from '../net/protocol.ts'

type Kind = 'utf8' | 'bool' | 'uint16' | 'int64'

export const plainField = (kind: Kind, name: string, description: string, unit = ''): ArrowField => ({
  name,
  type: { kind },
  nullable: false,
  unit,
  description,
})

/** Text of a fixed list of words. */
export const wordField = (name: string, words: readonly string[], description: string): ArrowField => ({
  name,
  type: { kind: 'dictionary', words, indexBits: 8 },
  nullable: false,
  description,
})

/** A list whose items are `item`'s type. */
export const listField = (name: string, item: ArrowField['type'], description: string): ArrowField => ({
  name,
  type: { kind: 'list', item: { name: 'item', type: item, nullable: false } },
  nullable: false,
  description,
})

export const structField = (name: string, fields: readonly ArrowField[], description: string): ArrowField => ({
  name,
  type: { kind: 'struct', fields },
  nullable: false,
  description,
})

export const nullable = (field: ArrowField): ArrowField => ({ ...field, nullable: true })

export const PROTOCOL_FIELD = wordField('protocol', PROTOCOLS, 'TCP, UDP or SCTP')
