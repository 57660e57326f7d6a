/** Sets as text that `ipset restore` takes; those that are not modelled are left out, and so are lists with one of them. */
import { formatIp, type IpFamily } from '../net/ip.ts'
import {
  type FilledIpSet,
  IP_SET_PARTS,
  type IpSet,
  type IpSetElement,
  type IpSetPart,
  isTimed,
  unmodelledSet,
} from './ip-set.ts'

export function printIpSets(sets: Iterable<IpSet>): string {
  const lines: string[] = []
  const lists: string[] = []
  for (const set of sets) {
    if (unmodelledSet(set) !== undefined) continue
    if (set.kind === 'filled') {
      lines.push(createLine(set))
      for (const element of set.elements) lines.push(`add ${set.name} ${elementText(set, element)}`)
    } else if (set.kind === 'list') {
      lists.push(
        `create ${set.name} list:set size ${Math.max(1, set.members.length)}${isTimed(set) ? ' timeout 0' : ''}`,
      )
      for (const { set: member, timeoutS } of set.members)
        lists.push(`add ${set.name} ${member.name}${timeoutText(timeoutS)}`)
    }
  }
  return [...lines, ...lists, ''].join('\n')
}

function createLine(set: FilledIpSet): string {
  const { name, type, family = 4, mask, range, elements } = set
  const text = (value: bigint): string => (type === 'bitmap:port' ? `${value}` : formatIp({ family, value }))
  const parts = [`create ${name} ${type}`]
  if (range !== undefined) parts.push(`range ${text(range.first)}-${text(range.last)}`)
  else parts.push(`family ${family === 4 ? 'inet' : 'inet6'} maxelem ${Math.max(65_536, elements.length)}`)
  if (mask !== undefined) parts.push(maskText(mask, family))
  if (isTimed(set)) parts.push('timeout 0')
  return parts.join(' ')
}

function maskText(mask: bigint, family: IpFamily): string {
  const bits = family === 4 ? 32 : 128
  const length = mask.toString(2).replace(/0+$/, '').length
  return mask === ((1n << BigInt(length)) - 1n) << BigInt(bits - length)
    ? `netmask ${length}`
    : `bitmask ${formatIp({ family, value: mask })}`
}

function elementText({ type, family = 4 }: FilledIpSet, element: IpSetElement): string {
  const { values, length, timeoutS, nomatch } = element
  const texts = IP_SET_PARTS[type].map((part, i) => partText(part, values[i], family, length))
  return `${texts.join()}${timeoutText(timeoutS)}${nomatch === true ? ' nomatch' : ''}`
}

function partText(part: IpSetPart, value: bigint, family: IpFamily, length: number | undefined): string {
  switch (part) {
    case 'port':
      return `${value}`
    case 'pair':
      return pairText(Number(value))
    case 'address':
      return formatIp({ family, value })
    case 'net':
      return `${formatIp({ family, value })}/${length}`
  }
}

function pairText(pair: number): string {
  const [protocol, port] = [pair >> 16, pair & 0xffff]
  const name = PAIR_NAMES[protocol] ?? `${protocol}`
  return protocol === 1 || protocol === 58 ? `${name}:${port >> 8}/${port & 255}` : `${name}:${port}`
}

const PAIR_NAMES: Readonly<Record<number, string | undefined>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
}

const timeoutText = (timeoutS: number | undefined): string => (timeoutS === undefined ? '' : ` timeout ${timeoutS}`)
