import { createHash } from 'node:crypto'
import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeSweep, type RunResultOptions } from '../../test/make-run-result.ts'
import { makeTime } from '../../test/make-time.ts'
import { htmlReport } from './html-report.ts'
import type { PacketPaths } from './paths/packet-paths.ts'
import type { RunFacts } from './run-json.ts'

const HOSTILE = '<img src=x onerror="alert(1)">\'</title></script>\u202e'

const DESTINATION = {
  service: 'shop/web',
  way: 'ClusterIP',
  family: 4,
  address: '10.96.0.1',
  port: 80,
  protocol: 6,
} as const
const NO_PATHS: PacketPaths = {
  digest: '',
  nodes: [],
  destinations: [],
  backends: [],
  mode: 'iptables',
  texts: [],
  rulesets: [],
  chains: [],
  profiles: [],
  servicePorts: 1,
}

const reportOf = (options: RunResultOptions = {}, facts: Partial<RunFacts> = {}): string => {
  const { run, tables } = makeRun(options, facts)
  return htmlReport(run, tables)
}

/** Names of elements that are not closed where they should be. */
function unbalanced(markup: string): readonly string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [, slash, name, , self] of markup.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|[^">])*?)(\/?)>/g)) {
    if (slash === '' && self === '' && !['meta', 'br'].includes(name)) open.push(name)
    if (slash === '/' && open.pop() !== name) wrong.push(name)
  }
  return [...wrong, ...open]
}

describe('report.html', () => {
  const plain = reportOf({ serviceSizes: [3, 1, 12, 0], zones: 3 })
  const { document } = parseHTML(plain)

  it.each([
    ['a plain run', plain],
    ['a sweep', reportOf({}, { sweep: makeSweep() })],
    ['one step', reportOf({}, { sweep: makeSweep([5]) })],
    ['a run over time', reportOf({ time: makeTime({ failures: { refused: 7, reset: 2 } }) })],
    ['a run over no time', reportOf({ time: makeTime({ windows: 1 }) })],
    ['a run without connections', reportOf({ connections: () => 0 })],
    ['a run without endpoints', reportOf({ serviceSizes: [0, 0] })],
    ['a run without Services', reportOf({ serviceSizes: [], nodes: 1, zones: 1 })],
    [
      'hostile names',
      reportOf({ name: () => HOSTILE, question: HOSTILE }, { warnings: [HOSTILE], inputs: { [HOSTILE]: HOSTILE } }),
    ],
  ])('is well-formed and has no undefined number: %s', (_, page) => {
    expect(unbalanced(page)).toEqual([])
    expect(page).not.toMatch(/NaN|undefined|\[object|Infinity/)
  })

  it('answers the question first, with three numbers', () => {
    const header = document.querySelector('header')!
    expect(header.querySelector('h1')!.textContent).toBe('Is the load even?')
    expect(header.querySelector('.answer')!.textContent).toContain('a new connection evaluates')
    expect(header.querySelectorAll('dd.value').length).toBe(3)
  })

  it('allows no script, no request and no style but its own', () => {
    const style = document.querySelector('style')!.textContent!
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute('content')!
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    )
    expect(document.querySelectorAll('style').length).toBe(1)
    expect(
      document.querySelectorAll('script, link, img, iframe, object, embed, base, form, [style], [src], [href]').length,
    ).toBe(0)
    expect(
      [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on')),
    ).toEqual([])
    expect(style).not.toMatch(/url\(|@import|http/)
  })

  it('allows the one script it is given, by its hash, and holds its data as text', () => {
    const { run, tables } = makeRun()
    const script = 'document.title = "</" + "script>"'
    const paths = { ...NO_PATHS, destinations: [{ ...DESTINATION, service: HOSTILE }] }
    const made = parseHTML(htmlReport(run, tables, { script, paths })).document
    const policy = made.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute('content')!
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}';`)
    const [data, own] = [...made.querySelectorAll('script')]
    expect(own.textContent).toBe(script)
    expect(data.getAttribute('type')).toBe('application/json')
    expect(JSON.parse(data.textContent!).destinations[0].service).toBe(HOSTILE)
    expect(made.querySelectorAll('script').length).toBe(2)
  })

  it('refuses a script that would end its own element', () => {
    const { run, tables } = makeRun()
    expect(() => htmlReport(run, tables, { script: '"</script>"' })).toThrow('would end its own element')
  })

  it('gives every chart a text alternative and axes with labels', () => {
    const charts = [...document.querySelectorAll('svg')]
    expect(charts.length).toBe(10)
    for (const svg of charts) {
      expect(svg.getAttribute('role')).toBe('img')
      expect(svg.getAttribute('aria-label')!.length).toBeGreaterThan(30)
      expect(svg.querySelectorAll('[aria-label="x-axis label"]').length).toBe(1)
    }
  })

  it('has tables that a keyboard reaches, with headings for rows and columns', () => {
    const regions = [...document.querySelectorAll('.table')]
    expect(regions.map(r => r.getAttribute('aria-label'))).toContain('Least even Services')
    for (const region of regions) {
      expect([region.getAttribute('tabindex'), region.getAttribute('role')]).toEqual(['0', 'region'])
      const columns = region.querySelector('thead tr')!.children.length
      for (const row of region.querySelectorAll('tbody tr')) expect(row.children.length).toBe(columns)
    }
  })

  it('shows hostile names and runs none of them', () => {
    const page = parseHTML(
      reportOf({ name: () => HOSTILE, question: HOSTILE }, { warnings: [HOSTILE], seed: HOSTILE } as Partial<RunFacts>),
    ).document
    expect(page.querySelectorAll('img, script').length).toBe(0)
    expect(page.querySelector('h1')!.textContent).toBe(HOSTILE.replace('\u202e', '\\u202e'))
    expect(page.querySelector('tbody')!.textContent).not.toContain('\u202e')
    expect(page.body.textContent).toContain('shop/<img src=x onerror="alert(1)">')
  })

  it('is the same for the same run', () => {
    expect(reportOf({ serviceSizes: [3, 1, 12, 0], zones: 3 })).toBe(plain)
  })

  it('stays below 1.5 MB with 82,000 endpoints', () => {
    const page = reportOf({ serviceSizes: Array(820).fill(100), nodes: 500, connections: i => 2 + (i % 60) })
    expect(page.length).toBeLessThan(1_500_000)
    expect(page).toContain('82,000')
  })
})
