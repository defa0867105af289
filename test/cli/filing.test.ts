import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { commands } from '../../src/cli/commands.ts'
import { aJpeg } from '../registry/files/some-files.ts'
import { aFirm, anInstitution } from '../support/filing.ts'
import { aNode } from '../support/node.ts'
import { runIn } from './a-terminal.ts'

/** Table 1 as an enterprise writes it into a file. */
const inChinese = {
  统一社会信用代码: aFirm.uscc,
  企业名称: aFirm.producerName,
  企业分类名称: aFirm.producerClassificationName,
  企业注册地址: aFirm.producerAddress,
  法人代表: aFirm.legalRepresentative,
  注册资本: aFirm.registeredCapital,
  经营范围: aFirm.businessScope,
  经营状态: aFirm.managementForms,
  成立日期: '2015-04-01',
  营业期限: aFirm.operationTerm,
  发照日期: aFirm.issueDate,
}
const agreed = ['--consent', '申请企信码', '--declare']

/** One node for all; each test has an enterprise of its own. */
const node = await aNode(t)
const operator = aShell(node.key)

t.test(
  'an application goes from a file in Chinese to its code, and the code to its end',
  async t => {
    const file = filesOf(t)
    const [firm, reviewer] = [await as('enterprise'), await as('reviewer')]
    const filing = file('firm.json', inChinese)

    const { id } = await firm.json('apply', '--file', filing, ...agreed, '--submit')
    t.match((await firm('apply', 'list')).stdout, new RegExp(`^${id} +code +submitted .*\n`, 'm'))
    t.match((await reviewer('notices')).stdout, `application:${id}`)
    t.match((await reviewer('review', 'list')).stdout, aFirm.producerName)
    t.match(await reviewer.json('review', 'take', id), { state: 'reviewing' })
    await reviewer('review', 'return', id, '--comment', '法人代表=与执照不符', '--note', '请更正')
    const returned = await firm('apply', 'show', id)
    t.match(returned.stdout, /^state +returned$/m)
    t.match(returned.stdout, /^legalRepresentative +legal representative +张三 +与执照不符$/m)
    t.match(returned.stdout, /^ +\S+ +return +reviewer \S+ +请更正$/m)

    const mended = await firm.json(
      ...[
        'apply',
        'edit',
        id,
        '--field',
        '法人代表=张三丰',
        '--field',
        'socialInsuranceNumber=120',
      ],
      '--submit',
    )
    t.match(mended, {
      state: 'submitted',
      basic: { legalRepresentative: '张三丰', socialInsuranceNumber: 120 },
    })
    const { code } = await reviewer.json('review', 'approve', id, '--grade', 'A')
    t.match(await firm.json('code', 'show', code), { status: 'active', grade: 'A' })
    t.match((await firm('code', 'show', code)).stdout, /^legalRepresentative +张三丰$/m)
    t.match(await reviewer.json('code', 'place', code, '--industry', 'C39'), { industry: 'C39' })

    const suspended = await reviewer('code', 'suspend', code, '--reason', '核查中')
    t.match(suspended.stdout, /^status +suspended\nreason +核查中$/m)
    t.equal((await firm('code', 'resume', code, '--reason', '自行恢复')).code, 4)
    t.match(await reviewer.json('code', 'resume', code, '--reason', '已核实'), { status: 'active' })
    t.match(await reviewer.json('code', 'revoke', code, '--reason', '注销'), { status: 'revoked' })
  },
)

