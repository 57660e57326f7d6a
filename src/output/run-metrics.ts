/** The flat numbers of a run, by the dotted names that `expect` and `--threshold` compare (docs/scenarios.md lists them). */
import { distribution } from '../metrics/distribution.ts'
import { type Histogram, mean, percentile } from '../metrics/histogram.ts'
import { ENOUGH_EXPECTED, SIGNIFICANCE } from './evenness.ts'
import type { EndpointColumns, ModelledNs, RulesEvaluated, RunHead, ServiceColumns } from './run-result.ts'

type Ended = 'connections' | 'packets' | 'delivered' | 'rejected' | 'dropped' | 'unmatched'

export function runMetrics(
  head: Omit<RunHead, 'scenario' | 'question' | 'seed' | 'zones' | 'connections' | 'packets'>,
  endpoints: Pick<EndpointColumns, 'connections'>,
  services: Pick<ServiceColumns, Ended | 'distribution'>,
  rulesEvaluated: RulesEvaluated,
  modelledNs: readonly ModelledNs[],
): Record<string, number> {
  const served = services.distribution.filter(d => d.count > 0 && d.mean > 0)
  const overall = distribution(
    endpoints.connections,
    new Float64Array(endpoints.connections.length).fill(1 / endpoints.connections.length),
  )
  return {
    'cluster.nodes': head.nodes,
    'cluster.pods': head.pods,
    'cluster.services': head.services,
    'cluster.servicePorts': head.servicePorts,
    'cluster.endpoints': head.endpoints,
    'log.events': head.events,
    'rules.nat.perNode': head.rulesByTable['nat'] ?? 0,
    'rules.filter.perNode': head.rulesByTable['filter'] ?? 0,
    'rules.kubeProxyNat.perNode': head.kubeProxyNatRules,
    ...(head.proxyMode === 'nftables' ? { 'rules.nft.perNode': head.rulesByTable['kube-proxy'] } : {}),
    connections: sum(services.connections),
    packets: sum(services.packets),
    'connections.delivered': sum(services.delivered),
    'connections.rejected': sum(services.rejected),
    'connections.dropped': sum(services.dropped),
    'connections.unmatched': sum(services.unmatched),
    ...histogramMetrics('rulesEvaluated.firstHop', rulesEvaluated.firstHop),
    ...histogramMetrics('rulesEvaluated.secondHop', rulesEvaluated.secondHop),
    ...histogramMetrics('rulesEvaluated.total', rulesEvaluated.total),
    ...Object.assign({}, ...modelledNs.map(nsMetrics)),
    'services.maxOverMean': served.reduce((most, d) => Math.max(most, d.maxOverMean), 0),
    'services.idleEndpoints': served.reduce((count, d) => count + d.idle, 0),
    'services.pValueBelow0.001': served.filter(d => d.smallestExpected >= ENOUGH_EXPECTED && d.pValue < SIGNIFICANCE)
      .length,
    'endpoints.maxOverMean': overall.maxOverMean,
    'endpoints.coefficientOfVariation': overall.coefficientOfVariation,
    'endpoints.gini': overall.gini,
    'endpoints.jain': overall.jain,
    'endpoints.idle': overall.idle,
  }
}

const nsMetrics = ({ backend, firstHop, secondHop, total }: ModelledNs): Record<string, number> => ({
  ...histogramMetrics(`modelledNs.${backend}.firstHop`, firstHop),
  ...histogramMetrics(`modelledNs.${backend}.secondHop`, secondHop),
  ...histogramMetrics(`modelledNs.${backend}.total`, total),
})

const histogramMetrics = (name: string, h: Histogram): Record<string, number> => ({
  [`${name}.mean`]: mean(h),
  [`${name}.p50`]: percentile(h, 50),
  [`${name}.p90`]: percentile(h, 90),
  [`${name}.p99`]: percentile(h, 99),
  [`${name}.max`]: h.count === 0 ? Number.NaN : h.max,
})

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)
