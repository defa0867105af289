/** Requests as bytes, right and wrong, made from a seed: what a client, a scanner or a smuggler may send. */

import type { Random } from '../../../support/random.ts'

const paths = [
  '/v1/resolve/88.118.8/ABC-1',
  '/v1/resolve/88.118.8%2FABC-1',
  '/v1/resolve/88.118.8/abc-1',
  '/v1/resolve/88.118.8/none',
  '/v1/resolve/88.118.9/x',
  '/v1/resolve/99.1/foreign',
  '/v1/resolve/01/06901234567892/21/S1',
  '/r/88.118.8/ABC-1',
  '/r/88.118.8/none',
  '/r/88.118.8/ABC-1?from=wx',
  '/r/',
  '/C/88.118.8/ABC-1',
  '/C/88.118.8/none',
  '/C/88.118.8/%41BC-1',
  '/C/88.118.8%2FABC-1',
  '/C/88.118.8/ABC-1/',
  '/C/88.118.8//ABC-1',
  '/C//ABC-1',
  '/C/88.118.8/',
  '/C/88.118.8/ABC-1?from=wx',
  '/api/handles/88.118.8/ABC-1',
  '/api/handles/88.118.8%2Fabc-1',
  '/api/handles//88.118.8/ABC-1',
  '/api/handles/88.118.8/none',
  '/api/handles/88.118.8/%zz',
  '/api/handles/88.118.8/ABC-1?index=1',
  '/api/handles/',
  '/api/handles/0',
  '/v1/resolve/88.118.8/ABC-1?type=URL',
  '/v1/resolve/88.118.8/ABC-1#x',
  '/v1/resolve/88.118.8/%zz',
  '/v1/resolve/88.118.8/%00',
  '/v1/resolve/',
  '/v1/resolve/"<>\\^`{|}',
  '/v1/resolve/阀门',
  '/v1/resolve',
  '/v1//resolve/88.118.8/ABC-1',
  'http://elsewhere.example/v1/resolve/88.118.8/ABC-1',
  '/livez',
  '*',
  '',
]
/** What is answered from memory, and what memory knows not to exist. */
const plainPaths = [
  ...['/v1/resolve/88.118.8/ABC-1', '/v1/resolve/88.118.8%2FABC-1', '/v1/resolve/88.118.8/abc-1'],
  ...['/v1/resolve/88.118.8/ABC-1', '/r/88.118.8/ABC-1', '/api/handles/88.118.8/ABC-1'],
  '/C/88.118.8/ABC-1',
  ...['/v1/resolve/88.118.8/none', '/r/88.118.8/none', '/v1/resolve/99.1/foreign'],
  '/api/handles/88.118.8/none',
]
const methods = ['GET', 'HEAD', 'POST', 'OPTIONS', 'get', 'PUT', 'BREW', 'GE T']
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', '']
const lines = [
  'Accept: application/json',
  'Accept: application/x-protobuf',
  'Accept: application/linkset+json',
  'Accept: application/x-protobuf;q=0.5, application/json;q=0.1',
  'Accept:',
  'User-Agent: curl/8',
  'user-agent: \t x ',
  'Accept-Encoding: gzip, br',
  'Accept-Language: en',
  'Accept: text/html, */*;q=0.1',
  'Origin: https://page.example',
  'Connection: keep-alive',
  'Connection: Keep-Alive',
  'Connection: close',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Host: y',
  'Host : x',
  'X-Forwarded-For: 203.0.113.7',
  'If-None-Match: *',
  'Range: bytes=0-1',
  'Authorization: Bearer nobody',
  'Cookie: a=b',
  'Cache-Control: no-cache',
  'Expect: 100-continue',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Accept: a\r\n folded',
  'No-Colon',
  ': no name',
  'Bad\u0000Name: x',
  'X-Bytes: \u00ff\u0080',
  `X-Long: ${'y'.repeat(3000)}`,
]
const tails = ['', '', '', 'hello', '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n', '\r\n', 'GET /livez HT']

