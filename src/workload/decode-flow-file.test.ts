import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { connectionSource, type FlowFile } from '../net/flow.ts'
import { formatIp, formatPrefix } from '../net/ip.ts'
import { ORIGIN } from '../net/packet.ts'
import { describeProblem } from '../problem/problem.ts'
import { decodeFlowFile } from './decode-flow-file.ts'

const FLOW = { src: '198.51.100.1', dst: '10.96.0.1', dport: 80 }

const read = (text: string) => decodeFlowFile({ name: 'flows.json', bytes: Buffer.from(text) })

function flowFile(value: unknown): FlowFile {
  const decoded = read(JSON.stringify(value))
  if (E.isLeft(decoded)) throw new Error(describeProblem(decoded.left))
  return decoded.right
}

function sentence(text: string): string {
  const decoded = read(text)
  if (E.isRight(decoded)) throw new Error('no problem')
  return describeProblem(decoded.left)
}

describe('decodeFlowFile', () => {
  it('has the defaults of the format', () => {
    const { topology, flows } = flowFile({ flows: [FLOW] })
    expect(topology.nodeIps.map(formatIp)).toEqual(['192.168.10.1'])
    expect(topology.podPrefixes.map(formatPrefix)).toEqual(['10.244.0.0/14'])
    expect(topology.localIps).toEqual([])
    expect(topology.podSideIp).toBeUndefined()
    expect(flows[0]).toMatchObject({
      id: 0,
      origin: ORIGIN.uplink,
      protocol: 'UDP',
      connectionCount: 1,
      firstSourcePort: 10_000,
      sourceCount: 1,
      packetCount: 1,
      reply: false,
      delayUs: 0,
      gapUs: 0,
    })
  })

  it('reads every key', () => {
    const { topology, flows } = flowFile({
      topology: {
        node_ips: ['172.18.0.2', 'fd00:18::2'],
        pod_cidrs: ['10.244.1.0/24', 'fd00:244:1::/64'],
        local_ips: ['172.18.0.9'],
        node_iface_ip_on_pod_side: '10.244.1.1',
      },
      flows: [
        {
          id: { any: 'thing' },
          from: 'pod',
          src: 'FD00:244:1:0::5',
          dst: 'fd00:96::1',
          proto: 'sctp',
          dport: 65535,
          conns: 6,
          sport: 65534,
          srcs: 3,
          pkts: 4,
          reply: true,
          delay_ms: 0.5,
          then_ms: 20,
        },
      ],
    })
    expect(topology.nodeIps.map(formatIp)).toEqual(['172.18.0.2', 'fd00:18::2'])
    expect(topology.localIps.map(formatIp)).toEqual(['172.18.0.9'])
    expect(formatIp(topology.podSideIp!)).toBe('10.244.1.1')
    expect(flows[0]).toMatchObject({
      id: { any: 'thing' },
      origin: ORIGIN.pod,
      protocol: 'SCTP',
      destinationPort: 65_535,
      packetCount: 4,
      reply: true,
      delayUs: 500,
      gapUs: 20_000,
    })
    const sources = Array.from({ length: 6 }, (_, k) => connectionSource(flows[0], k))
    expect(sources.map(s => `${formatIp(s.address)} ${s.port}`)).toEqual(
      [65534, 65535].flatMap(port => [5, 6, 7].map(host => `fd00:244:1::${host} ${port}`)),
    )
  })

  it('takes no flows, and a flow without connections', () => {
    expect(flowFile({ flows: [] }).flows).toEqual([])
    expect(flowFile({ flows: [{ ...FLOW, conns: 0, srcs: 2 ** 31 - 1, src: '255.255.255.255' }] }).flows).toHaveLength(
      1,
    )
  })

  it('takes YAML', () => {
    expect(E.isRight(read('flows:\n- {src: 10.0.0.1, dst: 10.96.0.1, dport: 53}\n'))).toBe(true)
  })

  it.each([
    ['[]', 'flows.json:1:1: is []; a flow file is one mapping'],
    ['', 'flows.json: holds 0 documents; a flow file is one mapping'],
    ['{"flows": [], "flow": 1}', 'flows.json:1:23: flow: is an unknown key; did you mean flows?'],
    ['{}', 'flows.json:1:1: flows: is missing; list the flows'],
    ['{"flows": {}}', 'flows.json:1:11: flows: expected a list, found {}; write a list here'],
    ['{"flows": [7]}', 'flows.json:1:12: flows[0]: expected an object, found 7'],
    [
      '{"topology": {"nodes": 1}, "flows": []}',
      'flows.json:1:24: topology.nodes: is an unknown key; the keys here are node_ips, pod_cidrs',
    ],
    ['{"topology": {"node_ips": ["x"]}, "flows": []}', 'topology.node_ips[0]: "x" is no IP address'],
    ['{"topology": {"pod_cidrs": ["10.0.0.0/33"]}, "flows": []}', 'topology.pod_cidrs[0]: "10.0.0.0/33" is no CIDR'],
  ])('refuses the file %s', (text, expected) => {
    expect(sentence(text)).toContain(expected)
  })

  it.each([
    [{ dst: undefined }, 'flows[1].dst: is missing'],
    [{ dport: undefined }, 'flows[1].dport: is missing'],
    [{ dport: '80' }, 'flows[1].dport: expected a whole number, found "80"'],
    [{ dport: 0 }, 'flows[1].dport: 0 is not from 1 to 65535'],
    [{ dport: 65_536 }, 'flows[1].dport: 65536 is not from 1 to 65535'],
    [{ src: '10.0.0.256' }, 'flows[1].src: "10.0.0.256" is no IP address'],
    [{ dst: 'fd00::1' }, 'flows[1].dst: fd00::1 is not of the family of src'],
    [{ src: 'fd00::2', dst: 'fd00::1' }, 'flows[1].src: is IPv6, and the node has no such address'],
    [{ src: '255.255.255.254', srcs: 3, conns: 3 }, 'flows[1].srcs: 3 addresses from 255.255.255.254 on do not exist'],
    [{ sport: 65_000, conns: 537 }, 'flows[1].conns: 537 connections from port 65000 on need port 65536; raise srcs'],
    [{ conns: 2_000_001, srcs: 2_000_001 }, 'flows[1].conns: 2000001 is not from 0 to 2000000'],
    [{ proto: 'icmp' }, 'flows[1].proto: "icmp" is not supported; write one of udp, tcp, sctp'],
    [{ from: 'outside' }, 'flows[1].from: "outside" is not supported; write one of external, pod, node'],
    [{ reply: 1 }, 'flows[1].reply: expected true or false, found 1'],
    [{ delay_ms: -1 }, 'flows[1].delay_ms: -1 is not from 0 to 3600000'],
    [{ pkt: 2 }, 'flows[1].pkt: is an unknown key; did you mean pkts'],
  ])('refuses the flow %j', (change, expected) => {
    expect(sentence(JSON.stringify({ flows: [FLOW, { ...FLOW, ...change }] }))).toContain(expected)
  })
})
