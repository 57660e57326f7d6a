import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeSweep } from '../../test/make-run-result.ts'
import { findings } from './findings.ts'
import { summaryMarkdown } from './summary.ts'
import { terminalSummary } from './terminal-summary.ts'

/** What the tables hold is another test's affair. */
const DIGEST = '0123456789abcdef'.repeat(4)

const HOSTILE = '<img src=x onerror=alert(1)>|`a`\n# b\u001b[2J\u202e'

describe('summary.md', () => {
  it('reads like this', async () => {
    const { run, tables } = makeRun(
      { serviceSizes: [3, 1, 2, 0] },
      { warnings: ['2 objects of kind Ingress were not read'] },
    )
    await expect(summaryMarkdown({ ...run, digest: DIGEST }, findings(run, tables))).toMatchFileSnapshot(
      '../../testdata/output/summary.md',
    )
  })

  it('shows hostile names as text, one table row a line', () => {
    const { run, tables } = makeRun({ name: () => HOSTILE, question: HOSTILE })
    const text = summaryMarkdown(run, findings(run, tables))
    expect(text).toContain('\\<img src=x onerror=alert(1)\\>\\|\\`a\\`\\\\u000a# b\\\\u001b\\[2J\\\\u202e')
    expect(text).not.toMatch(/[^\\]<img|\u001b|\u202e/)
    const rows = text.split('\n').filter(line => line.startsWith('| shop/'))
    expect(new Set(rows.map(row => row.match(/(?<!\\)\|/g)!.length))).toEqual(new Set([10]))
  })

  it('shows the steps of a sweep', () => {
    const { run, tables } = makeRun({}, { sweep: makeSweep() })
    expect(summaryMarkdown(run, findings(run, tables))).toContain('| 1,000 | 3,020 | 530 | 530 | 1,030 | 1,031 |')
  })
})

describe('the summary in a terminal', () => {
  it('reads like this', async () => {
    const { run, tables } = makeRun(
      { serviceSizes: [3, 1, 2, 0] },
      { warnings: ['2 objects of kind Ingress were not read'] },
    )
    await expect(terminalSummary({ ...run, digest: DIGEST }, findings(run, tables))).toMatchFileSnapshot(
      '../../testdata/output/terminal-summary.txt',
    )
  })

  it('fits 80 columns whatever the names are', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.constant(HOSTILE),
      fc.constant('字'.repeat(90)),
    )
    fc.assert(
      fc.property(text, text, (name, question) => {
        const { run, tables } = makeRun(
          { name: () => name, question, connections: () => 20 },
          { sweep: makeSweep([1, 5_000]) },
        )
        const lines = terminalSummary(run, findings(run, tables)).split('\n')
        expect(lines.filter(l => [...l].length > 80)).toEqual([])
        expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
      }),
      { numRuns: 50 },
    )
  })

  it('counts wide characters as two columns', () => {
    const { run, tables } = makeRun({ question: '字'.repeat(90) })
    const line = terminalSummary(run, findings(run, tables)).split('\n')[1]
    expect(line).toBe('字'.repeat(40))
  })
})
