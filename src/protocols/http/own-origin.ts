import type { IncomingHttpHeaders } from 'node:http'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'

/**
 * Whether a request says that a page of ours made it; undefined where it says nothing. `Sec-Fetch-Site` is the
 * browser's own word, and older browsers, and those on plain HTTP, send `Origin` only.
 */
function isOwn(headers: IncomingHttpHeaders, publicUrl: string): boolean | undefined {
  const { 'sec-fetch-site': site, origin } = headers
  if (site !== undefined) return site === 'same-origin'
  return origin === undefined ? undefined : origin === publicUrl
}

/**
 * A cookie travels with whatever a browser is made to send, so a write that comes with one must say it is ours.
 * @throws Failure `NOT_PERMITTED` `session.origin`
 */
export function demandOwnOrigin(headers: IncomingHttpHeaders, publicUrl: string): void {
  if (isOwn(headers, publicUrl) !== true) throw fromElsewhere()
}

/**
 * Where no cookie is needed, programs say nothing and are taken; another page's form is not.
 * @throws Failure `NOT_PERMITTED` `session.origin`
 */
export function refuseOtherOrigin(headers: IncomingHttpHeaders, publicUrl: string): void {
  if (isOwn(headers, publicUrl) === false) throw fromElsewhere()
}

/**
 * Passwords travel over TLS, or not at all but within a machine: browsers keep a `__Host-` cookie nowhere else.
 * @throws Failure `NOT_PERMITTED` `session.tls`
 */
export function demandPrivateWire(publicUrl: string): void {
  const { protocol, hostname } = new URL(publicUrl)
  if (protocol === 'https:' || isLoopbackName(hostname)) return
  const detail = say(
    '登录须经 TLS：请将 QXM_PUBLIC_URL 设为 https 地址',
    'people log in over TLS: set QXM_PUBLIC_URL to an https address',
  )
  throw new Failure('NOT_PERMITTED', detail, {
    errors: [{ pointer: '', rule: 'session.tls', detail }],
  })
}

function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function fromElsewhere(): Failure {
  const detail = say(
    '带登录凭据的写请求须来自本节点的页面（Sec-Fetch-Site: same-origin，或 Origin 等于本节点的公开地址）',
    'a write with a login must come from a page of this node (Sec-Fetch-Site: same-origin, or Origin equal to its public address)',
  )
  return new Failure('NOT_PERMITTED', detail, {
    errors: [{ pointer: '', rule: 'session.origin', detail }],
  })
}
