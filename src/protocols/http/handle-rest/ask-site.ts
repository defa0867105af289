import { foldAscii, type Identifier } from '../../../model/identifier.ts'
import type { SiteAddress } from '../../../model/prefix.ts'
import type { Value } from '../../../model/value.ts'
import { ServerAway } from '../../handle/client/server-away.ts'
import type { ServerHealth } from '../../handle/client/server-health.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { readValues } from './value-json.ts'

/** What a site says of an identifier; undefined: there is no such identifier. */
export type SiteSaid = readonly Value[] | undefined

export interface AskSiteParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly health: ServerHealth
}

/** More than a record may have; a site that sends more is broken or means harm. */
const answerBytesMax = 4 * 1024 * 1024

/**
 * Asks sites over HTTP, one after the other until one answers: for a handle by the Handle REST API, which every Handle
 * server speaks, for other identifiers by our own. Redirects are not followed: a site answers for itself or not at all.
 * @throws ServerAway when none gives an answer that can be used, or the signal's reason
 */
export function makeAskHttpSites({ fetch, health }: AskSiteParts) {
  async function ask(base: string, identifier: Identifier, signal: AbortSignal): Promise<SiteSaid> {
    const response = await fetch(base + pathOf(identifier), {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal,
    })
    const body = await readJson(response)
    return identifier.system === 'handle'
      ? saidByRest(body, identifier)
      : saidByApi(response.status, body)
  }

  return async function askHttpSites(
    bases: readonly string[],
    identifier: Identifier,
    signal: AbortSignal,
  ): Promise<SiteSaid> {
    let cause: unknown
    for (const base of bases) {
      if (health.isResting(base)) continue
      try {
        const said = await ask(base, identifier, signal)
        health.answered(base)
        return said
      } catch (error) {
        signal.throwIfAborted()
        health.failed(base)
        cause = error
      }
    }
    throw new ServerAway('no site answered over HTTP', { cause })
  }
}

/** Where sites are asked over HTTP: their URL, else the address and port that they name for it. */
export function httpBasesOf(sites: readonly SiteAddress[]): readonly string[] {
  return sites.flatMap(({ address, protocols, url }) => {
    if (url !== undefined) return url.replace(/\/+$/, '')
    const host = address.includes(':') ? `[${address}]` : address
    return protocols.flatMap(({ protocol, port }) =>
      protocol === 'HTTP' ? `http://${host}:${port}` : [],
    )
  })
}

/** Slashes of a handle stay: not every server takes them encoded. */
function pathOf({ system, text }: Identifier): string {
  return system === 'handle'
    ? `/api/handles/${text.split('/').map(encodeURIComponent).join('/')}`
    : `/v1/resolve/${encodeURIComponent(text)}`
}

async function readJson(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const pieces: Uint8Array[] = []
  let byteCount = 0
  for await (const piece of response.body ?? []) {
    byteCount += piece.length
    if (byteCount > answerBytesMax) throw new ServerAway(`more than ${answerBytesMax} bytes`)
    pieces.push(piece)
  }
  const json: unknown = JSON.parse(Buffer.concat(pieces).toString())
  if (typeof json !== 'object' || json === null) throw new ServerAway('no object of JSON')
  return json as Readonly<Record<string, unknown>>
}

function saidByRest(body: Readonly<Record<string, unknown>>, asked: Identifier): SiteSaid {
  const { responseCode, handle } = body
  switch (responseCode) {
    case responseCodes.SUCCESS:
    case responseCodes.VALUES_NOT_FOUND:
      if (typeof handle !== 'string' || foldAscii(handle) !== asked.key) {
        throw new ServerAway('the site answers for another handle')
      }
      return valuesIn(body)
    case responseCodes.HANDLE_NOT_FOUND:
      return undefined
    default:
      throw new ServerAway(`the site answered with code ${String(responseCode)}`)
  }
}

function saidByApi(status: number, body: Readonly<Record<string, unknown>>): SiteSaid {
  if (status === 404 && body['code'] === 'IDENTIFIER_UNKNOWN') return undefined
  if (status !== 200 || body['referral'] != null) {
    throw new ServerAway(`the site does not answer for it: ${status}`)
  }
  return valuesIn(body)
}

/** As written elsewhere, with the instants it was written at. */
function valuesIn({ values }: Readonly<Record<string, unknown>>): readonly Value[] {
  if (!Array.isArray(values)) throw new ServerAway('an answer without values')
  return readValues(values).values.map((value, at) => {
    const { timestamp } = values[at] as { readonly timestamp?: unknown }
    const isInstant = typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp))
    return isInstant ? { ...value, timestamp } : value
  })
}
