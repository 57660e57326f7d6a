/**
 * How long conntrack remembers a connection of which all is known beforehand: Linux's timeouts (netfilter/conntrack/timeouts.ts) behind its last
 * packet. Connections close in order at their last packet; nobody asks again who got no answer.
 */
import { SCTP_STATE } from '../../netfilter/conntrack/sctp-states.ts'
import { TCP_STATE } from '../../netfilter/conntrack/tcp-states.ts'
import {
  SCTP_TIMEOUT_US,
  TCP_TIMEOUT_US,
  UDP_STREAM_AGE_US,
  UDP_STREAM_US,
  UDP_UNREPLIED_US,
} from '../../netfilter/conntrack/timeouts.ts'
import type { TimeUs } from '../../sim/time.ts'

const TCP = 6
const UDP = 17
const FIRST_TIMEOUT_US: Readonly<Record<number, TimeUs>> = {
  [TCP]: TCP_TIMEOUT_US[TCP_STATE.synSent],
  [UDP]: UDP_UNREPLIED_US,
}

/** What an entry will live to see, worked out when its connection begins. */
export interface EntryLife {
  readonly closesUs: TimeUs
  readonly expiresUs: TimeUs
  readonly isAssured: boolean
}

/** Answered, and closed in order at `lastUs`. */
export const closed = (protocol: number, lastUs: TimeUs): EntryLife => ({
  closesUs: lastUs,
  expiresUs: lastUs + (protocol === TCP ? TCP_TIMEOUT_US[TCP_STATE.timeWait] : SCTP_TIMEOUT_US[SCTP_STATE.closed]),
  isAssured: true,
})

/** Answered, and reset at `lastUs`. */
export const reset = (protocol: number, lastUs: TimeUs): EntryLife => ({
  closesUs: lastUs,
  expiresUs: lastUs + (protocol === TCP ? TCP_TIMEOUT_US[TCP_STATE.close] : SCTP_TIMEOUT_US[SCTP_STATE.closed]),
  isAssured: true,
})

/** Answered until the machine behind it was lost; its last packet waits for an acknowledgement. */
export const abandoned = (protocol: number, lastUs: TimeUs): EntryLife => ({
  closesUs: Infinity,
  expiresUs:
    lastUs + (protocol === TCP ? TCP_TIMEOUT_US[TCP_STATE.established] : SCTP_TIMEOUT_US[SCTP_STATE.established]),
  isAssured: true,
})

/** Never answered. */
export const unanswered = (protocol: number, firstUs: TimeUs): EntryLife => ({
  closesUs: Infinity,
  expiresUs: firstUs + (FIRST_TIMEOUT_US[protocol] ?? SCTP_TIMEOUT_US[SCTP_STATE.closed]),
  isAssured: false,
})

/** Datagrams from `firstUs` to `lastUs`. */
export function datagrams(firstUs: TimeUs, lastUs: TimeUs, isAnswered: boolean): EntryLife {
  const isStream = isAnswered && lastUs - firstUs > UDP_STREAM_AGE_US
  return {
    closesUs: Infinity,
    expiresUs: lastUs + (isStream ? UDP_STREAM_US : UDP_UNREPLIED_US),
    isAssured: isStream,
  }
}
