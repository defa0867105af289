import t from 'tap'
import { aNode, type RunningNode } from '../support/node.ts'

t.test('a follower cut off fifty times sees each change once, in order', async t => {
  const node = await aNode(t, { env: { QXM_RATE_WRITE: '0' } })
  await write(node, 'POST', '/v1/prefixes', { prefix: '88.118.40' })
  const count = 300
  const writing = writeMany(node, count)

  const seen: { seq: number; identifier: string }[] = []
  let resumptions = 0
  for (;;) {
    const known = seen.filter(({ identifier }) => identifier.startsWith('88.118.40/')).length
    if (known === count) break
    // Never more than there will be: nobody writes any more then.
    const lineCount = Math.min(1 + (resumptions % 7), count - known)
    const lines = await followFor(node, seen.at(-1)?.seq ?? 0, lineCount)
    seen.push(...lines)
    resumptions += 1
  }
  await writing

  t.ok(resumptions >= 50, `resumed ${resumptions} times`)
  t.ok(
    seen.every(({ seq }, position) => seq === position + 1),
    'in order, without gaps, none twice',
  )
})

t.test('events resume by Last-Event-ID', async t => {
  const node = await aNode(t)
  await write(node, 'POST', '/v1/prefixes', { prefix: '88.118.40' })

  const answer = await fetch(`${node.http}/v1/changes`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${node.key}`,
      'last-event-id': '2',
    },
  })
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (!text.includes('id: 3')) text += Buffer.from((await reader.read()).value ?? []).toString()
  await reader.cancel()

  t.equal(answer.headers.get('content-type')?.split(';')[0], 'text/event-stream')
  t.notMatch(text, /^id: [12]$/m)
})

async function writeMany(node: RunningNode, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await write(node, 'POST', '/v1/identifiers', { identifier: `88.118.40/n-${number}` })
  }
}

/** Follows from a number until some lines have come, then hangs up in the middle of whatever comes. */
async function followFor(node: RunningNode, since: number, lineCount: number) {
  const hangUp = new AbortController()
  const answer = await fetch(`${node.http}/v1/changes?since=${since}&follow=1`, {
    headers: { authorization: `Bearer ${node.key}` },
    signal: hangUp.signal,
  })
  let text = ''
  for await (const chunk of answer.body as ReadableStream<Uint8Array>) {
    text += Buffer.from(chunk).toString()
    if (text.split('\n').length > lineCount) break
  }
  hangUp.abort()
  return text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .filter(line => line !== '')
    .slice(0, lineCount)
    .map(line => JSON.parse(line) as { seq: number; identifier: string })
}

function write({ http, key }: RunningNode, method: string, path: string, body: object) {
  return fetch(http + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}
