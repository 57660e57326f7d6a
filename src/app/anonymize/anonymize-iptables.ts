/**
 * iptables-save text with everything in it renamed, whoever wrote the rules: options whose values are numbers and words of iptables keep them, addresses, chains,
 * interfaces and kube-proxy's comments are renamed part by part, and any other text becomes another one. Comment lines of the file are dropped.
 * kube-proxy lists the endpoints of a Service by address as text, so jumps to them are put into the new addresses' order; counters stay in their places.
 */
import { type ChainHashes, renamedEndpoint } from './chain-hashes.ts'
import { renamedComment, servicePortIn } from './kube-comments.ts'
import type { Renamer } from './renamer.ts'

/** Tells `hashes` what the hashes of this text were made of. */
export function learnIptables(text: string, hashes: ChainHashes): void {
  for (const line of text.split('\n')) {
    const label = servicePortIn(/--comment (?:"([^"]*)"|(\S+))/.exec(line)?.slice(1).join('') ?? '')
    if (label === undefined) continue
    hashes.addServicePort(label)
    const endpoint = /--to-destination (\S+)/.exec(line)?.[1]
    const protocol = /-p (\w+)/.exec(line)?.[1]
    if (endpoint !== undefined && protocol !== undefined) hashes.addEndpoint(label, protocol, endpoint)
  }
}

export function anonymizeIptables(text: string, renamer: Renamer, hashes: ChainHashes): string {
  const chains = new Set(text.split('\n').flatMap(line => /^:(\S+)/.exec(line)?.[1] ?? []))
  const chain = (name: string): string => renamedChain(name, chains, renamer, hashes)
  const lines = text.split(/\r?\n/).flatMap(line => {
    if (line.trim() === '' || line.startsWith('#')) return []
    if (line.startsWith(':')) return [line.replace(/^:(\S+)/, (_, name) => `:${chain(name)}`)]
    return line.startsWith('*') || line === 'COMMIT' ? [line] : [renamedRule(line, chain, renamer)]
  })
  return `${inOrderOfEndpoints(lines).join('\n')}\n`
}

