import t from 'tap'
import { aCaller, aRecord, aSubject } from '../../../support/builders.ts'
import { aDoor, aSmallWorld, publicUrl } from '../a-door.ts'

const code = '88.118.1/1XJRACLXEEWEA9'
const subject = aSubject('cccccccccccccc', { code, name: '示例企业' })
const ofTheSubject = aRecord({ identifier: code, kind: 'subject', subject: subject.id })

function aWorld(more: Parameters<typeof aSubject>[1] = {}) {
  return {
    ...aSmallWorld,
    subjects: [...aSmallWorld.subjects, { ...subject, ...more }],
    records: [...aSmallWorld.records, ofTheSubject],
    callers: { ...aSmallWorld.callers, bank: aCaller({ id: 'bank0000', role: 'bank' }) },
  }
}

function aPrinter(world = aWorld()) {
  const { app } = aDoor(t, world)
  return (payload: object, who = 'owner') =>
    app.inject({
      method: 'POST',
      url: '/v1/labels',
      headers: { authorization: `Bearer ${who}` },
      payload,
    })
}

t.test('whatever resolves has a label that opens its page', async t => {
  const { app } = aDoor(t, aWorld())
  const label = (identifier: string, format = 'svg') =>
    app.inject({ url: `/v1/labels/qr.${format}`, query: { identifier } })

  const product = await label('hdl:88.118.8/abc-1')
  const ofCode = await label('1xjra-clxe-ewea9')
  const png = await label('88.118.8/ABC-1', 'png')

  t.equal(product.headers['content-type'], 'image/svg+xml')
  t.match(product.body, `<title>${publicUrl}/r/88.118.8/ABC-1</title>`)
  t.match(ofCode.body, `<title>${publicUrl.toUpperCase()}/C/${code}</title>`)
  t.match(ofCode.body, '示例企业')
  t.equal(png.rawPayload.toString('latin1', 1, 4), 'PNG')
  t.match(product.headers, { etag: /./, 'content-security-policy': /sandbox/ })
})

t.test('what leads nowhere has no label', async t => {
  const { app } = aDoor(t, aWorld({ status: 'revoked' }))
  const statusOf = async (identifier: string) => {
    const answer = await app.inject({ url: '/v1/labels/qr.svg', query: { identifier } })
    return [answer.statusCode, answer.json().code]
  }

  t.strictSame(await statusOf('88.118.8/none'), [404, 'IDENTIFIER_UNKNOWN'])
  t.strictSame(await statusOf('no identifier'), [400, 'IDENTIFIER_MALFORMED'])
  t.strictSame(await statusOf(code), [410, 'IDENTIFIER_GONE'])
})

t.test('codes and other identifiers stand on one sheet, so many labels of each', async t => {
  const print = aPrinter()

  const answer = await print({
    identifiers: [code, '88.118.8/ABC-1'],
    paper: 'a4-3x8',
    level: 'Q',
    copies: 15,
  })

  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  t.match(answer.headers['content-security-policy'], "default-src 'none'")
  t.equal(answer.body.match(/<section>/g)?.length, 2, '24 labels on the first page, 6 behind')
  t.equal(answer.body.match(/<b>1XJRA-<br>CLXE-<br>EWEA9<\/b>/g)?.length, 15)
  t.equal(answer.body.match(/<span>88\.118\.8\/<wbr>ABC-1<\/span>/g)?.length, 15)
})

t.test('a sheet is printed whole or not at all, and each mistake is named', async t => {
  const print = aPrinter()
  const long = `88.118.8/${'A'.repeat(200)}`
  const paper = '30x20'

  const wrong = await print({ identifiers: [code, '88.118.8/none', '1XJRACLXEEWEA8'], paper })
  const many = await print({ identifiers: [code, '88.118.8/ABC-1'], paper, copies: 501 })

  t.match(wrong.json(), {
    code: 'INPUT_INVALID',
    errors: [
      { pointer: '/identifiers/1', rule: 'IDENTIFIER_UNKNOWN' },
      { pointer: '/identifiers/2', rule: 'IDENTIFIER_MALFORMED' },
    ],
  })
  t.match([many.statusCode, many.json().code], [413, 'TOO_LARGE'])
  const records = [...aWorld().records, aRecord({ identifier: long })]
  const printAll = aPrinter({ ...aWorld(), records })
  t.match((await printAll({ identifiers: [long], paper, level: 'H' })).json(), {
    errors: [{ pointer: '/identifiers/0', rule: 'qr.moduleTooSmall' }],
  })
  for (const [body, pointer] of [
    [{ identifiers: [], paper }, '/identifiers'],
    [{ identifiers: [code], paper: '31x20' }, '/paper'],
    [{ identifiers: [code], paper, copies: 0 }, '/copies'],
  ] as const) {
    t.match((await print(body)).json(), { code: 'INPUT_INVALID', errors: [{ pointer }] })
  }
})

t.test('who asks for sheets is known, and has something to print', async t => {
  const print = aPrinter()

  t.equal((await print({ identifiers: [code], paper: '30x20' }, 'nobody')).statusCode, 401)
  t.equal((await print({ identifiers: [code], paper: '30x20' }, 'bank')).statusCode, 403)
})

t.test('sheets are printed one after the other, and not without end', async t => {
  const print = aPrinter()
  const sheet = { identifiers: [code], paper: '30x20', copies: 50 }

  const answers = await Promise.all(Array.from({ length: 12 }, () => print(sheet)))

  const statuses = answers.map(({ statusCode }) => statusCode)
  t.equal(statuses.filter(status => status === 200).length, 9)
  t.equal(statuses.filter(status => status === 503).length, 3)
})
