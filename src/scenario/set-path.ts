/** `--set path.to[0].key=value`: changes one place of a scenario's plain JSON before it is checked. */
import * as E from 'fp-ts/lib/Either.js'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'

export interface PathSetting {
  readonly path: readonly (string | number)[]
  readonly value: unknown
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/** Reads `path=value`; the value is JSON where it parses as JSON, text otherwise. */
export function parseSetting(text: string): E.Either<Problem, PathSetting> {
  const equals = text.indexOf('=')
  if (equals <= 0) return E.left(badUsage(`--set ${quoted(text)} has no path=value`, 'write --set path.to.key=value'))
  const path = parsePath(text.slice(0, equals))
  if (path === undefined) {
    return E.left(
      badUsage(
        `--set: ${quoted(text.slice(0, equals))} is no path`,
        'write keys joined by dots and list places in brackets, as cluster.workloads[0].replicas',
      ),
    )
  }
  return E.right({ path, value: plainValue(text.slice(equals + 1)) })
}

/** Keys joined by dots, list places in brackets; undefined when the text is no path. */
export function parsePath(text: string): (string | number)[] | undefined {
  if (!/^[A-Za-z_$][\w$-]*(\.[A-Za-z_$][\w$-]*|\[\d{1,6}\])*$/.test(text)) return undefined
  const path = [...text.matchAll(/([A-Za-z_$][\w$-]*)|\[(\d+)\]/g)].map(m => m[1] ?? Number(m[2]))
  return path.some(key => FORBIDDEN.has(String(key))) ? undefined : path
}

/** A copy of `root` with the setting made; missing objects and lists on the way are created, a list grows by one place at most. */
export function withSetting(root: unknown, setting: PathSetting): E.Either<Problem, unknown> {
  const copy = structuredClone(root)
  if (typeof copy !== 'object' || copy === null)
    return E.left(badUsage('there is nothing to set a key in', 'give a scenario that is a mapping'))
  let at = copy as Record<string | number, unknown>
  for (const [i, key] of setting.path.entries()) {
    if (Array.isArray(at) !== (typeof key === 'number') || (Array.isArray(at) && (key as number) > at.length)) {
      return E.left(
        badUsage(
          `--set: ${describePath(setting.path)} leads nowhere at ${describePath(setting.path.slice(0, i + 1))}`,
          'look at the scenario for what is a list, a mapping or a value there',
        ),
      )
    }
    if (i === setting.path.length - 1) {
      at[key] = setting.value
      break
    }
    const next = at[key] ?? (typeof setting.path[i + 1] === 'number' ? [] : {})
    if (typeof next !== 'object') {
      return E.left(
        badUsage(
          `--set: ${describePath(setting.path.slice(0, i + 1))} is ${quoted(next)}, nothing below it can be set`,
          'set the key itself',
        ),
      )
    }
    at[key] = next
    at = next as Record<string | number, unknown>
  }
  return E.right(copy)
}

export function describePath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  )
}

function plainValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
