/**
 * What users bring -> changes of objects in order of time: kubectl's lists (each object is ADDED, without a time), its watch streams
 * (`kubectl get --watch --output-watch-events -o json`, with a "time" when something added one) and SimKube traces. Times become
 * microseconds since the first instant of all files. Nothing is made up: an event without a time takes that of the one before it in
 * its file, and stays without when there is none.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEventType } from '../cluster/cluster-event.ts'
import { decodeEntry } from '../cluster/decode-entry.ts'
import { isJsonObject, type JsonPath } from '../cluster/field-cursor.ts'
import type { ManifestFile } from '../cluster/manifest-document.ts'
import { eachEntry, lazyPlaceOf, type ManifestEntry, placeOf } from '../cluster/manifest-entries.ts'
import type { ClusterObject, JsonObject } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { isWatchEvent, twinDetector } from '../cluster/read-objects.ts'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
import { parseInstantUs } from '../sim/parse-instant.ts'
import { SECOND_US, type TimeUs } from '../sim/time.ts'

export interface ImportedChange {
  readonly type: ClusterEventType
  /** undefined: the input says nothing; it comes before everything that has a time. */
  readonly timeUs: TimeUs | undefined
  readonly object: ClusterObject
  readonly place: Place
}

export interface ReadInputs {
  /** In order of time; equal times keep the order of the files and of the text. */
  readonly items: readonly ImportedChange[]
  /** Kind -> how many objects or events of it were left aside. */
  readonly unknownKinds: ReadonlyMap<string, number>
}

/** `reorder`: sorts a file whose times jump back, which is a problem otherwise. Files are merged by time in any case. */
export function readInputs(
  files: readonly ManifestFile[],
  { reorder = false }: { readonly reorder?: boolean } = {},
): E.Either<Problem, ReadInputs> {
  const reading = new InputReading()
  const problem = eachEntry(files, entry => reading.take(entry)) ?? (reorder ? undefined : reading.findJumpBack())
  return problem === undefined ? E.right(reading.result()) : E.left(problem)
}

/** A change as it was read, its time still an instant of the outside world or a number of seconds. */
interface RawChange {
  readonly type: ClusterEventType
  readonly time: RawTime | undefined
  readonly object: ClusterObject
  readonly place: Place
}

interface RawTime {
  readonly us: number
  /** Counted from 1970; else from the start of the simulation. */
  readonly isAbsolute: boolean
}

/** Seconds from here on are counted from 1970 (2001-09-09), fewer from the start of the simulation (31 years). */
const FIRST_ABSOLUTE_SECOND = 1_000_000_000

class InputReading {
  private readonly changes: RawChange[] = []
  private readonly unknownKinds = new Map<string, number>()
  private readonly refuseTwins = twinDetector()
  private readonly alive = new Set<string>()
  private file: string | undefined = undefined
  private lastTime: RawTime | undefined = undefined
  private firstTimed: RawChange | undefined = undefined

  take(entry: ManifestEntry): Problem | undefined {
    if (entry.document.file !== this.file) {
      this.file = entry.document.file
      this.lastTime = undefined
    }
    if (isWatchEvent(entry)) return this.takeWatchEvent(entry)
    if (isSimKubeTrace(entry.json)) return this.takeSimKubeTrace(entry)
    return this.add(entry, entry.json, [], 'ADDED', (object, place) => this.refuseTwins(object, place))
  }

  /** Times of one file that fall, the first such place. */
  findJumpBack(): Problem | undefined {
    let before: RawChange | undefined
    for (const change of this.changes) {
      if (change.time === undefined) continue
      if (before?.time !== undefined && before.place.file === change.place.file && change.time.us < before.time.us)
        return badInput(
          { ...change.place },
          `the time jumps back by ${(before.time.us - change.time.us) / SECOND_US} s`,
          'sort the stream, or pass --reorder',
        )
      before = change
    }
    return undefined
  }

  result(): ReadInputs {
    const { changes, unknownKinds } = this
    let origin = Number.POSITIVE_INFINITY
    for (const { time } of changes) if (time?.isAbsolute) origin = Math.min(origin, time.us)
    const items = changes.map(({ type, time, object, place }) => ({
      type,
      timeUs: time === undefined ? undefined : time.isAbsolute ? time.us - origin : time.us,
      object: time?.isAbsolute ? sinceOrigin(object, origin) : object,
      place,
    }))
    return { items: items.sort((a, b) => (a.timeUs ?? -1) - (b.timeUs ?? -1)), unknownKinds }
  }

  private takeWatchEvent(entry: ManifestEntry): Problem | undefined {
    const { type, object, time } = entry.json
    if (type === 'BOOKMARK') return undefined
    if (type === 'ERROR')
      return badInput(
        placeOf(entry, []),
        `the watch ended with an error: ${quoted(object)}`,
        'remove this event, or record it again',
      )
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED')
      return badInput(
        placeOf(entry, ['type']),
        `${quoted(type)} is no type of event`,
        'write ADDED, MODIFIED or DELETED',
      )
    if (!isJsonObject(object))
      return badInput(
        placeOf(entry, ['object']),
        `expected an object, found ${quoted(object)}`,
        'write a Kubernetes object',
      )
    return this.setTime(entry, ['time'], time) ?? this.add(entry, object, ['object'], type)
  }

