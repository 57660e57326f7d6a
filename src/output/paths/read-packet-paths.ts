/** Reads packet-paths.json of a run folder back; the file is a user's input like any other. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { badInput, type Problem } from '../../problem/problem.ts'
import { ofShape, type Shape } from '../json-shape.ts'
import type { PacketPaths } from './packet-paths.ts'

export const PACKET_PATHS_FILE = 'packet-paths.json'

/** `digest`: of the run whose paths they must be. */
export function readPacketPaths(text: string, file: string, digest: string): E.Either<Problem, PacketPaths> {
  const mend = 'run the scenario again'
  return pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      error => badInput({ file }, `is no JSON: ${(error as Error).message}`, mend),
    ),
    E.chain(json => ofShape(json, PACKET_PATHS, file, mend)),
    E.map(value => value as PacketPaths),
    E.filterOrElse(
      paths => paths.digest === digest,
      () => badInput({ file, field: 'digest' }, 'it is of another run than run.json', mend),
    ),
  )
}

const texts: Shape = { list: 'text' }
const places: Shape = { list: 'number' }
const pair: Shape = { tuple: ['number', 'number'] }

const PACKET_PATHS: Shape = {
  fields: {
    digest: 'text',
    mode: 'text',
    texts,
    nodes: {
      list: {
        fields: {
          name: 'text',
          zone: 'text',
          why: 'text',
          addresses: texts,
          podPrefixes: texts,
          uplinkName: 'text',
          podInterfaceName: 'text',
          sent: pair,
          translated: pair,
          pods: { list: { fields: { name: 'text', address: 'text' } } },
        },
      },
    },
    destinations: {
      list: {
        fields: { service: 'text', way: 'text', family: 'number', address: 'text', port: 'number', protocol: 'number' },
      },
    },
    backends: { list: { fields: { address: 'text', pod: 'text', node: 'number' } } },
    rulesets: {
      list: {
        fields: {
          family: 'number',
          rules: { map: 'number' },
          recentLists: 'number',
          spread: 'number',
          texts: places,
          tables: { list: { fields: { name: 'text', chains: places } } },
        },
      },
    },
    chains: {
      list: {
        fields: { name: 'text', policy: 'text', rules: { list: { textOr: { tuple: ['number', 'text'] } } } },
      },
    },
    profiles: { list: 'object' },
    servicePorts: 'number',
  },
}