function renamedRule(line: string, chain: (name: string) => string, renamer: Renamer): string {
  let option = ''
  return line.replace(TOKEN, token => {
    if (/^(-|\[\d+:\d+\]$|!$)/.test(token)) {
      if (token.startsWith('-')) option = token
      return token
    }
    const value = renamedValue(option, unquoted(token), chain, renamer)
    return token.startsWith('"') ? `"${value}"` : value
  })
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\S+/g

function renamedValue(option: string, value: string, chain: (name: string) => string, renamer: Renamer): string {
  if (CHAIN_OPTIONS.has(option)) return chain(value)
  if (WORD_OPTIONS.has(option)) return value
  if (option === '--comment') return renamedComment(value, renamer, name => chain(name))
  if (INTERFACE_OPTIONS.has(option)) return renamedInterface(value, renamer)
  if (value.startsWith('KUBE-')) return chain(value)
  if (KUBE_COUNTERS.has(value) || DIRECTIONS.test(value)) return value
  if (MAC.test(value)) return renamer.mac(value)
  return renamedAddresses(value, renamer) ?? (NUMBERS.test(value) ? value : renamer.name('word', value))
}

/** Values that are names of chains, of targets, or of objects that carry a chain's name. */
const CHAIN_OPTIONS = new Set('-A -I -j -g --jump --goto'.split(' '))
const INTERFACE_OPTIONS = new Set('-i -o --in-interface --out-interface --physdev-in --physdev-out'.split(' '))
/** Values that are words of iptables' own. */
const WORD_OPTIONS = new Set(
  '-m --match -p --protocol -t --mode --ctstate --state --ctstatus --ctdir --ctproto --reject-with --dst-type --src-type --icmp-type --icmpv6-type --tcp-flags --limit --log-level --hashlimit-mode --pkt-type'.split(
    ' ',
  ),
)
const KUBE_COUNTERS = new Set(['ct_state_invalid_dropped_pkts', 'localhost_nps_accepted_pkts'])
/** Of `--match-set`. */
const DIRECTIONS = /^(src|dst)(,(src|dst))*$/
/** Dumps may hold XX where somebody took an address out. */
const MAC = /^([\da-fx]{2}:){5}[\da-fx]{2}$/i
const NUMBERS = /^(0x[\da-f]+|\d[\d.]*)([/:,-](0x[\da-f]+|\d[\d.]*))*$/i

/** Built-in chains, targets, and those of kube-proxy's and the kubelet's chains whose names are always the same. */
const FIXED_CHAIN =
  /^KUBE-(SERVICES|NODEPORTS|EXTERNAL-SERVICES|POSTROUTING|MARK-MASQ|MARK-DROP|FIREWALL|FORWARD|PROXY-FIREWALL|PROXY-CANARY|KUBELET-CANARY|IPTABLES-HINT)$/
const BUILT_IN = new Set('PREROUTING INPUT FORWARD OUTPUT POSTROUTING'.split(' '))

function renamedChain(name: string, own: ReadonlySet<string>, renamer: Renamer, hashes: ChainHashes): string {
  if (BUILT_IN.has(name) || FIXED_CHAIN.test(name)) return name
  const kube = /^(KUBE-(?:SVC|SVL|EXT|FW|SEP|XLB)-)([A-Z2-7]{16})$/.exec(name)
  if (kube !== null) return kube[1] + hashes.of(kube[2])
  // A target of iptables' own: ACCEPT, DNAT, MARK.
  if (!own.has(name) && /^[A-Z][A-Z0-9]*$/.test(name)) return name
  return renamer.name('chain', name)
}

const renamedInterface = (value: string, renamer: Renamer): string => {
  const [, name, any] = /^(.*?)(\+?)$/.exec(value)!
  return name === 'lo' ? value : renamer.name('if', name) + any
}

/** Addresses with masks, ranges and ports; undefined when the value holds none. */
function renamedAddresses(value: string, renamer: Renamer): string | undefined {
  const parts = value.split(',').map(part => {
    const mask = /^([\d.]+)\/(\d+\.\d+\.\d+\.\d+)$/.exec(part)
    if (mask !== null) return renamer.address(mask[1]) && `${renamer.address(mask[1])}/${mask[2]}`
    const range = /^([\d.]+)-([\d.]+)(:.*)?$/.exec(part)
    if (range?.[1].includes('.')) return `${renamer.address(range[1])}-${renamer.address(range[2])}${range[3] ?? ''}`
    const endpoint = renamedEndpoint(part, renamer)
    return (
      renamer.prefix(part) ??
      renamer.address(part) ??
      (/^[[\d][^\s]*[.\]:]/.test(part) && endpoint !== part ? endpoint : undefined)
    )
  })
  return parts.some(part => part === undefined) ? undefined : parts.join(',')
}

/** Blocks of neighbouring jumps from one chain to endpoints: their places stay, who stands in them goes by the new address. */
function inOrderOfEndpoints(lines: readonly string[]): readonly string[] {
  const address = new Map<string, string>()
  for (const line of lines) {
    const match = /-A (KUBE-SEP-\S+) .*--to-destination (\S+)/.exec(line)
    if (match !== null) address.set(match[1], match[2])
  }
  const jumps = lines.map(endpointJump)
  const sorted = [...lines]
  for (let from = 0; from < lines.length; ) {
    let to = from + 1
    while (jumps[from] !== undefined && jumps[to]?.block === jumps[from]!.block) to++
    const places = jumps.slice(from, to).filter(jump => jump !== undefined)
    const inOrder = places.toSorted((a, b) => byText(address.get(a.target) ?? '', address.get(b.target) ?? ''))
    for (const [i, { head, middle, target }] of places.entries()) {
      const next = inOrder[i]
      sorted[from + i] = `${head}${next.comment}${middle.replaceAll(target, next.target)}${next.target}`
    }
    from = to
  }
  return sorted
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A Service's jump to one of its endpoints; those of one `block` are tried one after the other, by a client's memory or by chance. */
function endpointJump(line: string | undefined) {
  const match = ENDPOINT_JUMP.exec(line ?? '')
  if (match === null) return undefined
  const [, counters = '', head, comment, middle, target] = match
  return { block: `${head} ${middle.includes('--rcheck')}`, head: counters + head, comment, middle, target }
}

const ENDPOINT_JUMP =
  /^(\[\d+:\d+\] )?(-A KUBE-SV[CL]-\S+ -m comment --comment )("[^"]* -> [^"]*")(.* -j )(KUBE-SEP-\S+)$/

const unquoted = (token: string): string => (token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token)
