/** Ctrl-C and SIGTERM as an AbortSignal, for the length of one task: what was begun is cleared away before the process ends. */
import process from 'node:process'
import type * as TE from 'fp-ts/lib/TaskEither.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const withInterrupt =
  <E, A>(use: (signal: AbortSignal) => TE.TaskEither<E, A>): TE.TaskEither<E, A> =>
  async () => {
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    for (const name of SIGNALS) process.on(name, abort)
    try {
      return await use(controller.signal)()
    } finally {
      for (const name of SIGNALS) process.off(name, abort)
    }
  }
