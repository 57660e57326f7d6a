/** This program's version, from its package.json: two folders up from src/app/ in the repository, from dist/app/ in the package. */
import { createRequire } from 'node:module'

export const ownVersion = (): string => createRequire(import.meta.url)('../../package.json').version
