import { chmodSync, statSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  adminSocketName,
  isAlive,
  makeLocalCallers,
  openAdminSocket,
} from '../../src/assembly/admin-socket.ts'
import { withSocketPath } from '../../src/storage/postgres/socket-path.ts'

const log = { info: () => undefined, warn: () => undefined }

t.test('only the process itself can make the credential of its socket', async t => {
  const callers = makeLocalCallers()
  const request = { headers: { 'x-qxm-user': 'li.wei' } } as unknown as IncomingMessage
  callers.mark(request)
  const { authorization = '' } = request.headers

  t.match(callers.callerOf(authorization), { id: 'os:li.wei', role: 'operator' })
  t.equal(makeLocalCallers().callerOf(authorization), undefined)
  for (const other of [undefined, '', 'Local', 'Local x root', authorization.slice(0, 30)]) {
    t.equal(callers.callerOf(other), undefined)
  }
})

t.test('a credential that was sent is kept, and a name that is none is not taken', async t => {
  const callers = makeLocalCallers()
  const withKey = { headers: { authorization: 'Bearer x' } } as unknown as IncomingMessage
  const oddName = { headers: { 'x-qxm-user': 'a b\n' } } as unknown as IncomingMessage

  callers.mark(withKey)
  callers.mark(oddName)

  t.equal(withKey.headers.authorization, 'Bearer x')
  t.equal(callers.callerOf(oddName.headers.authorization)?.id, 'os:unknown')
})

t.test('the socket is for its user only, whatever the mask', async t => {
  const mask = process.umask(0)
  t.teardown(() => process.umask(mask))
  const folder = t.testdir({})

  await anAdminSocket(t, folder)

  t.equal(statSync(join(folder, adminSocketName)).mode & 0o777, 0o600)
  t.equal(process.umask(), 0, 'the mask is as it was')
})

t.test("a living process's socket stays, a dead one's is taken", async t => {
  const folder = t.testdir({ [adminSocketName]: 'what a dead process left' })

  const close = await anAdminSocket(t, folder)
  t.ok(close)
  t.equal(await anAdminSocket(t, folder), undefined, 'taken')
  t.equal(await ask(folder), 'ok')
  await close?.()

  t.notOk(await isAlive(folder))
})

t.test('a folder with a long path has a socket too', async t => {
  const folder = join(t.testdir({ ['d'.repeat(100)]: { ['e'.repeat(100)]: {} } }), 'd'.repeat(100))
  chmodSync(folder, 0o700)

  await anAdminSocket(t, join(folder, 'e'.repeat(100)))

  t.equal(await ask(join(folder, 'e'.repeat(100))), 'ok')
})

async function anAdminSocket(t: Test, folder: string) {
  const answer: RequestListener = (_request, response) => void response.end('ok')
  const server = createServer(answer)
  const close = await openAdminSocket({ folder, server, log })
  if (close !== undefined) t.teardown(close)
  return close
}

function ask(folder: string): Promise<string> {
  return withSocketPath(folder, adminSocketName, socketPath => {
    return new Promise((resolve, reject) => {
      get({ socketPath, path: '/', agent: false }, response => {
        let text = ''
        response.on('data', chunk => {
          text += chunk
        })
        response.on('end', () => resolve(text))
      }).on('error', reject)
    })
  })
}