t.test('an agent files for an enterprise that confirms, and later ends the mandate', async t => {
  const file = filesOf(t)
  const [agent, firm, reviewer] = [await as('agent'), await as('enterprise'), await as('reviewer')]
  const filing = file('client.json', anInstitution)
  const { id: mandate } = await agent.json('mandate', 'new', ...proposalFor(anInstitution))
  const apply = ['apply', '--file', filing, '--mandate', mandate, ...agreed, '--submit'] as const

  const early = await agent(...apply)
  t.equal(early.code, 4)
  t.match(early.stderr, '[mandate.state]')
  t.match(await firm.json('mandate', 'confirm', mandate, '--uscc', anInstitution.uscc), {
    state: 'confirmed',
  })
  const { id } = await agent.json(...apply)
  const { code } = await reviewer.json('review', 'approve', id)

  t.match(await firm.json('code', 'show', code), { basic: { uscc: anInstitution.uscc } })
  for (const party of [agent, firm]) {
    t.match((await party('mandate', 'list')).stdout, new RegExp(`^${mandate} +confirmed `, 'm'))
    t.match((await party('notices')).stdout, 'application.approved')
  }
  const change = ['apply', '--field', '经营状态=停业', '--mandate', mandate, ...agreed]
  t.match(await agent.json(...change), { kind: 'change', mandate })
  t.match(await firm.json('mandate', 'end', mandate), { state: 'ended' })
  t.match((await agent(...change)).stderr, '[mandate.state]')
})

t.test('an enterprise claims what an agent filed on paper, once a reviewer has looked', async t => {
  const file = filesOf(t)
  const client = { ...anInstitution, uscc: '91310000MA0DEMCCXY' }
  const [agent, firm, reviewer] = [await as('agent'), await as('enterprise'), await as('reviewer')]
  const { id: mandate } = await agent.json('mandate', 'new', ...proposalFor(client))
  t.match((await reviewer('mandate', 'list')).stdout, mandate)
  await reviewer('mandate', 'confirm', mandate)
  const filing = ['--file', file('client.json', client), '--mandate', mandate]
  const { id } = await agent.json('apply', ...filing, ...agreed, '--submit')
  const { code } = await reviewer.json('review', 'approve', id)

  await firm('mandate', 'confirm', mandate, '--uscc', client.uscc)
  t.notOk('basic' in (await firm.json('code', 'show', code)), 'a claim alone shows nothing')
  t.strictSame(await firm.json('mandate', 'list'), [], 'and makes nobody a party')
  t.match((await reviewer('notices')).stdout, 'mandate.claim')
  t.match((await reviewer('mandate', 'list')).stdout, mandate)
  await reviewer('mandate', 'confirm', mandate)

  t.ok('basic' in (await firm.json('code', 'show', code)))
  t.match(await firm.json('mandate', 'end', mandate), { state: 'ended' })
  t.match((await agent('notices')).stdout, 'mandate.ended')
})

t.test('a new legal representative needs two reviewers, neither of them its own', async t => {
  const file = filesOf(t)
  const [firm, first, second] = [await as('enterprise'), await as('reviewer'), await as('reviewer')]
  const filing = file('firm.json', { ...inChinese, 统一社会信用代码: '914401004TB7588879' })
  const { id } = await firm.json('apply', '--file', filing, ...agreed, '--submit')
  const { code } = await first.json('review', 'approve', id)
  const change = ['apply', '--field', '法人代表=李四', ...agreed, '--submit']
  const { id: changeId } = await firm.json(...change)

  const own = await as('reviewer', code)
  const refused = await own('review', 'approve', changeId)
  t.match(refused, { code: 4, stderr: /nobody reviews what they/ })
  t.match(await first.json('review', 'approve', changeId), { state: 'reviewing' })
  t.match(await first('review', 'approve', changeId), {
    code: 4,
    stderr: /a second reviewer, another one/,
  })
  t.notMatch((await first('notices')).stdout, 'application.second')
  t.match((await second('notices')).stdout, 'application.second')
  const shown = await second('review', 'show', changeId)
  t.match(shown.stdout, 'legal representative  张三 → 李四')
  t.match(await second.json('review', 'approve', changeId), { state: 'approved', code })
  t.match(await firm.json('code', 'show', code), { basic: { legalRepresentative: '李四' } })
})

