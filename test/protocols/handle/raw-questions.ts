import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import { type OpFlagName, opFlags } from '../../../src/protocols/handle/op-flags.ts'
import type { Random } from '../../support/random.ts'
import { aFrame } from './a-client.ts'

/** Questions as bytes, right and wrong, made from a seed: what a client, a scanner or a fuzzer may send. */

const flagNames = Object.keys(opFlags) as OpFlagName[]
const versions = [
  [2, 10, 2, 11],
  [2, 10, 2, 10],
  [2, 1, 0, 0],
  [2, 0, 0, 0],
  [2, 11, 2, 3],
  [2, 255, 3, 0],
  [5, 0, 1, 0],
  [1, 0, 0, 9],
] as const
const types = ['URL', 'EMAIL', 'HS_ADMIN', 'url', 'URL.', '']
const lengths = [0, 1, 0x7f, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
/** Where a request's numbers are: envelope, header, the handle's length. */
const numbersAt = [0, 4, 8, 12, 20, 24, 28, 32, 36, 40, 44]

/** Mostly plain and right, so that the short way is taken; the others differ from that in one or two things. */
export function aRawQuestion(handles: readonly Buffer[], random: Random): Buffer {
  const isPlain = random.below(3) !== 0
  const frame = aFrame({
    opCode: isPlain || random.below(6) > 0 ? 1 : random.one([0, 2, 100, 200, 2001]),
    opFlags: isPlain ? random.one([0, 0x1900_0000, 0x0200_0000]) : someFlags(random),
    requestId: random.below(0x1_0000_0000),
    sessionId: random.one([0, 0, random.below(0x1_0000_0000)]),
    version: random.one(versions),
    body: aBody(random.one(handles), isPlain, random),
  })
  frame[34] = random.one([0, 0, 0, 1, 9, 10, 255])
  if (isPlain || random.below(2) === 0) return frame
  return mutated(frame, random)
}

function someFlags(random: Random): number {
  const count = random.below(4)
  let flags = 0
  for (let i = 0; i < count; i++) flags |= opFlags[random.one(flagNames)]
  if (random.below(8) === 0) flags ^= 1 << random.below(32)
  return flags >>> 0
}

function aBody(handle: Buffer, isPlain: boolean, random: Random): Buffer {
  const writer = new ByteWriter(10_000)
  writer.sized(handle)
  const indexes = isPlain ? [] : some(random, () => random.one([0, 1, 2, 300, 0xffff_ffff]))
  writer.uint32(indexes.length)
  for (const index of indexes) writer.uint32(index)
  const asked = isPlain ? [] : some(random, () => random.one(types))
  writer.uint32(asked.length)
  for (const type of asked) writer.text(type)
  // id-pointer names whose request it is; what lies behind it is passed over.
  if (random.below(4) === 0) writer.text(random.one(['', '300:0.NA/88.118.8']))
  if (random.below(8) === 0) writer.bytes(Buffer.alloc(random.below(9), 0xff))
  return writer.taken()
}

function some<Item>(random: Random, make: () => Item): Item[] {
  return Array.from({ length: Math.max(0, random.below(5) - 2) }, make)
}

/** Cut off, with a bit turned, with another number, with more behind it; its length made right again, as a wire cuts it. */
function mutated(frame: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(frame)
  switch (random.below(5)) {
    case 0:
      bytes = bytes.subarray(0, 20 + random.below(bytes.length - 19))
      break
    case 1: {
      const at = random.below(bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      break
    }
    case 2:
      bytes.writeUInt32BE(random.one(lengths), random.one(numbersAt))
      break
    case 3:
      bytes = Buffer.concat([bytes, Buffer.alloc(random.below(12), random.below(256))])
      break
    default:
      // No credential, not even its length.
      bytes = bytes.subarray(0, bytes.length - 4)
  }
  bytes.writeUInt32BE(bytes.length - 20, 16)
  return bytes
}
