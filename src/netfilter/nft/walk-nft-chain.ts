/**
 * The interpreter: one packet through one base chain's code (grammar: nft-program.ts). Models nft_do_chain. Nothing is allocated per packet.
 */
import { draw32 } from '../../sim/random.ts'
import { type DrawScript, noteCuts, scriptedWord } from '../draw-script.ts'
import { isLocal } from '../route.ts'
import { masquerade, translateDestination } from '../walk-nat.ts'
import { valueOfKey } from './key-table.ts'
import { dynamicSetAt, type NftEngine } from './nft-engine.ts'
import { NFT_OP, SELECTOR } from './nft-opcode.ts'
import type { BaseChainCode } from './nft-program.ts'

/** How a base chain ends. */
export const NFT_FATE = { accept: 0, drop: 1, reject: 2 } as const

/** The addresses and port that rules see at the chain's place, its interfaces (INTERFACE) and conntrack's state. */
export function walkNftChain(
  engine: NftEngine,
  { slot, base, drops }: BaseChainCode,
  source: Uint32Array,
  destination: Uint32Array,
  destinationPort: number,
  ctState: number,
  inInterface: number,
  outInterface: number,
): number {
  const { program, host, packet, returnPc, key, sizeBytes, weight } = engine
  const { code } = program
  let pc = valueAt(engine, slot)
  let nextPc = 0
  let rule = -1
  let depth = 0
  for (;;) {
    switch (code[pc]) {
      case NFT_OP.RULE:
        rule = code[pc + 1]
        nextPc = code[pc + 2]
        engine.evaluated[rule] += weight
        engine.rulesEvaluated++
        pc += 3
        continue
      case NFT_OP.MATCHED:
        engine.matched[rule] += weight
        engine.matchedBytes[rule] += weight * sizeBytes
        pc++
        continue
      case NFT_OP.NEXT:
        pc = nextPc
        continue
      case NFT_OP.ADDRESS: {
        const count = code[pc + 3]
        const words = code[pc + 1] === 0 ? source : destination
        const found = inPrefixes(code, pc + 4, count, words) ? 1 : 0
        pc = found === code[pc + 2] ? pc + 4 + 8 * count : nextPc
        continue
      }
      case NFT_OP.ELEMENT: {
        writeKey(engine, code[pc + 2], source, destination, destinationPort)
        const found = valueOfKey(program.tables[valueAt(engine, code[pc + 1])], key) !== 0 ? 1 : 0
        pc = found === code[pc + 3] ? pc + 4 : nextPc
        continue
      }
      case NFT_OP.MEMBER: {
        engine.lookups++
        writeKey(engine, code[pc + 2], source, destination, destinationPort)
        const found = dynamicSetAt(engine, valueAt(engine, code[pc + 1])).has(key, engine.nowUs) ? 1 : 0
        pc = found === code[pc + 3] ? pc + 4 : nextPc
        continue
      }
      case NFT_OP.VMAP: {
        writeKey(engine, code[pc + 2], source, destination, destinationPort)
        pc = valueOfKey(program.tables[valueAt(engine, code[pc + 1])], key) || nextPc
        continue
      }
      case NFT_OP.NUMGEN_RANDOM: {
        engine.numgens++
        pc = code[pc + 2 + randomNumber(engine, code[pc + 1])] || nextPc
        continue
      }
      case NFT_OP.NUMGEN_INC: {
        engine.numgens++
        const counter = code[pc + 1]
        const number = engine.numbers[counter] + 1 >= code[pc + 2] ? 0 : engine.numbers[counter] + 1
        engine.numbers[counter] = number
        pc = code[pc + 3 + number] || nextPc
        continue
      }
      case NFT_OP.CT_STATE:
        pc = ((ctState & code[pc + 1]) !== 0 ? 1 : 0) === code[pc + 2] ? pc + 3 : nextPc
        continue
      case NFT_OP.PROTOCOL:
        pc = (packet.protocol === code[pc + 1] ? 1 : 0) === code[pc + 2] ? pc + 3 : nextPc
        continue
      case NFT_OP.DESTINATION_PORT:
        pc =
          (code[pc + 1] === 0 || packet.protocol === code[pc + 1]) &&
          (destinationPort === code[pc + 2] ? 1 : 0) === code[pc + 3]
            ? pc + 4
            : nextPc
        continue
      case NFT_OP.IN_INTERFACE:
        pc = engine.interfaceMatches[4 * code[pc + 1] + inInterface] === code[pc + 2] ? pc + 3 : nextPc
        continue
      case NFT_OP.FIB_LOCAL:
        pc = (isLocal(host, code[pc + 1] === 0 ? source : destination) ? 1 : 0) === code[pc + 2] ? pc + 3 : nextPc
        continue
      case NFT_OP.MARK:
        pc = ((packet.mark & code[pc + 1]) === code[pc + 2] ? 1 : 0) === code[pc + 3] ? pc + 4 : nextPc
        continue
      case NFT_OP.SET_MARK:
        packet.mark = ((packet.mark & code[pc + 1]) ^ code[pc + 2]) >>> 0
        pc += 3
        continue
      case NFT_OP.UPDATE:
        engine.updates++
        writeKey(engine, code[pc + 2], source, destination, destinationPort)
        pc = dynamicSetAt(engine, valueAt(engine, code[pc + 1])).add(key, engine.nowUs) ? pc + 3 : nextPc
        continue
      case NFT_OP.JUMP:
        returnPc[depth++] = nextPc
        pc = valueAt(engine, code[pc + 1])
        continue
      case NFT_OP.GOTO:
        pc = valueAt(engine, code[pc + 1])
        continue
      case NFT_OP.RETURN:
      case NFT_OP.END:
        if (depth === 0) {
          engine.policyHits[base] += weight
          engine.policyBytes[base] += weight * sizeBytes
          return drops ? NFT_FATE.drop : NFT_FATE.accept
        }
        pc = returnPc[--depth]
        continue
      case NFT_OP.ACCEPT:
        return NFT_FATE.accept
      case NFT_OP.DROP:
        return NFT_FATE.drop
      case NFT_OP.REJECT:
        engine.rejection = code[pc + 1]
        return NFT_FATE.reject
      case NFT_OP.DNAT:
        translateDestination(packet, code, pc + 2)
        engine.dnat = code[pc + 1]
        engine.isBound = true
        return NFT_FATE.accept
      case NFT_OP.MASQUERADE:
        engine.isBound = true
        engine.masqueraded = true
        packet.natRandom = code[pc + 1] === 1
        packet.natFrom = 0
        packet.natTo = 0
        return masquerade(host, packet, outInterface) ? NFT_FATE.accept : NFT_FATE.drop
      default:
        throw new Error(`no such operation: ${code[pc]} at ${pc}`)
    }
  }
}

