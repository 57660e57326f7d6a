/** Elements of HTML and SVG made from data: texts are always text, never markup, and what a reader cannot see becomes visible. */
import { visible } from '../output/escape.ts'

export type Child = Node | string
export type Attributes = Readonly<Record<string, string | number>>

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(name), attributes, children)
}

export function svgElement<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)
}

function filled<E extends Element>(made: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, visible(String(value)))
  made.append(...children.map(child => (typeof child === 'string' ? visible(child) : child)))
  return made
}
