/**
 * The destinations that a program's rules name by address, protocol and port: keys of dispatch segments, and rules too few to be one. What names
 * no address (a NodePort) stands for each address of the host.
 */
import { DISPATCH, DISPATCH_WORDS, ENTRY_WORDS, PC_OFFSET } from './dispatch.ts'
import type { HostView } from './host.ts'
import { OP, OP_WORDS } from './opcode.ts'
import type { Program } from './program.ts'

/** Words of a destination: four of its address, protocol << 16 | port. */
export const DESTINATION_WORDS = 5

/** Each once, DESTINATION_WORDS words. */
export function knownDestinations(program: Program, host: HostView): number[] {
  const known: number[] = []
  const add = (address: Address | undefined, ports: number): void => {
    if (address !== undefined) known.push(address[0] | 0, address[1] | 0, address[2] | 0, address[3] | 0, ports)
    else
      for (let a = 0; a < 4 * host.localCount; a += 4)
        known.push(host.local[a] | 0, host.local[a + 1] | 0, host.local[a + 2] | 0, host.local[a + 3] | 0, ports)
  }
  ofSegments(program, add)
  ofRules(program, add)
  return withoutRepeats(known)
}

function withoutRepeats(destinations: readonly number[]): number[] {
  const seen = new Set<string>()
  const once: number[] = []
  for (let at = 0; at < destinations.length; at += DESTINATION_WORDS) {
    const words = destinations.slice(at, at + DESTINATION_WORDS)
    const key = words.join()
    if (seen.has(key)) continue
    seen.add(key)
    once.push(...words)
  }
  return once
}

type Address = readonly [number, number, number, number]

type Add = (address: Address | undefined, ports: number) => void

function ofSegments({ dispatch, dispatchEntries, family }: Program, add: Add): void {
  const stride = ENTRY_WORDS[family]
  const pcOffset = PC_OFFSET[family]
  for (let record = 0; record < dispatch.length; record += DISPATCH_WORDS) {
    if (dispatch[record + DISPATCH.portMask] !== 0xff_ffff) continue
    const named = dispatch[record + DISPATCH.addressMask] !== 0
    const start = dispatch[record + DISPATCH.tableStart]
    const end = start + stride * (dispatch[record + DISPATCH.tableMask] + 1)
    for (let at = start; at < end; at += stride) {
      if (dispatchEntries[at + pcOffset] === 0) continue
      const [a, b, c, d] = dispatchEntries.subarray(at, at + 4)
      add(named ? (family === 4 ? [0, 0, 0, a] : [a, b, c, d]) : undefined, dispatchEntries[at + pcOffset - 1])
    }
  }
}

/** The code read from end to end: what each rule demands of the destination, up to where the next one begins. */
function ofRules({ code }: Program, add: Add): void {
  let [end, protocol, port] = [0, -1, -1]
  let address: Address | undefined
  for (let pc = 0; pc < code.length; pc += OP_WORDS[code[pc]]) {
    if (pc === end && protocol >= 0 && port >= 0) add(address, (protocol << 16) | port)
    const op = code[pc]
    if (op === OP.RULE) {
      end = code[pc + 2]
      protocol = -1
      port = -1
      address = undefined
    } else if (pc > end) continue
    else if (op === OP.PROTOCOL) protocol = code[pc + 1]
    else if (op === OP.DESTINATION_PORTS) {
      if (code[pc + 1] === code[pc + 2] && code[pc + 3] === 1) port = code[pc + 1]
    } else if (op === OP.DESTINATION4 && code[pc + 1] === -1) address = [0, 0, 0, code[pc + 2]]
    else if (op === OP.DESTINATION6 && code[pc + 1] === 1 && code.subarray(pc + 2, pc + 6).every(mask => mask === -1))
      address = [code[pc + 6], code[pc + 7], code[pc + 8], code[pc + 9]]
  }
}
