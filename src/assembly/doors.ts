import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeAuthenticate } from '../access/api-keys.ts'
import { parseCidrs } from '../access/cidr.ts'
import { makeBlindIndex } from '../crypto/sealing.ts'
import { parsePrefixKey, printPrefixKey } from '../mapping/prefix-key.ts'
import { isUnder } from '../mapping/prefix-walk.ts'
import type { Identifier } from '../model/identifier.ts'
import { anyone } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import { buildApp, type HttpApp } from '../protocols/http/app.ts'
import { buildOps } from '../protocols/http/ops.ts'
import type { HttpParts } from '../protocols/http/parts.ts'
import { makeServer } from '../protocols/http/server.ts'
import { creditCodeIndex } from '../registry/credit-codes.ts'
import { makeReverse } from '../registry/reverse.ts'
import { type Config, plainHttpHosts } from '../runtime/config.ts'
import { hostAndPort, type Ready } from '../runtime/ready.ts'
import { makeAuditReader } from '../storage/postgres/audit.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeReverseReader } from '../storage/postgres/reverse.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { Writing } from './writing.ts'

/** Opens what the world may knock at, and last of all says where. */
export async function openDoors(
  parts: BuildParts,
  database: Database,
  keys: Keys,
  reading: Reading,
  writing: Writing,
): Promise<Ready> {
  const { config, clock, closers, log } = parts
  const life = { isStopping: false }
  const httpParts = await makeHttpParts(parts, database, keys, reading, writing, life)

  const ops = buildOps(httpParts)
  const opsAddress = await listen(ops, config.ops.host, config.ops.port)
  closers.add('ops door', () => ops.close())

  const app = buildApp(httpParts)
  await app.ready()
  closers.add('HTTP door', () => app.close(), config.node.drainTimeoutMs)
  const [first = '127.0.0.1', ...others] = plainHttpHosts(config)
  const http = await listen(app, first, config.http.port)
  for (const host of others) {
    await listenAlso(parts, makeServer(app.answerHttp, httpParts.limits, parts.publicUrl), host, http.port)
  }
  const https = await listenTls(parts, app, httpParts)
  closers.add(
    'lame duck',
    async () => {
      life.isStopping = true
      log.info({ lameduckMs: config.node.lameduckMs }, 'not ready any more, still answering')
      await clock.sleep(config.node.lameduckMs)
    },
    config.node.lameduckMs + 1_000,
  )
  return {
    http: `http://${hostAndPort(first, http.port)}`,
    https: https && `https://${hostAndPort(https.address, https.port)}`,
    ops: `http://${hostAndPort(config.ops.host, opsAddress.port)}`,
    store: database.engine,
    cache: 'memory',
  }
}

async function listen(app: HttpApp, host: string, port: number): Promise<AddressInfo> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw portTaken(error, host, port)
  }
  return app.server.address() as AddressInfo
}

async function listenAlso(
  { closers }: BuildParts,
  server: Server,
  host: string,
  port: number,
): Promise<AddressInfo> {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw portTaken(error, host, port)
  }
  closers.add(`HTTP door at ${hostAndPort(host, port)}`, () => {
    server.close()
    server.closeIdleConnections()
  })
  return server.address() as AddressInfo
}

/** The same doors over TLS where a certificate is configured; asks for a client's certificate and requires none. */
async function listenTls(
  parts: BuildParts,
  app: HttpApp,
  httpParts: HttpParts,
): Promise<AddressInfo | undefined> {
  const { tls, node, https } = parts.config
  if (tls.cert === undefined || tls.key === undefined) return undefined
  const options = {
    cert: await readFile(tls.cert),
    key: await readFile(tls.key),
    requestCert: true,
    rejectUnauthorized: false,
  }
  const addresses: AddressInfo[] = []
  for (const host of node.host) {
    const server = makeServer(app.answerHttp, httpParts.limits, parts.publicUrl, options)
    const port = addresses[0]?.port ?? https.port
    addresses.push(await listenAlso(parts, server, host, port))
  }
  return addresses[0]
}

function portTaken(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error
  return new Error(
    `${hostAndPort(host, port)} is in use: stop what listens there, or choose another port (QXM_HTTP_PORT, QXM_OPS_PORT)`,
    { cause: error },
  )
}

async function makeHttpParts(
  { config, log, clock, metrics, publicUrl }: BuildParts,
  database: Database,
  keys: Keys,
  reading: Reading,
  writing: Writing,
  life: { readonly isStopping: boolean },
): Promise<HttpParts> {
  const { names, directory, resolver, records, protobuf, feed, isForged } = reading
  const trusted = parseCidrs(config.http.trustProxy, '/http/trustProxy')
  const rates = ratesOf(config)
  const { key: indexKey } = await keys.store.getOrMake('blindIndex', '', 'hmac-sm3')
  const reverseReader = makeReverseReader(database)
  const usccIndex = creditCodeIndex(makeBlindIndex(indexKey))
  return {
    resolver,
    names,
    directory,
    identifiers: writing.identifiers,
    records,
    prefixes: writing.prefixes,
    clients: { ...writing.clients, list: page => writing.clientReader.list(page) },
    changes: feed,
    reverse: makeReverse({
      parseIdentifier: text => names.parse(text),
      findPrefix: (system, prefix) => directory.find(system, prefix),
      codeOfSubject: id => directory.subject(id)?.code,
      resolveRecord: identifier => recordOf(reading, identifier),
      byValue: (value, page) => reverseReader.byValue(value, page),
      subjectByUscc: uscc => reverseReader.subjectByUscc(usccIndex(uscc)),
      mayFindByUscc: (caller, subject) =>
        writing.permissions.may(caller, 'reverse.uscc', { subject }),
    }),
    audit: makeAuditReader(database),
    authenticate: makeAuthenticate({
      clients: writing.clientCache,
      hash: keys.hashApiKey,
      onRefused: ({ reason, id }) => log.info({ reason, client: id }, 'refused a credential'),
    }),
    permissions: writing.permissions,
    isUnder,
    prefixKeys: { parse: parsePrefixKey, print: printPrefixKey },
    isForged,
    protobuf,
    publicUrl,
    readiness: () => readinessOf(reading, life),
    limits: config.http,
    rates: () => rates,
    trustedProxies: () => trusted,
    corsOrigins: () => config.cors.origins,
    registry: metrics,
    log,
    clock,
  }
}

/** Not ready while stopping; degraded while changes cannot be read, because memory may then be behind. */
function readinessOf({ follower }: Reading, { isStopping }: { readonly isStopping: boolean }) {
  const degraded = follower.isWhole ? [] : ['store']
  return { ready: !isStopping, degraded: isStopping ? [...degraded, 'stopping'] : degraded }
}

function ratesOf({ rate }: Config) {
  return { ...rate, exempt: parseCidrs(rate.exempt, '/rate/exempt') }
}

/** The record that an identifier or alias leads to for anyone. */
async function recordOf({ resolver, records, names }: Reading, identifier: Identifier) {
  try {
    const filter = { types: [], indexes: [] }
    const { answer } = await resolver.resolve({ identifier, caller: anyone, filter })
    return await records.read(names.parse(answer.identifier).key)
  } catch (error) {
    if (error instanceof Failure && error.code !== 'STORE_AWAY') return undefined
    throw error
  }
}
