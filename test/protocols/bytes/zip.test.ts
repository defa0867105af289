import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import {
  openZip,
  readZip,
  writeZip,
  type ZipBounds,
  zipBounds,
} from '../../../src/protocols/bytes/zip.ts'
import { type AnEntry, aZip } from './a-zip.ts'

const at = new Date('2026-11-23T06:00:00Z')

t.test('what is written is read again, in its order, from memory and from a file', async t => {
  const files = {
    'manifest.jws': 'a.b.c',
    'identifiers.ndjson': '{}\n'.repeat(70_000),
    '空.txt': '',
  }
  const archive = await writeZip(
    Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
    at,
  )
  const file = path.join(t.testdir(), 'batch.zip')
  writeFileSync(file, archive)

  t.same(await contentOf(archive), files)
  t.same(await contentOf({ path: file }), files)
})

t.test('a stream is written as it comes', async t => {
  const parts = async function* () {
    for (const text of ['a', 'b', 'c']) yield Buffer.from(text)
  }

  const archive = await writeZip([{ name: 'x', bytes: parts() }], at)

  t.same(await contentOf(archive), { x: 'abc' })
})

t.test('a source that fails fails the archive', async t => {
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('a')
    throw new Error('gone')
  }

  await t.rejects(writeZip([{ name: 'x', bytes: broken() }], at), { message: 'gone' })
})

t.test('any files come back as they were', async t => {
  const file = fc.record({
    bytes: fc.uint8Array({ maxLength: 3000 }).map(array => Buffer.from(array)),
    isStored: fc.boolean(),
  })
  const named = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 5 })
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        named,
        fc.array(file, { minLength: 5, maxLength: 5 }),
        async (names, files) => {
          const entries = names.map((name, place) => ({ name, ...files[place] }))

          const read = await bytesOf(aZip(entries), { ...zipBounds, mayNest: true })

          assert.deepEqual(
            read,
            entries.map(({ name, bytes }) => ({ name, bytes })),
          )
        },
      ),
      { numRuns: 50 },
    ),
  )
})

t.test('files are read in any order, and folders are passed over', async t => {
  const zip = await openZip(
    aZip([
      { name: 'xl/', bytes: Buffer.alloc(0), isStored: true, mode: 0o040_755 },
      { name: 'xl/sheet.xml', bytes: Buffer.from('sheet') },
      { name: 'xl/strings.xml', bytes: Buffer.from('strings'), isStored: true },
    ]),
  )

  t.same(zip.names, ['xl/sheet.xml', 'xl/strings.xml'])
  t.equal(await textOf(zip.read('xl/strings.xml')), 'strings')
  t.equal(await textOf(zip.read('xl/sheet.xml')), 'sheet')
  zip.close()
})

t.test('an entry that is left half read does not hold up the next', async t => {
  const long = Buffer.from('line\n'.repeat(100_000))
  const beginnings: string[] = []

  for await (const { bytes } of readZip(
    aZip([
      { name: 'a', bytes: long },
      { name: 'b', bytes: long },
    ]),
  )) {
    for await (const chunk of bytes) {
      beginnings.push(chunk.toString('utf8', 0, 4))
      break
    }
  }

  t.same(beginnings, ['line', 'line'])
})

/** Archives that are refused, by the rule they break, and the entry that is named. */
const bad: readonly { what: string; rule: string; name?: string; zip: readonly AnEntry[] }[] = [
  { what: 'a name twice', rule: 'zip.duplicate', zip: [{ name: 'x' }, { name: 'x' }] },
  {
    what: 'a name in two spellings',
    rule: 'zip.duplicate',
    name: 'X',
    zip: [{ name: 'x' }, { name: 'X' }],
  },
  {
    what: 'a composed name',
    rule: 'zip.duplicate',
    name: 'e\u0301',
    zip: [{ name: '\u00e9' }, { name: 'e\u0301' }],
  },
  {
    what: 'a folder named like a file',
    rule: 'zip.duplicate',
    name: 'x/',
    zip: [{ name: 'x' }, { name: 'x/', bytes: Buffer.alloc(0) }],
  },
  ...[
    '../x',
    'a/../x',
    '/x',
    'a//x',
    './x',
    'a\\x',
    'C:/x',
    'a\0',
    'a\n',
    'a\u202e',
    `${'n'.repeat(256)}`,
    '',
  ].map(name => ({
    what: `the name ${JSON.stringify(name.slice(0, 20))}`,
    rule: 'zip.name',
    name,
    zip: [{ name }],
  })),
  {
    what: 'a name in GBK',
    rule: 'zip.nameEncoding',
    name: '\u00b1\u00ea',
    zip: [{ name: Buffer.from('b1ea', 'hex'), flags: 0 }],
  },
  {
    what: 'a name that claims UTF-8',
    rule: 'zip.nameEncoding',
    name: '\u00b1\u00ea',
    zip: [{ name: Buffer.from('b1ea', 'hex') }],
  },
  {
    what: 'another name before the content',
    rule: 'zip.localName',
    zip: [{ name: 'x', localName: 'y' }],
  },
  {
    what: 'shared bytes',
    rule: 'zip.localName',
    name: 'y',
    zip: [{ name: 'x' }, { name: 'y', place: 0 }],
  },
  {
    what: 'an entry inside of another',
    rule: 'zip.overlap',
    name: 'y',
    zip: [
      { name: 'x', bytes: aZip([{ name: 'y' }]), isStored: true },
      { name: 'y', place: 31 },
    ],
  },
  { what: 'a symlink', rule: 'zip.notAFile', zip: [{ name: 'x', mode: 0o120_777 }] },
  { what: 'a device', rule: 'zip.notAFile', zip: [{ name: 'x', mode: 0o020_666 }] },
  {
    what: 'a file that says it is a folder',
    rule: 'zip.notAFile',
    zip: [{ name: 'x', mode: 0o040_755 }],
  },
  {
    what: 'a folder with content',
    rule: 'zip.notAFile',
    name: 'x/',
    zip: [{ name: 'x/', mode: 0 }],
  },
  { what: 'encryption', rule: 'zip.encrypted', zip: [{ name: 'x', flags: 0x801 }] },
  { what: 'a method beside deflate', rule: 'zip.method', zip: [{ name: 'x', method: 12 }] },
  {
    what: 'an archive within',
    rule: 'zip.nested',
    zip: [{ name: 'x', bytes: aZip([{ name: 'y' }]), isStored: true }],
  },
  { what: 'a gzip within', rule: 'zip.nested', zip: [{ name: 'x', bytes: gzipSync('y') }] },
  { what: 'more than announced', rule: 'zip.size', zip: [{ name: 'x', announcedBytes: 1 }] },
  { what: 'less than announced', rule: 'zip.size', zip: [{ name: 'x', announcedBytes: 50 }] },
  {
    what: 'a stored file with a lying size',
    rule: 'zip.malformed',
    name: '',
    zip: [{ name: 'x', isStored: true, announcedBytes: 1 }],
  },
  { what: 'another checksum', rule: 'zip.damaged', zip: [{ name: 'x', checksum: 1 }] },
  {
    what: 'bytes that are not deflated',
    rule: 'zip.malformed',
    zip: [{ name: 'x', isStored: true, method: 8, bytes: Buffer.alloc(40, 0xff) }],
  },
]

