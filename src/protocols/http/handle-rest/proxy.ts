import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Value } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { Refusal, refusalOf } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { type Location, type Locations, parseLocations } from '../../handle/values/locations.ts'
import { textOf } from '../../handle/values/value-data.ts'
import { chooseLocation, type Wanted } from './choose-location.ts'
import { messagePage, redirectPage, valuesPage } from './pages.ts'
import { first, flag, indexesIn, type Parameters, parseParameters } from './parameters.ts'
import type { RestParts } from './parts.ts'
import { bareHandle, decodePath } from './paths.ts'
import { statusOf } from './statuses.ts'

/** As Handle.Net's proxy. */
const aliasHopsMax = 20
/** How long a browser may keep a redirect at most. */
const expiresSecondsMax = 86_400

interface Page {
  readonly status: number
  readonly html: string
  readonly headers?: Readonly<Record<string, string>>
}

/** `GET /<prefix>/<suffix>`: to where the handle's URL or 10320/loc value leads, or what its values are. */
export function makeProxy(parts: RestParts) {
  const { ask, addressOf, publicUrl, clock } = parts

  async function valuesOf(request: IncomingMessage, handle: string, parameters: Parameters) {
    const answer = await ask({
      handle,
      indexes: indexesIn(parameters),
      types: parameters.get('type') ?? [],
      publicOnly: true,
      fresh: flag(parameters, 'auth'),
      identity: undefined,
      address: addressOf(request),
    })
    if (answer.kind !== 'values') throw new Refusal(responseCodes.SERVICE_REFERRAL)
    return answer.values
  }

  async function answer(request: IncomingMessage, asked: string, parameters: Parameters) {
    let handle = asked
    let values = await valuesOf(request, handle, parameters)
    const hops = new Set([handle])
    for (;;) {
      const alias = flag(parameters, 'ignore_aliases') ? undefined : aliasIn(values)
      if (alias === undefined) break
      handle = bareHandle(alias)
      if (hops.has(handle) || hops.size > aliasHopsMax) {
        return messagePage(404, asked, '别名链过长或循环', 'the chain of aliases is too long')
      }
      hops.add(handle)
      values = await valuesOf(request, handle, parameters)
    }
    if (handle !== asked) {
      const target = `${publicUrl()}/${encodeHandle(handle)}`
      return redirect(301, target, values)
    }
    return pageOf(request, handle, values, parameters)
  }

  function pageOf(
    request: IncomingMessage,
    handle: string,
    values: readonly Value[],
    parameters: Parameters,
  ): Page {
    const isShown =
      flag(parameters, 'noredirect') ||
      ['showvalues', 'showurls', 'metadata'].includes(first(parameters, 'action') ?? '')
    const target = isShown ? undefined : targetOf(request, handle, values, parameters)
    if (target === undefined) return { status: 200, html: valuesPage(handle, values) }
    const url = safeUrl(`${target.url}${first(parameters, 'urlappend') ?? ''}`)
    if (url === undefined) return { status: 200, html: valuesPage(handle, values) }
    const page = redirect(target.status, url, values)
    return target.varies ? { ...page, headers: { ...page.headers, Vary: 'Accept' } } : page
  }

  function targetOf(
    request: IncomingMessage,
    handle: string,
    values: readonly Value[],
    parameters: Parameters,
  ): { url: string; status: number; varies: boolean } | undefined {
    const locations = locationsIn(values)
    const urls = urlsIn(values)
    if (locations === undefined) {
      return urls[0] === undefined ? undefined : { url: urls[0], status: 302, varies: false }
    }
    const { wanted, varies } = wantedBy(request, parameters, parts.draw)
    const legacy =
      locations.attributes.get('no_legacy') === undefined ? urls.map(legacyLocation) : []
    const all = { chooseBy: locations.chooseBy, locations: [...locations.locations, ...legacy] }
    const chosen = chooseLocation(all, wanted)
    const url = chosen && hrefOf(chosen, handle)
    if (chosen === undefined || url === undefined) return undefined
    return { url, status: redirectStatus(chosen), varies }
  }

  function redirect(status: number, url: string, values: readonly Value[]): Page {
    const seconds = values.reduce((least, { ttl }) => {
      const life = typeof ttl === 'number' ? ttl : (Date.parse(ttl) - clock.now()) / 1000
      return Math.min(least, Math.max(0, life))
    }, expiresSecondsMax)
    const expires = new Date(clock.now() + seconds * 1000).toUTCString()
    return { status, html: redirectPage(url), headers: { Location: url, Expires: expires } }
  }

  return async function answerProxied(
    request: IncomingMessage,
    response: ServerResponse,
    rawHandle: string,
    query: string,
  ): Promise<number> {
    const page = await makePage(request, rawHandle, query)
    const body = Buffer.from(page.html)
    response.writeHead(page.status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': body.length,
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      ...page.headers,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
    return page.status
  }

  async function makePage(
    request: IncomingMessage,
    rawHandle: string,
    query: string,
  ): Promise<Page> {
    let handle = rawHandle
    try {
      handle = bareHandle(decodePath(rawHandle))
      return await answer(request, handle, parseParameters(query))
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) parts.log.error({ err: error }, 'Handle proxy request failed')
      const code = refusal?.responseCode ?? responseCodes.ERROR
      return errorPage(code, handle)
    }
  }
}

