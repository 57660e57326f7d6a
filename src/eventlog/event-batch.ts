/**
 * Events as one Arrow batch, and back: the columns of the log. Pods and EndpointSlices, the frequent kinds, are columns; other kinds,
 * and every object that was imported, are JSON in Kubernetes' own form in `object`. Columns of a Pod or slice are filled for imported
 * ones too, so that a notebook finds them all in one place, but `object` is what is read back then.
 * About 1 µs to write a Pod event and 0.7 µs to read one (bench/cases/event-log.ts).
 */
import type { ArrowBatch, ArrowField, ArrowVector } from '../arrow/arrow-vector.ts'
import { isNull, isTrue } from '../arrow/arrow-vector.ts'
import { BitBuilder, NumberBuilder } from '../arrow/column-builders.ts'
import { int64ToFloat64, int64Vector } from '../arrow/table-vectors.ts'
import { TextMapBuilder, type TextMapPool, textMapReader } from '../arrow/text-columns.ts'
import { Utf8Builder, utf8Reader } from '../arrow/utf8-column.ts'
import type { ClusterEvent, ClusterEventType } from '../cluster/cluster-event.ts'
import type { ClusterObject } from '../cluster/objects.ts'
import { KINDS } from '../cluster/objects.ts'
import { nullable, plainField, wordField } from './event-fields.ts'
import { objectFromJson, objectToJson } from './object-json.ts'
import { POD_FIELD, PodBuilder, type PortPool, podReader } from './pod-columns.ts'
import { SLICE_FIELD, SliceBuilder, sliceReader } from './slice-columns.ts'

const TYPES: readonly ClusterEventType[] = ['ADDED', 'MODIFIED', 'DELETED']

export const EVENT_FIELDS: readonly ArrowField[] = [
  plainField('int64', 'sequence', 'position in the log, from 0, without gaps', '1'),
  plainField('int64', 'timeUs', 'simulated time since the start', 'us'),
  wordField('type', TYPES, "the watch API's word for the change"),
  wordField('kind', KINDS, 'kind of the object'),
  plainField('utf8', 'namespace', 'empty for cluster-scoped kinds'),
  plainField('utf8', 'name', 'metadata.name'),
  plainField('bool', 'imported', 'the object came from files and not from the simulator'),
  { name: 'labels', type: { kind: 'map' }, nullable: false, description: 'metadata.labels' },
  POD_FIELD,
  SLICE_FIELD,
  nullable(
    plainField('utf8', 'object', 'the object as JSON; null where a Pod or EndpointSlice is wholly in its columns'),
  ),
]

/** Lays events out as a batch, which is valid until the next call: the builders keep their memory. */
export function batchEncoder(): (events: readonly ClusterEvent[]) => ArrowBatch {
  const sequences = new NumberBuilder(n => new Float64Array(n))
  const times = new NumberBuilder(n => new Float64Array(n))
  const types = new NumberBuilder(n => new Int8Array(n))
  const kinds = new NumberBuilder(n => new Int8Array(n))
  const namespaces = new Utf8Builder()
  const names = new Utf8Builder()
  const imported = new BitBuilder()
  const labels = new TextMapBuilder()
  const pods = new PodBuilder()
  const slices = new SliceBuilder()
  const written = new BitBuilder()
  const objects = new Utf8Builder()
  const builders = [sequences, times, types, kinds, namespaces, names, imported, labels, pods, slices, written, objects]

  return events => {
    for (const builder of builders) builder.reset()
    for (const { sequence, timeUs, type, object } of events) {
      sequences.push(sequence)
      times.push(timeUs)
      types.push(TYPES.indexOf(type))
      kinds.push(KINDS.indexOf(object.kind))
      namespaces.push(object.namespace)
      names.push(object.name)
      imported.push(object.source !== undefined)
      labels.push(object.labels)
      if (object.kind === 'Pod') pods.push(object)
      else pods.pushNone()
      if (object.kind === 'EndpointSlice') slices.push(object)
      else slices.pushNone()
      const inColumns = isInColumns(object)
      written.push(!inColumns)
      objects.push(inColumns ? '' : objectToJson(object))
    }
    return {
      rowCount: events.length,
      vectors: [
        int64Vector(sequences.used()),
        int64Vector(times.used()),
        types.vector(),
        kinds.vector(),
        namespaces.vector(),
        names.vector(),
        imported.vector(),
        labels.vector(),
        pods.vector(),
        slices.vector(),
        written.mask(objects.vector()),
      ],
    }
  }
}

/** What events of a stream share, kept from batch to batch: less memory for a state, and less time to make it. */
export interface EventPool {
  readonly labels: TextMapPool
  readonly ports: PortPool
}

/** The events of a batch by row. What every reader looks at is there at once; an object is made when it is asked for. */
export interface EventRows {
  readonly rowCount: number
  readonly sequence: Float64Array
  readonly timeUs: Float64Array
  /** Indices into KINDS. */
  readonly kind: Int8Array
  readonly namespaces: ArrowVector
  readonly names: ArrowVector
  type(row: number): ClusterEventType
  /** Throws where the row's columns or JSON are no object. */
  object(row: number): ClusterObject
}

export function readRows({ rowCount, vectors }: ArrowBatch, pool: EventPool): EventRows {
  const [sequences, times, types, kinds, namespaces, names] = vectors
  if ([namespaces, names].some(v => v.offsets === undefined || v.offsets.length <= rowCount))
    throw new Error('the batch lacks names')
  const type = types.values as Int8Array
  let read: ((row: number) => ClusterObject) | undefined
  return {
    rowCount,
    sequence: int64ToFloat64(sequences.values as BigInt64Array),
    timeUs: int64ToFloat64(times.values as BigInt64Array),
    kind: kinds.values as Int8Array,
    namespaces,
    names,
    type: row => TYPES[type[row]],
    object: row => {
      read ??= objectReader(vectors, pool)
      return read(row)
    },
  }
}

/** Visits the events of a batch in order. */
export function visitRows(rows: EventRows, visit: (event: ClusterEvent) => void): void {
  const { rowCount, sequence, timeUs } = rows
  for (let row = 0; row < rowCount; row++)
    visit({ sequence: sequence[row], timeUs: timeUs[row], type: rows.type(row), object: rows.object(row) })
}

function objectReader(vectors: ArrowBatch['vectors'], pool: EventPool): (row: number) => ClusterObject {
  const [, , , kinds, namespaces, names, imported, labelMaps, pods, slices, objects] = vectors
  const kind = kinds.values as Int8Array
  const namespace = utf8Reader(namespaces)
  const name = utf8Reader(names)
  const labels = textMapReader(labelMaps, pool.labels)
  const pod = podReader(pods, pool.ports)
  const slice = sliceReader(slices)
  const json = utf8Reader(objects)
  return row =>
    !isNull(objects, row)
      ? objectFromJson(json(row), isTrue(imported, row))
      : KINDS[kind[row]] === 'Pod'
        ? pod(row, namespace(row), name(row), labels(row))
        : slice(row, namespace(row), name(row), labels(row))
}

const isInColumns = (object: ClusterObject): boolean =>
  object.source === undefined && (object.kind === 'Pod' || object.kind === 'EndpointSlice')
