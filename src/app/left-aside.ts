import type { ReadObjects } from '../cluster/read-objects.ts'

/** Kinds that were read past, one sentence each: no failure, but nobody should wonder where they went. */
export const leftAside = ({ unknownKinds }: ReadObjects): string[] =>
  [...unknownKinds].map(
    ([kind, count]) =>
      `${count} ${kind} object${count === 1 ? '' : 's'} left aside: not a kind that Services or rules depend on`,
  )
