import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { compare, docBlocks, runDocument } from './doc-blocks.ts'

const document = `# Title

Ask:

~~~sh
curl -s http://127.0.0.1:8000/a
~~~
~~~json
{ "a": 1 }
~~~

<!-- not run: it takes the port -->

~~~sh
npm start
~~~

Some words,

and more of them.

~~~text
not the output of the above
~~~

~~~http
GET /b HTTP/1.1
Accept: text/plain
~~~

is answered with

~~~http
HTTP/1.1 200 OK
~~~

~~~ts
const nothing = 1
~~~
`.replaceAll('~~~', '```')

t.test('blocks of sh and http are found with their output, in order', async t => {
  t.match(docBlocks(document), [
    {
      language: 'sh',
      line: 5,
      text: 'curl -s http://127.0.0.1:8000/a',
      expected: { language: 'json', text: '{ "a": 1 }' },
      notRun: undefined,
    },
    { language: 'sh', line: 14, expected: undefined, notRun: 'it takes the port' },
    {
      language: 'http',
      line: 26,
      text: 'GET /b HTTP/1.1\nAccept: text/plain',
      expected: { language: 'http', text: 'HTTP/1.1 200 OK' },
    },
  ])
  t.equal(docBlocks(document).length, 3)
})

t.test('a fence of other marks inside a block belongs to it', async t => {
  const [block] = docBlocks('````sh\necho "```"\n````\n')

  t.equal(block?.text, 'echo "```"')
})

t.test('what would silently not be tested is refused', async t => {
  t.throws(() => docBlocks('```bash\nls\n```\n'), { message: /line 1: write sh/ })
  t.throws(() => docBlocks('```sh\nls\n'), { message: /line 1: the block never ends/ })
})

t.test('JSON agrees in any layout, … stands for anything', async t => {
  const json = (text: string, output: string) => compare({ language: 'json', text }, output)

  t.equal(json('{ "a": [1, 2],\n "b": "x  y" }', '{"a":[1,2],"b":"x  y"}\n'), undefined)
  t.equal(json('{ "a": 1, … }', '{"a":1,"b":{"c":2}}'), undefined)
  t.equal(json('{ "at": "…", "b": […] }', '{"at":"2026-11-23","b":[1,{}]}'), undefined)
  t.match(json('{ "a": 1 }', '{"a":2}'), /expected:\n{ "a": 1 }\nfound:\n/)
  t.type(json('{ "b": "x y" }', '{"b":"x  y"}'), 'string', 'blanks in a text count')
  t.type(json('{ "a.c": 1 }', '{"abc":1}'), 'string', 'a dot is a dot')
  t.type(json('{ "a": 1 }', '{"a":1,"b":2}'), 'string', 'nothing more than what is shown')
})

t.test('text agrees line by line, blanks at the ends apart', async t => {
  const text = (shown: string, output: string) => compare({ language: 'text', text: shown }, output)

  t.equal(text('one  \ntwo', 'one\ntwo\n'), undefined)
  t.equal(text('… rows in … ms', '20 rows in 3 ms'), undefined)
  t.type(text('one', 'one\ntwo'), 'string')
})

t.test(
  'an answer agrees when it has the status, the headers shown, and the body if shown',
  async t => {
    const answer = 'HTTP/1.1 200 OK\nETag: "17"\nDate: today\n\n{"a":1}'
    const http = (text: string) => compare({ language: 'http', text }, answer)

    t.equal(http('HTTP/1.1 200 OK'), undefined)
    t.equal(http('HTTP/1.1 200 …\netag: "…"\n\n{ "a": 1 }'), undefined)
    t.type(http('HTTP/1.1 404 Not Found'), 'string')
    t.type(http('HTTP/1.1 200 OK\nAge: 3'), 'string')
    t.type(http('HTTP/1.1 200 OK\n\n{ "a": 2 }'), 'string')
  },
)

t.test('a document is carried out against a node, its blocks in one folder', async t => {
  const node = await aFakeNode(t)
  const lines = [
    '```sh\ncurl -sf http://127.0.0.1:8000/a%20b > answer.json\n```',
    '```sh\ncat answer.json\n```',
    '```json\n{ "method": "GET", "url": "/a%20b", "self": "http://127.0.0.1:8000/x" }\n```',
    '```http\nPOST //c/../d HTTP/1.1\nContent-Type: text/plain\n\nbody\n```',
    '```http\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n{ "method": "POST", "url": "//c/../d", … }\n```',
    '<!-- not run: because -->\n```sh\nfalse\n```',
  ]

  await runDocument(t, lines.join('\n'), node)
})

async function aFakeNode(t: Test) {
  const server = createServer(({ method, url }, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url, self: `http://${address()}/x` }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  function address() {
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return { http: `http://${address()}`, ops: 'http://127.0.0.1:1' }
}
