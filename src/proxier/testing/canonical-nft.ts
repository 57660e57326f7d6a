/**
 * `nft list table` text in a form that two kube-proxies with the same Services agree on: sets, maps and chains sorted by name, since
 * they stand in the order they were made and kube-proxy walks Services in random order. Elements nft sorts by itself.
 */
export function canonicalNft(text: string): string {
  const [head, ...blocks] = text.replace(/\n}\n$/, '\n').split(/\n\n?(?=\t(?:set|map|chain) )/)
  return [head, ...blocks.map(block => block.trim()).sort()].join('\n')
}
