/**
 * The words of an nftables text, one after another with their places: names, values, quoted strings, punctuation, ends of lines.
 * Keeps the first fault, and after it there are no more words: whoever reads in a loop comes to an end.
 */
import { quoted } from '../problem/problem.ts'

export interface NftToken {
  readonly kind: 'word' | 'string' | 'punctuation' | 'newline' | 'end'
  /** Of a string: what is between the quotes. */
  readonly text: string
  /** From 1. */
  readonly line: number
  readonly column: number
}

export interface NftFault {
  readonly line: number
  readonly column: number
  readonly what: string
  readonly mend: string
}

export class NftTokens {
  fault: NftFault | undefined
  private readonly source: string
  private place = 0
  private line = 1
  private lineStart = 0
  private ahead: NftToken | undefined
  private tokenCount = 0
  private partCount = 0

  constructor(source: string) {
    this.source = source
  }

  peek(): NftToken {
    this.ahead ??= this.scan()
    return this.fault === undefined ? this.ahead : END
  }

  next(): NftToken {
    const token = this.peek()
    this.ahead = undefined
    return token
  }

  /** Takes the next token if it is this word or punctuation. */
  take(text: string): boolean {
    const { kind, text: found } = this.peek()
    if (found !== text || kind === 'string') return false
    this.next()
    return true
  }

  expect(text: string, mend: string): void {
    if (!this.take(text)) this.unexpected(`${quoted(text)} is expected`, mend)
  }

  /** A bare word. */
  word(what: string): string {
    const token = this.peek()
    if (token.kind !== 'word') {
      this.unexpected(`${what} is expected`, `write ${what}`)
      return ''
    }
    this.next()
    return token.text
  }

  /** A quoted string. */
  string(what: string): string {
    const token = this.peek()
    if (token.kind !== 'string') {
      this.unexpected(`${what} in quotes is expected`, `write ${what} as "…"`)
      return ''
    }
    this.next()
    return token.text
  }

  /** At the end of a line, or of a part of it. */
  atEnd(): boolean {
    const { kind, text } = this.peek()
    return kind === 'newline' || kind === 'end' || (kind === 'punctuation' && (text === ';' || text === '}'))
  }

  /** The parts of a block, from its opening brace to the closing one, each up to the end of its line: the caller reads them. */
  *block(): Generator<NftToken> {
    this.expect('{', 'open the block with {')
    for (;;) {
      while (this.peek().kind === 'newline' || this.peek().text === ';') this.next()
      if (this.take('}') || this.fault !== undefined) return
      if (this.peek().kind === 'end') return this.unexpected('"}" is expected', 'the text is cut off: give all of it')
      yield this.peek()
      if (!this.atEnd()) this.unexpected('the end of the line is expected', 'leave the rest of the line out')
    }
  }

  skipLines(): void {
    while (this.peek().kind === 'newline') this.next()
  }

  fail(at: NftToken, what: string, mend: string): void {
    this.fault ??= { line: at.line, column: at.column, what, mend }
  }

  /** A fault at the next token, which it names. */
  unexpected(what: string, mend: string): void {
    const token = this.peek()
    this.fail(token, `${what}, not ${describe(token)}`, mend)
  }

  private scan(): NftToken {
    const { source } = this
    for (;;) {
      BLANKS.lastIndex = this.place
      BLANKS.exec(source)
      this.place = BLANKS.lastIndex
      if (source[this.place] !== '#') break
      const end = source.indexOf('\n', this.place)
      this.place = end < 0 ? source.length : end
    }
    const at = this.place
    const here = { line: this.line, column: at - this.lineStart + 1 }
    const first = source[at]
    if (++this.tokenCount > MOST_TOKENS) this.failTooLong(here, MOST_TOKENS, 'words')
    if (PART_ENDS.has(first) && ++this.partCount > MOST_PARTS)
      this.failTooLong(here, MOST_PARTS, 'lines and parts of lines (; and ,)')
    if (first === undefined) return { kind: 'end', text: '', ...here }
    if (first === '\n') {
      this.place++
      this.line++
      this.lineStart = this.place
      return { kind: 'newline', text: '', ...here }
    }
    if (first === '"') return this.scanString(here)
    WORD.lastIndex = at
    const word = WORD.exec(source)
    if (word !== null) {
      this.place = WORD.lastIndex
      return { kind: 'word', text: word[0], ...here }
    }
    const text = source.startsWith('!=', at) || source.startsWith('==', at) ? source.slice(at, at + 2) : first
    this.place += text.length
    return { kind: 'punctuation', text, ...here }
  }

  private failTooLong(here: { readonly line: number; readonly column: number }, most: number, what: string): void {
    const more = `the text has more than ${most.toLocaleString('en')} ${what}, which is all that is read`
    this.fail({ kind: 'end', text: '', ...here }, more, 'leave tables or chains out')
  }

  private scanString(here: { readonly line: number; readonly column: number }): NftToken {
    const start = this.place + 1
    let end = start
    while (end < this.source.length && this.source[end] !== '"' && this.source[end] !== '\n') end++
    const token: NftToken = { kind: 'string', text: this.source.slice(start, end), ...here }
    if (this.source[end] !== '"') this.fail(token, 'a quoted string does not end', 'close it with a " in its line')
    this.place = end + 1
    return token
  }
}

const END: NftToken = { kind: 'end', text: '', line: 0, column: 0 }

/** What is read of so much takes up to 1 GiB: the rules of about 30,000 Services of kube-proxy. */
const MOST_PARTS = 1_000_000
const PART_ENDS: ReadonlySet<string | undefined> = new Set(['\n', ';', ','])
const MOST_TOKENS = 10_000_000

/** A line may end in CR LF. */
const BLANKS = /[ \t\r]*/y
const WORD = /[^\s{};,="#!]+/y

function describe({ kind, text }: NftToken): string {
  if (kind === 'end') return 'the end of the text'
  return kind === 'newline' ? 'the end of the line' : quoted(text)
}
