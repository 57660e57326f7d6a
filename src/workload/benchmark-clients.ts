/** Addresses of so many clients outside, of both families: from the ranges for benchmarks, 198.18.0.0/15 (RFC 2544) and 2001:2::/48 (RFC 5180). */
import { formatIp } from '../net/ip.ts'

const FIRST_4 = 0xc612_0001n
const FIRST_6 = 0x2001_0002_0000_0000_0000_0000_0000_0001n

/** `count`: up to 2^17 - 2. */
export const benchmarkClients = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => BigInt(i)).flatMap(i => [
    formatIp({ family: 4, value: FIRST_4 + i }),
    formatIp({ family: 6, value: FIRST_6 + i }),
  ])
