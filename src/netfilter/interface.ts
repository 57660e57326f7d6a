/** A node's interfaces as its routes and hooks know them: `none` where a hook knows none. */
export const INTERFACE = { none: 0, lo: 1, uplink: 2, pod: 3 } as const
