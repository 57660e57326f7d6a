/**
 * The elements of one set or map that all Services share, as kube-proxy keeps them in mind: it writes an element when it is new or
 * leads elsewhere, and deletes it when no Service port has it any more. A sync costs the elements of the Service ports that changed.
 *
 * Models nftElementStorage (pkg/proxy/nftables/proxier.go). Where several Service ports claim one key with different verdicts,
 * kube-proxy writes each in turn at every sync, and the last one stands; so does this, in the order of Service ports.
 */
import type { IpFamily } from '../net/ip.ts'
import type { NftElement } from '../ruleset/nft-ruleset.ts'
import { printNftVerdict } from '../ruleset/print-nft-rule.ts'
import type { Segment } from '../ruleset/segmented-map.ts'
import { addElement, deleteElement } from './nft-command.ts'
import { compareServicePorts, type ServicePort } from './service-ports.ts'

export interface Claim {
  readonly servicePort: ServicePort
  readonly elements: Segment<NftElement>
}

export class ElementStore {
  private readonly family: IpFamily
  private readonly set: string
  /** As the kernel has them: the verdict of each element by its key, as text; comments do not count. */
  private readonly verdicts = new Map<string, string>()
  /** Who has a key, in order of Service ports; one as a rule. */
  private readonly claims = new Map<string, readonly KeyClaim[]>()
  /** Keys of several. */
  private readonly contested = new Set<string>()
  private touched = new Set<string>()

  constructor(family: IpFamily, set: string) {
    this.family = family
    this.set = set
  }

  get size(): number {
    return this.verdicts.size
  }

  /** What changes with this sync: the claims of changed Service ports, as they were and as they are. */
  replace(before: readonly Claim[], after: readonly Claim[]): void {
    for (const { servicePort, elements } of before)
      for (const [key] of elements)
        this.put(
          key,
          (this.claims.get(key) ?? []).filter(c => c.servicePort !== servicePort),
        )
    for (const { servicePort, elements } of after)
      for (const [key, element] of elements) {
        const claims = [...(this.claims.get(key) ?? []), { servicePort, element }]
        if (claims.length > 1) claims.sort((a, b) => compareServicePorts(a.servicePort, b.servicePort))
        this.put(key, claims)
      }
    for (const key of this.contested) this.touched.add(key)
  }

  /** Commands that bring the keys to what is claimed, each key once a sync. */
  settle(keys: Iterable<string>): string[] {
    const commands: string[] = []
    for (const key of keys) {
      if (!this.touched.has(key)) continue
      const claims = this.claims.get(key)
      if (claims === undefined) continue
      this.touched.delete(key)
      for (const { element } of claims) {
        const verdict = element.verdict === undefined ? '' : printNftVerdict(element.verdict)
        const known = this.verdicts.get(key)
        if (known === verdict) continue
        if (known !== undefined) commands.push(deleteElement(this.family, this.set, key))
        commands.push(addElement(this.family, this.set, key, element))
        this.verdicts.set(key, verdict)
      }
    }
    return commands
  }

  /** The rest of the sync: contested keys, then the deletion of what nobody has any more. */
  finish(): string[] {
    const commands = this.settle([...this.touched])
    for (const key of this.touched)
      if (this.verdicts.delete(key)) commands.push(deleteElement(this.family, this.set, key))
    this.touched = new Set()
    return commands
  }

  private put(key: string, claims: readonly KeyClaim[]): void {
    this.touched.add(key)
    if (claims.length === 0) this.claims.delete(key)
    else this.claims.set(key, claims)
    if (claims.length > 1) this.contested.add(key)
    else this.contested.delete(key)
  }
}

interface KeyClaim {
  readonly servicePort: ServicePort
  readonly element: NftElement
}
