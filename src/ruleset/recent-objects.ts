/** Objects made of texts, the recently used ones of them: two generations, of which the older goes when the younger is full. */
export class RecentObjects<T> {
  private readonly limit: number
  private young = new Map<string, T>()
  private old = new Map<string, T>()

  /** `limit`: of one generation. */
  constructor(limit: number) {
    this.limit = limit
  }

  get(text: string): T | undefined {
    const found = this.young.get(text)
    if (found !== undefined) return found
    const older = this.old.get(text)
    if (older !== undefined) this.set(text, older)
    return older
  }

  set(text: string, made: T): void {
    if (this.young.size >= this.limit) {
      this.old = this.young
      this.young = new Map()
    }
    this.young.set(text, made)
  }
}
