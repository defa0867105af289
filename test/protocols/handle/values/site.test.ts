import t from 'tap'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import { decodeSite, encodeSite } from '../../../../src/protocols/handle/values/site.ts'
import { malformed } from '../../bytes/malformed.ts'
import { bytesOf } from '../wire-vectors.ts'

const hashOptionAt = 7

t.test('a site without hash option is hashed by the whole handle', async t => {
  const site = decodeSite(new ByteReader(bytesOf('hs-site')))
  const writer = new ByteWriter(2048)

  encodeSite(writer, { ...site, hashOption: 'HASH_TYPE_BY_ALL' })

  t.notOk('hashOption' in site)
  t.equal(writer.taken().toString('hex'), bytesOf('hs-site').toString('hex'))
})

t.test('hash options are those of RFC 3651', async t => {
  const options = ['HASH_TYPE_BY_PREFIX', 'HASH_TYPE_BY_SUFFIX', undefined]

  for (const [number, option] of options.entries()) {
    t.equal(decodeWith(hashOptionAt, number).hashOption, option)
  }
  t.throws(() => decodeWith(hashOptionAt, 3), malformed('value'))
})

t.test('nothing may follow a site', async t => {
  const bytes = Buffer.concat([bytesOf('hs-site'), Buffer.alloc(1)])

  t.throws(() => decodeSite(new ByteReader(bytes)), malformed('trailing'))
})

t.test('an unknown transmission protocol and an impossible port are malformed', async t => {
  const bytes = bytesOf('hs-site')
  const protocolAt = bytes.length - 5
  const portAt = bytes.length - 4

  t.throws(() => decodeWith(protocolAt, 4), malformed('value'))
  t.throws(() => decodeWith(portAt, 0x80), malformed('value'))
  t.throws(() => decodeWith(portAt + 1, 1), malformed('value'))
})

function decodeWith(at: number, byte: number) {
  const bytes = bytesOf('hs-site')
  bytes[at] = byte
  return decodeSite(new ByteReader(bytes))
}
