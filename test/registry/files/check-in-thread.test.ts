import t from 'tap'
import { makeFileCheck } from '../../../src/registry/files/check-in-thread.ts'
import { aPdf, aPng, aStream } from './some-files.ts'

/** Says to hold more objects than any machine has room for. */
function aGreedyPdf(): Buffer {
  const index = Buffer.alloc(3)
  const entries = '/Type /XRef /Size 2000000000 /W [1 1 1] /Root 1 0 R'
  return aPdf({ 9: aStream(entries, index) })
}

t.test('a file is checked in a thread', async t => {
  const check = makeFileCheck()

  t.same(await check(aPdf()), { kind: 'pdf' })
  t.same(await check(aPng()), { kind: 'png' })
  t.same(await check(aPdf({ 4: '<< /JS (x) >>' })), { rule: 'pdf.script' })
})

t.test('a file that takes too long is refused at its deadline', async t => {
  const check = makeFileCheck({ checkMsMax: 1 })

  t.same(await check(aGreedyPdf()), { rule: 'file.tooSlow' })
})

t.test('a file that takes all memory ends its own thread and nothing else', async t => {
  const check = makeFileCheck({ checkMsMax: 60_000, memoryMbMax: 24 })

  const verdict = check(aGreedyPdf())
  const next = check(aPng())

  t.same(await verdict, { rule: 'file.tooComplex' })
  t.same(await next, { kind: 'png' })
})

t.test('a file that comes while many wait is sent away', async t => {
  const check = makeFileCheck()
  const waiting = Array.from({ length: 8 }, () => check(aPng()))

  await t.rejects(check(aPng()), { code: 'TOO_MANY', retryAfterSeconds: 5 })

  t.equal((await Promise.all(waiting)).length, 8)
  t.same(await check(aPng()), { kind: 'png' })
})
