// The least any replayer must do, for bench/: load a destination, one hash, one draw, one histogram increment. Knows no rules and folds nothing.
// Entries as count-ways.as.ts has them, but the last word is a plain count and the choice among them is even.

// @ts-ignore: decorator
@inline function count(address: u32, ports: u32, hash: u32, word: u32, entriesAt: usize, entryMask: u32, cellsAt: usize): u32 {
  let slot = hash & entryMask
  while (true) {
    const entry = entriesAt + (<usize>slot << 4)
    const ways = load<u32>(entry, 12)
    if (ways == 0) return 1
    if (load<u32>(entry) == address && load<u32>(entry, 4) == ports) {
      const cell = cellsAt + (<usize>(load<u32>(entry, 8) + <u32>((<u64>word * <u64>ways) >> 32)) << 2)
      store<u32>(cell, load<u32>(cell) + 1)
      return 0
    }
    slot = (slot + 1) & entryMask
  }
}

export function roofline(
  addressesAt: usize, portsAt: usize, connections: u32, flowLow: u32, seed: u32, entriesAt: usize, entryMask: u32, cellsAt: usize,
): u32 {
  let missed: u32 = 0
  const golden = i32x4.splat(0x9e3779b1), m1 = i32x4.splat(0x85ebca6b)
  const c1 = i32x4.splat(0x21f0aaad), c2 = i32x4.splat(0xd35a2d97)
  const low = i32x4.splat(seed), four = i32x4.splat(4)
  let flow = i32x4.add(i32x4.splat(flowLow), i32x4(0, 1, 2, 3))
  for (let i: u32 = 0; i < connections; i += 4) {
    const address = v128.load(addressesAt + (<usize>i << 2))
    const ports = v128.load(portsAt + (<usize>i << 2))
    let h = v128.xor(address, i32x4.mul(ports, golden))
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), m1)
    h = v128.xor(h, i32x4.shr_u(h, 13))
    let x = v128.xor(flow, low)
    flow = i32x4.add(flow, four)
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), c1)
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), c2)
    x = v128.xor(x, i32x4.shr_u(x, 15))
    missed += count(i32x4.extract_lane(address, 0), i32x4.extract_lane(ports, 0), i32x4.extract_lane(h, 0), i32x4.extract_lane(x, 0), entriesAt, entryMask, cellsAt)
    missed += count(i32x4.extract_lane(address, 1), i32x4.extract_lane(ports, 1), i32x4.extract_lane(h, 1), i32x4.extract_lane(x, 1), entriesAt, entryMask, cellsAt)
    missed += count(i32x4.extract_lane(address, 2), i32x4.extract_lane(ports, 2), i32x4.extract_lane(h, 2), i32x4.extract_lane(x, 2), entriesAt, entryMask, cellsAt)
    missed += count(i32x4.extract_lane(address, 3), i32x4.extract_lane(ports, 3), i32x4.extract_lane(h, 3), i32x4.extract_lane(x, 3), entriesAt, entryMask, cellsAt)
  }
  return missed
}
