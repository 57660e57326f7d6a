import { expect, it } from 'vitest'
import { type OrdinalPod, orderedStep } from './ordered-step.ts'

/** One letter an ordinal: N new and available, n new, O old and available, o old, . missing. */
const pods = (word: string): OrdinalPod[] =>
  [...word].flatMap((letter, ordinal) =>
    letter === '.'
      ? []
      : [{ number: 100 + ordinal, ordinal, isNew: /n/i.test(letter), isAvailable: letter === letter.toUpperCase() }],
  )

it.each([
  ['', 2, 0, { create: 0 }],
  ['n', 2, 0, {}],
  ['N', 2, 0, { create: 1 }],
  ['NN', 2, 0, {}],
  ['NNN', 2, 0, { remove: 102 }],
  ['NNNN', 0, 0, { remove: 103 }],
  ['N.N', 3, 0, { create: 1 }],
  ['OOO', 3, 0, { remove: 102 }],
  ['OO.', 3, 0, { create: 2 }],
  ['OOn', 3, 0, {}],
  ['OON', 3, 0, { remove: 101 }],
  // An old pod that is broken does not hold up its own replacement.
  ['oON', 3, 0, { remove: 101 }],
  ['oNN', 3, 0, { remove: 100 }],
  ['OOO', 3, 1, {}],
  ['', 0, 0, {}],
])('%s of %d, %d leaving', (word, replicas, leaving, step) => {
  expect(orderedStep(pods(word), replicas, leaving)).toEqual(step)
})
