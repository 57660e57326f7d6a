/** A block of a program that changes: a chain with its code, in the tables that hold it. */
import type { BlockBounds, TargetBlock } from '../intern-chains.ts'

export interface LiveBlock extends TargetBlock, Mutable<BlockBounds> {
  readonly firstRule: number
  /** Tables that hold it. */
  holders: number
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] }
