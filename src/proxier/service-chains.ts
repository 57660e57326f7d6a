/**
 * The chains of one Service port, one function each: KUBE-EXT, KUBE-FW, KUBE-SVC or KUBE-SVL, KUBE-SEP.
 * Models the second half of syncProxyRules and writeServiceToEndpointRules (pkg/proxy/iptables/proxier.go), which a partial sync
 * leaves out for Services that did not change. Endpoint rules are most of a ruleset and are built without detours.
 */
import { hostPrefix } from '../net/ip.ts'
import type { Chain, Match, Rule, Verdict } from '../ruleset/ruleset.ts'
import type { PortOnNode } from './port-on-node.ts'
import {
  anyPort,
  comment,
  fromNode,
  isLocal,
  jump,
  markMasquerade,
  oneIn,
  protocol,
  rule,
  source,
  toService,
} from './rule-parts.ts'

/** KUBE-EXT: what reaches the Service from outside, by externalIP, load balancer or nodePort. */
export function externalChain(on: PortOnNode): Chain {
  const { label, cluster, external } = on.names
  const rules: Rule[] = []
  if (on.servicePort.externalPolicyLocal) {
    // Pods and the node itself may use every endpoint; only strangers are held to the node's own, and keep their address.
    if (on.localTraffic !== undefined)
      rules.push(
        rule(
          [isLocal(on.localTraffic, false), comment(`pod traffic for ${label} external destinations`)],
          jump(cluster),
        ),
      )
    rules.push(
      rule([comment(`masquerade LOCAL traffic for ${label} external destinations`), fromNode], markMasquerade),
      rule([comment(`route LOCAL traffic for ${label} external destinations`), fromNode], jump(cluster)),
    )
  } else rules.push(rule([comment(`masquerade traffic for ${label} external destinations`)], markMasquerade))
  if (on.hasExternalEndpoints) rules.push(rule([], jump(on.externalPolicyChain)))
  return { name: external, rules }
}

/** Without endpoints there is nothing to let anybody on to. */
export const usesFirewallChain = (on: PortOnNode): boolean => on.restrictsSources && on.categories.hasAny

/** KUBE-FW: lets the load balancer's source ranges on to KUBE-EXT; what comes back unmarked is dropped in KUBE-PROXY-FIREWALL. */
export function firewallChain(on: PortOnNode): Chain {
  const { label, external, firewall } = on.names
  const { sourceRanges, loadBalancerVIPs } = on.servicePort
  // The node may hold the load balancer's address itself and use it as its source.
  const allowed = [...sourceRanges, ...(on.nodeIsInSourceRanges ? loadBalancerVIPs.map(hostPrefix) : [])]
  const rules = allowed.map(range => rule([source(range), comment(`${label} loadbalancer IP`)], jump(external)))
  rules.push(rule([comment(`other traffic to ${label} will be dropped by KUBE-PROXY-FIREWALL`)]))
  return { name: firewall, rules }
}

/** KUBE-SVC and KUBE-SVL, after the masquerade: the choice of an endpoint, the client's last one first. */
export function endpointChoice(on: PortOnNode, endpoints: readonly number[]): Rule[] {
  const { affinitySeconds } = on.servicePort
  const rules: Rule[] = []
  if (affinitySeconds > 0)
    for (const i of endpoints) {
      const name = on.names.endpoints[i]
      const seen: Match = {
        kind: 'recent',
        operation: 'rcheck',
        name,
        side: 'source',
        seconds: affinitySeconds,
        reap: true,
        negated: false,
      }
      rules.push({ matches: [...endpointComment(on, i), seen], verdict: jump(name) })
    }
  for (let place = 0; place < endpoints.length; place++) {
    const i = endpoints[place]
    const left = endpoints.length - place
    const why = endpointComment(on, i)
    rules.push({ matches: left === 1 ? why : [...why, oneIn(left)], verdict: jump(on.names.endpoints[i]) })
  }
  return rules
}

/** KUBE-SVC or KUBE-SVL, first rule: traffic to the clusterIP that is not a pod's leaves with the node's address. */
export function clusterIPMasquerade(on: PortOnNode): Rule[] {
  const { servicePort, names, localTraffic } = on
  if (!on.masqueradeAll && localTraffic === undefined) return []
  const to = toService(servicePort.clusterIP, servicePort.protocol, servicePort.port, `${names.label} cluster IP`)
  return [rule(on.masqueradeAll ? to : [isLocal(localTraffic!, true), ...to], markMasquerade)]
}

/** KUBE-SEP: one endpoint. A pod that reaches itself is masqueraded, or its answer would not come back through the node. */
export function endpointChain(on: PortOnNode, index: number): Chain {
  const { servicePort, names, comments } = on
  const { address, port } = servicePort.endpoints[index]
  const name = names.endpoints[index]
  const why: readonly Match[] = comments ? [comment(names.label)] : []
  const remember: readonly Match[] =
    servicePort.affinitySeconds > 0 ? [{ kind: 'recent', operation: 'set', name, side: 'source', negated: false }] : []
  const dnat: Verdict = { kind: 'dnat', address, port }
  return {
    name,
    rules: [
      { matches: [source(hostPrefix(address)), ...why], verdict: markMasquerade },
      { matches: [protocol(servicePort.protocol), ...why, ...remember, anyPort(servicePort.protocol)], verdict: dnat },
    ],
  }
}

const endpointComment = (on: PortOnNode, index: number): readonly Match[] =>
  on.comments ? [comment(`${on.names.label} -> ${on.servicePort.endpoints[index].label}`)] : []
