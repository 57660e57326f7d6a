/** Files of a dump, of any kind and in any order, under one mapping of names and addresses. Pure: text in, text out. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { printYaml, readManifest } from '../../cluster/manifest.ts'
import { badInput, type Problem } from '../../problem/problem.ts'
import type { InputFile } from '../files.ts'
import { anonymizeIptables, learnIptables } from './anonymize-iptables.ts'
import { anonymizeNft } from './anonymize-nft.ts'
import { anonymizeObjects } from './anonymize-objects.ts'
import { ChainHashes } from './chain-hashes.ts'
import { learnObjects } from './learn-objects.ts'
import type { Renamer } from './renamer.ts'

export interface AnonymousFile {
  readonly kind: 'objects.json' | 'objects.yaml' | 'iptables-save' | 'nft'
  readonly text: string
  /** Kinds of objects that are not known, and so left out. */
  readonly leftOut: readonly string[]
}

export function anonymizeFiles(
  files: readonly InputFile[],
  renamer: Renamer,
): E.Either<Problem, readonly AnonymousFile[]> {
  const hashes = new ChainHashes(renamer)
  return pipe(
    files,
    E.traverseArray(readFile),
    E.map(read => {
      // All hashes of all files are learned before any is renamed.
      for (const file of read) {
        if (file.kind === 'iptables-save') learnIptables(file.text, hashes)
        if (file.kind === 'objects') learnObjects(file.documents, hashes)
      }
      return read
    }),
    E.chain(E.traverseArray(file => renamed(file, renamer, hashes))),
  )
}

type ReadFile =
  | { readonly kind: 'iptables-save' | 'nft'; readonly name: string; readonly text: string }
  | { readonly kind: 'objects'; readonly name: string; readonly json: boolean; readonly documents: readonly unknown[] }

function readFile({ name, bytes }: InputFile): E.Either<Problem, ReadFile> {
  const text = new TextDecoder().decode(bytes)
  if (/^(?:\s|#[^\n]*\n)*table\s+ip6?\s/.test(text)) return E.right({ kind: 'nft', name, text })
  if (/^\*\w+\s*$/m.test(text) && /^COMMIT\s*$/m.test(text)) return E.right({ kind: 'iptables-save', name, text })
  return pipe(
    readManifest({ name, bytes }),
    E.map(documents => ({
      kind: 'objects' as const,
      name,
      json: /^\s*\{/.test(text),
      documents: documents.map(d => d.value),
    })),
  )
}

function renamed(file: ReadFile, renamer: Renamer, hashes: ChainHashes): E.Either<Problem, AnonymousFile> {
  if (file.kind !== 'objects')
    return pipe(
      file.kind === 'nft'
        ? anonymizeNft(file.text, file.name, renamer, hashes)
        : E.right(anonymizeIptables(file.text, renamer, hashes)),
      E.map(text => ({ kind: file.kind, text, leftOut: [] })),
    )
  const made = file.documents.map(document => anonymizeObjects(document, renamer))
  const values = made.map(m => m.value).filter(value => value !== undefined)
  const leftOut = made.flatMap(m => m.leftOut)
  if (values.length === 0)
    return E.left(
      badInput(
        { file: file.name },
        'holds nothing that can be shared',
        'give Kubernetes objects, iptables-save or nft text',
      ),
    )
  return E.right(
    file.json
      ? { kind: 'objects.json', text: values.map(value => `${JSON.stringify(value, null, 1)}\n`).join(''), leftOut }
      : { kind: 'objects.yaml', text: values.map(printYaml).join('---\n'), leftOut },
  )
}
