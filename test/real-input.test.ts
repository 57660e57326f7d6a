/**
 * Reads whole files of objects, used in place: the scenarios' own, and every .yaml, .yml, objects.json and step-N.json below the folder
 * named by SVCSIM_DATA (real manifests and dumps), when it is named.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { decodeObject } from '../src/cluster/decode-object.ts'
import { readObjects } from '../src/cluster/read-objects.ts'
import { toKubernetes } from '../src/cluster/to-kubernetes.ts'
import { describeProblem } from '../src/problem/problem.ts'

const folders = [join(import.meta.dirname, '..', 'scenarios', 'objects'), process.env['SVCSIM_DATA'] ?? '']

const files = folders
  .filter(folder => folder !== '')
  .flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.ya?ml$|(^|\/)(objects|step-\d+)\.json$/.test(name))
      .sort()
      .map(name => join(folder, name)),
  )

describe('files of objects', () => {
  it('are there', () => {
    expect(files).not.toEqual([])
  })

  it.each(files)('%s is read whole', name => {
    const result = readObjects([{ name, bytes: readFileSync(name) }])
    if (E.isLeft(result)) throw new Error(describeProblem(result.left))
    expect(result.right.items).not.toEqual([])
    for (const { object } of result.right.items) {
      const again = decodeObject(toKubernetes(object))
      if (E.isLeft(again)) throw new Error(describeProblem(again.left))
      expect({ ...again.right, source: undefined }).toEqual({ ...object, source: undefined })
    }
  })
})
