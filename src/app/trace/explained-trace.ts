/** A trace in words, of either kind of rules: what `svcsim trace` prints as text or JSON. */
export interface ExplainedTrace {
  readonly packet: ExplainedPacket
  readonly hooks: readonly ExplainedHook[]
  /** What became of the packet: `to pod`, `to uplink`, `to node`, `dropped`, `rejected`; as a sentence too. */
  readonly outcome: string
  readonly sentence: string
  /** The packet as it left. */
  readonly left: ExplainedPacket
  /** Rules evaluated in each table. */
  readonly evaluated: Readonly<Record<string, number>>
  /** Processor time of the node's kernel for it, by a cost profile (iptables rules only). */
  readonly modelled?: { readonly profile: string; readonly ns: number }
}

export interface ExplainedPacket {
  readonly protocol: string
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly mark: number
}

export interface ExplainedHook {
  readonly hook: string
  readonly in: string
  readonly out: string
  readonly steps: readonly ExplainedStep[]
}

export interface ExplainedStep {
  readonly table: string
  readonly chain: string
  /** Place in the chain, from 1. */
  readonly number: number
  readonly rule: string
  readonly matched: boolean
  /** What the rule did, or why nothing. */
  readonly words: string
  /** Of a rule that chance decides: how likely it is taken by a packet that reaches it, and what was drawn, from 0 to 1. */
  readonly chance?: number
  readonly draw?: number
}
