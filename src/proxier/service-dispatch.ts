/**
 * The lines of one Service port in the chains that all Services share: where its addresses lead, and what is refused.
 * Models the first half of the loop over Services in syncProxyRules (pkg/proxy/iptables/proxier.go), in its order; even a partial
 * sync writes these anew for every Service.
 */
import type { IpAddress } from '../net/ip.ts'
import { parsePrefix } from '../net/ip.ts'
import type { Match, Rule, Verdict } from '../ruleset/ruleset.ts'
import type { DispatchRules } from './base-chains.ts'
import type { PortOnNode } from './port-on-node.ts'
import { ACCEPT, comment, DROP, destination, jump, port, protocol, rule, toNode, toService } from './rule-parts.ts'
import { usesFirewallChain } from './service-chains.ts'

export const dispatchRules = (on: PortOnNode): DispatchRules => ({
  services: serviceRules(on),
  nodePorts: on.usesExternalChain ? nodePortRules(on) : [],
  refusedServices: on.hasInternalEndpoints ? [] : [refuse(on, on.servicePort.clusterIP)],
  refusedExternal: on.hasExternalEndpoints ? [] : refusedExternalRules(on),
  healthChecks: healthCheckRules(on),
  firewall: usesFirewallChain(on) ? firewallRules(on) : [],
})

/** nat KUBE-SERVICES: clusterIP, externalIPs, load balancer addresses. */
function serviceRules(on: PortOnNode): Rule[] {
  const { servicePort, names } = on
  const rules: Rule[] = []
  if (on.hasInternalEndpoints) rules.push(dispatch(on, servicePort.clusterIP, 'cluster IP', on.internalPolicyChain))
  if (!on.usesExternalChain) return rules
  for (const ip of servicePort.externalIPs) rules.push(dispatch(on, ip, 'external IP', names.external))
  const loadBalancerChain = usesFirewallChain(on) ? names.firewall : names.external
  for (const ip of servicePort.loadBalancerVIPs) rules.push(dispatch(on, ip, 'loadbalancer IP', loadBalancerChain))
  return rules
}

/** nat KUBE-NODEPORTS. */
function nodePortRules(on: PortOnNode): Rule[] {
  const { nodePort, protocol: name } = on.servicePort
  if (nodePort === 0) return []
  const matches: Match[] = [protocol(name), comment(on.names.label), port(name, nodePort)]
  const verdict = jump(on.names.external)
  const accepted = rule(matches, verdict)
  return on.countsLocalhost
    ? [
        rule([destination(LOCALHOST), ...matches, { kind: 'nfacct', name: 'localhost_nps_accepted_pkts' }], verdict),
        accepted,
      ]
    : [accepted]
}

/** filter KUBE-EXTERNAL-SERVICES: nothing outside traffic may go to. */
function refusedExternalRules(on: PortOnNode): Rule[] {
  const { externalIPs, loadBalancerVIPs, nodePort, protocol: name } = on.servicePort
  const rules = [...externalIPs, ...loadBalancerVIPs].map(ip => refuse(on, ip))
  if (nodePort !== 0)
    rules.push(rule([protocol(name), comment(refusal(on)), toNode, port(name, nodePort)], refusalVerdict(on)))
  return rules
}

/** filter KUBE-NODEPORTS: load balancers may ask for the node's health, whatever else the node's firewall says. */
function healthCheckRules(on: PortOnNode): Rule[] {
  const { healthCheckNodePort } = on.servicePort
  if (healthCheckNodePort === 0) return []
  const why = comment(`${on.names.label} health check node port`)
  return [rule([protocol('TCP'), why, port('TCP', healthCheckNodePort)], ACCEPT)]
}

/** filter KUBE-PROXY-FIREWALL: what KUBE-FW did not send on still has the load balancer's address. */
const firewallRules = (on: PortOnNode): Rule[] =>
  on.servicePort.loadBalancerVIPs.map(ip =>
    rule(
      toService(
        ip,
        on.servicePort.protocol,
        on.servicePort.port,
        `${on.names.label} traffic not accepted by ${on.names.firewall}`,
      ),
      DROP,
    ),
  )

const LOCALHOST = parsePrefix('127.0.0.0/8')!

const dispatch = (on: PortOnNode, address: IpAddress, what: string, chain: string): Rule =>
  rule(toService(address, on.servicePort.protocol, on.servicePort.port, `${on.names.label} ${what}`), jump(chain))

const refuse = (on: PortOnNode, address: IpAddress): Rule =>
  rule(toService(address, on.servicePort.protocol, on.servicePort.port, refusal(on)), refusalVerdict(on))

/** Without endpoints the client is told; with endpoints elsewhere the packet vanishes, so that a load balancer tries another node. */
const refusal = (on: PortOnNode): string =>
  `${on.names.label} has no ${on.categories.hasAny ? 'local endpoints' : 'endpoints'}`

const refusalVerdict = (on: PortOnNode): Verdict =>
  on.categories.hasAny ? DROP : REJECT[on.servicePort.clusterIP.family]

const REJECT = {
  4: { kind: 'reject', with: 'icmp-port-unreachable' },
  6: { kind: 'reject', with: 'icmp6-port-unreachable' },
} as const
