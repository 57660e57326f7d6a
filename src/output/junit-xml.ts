/**
 * Thresholds as JUnit XML, as CI systems show them: a suite a run, a test case a threshold. It follows the schema that Jenkins publishes
 * (junit-10.xsd). Names are the user's: what XML cannot hold or would read as markup is escaped.
 */
import type { ThresholdResult } from '../scenario/threshold.ts'
import { visible } from './escape.ts'

export interface JunitSuite {
  /** Scenario, or scenario/variant. */
  readonly name: string
  /** Wall time of the run. */
  readonly seconds: number
  readonly thresholds: readonly ThresholdResult[]
}

export function junitXml(suites: readonly JunitSuite[]): string {
  const all = suites.flatMap(s => s.thresholds)
  const time = suites.reduce((sum, s) => sum + s.seconds, 0)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="svcsim" ${counts(all)} time="${time.toFixed(3)}">`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n')
}

const suiteLines = ({ name, seconds, thresholds }: JunitSuite): readonly string[] => [
  `  <testsuite name="${escaped(name)}" ${counts(thresholds)} skipped="0" time="${seconds.toFixed(3)}">`,
  ...thresholds.flatMap(threshold => {
    const { text, actual, passed } = threshold
    const head = `    <testcase name="${escaped(text)}" classname="svcsim.${escaped(name)}" time="0"`
    return passed
      ? [`${head}/>`]
      : [
          `${head}>`,
          `      <failure type="threshold" message="${escaped(`${text}: it is ${actual}`)}"/>`,
          '    </testcase>',
        ]
  }),
  '  </testsuite>',
]

const counts = (thresholds: readonly ThresholdResult[]): string =>
  `tests="${thresholds.length}" failures="${thresholds.filter(t => !t.passed).length}" errors="0"`

/** XML 1.0 has no way to write most control characters, lone surrogates, U+FFFE and U+FFFF: they become visible escapes. */
const escaped = (text: string): string =>
  visible(text)
    .replace(/[\ufffe\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16)}`)
    .replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
