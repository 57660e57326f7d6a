/** Damages a text as hands, transports and attackers do: a few cuts, repeats, swaps, foreign characters and strange words. */
import type { RandomStream } from '../src/sim/random.ts'

export function mutateText(text: string, stream: RandomStream): string {
  let mutated = text
  for (let n = stream.below(2); n >= 0; n--) mutated = MUTATIONS[stream.below(MUTATIONS.length)](mutated, stream)
  return mutated
}

type Mutation = (text: string, stream: RandomStream) => string

const MUTATIONS: readonly Mutation[] = [
  // Cut off.
  (text, stream) => text.slice(0, stream.below(text.length + 1)),
  // A stretch lost.
  (text, stream) => withStretch(text, stream, 60, () => ''),
  // A stretch twice.
  (text, stream) => withStretch(text, stream, 200, stretch => stretch + stretch),
  // A character changed.
  (text, stream) => withStretch(text, stream, 1, () => pick(CHARACTERS, stream)),
  // A word put in, or in place of another.
  (text, stream) => withStretch(text, stream, stream.below(2) * 8, () => ` ${pick(WORDS, stream)} `),
  // A word of the text in place of another.
  (text, stream) => onWords(text, stream, (words, a, b) => words.with(a, words[b])),
  // Two words, or two lines, exchanged.
  (text, stream) => onWords(text, stream, (words, a, b) => words.with(a, words[b]).with(b, words[a])),
  (text, stream) => onLines(text, stream, (lines, a, b) => lines.with(a, lines[b]).with(b, lines[a])),
  // A line twice.
  (text, stream) => onLines(text, stream, (lines, a, b) => lines.toSpliced(a, 0, lines[b])),
]

const CHARACTERS = [
  '"',
  '\\',
  '!',
  '-',
  ' ',
  '\n',
  '\r',
  '\t',
  '\u0000',
  ':',
  '[',
  ']',
  '*',
  '#',
  '+',
  '/',
  ',',
  '0',
  'é',
  '\u{1f600}',
  '\ud800',
]

const WORDS = [
  '!', '! !', '-A', '-j', '-g', '-m', '-s', '--', '-', '-p tcp', '-m tcp --dport', '--dport 99999', '--comment', '""', '"', '-c 1 2', '-f', '-6', '::', 'fd00::1',
  '[0:0]', '[-1:1]', '*nat', 'COMMIT', ':X - [0:0]', '__proto__', 'constructor', '-m toString', '-j hasOwnProperty', '-p valueOf', '0x', '1e400', '-1', '4294967296',
  '99999999999999999999999999', '-m conntrack --ctstate ,', '-m multiport --dports ,', '--icmp-type any', '-m statistic --mode nth --every 0', '1.2.3.4/1.2.3.4', '-j DNAT --to-destination -',
  'table ip t {', '}', '{', 'chain c { type filter hook forward priority 0; policy drop; }', 'vmap @m', 'vmap { }', 'numgen random mod 0 vmap { 0 : drop }', '@__proto__', 'jump c', 'goto c', ';',
  'ct state', 'meta mark set meta mark ^', 'add element ip t s { }', 'flush ruleset', 'delete chain ip t c', 'timeout 1s', 'elements = {', 'null', 'true', '-0', '1e9', '0.0001', '[', ']', '&a', '*a', '!!binary x', '---', '\n- ',
] // biome-ignore format: a table of words

const pick = (list: readonly string[], stream: RandomStream): string => list[stream.below(list.length)]

function withStretch(text: string, stream: RandomStream, longest: number, change: (stretch: string) => string): string {
  const from = stream.below(text.length + 1)
  const to = Math.min(text.length, from + (longest === 0 ? 0 : 1 + stream.below(longest)))
  return text.slice(0, from) + change(text.slice(from, to)) + text.slice(to)
}

type Change = (parts: string[], a: number, b: number) => string[]

const onWords = (text: string, stream: RandomStream, change: Change): string => onParts(text, / /, ' ', stream, change)

const onLines = (text: string, stream: RandomStream, change: Change): string =>
  onParts(text, /\n/, '\n', stream, change)

function onParts(text: string, at: RegExp, joint: string, stream: RandomStream, change: Change): string {
  const parts = text.split(at)
  return change(parts, stream.below(parts.length), stream.below(parts.length)).join(joint)
}
