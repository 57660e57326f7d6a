/** A saved ruleset as text: printed from its structure, with its counters, comment lines and order of lines as they were read. */
import type { Counter } from './print-iptables.ts'
import { printChainHead, printCounter, printRule } from './print-iptables.ts'
import type { Chain, Table } from './ruleset.ts'
import type { SavedRuleset, SavedTable } from './saved-ruleset.ts'

export function printSavedRuleset(saved: SavedRuleset): string {
  const { ruleset, notes, ruleEnd } = saved
  let text = ''
  let line = 0
  let nextNote = 0
  const put = (content: string): void => {
    for (; notes[nextNote]?.line === line; line++) text += `${notes[nextNote++].text}\n`
    text += `${content}\n`
    line++
  }
  saved.tables.forEach((savedTable, t) => {
    const table = ruleset.tables[t]
    put(`*${table.name}`)
    let chainNumber = 0
    for (const chain of table.chains.values())
      put(printChainHead(chain, counterAt(savedTable.chainCounters, chainNumber++)))
    for (const { chain, index, number } of ruleLines(table, savedTable)) {
      const { ruleCounters } = savedTable
      const counter = ruleCounters === undefined ? '' : `${printCounter(counterAt(ruleCounters, number))} `
      put(`${counter}${printRule(chain.name, chain.rules[index], ruleset.family)}${ruleEnd}`)
    }
    put('COMMIT')
  })
  for (; nextNote < notes.length; nextNote++) text += `${notes[nextNote].text}\n`
  return text
}

const counterAt = (words: BigUint64Array, index: number): Counter => ({
  packets: words[2 * index],
  bytes: words[2 * index + 1],
})

interface RuleLine {
  readonly chain: Chain
  /** In its chain. */
  readonly index: number
  /** Among all rules of the table, chain by chain. */
  readonly number: number
}

function* ruleLines(table: Table, { lineChains }: SavedTable): Generator<RuleLine> {
  const chains = [...table.chains.values()]
  let firstRule = 0
  const firstRules = chains.map(chain => {
    firstRule += chain.rules.length
    return firstRule - chain.rules.length
  })
  if (lineChains === undefined) {
    for (let c = 0; c < chains.length; c++)
      for (let index = 0; index < chains[c].rules.length; index++)
        yield { chain: chains[c], index, number: firstRules[c] + index }
    return
  }
  const taken = new Int32Array(chains.length)
  for (const c of lineChains) {
    const index = taken[c]++
    yield { chain: chains[c], index, number: firstRules[c] + index }
  }
}
