import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { checkFile } from '../../../src/registry/files/check-file.ts'
import { checkJpeg } from '../../../src/registry/files/jpeg-checks.ts'
import { checkPng } from '../../../src/registry/files/png-checks.ts'
import { aJpeg, aPdf, aPng, chunk, pngHeader, pngSignature } from './some-files.ts'

const end = chunk('IEND', Buffer.alloc(0))
const pixels = (byteCount: number) => chunk('IDAT', deflateSync(Buffer.alloc(byteCount)))
const html = Buffer.from('<html><script>alert(1)</script>')

t.test('a file is what its bytes say', async t => {
  t.same(await checkFile(aPdf()), { kind: 'pdf' })
  t.same(await checkFile(aPng()), { kind: 'png' })
  t.same(await checkFile(aJpeg()), { kind: 'jpeg' })
  t.same(await checkFile(html), { rule: 'file.kind' })
  t.same(await checkFile(Buffer.concat([html, aPdf()])), { rule: 'file.kind' })
  t.same(await checkFile(Buffer.alloc(0)), { rule: 'file.empty' })
})

t.test('a PNG of any shape has the pixels its header announces', async t => {
  const shapes = [
    [{ width: 9, height: 5, depth: 1, colourType: 0 }, 5 * 3],
    [{ width: 3, height: 2, depth: 16, colourType: 6 }, 2 * 25],
    [
      { width: 8, height: 8, depth: 8, colourType: 0, interlace: 1 },
      1 * 2 + 1 * 2 + 3 + 6 + 10 + 20 + 36,
    ],
    [{ width: 1, height: 1, depth: 8, colourType: 3, interlace: 1 }, 2],
  ] as const
  for (const [shape, byteCount] of shapes) {
    const file = (count: number) =>
      Buffer.concat([pngSignature, pngHeader(shape), pixels(count), end])
    t.equal(await checkPng(file(byteCount)), undefined, JSON.stringify(shape))
    t.equal(await checkPng(file(byteCount - 1)), 'file.damaged')
    t.equal(await checkPng(file(byteCount + 5_000)), 'file.tooComplex')
  }
})

t.test('a PNG with something wrong in it is refused', async t => {
  const wrong = (...parts: Buffer[]) => Buffer.concat([pngSignature, ...parts])
  const changed = aPng()
  changed[20] = (changed[20] ?? 0) ^ 1

  t.equal(await checkPng(Buffer.concat([aPng(), html])), 'file.trailing')
  t.equal(await checkPng(changed), 'file.damaged', 'a checksum does not fit')
  t.equal(await checkPng(wrong(pixels(20), end)), 'file.damaged', 'no header')
  t.equal(await checkPng(wrong(pngHeader(), pngHeader(), pixels(20), end)), 'file.damaged')
  t.equal(await checkPng(wrong(pngHeader({ depth: 4 }), pixels(20), end)), 'file.damaged')
  t.equal(await checkPng(wrong(pngHeader({ width: 30_000, height: 1 }), end)), 'file.pixels')
  t.equal(await checkPng(wrong(pngHeader({ width: 9_000, height: 9_000 }), end)), 'file.pixels')
  t.equal(await checkPng(wrong(pngHeader({ width: 0 }), end)), 'file.pixels')
  t.equal(
    await checkPng(aPng({ more: [chunk('ABCD', html)] })),
    'file.damaged',
    'unknown and needed',
  )
  t.equal(
    await checkPng(aPng({ more: [chunk('tEXt', html)] })),
    undefined,
    'unknown and not needed',
  )
})

t.test('a JPEG with something wrong in it is refused', async t => {
  t.equal(checkJpeg(aJpeg({ scans: 10 })), undefined)
  t.equal(checkJpeg(aJpeg({ after: Buffer.alloc(16) })), undefined, 'padding')
  t.equal(checkJpeg(aJpeg({ after: aJpeg() })), undefined, 'a preview')
  t.equal(checkJpeg(aJpeg({ after: html })), 'file.trailing')
  t.equal(checkJpeg(aJpeg({ after: Buffer.concat([aJpeg(), html]) })), 'file.trailing')
  t.equal(checkJpeg(Buffer.concat(Array.from({ length: 5 }, () => aJpeg()))), 'file.trailing')
  t.equal(checkJpeg(aJpeg({ width: 30_000 })), 'file.pixels')
  t.equal(checkJpeg(aJpeg({ height: 0 })), 'file.pixels')
  t.equal(checkJpeg(aJpeg({ scans: 100 })), 'file.tooComplex')
  t.equal(checkJpeg(aJpeg({ scans: 0 })), 'file.damaged')
})

t.test('no picture passes that breaks off', async t => {
  for (const whole of [aPng(), aJpeg()]) {
    for (let length = 0; length < whole.length; length++) {
      const verdict = await checkFile(whole.subarray(0, length))
      if (!('rule' in verdict)) t.fail(`${length} of ${whole.length} bytes pass`)
    }
  }
})

t.test('random bytes behind a right beginning are refused or pass, and end nothing', async t => {
  const beginnings = [aPng().subarray(0, 33), aJpeg().subarray(0, 90), Buffer.from('%PDF-1.7\n')]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...beginnings),
      fc.uint8Array({ maxLength: 300 }),
      async (beginning, rest) => {
        const verdict = await checkFile(Buffer.concat([beginning, rest]))
        t.ok('rule' in verdict || 'kind' in verdict)
      },
    ),
    { numRuns: 300 },
  )
})