for (const { what, rule, name = 'x', zip } of bad) {
  t.test(`refused: ${what}`, async t => {
    const pointer = name === '' && rule === 'zip.malformed' ? '' : pointerTo(name)

    await t.rejects(contentOf(aZip(zip)), { code: 'INPUT_INVALID', errors: [{ pointer, rule }] })
  })
}

t.test('bombs are stopped while they unpack', async t => {
  const zeros = Buffer.alloc(3 * 2 ** 20)
  const bombs: readonly [string, readonly AnEntry[], Partial<ZipBounds>][] = [
    ['ratioMax', [{ name: 'x', bytes: zeros }], {}],
    [
      'unpackedBytesMax',
      [{ name: 'x', bytes: zeros }],
      { ratioMax: 2000, unpackedBytesMax: 2 ** 20 },
    ],
    [
      'unpackedBytesMax',
      Array.from({ length: 8 }, (_, place) => ({
        name: `${place}`,
        bytes: zeros.subarray(0, 2 ** 18),
      })),
      { unpackedBytesMax: 2 ** 20 },
    ],
    ['entriesMax', [{ name: 'x' }, { name: 'y' }], { entriesMax: 1 }],
    ['archiveBytesMax', [{ name: 'x' }], { archiveBytesMax: 10 }],
  ]
  for (const [bound, entries, bounds] of bombs) {
    let byteCount = 0
    const reading = (async () => {
      for await (const { bytes } of readZip(aZip(entries), { ...zipBounds, ...bounds })) {
        for await (const chunk of bytes) byteCount += chunk.length
      }
    })()

    await t.rejects(reading, { code: 'TOO_LARGE', facts: { [bound]: Number } }, bound)
    t.ok(byteCount <= 2 ** 20 + 2 ** 17, `${bound}: ${byteCount} bytes came out`)
  }
})

t.test('an archive that was cut off anywhere is malformed, and so is anything else', async t => {
  const whole = aZip([{ name: 'x', bytes: Buffer.from('some text to pack') }, { name: 'y' }])
  const cut = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length))

  for (const bytes of [...cut, Buffer.from('identifier,kind\n'), Buffer.alloc(100)]) {
    await t.rejects(contentOf(bytes), {
      code: 'INPUT_INVALID',
      errors: [{ rule: 'zip.malformed' }],
    })
  }
})

t.test(
  'an archive with one byte changed is read whole or refused, and never another error',
  async t => {
    const whole = aZip([{ name: 'x', bytes: Buffer.from('some text to pack') }, { name: 'y' }])
    for (let place = 0; place < whole.length; place++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(whole)
        changed[place]! ^= change

        const error = await contentOf(changed).then(
          () => undefined,
          each => each,
        )

        if (error !== undefined) t.match(error.code, /^(INPUT_INVALID|TOO_LARGE)$/, `byte ${place}`)
      }
    }
  },
)

t.test('a file that is not there is no fault of an archive', async t => {
  await t.rejects(contentOf({ path: path.join(t.testdir(), 'none.zip') }), { code: 'ENOENT' })
})

async function contentOf(file: Buffer | { readonly path: string }) {
  const content: Record<string, string> = {}
  for await (const { name, bytes } of readZip(file)) content[name] = await textOf(bytes)
  return content
}

async function bytesOf(file: Buffer, bounds: ZipBounds) {
  const files: { name: string; bytes: Buffer }[] = []
  for await (const { name, bytes } of readZip(file, bounds)) {
    const chunks: Buffer[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    files.push({ name, bytes: Buffer.concat(chunks) })
  }
  return files
}

async function textOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of bytes) text += chunk
  return text
}

function pointerTo(name: string): string {
  return `/${name.slice(0, 255).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
