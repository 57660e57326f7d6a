/** Kubernetes objects as users write them, in JSON, for tests of the reader; a test states only what it is about. */
import { Buffer } from 'node:buffer'
import type { ManifestFile } from '../src/cluster/manifest-document.ts'
import type { JsonObject } from '../src/cluster/objects.ts'

export const makeServiceJson = (spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
})

export const makePodJson = (spec: JsonObject = {}, status: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', ...metadata },
  spec,
  status,
})

export const makeSliceJson = (fields: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-abcde', labels: { 'kubernetes.io/service-name': 'web' }, ...metadata },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080 }],
  endpoints: [{ addresses: ['10.244.1.5'] }],
  ...fields,
})

export const makeFile = (text: string | Uint8Array, name = 'a.yaml'): ManifestFile => ({
  name,
  bytes: typeof text === 'string' ? Buffer.from(text) : text,
})
