import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { parseCidrs } from '../access/cidr.ts'
import { makeBlindIndex } from '../crypto/sealing.ts'
import { parsePrefixKey, printPrefixKey } from '../mapping/prefix-key.ts'
import { isUnder } from '../mapping/prefix-walk.ts'
import { levelsAbove } from '../mapping/schemes/gs1-levels.ts'
import { anyone } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import { buildApp, type HttpApp } from '../protocols/http/app.ts'
import { buildOps } from '../protocols/http/ops.ts'
import type { HttpParts, Readiness } from '../protocols/http/parts.ts'
import { makeServer } from '../protocols/http/server.ts'
import { recordSheets } from '../protocols/sheets/write-records.ts'
import { creditCodeIndex } from '../registry/credit-codes.ts'
import { makeReverse } from '../registry/reverse.ts'
import { type Config, plainHttpHosts } from '../runtime/config.ts'
import { type Pressure, watchPressure } from '../runtime/pressure.ts'
import { hostAndPort, type Ready } from '../runtime/ready.ts'
import { makeAuditReader } from '../storage/postgres/audit.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeReverseReader } from '../storage/postgres/reverse.ts'
import { type LocalCallers, makeLocalCallers, openAdminSocket } from './admin-socket.ts'
import { drain, drainTogether } from './drain.ts'
import { openHandleDoor } from './handle-door.ts'
import { openImportDoor } from './import-door.ts'
import { openImportWire } from './import-wire.ts'
import { type Imports, openImports } from './imports.ts'
import type { Keys } from './keys.ts'
import { listen, listenAlso } from './listen.ts'
import { makeMachineParts } from './machines.ts'
import { makePageParts } from './pages.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { LiveConfig } from './reload.ts'
import type { Writing } from './writing.ts'

export type DoorParts = BuildParts & {
  readonly live: LiveConfig
  /** One of several workers: its primary has the ops door. */
  readonly isWorker: boolean
}

export interface Doors {
  readonly ready: Ready
  readonly readiness: () => Readiness
}

/** Opens what the world may knock at, and last of all says where. */
export async function openDoors(
  parts: DoorParts,
  database: Database,
  keys: Keys,
  reading: Reading,
  writing: Writing,
): Promise<Doors> {
  const { config, clock, closers, live, log, isWorker } = parts
  const life = { isStopping: false }
  const pressure = watchPressure({
    clock,
    onChange: why =>
      log.warn({ why }, why === undefined ? 'taking all work again' : 'shedding work'),
  })
  closers.add('pressure watch', () => pressure.close())
  const readiness = () => readinessOf(reading, pressure, life)
  const localCallers = makeLocalCallers()
  const wire = await openImportWire(parts)
  const imports = await openImports(parts, database, keys, reading, writing, wire)
  const context = { database, keys, reading, writing, imports, pressure, readiness, localCallers }
  // What an answer says of limits and origins is part of its bytes.
  live.onChange(() => () => reading.answerMemory.arena.forgetAll())
  const httpParts = {
    ...(await makeHttpParts(parts, context)),
    isStopping: () => life.isStopping,
  }

  const opsPort = isWorker ? undefined : await openOps(parts, httpParts)
  const { drainTimeoutMs } = config.node
  const onDrain = drainTogether(closers, drainTimeoutMs)
  const handle = await openHandleDoor(parts, keys, reading, writing, httpParts, onDrain)
  const { makeHandleHttp, keptHandles } = handle
  const app = buildApp({ ...httpParts, makeHandleHttp, keptHandles })
  await app.ready()
  const others: Server[] = []
  onDrain(() => drain(app, others, drainTimeoutMs, log))
  const [first = '127.0.0.1', ...otherHosts] = plainHttpHosts(config)
  const http = await listen(app, first, config.http.port)
  for (const host of otherHosts) {
    const server = makeServer(app.answerHttp, httpParts.limits, parts.publicUrl) as Server
    app.readStrictly(server)
    await listenAlso(server, host, http.port)
    others.push(server)
  }
  const https = await listenTls(parts, app, httpParts, others)
  const importsAt = await openImportDoor(parts, wire, imports, onDrain)
  handle.announce({ http: http.port, ...(https && { https: https.port }) })
  await openAdmin(parts, app, httpParts, localCallers)
  closers.add(
    'lame duck',
    async () => {
      life.isStopping = true
      log.info({ lameduckMs: config.node.lameduckMs }, 'not ready any more, still answering')
      await clock.sleep(config.node.lameduckMs)
    },
    config.node.lameduckMs + 1_000,
  )
  const ready: Ready = {
    http: `http://${hostAndPort(first, http.port)}`,
    https: https && `https://${hostAndPort(https.address, https.port)}`,
    handle: handle.at,
    ops: opsPort === undefined ? undefined : `http://${hostAndPort(config.ops.host, opsPort)}`,
    imports: importsAt,
    store: database.engine,
    cache: reading.finder.shared === undefined ? 'memory' : 'redis',
  }
  return { ready, readiness }
}

async function openOps({ config, closers }: DoorParts, httpParts: HttpParts): Promise<number> {
  const ops = buildOps(httpParts)
  const { port } = await listen(ops, config.ops.host, config.ops.port)
  closers.add('ops door', () => ops.close())
  return port
}

