import { alterBatch } from './alter-batch.ts'
import { type Batch, type BatchParts, makeBatch } from './batch.ts'
import { type Delivered, type SignedDelivery, send, signDelivery } from './deliver.ts'
import { aForger, aStranger, type Identity } from './identity.ts'
import type { Journal, Sent } from './journal.ts'
import { exampleRows } from './rows.ts'
import type { Wrong } from './wrongs.ts'

export const source = '86'
const batchMediaType = 'application/zip'

export interface PushParts {
  readonly identity: Identity
  readonly journal: Journal
  /** `https://127.0.0.1:8443` */
  readonly imports: string
  readonly target: string
  readonly now: () => Date
}

export interface PushRequest {
  /** What it brings; wrong ones bring rows of their own where they need to. */
  readonly parts: BatchParts
  readonly wrong?: Wrong | undefined
  /** Where example rows of a wrong push belong: `88.118.8`. */
  readonly prefix: string
  /** Example rows among them: the next push numbers on from there. */
  readonly exampleCount: number
}

/** One request that was made, and what came of it. */
export interface Outcome {
  readonly what: 'batch' | 'held' | Wrong
  readonly seq: number
  /** undefined: the other side ended the connection. */
  readonly answer: Delivered | undefined
  readonly failure?: string
}

const minuteMs = 60_000
const dayMs = 86_400_000

/** Nothing can be sent without a grant to name. */
export class NoGrant extends Error {
  override readonly name = 'NoGrant'
}

/** Puts a batch where the feed gives it to whoever pulls. */
export async function publish(
  parts: Pick<PushParts, 'identity' | 'journal' | 'target' | 'now'>,
  request: Pick<PushRequest, 'parts' | 'exampleCount'>,
): Promise<Batch> {
  const { journal } = parts
  const sent = await journal.sent()
  const batch = await nextBatch(parts, sent, request.parts)
  await journal.publish(batch.seq, batch.zip)
  await journal.write(after(sent, batch, request.exampleCount))
  return batch
}

/** Pushes a batch to the node below, rightly or wrongly. @throws NoGrant */
export async function push(parts: PushParts, request: PushRequest): Promise<readonly Outcome[]> {
  const fill = await sendHeld(parts)
  const sent = await parts.journal.sent()
  return [...fill, ...(await pushNext(parts, request, sent))]
}

async function pushNext(
  parts: PushParts,
  request: PushRequest,
  sent: Sent,
): Promise<readonly Outcome[]> {
  const { identity, journal, now } = parts
  const { wrong, exampleCount, prefix } = request
  const make = (facts: Partial<Facts> = {}, at = now()) =>
    nextBatch({ ...parts, now: () => at }, { ...sent, ...facts }, request.parts)

  /** What is taken moves the chain on. */
  async function keep(batch: Batch): Promise<void> {
    await journal.publish(batch.seq, batch.zip)
    await journal.write(after(sent, batch, exampleCount))
  }

  async function give(what: Outcome['what'], batch: Batch): Promise<Outcome> {
    const outcome = await deliver(parts, what, batch.seq, sign(parts, batch.zip))
    if (isTaken(outcome)) await keep(batch)
    return outcome
  }
  const refuse = (what: Wrong, delivery: SignedDelivery, client = identity.client) =>
    deliver(parts, what, sent.seq + 1, delivery, client)

  switch (wrong) {
    case undefined:
      return [await give('batch', await make())]
    case 'again': {
      const zip = await journal.batch(sent.seq)
      if (zip === undefined) return [await give('batch', await make())]
      return [await deliver(parts, wrong, sent.seq, sign(parts, zip))]
    }
    case 'replay': {
      const batch = await make()
      const delivery = sign(parts, batch.zip)
      const first = await deliver(parts, 'batch', batch.seq, delivery)
      if (isTaken(first)) await keep(batch)
      return [first, await deliver(parts, wrong, batch.seq, delivery)]
    }
    case 'gap': {
      const held = await make()
      const later = await nextBatch(
        parts,
        { ...sent, ...held },
        {
          identifiers: exampleRows(prefix, sent.rowCount + exampleCount + 1, 1),
        },
      )
      const outcome = await deliver(parts, wrong, later.seq, sign(parts, later.zip))
      if (isTaken(outcome)) {
        await journal.hold(held.seq, held.zip)
        await journal.publish(later.seq, later.zip)
        await journal.write({ ...after(sent, later, exampleCount + 1), heldSeq: held.seq })
      }
      return [outcome]
    }
    case 'fork': {
      const forked = await make({ seq: Math.max(0, sent.seq - 1), digest: 'f'.repeat(64) })
      return [await deliver(parts, wrong, forked.seq, sign(parts, forked.zip))]
    }
    case 'scope':
      return [await give(wrong, await make({ prefixes: [`${prefix}0`] }))]
    case 'foreign':
    case 'poison':
      return [
        await give(wrong, await nextBatch(parts, sent, spoiled(request.parts, wrong, prefix))),
      ]
    case 'bytes':
      return [await refuse(wrong, sign(parts, await alterBatch((await make()).zip, now())))]
    case 'body': {
      const delivery = sign(parts, (await make()).zip)
      const body = Buffer.concat([delivery.body, Buffer.alloc(1)])
      return [await refuse(wrong, { ...delivery, body })]
    }
    case 'truncated': {
      const { zip } = await make()
      return [await refuse(wrong, sign(parts, zip.subarray(0, zip.length >> 1)))]
    }
    case 'manifest': {
      const forged = { ...parts, identity: { ...identity, signer: aForger() } }
      return [await refuse(wrong, sign(parts, (await nextBatch(forged, sent, request.parts)).zip))]
    }
    case 'signer': {
      const forged = { ...parts, identity: { ...identity, signer: aForger() } }
      return [await refuse(wrong, sign(forged, (await make()).zip))]
    }
    case 'stale': {
      const early = { ...parts, now: () => new Date(now().getTime() - 10 * minuteMs) }
      return [await refuse(wrong, sign(early, (await make()).zip))]
    }
    case 'expired': {
      const old = await make({}, new Date(now().getTime() - 2 * dayMs))
      return [await refuse(wrong, sign(parts, old.zip))]
    }
    case 'pin':
    case 'certificate': {
      const stranger = await aStranger(wrong === 'pin' ? identity.authority : undefined, now())
      return [await refuse(wrong, sign(parts, (await make()).zip), stranger)]
    }
  }
}

