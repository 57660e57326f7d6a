/**
 * The notebooks, from top to bottom, on fresh results: smaller runs of the scenarios that they name, under the same names. A cell that
 * raises fails, and so does one that should draw and does not: Jupyter takes an error of a figure for an output like any other.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { toolsAreRequired } from './kernel-namespace.ts'
import { inPython, whatPythonLacks } from './python/in-python.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const NOTEBOOKS = join(import.meta.dirname, '../notebooks')
const MODULES = join(import.meta.dirname, '../node_modules')

/** A rolling update and a machine that dies: lag, failures and their causes, in a few seconds. */
const OVER_TIME = `
name: over-time
question: What do a rolling update and a lost node cost?
cluster: { nodes: 6, zones: 2, workloads: [{ name: web, count: 3, replicas: 6, service: {} }] }
time: { horizon: 120s, window: 5s }
actions:
  - { at: 20s, rollout: { workload: 'web-*' } }
  - { at: 70s, failNode: { node: '*-3' } }
traffic: { packets: 200000, packetsPerConnection: 10 }
`

const RUNS: Readonly<Record<string, readonly string[]>> = {
  'large-cluster': ['--set', 'cluster.nodes=300', '--set', 'cluster.namespaces=3', '--packets', '600000'],
  'service-sweep': ['--set', 'sweep.values=[1,100,1000]', '--packets', '20000'],
  'endpoint-sweep': ['--set', 'sweep.values=[1,10,200]', '--packets', '20000'],
}

interface Cell {
  readonly cell_type: string
  readonly execution_count: number | null
  readonly source: readonly string[]
  readonly outputs?: readonly {
    readonly output_type: string
    readonly data?: object
    readonly text?: readonly string[]
  }[]
}

const cellsOf = (json: string): readonly Cell[] => JSON.parse(json).cells
const names = readdirSync(NOTEBOOKS).filter(f => f.endsWith('.ipynb'))

describe('notebooks', () => {
  it('are committed without outputs', () => {
    for (const name of names)
      for (const cell of cellsOf(readFileSync(join(NOTEBOOKS, name), 'utf8')))
        if (cell.cell_type === 'code') expect([name, cell.outputs, cell.execution_count]).toEqual([name, [], null])
  })
})

const missing = whatPythonLacks()

describe(`notebooks on fresh results${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  it.runIf(toolsAreRequired)('have what they need', () => {
    expect(missing).toBe('')
  })

  describe.skipIf(missing !== '')('run', () => {
    const folder = temporaryFolder()

    beforeAll(async () => {
      for (const part of ['notebooks', 'results', '.jupyter/kernels/tslab'])
        mkdirSync(join(folder, part), { recursive: true })
      for (const name of names) copyFileSync(join(NOTEBOOKS, name), join(folder, 'notebooks', name))
      symlinkSync(MODULES, join(folder, 'node_modules'))
      writeFileSync(join(folder, '.jupyter/kernels/tslab/kernel.json'), kernel(folder))
      writeFileSync(join(folder, 'over-time.yaml'), OVER_TIME)
      const runs = Object.entries(RUNS).map(([name, flags]) => [name, name, ...flags])
      for (const [name, scenario, ...flags] of [...runs, ['node-failure', join(folder, 'over-time.yaml')]]) {
        const out = join(folder, 'results', name)
        const { code, stderr } = await svcsim(['run', scenario, ...flags, '--workers', '0', '--quiet', '--out', out])
        // 1: the sizes that the scenario expects are not those of the smaller run.
        if (code !== 0 && code !== 1) throw new Error(stderr)
      }
    })

    it.each(names)('%s', async name => {
      await inPython(folder, [
        '-m',
        'nbconvert',
        '--execute',
        '--to',
        'notebook',
        '--output-dir',
        'out',
        `notebooks/${name}`,
      ])
      let figures = 0
      for (const { source, outputs = [] } of cellsOf(readFileSync(join(folder, 'out', name), 'utf8'))) {
        const code = source.join('')
        expect(outputs.filter(o => o.output_type === 'error')).toEqual([])
        if (!/plt\.show\(\)|^\s*draw\(/m.test(code)) continue
        const drawn = outputs.filter(o => /image\/svg\+xml|<svg/.test(JSON.stringify(o.data ?? '')))
        expect(drawn.length, code).toBeGreaterThan(0)
        figures += drawn.length
      }
      expect(figures).toBeGreaterThan(3)
    })

    it('and would fail if a cell raised', async () => {
      const [first] = names
      const notebook = JSON.parse(readFileSync(join(NOTEBOOKS, first), 'utf8'))
      const code = notebook.cells.find((c: Cell) => c.cell_type === 'code')
      notebook.cells = [{ ...code, source: ["throw new Error('this cell raises')"] }]
      writeFileSync(join(folder, 'notebooks/raises.ipynb'), JSON.stringify(notebook))
      await expect(
        inPython(folder, [
          '-m',
          'nbconvert',
          '--execute',
          '--to',
          'notebook',
          '--output-dir',
          'out',
          'notebooks/raises.ipynb',
        ]),
      ).rejects.toThrow('this cell raises')
    })
  })
})

/** How Jupyter starts tslab: out of this checkout, with its Node. In a system of its own the modules are in /node_modules. */
const kernel = (folder: string): string =>
  JSON.stringify({
    argv: [
      'env',
      `PATH=${folder}/node_modules/.bin:/node_modules/.bin:/usr/bin:/bin`,
      'tslab',
      'kernel',
      '--config-path',
      '{connection_file}',
    ],
    display_name: 'TypeScript',
    language: 'typescript',
  })
