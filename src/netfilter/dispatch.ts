/**
 * Dispatch segments as evaluate finds them: a record of DISPATCH words per segment and an open-addressed hash table of its keys.
 *
 * An IPv4 entry is [address, protocol and port, pc, 0], an IPv6 entry [four address words, protocol and port, pc, 0, 0]; pc is the
 * code of the candidate, 0 in an empty entry. Tables are at most half full. Slot s is the segment's s-th rule as written.
 * Stands for the kernel's walk along the segment, which evaluate counts without taking it.
 */
/** Words of a segment's record in Program.dispatch. */
export const DISPATCH = {
  /** Rules in the segment. */
  size: 0,
  /** -1 when the key has an address, else 0. */
  addressMask: 1,
  /** What of (protocol << 16 | port) the key has. */
  portMask: 2,
  /** First word of the table in Program.dispatchEntries, entry count minus 1. */
  tableStart: 3,
  tableMask: 4,
  /** Slots of all segments count on from each other: this one's first. */
  firstSlot: 5,
  firstRule: 6,
  /** Code behind the segment. */
  afterPc: 7,
} as const

export const DISPATCH_WORDS = 8

export const ENTRY_WORDS = { 4: 4, 6: 8 } as const

/** Where the pc stands in an entry. */
export const PC_OFFSET = { 4: 2, 6: 5 } as const

/** Hash of an IPv4 key; both words already masked. */
export function hashKey4(address: number, ports: number): number {
  let h = Math.imul(address ^ Math.imul(ports, 0x9e3779b1), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0xd35a2d97)
  return h ^ (h >>> 15)
}

export function hashKey6(a: number, b: number, c: number, d: number, ports: number): number {
  return hashKey4(Math.imul(a, 0x85ebca6b) ^ hashKey4(b, c), hashKey4(d, ports))
}

/** The code of the only rule of the segment that may match, or 0. `record` = DISPATCH_WORDS × dispatch id; `ports` = protocol << 16 | destination port. */
export function findCandidate4(
  dispatch: Int32Array,
  entries: Int32Array,
  record: number,
  address: number,
  ports: number,
): number {
  const maskedAddress = address & dispatch[record + DISPATCH.addressMask]
  const maskedPorts = ports & dispatch[record + DISPATCH.portMask]
  const start = dispatch[record + DISPATCH.tableStart]
  const mask = dispatch[record + DISPATCH.tableMask]
  for (let i = hashKey4(maskedAddress, maskedPorts) & mask; ; i = (i + 1) & mask) {
    const at = start + 4 * i
    const pc = entries[at + 2]
    if (pc === 0 || (entries[at] === maskedAddress && entries[at + 1] === maskedPorts)) return pc
  }
}

export function findCandidate6(
  dispatch: Int32Array,
  entries: Int32Array,
  record: number,
  words: Uint32Array,
  ports: number,
): number {
  const addressMask = dispatch[record + DISPATCH.addressMask]
  const a = words[0] & addressMask
  const b = words[1] & addressMask
  const c = words[2] & addressMask
  const d = words[3] & addressMask
  const maskedPorts = ports & dispatch[record + DISPATCH.portMask]
  const start = dispatch[record + DISPATCH.tableStart]
  const mask = dispatch[record + DISPATCH.tableMask]
  for (let i = hashKey6(a, b, c, d, maskedPorts) & mask; ; i = (i + 1) & mask) {
    const at = start + 8 * i
    const pc = entries[at + 5]
    if (
      pc === 0 ||
      (entries[at + 3] === d &&
        entries[at + 4] === maskedPorts &&
        entries[at + 2] === c &&
        entries[at + 1] === b &&
        entries[at] === a)
    )
      return pc
  }
}
