import { TOTP } from 'otpauth'
import type { RunningNode } from '../support/node.ts'
import { aPassword as password } from '../support/people.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's script sees has no types
  readonly body: any
}

export type Ask = (
  method: string,
  path: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<Reply>

export function asking(
  node: Pick<RunningNode, 'http'>,
  who: Readonly<Record<string, string>>,
): Ask {
  return async (method, path, body, more = {}) => {
    const response = await fetch(node.http + path, {
      method,
      redirect: 'manual',
      headers: {
        ...who,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
}

export function asOperator(at: RunningNode, ...request: Parameters<Ask>): Promise<Reply> {
  return asking(at, { authorization: `Bearer ${at.key}` })(...request)
}

export async function aClient(node: RunningNode, role: string): Promise<Ask> {
  const { body } = await asOperator(node, 'POST', '/v1/clients', { name: role, role })
  return asking(node, { authorization: `Bearer ${body.key}` })
}

export interface Person {
  readonly id: string
  readonly username: string
  readonly recoveryCodes: readonly string[]
  readonly cookie: string
  /** Asks as their browser does, on a page of the node. */
  readonly ask: Ask
}

/** Uses a setup link, and is logged in. */
export async function settle(
  at: Pick<RunningNode, 'http'>,
  link: string,
  more: object = {},
): Promise<Person> {
  const ask = asking(at, {})
  const token = tokenOf(link)
  const offer = await ask('POST', '/setup', { token })
  const code = offer.body.totp === null ? {} : { code: codeNow(offer.body.totp.secret) }
  const done = await ask('POST', '/setup', { token, password, ...code, ...more })
  if (done.status !== 201) throw new Error(JSON.stringify(done.body))
  return { ...done.body, cookie: cookieOf(done), ask: asPage(at, done) }
}

let personCount = 0

export async function aPerson(at: RunningNode, role: string): Promise<Person> {
  const username = `${role}.${++personCount}`
  const made = await asOperator(at, 'POST', '/v1/accounts', { username, role })
  return settle(at, made.body.setup.link)
}

export function asPage(at: Pick<RunningNode, 'http'>, reply: Pick<Reply, 'headers'>): Ask {
  return asking(at, { cookie: cookieOf(reply), 'sec-fetch-site': 'same-origin' })
}

export function cookieOf({ headers }: Pick<Reply, 'headers'>): string {
  return headers.get('set-cookie')?.split(';')[0] ?? ''
}

export function tokenOf(link: string): string {
  return link.slice(link.indexOf('#') + 1)
}

export function codeNow(secret: string): string {
  return new TOTP({ secret }).generate()
}
