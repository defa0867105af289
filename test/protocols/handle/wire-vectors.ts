import { readFileSync } from 'node:fs'

/** Bytes of the real encoders, with what they mean. Tests run in the project's root. */
const file = JSON.parse(readFileSync('test/vectors/handle-wire.json', 'utf8')) as {
  readonly keys: Readonly<Record<string, string>>
  readonly count: number
  readonly vectors: readonly WireVector[]
}

export interface WireVector {
  readonly name: string
  readonly kind: string
  readonly hex: string
  readonly decoded: Annotation
  readonly datagrams?: readonly string[]
}

/** An annotation is free in form: tests read the members they know. */
// biome-ignore lint/suspicious/noExplicitAny: data of the vectors, compared with what we decode
export type Annotation = any

export const { keys, count, vectors } = file

export function vectorsOf(...kinds: readonly string[]): readonly WireVector[] {
  return vectors.filter(vector => kinds.includes(vector.kind))
}

export function vector(name: string): WireVector {
  const found = vectors.find(each => each.name === name)
  if (found === undefined) throw new Error(`no vector ${name}`)
  return found
}

export function bytesOf(name: string): Buffer {
  return Buffer.from(vector(name).hex, 'hex')
}
