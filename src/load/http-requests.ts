import type { Place, Question } from './load.ts'

/** What is asked of the HTTP door: our own answer, the same as protobuf, the Handle REST API, or many in one request. */
export const httpForms = ['json', 'protobuf', 'rest', 'batch'] as const
export type HttpForm = (typeof httpForms)[number]

/** Identifiers in one request of a batch: what the goals of batches are stated for. */
export const batchSize = 100

/** The requests that are asked, one after another, encoded once. */
export function encodeRequests(
  identifiers: readonly string[],
  { form, isCold }: { readonly form: HttpForm; readonly isCold: boolean },
  { host, port }: Place,
): readonly Question[] {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  // RFC 9111 §5.2.1.4
  const more = isCold ? 'Cache-Control: no-cache\r\n' : ''
  if (form === 'batch') return encodeBatches(identifiers, authority, more)
  const accept = form === 'protobuf' ? 'application/x-protobuf' : 'application/json'
  const under = form === 'rest' ? '/api/handles/' : '/v1/resolve/'
  return identifiers.map(identifier => ({
    bytes: Buffer.from(
      `GET ${under}${encodeURI(identifier).replaceAll('?', '%3F').replaceAll('#', '%23')} HTTP/1.1\r\n` +
        `Host: ${authority}\r\nAccept: ${accept}\r\n${more}\r\n`,
    ),
    answerCount: 1,
  }))
}

function encodeBatches(
  identifiers: readonly string[],
  authority: string,
  more: string,
): Question[] {
  const questions: Question[] = []
  for (let at = 0; at < identifiers.length; at += batchSize) {
    const asked = Array.from(
      { length: batchSize },
      (_, i) => identifiers[(at + i) % identifiers.length],
    )
    const body = Buffer.from(JSON.stringify({ identifiers: asked }))
    const head =
      `POST /v1/resolve:batch HTTP/1.1\r\nHost: ${authority}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n${more}\r\n`
    questions.push({ bytes: Buffer.concat([Buffer.from(head), body]), answerCount: batchSize })
  }
  return questions
}
