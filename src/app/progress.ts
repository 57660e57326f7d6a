/**
 * Progress on stderr, never on stdout: on a terminal one live line with a bar, the rate and the time left, elsewhere a plain line a phase
 * and one every ten seconds of a long one, nothing with --quiet. While the live line stands, whatever else is written to the terminal gets
 * lines of its own above it.
 */
import process from 'node:process'
import { countText } from '../output/number-text.ts'

export interface Progress {
  /** A new phase begins: `making the cluster`. `work`: how much there is to do, where its rate is worth knowing. */
  phase(text: string, work?: Work): void
  /** Part of the phase that is done, 0 to 1. */
  part(done: number): void
  /** Clears the live line; the last call. */
  end(): void
}

export interface Work {
  readonly total: number
  /** As `connections`. */
  readonly unit: string
}

/** What progress needs of a stream; a terminal has `columns`. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }

const BAR_WIDTH = 24
const REDRAW_MS = 100
const PLAIN_MS = 10_000

export function makeProgress(
  quiet: boolean,
  stream: ProgressStream = process.stderr,
  nowMs: () => number = () => performance.now(),
): Progress {
  if (quiet) return { phase: () => {}, part: () => {}, end: () => {} }
  return stream.isTTY === true ? liveLine(stream, nowMs) : plainLines(stream, nowMs)
}

function plainLines(stream: ProgressStream, nowMs: () => number): Progress {
  let now: Phase = { text: '', startMs: 0 }
  let saidMs = 0
  return {
    phase: (text, work) => {
      stream.write(`svcsim: ${text}\n`)
      now = { text, work, startMs: nowMs() }
      saidMs = now.startMs
    },
    part: done => {
      if (nowMs() - saidMs < PLAIN_MS || done >= 1) return
      saidMs = nowMs()
      stream.write(`svcsim: ${now.text}: ${figures(now, done, saidMs)}\n`)
    },
    end: () => {},
  }
}

function liveLine(stream: ProgressStream, nowMs: () => number): Progress {
  const write = stream.write
  let now: Phase = { text: '', startMs: 0 }
  let line = ''
  let drawnMs = Number.NEGATIVE_INFINITY
  const raw = (text: string): void => {
    write.call(stream, text)
  }
  const draw = (text: string): void => {
    // A terminal that does not know its width says 0.
    line = text.slice(0, (stream.columns || 80) - 1)
    raw(`\r${line}${ERASE_TO_END}`)
  }
  const aside = (...words: Parameters<typeof write>): boolean => {
    raw(`\r${ERASE_TO_END}`)
    const result = write.apply(stream, words)
    // What does not end its line would be overwritten.
    if (String(words[0]).endsWith('\n')) raw(line)
    return result
  }
  Object.assign(stream, { write: aside })
  return {
    phase: (text, work) => {
      now = { text, work, startMs: nowMs() }
      draw(text)
    },
    part: done => {
      const atMs = nowMs()
      if (atMs - drawnMs < REDRAW_MS && done < 1) return
      drawnMs = atMs
      const filled = Math.round(done * BAR_WIDTH)
      draw(`${now.text} [${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${figures(now, done, atMs)}`)
    },
    end: () => {
      draw('')
      Object.assign(stream, { write })
    },
  }
}

const ERASE_TO_END = '\u001b[K'

interface Phase {
  readonly text: string
  readonly work?: Work
  readonly startMs: number
}

/** `40 %, 1.2 M connections/s, 8 s left`. */
function figures({ work, startMs }: Phase, done: number, atMs: number): string {
  const seconds = (atMs - startMs) / 1000
  const parts = [`${Math.floor(done * 100)} %`]
  if (work !== undefined && done > 0 && seconds > 0)
    parts.push(`${rateText((work.total * done) / seconds)} ${work.unit}/s`)
  // The first moments say little about the rest.
  if (done > 0 && done < 1 && seconds >= 1) parts.push(`${leftText((seconds * (1 - done)) / done)} left`)
  return parts.join(', ')
}

const rateText = (perSecond: number): string =>
  perSecond >= 1e6
    ? `${(perSecond / 1e6).toFixed(1)} M`
    : perSecond >= 1e4
      ? `${countText(perSecond / 1e3)} k`
      : countText(perSecond)

function leftText(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 90 ? `${whole} s` : whole < 5400 ? `${Math.ceil(whole / 60)} min` : `${(whole / 3600).toFixed(1)} h`
}