t.test('what is wrong is told field by field, and nothing is filed', async t => {
  const file = filesOf(t)
  const firm = await as('enterprise')
  const good = file('firm.json', inChinese)

  const wrong = await firm(
    ...['apply', '--file', good, ...agreed, '--submit'],
    ...['--field', '成立日期=20150230', '--field', '企业名称='],
  )
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /^ {2}\/basic\/registerDate .*\]$/m)
  t.match(await firm('apply', '--file', good), { code: 4, stderr: /\/consent/ })
  t.match(await firm('apply', '--file', file('broken.json', '{')), { code: 2, stderr: /broken/ })
  t.match(await firm('apply', '--file', file('list.json', '[]')), { code: 2, stderr: /no JSON ob/ })
  t.match(await firm('apply', '--file', '/nowhere.json'), { code: 2, stderr: /ENOENT/ })
  t.match(await firm('apply', ...agreed), { code: 2, stderr: /--file or --field/ })
  t.match(await firm('apply', '--field', '颜色=红'), { code: 2, stderr: /an item of table 1/ })
  t.match(await firm('apply', 'edit', 'x'), { code: 2, stderr: /nothing to change/ })
  t.match(await firm('apply', 'show', 'nowhere'), { code: 3 })
  t.match(await firm('review', 'return', 'x', '--comment', '=y'), { code: 2 })
  t.match(await firm('code', 'suspend', 'x'), { code: 2, stderr: /--reason/ })
  t.match(await firm('code', 'place', 'x'), { code: 2, stderr: /nothing to correct/ })
  t.match(await firm('mandate', 'new'), { code: 2, stderr: /--uscc, --name and --until/ })
  t.strictSame(await firm.json('apply', 'list'), [])
})

t.test('a licence is brought, named by an application, and fetched by its reviewer', async t => {
  const file = filesOf(t)
  const [firm, reviewer] = [await as('enterprise'), await as('reviewer')]
  const filing = file('firm.json', { ...inChinese, 统一社会信用代码: '91110108589104047H' })
  const scan = aJpeg()
  const licence = file('licence.jpg', scan)

  const { id } = await firm.json('file', 'put', licence)
  t.match((await firm('file', 'put', licence)).stdout, new RegExp(`^${id} +image/jpeg +`, 'm'))
  const filed = await firm.json('apply', '--file', filing, ...agreed, '--submit', '--evidence', id)
  await reviewer('review', 'take', filed.id)
  const copy = file('copy.jpg', '')
  t.match(await reviewer('file', 'get', id, '-o', copy), { code: 0, stdout: `wrote ${copy}\n` })

  t.ok(readFileSync(copy).equals(scan))
  t.match(await (await as('bank'))('file', 'get', id, '-o', copy), { code: 4 }, 'nobody else’s')
  t.match(await firm('file', 'get', id), { code: 2, stderr: /-o is needed/ })
  t.match(await firm('file', 'put', '/nowhere.pdf'), { code: 2, stderr: /ENOENT/ })
  t.match(await firm('file', 'put', file('text.pdf', 'no PDF')), { code: 2 })
  await firm('apply', 'withdraw', filed.id)
})

function proposalFor({
  uscc,
  producerName,
}: Pick<typeof anInstitution, 'uscc' | 'producerName'>): string[] {
  const until = new Date(Date.now() + 86_400_000).toISOString()
  return ['--uscc', uscc, '--name', producerName, '--until', until]
}

/** Somebody with a credential, at a shell. @param subject the code it acts for */
async function as(role: string, subject?: string) {
  const more = subject === undefined ? [] : ['--subject', subject]
  const { key } = await operator.json('client', 'create', '--name', role, '--role', role, ...more)
  return aShell(key)
}

function filesOf(t: Test) {
  const folder = t.testdir()
  return (name: string, content: object | string): string => {
    const path = join(folder, name)
    const isWritten = typeof content === 'string' || Buffer.isBuffer(content)
    writeFileSync(path, isWritten ? content : JSON.stringify(content))
    return path
  }
}

function aShell(key: string) {
  const run = (...argv: string[]) => runIn(commands, argv, { QXM_URL: node.http, QXM_KEY: key })
  return Object.assign(run, {
    // biome-ignore lint/suspicious/noExplicitAny: what a stranger's script sees has no types
    async json(...argv: string[]): Promise<any> {
      const { code, stdout, stderr } = await run(...argv, '--json')
      if (code !== 0)
        throw new Error(`qxm ${argv.join(' ')} ended with ${code}: ${stderr}${stdout}`)
      return JSON.parse(stdout)
    },
  })
}
