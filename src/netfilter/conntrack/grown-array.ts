/** The larger array with the smaller one's contents at its beginning. */
export function grownArray<A extends Int32Array | Uint32Array | Uint8Array | Float64Array>(old: A, larger: A): A {
  larger.set(old)
  return larger
}
