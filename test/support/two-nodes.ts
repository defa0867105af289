import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { aNode, type RunningNode } from './node.ts'
import { aDatabaseUrl } from './store.ts'

/** A node over a server database, that tests ask and write to. */
export interface TestNode extends RunningNode {
  /** The first value an identifier resolves to, or the code of the problem. */
  ask(identifier: string): Promise<string>
  write(method: string, path: string, body: object): Promise<Response>
}

export interface ServerNodeOptions {
  readonly databaseUrl: string
  readonly masterKeyFile: string
  readonly redisUrl?: string
}

/** Two nodes alike over one database, with the prefix `88.118.30` allotted. */
export async function twoNodes(
  t: Test,
  options: Partial<ServerNodeOptions> = {},
): Promise<{ first: TestNode; second: TestNode; options: ServerNodeOptions }> {
  const whole = {
    databaseUrl: options.databaseUrl ?? (await aDatabaseUrl(t)),
    masterKeyFile: options.masterKeyFile ?? (await aMasterKeyFile(t)),
    ...(options.redisUrl === undefined ? {} : { redisUrl: options.redisUrl }),
  }
  const first = await aServerNode(t, whole)
  const allotted = await first.write('POST', '/v1/prefixes', { prefix: '88.118.30' })
  if (allotted.status !== 201) throw new Error(`no prefix: ${await allotted.text()}`)
  return { first, second: await aServerNode(t, whole), options: whole }
}

export async function aServerNode(t: Test, options: ServerNodeOptions): Promise<TestNode> {
  const node = await aNode(t, {
    env: {
      QXM_DATABASE_URL: options.databaseUrl,
      QXM_MASTER_KEY_FILE: options.masterKeyFile,
      ...(options.redisUrl === undefined ? {} : { QXM_REDIS_URL: options.redisUrl }),
    },
  })
  return {
    ...node,
    async ask(identifier) {
      const answer = await fetch(`${node.http}/v1/resolve/${identifier}`)
      const body = (await answer.json()) as { values?: { data: { value: string } }[]; code: string }
      return body.values?.[0]?.data.value ?? body.code
    },
    write: (method, path, body) =>
      fetch(node.http + path, {
        method,
        headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  }
}

export async function aMasterKeyFile(t: Test): Promise<string> {
  const file = join(t.testdir(), `master-${randomBytes(4).toString('hex')}.key`)
  await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return file
}

/** A record of one value. */
export function withUrl(href: string) {
  return { values: [{ index: 1, type: 'URL', data: href }] }
}

/** Waits for what a sibling is told of. @returns how long it took, in milliseconds */
export async function untilSeen(
  node: TestNode,
  identifier: string,
  value: string,
): Promise<number> {
  const since = performance.now()
  for (let said = await node.ask(identifier); said !== value; said = await node.ask(identifier)) {
    if (performance.now() - since <= 5_000) continue
    const health = await (await fetch(`${node.ops}/readyz`)).text()
    throw new Error(`${identifier} is still ${said} after 5 s, and not ${value}: ${health}`)
  }
  return performance.now() - since
}
