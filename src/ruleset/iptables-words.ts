/**
 * The words of one line of iptables-save text, as iptables-restore splits it: blanks separate, a double quote opens and closes a stretch
 * with backslash escapes, and its closing ends the word. The lists are reused from line to line.
 */
export interface Words {
  count: number
  readonly texts: string[]
  /** Offsets in the line: of the word's first character and behind its last, quotes included. */
  readonly starts: number[]
  readonly ends: number[]
  /** Whether any of the word stood in quotes: then it is never an option or `!`. */
  readonly quoted: boolean[]
}

export const newWords = (): Words => ({ count: 0, texts: [], starts: [], ends: [], quoted: [] })

/** Offset of a quote that is never closed; undefined when all is well. */
export function splitWords(line: string, words: Words): number | undefined {
  words.count = 0
  let i = 0
  while (i < line.length) {
    if (isBlank(line.charCodeAt(i))) {
      i++
      continue
    }
    const start = i
    while (i < line.length && !isBlank(line.charCodeAt(i)) && line.charCodeAt(i) !== QUOTE) i++
    if (line.charCodeAt(i) !== QUOTE) {
      put(words, line.slice(start, i), start, i, false)
      continue
    }
    const quote = i
    i = closingQuote(line, quote)
    if (i < 0) return quote
    const inside = line.slice(quote + 1, i)
    const text = inside.includes('\\') ? inside.replace(/\\(.)/gs, '$1') : inside
    i++
    put(words, line.slice(start, quote) + text, start, i, true)
  }
  return undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

function closingQuote(line: string, open: number): number {
  for (let i = open + 1; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i
  }
  return -1
}

function put(words: Words, text: string, start: number, end: number, quoted: boolean): void {
  const at = words.count++
  words.texts[at] = text
  words.starts[at] = start
  words.ends[at] = end
  words.quoted[at] = quoted
}
