import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { encodeEnvelope, envelopeBytes } from './envelope.ts'
import { decodeFragment, type Fragment, joinFragments } from './fragments.ts'

export interface ReassemblyBounds {
  /** Bytes of one request. */
  readonly messageBytesMax: number
  /** Sets under way; one more drives out the oldest. */
  readonly setsMax: number
  /** Sets under way of one address, so that nobody drives out everybody else's. */
  readonly setsPerAddressMax: number
  readonly lifeMs: number
}

export interface Reassembly {
  /**
   * Takes a datagram of a message that has several.
   * @returns envelope and message, once complete
   * @throws MalformedBytes
   */
  add(datagram: Buffer, address: string, port: number, nowMs: number): Buffer | undefined
  readonly count: number
}

interface FragmentSet {
  readonly address: string
  readonly fragments: Map<number, Fragment>
  readonly startedAtMs: number
}

/** Puts requests together from their datagrams, by sender and request id (RFC 3652 §2.3.1). */
export function makeReassembly(bounds: ReassemblyBounds): Reassembly {
  /** In the order they began. */
  const sets = new Map<string, FragmentSet>()
  const countByAddress = new Map<string, number>()

  function remove(key: string): void {
    const set = sets.get(key)
    if (set === undefined) return
    sets.delete(key)
    const count = (countByAddress.get(set.address) ?? 1) - 1
    if (count === 0) countByAddress.delete(set.address)
    else countByAddress.set(set.address, count)
  }

  function removeOld(nowMs: number): void {
    for (const [key, { startedAtMs }] of sets) {
      if (nowMs - startedAtMs < bounds.lifeMs && sets.size < bounds.setsMax) return
      remove(key)
    }
  }

  function begin(key: string, address: string, nowMs: number): FragmentSet {
    removeOld(nowMs)
    const count = countByAddress.get(address) ?? 0
    if (count >= bounds.setsPerAddressMax) {
      throw new MalformedBytes('limit', 'unfinished messages of one sender')
    }
    const set = { address, fragments: new Map<number, Fragment>(), startedAtMs: nowMs }
    sets.set(key, set)
    countByAddress.set(address, count + 1)
    return set
  }

  return {
    add(datagram, address, port, nowMs) {
      const fragment = decodeFragment(datagram)
      const { requestId, messageLength, sequenceNumber } = fragment.envelope
      if (messageLength > bounds.messageBytesMax) throw new MalformedBytes('limit', 'request')
      const key = `${address} ${port} ${requestId} ${messageLength}`
      const known = sets.get(key)
      if (known !== undefined && nowMs - known.startedAtMs >= bounds.lifeMs) remove(key)
      const set = sets.get(key) ?? begin(key, address, nowMs)
      // The datagram's bytes are ours only until the next one comes.
      set.fragments.set(sequenceNumber, { ...fragment, payload: Buffer.from(fragment.payload) })
      if (set.fragments.size < fragment.fragmentCount) return undefined
      remove(key)
      const { envelope, message } = joinFragments([...set.fragments.values()])
      const writer = new ByteWriter(envelopeBytes + bounds.messageBytesMax)
      encodeEnvelope(writer, { ...envelope, sequenceNumber: 0 })
      writer.bytes(message)
      return writer.view()
    },
    get count() {
      return sets.size
    },
  }
}
