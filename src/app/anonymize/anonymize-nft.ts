/**
 * kube-proxy's nft tables with everything in them renamed. Only text that parses as kube-proxy's is taken, so nothing passes that nobody
 * thought of. As in iptables mode, the choice among endpoints is put into the new addresses' order.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Problem } from '../../problem/problem.ts'
import { parseNftables } from '../../ruleset/parse-nftables.ts'
import { printNftRuleset } from '../../ruleset/print-nftables.ts'
import { type ChainHashes, renamedEndpoint } from './chain-hashes.ts'
import { renamedComment } from './kube-comments.ts'
import type { Renamer } from './renamer.ts'

export const anonymizeNft = (
  text: string,
  file: string,
  renamer: Renamer,
  hashes: ChainHashes,
): E.Either<Problem, string> =>
  pipe(
    parseNftables(text, file),
    E.chain(rulesets =>
      parseNftables(
        rulesets.map(ruleset => renamedText(printNftRuleset(ruleset), renamer, hashes)).join(''),
        `${file} (renamed)`,
      ),
    ),
    // Printing sorts the elements of sets by their new values.
    E.map(rulesets => rulesets.map(printNftRuleset).join('')),
  )

const NAME = /\b(service|local|external|firewall|endpoint|affinity)-([A-Z2-7]{8}-[^\s,;{}]+)/g

function renamedText(text: string, renamer: Renamer, hashes: ChainHashes): string {
  const lines = text.split('\n').map(line =>
    line
      .split(/("[^"]*")/)
      .map((part, i, parts) =>
        i % 2 === 0
          ? renamedPart(part, renamer, hashes)
          : renamedString(part.slice(1, -1), /ifname (?:!= )?$/.test(parts[i - 1]), renamer),
      )
      .join(''),
  )
  return inOrderOfEndpoints(lines).join('\n')
}

/** Names first, then addresses in what is left. */
const renamedPart = (part: string, renamer: Renamer, hashes: ChainHashes): string =>
  part
    .split(NAME)
    .map((piece, i) =>
      i % 3 === 0 ? renamedAddresses(piece, renamer) : i % 3 === 1 ? `${piece}-` : hashes.ofNft(piece),
    )
    .join('')

const renamedAddresses = (text: string, renamer: Renamer): string =>
  text.replace(/\[?[\da-f]*[.:][\da-f.:]*[\da-f]?\]?(?::\d+)?(?:\/\d+)?/gi, word => {
    if (!/\d/.test(word)) return word
    return renamer.prefix(word) ?? renamer.address(word) ?? renamedEndpoint(word, renamer)
  })

const renamedString = (value: string, isInterface: boolean, renamer: Renamer): string =>
  isInterface
    ? `"${renamer.name('if', value.replace(/\*$/, ''))}${value.endsWith('*') ? '*' : ''}"`
    : `"${renamedComment(value, renamer, name => name)}"`

/** The endpoint a name ends in, as kube-proxy sorts them. */
function endpointOf(name: string): string {
  const [, address, port] = /__([\da-f.]+)\/(\d+)$/.exec(name) ?? []
  if (address === undefined) return name
  return /^(\d+\.){3}\d+$/.test(address) ? `${address}:${port}` : `[${address.replaceAll('.', ':')}]:${port}`
}

const byEndpoint = (a: string, b: string): number => {
  const [x, y] = [endpointOf(a), endpointOf(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

function inOrderOfEndpoints(lines: readonly string[]): readonly string[] {
  const sorted = lines.map(line =>
    line.includes('numgen random mod ') ? inOrder(line, /goto (endpoint-[^\s,;{}]+)/g) : line,
  )
  // A client's memory: one line an endpoint.
  for (let from = 0; from < sorted.length; from++) {
    let to = from
    while (to < sorted.length && AFFINITY.test(sorted[to])) to++
    if (to - from > 1) {
      const own = sorted.slice(from, to).toSorted((a, b) => byEndpoint(AFFINITY.exec(a)![1], AFFINITY.exec(b)![1]))
      sorted.splice(from, own.length, ...own)
    }
    from = Math.max(from, to)
  }
  return sorted
}

const AFFINITY = /^\s*ip6? saddr @affinity-\S+ goto (endpoint-\S+)$/

function inOrder(line: string, names: RegExp): string {
  const order = [...line.matchAll(names)].map(match => match[1]).sort(byEndpoint)
  let place = 0
  return line.replace(names, () => `goto ${order[place++]}`)
}
