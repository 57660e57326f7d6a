import { describe, expect, it } from 'vitest'
import { makePod, makeService } from '../../test/make-events.ts'
import { makePodJson } from '../../test/make-kubernetes-json.ts'
import { applyEvent, type ClusterState, emptyState } from './cluster-state.ts'
import { kubectlTable, type TableKind, type TableRequest } from './kubectl-tables.ts'
import type { ClusterNode, ClusterObject, Endpoint, EndpointSlice, JsonObject, Pod } from './objects.ts'

const stateOf = (...objects: ClusterObject[]): ClusterState => {
  const state = emptyState()
  for (const object of objects) applyEvent(state, { sequence: 0, timeUs: 0, type: 'ADDED', object })
  return state
}

const table = (kind: TableKind, objects: ClusterObject[], request: Partial<TableRequest> = {}): string =>
  kubectlTable(stateOf(...objects), kind, { namespace: 'default', wide: false, nowUs: 5e6, ...request }).text

/** The cells of the only row, told apart by the three blanks between columns. */
const cells = (kind: TableKind, objects: ClusterObject[], request: Partial<TableRequest> = {}): string[] =>
  table(kind, objects, request).split('\n')[1].split(/ {3,}/)

const makeEndpoint = (address: string, fields: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  ready: true,
  serving: true,
  terminating: false,
  nodeName: '',
  zone: '',
  podName: '',
  ...fields,
})

const makeSlice = (endpoints: readonly Endpoint[], fields: Partial<EndpointSlice> = {}): EndpointSlice => ({
  kind: 'EndpointSlice',
  namespace: 'default',
  name: 'web-abcde',
  labels: {},
  serviceName: 'web',
  addressType: 'IPv4',
  ports: [{ name: '', protocol: 'TCP', port: 8080 }],
  endpoints,
  ...fields,
})

const makeNode = (fields: Partial<ClusterNode> = {}): ClusterNode => ({
  kind: 'Node',
  namespace: '',
  name: 'node-a',
  labels: {},
  podCIDRs: [],
  addresses: [],
  ready: true,
  ...fields,
})

