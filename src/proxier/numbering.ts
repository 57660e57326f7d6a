/** Numbers objects by identity, from 0 in order of asking. */
export function numbering<T>(): (value: T) => number {
  const numbers = new Map<T, number>()
  return value => {
    let number = numbers.get(value)
    if (number === undefined) {
      number = numbers.size
      numbers.set(value, number)
    }
    return number
  }
}
