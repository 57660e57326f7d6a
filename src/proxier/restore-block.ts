/**
 * What one Service port adds to the text of a sync in iptables mode, in kube-proxy's order: its lines in the chains that all Services
 * share, which every sync writes, and its own chains, which a partial sync leaves out unless the Service changed.
 * Made once for each Service port and each way nodes see it; about 1.5 µs a rule.
 */
import type { Chain, Rule } from '../ruleset/ruleset.ts'
import { DISPATCH_CHAINS, type DispatchChain } from './base-chains.ts'
import { blockCache } from './block-cache.ts'
import { servicePortNames } from './chain-names.ts'
import type { NodeSetting, PortOnNode } from './port-on-node.ts'
import { portOnNode } from './port-on-node.ts'
import { chainLine, hasComment, type RestoreSpelling, restoreRule } from './restore-rule.ts'
import {
  clusterIPMasquerade,
  endpointChain,
  endpointChoice,
  externalChain,
  firewallChain,
  usesFirewallChain,
} from './service-chains.ts'
import { dispatchRules } from './service-dispatch.ts'
import type { ServicePort } from './service-ports.ts'

export interface RestoreBlock {
  readonly servicePort: ServicePort
  /** Lines in filter, all in chains that Services share. */
  readonly filter: RuleLines
  /** Lines in nat KUBE-SERVICES and KUBE-NODEPORTS. */
  readonly shared: RuleLines
  /** Its own chains in nat: KUBE-EXT, -FW, -SVC, -SVL, -SEP. */
  readonly chains: readonly string[]
  readonly chainLines: string
  readonly own: RuleLines
}

export interface RuleLines {
  /** ASCII: as many bytes as characters. */
  readonly text: string
  readonly count: number
  /** Of them, those with a comment. */
  readonly comments: number
}

export type BlockMaker = (servicePort: ServicePort, setting: NodeSetting) => RestoreBlock

/** Nodes that see a Service port alike get the same object. For settings of one configuration. */
export const blockMaker = (): BlockMaker =>
  blockCache((servicePort, setting) =>
    restoreBlock(portOnNode(servicePort, servicePortNames(servicePort, setting.config.chainNames), setting)),
  )

export function restoreBlock(on: PortOnNode): RestoreBlock {
  const chains: string[] = []
  const own = new Lines()
  const { cluster, local, reachable } = on.categories
  if (on.hasInternalEndpoints)
    own.addAll({ name: on.internalPolicyChain, rules: clusterIPMasquerade(on) }, { sourceIsCidr: true })
  if (on.usesExternalChain) {
    chains.push(on.names.external)
    own.addAll(externalChain(on), { sourceIsCidr: true })
  }
  if (usesFirewallChain(on)) {
    chains.push(on.names.firewall)
    firewallChain(on).rules.forEach((rule, i) => {
      // The source ranges come first, then the load balancer's own addresses.
      own.add(on.names.firewall, rule, { sourceIsCidr: i < on.servicePort.sourceRanges.length })
    })
  }
  const policies: [isUsed: boolean, name: string, endpoints: readonly number[]][] = [
    [on.usesClusterChain, on.names.cluster, cluster],
    [on.usesLocalChain, on.names.local, local],
  ]
  for (const [isUsed, name, endpoints] of policies) {
    if (!isUsed) continue
    chains.push(name)
    const rules = endpointChoice(on, endpoints)
    rules.forEach((rule, i) => {
      own.add(name, rule, { choices: rules.length - i })
    })
  }
  for (const i of reachable) {
    const chain = endpointChain(on, i)
    chains.push(chain.name)
    own.addAll(chain)
  }
  return {
    servicePort: on.servicePort,
    ...sharedLines(on),
    chains,
    chainLines: chains.map(chainLine).join(''),
    own: own.done(),
  }
}

function sharedLines(on: PortOnNode): { readonly filter: RuleLines; readonly shared: RuleLines } {
  const { services, nodePorts, refusedServices, refusedExternal, healthChecks, firewall } = dispatchRules(on)
  const externalIPs = on.servicePort.externalIPs.length
  return {
    shared: linesOf(['services', services], ['nodePorts', nodePorts]),
    filter: linesOf(
      ['refusedServices', refusedServices],
      ['refusedExternal', refusedExternal.slice(0, externalIPs)],
      ['firewall', firewall],
      ['refusedExternal', refusedExternal.slice(externalIPs)],
      ['healthChecks', healthChecks],
    ),
  }
}

function linesOf(...parts: readonly (readonly [chain: DispatchChain, rules: readonly Rule[]])[]): RuleLines {
  const lines = new Lines()
  for (const [chain, rules] of parts) lines.addAll({ name: DISPATCH_CHAINS[chain].name, rules })
  return lines.done()
}

class Lines {
  private text = ''
  private count = 0
  private comments = 0

  add(chain: string, rule: Rule, spelling?: RestoreSpelling): void {
    this.text += restoreRule(chain, rule, spelling)
    this.count++
    if (hasComment(rule)) this.comments++
  }

  addAll({ name, rules }: Chain, spelling?: RestoreSpelling): void {
    for (const rule of rules) this.add(name, rule, spelling)
  }

  done(): RuleLines {
    return { text: this.text, count: this.count, comments: this.comments }
  }
}
