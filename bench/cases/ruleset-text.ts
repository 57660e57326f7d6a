/** Reading iptables-save text of a node: Services of one port with five endpoints, as kube-proxy writes them. Building the text is not measured. */
import { parseIptables } from '../../src/ruleset/parse-iptables.ts'
import { type BenchCase, type BenchSize, mix, ROTATION } from '../bench-case.ts'
import { right } from '../right.ts'

const SERVICES: Readonly<Record<BenchSize, number>> = { small: 50, large: 10_000 }
const RULES_OF_SERVICE = 12

export const readTextCase: BenchCase = {
  name: 'read iptables-save text',
  unit: 'rules',
  prepare: size => {
    const inputs = Array.from({ length: ROTATION }, (_, input) => serviceLines(input, SERVICES[size]))
    return {
      size: `${SERVICES[size].toLocaleString('en')} Services x 5 endpoints`,
      items: SERVICES[size] * RULES_OF_SERVICE,
      run: (round, items) => {
        const bytes = new TextEncoder().encode(
          `*nat\n:S - [0:0]\n${inputs[round].slice(0, items).join('\n')}\nCOMMIT\n`,
        )
        const start = performance.now()
        const { ruleset } = right(parseIptables(bytes))
        const milliseconds = performance.now() - start
        const { rules } = ruleset.tables[0].chains.get('S')!
        return { checksum: rules.reduce((sum, rule) => mix(sum, rule.matches.length), rules.length), milliseconds }
      },
    }
  },
}

function serviceLines(input: number, services: number): string[] {
  const lines: string[] = []
  for (let s = 0; s < services; s++) {
    const [service, why] = [
      `10.${96 + input}.${(s >> 8) & 255}.${s & 255}/32`,
      `-m comment --comment "default/web-${s}:http`,
    ]
    lines.push(
      `-A S -d ${service} -p tcp ${why} cluster IP" -m tcp --dport 80 -j KUBE-SVC-${s}`,
      `-A S ! -s 10.128.0.0/9 -d ${service} -p tcp ${why} cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
    )
    for (let e = 0; e < 5; e++) {
      const pod = `10.${128 + e}.${(s >> 8) & 255}.${s & 255}`
      const chance = e === 4 ? '' : ` -m statistic --mode random --probability ${(1 / (5 - e)).toFixed(11)}`
      lines.push(
        `-A S ${why} -> ${pod}:8080"${chance} -j KUBE-SEP-${s}-${e}`,
        `-A S -p tcp ${why}" -m tcp -j DNAT --to-destination ${pod}:8080`,
      )
    }
  }
  return lines
}
