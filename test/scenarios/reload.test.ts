import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { aDataFolder } from '../support/store.ts'
import { aProgram, type Program, until } from './a-program.ts'
import { certificates } from './certificates.ts'

t.test('a changed file takes effect while the node runs, a bad one does not', async t => {
  const { node, write } = await aNodeWithFile(t, '[rate]\nresolve = 71\n')
  await until('the first limit', async () => (await policyOf(node)) === 71)

  await write('[rate]\nresolve = 72\n[log]\nlevel = "debug"\n[http]\nsocketsMax = 500\n')
  await until('the new limit', async () => (await policyOf(node)) === 72)
  t.match(node.log().join('\n'), /"waiting":\["http.socketsMax"\]/)

  await write('[rate]\nresolve = "many"\nrite = 3\n')
  await until('the refusal', () => mistakesOf(node).length === 2)
  t.same(
    mistakesOf(node).map(({ path }) => path),
    ['rate.rite', 'rate.resolve'],
    'every mistake is logged',
  )
  t.equal(await policyOf(node), 72, 'the former limit stays')

  const metrics = await (await fetch(`${node.ready.ops}/metrics`)).text()
  t.match(metrics, /^qxm_config_generation 2$/m)
  t.match(metrics, /^qxm_config_refused_total 1$/m)
})

t.test('SIGHUP reads the configuration at once', async t => {
  const { node, write } = await aNodeWithFile(t, '[cors]\norigins = ["https://one.example"]\n')
  await write('[cors]\norigins = ["https://two.example"]\n')

  node.kill('SIGHUP')

  await until('the new origin', async () => {
    const { headers } = await fetch(`${node.ready.http}/livez`, {
      headers: { Origin: 'https://two.example' },
    })
    return headers.get('access-control-allow-origin') === 'https://two.example'
  })
  t.match(node.log().join('\n'), /"changed":\["cors.origins"\]/)
})

t.test('a renewed certificate is shown to the next connection', async t => {
  const folder = await aDataFolder(t)
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const put = async ({ cert, key }: { cert: string; key: string }) => {
    await writeFile(files.cert, cert)
    await writeFile(files.key, key)
  }
  await put(certificates.first)
  const { node } = await aNodeWithFile(t, `[tls]\ncert = "${files.cert}"\nkey = "${files.key}"\n`)
  t.equal(await certificateOf(node), certificates.first.name)

  await writeFile(files.cert, certificates.second.cert)
  await until('the refusal of half a pair', () => /former configuration/.test(node.log().join()))
  t.equal(await certificateOf(node), certificates.first.name, 'the former pair stays')
  await put(certificates.second)

  await until('the new certificate', async () => {
    return (await certificateOf(node)) === certificates.second.name
  })
})

/** A node, and how its file is put in place anew. */
async function aNodeWithFile(t: Test, text: string) {
  const file = join(t.testdir({ 'node.toml': text }), 'node.toml')
  const node = await aProgram(t, ['--config', file], {
    QXM_DATA_DIR: await aDataFolder(t),
    QXM_NODE_LAMEDUCK_MS: '0',
  })
  return {
    node,
    async write(next: string) {
      await writeFile(`${file}.new`, next)
      await rename(`${file}.new`, file)
    },
  }
}

async function policyOf({ ready }: Program): Promise<number> {
  const { headers } = await fetch(`${ready.http}/v1/resolve/0.NA%2F88.118`)
  return Number(/q=(\d+)/.exec(headers.get('ratelimit-policy') ?? '')?.[1])
}

function mistakesOf(node: Program): { readonly path: string }[] {
  return node
    .log()
    .filter(line => line.includes('configuration mistake'))
    .map(line => JSON.parse(line))
}

function certificateOf({ ready }: Program): Promise<string | undefined> {
  const port = Number(new URL(ready.https ?? '').port)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
