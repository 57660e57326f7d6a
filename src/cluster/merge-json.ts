/**
 * Lays one JSON value over another: objects merge field by field, everything else is replaced. A field that the upper value has as
 * `undefined` is removed; a field it does not have stays as it was below. Neither argument is changed.
 */
import { isJsonObject } from './field-cursor.ts'
import type { JsonObject } from './objects.ts'

export function mergeJson(below: JsonObject, above: JsonObject): JsonObject {
  // Spreading, hasOwn and defineProperty keep a hostile `__proto__` a plain field.
  const merged: Record<string, unknown> = { ...below }
  for (const name of Object.keys(above)) {
    const value = above[name]
    const before = Object.hasOwn(merged, name) ? merged[name] : undefined
    if (value === undefined) delete merged[name]
    else put(merged, name, isJsonObject(value) ? mergeJson(isJsonObject(before) ? before : {}, value) : value)
  }
  return merged
}

function put(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true })
  else fields[name] = value
}

/** Each element of `above` laid over the first element of `below` with the same key; what `below` has besides is dropped. */
export function mergeListByKey(
  below: unknown,
  above: readonly JsonObject[],
  keyOf: (element: JsonObject) => string,
): readonly JsonObject[] {
  if (!Array.isArray(below)) return above.map(element => mergeJson({}, element))
  const byKey = new Map<string, JsonObject>()
  for (const element of below) {
    if (!isJsonObject(element)) continue
    const key = keyOf(element)
    if (!byKey.has(key)) byKey.set(key, element)
  }
  return above.map(element => mergeJson(byKey.get(keyOf(element)) ?? {}, element))
}
