import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { answerHead, giveHead, makeHeadEnding } from '../../../src/protocols/http/answer-head.ts'

const headers = ['Content-Type', 'text/plain', 'Age', '7', 'Vary', 'Accept', 'Content-Length', '2']

t.test('a head that is given whole goes out as node writes the same headers', async t => {
  const keepAliveTimeout = 9_000
  const ending = makeHeadEnding(keepAliveTimeout, Date)
  const isGiven: boolean[] = []
  const server = createServer({ keepAliveTimeout }, ({ url }, response) => {
    const { before, behind } = answerHead(headers)
    if (url === '/given') isGiven.push(giveHead(response, `${before}7${behind}${ending().text}`))
    else response.writeHead(200, headers)
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }

  const socket = connect(port, '127.0.0.1')
  const answers: string[] = []
  for (const path of ['/given', '/written', '/given']) {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const [bytes] = await once(socket, 'data')
    answers.push(String(bytes).replace(/^Date: .*$/m, 'Date: *'))
  }

  t.strictSame(isGiven, [true, true], 'node keeps the head of a response where we look for it')
  t.match(answers[0], /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nAge: 7\r\n/)
  t.equal(answers[0], answers[1])
  t.equal(answers[2], answers[1])
})

t.test('a response that keeps its head elsewhere, or has one, is left as it is', async t => {
  for (const response of [{}, { _header: 'HTTP/1.1 404 Not Found\r\n' }]) {
    const before = { ...response }

    t.notOk(giveHead(response as unknown as ServerResponse, 'HTTP/1.1 200 OK\r\n'))
    t.strictSame(response, before)
  }
})

t.test('a head without an age is one piece', async t => {
  t.strictSame(answerHead(['Vary', 'Accept']), {
    before: 'HTTP/1.1 200 OK\r\nVary: Accept\r\n',
    behind: '',
  })
})
