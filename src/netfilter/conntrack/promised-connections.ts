/**
 * Conntrack as a promise in place of a table: every packet that asks begins a connection, there is always room, and the translation it gets is
 * kept for its later packets by whoever sends them. What runs of a scenario have; source ports are not drawn.
 */
import { CT } from '../../net/packet.ts'
import type { Tracker } from './tracker.ts'

export const PROMISED_CONNECTIONS: Tracker = {
  consultsNat: true,
  sourceIsOpen: false,
  destinationIsOpen: false,
  hasEntry: true,
  mark: 0,
  begin: () => {},
  resume: () => {},
  track: packet => {
    packet.ctState = CT.NEW
    return true
  },
  bindDestination: () => {},
  bindSource: () => true,
  confirm: () => {},
  release: () => {},
}
