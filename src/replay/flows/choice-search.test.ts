import { describe, expect, it } from 'vitest'
import { ChoiceSearch, type Counted } from './choice-search.ts'
import { countSpread } from './count-spread.ts'

const at = (place: string, matched = true): Counted => ({ place, matched, bytes: 40 })

/** One packet of each connection, of a choice among `width` that counts at `r0`, `r1`, …; runs until nothing changes, or `mostRuns`. */
function searched(
  connections: number,
  width: number,
  isPossible: (connection: number, option: number) => boolean,
  mostRuns = 1_000,
) {
  const search = new ChoiceSearch()
  const taken: number[] = []
  let runs = 0
  do {
    if (runs++ === mostRuns) search.giveUp()
    search.begin()
    for (let c = 0; c < connections; c++) {
      search.send(c)
      taken[c] = search.choose(c, width, c % width)
      search.end(c, isPossible(c, taken[c]))
      search.count(c, () => [at(`r${taken[c]}`), at('all')])
    }
  } while (search.next())
  return { taken, runs, packets: search.packets() }
}

describe('ChoiceSearch', () => {
  it('tries every option once, and then takes the first that was possible', () => {
    const { taken, runs, packets } = searched(3, 4, (_, option) => option >= 2)
    expect([taken, runs]).toEqual([[2, 2, 2], 5])
    expect(packets.map(p => p.ways.map(way => way.choices[0].option))).toEqual([
      [2, 3],
      [2, 3],
      [2, 3],
    ])
    expect(packets.every(p => !p.isGivenUp && p.choiceCount === 1)).toBe(true)
  })

  it('takes what it tried first when nothing is possible', () => {
    const { taken, packets } = searched(2, 3, () => false)
    expect(taken).toEqual([0, 1])
    expect(packets.map(p => [p.ways, p.isGivenUp])).toEqual([
      [[], false],
      [[], false],
    ])
  })

  it('combines choices of one packet, also such as only some ways come to', () => {
    const search = new ChoiceSearch()
    const seen: string[] = []
    do {
      search.begin()
      search.send(7)
      const first = search.choose(7, 2, 0)
      const then = first === 0 ? [search.choose(7, 3, 1)] : []
      seen.push([first, ...then].join(''))
      search.end(7, first === 1 || then[0] === 2)
    } while (search.next())
    expect(seen).toEqual(['01', '02', '00', '1', '02'])
    expect(search.packets()[0].ways.map(way => way.choices.map(c => c.option))).toEqual([[0, 2], [1]])
  })

  it('does not look at a packet behind one that did not come so', () => {
    const search = new ChoiceSearch()
    const tried: string[] = []
    do {
      search.begin()
      search.send(0)
      const first = search.choose(0, 2, 0)
      search.end(0, first === 1)
      search.send(0)
      const second = search.choose(0, 2, 0)
      search.end(0, second === 1)
      tried.push(`${first}${second}`)
    } while (search.next())
    expect(tried.at(-1)).toBe('11')
    expect(search.packets().map(p => p.ways.length)).toEqual([1, 1])
  })

  it('counts what is sent because of a packet with it, and nothing of packets without a choice', () => {
    const search = new ChoiceSearch()
    do {
      search.begin()
      search.send(0)
      search.count(0, () => [at('before')])
      search.send(0)
      const option = search.choose(0, 2, 0)
      search.count(0, () => [at(`r${option}`, false)])
      search.count(0, () => [at('answer')])
      search.end(0, true)
    } while (search.next())
    const [{ ways }] = search.packets()
    expect(ways.map(way => way.counted.map(c => c.place))).toEqual([
      ['r0', 'answer'],
      ['r1', 'answer'],
    ])
    const one = { less: 1, more: 0 }
    const none = { less: 0, more: 0 }
    expect(countSpread(search.packets())).toEqual(
      new Map([
        ['r0', { evaluated: one, matched: none, bytes: none }],
        ['r1', { evaluated: { less: 0, more: 1 }, matched: none, bytes: none }],
      ]),
    )
  })

  it('gives up, and then takes what others found for possible too', () => {
    const { packets, runs } = searched(5, 5, () => true, 2)
    expect(runs).toBe(3)
    expect(packets.map(p => [p.isGivenUp, p.ways.length])).toEqual(new Array(5).fill([true, 2]))
    const spread = countSpread(packets)
    expect(spread.get('all')).toBeUndefined()
    // Connection n tried n and its next: together all five, so each rule may count all packets, or none.
    for (let n = 0; n < 5; n++) expect(spread.get(`r${n}`)?.matched).toEqual({ less: 1, more: 4 })
  })

  it('gives up without any way', () => {
    const { packets, taken } = searched(1, 9, (_, option) => option === 8, 3)
    expect([taken, packets[0].isGivenUp, packets[0].ways]).toEqual([[0], true, []])
    expect(countSpread(packets).size).toBe(0)
  })
})
