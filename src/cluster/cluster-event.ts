/**
 * One change of one object: what the event log is made of. Immutable. Types are the watch API's own words.
 * Order is (sequence): times never fall as sequences rise, equal times keep the order of append.
 */
import type { TimeUs } from '../sim/time.ts'
import type { ClusterObject } from './objects.ts'

export type ClusterEventType = 'ADDED' | 'MODIFIED' | 'DELETED'

export interface ClusterEvent {
  /** Position in the log, from 0, without gaps. */
  readonly sequence: number
  readonly timeUs: TimeUs
  readonly type: ClusterEventType
  /** The whole object after the change; for DELETED, as it was last. */
  readonly object: ClusterObject
}
