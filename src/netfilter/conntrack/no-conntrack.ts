/**
 * Connection tracking of a node whose rules do not ask for it: the kernel switches it on with the first rule that matches a state or
 * translates (nf_ct_netns_get), and without it no packet belongs to anything and table nat is never asked.
 */
import type { Ruleset } from '../../ruleset/ruleset.ts'
import type { Tracker } from './tracker.ts'

export const NO_CONNTRACK: Tracker = {
  consultsNat: false,
  sourceIsOpen: false,
  destinationIsOpen: false,
  hasEntry: false,
  mark: 0,
  begin: () => {},
  resume: () => {},
  track: () => true,
  bindDestination: () => {},
  bindSource: () => true,
  confirm: () => {},
  release: () => {},
}

export const asksConntrack = (ruleset: Ruleset): boolean =>
  ruleset.tables.some(({ chains }) =>
    chains
      .values()
      .some(({ rules }) =>
        rules.some(
          ({ matches, verdict }) => TRANSLATES.has(verdict?.kind ?? '') || matches.some(m => ASKS.has(m.kind)),
        ),
      ),
  )

const ASKS: ReadonlySet<string> = new Set(['conntrack', 'connmark'])
const TRANSLATES: ReadonlySet<string> = new Set(['dnat', 'snat', 'masquerade', 'redirect', 'connmark'])