const identifiers = [
  ...['88.118.8/ABC-1', '88.118.8/abc-1', '88.118.8/ABC-1', '88.118.9/x', '99.1/foreign'],
  ...['88.118.8/none', '88.118.8%2FABC-1', '', '阀门', '88.118.8/"x"', 'a\\b', '\u0000', '\ud800'],
]
const bodies = [
  ...['{"identifiers":[]}', '{"identifiers":[1]}', '{"identifiers":"x"}', '{}', '[]', 'null', ''],
  ...['{"identifiers":["88.118.8/ABC-1"],"more":1}', '{"identifiers":["88.118.8/ABC-1",]}'],
  ...[
    '{"identifiers":["88.118.8/ABC-1"]',
    '{"identifiers":["88.118.8/ABC-1"]}}',
    '{"identifiers":',
  ],
  ...[
    '{"identifiers":["88.118.8/ABC-1"],"identifiers":[]}',
    '{ "identifiers" : ["88.118.8/ABC-1"] }',
  ],
  ...['{"identifiers":["88.118.8/ABC-1\\u0041"]}', '{"\\u0069dentifiers":["88.118.8/ABC-1"]}'],
  ...['\ufeff{"identifiers":["88.118.8/ABC-1"]}', '{"identifiers":["88.118.8/\xff"]}'],
]
const types = ['application/json', 'application/json', 'application/json; charset=utf-8']
const otherTypes = ['application/json;charset=gbk', 'text/plain', 'application/jsonx', '']

/** Mostly plain batches of what is in memory. */
function aBatch(random: Random): string {
  const isPlain = random.below(3) > 0
  const asked = Array.from({ length: 1 + random.below(8) }, () =>
    isPlain ? random.one(identifiers.slice(0, 3)) : random.one(identifiers),
  )
  const whole = JSON.stringify({ identifiers: asked })
  const spaced = random.below(3) === 0 ? whole.replaceAll('",', '", ').replace(':', ': ') : whole
  const body = !isPlain && random.below(2) === 0 ? random.one(bodies) : spaced
  const bytes = Buffer.from(body).toString('latin1')
  const type = !isPlain && random.below(4) === 0 ? random.one(otherTypes) : random.one(types)
  const off = !isPlain && random.below(8) === 0 ? random.one([-1, 1, 70_000]) : 0
  const lengths = [`Content-Length: ${Math.max(0, bytes.length + off)}`]
  if (!isPlain && random.below(6) === 0) lengths.push(random.one(lines))
  const more = random.below(3) === 0 ? `${lines[random.below(3)]}\r\n` : ''
  const head = `Host: x\r\nContent-Type: ${type}\r\n${lengths.join('\r\n')}\r\n${more}`
  return `POST /v1/resolve:batch HTTP/1.1\r\n${head}\r\n${bytes}`
}

/** Mostly right, so that wrong ones are met by a connection that has been answered before. */
export function aRequest(random: Random): string {
  if (random.below(4) === 0) {
    const batch = aBatch(random)
    return random.below(10) === 0 ? mutated(batch, random) : batch
  }
  const isPlain = random.below(2) === 0
  const path = isPlain ? random.one(plainPaths) : random.one(paths)
  if (isPlain) return `GET ${path} HTTP/1.1\r\nHost: x\r\n${aPlainLine(random)}\r\n`
  const method = random.below(3) === 0 ? random.one(methods) : 'GET'
  const version = random.below(6) === 0 ? random.one(versions) : 'HTTP/1.1'
  const host = random.below(8) === 0 ? '' : 'Host: x\r\n'
  const headers = Array.from({ length: random.below(4) }, () => `${random.one(lines)}\r\n`)
  const text = `${method} ${path} ${version}\r\n${host}${headers.join('')}\r\n${random.one(tails)}`
  return random.below(10) === 0 ? mutated(text, random) : text
}

function aPlainLine(random: Random): string {
  return random.below(2) === 0 ? '' : `${lines[random.below(3)]}\r\n`
}

/** One byte left out, doubled, or replaced by another that parsers stumble over. */
function mutated(text: string, random: Random): string {
  const at = random.below(text.length)
  const others = ['', '\r', '\n', '\0', ' ', '\t', ':', '\u00ff', text[at] ?? '', '\r\n\r\n']
  return text.slice(0, at) + random.one(others) + text.slice(at + 1)
}

/** What one connection sends, in the pieces it sends it in. The last request asks for the end of the connection. */
export function aConversation(random: Random): Buffer[] {
  const requests = Array.from({ length: 1 + random.below(5) }, () => aRequest(random))
  const text = `${requests.join('')}GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
  const bytes = Buffer.from(text, 'latin1')
  const cuts = Array.from({ length: random.below(3) }, () => random.below(bytes.length)).sort(
    (a, b) => a - b,
  )
  return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i]))
}
