import { randomBytes, randomInt } from 'node:crypto'
import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, isIPv6, type Server } from 'node:net'
import type { Cidrs } from '../access/cidr.ts'
import { makeGate, verifications } from '../access/gate.ts'
import { makeRsaSigner } from '../crypto/rsa-key.ts'
import type { Caller } from '../model/caller.ts'
import type { PublicJwk, Site, Value } from '../model/value.ts'
import { type HandleDoor, makeHandleDoor, makePeer } from '../protocols/handle/door.ts'
import { parseKeyName } from '../protocols/handle/identity/prove.ts'
import { messageBytesMax } from '../protocols/handle/limits.ts'
import type { HandleParts, HandleSettings } from '../protocols/handle/parts.ts'
import { backlog, makeTcpDoor } from '../protocols/handle/server-tcp.ts'
import { makeUdpDoor } from '../protocols/handle/server-udp.ts'
import { ownSiteValues, siteOfServer } from '../protocols/handle/site-values.ts'
import { makeAddressBook } from '../protocols/http/address-book.ts'
import { callerAddress } from '../protocols/http/caller-address.ts'
import { type HandleHttpParts, makeHandleHttp } from '../protocols/http/handle-rest/handle-http.ts'
import { type KeptHandles, makeKeptHandles } from '../protocols/http/handle-rest/kept-handles.ts'
import { isTunnelled, makeTunnel } from '../protocols/http/handle-tunnel/tunnel.ts'
import { makeResolveLimits, type ResolveLimits, tooMany } from '../protocols/http/limits.ts'
import type { HttpParts, Rates } from '../protocols/http/parts.ts'
import { makeRateLimiter } from '../protocols/http/rate-limiter.ts'
import type { Config } from '../runtime/config.ts'
import { isWildcard } from '../runtime/config-rules.ts'
import { hostAndPort } from '../runtime/ready.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import { readSocketAddress } from './socket-address.ts'
import type { Writing } from './writing.ts'

/** Where this node is served, for the records of its prefixes; known once its doors are open. */
export interface SiteBoard {
  sites: readonly Site[]
  values(written: readonly Value[], updatedAt: string): readonly Value[]
}

export function makeSiteBoard(): SiteBoard {
  return {
    sites: [],
    values(written, updatedAt) {
      const taken = new Set(written.map(({ index }) => index))
      return ownSiteValues(this.sites, `${updatedAt.slice(0, 19)}Z`, taken)
    },
  }
}

export interface OpenHandle {
  readonly door: HandleDoor
  /** Host and port, as the ready line has it. */
  readonly at: string
  /** The REST API, the proxy and the tunnel, for the HTTP door. */
  readonly makeHandleHttp: NonNullable<HttpParts['makeHandleHttp']>
  readonly keptHandles: KeptHandles
  /** Tells the site records the HTTP ports too, once these are open. */
  announce(ports: { readonly http?: number; readonly https?: number }): void
}

/** Where only the number is free: another one is tried when UDP has taken what TCP was given. */
const portAttemptsMax = 10

/**
 * Opens Handle over TCP and UDP on every host, one port number for all.
 * @param onDrain is told how what has been opened is drained
 */
export async function openHandleDoor(
  parts: BuildParts,
  keys: Pick<Keys, 'store'>,
  reading: Reading,
  writing: Writing,
  httpParts: Pick<HttpParts, 'rates' | 'trustedProxies' | 'corsOrigins'>,
  onDrain: (drain: () => Promise<void>) => void,
): Promise<OpenHandle> {
  const { config, clock } = parts
  const { rates } = httpParts
  const board = reading.siteBoard
  const { key } = await keys.store.getOrMake('handleServer', '', 'rsa-2048')
  const { publicKey, sign } = makeRsaSigner(key)
  const site = () => ({ sites: board.sites, serialNumber: config.handle.siteSerial, sign })
  const handleParts = makeHandleParts(parts, reading, writing, rates, site)
  const door = makeHandleDoor({ ...handleParts, connectionCount: () => tcp.connectionCount })
  const tcp = makeTcpDoor({ settings: handleParts.settings, clock }, door)
  const udp = makeUdpDoor({ ...handleParts, isKnown: address => tcp.knows(address) }, door)
  const servers: Server[] = []
  const sockets: UdpSocket[] = []
  onDrain(async () => {
    for (const socket of sockets) socket.close()
    const closed = servers.map(server => closeServer(server))
    tcp.close()
    const late = clock.after(config.node.drainTimeoutMs, () => tcp.destroy())
    await Promise.all(closed)
    late.cancel()
  })
  let port = config.handle.port
  for (const host of config.node.host) {
    const pair = await listenBoth(tcp, udp, host, port)
    servers.push(pair.server)
    sockets.push(pair.socket)
    port = pair.port
  }

  function announce(http: { readonly http?: number; readonly https?: number }): void {
    board.sites = sitesOf(config, publicKey, port, http)
    // Records of prefixes that were answered before say where we were not yet.
    reading.resolver.forgetAll()
  }
  announce({})
  const keptHandles = makeKeptHandles(handleParts)
  return {
    door,
    at: hostAndPort(config.node.host[0] ?? '127.0.0.1', port),
    announce,
    makeHandleHttp: onAnswered =>
      makeHandleHttp({
        ...httpPartsOf(parts, door, site, httpParts),
        kept: keptHandles,
        onAnswered,
      }),
    keptHandles,
  }
}