  /** github.com/acrlabs/simkube, exported as JSON: what was applied and deleted at each instant. */
  private takeSimKubeTrace(entry: ManifestEntry): Problem | undefined {
    const events = entry.json['events'] as readonly unknown[]
    for (let i = 0; i < events.length; i++) {
      const event = events[i]
      if (!isJsonObject(event))
        return badInput(
          placeOf(entry, ['events', i]),
          `expected an object, found ${quoted(event)}`,
          'write ts and applied_objs',
        )
      const problem =
        this.setTime(entry, ['events', i, 'ts'], event['ts']) ??
        this.takeTraceObjects(entry, ['events', i, 'applied_objs'], event['applied_objs'], undefined) ??
        this.takeTraceObjects(entry, ['events', i, 'deleted_objs'], event['deleted_objs'], 'DELETED')
      if (problem !== undefined) return problem
    }
    return undefined
  }

  private takeTraceObjects(
    entry: ManifestEntry,
    path: JsonPath,
    objects: unknown,
    type: 'DELETED' | undefined,
  ): Problem | undefined {
    if (objects === undefined) return undefined
    if (!Array.isArray(objects))
      return badInput(placeOf(entry, path), `expected a list, found ${quoted(objects)}`, 'write a list')
    for (let i = 0; i < objects.length; i++) {
      const object: unknown = objects[i]
      const problem = isJsonObject(object)
        ? this.add(entry, object, [...path, i], type)
        : badInput(
            placeOf(entry, [...path, i]),
            `expected an object, found ${quoted(object)}`,
            'write a Kubernetes object',
          )
      if (problem !== undefined) return problem
    }
    return undefined
  }

  private setTime(entry: ManifestEntry, path: JsonPath, value: unknown): Problem | undefined {
    if (value === undefined || value === null) return undefined
    const time = rawTime(value)
    if (time === undefined)
      return badInput(
        placeOf(entry, path),
        `${quoted(value)} is no time`,
        'write RFC 3339 (2026-01-31T12:00:00.5Z) or seconds',
      )
    const first = this.firstTimed?.time
    if (first !== undefined && first.isAbsolute !== time.isAbsolute)
      return badInput(
        placeOf(entry, path),
        `${quoted(value)} counts from ${time.isAbsolute ? '1970' : 'the start'}, earlier times do not`,
        'let all times count from the same instant',
      )
    this.lastTime = time
    return undefined
  }

  /** `type` undefined: ADDED when the object was not there, else MODIFIED. */
  private add(
    entry: ManifestEntry,
    json: JsonObject,
    path: JsonPath,
    type: ClusterEventType | undefined,
    check?: (object: ClusterObject, place: Place) => Problem | undefined,
  ): Problem | undefined {
    const decoded = decodeEntry(entry, json, path)
    if (E.isLeft(decoded)) return decoded.left
    if (decoded.right._tag === 'UnknownKind') {
      const { name } = decoded.right
      this.unknownKinds.set(name, (this.unknownKinds.get(name) ?? 0) + 1)
      return undefined
    }
    const { object } = decoded.right
    const key = `${object.kind} ${objectKey(object)}`
    const place = lazyPlaceOf({ ...entry, path: [...entry.path, ...path] })
    const change = { type: type ?? (this.alive.has(key) ? 'MODIFIED' : 'ADDED'), time: this.lastTime, object, place }
    if (type === 'DELETED') this.alive.delete(key)
    else this.alive.add(key)
    this.changes.push(change)
    if (change.time !== undefined) this.firstTimed ??= change
    return check?.(object, place)
  }
}

/** A slice's trigger time counted from the start of the log, as the times of its events; one from before it counts as the start. */
function sinceOrigin(object: ClusterObject, originUs: number): ClusterObject {
  if (object.kind !== 'EndpointSlice' || object.lastChangeTriggerUs === undefined) return object
  return { ...object, lastChangeTriggerUs: Math.max(0, object.lastChangeTriggerUs - originUs) }
}

function rawTime(value: unknown): RawTime | undefined {
  if (typeof value === 'string') {
    const us = parseInstantUs(value)
    return us === undefined ? undefined : { us, isAbsolute: true }
  }
  if (typeof value !== 'number' || !(value >= 0) || !Number.isSafeInteger(Math.round(value * SECOND_US)))
    return undefined
  return { us: Math.round(value * SECOND_US), isAbsolute: value >= FIRST_ABSOLUTE_SECOND }
}

const isSimKubeTrace = (json: JsonObject): boolean =>
  json['kind'] === undefined && typeof json['version'] === 'number' && Array.isArray(json['events'])
