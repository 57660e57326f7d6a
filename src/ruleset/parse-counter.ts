/** `[12:3456]`; each a 64-bit number. */
export function parseCounter(text: string): { readonly packets: bigint; readonly bytes: bigint } | undefined {
  const parts = /^\[(\d{1,20}):(\d{1,20})\]$/.exec(text)
  if (parts === null) return undefined
  const packets = BigInt(parts[1])
  const bytes = BigInt(parts[2])
  return packets > MAX_COUNTER || bytes > MAX_COUNTER ? undefined : { packets, bytes }
}

const MAX_COUNTER = 0xffff_ffff_ffff_ffffn
