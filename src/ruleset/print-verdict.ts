/** One verdict as iptables-save 1.8.9 writes it, with a leading blank; as an older release wrote it where the verdict remembers that. */
import { formatIp } from '../net/ip.ts'
import { hexadecimal } from './print-match.ts'
import type { NatTarget, PortSpan, Verdict } from './ruleset.ts'

export function printVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'accept':
      return ' -j ACCEPT'
    case 'drop':
      return ' -j DROP'
    case 'return':
      return ' -j RETURN'
    case 'jump':
      return ` -j ${verdict.chain}`
    case 'goto':
      return ` -g ${verdict.chain}`
    case 'reject':
      return ` -j REJECT --reject-with ${verdict.with}`
    case 'dnat':
      return ` -j DNAT --to-destination ${printNatTarget(verdict)}${printNatFlags(verdict)}`
    case 'snat':
      return ` -j SNAT --to-source ${printNatTarget(verdict)}${printNatFlags(verdict)}`
    case 'masquerade':
      return ` -j MASQUERADE${printToPorts(verdict.ports)}${printNatFlags(verdict)}`
    case 'redirect':
      return ` -j REDIRECT${printToPorts(verdict.ports)}${printNatFlags(verdict)}`
    case 'mark':
      return ` -j MARK ${printMarkOption(verdict)}`
    case 'connmark':
      return verdict.operation === 'set'
        ? ` -j CONNMARK --set-xmark ${hexadecimal(verdict.value)}/${hexadecimal(verdict.mask)}`
        : ` -j CONNMARK --${verdict.operation}-mark --nfmask ${hexadecimal(verdict.packetMask)} --ctmask ${hexadecimal(verdict.entryMask)}`
    case 'log':
    case 'nflog':
      return ` -j ${verdict.kind.toUpperCase()}${verdict.options === '' ? '' : ` ${verdict.options}`}`
    case 'notrack':
      return verdict.written === undefined ? ' -j CT --notrack' : ' -j NOTRACK'
    case 'unknown':
      return ` -j ${verdict.target}${verdict.options === '' ? '' : ` ${verdict.options}`}`
  }
}

/** `10.0.0.1:80`, `[fd00::1]:80`, `10.0.0.1-10.0.0.9:80-90`; the address alone when the port is kept. */
export function printNatTarget(target: NatTarget): string {
  const last = target.lastAddress === undefined ? '' : `-${formatIp(target.lastAddress)}`
  const address = `${formatIp(target.address)}${last}`
  if (target.port === undefined || target.port === 0) return address
  const ports = target.lastPort === undefined ? `${target.port}` : `${target.port}-${target.lastPort}`
  return target.address.family === 4 ? `${address}:${ports}` : `[${address}]:${ports}`
}

const printToPorts = (span: PortSpan | undefined): string =>
  span === undefined ? '' : ` --to-ports ${span.from === span.to ? span.from : `${span.from}-${span.to}`}`

interface NatFlags {
  readonly random?: boolean
  readonly randomFully?: boolean
  readonly persistent?: boolean
}

const printNatFlags = (flags: NatFlags): string =>
  `${flags.random === true ? ' --random' : ''}${flags.randomFully === true ? ' --random-fully' : ''}${flags.persistent === true ? ' --persistent' : ''}`

function printMarkOption({ value, mask, written }: Extract<Verdict, { kind: 'mark' }>): string {
  switch (written) {
    case undefined:
      return `--set-xmark ${hexadecimal(value)}/${hexadecimal(mask)}`
    case 'and-mark':
      return `--and-mark ${hexadecimal(~mask)}`
    default:
      return `--${written} ${hexadecimal(value)}`
  }
}