/** What of HTTP is Handle's, over the same door. */
function httpPartsOf(
  { config, publicUrl, clock, log }: BuildParts,
  { desk, operations, answer, makeChallenges }: HandleDoor,
  site: HandleParts['site'],
  { trustedProxies, corsOrigins }: Pick<HttpParts, 'trustedProxies' | 'corsOrigins'>,
): Omit<HandleHttpParts, 'onAnswered' | 'kept'> {
  const challenges = makeChallenges()
  const addressOf = (request: IncomingMessage) => callerAddress(request, trustedProxies())
  return {
    desk,
    ask: operations.ask,
    prover: operations.prover,
    site,
    settings: config.handle,
    addressOf,
    isSecure: request => isSecure(request, trustedProxies()),
    corsOrigins,
    publicUrl,
    bodyBytesMax: config.http.bodyBytesMax,
    urlBytesMax: config.http.urlBytesMax,
    random: randomBytes,
    draw: Math.random,
    clock,
    log,
    tunnel: {
      isTunnelled,
      answer: makeTunnel({
        addressOf,
        messageBytesMax,
        async answer(frame, address) {
          const messages: Buffer[] = []
          await answer(frame, makePeer(address, 'http', challenges), message => {
            messages.push(message)
          })
          return messages
        },
      }),
    },
  }
}

/** Over TLS that ends here, or at a proxy we believe. */
function isSecure({ socket, headers }: IncomingMessage, trusted: Cidrs): boolean {
  if ('encrypted' in socket && socket.encrypted === true) return true
  return headers['x-forwarded-proto'] === 'https' && trusted.has(socket.remoteAddress ?? '')
}

async function listenBoth(
  tcp: { makeServer(): Server },
  udp: { makeSocket(family: 'udp4' | 'udp6'): UdpSocket },
  host: string,
  port: number,
): Promise<{ server: Server; socket: UdpSocket; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const server = tcp.makeServer()
    try {
      await listenTcp(server, host, port)
      const bound = (server.address() as AddressInfo).port
      const socket = udp.makeSocket(isIPv6(host) ? 'udp6' : 'udp4')
      await bindUdp(socket, host, bound)
      return { server, socket, port: bound }
    } catch (error) {
      server.close()
      if (port !== 0 || attempt === portAttemptsMax) throw portTaken(error, host, port)
    }
  }
}

async function listenTcp(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, ipv6Only: true, backlog })
  await once(server, 'listening')
}

async function bindUdp(socket: UdpSocket, host: string, port: number): Promise<void> {
  // It may listen at once: our look-up of addresses does not wait.
  const listening = once(socket, 'listening')
  socket.bind({ address: host, port })
  try {
    await listening
  } catch (error) {
    socket.close()
    throw error
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
  })
}

function portTaken(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error
  return new Error(
    `${hostAndPort(host, port)} is in use: stop what listens there, or choose another port (QXM_HANDLE_PORT)`,
    { cause: error },
  )
}

function makeHandleParts(
  { config, log, clock, metrics }: BuildParts,
  { resolver, names, directory, records, isForged, answerMemory }: Reading,
  { identifiers, prefixes }: Writing,
  rates: () => Rates,
  site: HandleParts['site'],
): HandleParts & { readonly limits: ResolveLimits } {
  const salt = randomInt(2 ** 32)
  const book = makeAddressBook(() => rates().exempt)
  return {
    resolver,
    names,
    directory,
    identifiers,
    prefixes,
    records,
    limits: makeResolveLimits({ rates, isForged, clock }, salt),
    memory: answerMemory,
    demandWrite: makeDemandWrite(rates, clock, salt),
    failedProofs: makeRateLimiter(salt),
    sm2Gate: makeGate(verifications),
    networkAnswers: makeRateLimiter(salt),
    isExempt: address => book(address).isExempt,
    site,
    settings: settingsOf(config),
    random: randomBytes,
    registry: metrics,
    log,
    clock,
  }
}

/** Of one key, however it is used; 0 is any number. */
function makeDemandWrite(rates: () => Rates, clock: BuildParts['clock'], salt: number) {
  const writes = makeRateLimiter(salt)
  return ({ id }: Caller): void => {
    const { write } = rates()
    const waitMs = write === 0 ? 0 : writes.take(id, write, clock.monotonicMs())
    if (waitMs > 0) throw tooMany(waitMs)
  }
}

function settingsOf({ handle }: Config): HandleSettings {
  return { ...handle, serverAdmins: handle.serverAdmins.map(parseKeyName) }
}

/** One site an address, so that each is found by those who can reach it. */
function sitesOf(
  { node, handle }: Config,
  publicKey: PublicJwk,
  port: number,
  { http, https }: { readonly http?: number; readonly https?: number },
): Site[] {
  const concrete = node.host.find(host => !isWildcard(host)) ?? '127.0.0.1'
  const addresses = handle.address.length > 0 ? handle.address : [concrete]
  return addresses.map(text => {
    const { address, port: own = port } = readSocketAddress(text)
    return siteOfServer({
      address,
      interfaces: [
        { query: true, admin: true, protocol: 'TCP', port: own },
        { query: true, admin: handle.udpAdmin, protocol: 'UDP', port: own },
        ...(http === undefined
          ? []
          : [{ query: true, admin: true, protocol: 'HTTP' as const, port: http }]),
        ...(https === undefined
          ? []
          : [{ query: true, admin: true, protocol: 'HTTPS' as const, port: https }]),
      ],
      serialNumber: handle.siteSerial,
      description: node.prefix,
      publicKey,
    })
  })
}
