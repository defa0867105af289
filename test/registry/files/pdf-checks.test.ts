import { deflateSync } from 'node:zlib'
import { PDFDocument } from '@cantoo/pdf-lib'
import t from 'tap'
import { checkPdf } from '../../../src/registry/files/pdf-checks.ts'
import { aPackedList, aPdf, aStream, type PdfObjects } from './some-files.ts'

t.test('an ordinary document passes, packed or not', async t => {
  const document = await PDFDocument.create()
  document.addPage().drawText('Business licence')
  const linked =
    '<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.cn) >> >>'

  t.equal(await checkPdf(aPdf()), undefined)
  t.equal(await checkPdf(aPdf({ 4: linked })), undefined, 'links stay links')
  for (const useObjectStreams of [true, false]) {
    const bytes = Buffer.from(await document.save({ useObjectStreams }))
    t.equal(await checkPdf(bytes), undefined)
    t.equal(await checkPdf(Buffer.concat([bytes, Buffer.from('\r\n\0')])), undefined)
  }
})

const action = (entries: string) => `<< /Type /Action ${entries} >>`
const hostile: readonly (readonly [name: string, rule: string, objects: PdfObjects])[] = [
  ['a script', 'pdf.script', { 4: action('/S /JavaScript /JS (app.alert(1))') }],
  ['a script by another spelling', 'pdf.script', { 4: action('/S /J#61vaScript /J#53 (x)') }],
  [
    'a script in a stream',
    'pdf.script',
    { 4: action('/JS 5 0 R'), 5: aStream('', Buffer.from('x')) },
  ],
  ['scripts by name', 'pdf.script', { 4: '<< /Names << /JavaScript 5 0 R >> >>' }],
  ['a program', 'pdf.action', { 4: action('/S /Launch /F (cmd.exe)') }],
  ['a form that is sent', 'pdf.action', { 4: action('/S /SubmitForm /F (https://x.cn)') }],
  ['another document opened', 'pdf.action', { 4: action('/S /GoToR /F (\\\\\\\\host\\\\share)') }],
  ['additional actions', 'pdf.action', { 4: '<< /Type /Page /AA << /O 5 0 R >> >>' }],
  ['an embedded file', 'pdf.embedded', { 4: '<< /Type /Filespec /EF << /F 5 0 R >> >>' }],
  ['an attached file', 'pdf.embedded', { 4: '<< /Type /Annot /Subtype /FileAttachment >>' }],
  ['rich media', 'pdf.embedded', { 4: '<< /Subtype /RichMedia >>' }],
  ['an XFA form', 'pdf.form', { 4: '<< /XFA [(template) 5 0 R] >>' }],
  ['nested deep', 'pdf.script', { 4: `${'[ '.repeat(200)}<< /JS (x) >>${' ]'.repeat(200)}` }],
]

for (const [name, rule, objects] of hostile) {
  t.test(`${name} is refused in the open and in a packed list`, async t => {
    t.equal(await checkPdf(aPdf(objects)), rule)
    const plain = Object.entries(objects).filter(([, object]) => typeof object === 'string')
    if (plain.length < Object.keys(objects).length) return
    t.equal(await checkPdf(aPdf({ 20: aPackedList(objects) })), rule)
  })
}

t.test('encryption is refused', async t => {
  t.equal(
    await checkPdf(aPdf({ 4: '<< /Filter /Standard >>' }, { trailer: '/Encrypt 4 0 R' })),
    'pdf.encrypted',
  )
})

t.test('a former revision counts, though a later one takes its place', async t => {
  const first = aPdf({ 4: '<< /JS (x) >>' })
  const update = '4 0 obj\n<< >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n'

  t.equal(await checkPdf(Buffer.concat([first, Buffer.from(update)])), 'pdf.script')
})

t.test('what only a reader that follows offsets finds is refused', async t => {
  const script = aStream('', Buffer.from('9 0 obj << /S /JavaScript /JS (x) >> endobj'))
  const list = aPackedList({ 9: '<< /JS (x) >>' })

  t.equal(await checkPdf(aPdf({ 4: script })), 'pdf.script')
  t.equal(await checkPdf(aPdf({ 4: aStream('', list) })), 'file.damaged')
})

t.test('a list that unpacks to too much, or by a chain of filters, is refused', async t => {
  const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024))
  const entries = '/Type /ObjStm /N 1 /First 4 /Filter'

  t.equal(await checkPdf(aPdf({ 4: aStream(`${entries} /FlateDecode`, bomb) })), 'file.tooComplex')
  const twice = deflateSync(bomb)
  for (const filter of ['[/FlateDecode /FlateDecode]', '/LZWDecode', '/RunLengthDecode']) {
    t.equal(await checkPdf(aPdf({ 4: aStream(`${entries} ${filter}`, twice) })), 'file.tooComplex')
  }
  const predicted = `${entries} /FlateDecode /DecodeParms << /Predictor 12 >>`
  t.equal(await checkPdf(aPdf({ 4: aStream(predicted, twice) })), 'file.tooComplex')
})

t.test('a document is whole or damaged, wherever it breaks off', async t => {
  const bytes = aPdf({ 4: aPackedList({ 9: '<< /A 1 >>' }) })
  for (let length = 9; length < bytes.length - 1; length++) {
    const rule = await checkPdf(bytes.subarray(0, length))
    if (rule !== 'file.damaged') t.fail(`${length} bytes: ${rule}`)
  }
  t.equal(await checkPdf(aPdf({ 1: '<< /Type /Catalog >>', 3: 'null' })), 'file.damaged', 'no page')
  t.equal(await checkPdf(aPdf({ 4: '<< /A << /B [ 1 2' })), 'file.damaged')
})

t.test('nothing stands behind the end', async t => {
  t.equal(await checkPdf(aPdf({}, { after: '<script>alert(1)</script>' })), 'file.trailing')
})
