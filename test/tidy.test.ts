/**
 * House rules as a test: the floors (a folder imports lower floors and itself; folders of one floor never import each other),
 * one door for each third-party package, a worker without the heavy libraries, and no clocks or dice below the top floor.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = join(import.meta.dirname, '..', 'src')

const FLOORS: readonly (readonly string[])[] = [
  ['problem', 'sim', 'net'],
  ['arrow', 'cluster', 'ruleset', 'metrics'],
  ['scenario', 'eventlog', 'netfilter'],
  ['controlplane', 'proxier', 'workload'],
  ['replay'],
  ['output'],
  ['cli', 'app', 'page'],
]

/** Package -> the only files (or rooms, ending in /) that may import it. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  'apache-arrow': ['arrow/ipc/'],
  'parquet-wasm': ['arrow/ipc/parquet-pieces.ts'],
  piscina: ['replay/pool.ts'],
  seedrandom: ['sim/random.ts'],
  'ip-address': ['net/ip.ts'],
  yaml: ['cluster/manifest.ts'],
  zod: ['scenario/'],
  commander: ['cli/'],
  '@observablehq/plot': ['output/'],
  linkedom: ['output/'],
}

/** netfilter/ and ruleset/ are the kernel: they do not know Services. */
const KERNEL_ROOMS = new Set(['netfilter', 'ruleset'])
const KUBERNETES_ROOMS = new Set(['cluster', 'proxier', 'controlplane', 'eventlog', 'scenario'])

const WORKER = 'replay/worker.ts'
const NOT_IN_WORKER = [/^fp-ts\b/, /^apache-arrow$/, /^piscina$/, /^node:fs/]

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(f => f.endsWith('.ts') && !f.endsWith('.test.ts'))
  .sort()
const source = new Map(files.map(f => [f, readFileSync(join(SRC, f), 'utf8')]))
const room = (file: string): string => file.split('/')[0]
const floorOf = (name: string): number => FLOORS.findIndex(f => f.includes(name))

interface Import {
  readonly specifier: string
  /** Path below src/, for a relative import. */
  readonly target?: string
  readonly typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const text = source.get(file)!
  const found: Import[] = []
  const statement = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'/g
  for (const m of text.matchAll(statement)) found.push(toImport(file, m[2], m[1] !== undefined))
  for (const m of text.matchAll(/\bimport\('([^']+)'\)/g)) found.push(toImport(file, m[1], false))
  return found
}

function toImport(file: string, specifier: string, typeOnly: boolean): Import {
  if (!specifier.startsWith('.')) return { specifier, typeOnly }
  return { specifier, typeOnly, target: relative(SRC, normalize(join(SRC, dirname(file), specifier))) }
}

const complaints = (rule: (file: string, i: Import) => string | undefined): string[] =>
  files.flatMap(f => importsOf(f).flatMap(i => rule(f, i) ?? []))

describe('house rules', () => {
  it('knows every room', () => {
    expect(files.filter(f => floorOf(room(f)) < 0)).toEqual([])
  })

  it('imports go down only', () => {
    expect(
      complaints((file, { target, specifier }) => {
        if (target === undefined || target === '../package.json') return undefined
        if (target.startsWith('..')) return `${file} imports ${specifier} from outside src/`
        const from = floorOf(room(file))
        const to = floorOf(room(target))
        if (room(file) === room(target) || to < from) return undefined
        if (from === FLOORS.length - 1 && to === from) return undefined
        return `${file} (floor ${from}) imports ${target} (floor ${to})`
      }),
    ).toEqual([])
  })

  it('has no cycles', () => {
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(' -> ')]
      if (done.has(file) || !source.has(file)) return []
      const cycles = importsOf(file).flatMap(i =>
        i.target === undefined || i.typeOnly ? [] : visit(i.target, [...path, file]),
      )
      done.add(file)
      return cycles
    }
    expect(files.flatMap(f => visit(f, []))).toEqual([])
  })

  it('lets each package in by its own door', () => {
    expect(
      complaints((file, { specifier }) => {
        const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]
        const doors = DOORS[name]
        if (doors === undefined) return undefined
        return doors.some(d => (d.endsWith('/') ? file.startsWith(d) : file === d))
          ? undefined
          : `${file} imports ${specifier}`
      }),
    ).toEqual([])
  })

  it('keeps Kubernetes out of the kernel', () => {
    expect(
      complaints((file, { target }) =>
        target !== undefined && KERNEL_ROOMS.has(room(file)) && KUBERNETES_ROOMS.has(room(target))
          ? `${file} imports ${target}`
          : undefined,
      ),
    ).toEqual([])
  })

  it('keeps rules out of the workload', () => {
    expect(
      complaints((file, { target }) =>
        target !== undefined && room(file) === 'workload' && ['ruleset', 'netfilter'].includes(room(target))
          ? `${file} imports ${target}`
          : undefined,
      ),
    ).toEqual([])
  })

  it('keeps the worker light', () => {
    const seen = new Set<string>()
    const heavy: string[] = []
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const i of importsOf(file)) {
        if (i.typeOnly) continue
        if (i.target !== undefined) visit(i.target)
        else if (NOT_IN_WORKER.some(p => p.test(i.specifier))) heavy.push(`${file} imports ${i.specifier}`)
      }
    }
    if (source.has(WORKER)) visit(WORKER)
    expect(heavy).toEqual([])
  })

  it('imports fp-ts by file', () => {
    expect(
      complaints((file, { specifier }) =>
        /^fp-ts(?!\/lib\/\w+\.js$)/.test(specifier) ? `${file} imports ${specifier}` : undefined,
      ),
    ).toEqual([])
  })

  it('has no clock, dice, console or process below the top floor', () => {
    const banned = /\b(Date\.now|new Date\b|Math\.random|performance\.|console\.|process\.)/
    const found = files
      .filter(f => floorOf(room(f)) < FLOORS.length - 1)
      .flatMap(f =>
        source
          .get(f)!
          .split('\n')
          .flatMap((line, i) =>
            banned.test(line.replace(/\/\/.*|^\s*\*.*/, '')) ? [`${f}:${i + 1}: ${line.trim()}`] : [],
          ),
      )
    expect(found).toEqual([])
  })

  it('has no barrels and no rooms without a name', () => {
    expect(files.filter(f => /(^|\/)(index|utils?|helpers?|misc|common)(\/|\.ts$)/.test(f))).toEqual([])
  })
})
