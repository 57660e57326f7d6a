/** One thread's work on a replay, whatever the proxy mode: jobs in any order, each once, and at the end what it counted. */
import type { Job } from './jobs.ts'
import { NftReplayer } from './nft/nft-replayer.ts'
import type { ReplayPlan } from './replay-plan.ts'
import { finishReplay, newReplayer, replayJob } from './replayer.ts'
import type { Tallies } from './tallies.ts'

export interface JobReplayer {
  replay(job: Job): void
  /** The replayer is used up. */
  finish(): Tallies
}

export function jobReplayer(plan: ReplayPlan): JobReplayer {
  if (plan.mode === 'nftables') return new NftReplayer(plan)
  const replayer = newReplayer(plan)
  return {
    replay: job => {
      replayJob(replayer, job)
    },
    finish: () => finishReplay(replayer),
  }
}
