import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import { aFiling, anInstitution } from '../support/filing.ts'
import { aNode } from '../support/node.ts'
import { aPassword as password } from '../support/people.ts'
import { postgres } from '../support/postgres-server.ts'
import { testWith } from '../support/throw-away.ts'
import { twoNodes } from '../support/two-nodes.ts'
import {
  aClient,
  aPerson,
  asking,
  asOperator,
  asPage,
  codeNow,
  settle,
  tokenOf,
} from './a-browser.ts'

/** One node for whatever does not count on being alone. */
const node = await aNode(t)

t.test(
  'who holds a setup link becomes operator, makes a reviewer, and the reviewer decides',
  async t => {
    const { link } = (await asOperator(node, 'POST', '/v1/setup-links')).body
    t.match(link, /^http:\/\/127\.0\.0\.1:\d+\/setup#qxs_[\w-]{43}$/)

    const { ask: operator } = await settle(node, link, { username: '张三' })
    const made = await operator('POST', '/v1/accounts', { username: 'Li.Si', role: 'reviewer' })
    t.match(made, { status: 201, body: { id: /^[0-9a-f]{16}$/, setup: { until: String } } })
    const { ask: reviewer } = await settle(node, made.body.setup.link)
    const firm = await aClient(node, 'enterprise')
    const filed = await firm('POST', '/v1/applications', { ...aFiling, submit: true })

    t.match(await reviewer('GET', '/v1/sessions/current'), {
      status: 200,
      body: { id: made.body.id, username: 'Li.Si', role: 'reviewer', subject: null },
    })
    t.match((await reviewer('GET', '/v1/notices')).body.items, [{ topic: 'application.decide' }])
    const path = `/v1/applications/${filed.body.id}`
    const other = await aClient(node, 'reviewer')
    t.match(await other('POST', `${path}:assign`, { reviewer: made.body.id }), {
      body: { reviewer: made.body.id },
    })
    t.equal((await reviewer('GET', '/v1/notices')).body.items.length, 1, 'told to them')
    t.match(await operator('POST', `${path}:decide`, { decision: 'approve' }), { status: 403 })
    t.match(await reviewer('POST', `${path}:decide`, { decision: 'approve' }), {
      status: 200,
      body: { state: 'approved', reviewer: made.body.id },
    })
    t.match(
      (await operator('GET', '/v1/accounts')).body.items.map(
        ({ username, role, state }: Record<string, string>) => `${username} ${role} ${state}`,
      ),
      ['Li.Si reviewer active', '张三 operator active'],
    )
  },
)

t.test('an enterprise’s own person applies, and acts for it once it is approved', async t => {
  const person = await aPerson(node, 'enterprise')
  const reviewer = await aClient(node, 'reviewer')
  const filing = { ...aFiling, basic: anInstitution, submit: true }

  const filed = await person.ask('POST', '/v1/applications', filing)
  const decide = `/v1/applications/${filed.body.id}:decide`
  const { code } = (await reviewer('POST', decide, { decision: 'approve' })).body

  t.match(await person.ask('GET', '/v1/sessions/current'), { body: { subject: code } })
  t.match((await person.ask('GET', '/v1/notices')).body.items, [{ topic: 'application.approved' }])
  t.match(await person.ask('GET', `/v1/enterprises/${encodeURIComponent(code)}`), {
    body: { basic: { legalRepresentative: anInstitution.legalRepresentative } },
  })
})

t.test('people log in by JSON and by form, and out again', async t => {
  const { username } = await aPerson(node, 'bank')
  const ask = asking(node, {})

  const json = await ask('POST', '/v1/sessions', { username, password })
  t.match(json, { status: 201, body: { username, role: 'bank', endsAt: String } })
  t.match(json.headers.get('set-cookie'), /^__Host-qxm=[\w-]{43}; /)
  for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) {
    t.match(json.headers.get('set-cookie'), `; ${attribute}`)
  }
  t.notMatch(json.headers.get('set-cookie'), /domain|expires|max-age/i)
  const form = await fetch(`${node.http}/v1/sessions`, {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html' },
    body: new URLSearchParams({ username, password, code: '' }),
  })
  t.equal(form.status, 303)
  t.equal(form.headers.get('location'), '/console')
  const page = asPage(node, { headers: form.headers })
  t.match((await page('GET', '/console')).body, username)
  t.match(await page('POST', '/console/logout'), { status: 303 })
  t.match(await page('GET', '/console'), { status: 303 })
  t.match(await page('GET', '/v1/sessions/current'), { status: 401 })
  const other = asPage(node, json)
  t.match(await other('DELETE', '/v1/sessions/current'), { status: 204 })
  t.match(await other('DELETE', '/v1/sessions/current'), { status: 401 })
  t.match(await asOperator(node, 'GET', '/v1/sessions/current'), {
    body: { role: 'operator', username: null },
  })
})

