import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import { checkSymbolOf } from '../../src/model/code.ts'
import { readPng, scan } from '../services/labels/read-label.ts'
import { aNode } from '../support/node.ts'

const codeUrl = '/C/88.118.1/1XJRACLXEEWEA9'
/** One node for every scan: it only answers. */
const { http } = await aNode(t, { demo: true })

const browser = { accept: 'text/html', 'accept-language': 'en' }

t.test('a printed label, scanned, opens the page of its enterprise', async t => {
  const label = await fetch(`${http}/v1/enterprises/1XJRA-CLXE-EWEA9/qr.png?size=20&level=Q`)

  const text = scan(readPng(Buffer.from(await label.arrayBuffer())))
  t.equal(text, `${http.toUpperCase()}${codeUrl}`)
  const page = await fetch(text ?? '', { headers: browser })
  const html = await page.text()

  t.equal(page.status, 200)
  t.match(html, '<h1><bdi>深圳示例精密制造有限公司</bdi></h1>')
  t.match(html, 'demo')
  t.match(html, '1XJRA-CLXE-EWEA9')
})

t.test('what stands on a product opens the product, by each of its names', async t => {
  const names = ['88.118.8/ABC-1', '01/06901234000016', encodeURIComponent('hdl:88.118.8/abc-1')]

  for (const name of names) {
    const page = await fetch(`${http}/r/${name}`, { headers: browser })
    const html = await page.text()
    t.equal(page.status, 200, name)
    t.match(html, '<h1><bdi>示例轴承 ABC-1</bdi></h1>')
    t.match(html, '<dt>Batch</dt><dd>202602</dd>')
    t.match(html, `<a href="${codeUrl}">`)
  }
})

t.test('a code that was never issued opens a warning, forged or not', async t => {
  const forged = `0123456789ABC${checkSymbolOf('0123456789ABC')}`
  const notYetIssued = '1NEKL7R8AHD54B'
  const pages = []

  for (const symbols of [forged, notYetIssued]) {
    const page = await fetch(`${http}/C/88.118.1/${symbols}`, { headers: browser })
    t.equal(page.status, 404)
    pages.push((await page.text()).replaceAll(symbols, ''))
  }

  t.match(pages[0], 'never issued')
  t.equal(pages[0], pages[1])
})

const executablePath = '/usr/bin/chromium'
const withoutBrowser = existsSync(executablePath)
  ? false
  : 'no browser here: apt-get install -y chromium'

t.test(
  'a phone shows who and in what standing at once, without scripts',
  { skip: withoutBrowser },
  async t => {
    const phone = await aPhone(t)

    for (const [locale, words] of [
      ['zh-CN', ['企信码', '演示', '数据时间']],
      ['en-GB', ['Enterprise code', 'demo', 'Data as of']],
    ] as const) {
      const { page, requests, complaints } = await phone(`${http}${codeUrl}`, { locale })
      const text = await page.locator('body').innerText()

      for (const word of words) t.ok(text.includes(word), `${locale}: ${word}`)
      for (const seen of ['h1', '.standing', 'time >> nth=0']) {
        const box = await page.locator(seen).boundingBox()
        t.ok(box !== null && box.y + box.height < screen.height / 2, `${seen} is in the upper half`)
        t.ok(box !== null && box.x >= 0 && box.x + box.width <= screen.width, `${seen} fits`)
      }
      t.strictSame(requests, [`${http}${codeUrl}`], 'nothing else is loaded')
      t.strictSame(complaints, [])
    }
  },
)

t.test('a phone shows every page within its width', { skip: withoutBrowser }, async t => {
  const phone = await aPhone(t)
  const urls = [
    codeUrl,
    '/r/88.118.8/ABC-4',
    '/r/88.118.9/X',
    '/r/88.118.8',
    `/r/88.118.8/${'N0'.repeat(110)}`,
    '/C/88.118.1/1XJRACLXEEWEA8',
    '/r/86.1/X',
  ]

  for (const url of urls) {
    const { page, complaints } = await phone(`${http}${url}`, { locale: 'en-GB' })
    const width = await page.evaluate('document.documentElement.scrollWidth')
    t.equal(width, screen.width, url)
    t.strictSame(
      complaints.filter(each => !each.includes('status of 4')),
      [],
    )
  }
})

t.test('at night the page is dark', { skip: withoutBrowser }, async t => {
  const phone = await aPhone(t)
  const grounds = []
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await phone(`${http}${codeUrl}`, { locale: 'zh-CN', colorScheme })
    grounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
  }

  t.strictSame(grounds, ['rgb(255, 255, 255)', 'rgb(20, 23, 26)'])
})

t.test('a mistyped code is one tap from the right one', { skip: withoutBrowser }, async t => {
  const phone = await aPhone(t)
  const { page } = await phone(`${http}/C/88.118.1/1XJRACLXEEWEA8`, { locale: 'en-GB' })

  await page.locator('a.next').click()

  t.equal(page.url(), `${http}${codeUrl}`)
  t.equal(await page.locator('h1').innerText(), '深圳示例精密制造有限公司')
})

const screen = { width: 360, height: 740 }

interface Look {
  readonly locale: string
  readonly colorScheme?: 'light' | 'dark'
}

/** A small phone whose browser runs no scripts. */
async function aPhone(t: Test) {
  const program = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.teardown(() => program.close())

  return async (url: string, look: Look) => {
    const context = await program.newContext({
      viewport: screen,
      isMobile: true,
      deviceScaleFactor: 2,
      javaScriptEnabled: false,
      ...look,
    })
    const page = await context.newPage()
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', request => requests.push(request.url()))
    page.on('console', message => complaints.push(message.text()))
    await page.goto(url)
    return { page, requests, complaints }
  }
}
