/**
 * Decodes what every kind has: namespace, name, labels, and the JSON itself, kept whole in `source`.
 */
import { quoted } from '../problem/problem.ts'
import { FieldCursor } from './field-cursor.ts'
import { dnsLabel, labelKey, labelValue, type NameRule } from './names.ts'
import type { JsonObject, Labels } from './objects.ts'

export interface Meta {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly source: JsonObject
}

/** Namespace `default` when a namespaced object names none; a cluster-scoped one has the empty namespace. */
export function decodeMeta(object: FieldCursor, scope: 'namespaced' | 'cluster', nameRule: NameRule): Meta {
  const meta = object.object('metadata')
  const name = meta.text('name')
  if (name === '') meta.refuse('name', 'the object has no name', 'give it one (generateName is not resolved here)')
  else checkName(meta, 'name', name, nameRule)
  let namespace = ''
  if (scope === 'namespaced') {
    namespace = meta.text('namespace') || 'default'
    checkName(meta, 'namespace', namespace, dnsLabel)
  }
  return { namespace, name, labels: decodeLabels(meta, 'labels'), source: object.json }
}

/** Labels or a selector: keys and values in the forms the API server takes. */
export function decodeLabels(cursor: FieldCursor, key: string): Labels {
  const labels = cursor.textMap(key)
  for (const name in labels) {
    const fault = labelKey(name) ?? labelValue(labels[name])
    if (fault === undefined) continue
    const what = `${quoted(name)}: ${quoted(labels[name])} is no label`
    new FieldCursor(labels, cursor, key).refuse(name, what, fault)
  }
  return labels
}

export function checkName(cursor: FieldCursor, key: string, name: string, rule: NameRule, index = -1): void {
  const mend = rule(name)
  if (mend !== undefined) cursor.refuse(key, `${quoted(name)} is no valid name`, mend, index)
}
