/**
 * Tables of a kernel that iptables-restore --noflush fills, as text in iptables-save's spelling: the other half of a sync, to hold a
 * sequence of syncs against whole rulesets. Like the real one it refuses rules in or to chains that are not there, and to delete a
 * chain that is in use. It knows what kube-proxy writes and throws on all else.
 */
import type { IpFamily } from '../../net/ip.ts'
import { printProbability } from '../../ruleset/print-match.ts'
import { statisticThreshold } from '../../ruleset/ruleset.ts'

export class KernelTables {
  /** `table chain` -> its rules, as iptables-save prints them. */
  readonly chains = new Map<string, string[]>()
  private readonly family: IpFamily

  constructor(family: IpFamily) {
    this.family = family
  }

  restore(input: string): void {
    let table = ''
    for (const line of input.split('\n')) {
      if (line === '') continue
      if (line.startsWith('*')) table = line.slice(1)
      else if (line.startsWith(':')) this.chains.set(`${table} ${line.slice(1).split(' ')[0]}`, [])
      else if (line.startsWith('-X ')) this.delete(`${table} ${line.slice(3)}`)
      else if (line.startsWith('-A ')) this.append(table, line)
      else if (line === 'COMMIT') this.check(table)
      else throw new Error(`not understood: ${line}`)
    }
  }

  private append(table: string, line: string): void {
    const key = `${table} ${line.split(' ')[1]}`
    const rules = this.chains.get(key)
    if (rules === undefined) throw new Error(`no chain ${key}`)
    rules.push(savedRule(line, this.family))
  }

  private delete(key: string): void {
    if (this.chains.get(key)?.length !== 0) throw new Error(`${key} is not there, or not empty`)
    this.chains.delete(key)
  }

  private check(table: string): void {
    for (const [key, rules] of this.chains) {
      if (!key.startsWith(`${table} `)) continue
      for (const rule of rules) {
        const target = / -j (KUBE-\S+)$/.exec(rule)?.[1]
        if (target !== undefined && !this.chains.has(`${table} ${target}`))
          throw new Error(`${key} leads nowhere: ${rule}`)
      }
    }
  }
}

/** What iptables-save prints of a rule that was written so. */
export function savedRule(line: string, family: IpFamily): string {
  const words = line.match(/"[^"]*"|\S+/g)!
  const head = { s: '', d: '', i: '', p: '' }
  const matches: { readonly name: string; readonly options: string[] }[] = []
  let target = ''
  let not = ''
  for (let i = 2; i < words.length; i++) {
    const word = words[i]
    if (word === '!') {
      not = ' !'
      continue
    }
    if (word === '-s' || word === '-d')
      head[word === '-s' ? 's' : 'd'] = `${not} ${word} ${withLength(words[++i], family)}`
    else if (word === '-i') head.i = `${not} -i ${words[++i]}`
    else if (word === '-p') head.p = ` -p ${words[++i]}`
    else if (word === '-m') matches.push({ name: words[++i], options: [] })
    else if (word === '-j') {
      target = savedTarget(words.slice(i + 1), family)
      break
    } else {
      const ofPort = word === '--dport' ? matches.find(m => PORTS.has(m.name)) : matches.at(-1)
      const values = FLAGS.has(word) ? [] : [words[++i]]
      ofPort!.options.push([not.trim(), word, ...values].filter(w => w !== '').join(' '))
    }
    not = ''
  }
  return `-A ${words[1]}${head.s}${head.d}${head.i}${head.p}${matches.map(m => savedMatch(m.name, m.options, family)).join('')}${target}`
}

const PORTS = new Set(['tcp', 'udp', 'sctp'])
const FLAGS = new Set(['--rcheck', '--set', '--reap'])

const withLength = (address: string, family: IpFamily): string =>
  address.includes('/') ? address : `${address}/${family === 4 ? 32 : 128}`

function savedMatch(name: string, options: readonly string[], family: IpFamily): string {
  const text = (list: readonly string[]): string => ` -m ${name}${list.map(o => ` ${o}`).join('')}`
  switch (name) {
    case 'comment':
      // Blanks, and all but letters, digits, - and _, make quotes.
      return text(options.map(o => o.replace(/^(\S+) "?(.*?)"?$/, (_, option, words) => `${option} ${quoted(words)}`)))
    case 'mark':
      return text(options.map(o => o.replace(/0x0*(?=[0-9a-f])/g, '0x')))
    case 'statistic':
      return text(
        options.map(o =>
          o.replace(/[\d.]+$/, probability => printProbability(statisticThreshold(Number(probability)))),
        ),
      )
    case 'recent': {
      const ofName = options.filter(o => o.startsWith('--name'))
      const mask = family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
      return text([...options.filter(o => !ofName.includes(o)), ...ofName, `--mask ${mask}`, '--rsource'])
    }
    case 'nfacct':
      return text(options.map(o => o.replace(' ', '  ')))
    default:
      return text(options)
  }
}

const quoted = (words: string): string => (/^[\w-]+$/.test(words) ? words : `"${words}"`)

function savedTarget([name, option, value]: readonly string[], family: IpFamily): string {
  if (name === 'REJECT') return ` -j REJECT --reject-with ${family === 4 ? 'icmp' : 'icmp6'}-port-unreachable`
  if (name !== 'MARK') return ` -j ${[name, option, value].filter(w => w !== undefined).join(' ')}`
  const mark = `0x${Number(value).toString(16)}`
  return ` -j MARK --set-xmark ${mark}/${option === '--xor-mark' ? '0x0' : mark}`
}
