/** Sightings that xt_recent keeps of a client for a rule with this --hitcount (0: none): a power of two, 32 by default. */
export const recentStamps = (hitcount: number): number => (hitcount === 0 ? 32 : 2 ** (32 - Math.clz32(hitcount - 1)))
