import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Issued } from '../../../../src/crypto/pki.ts'
import { issue, makeAuthority } from '../../../../src/crypto/pki.ts'
import { makeOpenBundle } from '../../../../src/protocols/http/imports/open-bundle.ts'
import { makePullFeed } from '../../../../src/protocols/http/imports/pull-client.ts'
import { contentDigestOf } from '../../../../src/protocols/http/message-signature/content-digest.ts'
import {
  checkManifest,
  compareFiles,
  parseManifest,
} from '../../../../src/registry/imports/manifest.ts'
import { aTopnode, bits } from '../../../support/topnode.ts'
import { trustIn } from './an-import-door.ts'

const topnode = await aTopnode()
const bundle = await topnode.bundle({ 'prefixes.ndjson': '{}\n' }, { manifest: { seq: 42 } })
const signal = new AbortController().signal

/** A feed that answers as told, and the client that asks it. */
async function aFeed(t: Test, listener: RequestListener, server: Issued = topnode.server) {
  const feed = createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca: topnode.authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    listener,
  ).listen(0, '127.0.0.1')
  await once(feed, 'listening')
  t.teardown(() => {
    feed.closeAllConnections()
    feed.close()
  })
  const folder = mkdtempSync(join(tmpdir(), 'qxm-pull-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const { port } = feed.address() as AddressInfo
  const { certificate: cert, key } = topnode.client
  const client = makePullFeed({
    url: `https://127.0.0.1:${port}/feed?token=1`,
    source: '86',
    credentials: () => ({ cert, key, ca: topnode.authority.certificate }),
    openBundle: makeOpenBundle({
      parse: parseManifest,
      check: checkManifest,
      compareFiles,
      targets: ['88.118'],
      trust: () => trustIn(topnode),
      now: () => new Date(),
    }),
    folder,
    timeoutMs: 5_000,
  })
  return { client, leftovers: () => readdirSync(folder) }
}

/** What becomes of one question: what was handed over, or the failure. */
async function ask(feed: Awaited<ReturnType<typeof aFeed>>, after = 41) {
  const handed: number[] = []
  try {
    const isMore = await feed.client.next(
      after,
      async ({ manifest, via, files }) => {
        handed.push(manifest.seq)
        for await (const _ of files[0]!.read()) handed.push(_.length)
        if (via !== 'pull') throw new Error(via)
      },
      signal,
    )
    return { isMore, handed }
  } catch (error) {
    const { code, errors } = error as { code: string; errors?: { rule: string }[] }
    return { code, rule: errors?.[0]?.rule, handed }
  }
}

const zip = { 'content-type': 'application/zip' }

t.test('a batch is asked for by the number before it, verified, handed over, and gone', async t => {
  const asked: (string | undefined)[] = []
  const feed = await aFeed(t, ({ url, method }, response) => {
    asked.push(`${method} ${url}`)
    response.writeHead(200, { ...zip, 'content-digest': contentDigestOf(bundle.zip) })
    response.end(bundle.zip)
  })

  t.strictSame(await ask(feed), { isMore: true, handed: [42, 3] })
  t.strictSame(asked, ['GET /feed?token=1&after=41'])
  t.strictSame(feed.leftovers(), [])
})

t.test('nothing more is no failure', async t => {
  const feed = await aFeed(t, (_request, response) => response.writeHead(204).end())

  t.strictSame(await ask(feed), { isMore: false, handed: [] })
})

t.test('a feed that does anything else is away, or said what is wrong with it', async t => {
  const other = await topnode.bundle({ 'prefixes.ndjson': '{}\n' }, { manifest: { source: '87' } })
  const wrong = await topnode.bundle(
    { 'prefixes.ndjson': '{}\n' },
    { manifest: { seq: 42 }, entries: { 'prefixes.ndjson': Buffer.from('{ } \n') } },
  )
  const cases: Readonly<Record<string, readonly [RequestListener, string, string?]>> = {
    'an error': [(_, response) => response.writeHead(500).end(), 'UPSTREAM_AWAY'],
    'a redirect': [
      (_, response) => response.writeHead(302, { location: 'https://127.0.0.1/' }).end(),
      'UPSTREAM_AWAY',
    ],
    'another media type': [
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'UPSTREAM_AWAY',
    ],
    'a body that is compressed': [
      (_, response) => response.writeHead(200, { ...zip, 'content-encoding': 'gzip' }).end('x'),
      'UPSTREAM_AWAY',
    ],
    'half a body': [
      (_, response) => {
        response.writeHead(200, { ...zip, 'content-length': '1000' })
        response.write(bundle.zip.subarray(0, 100), () => response.destroy())
      },
      'UPSTREAM_AWAY',
    ],
    'no answer': [(_, response) => response.destroy(), 'UPSTREAM_AWAY'],
    'another digest': [
      (_, response) =>
        response
          .writeHead(200, { ...zip, 'content-digest': contentDigestOf(Buffer.from('x')) })
          .end(bundle.zip),
      'INPUT_INVALID',
      'digest.mismatch',
    ],
    'another source': [
      (_, response) => response.writeHead(200, zip).end(other.zip),
      'UPSTREAM_AWAY',
    ],
    'files that were changed': [
      (_, response) => response.writeHead(200, zip).end(wrong.zip),
      'INPUT_INVALID',
      'files.bytes',
    ],
    'no archive': [
      (_, response) => response.writeHead(200, zip).end('none'),
      'INPUT_INVALID',
      'zip.malformed',
    ],
    'more than may be': [
      (_, response) => {
        response.writeHead(200, zip)
        const chunk = Buffer.alloc(1_048_576)
        const more = () => {
          while (!response.destroyed && response.write(chunk));
        }
        response.on('drain', more)
        more()
      },
      'TOO_LARGE',
    ],
  }

  for (const [what, [listener, code, rule]] of Object.entries(cases)) {
    const feed = await aFeed(t, listener)
    t.strictSame(await ask(feed), { code, rule, handed: [] }, what)
    t.strictSame(feed.leftovers(), [], what)
  }
})

t.test('a feed that brings again what we have is not asked for ever', async t => {
  const feed = await aFeed(t, (_, response) => response.writeHead(200, zip).end(bundle.zip))

  t.match(await ask(feed, 42), { code: 'UPSTREAM_AWAY', handed: [] })
})

t.test('a feed is the top-level node’s by its certificate', async t => {
  const issuing = { now: new Date(), days: 9, bits }
  const hosts = ['127.0.0.1']
  const other = await makeAuthority({ name: 'top-level node', ...issuing })
  const servers = await Promise.all([
    issue(other, 'server', { name: 'node', hosts, ...issuing }),
    issue(topnode.authority, 'server', { name: 'node', hosts: ['other.example'], ...issuing }),
    issue(topnode.authority, 'client', { name: 'node', hosts, ...issuing }),
  ])

  for (const server of servers) {
    const feed = await aFeed(t, (_, response) => response.end('x'), server)
    t.match(await ask(feed), { code: 'UPSTREAM_AWAY', handed: [] })
  }
})

t.test('a feed that never answers is left when it is time, or when we end', async t => {
  const feed = await aFeed(t, () => undefined)
  const ending = new AbortController()
  const asking = feed.client.next(1, async () => undefined, ending.signal)

  ending.abort()

  await t.rejects(asking, { code: 'UPSTREAM_AWAY' })
})
