import t from 'tap'
import {
  checkDigest,
  contentDigestOf,
  readContentDigest,
} from '../../../../src/protocols/http/message-signature/content-digest.ts'

const content = Buffer.from('{"h":"88.118.1/A"}\n{"h":"88.118.1/B"}\n')
const sha256 = 'sha-256=:6t/KWMtKVZffhv7fCi9XFFar0K/Zg46kcSF7KXMa3MM=:'
const sm3Hex = '4200c43287b8649f3c81dfb7d2eabd739ced7075f650d286cb64c2a2f1d79234'

function check(header: string, chunks: readonly Buffer[]): void {
  const digest = checkDigest(readContentDigest([header]))
  for (const chunk of chunks) digest.update(chunk)
  digest.finish()
}

t.test('the digests of the published file are written and read', async t => {
  const sm3 = `sm3=:${Buffer.from(sm3Hex, 'hex').toString('base64')}:`

  t.equal(contentDigestOf(content), sha256)
  t.equal(contentDigestOf(content, ['sha-256', 'sm3']), `${sha256}, ${sm3}`)
  check(`${sha256}, ${sm3}`, [content.subarray(0, 7), content.subarray(7)])
  check(`md5=:AAAA:, ${sha256}`, [content])
  check(`${contentDigestOf(content, ['sha-512'])}, ${sha256}`, [content])
})

t.test('content that is another is refused by each digest', async t => {
  const changed = Buffer.from(content)
  changed[3] = 0x48
  const both = contentDigestOf(content, ['sha-256', 'sm3'])
  const wrongSm3 = both.replace(/sm3=.*/, `sm3=:${Buffer.alloc(32).toString('base64')}:`)
  const cut = 'sha-256=:6t/KWA==:'

  for (const [header, chunks] of [
    [sha256, [changed]],
    [sha256, []],
    [sha256, [content, Buffer.from('\n')]],
    [wrongSm3, [content]],
    [cut, [content]],
  ] as const) {
    t.throws(() => check(header, chunks), {
      code: 'INPUT_INVALID',
      errors: [{ rule: 'digest.mismatch' }],
    })
  }
})

t.test('a digest that is malformed, or not of SHA-256, is none', async t => {
  for (const [header, rule] of [
    ['', 'missing'],
    ['sm3=:AAAA:', 'missing'],
    ['md5=:AAAA:', 'missing'],
    ['sha-256', 'syntax'],
    ['sha-256="AAAA"', 'syntax'],
    ['sha-256=:AA', 'syntax'],
  ] as const) {
    t.throws(() => readContentDigest([header]), { errors: [{ rule: `digest.${rule}` }] }, header)
  }
  t.throws(() => readContentDigest([]), { errors: [{ rule: 'digest.missing' }] })
})