function errorPage(code: number, handle: string): Page {
  switch (code) {
    case responseCodes.HANDLE_NOT_FOUND:
    case responseCodes.SERVER_NOT_RESP:
    case responseCodes.VALUES_NOT_FOUND:
      return messagePage(404, handle, '没有此标识', 'there is no such handle')
    case responseCodes.SERVICE_REFERRAL:
      return messagePage(404, handle, '此前缀由其他节点服务', 'another node serves this prefix')
    default:
      return messagePage(statusOf(code), handle, '无法解析此标识', 'this handle cannot be resolved')
  }
}

function aliasIn(values: readonly Value[]): string | undefined {
  const alias = values.find(({ type }) => type.toUpperCase() === 'HS_ALIAS')
  return alias && textOf(alias.data)
}

/** The first `URL` leads, then what is below it. */
function urlsIn(values: readonly Value[]): string[] {
  const kinds = [
    (type: string) => type === 'URL' || type === '0.TYPE/URL',
    (type: string) => type.startsWith('URL.'),
  ]
  return kinds.flatMap(isKind =>
    values
      .filter(({ type }) => isKind(type.toUpperCase()))
      .flatMap(({ data }) => textOf(data) ?? []),
  )
}

function locationsIn(values: readonly Value[]): Locations | undefined {
  const value = values.find(({ type }) => type.toUpperCase() === '10320/LOC')
  const xml = value && textOf(value.data)
  if (xml === undefined) return undefined
  try {
    return parseLocations(xml)
  } catch (error) {
    // A record with a broken location still has its URL.
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}

/** Plain URLs stand beside the locations, and are chosen when nothing else is. */
function legacyLocation(href: string): Location {
  return { href, weight: 0, attributes: new Map() }
}

function hrefOf({ href, hrefTemplate }: Location, handle: string): string | undefined {
  return (
    href ??
    hrefTemplate
      ?.replaceAll('{hdl:path}', encodeHandle(handle))
      .replaceAll('{hdl}', encodeURIComponent(handle))
  )
}

function redirectStatus({ attributes }: Location): number {
  const status = Number(attributes.get('http_sc') ?? 302)
  return [301, 302, 303, 307, 308].includes(status) ? status : 302
}

/** What the asker says in its query, then what its headers say for it. */
function wantedBy(
  { headers }: IncomingMessage,
  parameters: Parameters,
  draw: () => number,
): { wanted: Wanted; varies: boolean } {
  const said = (parameters.get('locatt') ?? []).flatMap(text => {
    const colon = text.indexOf(':')
    return colon < 0 ? [] : [[text.slice(0, colon), text.slice(colon + 1)] as const]
  })
  const { locatts, varies } = rolesOf(headers)
  const language = /^[a-z]{2,3}/i.exec(headers['accept-language'] ?? '')?.[0]
  const country = first(parameters, 'country')
  const wishes = [
    ...said,
    ...locatts,
    ...(language === undefined ? [] : [['language', language.toLowerCase()] as const]),
  ]
  return { wanted: { locatts: wishes, country, draw }, varies }
}

function rolesOf({ accept, 'user-agent': agent = '' }: IncomingMessage['headers']): {
  locatts: Wanted['locatts']
  varies: boolean
} {
  const isBrowser = /mozilla|opera/i.test(agent)
  if (accept === undefined || accept.trim() === '*/*') {
    return { locatts: isBrowser ? browserRole : [['http_role', 'no_conneg']], varies: false }
  }
  if (isBrowser) return { locatts: browserRole, varies: false }
  const types = accept.split(',').map(range => range.split(';')[0]?.trim().toLowerCase() ?? '')
  return {
    locatts: [
      ['http_role', 'conneg'],
      ...types
        .slice(0, typesMax)
        .flatMap(type => [['media-type', type] as const, ['ctype', type] as const]),
    ],
    varies: true,
  }
}

const typesMax = 16
const browserRole = [
  ['http_role', 'browser'],
  ['media-type', 'text/html'],
] as const

/** Only web pages are redirected to; what else a value may hold is for people to look at. */
function safeUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
}

/** A handle in a path: slashes stay. */
function encodeHandle(handle: string): string {
  return handle.split('/').map(encodeURIComponent).join('/')
}
