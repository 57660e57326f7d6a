import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, escapeMarkdown, shortened, visible } from './escape.ts'
import { html } from './html.ts'

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'<>&"\'`|*_[](){}#+-.!~\\$@\n\r\t\0\x1b\u202e\u200b\u2028'),
    fc.constantFrom('http://', 'www.', 'é', '😀'),
  ),
})

describe('escaping', () => {
  it.each([
    ['web-1.shop', 'web-1.shop'],
    ['a\x1b[31mb', 'a\\u001b[31mb'],
    ['line\nbreak', 'line\\u000abreak'],
    ['\u202egpj.exe', '\\u202egpj.exe'],
    ['half \ud83d pair', 'half \\ud83d pair'],
    ['whole 😀', 'whole 😀'],
  ])('makes %j visible', (text, expected) => {
    expect(visible(text)).toBe(expected)
  })

  it('leaves nothing that HTML reads as markup', () => {
    expect(escapeHtml('<img src=x onerror="alert(1)">')).toBe('&#60;img src=x onerror=&#34;alert(1)&#34;&#62;')
    fc.assert(
      fc.property(hostile, text => {
        expect(escapeHtml(text)).not.toMatch(/[<>"'`\n\0]|&(?!#\d+;)/)
      }),
    )
  })

  it.each([
    ['shop/web-1', 'shop/web-1'],
    ['a|b', 'a\\|b'],
    ['*b* _i_ `c` [x](y)', '\\*b\\* \\_i\\_ \\`c\\` \\[x\\](y)'],
    ['<b>&amp;', '\\<b\\>\\&amp;'],
    ['# title', '\\# title'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['13.5', '13.5'],
    ['https://evil.example www.evil.example', 'https&#58;//evil.example www&#46;evil.example'],
  ])('writes %j in Markdown as text', (text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected)
  })

  it('leaves no markup character of Markdown bare', () => {
    fc.assert(
      fc.property(hostile, text => {
        const bare = escapeMarkdown(text)
          .replace(/\\[\\`*_[\]|~$<>&]/g, ' ')
          .replace(/&#\d+;/g, ' ')
        expect(bare).not.toMatch(/[`*_[\]|~$<>&\n\r]|:\/\/|www\./)
      }),
    )
  })

  it('shortens only what is too long', () => {
    expect([shortened('abc', 3), shortened('abcd', 3)]).toEqual(['abc', 'ab…'])
  })

  it('escapes every value of a template but markup of its own', () => {
    const item = (name: string) => html`<li title="${name}">${name}</li>`
    expect(html`<ul>${[item('"><script>'), item('b')]}${3}</ul>`.markup).toBe(
      '<ul><li title="&#34;&#62;&#60;script&#62;">&#34;&#62;&#60;script&#62;</li><li title="b">b</li>3</ul>',
    )
  })
})
