import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the top-level node of the sandbox remembers of what it has sent. */
export interface Sent {
  /** Of the last batch; 0: none. */
  readonly seq: number
  /** SHA-256 of its manifest, hex. */
  readonly digest: string | null
  /** A batch that was left out on purpose: the next push sends it first. */
  readonly heldSeq?: number
  /** The grant that batches stand on. */
  readonly authorization: string | null
  /** What that grant covers. */
  readonly prefixes: readonly string[]
  /** Example rows so far, so that the next ones are others. */
  readonly rowCount: number
}

/** Where the parts of a running sandbox are. */
export interface Places {
  /** The node below: `http://127.0.0.1:8000`, and its import door. */
  readonly http: string
  readonly handle: string
  readonly imports: string | undefined
  readonly feed: string
  readonly handleRoot: string
}

/** The top-level node's notes in its folder, shared by the running sandbox and the commands beside it. */
export interface Journal {
  readonly folder: string
  sent(): Promise<Sent>
  write(sent: Sent): Promise<void>
  places(): Promise<Places | undefined>
  putPlaces(places: Places): Promise<void>
  /** The batch with that number, where it may be fetched. */
  batch(seq: number): Promise<Buffer | undefined>
  /** Puts a batch where the feed finds it. */
  publish(seq: number, zip: Buffer): Promise<void>
  /** Keeps a batch where nobody finds it. */
  hold(seq: number, zip: Buffer): Promise<void>
  held(seq: number): Promise<Buffer>
}

const nothingSent: Sent = { seq: 0, digest: null, authorization: null, prefixes: [], rowCount: 0 }

export async function openJournal(folder: string): Promise<Journal> {
  const batches = join(folder, 'batches')
  await mkdir(batches, { recursive: true, mode: 0o700 })
  const sentFile = join(folder, 'sent.json')
  const placesFile = join(folder, 'places.json')
  const batchFile = (seq: number) => join(batches, `${seq}.zip`)
  const heldFile = (seq: number) => join(batches, `${seq}.held`)

  return {
    folder,
    sent: async () => (await readJson<Sent>(sentFile)) ?? nothingSent,
    write: sent => replace(sentFile, JSON.stringify(sent)),
    places: () => readJson<Places>(placesFile),
    putPlaces: places => replace(placesFile, JSON.stringify(places)),
    batch: seq => find(batchFile(seq)),
    publish: (seq, zip) => replace(batchFile(seq), zip),
    hold: (seq, zip) => replace(heldFile(seq), zip),
    held: seq => readFile(heldFile(seq)),
  }
}

async function readJson<Value>(file: string): Promise<Value | undefined> {
  const text = await find(file)
  return text && (JSON.parse(text.toString()) as Value)
}

async function find(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch {
    return undefined
  }
}

/** Whole or not at all: the feed reads while a command writes. */
async function replace(file: string, content: string | Buffer): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