describe('kubectl get services', () => {
  it('prints what kubectl prints', () => {
    const dashboard = makeService({
      namespace: 'kube-system',
      name: 'kubernetes-dashboard',
      clusterIPs: ['192.168.18.202'],
      ports: [{ name: '', protocol: 'TCP', port: 443, targetPort: 8443, nodePort: 0 }],
    })
    expect(table('services', [dashboard], { namespace: 'kube-system', nowUs: 130e6 })).toBe(
      'NAME                   TYPE        CLUSTER-IP       EXTERNAL-IP   PORT(S)   AGE\n' +
        'kubernetes-dashboard   ClusterIP   192.168.18.202   <none>        443/TCP   2m10s\n',
    )
  })

  it('puts the namespace first when it shows all, and sorts', () => {
    const services = [
      makeService({ namespace: 'b' }),
      makeService({ namespace: 'a', name: 'z' }),
      makeService({ namespace: 'a', name: 'b' }),
    ]
    const rows = table('services', services, { namespace: undefined })
      .split('\n')
      .map(line => line.split(/ +/).slice(0, 2))
    expect(rows).toEqual([['NAMESPACE', 'NAME'], ['a', 'b'], ['a', 'z'], ['b', 'web'], ['']])
  })

  it('shows the node ports of a load balancer and its whole host name', () => {
    const numbers = [
      [3306, 30699],
      [3307, 30004],
      [2223, 30375],
      [22, 32755],
      [80, 31992],
      [443, 31377],
    ]
    const traefik = makeService({
      name: 'traefik',
      type: 'LoadBalancer',
      ports: numbers.map(([port, nodePort]) => ({
        name: `p${port}`,
        protocol: 'TCP',
        port,
        targetPort: port,
        nodePort,
      })),
      loadBalancerIngress: [{ hostname: 'a0123456789abcdef.elb.example' }],
    })
    expect(cells('services', [traefik])).toEqual([
      'traefik',
      'LoadBalancer',
      '10.96.0.10',
      'a0123456789abcdef.elb.example',
      '3306:30699/TCP,3307:30004/TCP,2223:30375/TCP,22:32755/TCP,80:31992/TCP,443:31377/TCP',
      '5s',
    ])
  })

  it.each([
    [{ type: 'LoadBalancer' }, '<pending>'],
    [{ type: 'LoadBalancer', externalIPs: ['192.0.2.9'] }, '192.0.2.9'],
    [
      { type: 'LoadBalancer', externalIPs: ['192.0.2.9'], loadBalancerIngress: [{ ip: '192.0.2.8' }] },
      '192.0.2.8,192.0.2.9',
    ],
    [{ type: 'LoadBalancer', loadBalancerIngress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.1' }] }, '192.0.2.1,192.0.2.2'],
    [{ externalIPs: ['192.0.2.1', 'fd00::1'] }, '192.0.2.1,fd00::1'],
    [{ type: 'ExternalName', externalName: 'db.example.com', clusterIPs: [], ports: [] }, 'db.example.com'],
  ] as const)('EXTERNAL-IP of %j is %s', (fields, expected) => {
    expect(cells('services', [makeService(fields)])[3]).toBe(expected)
  })

  it('shows what is absent as kubectl does', () => {
    const headless = makeService({ clusterIPs: ['None'], ports: [] })
    expect(cells('services', [headless])).toEqual(['web', 'ClusterIP', 'None', '<none>', '<none>', '5s'])
    expect(cells('services', [makeService({ clusterIPs: [] })])[2]).toBe('<none>')
  })

  it('shows selectors when it is wide', () => {
    expect(cells('services', [makeService({ selector: { b: '2', a: '1' } })], { wide: true }).at(-1)).toBe('a=1,b=2')
    expect(cells('services', [makeService({ selector: {} })], { wide: true }).at(-1)).toBe('<none>')
  })
})

describe('what is not there', () => {
  it.each([
    ['services', {}, 'No resources found in default namespace.\n'],
    ['pods', { namespace: undefined }, 'No resources found\n'],
    ['nodes', {}, 'No resources found\n'],
    ['services', { name: 'api' }, 'Error from server (NotFound): services "api" not found\n'],
    ['endpointslices', { name: 'x' }, 'Error from server (NotFound): endpointslices.discovery.k8s.io "x" not found\n'],
    [
      'pods',
      { namespace: undefined, name: 'x' },
      'error: a resource cannot be retrieved by name across all namespaces\n',
    ],
  ] as const)('%s %j', (kind, request, text) => {
    const state = stateOf(makeService({ namespace: 'other', name: 'api' }))
    expect(kubectlTable(state, kind, { namespace: 'default', wide: false, nowUs: 0, ...request })).toEqual({
      found: false,
      text,
    })
  })

  it('finds by name', () => {
    const services = [makeService(), makeService({ name: 'api' })]
    expect(table('services', services, { name: 'api' }).split('\n')).toHaveLength(3)
  })
})

describe('kubectl get endpoints', () => {
  const endpoints = (count: number): Endpoint[] =>
    Array.from({ length: count }, (_, i) => makeEndpoint(`10.0.0.${i + 1}`))

  it.each([
    [0, '<none>'],
    [1, '10.0.0.1:8080'],
    [3, '10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080'],
    [4, '10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080 + 1 more...'],
  ])('shows %d addresses', (count, text) => {
    expect(cells('endpoints', [makeService(), makeSlice(endpoints(count))])[1]).toBe(text)
  })

  it('has a line for every Service with a selector and every slice with a Service', () => {
    expect(cells('endpoints', [makeService()])).toEqual(['web', '<none>', '5s'])
    const { selector: _, ...without } = makeService()
    expect(kubectlTable(stateOf(without), 'endpoints', { namespace: 'default', wide: false, nowUs: 0 }).found).toBe(
      false,
    )
    expect(cells('endpoints', [makeSlice(endpoints(1))])).toEqual(['web', '10.0.0.1:8080', '5s'])
  })

  it('shows ready addresses of the first family only', () => {
    const v4 = makeSlice([makeEndpoint('10.0.0.2', { ready: false }), makeEndpoint('10.0.0.1')])
    const v6 = makeSlice([makeEndpoint('fd00::1')], { name: 'web-6', addressType: 'IPv6' })
    expect(cells('endpoints', [makeService(), v6, v4])[1]).toBe('10.0.0.1:8080')
    expect(cells('endpoints', [makeService({ ipFamilies: ['IPv6'] }), v6, v4])[1]).toBe('[fd00::1]:8080')
    // kubectl leaves the cell blank when there are addresses and none is ready.
    const unready = makeSlice([makeEndpoint('10.0.0.2', { ready: false })])
    expect(table('endpoints', [makeService(), unready])).toBe('NAME   ENDPOINTS   AGE\nweb                5s\n')
    const leaving = makeSlice([makeEndpoint('10.0.0.2', { ready: false, terminating: true })])
    expect(cells('endpoints', [makeService(), leaving])[1]).toBe('<none>')
  })

  it('joins slices of the same ports, and multiplies addresses by ports', () => {
    const ports = [8080, 9090].map(port => ({ name: `p${port}`, protocol: 'TCP' as const, port }))
    const slices = ['b', 'a'].map((name, i) => makeSlice([makeEndpoint(`10.0.0.${2 - i}`)], { name, ports }))
    expect(cells('endpoints', [makeService(), ...slices])[1]).toBe(
      '10.0.0.1:8080,10.0.0.2:8080,10.0.0.1:9090 + 1 more...',
    )
  })

  it('shows addresses alone when there are no ports', () => {
    expect(cells('endpoints', [makeService(), makeSlice(endpoints(1), { ports: [] })])[1]).toBe('10.0.0.1')
  })

  it('counts at most 1,000 addresses, as an Endpoints object holds', () => {
    const many = Array.from({ length: 1500 }, (_, i) => makeEndpoint(`10.0.${i >> 8}.${i & 255}`))
    expect(cells('endpoints', [makeService(), makeSlice(many)])[1]).toMatch(/ \+ 997 more\.\.\.$/)
  })
})

describe('kubectl get endpointslices', () => {
  it('shows every address and port of a slice, ready or not', () => {
    const slice = makeSlice([makeEndpoint('10.0.0.1', { ready: false }), makeEndpoint('10.0.0.2')])
    expect(cells('endpointslices', [slice])).toEqual(['web-abcde', 'IPv4', '8080', '10.0.0.1,10.0.0.2', '5s'])
    const empty = makeSlice([], { ports: [] })
    expect(cells('endpointslices', [empty])).toEqual(['web-abcde', 'IPv4', '<unset>', '<unset>', '5s'])
    const ports = [null, 'http', 'a', 'b'].map((name, i) => ({
      name,
      protocol: 'TCP' as const,
      port: i < 2 ? null : i,
    }))
    expect(cells('endpointslices', [makeSlice([], { ports })])[2]).toBe('*,http,2 + 1 more...')
  })
})

describe('kubectl get pods', () => {
  it('shows a made pod as one container', () => {
    expect(cells('pods', [makePod()])).toEqual(['web-1', '1/1', 'Running', '0', '5s'])
    expect(cells('pods', [makePod({ phase: 'Pending', ready: false })])).toEqual(['web-1', '0/1', 'Pending', '0', '5s'])
    expect(cells('pods', [makePod({ terminating: true })])[2]).toBe('Terminating')
    expect(cells('pods', [makePod()], { wide: true })).toEqual([
      ...['web-1', '1/1', 'Running', '0', '5s', '10.0.0.1', 'node-1', '<none>', '<none>'],
    ])
    expect(cells('pods', [makePod({ nodeName: '', podIPs: [] })], { wide: true }).slice(5, 7)).toEqual([
      '<none>',
      '<none>',
    ])
  })

  const imported = (
    status: JsonObject,
    spec: JsonObject = { containers: [{}, {}] },
    fields: Partial<Pod> = {},
  ): string[] =>
    cells('pods', [makePod({ source: makePodJson(spec, { phase: 'Running', ...status }), ...fields })]).slice(1, 4)

  it.each([
    [
      'runs',
      [
        { ready: true, restartCount: 2 },
        { ready: true, restartCount: 1 },
      ],
      ['2/2', 'Running', '3'],
    ],
    [
      'waits',
      [{ ready: true }, { state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      ['1/2', 'CrashLoopBackOff', '0'],
    ],
    [
      'has failed',
      [{ state: { terminated: { exitCode: 1, reason: 'Error' } } }, { ready: true }],
      ['1/2', 'Error', '0'],
    ],
    [
      'was killed',
      [{ state: { terminated: { exitCode: 137, signal: 9 } } }, { ready: true }],
      ['1/2', 'Signal:9', '0'],
    ],
    ['has left', [{ state: { terminated: { exitCode: 3 } } }, { ready: true }], ['1/2', 'ExitCode:3', '0']],
    [
      'is half done',
      [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }, { ready: true }],
      ['1/2', 'Running', '0'],
    ],
  ])('shows an imported pod that %s', (_name, containerStatuses, expected) => {
    expect(imported({ containerStatuses })).toEqual(expected)
  })

  it('shows how far the init containers are, and counts sidecars', () => {
    const spec = {
      containers: [{}],
      initContainers: [{ name: 'a' }, { name: 'side', restartPolicy: 'Always' }, { name: 'b' }],
    }
    const done = { name: 'a', state: { terminated: { exitCode: 0 } }, restartCount: 4 }
    const side = { name: 'side', started: true, ready: true, restartCount: 1 }
    const waiting = (reason: string): JsonObject => ({ name: 'b', state: { waiting: { reason } } })
    const status = (...initContainerStatuses: JsonObject[]): JsonObject => ({
      initContainerStatuses,
      containerStatuses: [{ ready: false, state: { waiting: { reason: 'PodInitializing' } } }],
    })
    expect(imported(status(done, side, waiting('PodInitializing')), spec)).toEqual(['1/2', 'Init:2/3', '5'])
    expect(imported(status(done, side, waiting('ErrImagePull')), spec)).toEqual(['1/2', 'Init:ErrImagePull', '5'])
    expect(imported(status({ name: 'a', state: { terminated: { exitCode: 2 } } }), spec)[1]).toBe('Init:ExitCode:2')
  })

  it('does not show statuses of a phase that is over', () => {
    const status = { containerStatuses: [{ ready: true, restartCount: 7 }] }
    expect(imported(status, { containers: [{}] }, { phase: 'Failed', ready: false })).toEqual(['0/1', 'Failed', '0'])
  })

  it('prints no control characters of imported text', () => {
    const containerStatuses = [{ state: { waiting: { reason: 'a\u001b[2J\nb' } } }]
    expect(imported({ containerStatuses }, { containers: [{}] })[1]).toBe('a?[2J?b')
  })
})

describe('kubectl get nodes', () => {
  it('shows conditions, roles and addresses', () => {
    const labels = {
      'node-role.kubernetes.io/worker': '',
      'node-role.kubernetes.io/control-plane': '',
      'kubernetes.io/role': 'x',
    }
    const addresses = [
      { type: 'Hostname', address: 'a' },
      { type: 'InternalIP', address: '172.18.0.2' },
    ]
    const status = { nodeInfo: { kubeletVersion: 'v1.34.0', osImage: 'Debian', kernelVersion: '6.1' } }
    const source = { status }
    const node = makeNode({ ready: false, unschedulable: true, labels, addresses, source })
    expect(cells('nodes', [node], { wide: true })).toEqual([
      ...['node-a', 'NotReady,SchedulingDisabled', 'control-plane,worker,x', '5s', 'v1.34.0'],
      ...['172.18.0.2', '<none>', 'Debian', '6.1', '<unknown>'],
    ])
    expect(cells('nodes', [makeNode()]).slice(1, 4)).toEqual(['Ready', '<none>', '5s'])
  })
})
