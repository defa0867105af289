/** A node of the sandbox, and an operator's key of it. */
export interface NodeAccess {
  readonly url: string
  readonly key: string
}

const answerMsMax = 30_000

/** Any answer, problems included. */
export async function askNode(
  { url, key }: NodeAccess,
  method: string,
  path: string,
  body: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerMsMax),
  })
  return { status: answer.status, body: await answer.json() }
}

/** @throws Error with the problem for every answer that is not good */
export async function demandNode(
  node: NodeAccess,
  method: string,
  path: string,
  body: object,
): Promise<unknown> {
  const answer = await askNode(node, method, path, body)
  if (answer.status < 400) return answer.body
  throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
}
