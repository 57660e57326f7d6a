import { describe, expect, it } from 'vitest'
import { FieldCursor, formatJsonPath } from './field-cursor.ts'

const cursor = (json: Record<string, unknown>): FieldCursor => new FieldCursor(json)

describe('FieldCursor', () => {
  it('takes null for absent, as Go does', () => {
    const c = cursor({ text: null, flag: null, number: null, object: null, list: null, map: null })
    expect(c.text('text', 'x')).toBe('x')
    expect(c.flag('flag', true)).toBe(true)
    expect(c.integer('number', 1, 9, 5)).toBe(5)
    expect(c.object('object').json).toEqual({})
    expect(c.objects('list')).toEqual([])
    expect(c.textMap('map')).toEqual({})
    expect(c.has('text')).toBe(false)
    expect(c.fault).toBeUndefined()
  })

  it.each([
    ['text', (c: FieldCursor) => c.text('x'), 1],
    ['flag', (c: FieldCursor) => c.flag('x', true), 'true'],
    ['whole number', (c: FieldCursor) => c.integer('x', 0, 9, 0), '1'],
    ['fraction', (c: FieldCursor) => c.integer('x', 0, 9, 0), 1.5],
    ['too small', (c: FieldCursor) => c.integer('x', 0, 9, 0), -1],
    ['too large', (c: FieldCursor) => c.integer('x', 0, 9, 0), 10],
    ['NaN', (c: FieldCursor) => c.integer('x', 0, 9, 0), Number.NaN],
    ['number', (c: FieldCursor) => c.decimal('x', 0, 9, 0), '1.5'],
    ['number so large', (c: FieldCursor) => c.decimal('x', 0, 9, 0), 9.5],
    ['number at all', (c: FieldCursor) => c.decimal('x', 0, 9, 0), Number.NaN],
    ['word', (c: FieldCursor) => c.oneOf('x', ['TCP', 'UDP'], 'TCP'), 'tcp'],
    ['object', (c: FieldCursor) => c.object('x'), []],
    ['list', (c: FieldCursor) => c.objects('x'), {}],
    ['ip', (c: FieldCursor) => c.ip('x'), '10.0.0.01'],
    ['prefix', (c: FieldCursor) => c.prefix('x'), '10.0.0.0'],
  ])('refuses what is no %s', (_name, read, value) => {
    const c = cursor({ x: value })
    read(c)
    expect(c.fault?.path).toEqual(['x'])
    expect(c.fault?.what).not.toBe('')
    expect(c.fault?.mend).not.toBe('')
  })

  it('keeps the first fault, with the way to it', () => {
    const c = cursor({ spec: { ports: [{ port: 80 }, { port: '81' }, { port: -1 }] } })
    for (const port of c.object('spec').objects('ports')) port.integer('port', 1, 65535, 1)
    expect(c.fault).toMatchObject({ path: ['spec', 'ports', 1, 'port'], what: expect.stringContaining('"81"') })
  })

  it('names the element of a list and the key of a map', () => {
    const list = cursor({ ips: ['10.0.0.1', 'x'] })
    list.ips('ips')
    expect(list.fault?.path).toEqual(['ips', 1])
    const map = cursor({ labels: { version: 1 } })
    map.textMap('labels')
    expect(map.fault?.path).toEqual(['labels', 'version'])
  })

  it('writes addresses canonically', () => {
    const c = cursor({ ips: ['FD00:0::0001', '10.0.0.1'], prefixes: ['FD00::/64', '10.0.0.1/8'] })
    expect(c.ips('ips')).toEqual(['fd00::1', '10.0.0.1'])
    expect(c.prefixes('prefixes')).toEqual(['fd00::/64', '10.0.0.1/8'])
  })
})

describe('formatJsonPath', () => {
  it.each([
    [[], ''],
    [['spec', 'ports', 0, 'port'], 'spec.ports[0].port'],
    [['items', 3, 'metadata', 'labels', 'a/b'], 'items[3].metadata.labels["a/b"]'],
  ])('%j', (path, text) => {
    expect(formatJsonPath(path)).toBe(text)
  })
})
