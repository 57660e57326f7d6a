/** Whether two addresses of four words each are one. */
export const sameWords = (a: Uint32Array, b: Uint32Array): boolean =>
  a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3]
