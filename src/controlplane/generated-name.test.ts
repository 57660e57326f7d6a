import { describe, expect, it } from 'vitest'
import { GeneratedNames, templateHash } from './generated-name.ts'

const free = () => false

describe('GeneratedNames', () => {
  it('adds five safe characters, the same for a seed', () => {
    const names = Array.from({ length: 3 }, () => new GeneratedNames('seed').next('web-', 'Deployment/a/web', free))
    expect(names[0]).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(new Set(names).size).toBe(1)
    expect(new GeneratedNames('other').next('web-', 'Deployment/a/web', free)).not.toBe(names[0])
  })

  it('goes on until a name is free', () => {
    const names = new GeneratedNames('seed')
    const first = names.next('web-', 'a', free)
    expect(new GeneratedNames('seed').next('web-', 'a', name => name === first)).toBe(names.next('web-', 'a', free))
  })

  it('gives each owner a sequence of its own', () => {
    const names = new GeneratedNames('seed')
    const alone = Array.from({ length: 100 }, () => names.next('web-', 'a', free))
    const other = new GeneratedNames('seed')
    const between = Array.from({ length: 100 }, () => [other.next('web-', 'b', free), other.next('web-', 'a', free)][1])
    expect(between).toEqual(alone)
    expect(new Set(alone).size).toBe(100)
  })

  it('cuts a long base to 58 characters', () => {
    const name = new GeneratedNames('seed').next(`${'a'.repeat(70)}-`, 'a', free)
    expect(name).toHaveLength(63)
    expect(name.slice(0, 58)).toBe('a'.repeat(58))
  })
})

describe('templateHash', () => {
  it('is a decimal number in the safe alphabet', () => {
    // FNV-1a of the empty text is 2166136261.
    const digits = '2166136261'
    expect(templateHash('')).toBe([...digits].map(d => 'bcdfghjklmnpqrstvwxz2456789'[d.charCodeAt(0) % 27]).join(''))
    expect(templateHash('a')).not.toBe(templateHash('b'))
  })
})
