import type { FastifyInstance, FastifySchema } from 'fastify'
import { failures } from '../../model/failures.ts'
import type { Text } from '../../model/text.ts'
import { failureStatuses, type ProblemCode, wireFailures } from './problem.ts'

/** `/docs/errors`: what the `type` of a problem leads to, one row a code, the code its anchor (RFC 9457 §3.1.1). */
export function publishErrors(app: FastifyInstance): void {
  const page = Buffer.from(renderPage())
  app.get(
    '/docs/errors',
    { config: { action: 'public' }, schema: { hide: true } as FastifySchema },
    async (_request, reply) => {
      reply.headers({
        'Content-Type': 'text/html; charset=utf-8',
        'Cache-Control': 'public, max-age=3600',
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      })
      return reply.send(page)
    },
  )
}

/** Nothing in it comes from outside: codes and texts of two tables of ours. */
function renderPage(): string {
  const rows = [
    ...Object.entries(failures).map(([code, text]) =>
      row(code, failureStatuses[code as keyof typeof failures], text),
    ),
    ...Object.entries(wireFailures).map(([code, { status, title }]) =>
      row(code as ProblemCode, status, title),
    ),
  ]
  return `<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>qxm: 错误代码 · error codes</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
td,th{padding:.3rem .8rem;text-align:left;vertical-align:top}tr:target{background:#fd6}code{white-space:nowrap}</style></head>
<body><h1>错误代码 <span lang="en">· error codes</span></h1>
<table><thead><tr><th>code</th><th>HTTP</th><th>中文</th><th lang="en">English</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></body></html>
`
}

function row(code: string, status: number, { zh, en }: Text): string {
  return `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${zh}</td><td lang="en">${en}</td></tr>`
}
