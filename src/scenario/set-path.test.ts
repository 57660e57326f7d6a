import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { parseSetting, withSetting } from './set-path.ts'

const set = (root: unknown, text: string): unknown =>
  E.matchW(
    describeProblem,
    (value: unknown) => value,
  )(E.chain((s: Parameters<typeof withSetting>[1]) => withSetting(root, s))(parseSetting(text)))

describe('--set', () => {
  it.each([
    [{}, 'a=1', { a: 1 }],
    [{ a: { b: 1 } }, 'a.b=2', { a: { b: 2 } }],
    [{}, 'a.b.c=true', { a: { b: { c: true } } }],
    [{ a: [{ b: 1 }] }, 'a[0].b=5', { a: [{ b: 5 }] }],
    [{ a: [1] }, 'a[1]=2', { a: [1, 2] }],
    [{}, 'a[0].b=x', { a: [{ b: 'x' }] }],
    [{}, 'a=x=y', { a: 'x=y' }],
    [{}, 'a={"b":[1]}', { a: { b: [1] } }],
    [{}, 'files=one.yaml,two.yaml', { files: 'one.yaml,two.yaml' }],
    [{}, 'a=', { a: '' }],
  ])('%j with %s', (root, text, wanted) => {
    expect(set(root, text)).toEqual(wanted)
  })

  it('leaves the original as it was', () => {
    const root = { a: { b: 1 } }
    set(root, 'a.b=2')
    expect(root).toEqual({ a: { b: 1 } })
  })

  it.each([
    ['a', /has no path=value/],
    ['=3', /has no path=value/],
    ['a..b=1', /is no path/],
    ['a[x]=1', /is no path/],
    ['__proto__.x=1', /is no path/],
    ['a.constructor=1', /is no path/],
    ['n.x=1', /n is 3, nothing below it can be set/],
    ['l.x=1', /leads nowhere at l\.x/],
    ['l[7]=1', /leads nowhere at l\[7\]/],
    ['o[0]=1', /leads nowhere at o\[0\]/],
  ])('refuses %s', (text, message) => {
    expect(set({ n: 3, l: [], o: {} }, text)).toMatch(message)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})
