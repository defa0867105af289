import t, { type Test } from 'tap'
import { aKey, aNodeProcess, aRefusedProcess, type NodeProcess } from '../support/process.ts'
import { until } from './a-program.ts'

/** Enough to show it in every run; a longer look: `QXM_TEST_KILLS=20`. */
const kills = Number(process.env['QXM_TEST_KILLS'] ?? 3)
const writersAtOnce = 8

t.test(
  'a node killed while it writes has every acknowledged write once',
  { timeout: 600_000 },
  async t => {
    const folder = t.testdir()
    const key = aKey()
    const acknowledged = new Set<string>()
    const first = await aNodeProcess(t, { folder, key })
    await allotPrefix(first)
    await first.kill('SIGTERM')

    for (let cycle = 0; cycle < kills; cycle++) {
      const node = await aNodeProcess(t, { folder, key })
      const writing = writeUntilItDies(node, cycle, acknowledged)
      await new Promise(resolve => setTimeout(resolve, 300 + 97 * (cycle % 7)))
      await node.kill('SIGKILL')
      await writing
    }

    const node = await aNodeProcess(t, { folder, key })
    const listed = await listAll(node)
    t.ok(acknowledged.size > kills, `${acknowledged.size} writes were acknowledged`)
    t.strictSame(
      [...acknowledged].filter(identifier => !listed.has(identifier)),
      [],
      'none is lost',
    )
    t.strictSame(
      [...listed].filter(([, count]) => count !== 1),
      [],
      'none is there twice',
    )
    await announcedOnce(t, node, listed)
  },
)

t.test(
  'a second node on the same folder is refused within a second, and after kill -9 is not',
  async t => {
    const folder = t.testdir()
    const holder = await aNodeProcess(t, { folder })

    const refused = await aRefusedProcess({ folder })

    t.ok(refused.code !== 0 && refused.elapsedMs < 5_000, 'at once')
    t.match(refused.said, String(holder.child.pid), 'it names the holder')
    await holder.kill('SIGKILL')
    await (await aNodeProcess(t, { folder })).kill('SIGTERM')
  },
)

async function allotPrefix(node: NodeProcess): Promise<void> {
  const answer = await post(node, '/v1/prefixes', { prefix: '88.118.20' })
  if (answer.status !== 201) throw new Error(`the prefix was refused: ${await answer.text()}`)
}

async function writeUntilItDies(
  node: NodeProcess,
  cycle: number,
  acknowledged: Set<string>,
): Promise<void> {
  async function write(writer: number): Promise<void> {
    for (let count = 0; ; count++) {
      const identifier = `88.118.20/c${cycle}-w${writer}-${count}`
      try {
        const answer = await post(node, '/v1/identifiers', {
          identifier,
          values: [{ index: 1, type: 'URL', data: `https://example.com/${count}` }],
        })
        if (answer.status !== 201) return
        acknowledged.add(identifier)
      } catch {
        return
      }
    }
  }
  await Promise.all(Array.from({ length: writersAtOnce }, (_, writer) => write(writer)))
}

function post({ http, key }: NodeProcess, path: string, body: object): Promise<Response> {
  return fetch(http + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** How often each identifier is listed. */
async function listAll(node: NodeProcess): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  let cursor: string | null = null
  do {
    const from: string = cursor === null ? '' : `&cursor=${cursor}`
    const page: Listed = await getJson(node, `/v1/identifiers?prefix=88.118.20&limit=1000${from}`)
    for (const { identifier } of page.items)
      counts.set(identifier, (counts.get(identifier) ?? 0) + 1)
    cursor = page.next
  } while (cursor !== null)
  return counts
}

async function announcedOnce(
  t: Test,
  node: NodeProcess,
  listed: Map<string, number>,
): Promise<void> {
  const seen: { seq: number; identifier: string }[] = []
  const announcedSoFar = () => seen.filter(({ identifier }) => listed.has(identifier))
  // Numbered a moment after the commit, or after a start.
  await until('all writes are announced', async () => {
    const since = seen.at(-1)?.seq ?? 0
    const answer = await get(node, `/v1/changes?since=${since}&limit=1000`)
    const lines = (await answer.text()).split('\n').filter(line => line !== '')
    seen.push(...lines.map(line => JSON.parse(line)))
    return lines.length === 0 && announcedSoFar().length >= listed.size
  })
  const announced = announcedSoFar()
  t.equal(announced.length, listed.size, 'each write is announced once')
  t.ok(
    seen.every(({ seq }, position) => seq === position + 1),
    'numbers are in order and without gaps',
  )
}

function get({ http, key }: NodeProcess, path: string): Promise<Response> {
  return fetch(http + path, { headers: { authorization: `Bearer ${key}` } })
}

interface Listed {
  readonly items: readonly { readonly identifier: string }[]
  readonly next: string | null
}

async function getJson(node: NodeProcess, path: string): Promise<Listed> {
  return (await get(node, path)).json() as Promise<Listed>
}
