/**
 * Lays one JSON value over another: objects merge field by field, everything else is replaced. A field that the upper value has as
 * `undefined` is removed; a field it does not have stays as it was below. Neither argument is changed.
 */
import { isJsonObject } from './field-cursor.ts'
import type { JsonObject } from './objects.ts'

export function mergeJson(below: JsonObject, above: JsonObject): JsonObject {
  // A map keeps a hostile `__proto__` a plain field.
  const fields = new Map(Object.entries(below))
  for (const [name, value] of Object.entries(above)) {
    const before = fields.get(name)
    if (value === undefined) fields.delete(name)
    else fields.set(name, isJsonObject(value) ? mergeJson(isJsonObject(before) ? before : {}, value) : value)
  }
  return Object.fromEntries(fields)
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
