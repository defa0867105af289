import t from 'tap'
import { makeClosers } from '../../src/runtime/closers.ts'

const quiet = { warn: () => undefined }

t.test('closes in reverse, one after the other', async t => {
  const order: string[] = []
  const closers = makeClosers(quiet)
  closers.add('store', () => order.push('store'))
  closers.add('listener', async () => {
    await new Promise(resolve => setTimeout(resolve, 5))
    order.push('listener')
  })

  const failed = await closers.close()

  t.same(order, ['listener', 'store'])
  t.same(failed, [])
})

t.test('what fails or hangs is logged and named, and the rest is closed all the same', async t => {
  const logged: unknown[] = []
  const order: string[] = []
  const closers = makeClosers({ warn: (fields: unknown) => logged.push(fields) })
  closers.add('store', () => order.push('store'))
  closers.add('cache', () => Promise.reject(new Error('gone')))
  closers.add('pool', () => {
    throw new Error('broken')
  })
  closers.add('listener', () => new Promise(() => undefined), 10)

  const failed = await closers.close()

  t.same(order, ['store'])
  t.same(failed, ['listener', 'pool', 'cache'])
  t.match(logged, [
    { resource: 'listener', err: { message: 'did not close within 10 ms' } },
    { resource: 'pool', err: { message: 'broken' } },
    { resource: 'cache', err: { message: 'gone' } },
  ])
})

t.test('closing twice closes once', async t => {
  let count = 0
  const closers = makeClosers(quiet)
  closers.add('store', () => {
    count += 1
  })

  await Promise.all([closers.close(), closers.close()])

  t.equal(count, 1)
})

t.test('what opens after closing began is closed too, before the closing is over', async t => {
  const order: string[] = []
  const closers = makeClosers(quiet)
  closers.add('slow', async () => {
    await new Promise(resolve => setTimeout(resolve, 5))
    order.push('slow')
  })

  const closing = closers.close()
  closers.add('late', () => order.push('late'))
  await closing
  closers.add('later', () => order.push('later'))
  await closers.close()

  t.same(order, ['slow', 'late', 'later'])
})

t.test('await using closes when opening fails halfway', async t => {
  const order: string[] = []
  const start = async () => {
    await using closers = makeClosers(quiet)
    closers.add('store', () => order.push('store'))
    throw new Error('the port is taken')
  }

  await t.rejects(start(), { message: 'the port is taken' })

  t.same(order, ['store'])
})
