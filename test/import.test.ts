/**
 * `svcsim run import` on real manifests and dumps, used in place in the folder named by SVCSIM_DATA; without it there are no such tests
 * here (the files are other people's). The scenarios' own object files always run.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { readArrowFile } from '../src/arrow/ipc/read-arrow-file.ts'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const data = process.env['SVCSIM_DATA']

interface Imported {
  readonly code: number | null
  readonly stderr: string
  readonly out: string
}

async function runImport(name: string, files: readonly string[], ...flags: readonly string[]): Promise<Imported> {
  const out = join(folder, name)
  const ended = await svcsim([
    'run',
    'import',
    '--set',
    `cluster.objects=${files.join(',')}`,
    '--packets',
    '20000',
    '--out',
    out,
    '--workers',
    '0',
    '--quiet',
    ...flags,
  ])
  return { ...ended, out }
}

/** Columns of a result table by name. */
function columnsOf(out: string, table: string): Record<string, readonly (string | number)[]> {
  const file = join(out, `${table}.arrow`)
  const read = readArrowFile(readFileSync(file), file)
  if (E.isLeft(read)) throw new Error(`${file} does not read`)
  return Object.fromEntries(
    read.right.table.columns.map(c => [c.name, Array.from(c.values as Iterable<string | number>)]),
  )
}

describe('import', () => {
  it('runs on object files of this project', async () => {
    const { code, stderr, out } = await runImport(
      'own',
      [join(import.meta.dirname, '../scenarios/objects/web-shop.yaml')],
      '--set',
      'cluster.nodes=4',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(columnsOf(out, 'nodes')['node']).toHaveLength(4)
  })
})

if (data !== undefined) {
  describe('import of real clusters', () => {
    const file = (name: string): string => join(data, name)

    it('gives each of the 12 Services of Online Boutique exactly one endpoint: the pod that really ran', async () => {
      const { code, stderr, out } = await runImport('boutique-live', [
        file('online-boutique-kubernetes-manifests.yaml'),
        file('online-boutique-live-pods.yaml'),
      ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const services = columnsOf(out, 'services')
      expect(services['endpoints']).toEqual(Array(12).fill(1))
      const dump = readFileSync(file('online-boutique-live-pods.yaml'), 'utf8')
      const { address, node } = columnsOf(out, 'endpoints')
      for (const ip of address) expect(dump).toContain(`podIP: ${ip}\n`)
      expect(new Set(node)).toEqual(new Set(['minikube']))
    })

    it.each([
      ['online-boutique-kubernetes-manifests.yaml', 12],
      ['istio-bookinfo.yaml', 4],
      ['deathstarbench-hotelreservation-k8s.yaml', 19],
      ['train-ticket-part2.yml', 41],
    ])('expands the workloads of %s to pods on a pool of nodes', async (name, serviceCount) => {
      const { code, stderr, out } = await runImport(name, [file(name)], '--set', 'cluster.nodes=5')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const services = columnsOf(out, 'services')
      expect(new Set(services['name'].map((n, i) => `${services['namespace'][i]}/${n}`)).size).toBe(serviceCount)
      expect(services['endpoints'].every(count => Number(count) >= 1)).toBe(true)
      const { delivered, connections } = services
      expect(delivered).toEqual(connections)
      expect(columnsOf(out, 'nodes')['node']).toHaveLength(5)
    })

    it('refuses two Services with one clusterIP, naming both and the address, unless told to go on', async () => {
      const path = file('netpol-analyzer-services_list.yaml')
      const refused = await runImport('clash', [path])
      expect(refused.code).toBe(2)
      expect(refused.stderr).toMatch(/"default\/no-pods-selected".*10\.111\.43\.154.*"default\/demo"/)
      const warned = await runImport('clash', [path], '--set', 'cluster.onClash=warn')
      expect({ code: warned.code, stderr: warned.stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(readFileSync(join(warned.out, 'run.json'), 'utf8')).warnings).toContainEqual(
        expect.stringMatching(/10\.111\.43\.154/),
      )
    })
  })
}
