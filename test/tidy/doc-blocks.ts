import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'
import type { Test } from 'tap'
import { root } from './tree.ts'

/** A fenced block of a document that a reader may carry out. */
export interface DocBlock {
  readonly language: 'sh' | 'http'
  readonly text: string
  /** Of its first fence, from 1. */
  readonly line: number
  /** The block right behind it, if that is output: `json` and `http` answers, or `text`. */
  readonly expected:
    | { readonly language: 'json' | 'text' | 'http'; readonly text: string }
    | undefined
  /** From `<!-- not run: reason -->` right before the block. */
  readonly notRun: string | undefined
}

/** Where the node under a document's blocks is. */
export interface DocNode {
  /** `http://127.0.0.1:34567` */
  readonly http: string
  readonly ops: string
  /** `127.0.0.1:34568`; absent: no block asks over Handle. */
  readonly handle?: string
}

export interface DocOptions {
  /** Added to the environment of `sh` blocks: a key, for example. */
  readonly env?: Readonly<Record<string, string>>
}

/** Longest that one block may take. */
const blockMsMax = 30_000

/** The addresses that documents name, and what stands for them while they are tested. */
const documented = {
  http: 'http://127.0.0.1:8000',
  ops: 'http://127.0.0.1:9464',
  handle: '127.0.0.1:2641',
}

/**
 * Finds the blocks to carry out, in order.
 * @throws Error for a fence that would silently not be tested: one that never ends, or shell under another name
 */
export function docBlocks(document: string): DocBlock[] {
  const fences = fencesOf(document)
  const blocks: DocBlock[] = []
  for (const [index, fence] of fences.entries()) {
    const { language, text, line } = fence
    if (['bash', 'shell', 'console', 'curl'].includes(language)) {
      throw new Error(`line ${line}: write sh instead of ${language}, so that the block is tested`)
    }
    const isAnswer = language === 'http' && text.startsWith('HTTP/')
    if ((language !== 'sh' && language !== 'http') || isAnswer) continue
    const notRun = /<!-- not run: (.+?) -->\s*$/.exec(fence.before)?.[1]
    blocks.push({ language, text, line, expected: outputIn(fences[index + 1]), notRun })
  }
  return blocks
}

/** Carries out a document's blocks in one temporary folder, against one node; each is a test named by its line. */
export async function runDocument(
  t: Test,
  document: string,
  node: DocNode,
  options: DocOptions = {},
): Promise<void> {
  const folder = t.testdir({ bin: {}, work: {} })
  writeProgram(path.join(folder, 'bin', 'qxm'))
  for (const block of docBlocks(document)) {
    const name = `line ${block.line}: ${block.text.split('\n')[0]}`
    const skip = block.notRun ?? false
    await t.test(name, { skip }, async t => {
      const text = toNode(block.text, node)
      const output =
        block.language === 'sh'
          ? await runShell(folder, text, node, options)
          : await ask(text, node)
      if (block.expected === undefined) return
      const difference = compare(block.expected, toDocument(output, node))
      t.equal(difference, undefined, 'says what the document says')
    })
  }
}

/**
 * Compares output with what a document shows, in which `…` stands for anything. JSON may be laid out in any way. An
 * `http` answer shows its status line, any of its headers and perhaps its body.
 * @returns undefined where they agree, else both, for a person
 */
export function compare(
  expected: NonNullable<DocBlock['expected']>,
  output: string,
): string | undefined {
  const agrees = { json: agreesAsJson, text: agreesAsText, http: agreesAsAnswer }[expected.language]
  return agrees(expected.text, output)
    ? undefined
    : `expected:\n${expected.text}\nfound:\n${output}`
}

interface Fence {
  readonly language: string
  readonly text: string
  readonly line: number
  /** The prose between the fence before and this one. */
  readonly before: string
}

