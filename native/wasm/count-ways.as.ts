// count4 of src/netfilter/count-ways.ts in AssemblyScript: hashes and draws of four connections at a time, then look-up, choice and
// increment one by one. Same cells, bit for bit (test). All parameters that end in At are byte offsets in memory.
// An entry is 16 bytes: address, protocol << 16 | port, first way, run; see way-table.ts, displaced-places.ts and draw-rows.ts.

// @ts-ignore: decorator
@inline function exactWay(rowStartsAt: usize, thresholdsAt: usize, run: u32, word: u32): u32 {
  const start = load<u32>(rowStartsAt + (<usize>((run >> 20) & 0x7ff) << 2))
  const row = thresholdsAt + (<usize>start << 2)
  let low: u32 = 0
  let high: u32 = (run & 0xfffff) - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (load<u32>(row + (<usize>middle << 2)) <= word) low = middle
    else high = middle - 1
  }
  return low
}

// Counts one connection, whose key is address | ports << 32; answers 1 when the table does not know its destination.
// @ts-ignore: decorator
@inline function count(
  key: u64, hash: u32, word: u32, displacementsAt: usize, bucketShift: u32, placeShift: u32,
  entriesAt: usize, margin: u32, rowStartsAt: usize, thresholdsAt: usize, cellsAt: usize,
): u32 {
  const displacement = <u32>load<u16>(displacementsAt + (<usize>(hash >> bucketShift) << 1))
  const entry = entriesAt + (<usize>(((hash ^ displacement) * 0x9e3779b1) >> placeShift) << 4)
  if (load<u64>(entry) != key) return 1
  const run = load<u32>(entry, 12)
  const scaled = <u64>word * <u64>(run & 0xfffff)
  let way = <u32>(scaled >> 32)
  // The fraction lies in margin … 2^32 - margin: one comparison of the distance from margin.
  if (<u32>scaled - margin >= 0 - 2 * margin || <i32>run < 0) way = exactWay(rowStartsAt, thresholdsAt, run, word)
  const cell = cellsAt + (<usize>(load<u32>(entry, 8) + way) << 2)
  store<u32>(cell, load<u32>(cell) + 1)
  return 0
}

// Connections 0 … count - 1 of the chunk, whose flow numbers begin at `flowLow`; a multiple of four is counted, the caller pads.
// Writes the places in the chunk of unknown destinations to missedAt and answers how many there are.
export function count4(
  addressesAt: usize, portsAt: usize, connections: u32, flowLow: u32,
  seedLow: u32, high: u32,
  displacementsAt: usize, bucketShift: u32, placeShift: u32, entriesAt: usize, margin: u32, rowStartsAt: usize, thresholdsAt: usize, cellsAt: usize, missedAt: usize,
): u32 {
  let missed: u32 = 0
  const golden = i32x4.splat(0x9e3779b1), m1 = i32x4.splat(0x85ebca6b)
  const c1 = i32x4.splat(0x21f0aaad), c2 = i32x4.splat(0xd35a2d97)
  const low = i32x4.splat(seedLow), second = i32x4.splat(high), third = i32x4.splat(0x85ebca6b)
  const four = i32x4.splat(4)
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
    x = i32x4.add(v128.xor(x, i32x4.shr_u(x, 15)), second)
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), c1)
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), c2)
    x = i32x4.add(v128.xor(x, i32x4.shr_u(x, 15)), third)
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), c1)
    x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), c2)
    x = v128.xor(x, i32x4.shr_u(x, 15))
    // Two lanes a word leave the vectors sooner than four.
    const k01 = i8x16.shuffle(address, ports, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
    const k23 = i8x16.shuffle(address, ports, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
    const h01 = <u64>i64x2.extract_lane(h, 0), h23 = <u64>i64x2.extract_lane(h, 1)
    const x01 = <u64>i64x2.extract_lane(x, 0), x23 = <u64>i64x2.extract_lane(x, 1)
    store<u32>(missedAt + (<usize>missed << 2), i)
    missed += count(i64x2.extract_lane(k01, 0), <u32>h01, <u32>x01, displacementsAt, bucketShift, placeShift, entriesAt, margin, rowStartsAt, thresholdsAt, cellsAt)
    store<u32>(missedAt + (<usize>missed << 2), i + 1)
    missed += count(i64x2.extract_lane(k01, 1), <u32>(h01 >> 32), <u32>(x01 >> 32), displacementsAt, bucketShift, placeShift, entriesAt, margin, rowStartsAt, thresholdsAt, cellsAt)
    store<u32>(missedAt + (<usize>missed << 2), i + 2)
    missed += count(i64x2.extract_lane(k23, 0), <u32>h23, <u32>x23, displacementsAt, bucketShift, placeShift, entriesAt, margin, rowStartsAt, thresholdsAt, cellsAt)
    store<u32>(missedAt + (<usize>missed << 2), i + 3)
    missed += count(i64x2.extract_lane(k23, 1), <u32>(h23 >> 32), <u32>(x23 >> 32), displacementsAt, bucketShift, placeShift, entriesAt, margin, rowStartsAt, thresholdsAt, cellsAt)
  }
  return missed
}
