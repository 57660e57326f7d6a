/**
 * Lives of endpoints as columns: what really happens behind an address. An address without lives (host network, or nobody's pod) answers
 * as long as its node does.
 */
import type { EndpointLife } from '../../cluster/endpoint-lives.ts'
import type { TimeUs } from '../../sim/time.ts'

export interface LifeTable {
  /** Lives behind address a are lifeStart[a] … lifeStart[a + 1] - 1, in order of time. */
  readonly lifeStart: Uint32Array
  readonly podOfLife: Uint32Array
  readonly upUs: Float64Array
  readonly terminatingUs: Float64Array
  readonly downUs: Float64Array
  readonly goneUs: Float64Array
  readonly isCut: Uint8Array
}

/** Number of the pod of an endpoint that is no pod's. */
export const NO_POD = 0xffff_ffff

/** Numbers addresses and pods as they are asked for. */
export class LifeNumbers {
  readonly addresses = new Map<string, number>()
  readonly pods = new Map<string, number>()

  address(text: string): number {
    return numberIn(this.addresses, text)
  }

  pod(key: string): number {
    return key === '' ? NO_POD : numberIn(this.pods, key)
  }
}

/** For the addresses that were asked for. */
export function lifeTable(lives: readonly EndpointLife[], numbers: LifeNumbers): LifeTable {
  const byAddress: EndpointLife[][] = Array.from({ length: numbers.addresses.size }, () => [])
  for (const life of lives)
    for (const address of life.addresses) {
      const number = numbers.addresses.get(address)
      if (number !== undefined) byAddress[number].push(life)
    }
  const ordered = byAddress.map(own => own.sort((a, b) => a.upUs - b.upUs))
  const all = ordered.flat()
  const lifeStart = new Uint32Array(new SharedArrayBuffer(4 * (ordered.length + 1)))
  ordered.forEach((own, a) => {
    lifeStart[a + 1] = lifeStart[a] + own.length
  })
  const times = (of: (life: EndpointLife) => TimeUs): Float64Array => {
    const column = new Float64Array(new SharedArrayBuffer(8 * all.length))
    all.forEach((life, i) => {
      column[i] = of(life)
    })
    return column
  }
  return {
    lifeStart,
    podOfLife: Uint32Array.from(all, life => numbers.pod(life.pod)),
    upUs: times(l => l.upUs),
    terminatingUs: times(l => l.terminatingUs),
    downUs: times(l => l.downUs),
    goneUs: times(l => l.goneUs),
    isCut: Uint8Array.from(all, life => (life.cut ? 1 : 0)),
  }
}

/** The last life of the address that had begun by then; -1: none had; -2: the address has no lives at all. */
export function lifeAt({ lifeStart, upUs }: LifeTable, address: number, timeUs: TimeUs): number {
  const start = lifeStart[address]
  const end = lifeStart[address + 1]
  if (start === end) return -2
  let life = end - 1
  while (life >= start && upUs[life] > timeUs) life--
  return life < start ? -1 : life
}

function numberIn(numbers: Map<string, number>, key: string): number {
  let number = numbers.get(key)
  if (number === undefined) {
    number = numbers.size
    numbers.set(key, number)
  }
  return number
}
