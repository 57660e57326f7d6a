import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { parseIptables } from './parse-iptables.ts'
import { ruleMeaning } from './rule-meaning.ts'

function meaning(line: string): string {
  const read = parseIptables(`*raw\n:A - [0:0]\n:X - [0:0]\n-A A ${line}\nCOMMIT\n`)
  if (E.isLeft(read)) throw new Error(line)
  return ruleMeaning(read.right.ruleset.tables[0].chains.get('A')!.rules[0], 4)
}

describe('ruleMeaning', () => {
  it.each([
    [
      '-p tcp -m comment --comment "a b" -m tcp --dport 80 -j X',
      '-p tcp -m tcp --dport 80 -m comment --comment c -j X',
    ],
    ['-p tcp -m tcp -j DNAT --to-destination 10.0.0.1:80', '-p tcp -j DNAT --to-destination 10.0.0.1:80'],
    ['-s 10.0.0.1/8', '-s 10.0.0.0/8'],
    ['-m state --state NEW,ESTABLISHED', '-m conntrack --ctstate ESTABLISHED,NEW'],
    [
      '-m statistic --mode random --probability 0.33332999982',
      '-m statistic --mode random --probability 0.33333333349',
    ],
    ['-m recent --set --name x --rsource', '-m recent --set --name x --mask 255.255.255.255 --rsource'],
    ['-m conntrack --ctstate INVALID -m nfacct --nfacct-name n -j DROP', '-m conntrack --ctstate INVALID -j DROP'],
    ['-j MARK --or-mark 0x4000', '-j MARK --set-xmark 0x4000/0x4000'],
    ['-j MASQUERADE --random-fully', '-j MASQUERADE'],
    ['-j NOTRACK', '-j CT --notrack'],
  ])('is the same of %s and %s', (a, b) => {
    expect(meaning(a)).toBe(meaning(b))
  })

  it.each([
    ['-s 10.0.0.0/8', '-d 10.0.0.0/8'],
    ['-s 10.0.0.0/8', '! -s 10.0.0.0/8'],
    ['-j X', '-g X'],
    ['-j X', '-j DROP'],
    ['-p tcp -m tcp --dport 80', '-p tcp -m tcp --dport 81'],
    ['-p tcp -m tcp --syn', '-p tcp -m tcp'],
    ['-m statistic --mode random --probability 0.5', '-m statistic --mode random --probability 0.4'],
    ['-m statistic --mode random --probability 0.5', '-m statistic --mode random ! --probability 0.5'],
    ['-j MARK --set-xmark 0x4000/0x4000', '-j MARK --set-xmark 0x4000/0x0'],
    ['-m recent --set --name x --rsource', '-m recent --set --name x --rdest'],
  ])('differs between %s and %s', (a, b) => {
    expect(meaning(a)).not.toBe(meaning(b))
  })
})