/** What the slot stands for in the view at hand. */
const valueAt = ({ own, program }: NftEngine, slot: number): number =>
  own === undefined ? program.values[slot] : (own.get(slot) ?? program.values[slot])

function randomNumber({ packet, seed, script }: NftEngine, modulus: number): number {
  const n = packet.draws++
  const word =
    script === undefined
      ? draw32(seed.low, seed.high, packet.flowLow, packet.flowHigh, n)
      : scriptedNumber(script, modulus)
  return Math.floor((word * modulus) / 0x1_0000_0000)
}

function scriptedNumber(script: DrawScript, modulus: number): number {
  const word = scriptedWord(script)
  noteCuts(script, numberCuts(modulus))
  return word
}

/** The words at which another number begins; a script asks for the same ones once a branch. */
function numberCuts(modulus: number): Float64Array {
  let cuts = knownCuts.get(modulus)
  if (cuts === undefined) {
    cuts = new Float64Array(modulus - 1)
    for (let n = 1; n < modulus; n++) cuts[n - 1] = Math.ceil((n * 0x1_0000_0000) / modulus)
    knownCuts.set(modulus, cuts)
  }
  return cuts
}

const knownCuts = new Map<number, Float64Array>()

/** Puts the parts of a key into engine.key, in the order the rule names them. */
function writeKey(
  { key, packet, program }: NftEngine,
  selectors: number,
  source: Uint32Array,
  destination: Uint32Array,
  destinationPort: number,
): void {
  let at = 0
  for (let rest = selectors; rest !== 0; rest >>= 3) {
    const selector = rest & 7
    if (selector === SELECTOR.protocol) key[at++] = packet.protocol
    else if (selector === SELECTOR.destinationPort) key[at++] = destinationPort
    else {
      const words = selector === SELECTOR.source ? source : destination
      for (let i = program.family === 4 ? 3 : 0; i < 4; i++) key[at++] = words[i]
    }
  }
}

function inPrefixes(code: Int32Array, start: number, count: number, words: Uint32Array): boolean {
  for (let at = start; at < start + 8 * count; at += 8)
    if (
      (words[3] & code[at + 3]) === code[at + 7] &&
      (words[2] & code[at + 2]) === code[at + 6] &&
      (words[1] & code[at + 1]) === code[at + 5] &&
      (words[0] & code[at]) === code[at + 4]
    )
      return true
  return false
}
