/**
 * Expected failures as values: one closed union, carried in fp-ts `Either`/`TaskEither` from the floor that noticed to the
 * command line, which alone turns it into words and an exit code. A broken invariant is not a Problem: it throws.
 * Every Problem says where (file, document, line, column, field), what was wrong with which value, and what to do.
 */
export type Problem =
  /** The command line itself is off. Exit code 2. */
  | { readonly _tag: 'BadUsage'; readonly what: string; readonly mend: string }
  /** What the user handed in is off. Exit code 2. */
  | { readonly _tag: 'BadInput'; readonly place: Place; readonly what: string; readonly mend: string }
  /** The operating system said no. Exit code 3. */
  | {
      readonly _tag: 'IoFailed'
      readonly path: string
      readonly operation: string
      readonly cause: string
      readonly mend: string
    }
  /** A log's bytes are not what was written. Exit code 1. */
  | { readonly _tag: 'Damaged'; readonly path: string; readonly what: string; readonly mend: string }
  /** A threshold failed. Exit code 1. */
  | { readonly _tag: 'ThresholdFailed'; readonly failures: readonly string[] }
  /** What was compared is not the same. Exit code 1. */
  | { readonly _tag: 'Differs'; readonly what: string }
  /** Ctrl-C or SIGTERM. Exit code 130. */
  | { readonly _tag: 'Interrupted' }

/** Where in the user's input; line and column count from 1, document from 1. */
export interface Place {
  readonly file?: string
  readonly document?: number
  readonly line?: number
  readonly column?: number
  /** Path of the field, as `spec.ports[0].port`. */
  readonly field?: string
}

export const badUsage = (what: string, mend: string): Problem => ({ _tag: 'BadUsage', what, mend })

export const badInput = (place: Place, what: string, mend: string): Problem => ({ _tag: 'BadInput', place, what, mend })

export const ioFailed = (path: string, operation: string, cause: string, mend: string): Problem => ({
  _tag: 'IoFailed',
  path,
  operation,
  cause,
  mend,
})

/** One line of text (control characters of hostile input are escaped), without the leading `svcsim:`. */
export function describeProblem(problem: Problem): string {
  switch (problem._tag) {
    case 'BadUsage':
      return printable(`${problem.what}; ${problem.mend}`)
    case 'BadInput': {
      const place = describePlace(problem.place)
      return printable(`${place === '' ? '' : `${place}: `}${problem.what}; ${problem.mend}`)
    }
    case 'IoFailed':
      return printable(`${problem.path}: cannot ${problem.operation}: ${problem.cause}; ${problem.mend}`)
    case 'Damaged':
      return printable(`${problem.path}: ${problem.what}; ${problem.mend}`)
    case 'ThresholdFailed':
      return printable(`${problem.failures.length} threshold(s) failed: ${problem.failures.join('; ')}`)
    case 'Differs':
      return printable(problem.what)
    case 'Interrupted':
      return 'interrupted; nothing was left behind'
  }
}

/** A value of the user's, quoted and cut to a readable length, for use inside a Problem's text. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function describePlace(place: Place): string {
  const parts: string[] = []
  if (place.file !== undefined) {
    const line = place.line === undefined ? '' : `:${place.line}${place.column === undefined ? '' : `:${place.column}`}`
    parts.push(`${place.file}${line}`)
  } else if (place.line !== undefined)
    parts.push(`line ${place.line}${place.column === undefined ? '' : `, column ${place.column}`}`)
  if (place.document !== undefined && place.document > 1) parts.push(`document ${place.document}`)
  if (place.field !== undefined && place.field !== '') parts.push(place.field)
  return parts.join(': ')
}

function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
