/** A planned run, known to be of one proxy mode. */
import type { PlannedIptables, PlannedNftables, PlannedRun } from '../src/replay/plan-run.ts'

export function inIptables(run: PlannedRun): PlannedIptables {
  if (run.mode !== 'iptables') throw new Error('the run is in nftables mode')
  return run
}

export function inNftables(run: PlannedRun): PlannedNftables {
  if (run.mode !== 'nftables') throw new Error('the run is in iptables mode')
  return run
}