type Facts = Pick<Sent, 'seq' | 'digest' | 'prefixes'>

function nextBatch(
  { identity, target, now }: Pick<PushParts, 'identity' | 'target' | 'now'>,
  { seq, digest, prefixes, authorization }: Facts & Pick<Sent, 'authorization'>,
  parts: BatchParts,
): Promise<Batch> {
  if (authorization === null) throw new NoGrant('no grant was made yet')
  const place = { source, target, seq: seq + 1, prev: digest, authorization, prefixes }
  return makeBatch({ ...place, parts }, identity.signer, now())
}

/** The batch that was left out, before anything else. */
async function sendHeld(parts: PushParts): Promise<readonly Outcome[]> {
  const { journal } = parts
  const { heldSeq, ...sent } = await journal.sent()
  if (heldSeq === undefined) return []
  const zip = await journal.held(heldSeq)
  const outcome = await deliver(parts, 'held', heldSeq, sign(parts, zip))
  if (isTaken(outcome)) {
    await journal.publish(heldSeq, zip)
    await journal.write(sent)
  }
  return [outcome]
}

function sign({ identity, imports, now }: PushParts, zip: Buffer): SignedDelivery {
  const request = { url: `${imports}/v1/imports`, mediaType: batchMediaType, body: zip }
  return signDelivery(request, identity.signer, now().getTime())
}

async function deliver(
  { identity }: PushParts,
  what: Outcome['what'],
  seq: number,
  delivery: SignedDelivery,
  client = identity.client,
): Promise<Outcome> {
  try {
    return { what, seq, answer: await send(delivery, client, identity.authority) }
  } catch (error) {
    return { what, seq, answer: undefined, failure: String(error) }
  }
}

function isTaken({ answer }: Outcome): boolean {
  return answer !== undefined && answer.status < 300
}

function after(sent: Sent, { seq, digest }: Batch, exampleCount: number): Sent {
  return { ...sent, seq, digest, rowCount: sent.rowCount + exampleCount }
}

/** With a row in the middle that nobody may take. */
function spoiled(parts: BatchParts, wrong: 'foreign' | 'poison', prefix: string): BatchParts {
  const rows = parts['identifiers'] ?? []
  const middle = rows.length >> 1
  const bad =
    wrong === 'foreign'
      ? { identifier: `${prefix}0/FOREIGN`, kind: 'product', values: [] }
      : { identifier: `${prefix}/POISON`, kind: 'no such kind', values: [] }
  return { ...parts, identifiers: [...rows.slice(0, middle), bad, ...rows.slice(middle)] }
}
