/**
 * The elements of a set or map in the order `nft list` shows them. Keys of one part go by value. A key of several parts is laid out
 * as its bytes in network order and compared as a little-endian number: the last byte counts most, so a port's low byte comes first
 * of all. Models expr_msort_value of nft 1.0.6 (src/mergesort.c) on a little-endian machine.
 */
import { familyBits } from '../net/ip.ts'
import { PROTOCOL_NUMBER } from '../net/protocol.ts'
import type { NftElement, NftKeyValue, NftProtocol, NftSet } from './nft-ruleset.ts'

/** Keys as text, each with its element. */
export function sortNftElements({ keyType, elements }: NftSet): [keyText: string, element: NftElement][] {
  const order = keyType.length === 1 ? wholeValue : reversedBytes
  return [...elements]
    .map(([text, element]) => ({ text, element, place: order(element.key) }))
    .sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0))
    .map(({ text, element }) => [text, element])
}

const wholeValue = ([value]: readonly NftKeyValue[]): bigint => bytesOf(value).value

/** A string compares as its characters do, here the key's bytes from the last to the first. */
function reversedBytes(key: readonly NftKeyValue[]): string {
  let text = ''
  for (let i = key.length - 1; i >= 0; i--) {
    const { value, length } = bytesOf(key[i])
    let left = value
    for (let byte = 0; byte < length; byte++) {
      text += String.fromCharCode(Number(left & 0xffn))
      left >>= 8n
    }
  }
  return text
}

function bytesOf(value: NftKeyValue): { readonly value: bigint; readonly length: number } {
  if (typeof value === 'object') return { value: value.value, length: familyBits(value.family) / 8 }
  if (typeof value === 'number') return { value: BigInt(value), length: 2 }
  return { value: BigInt(protocolNumber(value)), length: 1 }
}

const protocolNumber = (protocol: NftProtocol): number =>
  PROTOCOL_NUMBER[protocol.toUpperCase() as keyof typeof PROTOCOL_NUMBER]
