import t from 'tap'
import { wantsPage } from '../../../../src/protocols/http/pages/wants-page.ts'

t.test('browsers name HTML and get a page', async t => {
  const accepts = [
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8',
    'text/html',
    'TEXT/HTML;q=0.3',
    'application/json;q=0.5, text/html',
    'text/html, application/json',
    'application/xhtml+xml',
  ]

  for (const accept of accepts) t.equal(wantsPage(accept), true, accept)
})

t.test('who does not name HTML, refuses it or likes data better gets data', async t => {
  const accepts = [
    undefined,
    '',
    '*/*',
    'text/*',
    'application/json',
    'application/x-protobuf',
    'text/html;q=0',
    'text/html;q=0.5, application/json',
    'application/json, text/html',
    'application/x-protobuf, text/html;q=0.9',
    `${'x/y,'.repeat(300)}text/html`,
  ]

  for (const accept of accepts) t.equal(wantsPage(accept), false, String(accept))
})
