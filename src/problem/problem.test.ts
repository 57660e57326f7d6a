import { describe, expect, it } from 'vitest'
import { badInput, badUsage, describeProblem, ioFailed, quoted } from './problem.ts'

describe('a problem in words', () => {
  it.each([
    [badUsage('unknown option --x', 'see svcsim --help'), 'unknown option --x; see svcsim --help'],
    [
      badInput(
        { file: 'a.yaml', document: 2, line: 3, column: 7, field: 'spec.ports[0].port' },
        'is 70000',
        'use 1 to 65535',
      ),
      'a.yaml:3:7: document 2: spec.ports[0].port: is 70000; use 1 to 65535',
    ],
    [badInput({ file: 'a.yaml', document: 1 }, 'is empty', 'put an object in'), 'a.yaml: is empty; put an object in'],
    [badInput({ field: '--set x' }, 'is 1', 'use 2'), '--set x: is 1; use 2'],
    [badInput({ line: 4 }, 'is off', 'mend it'), 'line 4: is off; mend it'],
    [ioFailed('out', 'write', 'EACCES', 'choose another folder'), 'out: cannot write: EACCES; choose another folder'],
    [{ _tag: 'ThresholdFailed', failures: ['a < 1 (is 2)'] } as const, '1 threshold(s) failed: a < 1 (is 2)'],
  ])('%#', (problem, text) => {
    expect(describeProblem(problem)).toBe(text)
  })

  it('shows control characters of hostile input instead of sending them to the terminal', () => {
    expect(describeProblem(badInput({ file: 'a\u001b[2J.yaml' }, 'has \u0007 and \u202e', 'mend it'))).toBe(
      'a\\u001b[2J.yaml: has \\u0007 and \\u202e; mend it',
    )
  })

  it('cuts long values', () => {
    expect(quoted('x'.repeat(1000))).toHaveLength(78)
    expect(quoted(undefined)).toBe('undefined')
    expect(quoted(Number.NaN)).toBe('null')
  })
})