function fencesOf(document: string): Fence[] {
  const fences: Fence[] = []
  let open: { marks: string; language: string; line: number; before: string } | undefined
  let gathered: string[] = []
  for (const [index, text] of document.split('\n').entries()) {
    if (open === undefined) {
      const [, marks, language = ''] = /^(```+) *(\w*)/.exec(text) ?? []
      if (marks === undefined) {
        gathered.push(text)
        continue
      }
      open = { marks, language, line: index + 1, before: gathered.join('\n') }
      gathered = []
    } else if (text.trimEnd() === open.marks) {
      const { language, line, before } = open
      fences.push({ language, line, before, text: gathered.join('\n') })
      open = undefined
      gathered = []
    } else gathered.push(text)
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block never ends`)
  return fences
}

/** Output follows its block with nothing but perhaps a line of prose between. */
function outputIn(fence: Fence | undefined): DocBlock['expected'] {
  if (fence === undefined || fence.before.trim().split('\n').length > 1) return undefined
  const { language, text } = fence
  if (language === 'json' || language === 'text') return { language, text }
  return language === 'http' && text.startsWith('HTTP/') ? { language, text } : undefined
}

function toNode(text: string, node: DocNode): string {
  return places(node).reduce((all, [shown, real]) => all.replaceAll(shown, real), text)
}

function toDocument(text: string, node: DocNode): string {
  return places(node).reduce((all, [shown, real]) => all.replaceAll(real, shown), text)
}

function places({ http, ops, handle = documented.handle }: DocNode) {
  return [
    [documented.http, http],
    [documented.ops, ops],
    [documented.handle, handle],
  ] as const
}

/** The program as an installed one would be found. */
function writeProgram(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const program = path.join(root, 'dist', 'src', 'main.js')
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 })
}

/** @returns what it wrote to standard output */
function runShell(
  folder: string,
  script: string,
  node: DocNode,
  { env = {} }: DocOptions,
): Promise<string> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: path.join(folder, 'work'),
    env: {
      PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}`,
      HOME: folder,
      LANG: 'C.UTF-8',
      QXM_URL: node.http,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: blockMsMax,
  })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', chunk => output.push(chunk))
  child.stderr.on('data', chunk => errors.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const said = Buffer.concat(output).toString()
      if (code === 0) resolve(said)
      else reject(new Error(`ended with ${code ?? signal}:\n${said}${Buffer.concat(errors)}`))
    })
  })
}

/** Sends a request as it is written: request line, headers, an empty line, body. */
function ask(text: string, node: DocNode): Promise<string> {
  const [head = '', ...bodyParts] = text.split('\n\n')
  const [requestLine = '', ...headerLines] = head.split('\n')
  const [method = 'GET', target = '/'] = requestLine.split(' ')
  const body = bodyParts.join('\n\n')
  const headers = Object.fromEntries(headerLines.map(line => line.split(/: */, 2)))
  const base = target.startsWith('http') ? target : `${node.http}${target}`
  const { hostname, port } = new URL(base)
  const options = { method, hostname, port, path: base.replace(/^http:\/\/[^/]*/, ''), headers }
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, timeout: blockMsMax }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => {
        const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`]
        for (let index = 0; index < response.rawHeaders.length; index += 2) {
          lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`)
        }
        resolve(`${lines.join('\n')}\n\n${Buffer.concat(chunks)}`)
      })
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Everything outside the texts of JSON is layout. A text with `…` in it is a text all the same. */
function agreesAsJson(expected: string, output: string): boolean {
  return wildcard(compactJson(expected)).test(compactJson(bodyOf(output)))
}

function compactJson(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, part => (part.startsWith('"') ? part : ''))
}

function agreesAsText(expected: string, output: string): boolean {
  const tidy = (text: string) => text.replace(/[ \t]+$/gm, '').trimEnd()
  return wildcard(tidy(expected)).test(tidy(bodyOf(output)))
}

function agreesAsAnswer(expected: string, output: string): boolean {
  const [head = '', ...bodyParts] = expected.split('\n\n')
  const [foundHead = ''] = output.split('\n\n')
  const [statusLine = '', ...headers] = head.split('\n')
  const [foundStatusLine = '', ...foundHeaders] = foundHead.split('\n')
  const body = bodyParts.join('\n\n').trim()
  return (
    wildcard(statusLine).test(foundStatusLine) &&
    headers.every(header => foundHeaders.some(found => wildcard(header, 'i').test(found))) &&
    (body === '' || (/^[[{]/.test(body) ? agreesAsJson : agreesAsText)(body, output))
  )
}

/** What follows the head of an answer; the whole where there is none, as of a shell block. */
function bodyOf(output: string): string {
  return output.startsWith('HTTP/') ? output.slice(output.indexOf('\n\n') + 2) : output
}

function wildcard(text: string, flags = ''): RegExp {
  const parts = text.split('…').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*?')}$`, flags)
}