t.test('a write with the cookie comes from our own pages, and a key needs no cookie', async t => {
  const { cookie } = await aPerson(node, 'operator')
  const create = { username: 'made.by.cookie', role: 'bank' }
  const login = { username: 'made.by.cookie', password }
  const from = (headers: Record<string, string>) =>
    asking(node, { cookie, ...headers })('POST', '/v1/accounts', create)
  const refused = { status: 403, body: { errors: [{ rule: 'session.origin' }] } }

  t.match(await from({}), refused)
  t.match(await from({ 'sec-fetch-site': 'cross-site' }), refused)
  t.match(await from({ origin: 'https://evil.example' }), refused)
  t.match(await asking(node, { cookie })('GET', '/v1/accounts'), { status: 200 })
  t.match(await from({ origin: node.http }), { status: 201 })
  const bank = await aClient(node, 'bank')
  t.match(await bank('GET', '/v1/accounts', undefined, { cookie }), { status: 403 })
  t.match(await bank('POST', '/v1/accounts', create, { cookie }), { status: 403 })
  t.match(await asking(node, {})('POST', '/v1/sessions', login, { origin: 'null' }), refused)
})

t.test('a person chooses another password on a page, and by JSON', async t => {
  const person = await aPerson(node, 'bank')
  const path = '/v1/sessions/current/setup-link'
  const sent = (fields: Record<string, string>) =>
    fetch(node.http + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: person.cookie, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(fields),
    })

  t.match((await person.ask('GET', '/console')).body, `action="${path}"`)
  const wrong = await sent({ password: 'incorrect horse battery', code: '' })
  t.equal(wrong.status, 401)
  t.match(await wrong.text(), person.username, 'the page again, and the session goes on')
  const right = await sent({ password, code: '' })
  t.equal(right.status, 303)
  const anew = { password: 'another horse battery' }
  await settle(node, right.headers.get('location') ?? '', anew)
  t.match(await person.ask('GET', '/v1/sessions/current'), { status: 401 }, 'ended with the rest')
  const { username } = person
  const again = await asking(node, {})('POST', '/v1/sessions', { username, ...anew })
  t.match(again, { status: 201 })

  const page = asPage(node, again)
  t.match(await page('POST', path, anew), { status: 201, body: { link: /\/setup#qxs_/ } })
  t.match(await page('POST', path, { password }), { status: 401 })
  t.match(await asOperator(node, 'POST', path, anew), {
    status: 404,
    body: { detail: '此凭证不是登录会话' },
  })
  t.match(await asking(node, {})('POST', path, anew), { status: 401 })
})

t.test('a cookie that is over is no obstacle to what is everybody’s', async t => {
  const ask = asking(node, { cookie: `__Host-qxm=${'x'.repeat(43)}` })

  t.match(await ask('GET', '/v1/resolve/88.118.1/1XJRACLXEEWEA9'), { status: 404 })
  t.match(await ask('GET', '/v1/accounts'), { status: 401 })
  t.match(await ask('GET', '/console/login'), { status: 200 })
})

t.test('guessing a password makes everybody wait, the person included', async t => {
  const { username } = await aPerson(node, 'bank')
  const ask = asking(node, {})
  const wrong = { username, password: 'incorrect horse battery' }

  const statuses: number[] = []
  let reply = await ask('POST', '/v1/sessions', wrong)
  while (reply.status === 401 && statuses.length < 20) {
    statuses.push(reply.status)
    reply = await ask('POST', '/v1/sessions', wrong)
  }

  t.ok(statuses.length >= 5, `${statuses.length} attempts`)
  t.match(reply, { status: 429, body: { code: 'TOO_MANY' } })
  t.ok(Number(reply.headers.get('retry-after')) >= 1)
  const stranger = await ask('POST', '/v1/sessions', { ...wrong, username: 'nobody' })
  t.match(stranger, { status: 401, body: { code: 'NOT_AUTHENTICATED' } })
  const page = await ask('POST', '/v1/sessions', wrong, { accept: 'text/html' })
  t.match(page.body, /<form method="post" action="\/v1\/sessions">/)
})

t.test('a recovery code logs in once', async t => {
  const { username, recoveryCodes } = await aPerson(node, 'government')
  const [code] = recoveryCodes
  const ask = asking(node, {})

  t.match(await ask('POST', '/v1/sessions', { username, password }), { status: 401 })
  t.match(await ask('POST', '/v1/sessions', { username, password, code }), { status: 201 })
  t.match(await ask('POST', '/v1/sessions', { username, password, code }), { status: 401 })
})

t.test('mistakes in setting up are told on the page, and the link stays good', async t => {
  const { link } = (await asOperator(node, 'POST', '/v1/setup-links')).body
  const token = tokenOf(link)
  const send = async (fields: Record<string, string>) => {
    const response = await fetch(`${node.http}/setup`, {
      method: 'POST',
      headers: { accept: 'text/html', 'accept-language': 'en' },
      body: new URLSearchParams(fields),
    })
    return { status: response.status, text: await response.text() }
  }
  const offer = (await asking(node, {})('POST', '/setup', { token })).body
  const right = { token, username: 'wang.wu', password, again: password }

  t.match(await send({ token }), { status: 200, text: '<svg class="symbol"' })
  t.match(await send({ ...right, code: '', again: 'another' }), {
    status: 400,
    text: 'the two passwords differ',
  })
  t.match(await send({ ...right, code: '000000' }), { status: 400, text: 'the code is wrong' })
  t.match(await send({ token: 'qxs_nonsense' }), { status: 403, text: 'the setup link is void' })
  const done = await send({ ...right, code: codeNow(offer.totp.secret) })
  t.match(done, { status: 201, text: 'Recovery codes' })
  t.equal(done.text.match(/<li><code>/g)?.length, 10)
  t.match(await send({ token }), { status: 403 })
})

testWith(t, [postgres], 'who is disabled on one node is out at once on the other', async t => {
  const { first, second } = await twoNodes(t)
  const { id, cookie } = await aPerson(first, 'operator')
  const [here, there] = [asking(first, { cookie }), asking(second, { cookie })]
  t.match(await there('GET', '/v1/accounts'), { status: 200 })

  t.match(await asOperator(first, 'POST', `/v1/accounts/${id}:disable`), { status: 204 })

  t.match(await here('GET', '/v1/accounts'), { status: 401 })
  t.match(await there('GET', '/v1/accounts'), { status: 401 })
})

const executablePath = '/usr/bin/chromium'
const withoutBrowser = existsSync(executablePath)
  ? false
  : 'no browser here: apt-get install -y chromium'

t.test('on a phone a link is followed to the end', { skip: withoutBrowser }, async t => {
  const { link } = (await asOperator(node, 'POST', '/v1/setup-links')).body
  const phone = await aPhone(t, { javaScriptEnabled: true })

  await phone.page.goto(link)
  t.equal(await phone.page.inputValue('[name=token]'), tokenOf(link))
  t.notMatch(phone.page.url(), '#')
  await phone.look('setup')
  await phone.page.click('button')
  await phone.look('setup form')
  await phone.page.fill('[name=username]', 'on.a.phone')
  await phone.page.fill('[name=password]', password)
  await phone.page.fill('[name=again]', password)
  const secret = (await phone.page.locator('code').innerText()).replaceAll(' ', '')
  await phone.page.fill('[name=code]', codeNow(secret))
  await phone.page.click('button')
  await phone.look('recovery codes')
  const codes = await phone.page.locator('li code').allInnerTexts()
  t.equal(codes.length, 10)
  await phone.page.click('a.next')
  await phone.look('signed in')
  t.match(await phone.page.locator('body').innerText(), 'on.a.phone')
  await phone.page.click('button')
  t.match(phone.page.url(), /\/console\/login$/)
  await phone.look('login')
  await phone.page.fill('[name=username]', 'on.a.phone')
  await phone.page.fill('[name=password]', 'incorrect horse battery')
  await phone.page.click('button')
  await phone.look('login refused')
  t.match(await phone.page.locator('.bad').innerText(), 'wrong')
  await phone.page.fill('[name=username]', 'on.a.phone')
  await phone.page.fill('[name=password]', password)
  await phone.page.fill('[name=code]', codes[0] ?? '')
  await phone.page.click('button')
  t.match(phone.page.url(), /\/console$/)
  await phone.look('console')
  await phone.page.fill('[name=password]', password)
  await phone.page.fill('[name=code]', codes[1] ?? '')
  await phone.page.click('[action$=setup-link] button')
  await phone.page.waitForURL(/\/setup$/)
  await phone.page.click('button')
  t.equal(await phone.page.inputValue('[autocomplete=username]'), 'on.a.phone')
  t.strictSame(
    phone.complaints.filter(each => !each.includes('status of 4')),
    [],
  )
})

t.test('without scripts the secret of a link is pasted', { skip: withoutBrowser }, async t => {
  const { link } = (await asOperator(node, 'POST', '/v1/setup-links')).body
  const { page } = await aPhone(t, { javaScriptEnabled: false })

  await page.goto(link)
  await page.fill('[name=token]', tokenOf(link))
  await page.click('button')

  t.equal(await page.locator('[name=password]').count(), 1)
})

const screen = { width: 360, height: 740 }

async function aPhone(t: Test, options: { readonly javaScriptEnabled: boolean }) {
  const program = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.teardown(() => program.close())
  const locale = 'en-GB'
  const context = await program.newContext({ viewport: screen, isMobile: true, locale, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => complaints.push(message.text()))
  return {
    page,
    complaints,
    /** Nothing is wider than the screen. */
    async look(name: string) {
      const width = await page.evaluate('document.documentElement.scrollWidth')
      t.equal(width, screen.width, name)
      const folder = process.env['QXM_TEST_SHOTS']
      if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
    },
  }
}
