/**
 * In what the releases of kube-proxy differ in nftables mode, a row each. Others are refused by name: 1.31 and 1.32 hang their base
 * chains elsewhere, 1.35 is not checked, 1.36 drops the chains of endpoints.
 */
export interface NftablesRelease {
  /** The masquerade of traffic to a clusterIP asks for the Service port too. */
  readonly masqueradeMatchesPort: boolean
}

export const NFTABLES_RELEASES = {
  '1.33': { masqueradeMatchesPort: true },
  '1.34': { masqueradeMatchesPort: false },
} as const satisfies Readonly<Record<string, NftablesRelease>>

/** undefined: not known. */
export const nftablesRelease = (release: string): NftablesRelease | undefined =>
  Object.hasOwn(NFTABLES_RELEASES, release) ? NFTABLES_RELEASES[release as keyof typeof NFTABLES_RELEASES] : undefined
