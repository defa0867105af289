import t, { type Test } from 'tap'
import { aNode, type RunningNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'

interface Answer {
  readonly status: number
  readonly source: string | null
  readonly trust: string | null
  readonly json: {
    readonly code?: string | null
    readonly values?: readonly {
      readonly type: string
      readonly data: { readonly value: string }
    }[]
    readonly referral?: { readonly sites: readonly { readonly url?: string }[] } | null
    readonly stale?: true
  }
}

async function ask({ http }: RunningNode, path: string): Promise<Answer> {
  const answer = await fetch(`${http}/v1/resolve/${path}`)
  return {
    status: answer.status,
    source: answer.headers.get('x-qxm-source'),
    trust: answer.headers.get('x-qxm-trust'),
    json: (await answer.json()) as Answer['json'],
  }
}

async function write({ http, key }: RunningNode, method: string, path: string, body: object) {
  const answer = await fetch(http + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
}

const url = (href: string, ttl = 3600) => ({
  values: [{ index: 1, type: 'URL', data: href, ttl }],
})

const gtin = '01/06907777000018'

/** Of an enterprise, reachable over HTTP alone; a node of its own program. */
async function anEnterpriseNode(t: Test, folder: string, port = '0'): Promise<RunningNode> {
  return aNode(t, {
    folder,
    env: { QXM_NODE_PREFIX: '88.119', QXM_PREFIX: '88.119.1', QXM_HTTP_PORT: port },
  })
}

async function twoLevels(t: Test) {
  const folder = await aDataFolder(t)
  const enterprise = await anEnterpriseNode(t, folder)
  const secondary = await aNode(t, { env: { QXM_HANDLE_UPSTREAM_TIMEOUT_MS: '2000' } })
  const { port } = new URL(enterprise.http)
  for (const { system, prefix } of [
    { system: 'handle', prefix: '88.118.9' },
    { system: 'gs1', prefix: '6907777' },
  ]) {
    await write(enterprise, 'POST', '/v1/prefixes', { system, prefix })
    await write(secondary, 'POST', '/v1/prefixes', {
      system,
      prefix,
      served: 'delegated',
      sites: [
        {
          address: '127.0.0.1',
          protocols: [{ protocol: 'HTTP', port: Number(port) }],
          url: enterprise.http,
        },
      ],
    })
  }
  await write(enterprise, 'PUT', '/v1/identifiers/88.118.9/x', url('https://x.example.cn', 1))
  await write(enterprise, 'PUT', '/v1/identifiers/88.118.9/kept', url('https://kept.example.cn'))
  await write(enterprise, 'PUT', `/v1/identifiers/${gtin}`, url('https://gtin.example.cn'))
  return { folder, port, enterprise, secondary }
}

t.test('an enterprise node that is reached over HTTP alone', async t => {
  const { folder, port, enterprise, secondary } = await twoLevels(t)
  const hrefIn = ({ json }: Answer) => json.values?.[0]?.data.value

  t.test('is named to whoever asks, and asked for whoever wants that', async t => {
    const referred = await ask(secondary, '88.118.9/kept')
    t.match(referred, {
      status: 200,
      json: { values: [], referral: { sites: [{ url: enterprise.http }] } },
    })

    const asked = await ask(secondary, '88.118.9/kept?recurse=1')
    t.match(asked, { status: 200, source: 'upstream', trust: 'unproven', json: { referral: null } })
    t.equal(hrefIn(asked), 'https://kept.example.cn')
    const remembered = await ask(secondary, '88.118.9/kept?recurse=1')
    t.match(remembered, { source: 'memory', trust: 'unproven' }, 'remembered, and still marked')
  })

  t.test('is asked for names of other systems too', async t => {
    const encoded = encodeURIComponent(gtin)

    t.equal(hrefIn(await ask(secondary, `${encoded}?recurse=1`)), 'https://gtin.example.cn')
    t.match(await ask(secondary, encoded), { json: { referral: { prefix: '6907777' } } })
  })

  t.test('says that there is no such identifier', async t => {
    t.equal((await ask(secondary, '88.118.9/nothing?recurse=1')).status, 404)
  })

  t.test('is answered for while it is gone, marked stale; back, it is asked again', async t => {
    await ask(secondary, '88.118.9/x?recurse=1')
    await enterprise.stop()

    const stale = await untilStale(secondary)
    t.match(stale, { status: 200, source: 'memory', trust: 'unproven', json: { stale: true } })
    t.equal(hrefIn(stale), 'https://x.example.cn')
    t.equal(hrefIn(await ask(secondary, '88.118.9/kept?recurse=1')), 'https://kept.example.cn')
    t.equal((await ask(secondary, '88.118.9/never?recurse=1')).status, 503)

    const revived = await anEnterpriseNode(t, folder, port)
    await write(revived, 'PUT', '/v1/identifiers/88.118.9/x', url('https://new.example.cn', 1))
    t.equal(await untilHref(secondary, 'https://new.example.cn'), 'https://new.example.cn')
  })
})

async function untilStale(node: RunningNode): Promise<Answer> {
  for (;;) {
    const answer = await ask(node, '88.118.9/x?recurse=1')
    if (answer.json.stale === true || answer.status !== 200) return answer
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function untilHref(node: RunningNode, href: string): Promise<string | undefined> {
  const since = performance.now()
  for (;;) {
    const { json } = await ask(node, '88.118.9/x?recurse=1')
    const told = json.values?.[0]?.data.value
    if (told === href || performance.now() - since > 40_000) return told
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

t.test('records go in both directions: pushed by the enterprise, pulled by the feed', async t => {
  const { enterprise, secondary } = await twoLevels(t)
  for (const node of [enterprise, secondary]) {
    await write(node, 'POST', '/v1/prefixes', {
      prefix: node === enterprise ? '88.119.7' : '88.118.7',
    })
  }
  const feed = async (node: RunningNode, query: string) => {
    const answer = await fetch(`${node.http}/v1/changes?${query}`, {
      headers: { authorization: `Bearer ${node.key}` },
    })
    const lines = (await answer.text())
      .trim()
      .split('\n')
      .filter(line => line !== '')
    return lines.map(line => JSON.parse(line) as { seq: number; identifier: string; op: string })
  }
  const before = await untilTold(() => feed(secondary, 'since=0&prefix=88.118.7'))
  const seen = Math.max(...before.map(({ seq }) => seq))

  t.test(
    'what the enterprise node puts is answered here, and told to those who follow',
    async t => {
      await write(
        secondary,
        'PUT',
        '/v1/identifiers/88.118.7/PUSHED',
        url('https://pushed.example.cn'),
      )

      t.match(await ask(secondary, '88.118.7/PUSHED'), { status: 200, source: 'store' })
      t.match(await untilTold(() => feed(secondary, `since=${seen}&prefix=88.118.7`)), [
        { identifier: '88.118.7/PUSHED', op: 'created' },
      ])
    },
  )

  t.test('what the feed of the enterprise node tells is read there and written here', async t => {
    await write(
      enterprise,
      'PUT',
      '/v1/identifiers/88.118.9/PULLED',
      url('https://pulled.example.cn'),
    )
    const changes = await untilTold(async () =>
      (await feed(enterprise, 'since=0&prefix=88.118.9')).filter(({ identifier }) =>
        identifier.endsWith('PULLED'),
      ),
    )

    for (const { identifier } of changes) {
      const record = await fetch(`${enterprise.http}/v1/identifiers/${identifier}`, {
        headers: { authorization: `Bearer ${enterprise.key}` },
      })
      const { kind, values } = (await record.json()) as { kind: string; values: object[] }
      const copy = identifier.replace('88.118.9', '88.118.7')
      await write(secondary, 'PUT', `/v1/identifiers/${copy}`, { kind, values })
    }

    t.match(await ask(secondary, '88.118.7/PULLED'), {
      json: { values: [{ data: { value: 'https://pulled.example.cn' } }] },
    })
  })
})

/** Changes are numbered a moment after their commit. */
async function untilTold<Change>(
  read: () => Promise<readonly Change[]>,
): Promise<readonly Change[]> {
  for (;;) {
    const changes = await read()
    if (changes.length > 0) return changes
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
