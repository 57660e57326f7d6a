/** The Services that most tutorials show, from their objects to what a user reads: the scenario `dashboard`, kubectl's tables, the rules. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const out = join(temporaryFolder(), 'dashboard')

async function printed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await svcsim(args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

const get = (...args: readonly string[]): Promise<string> => printed('get', ...args, '--log', out)

beforeAll(async () => {
  await printed('run', 'dashboard', '--quiet', '--out', out)
})

describe('the dashboard', () => {
  it('is listed as kubectl lists it', async () => {
    expect(await get('services', '-n', 'kube-system')).toMatch(
      /^kubernetes-dashboard +ClusterIP +192\.168\.18\.202 +<none> +443\/TCP +\d+s$/m,
    )
    expect(await get('endpoints', 'kubernetes-dashboard', '-n', 'kube-system')).toMatch(
      /^kubernetes-dashboard +192\.168\.34\.17:8443 +\d+s$/m,
    )
  })

  it.each([
    ['current', 'KUBE-SVC-4HQ2X6RJ753IMQ2F', 'KUBE-SEP-RERBEOTIBAUZBR67'],
    ['legacy', 'KUBE-SVC-XGLOHA7QRQ3V22RZ', 'KUBE-SEP-NG56X4MU77FFZ5RK'],
  ])('has the chains of %s releases', async (style, service, endpoint) => {
    const list = await rules('--format', 'list', '--chain-names', style)
    const s = style === 'legacy' ? 'kube-system/kubernetes-dashboard:' : 'kube-system/kubernetes-dashboard'
    expect(chainOf(list, 'KUBE-SERVICES')).toContain(
      `${service}  tcp  --  0.0.0.0/0            192.168.18.202       /* ${s} cluster IP */ tcp dpt:443`,
    )
    expect(chainOf(list, service)).toEqual([
      `Chain ${service} (1 references)`,
      'target     prot opt source               destination         ',
      `KUBE-MARK-MASQ  tcp  -- !192.168.32.0/20      192.168.18.202       /* ${s} cluster IP */ tcp dpt:443`,
      `${endpoint}  all  --  0.0.0.0/0            0.0.0.0/0            /* ${s} -> 192.168.34.17:8443 */`,
    ])
    expect(chainOf(list, endpoint)).toEqual([
      `Chain ${endpoint} (1 references)`,
      'target     prot opt source               destination         ',
      `KUBE-MARK-MASQ  all  --  192.168.34.17        0.0.0.0/0            /* ${s} */`,
      `DNAT       tcp  --  0.0.0.0/0            0.0.0.0/0            /* ${s} */ tcp to:192.168.34.17:8443`,
    ])
  })
})

it('CoreDNS over TCP chooses between its two pods with one statistic rule', async () => {
  const save = await rules()
  expect(
    save
      .split('\n')
      .filter(line => line.startsWith('-A KUBE-SVC-FAITROITGXHS3QVF '))
      .slice(1),
  ).toEqual([
    '-A KUBE-SVC-FAITROITGXHS3QVF -m comment --comment "kube-system/coredns:dns-tcp -> 192.168.32.9:53" ' +
      '-m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-TJ2CXVZOWVM6T4YV',
    '-A KUBE-SVC-FAITROITGXHS3QVF -m comment --comment "kube-system/coredns:dns-tcp -> 192.168.33.9:53" ' +
      '-j KUBE-SEP-HWX34FYUV4Y7PLZG',
  ])
})

/** The rules of node-1, of the objects that the run's log ends with. */
async function rules(...flags: readonly string[]): Promise<string> {
  return printed('rules', '--log', out, '--node', 'node-1', '--cluster-cidr', '192.168.32.0/20', ...flags)
}

/** The lines of one chain of an `iptables -L` listing. */
function chainOf(list: string, chain: string): string[] {
  const lines = list.split('\n')
  const start = lines.findIndex(line => line.startsWith(`Chain ${chain} (`))
  return lines.slice(start, lines.indexOf('', start))
}
