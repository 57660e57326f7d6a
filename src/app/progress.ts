/**
 * Progress on stderr: one live line on a terminal, a plain line for each phase elsewhere, nothing with --quiet. It never touches stdout.
 */
import process from 'node:process'

export interface Progress {
  /** A new phase begins: `reading objects`, `replaying 20,000,000 packets`. */
  phase(text: string): void
  /** Part of the phase that is done, 0 to 1. */
  part(done: number): void
  /** Clears the live line; the last call. */
  end(): void
}

const BAR_WIDTH = 24
const REDRAW_MS = 100

export function makeProgress(quiet: boolean, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (quiet) return { phase: () => {}, part: () => {}, end: () => {} }
  return stream.isTTY === true ? liveLine(stream) : plainLines(stream)
}

function plainLines(stream: NodeJS.WriteStream): Progress {
  return {
    phase: text => {
      stream.write(`svcsim: ${text}\n`)
    },
    part: () => {},
    end: () => {},
  }
}

function liveLine(stream: NodeJS.WriteStream): Progress {
  let text = ''
  let drawnMs = Number.NEGATIVE_INFINITY
  const draw = (line: string): void => {
    stream.write(`\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`)
  }
  return {
    phase: next => {
      text = next
      draw(text)
    },
    part: done => {
      const nowMs = performance.now()
      if (nowMs - drawnMs < REDRAW_MS && done < 1) return
      drawnMs = nowMs
      const filled = Math.round(done * BAR_WIDTH)
      draw(`${text} [${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${Math.floor(done * 100)} %`)
    },
    end: () => {
      draw('')
    },
  }
}