/**
 * The same doors over TLS where a certificate is configured; asks for a client's certificate and requires none. A new
 * certificate is taken by the connections that come after it.
 */
async function listenTls(
  parts: DoorParts,
  app: HttpApp,
  httpParts: HttpParts,
  opened: Server[],
): Promise<AddressInfo | undefined> {
  const { config, live } = parts
  const pair = readCertificate(config)
  if (pair === undefined) return undefined
  const options = { ...pair, requestCert: true, rejectUnauthorized: false }
  const servers: TlsServer[] = []
  let first: AddressInfo | undefined
  for (const host of config.node.host) {
    const server = makeServer(app.answerHttp, httpParts.limits, parts.publicUrl, options)
    const address = await listenAlso(server, host, first?.port ?? config.https.port)
    first ??= address
    servers.push(server as TlsServer)
  }
  opened.push(...servers)
  live.onChange(next => {
    const renewed = readCertificate(next)
    return () => {
      if (renewed === undefined) return
      for (const server of servers) server.setSecureContext({ minVersion: 'TLSv1.2', ...renewed })
    }
  })
  return first
}

/** @throws Error when the files do not belong together */
function readCertificate({ tls }: Config) {
  if (tls.cert === undefined || tls.key === undefined) return undefined
  const pair = { cert: readFileSync(tls.cert), key: readFileSync(tls.key) }
  createSecureContext(pair)
  return pair
}

/** The same door for the users of this machine who may open the data folder's socket, as operator. */
async function openAdmin(
  { config, closers, log, publicUrl }: DoorParts,
  app: HttpApp,
  { limits }: HttpParts,
  localCallers: LocalCallers,
): Promise<void> {
  const server = makeServer(
    (request, response) => {
      localCallers.mark(request)
      app.answerHttp(request, response)
    },
    limits,
    publicUrl,
  )
  const close = await openAdminSocket({ folder: config.store.dataDir, server, log })
  if (close !== undefined) closers.add('admin socket', close)
}

interface Context {
  readonly database: Database
  readonly keys: Keys
  readonly reading: Reading
  readonly writing: Writing
  readonly imports: Imports
  readonly pressure: Pressure
  readonly readiness: () => Readiness
  readonly localCallers: LocalCallers
}

async function makeHttpParts(
  parts: DoorParts,
  { database, keys, reading, writing, imports, pressure, readiness, localCallers }: Context,
): Promise<Omit<HttpParts, 'isStopping'>> {
  const { config, log, clock, metrics, publicUrl, live } = parts
  const { names, directory, resolver, records, protobuf, feed, isForged } = reading
  const { key: indexKey } = await keys.store.getOrMake('blindIndex', '', 'hmac-sm3')
  const machines = makeMachineParts(parts, database, keys, reading, writing)
  const reverseReader = makeReverseReader(database)
  const usccIndex = creditCodeIndex(makeBlindIndex(indexKey))
  return {
    resolver,
    names,
    directory,
    identifiers: writing.identifiers,
    records,
    recordSheets,
    prefixes: writing.prefixes,
    jobs: writing.jobs,
    mapping: {
      ...writing.mapping,
      explain: identifier => reading.ruleBook.explain(identifier),
    },
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
        reading.permissions.may(caller, 'reverse.uscc', { subject }),
    }),
    audit: makeAuditReader(database),
    ...writing.filing,
    imports,
    people: writing.people,
    ...machines,
    authenticate: async (header, ...where) =>
      localCallers.callerOf(header) ?? machines.authenticate(header, ...where),
    permissions: reading.permissions,
    isUnder,
    levelsAbove,
    aliasLeads: writing.identifierRules.aliasLeads,
    prefixKeys: { parse: parsePrefixKey, print: printPrefixKey },
    isForged,
    ...makePageParts(parts, database, keys),
    protobuf,
    strictMemory: config.fast.http ? reading.answerMemory : undefined,
    publicUrl,
    pressure: () => pressure.why,
    readiness,
    limits: config.http,
    rates: live.follow(ratesOf),
    trustedProxies: live.follow(({ http }) => parseCidrs(http.trustProxy, '/http/trustProxy')),
    corsOrigins: live.follow(({ cors }) => cors.origins),
    registry: metrics,
    log,
    clock,
  }
}

/** Not ready while stopping; degraded by whatever does not work as it should, while answers go on. */
function readinessOf(
  { follower, finder }: Reading,
  pressure: Pressure,
  { isStopping }: { readonly isStopping: boolean },
): Readiness {
  // Without the changes memory may be behind, and they come from the store.
  const degraded: string[] = follower.isWhole ? [] : ['store']
  const redis = finder.shared?.redis.degraded()
  if (redis !== undefined) degraded.push(redis)
  if (pressure.why !== undefined) degraded.push(pressure.why)
  if (isStopping) degraded.push('stopping')
  return { ready: !isStopping, degraded }
}

function ratesOf({ rate }: Config) {
  return {
    ...rate,
    exempt: parseCidrs(rate.exempt, '/rate/exempt'),
    loadTest: {
      perSecond: rate.loadTest,
      from: parseCidrs(rate.loadTestFrom, '/rate/loadTestFrom'),
    },
  }
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
