import { once } from 'node:events'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { aDataFolder } from '../support/store.ts'
import { aProgram, type Program, until } from './a-program.ts'

const key = `qxk_${'0a'.repeat(4)}_${'k'.repeat(43)}`

t.test('SIGTERM under load: readiness falls at once, no request is torn, exit 0', async t => {
  // Longer than the default, so that a machine that stalls is not taken for a node that tears.
  const node = await aProgram(t, ['--demo', '--set', 'node.lameduckMs=4000'], await environment(t))
  const balancer = { isSending: true }
  const clients = Array.from({ length: 8 }, () => askUntilSentAway(node, balancer))
  const slow = await beginUpload(node, '88.118.8/slow-1')
  await sleep(500)

  const toldAt = performance.now()
  node.kill('SIGTERM')
  await until('not ready', async () => (await statusOf(`${node.ready.http}/readyz`)) === 503, 3_000)
  const notReadyMs = performance.now() - toldAt
  const duringLameduck = await statusOf(`${node.ready.http}/v1/resolve/88.118.8/ABC-1`)
  await sleep(100)
  balancer.isSending = false
  // Into the drain.
  await sleep(Math.max(0, 4_500 - (performance.now() - toldAt)))
  const uploaded = await slow.finish()
  const { code, signal } = await node.ended
  const tookMs = performance.now() - toldAt

  t.ok(notReadyMs < 3_000, `not ready after ${Math.round(notReadyMs)} ms`)
  t.equal(duringLameduck, 200, 'still answers')
  t.equal(uploaded, 201, 'a request that had begun is answered')
  t.same({ code, signal }, { code: 0, signal: null })
  t.ok(tookMs >= 4_000 && tookMs < 10_000, `ended after ${Math.round(tookMs)} ms`)
  const results = await Promise.all(clients)
  t.same(
    results.flatMap(({ torn }) => torn),
    [],
    'nothing was torn',
  )
  t.ok(results.every(({ answered }) => answered > 10))
  t.ok(
    results.every(({ wasSentAway }) => wasSentAway),
    'connections that were kept are ended with an answer',
  )
})

t.test('what does not end is cut off on all doors, and the node ends all the same', async t => {
  const node = await aProgram(
    t,
    ['--demo', '--set', 'node.lameduckMs=0', '--set', 'node.drainTimeoutMs=1000'],
    await environment(t),
  )
  const stuck = await beginUpload(node, '88.118.8/stuck-1')
  // Our end of it stays open.
  const handle = connect({ ...placeOf(node.ready.handle), allowHalfOpen: true })
  await once(handle, 'connect')

  const toldAt = performance.now()
  node.kill('SIGTERM')
  const { code } = await node.ended
  const tookMs = performance.now() - toldAt
  await stuck.closed
  handle.destroy()

  t.equal(code, 0)
  t.ok(tookMs >= 900 && tookMs < 10_000, `ended after ${Math.round(tookMs)} ms`)
  t.match(node.log().join('\n'), /cut off requests/)
})

t.test('a second signal ends the node at once', async t => {
  const node = await aProgram(t, ['--set', 'node.lameduckMs=30000'], await environment(t))
  node.kill('SIGTERM')
  // Sooner it would be taken for the same signal, handed on by npm.
  await sleep(800)

  const toldAt = performance.now()
  node.kill('SIGINT')
  const { code } = await node.ended

  t.equal(code, 130)
  t.ok(performance.now() - toldAt < 10_000)
})

function placeOf(text: string): { host: string; port: number } {
  const [host = '', port] = text.split(':')
  return { host, port: Number(port) }
}

async function environment(t: Parameters<typeof aProgram>[0]) {
  return { QXM_DATA_DIR: await aDataFolder(t), QXM_BOOTSTRAP_KEY: key }
}

/** A client with one connection that it keeps, and opens anew when it was told to close it. */
async function askUntilSentAway({ ready }: Program, balancer: { readonly isSending: boolean }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const result = { answered: 0, torn: [] as string[], wasSentAway: false }
  while (balancer.isSending) {
    try {
      const response = await ask(`${ready.http}/v1/resolve/88.118.8/ABC-1`, agent)
      if (response.statusCode === 200) result.answered++
      else result.torn.push(`status ${response.statusCode}`)
      result.wasSentAway ||= response.headers.connection === 'close'
    } catch (error) {
      result.torn.push(String(error))
    }
    await sleep(5)
  }
  agent.destroy()
  return result
}

async function ask(url: string, agent: Agent): Promise<IncomingMessage> {
  const asked = get(url, { agent })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { headers: { connection: 'close' } })
  await response.arrayBuffer()
  return response.status
}

/** A registration that has reached the node, and of which half has been sent. */
async function beginUpload({ ready }: Program, identifier: string) {
  const body = JSON.stringify({ identifier, values: [{ index: 1, type: 'NAME', data: 'slow' }] })
  const upload = request(`${ready.http}/v1/identifiers`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      Expect: '100-continue',
      'Content-Length': Buffer.byteLength(body),
    },
  })
  const response = once(upload, 'response') as Promise<[IncomingMessage]>
  // Whoever waits for the answer hears of it.
  response.catch(() => undefined)
  const closed = new Promise<void>(resolve => upload.once('close', resolve))
  upload.flushHeaders()
  await once(upload, 'continue')
  upload.write(body.slice(0, 10))
  return {
    closed,
    async finish(): Promise<number | undefined> {
      upload.end(body.slice(10))
      const [answer] = await response
      answer.resume()
      return answer.statusCode
    },
  }
}
