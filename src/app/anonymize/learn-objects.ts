/** What the hashes in chain names are made of, from objects: Service ports, and endpoints of EndpointSlices. */
import type { ChainHashes } from './chain-hashes.ts'

type Json = { readonly [key: string]: unknown }

export function learnObjects(documents: readonly unknown[], hashes: ChainHashes): void {
  for (const document of documents) {
    const json = mapOf(document)
    learnObjects(listOf(json['items']), hashes)
    if (json['object'] !== undefined) learnObjects([json['object']], hashes)
    const { namespace = 'default', name, labels } = mapOf(json['metadata'])
    if (json['kind'] === 'Service')
      for (const port of listOf(mapOf(json['spec'])['ports'])) hashes.addServicePort(labelOf(namespace, name, port))
    if (json['kind'] === 'EndpointSlice') {
      const service = mapOf(labels)['kubernetes.io/service-name']
      for (const port of listOf(json['ports']).map(mapOf))
        for (const { addresses } of listOf(json['endpoints']).map(mapOf)) {
          const [address] = listOf(addresses)
          const host = String(address).includes(':') ? `[${address}]` : address
          const protocol = String(port['protocol'] ?? 'TCP').toLowerCase()
          hashes.addEndpoint(labelOf(namespace, service, port), protocol, `${host}:${port['port']}`)
        }
    }
  }
}

const labelOf = (namespace: unknown, service: unknown, port: unknown): string => {
  const { name = '' } = mapOf(port)
  return `${namespace}/${service}${name === '' ? '' : `:${name}`}`
}

const mapOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
