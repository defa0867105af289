import type { Call } from './command.ts'
import { withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json } from './print.ts'
import {
  type Application,
  type ApplicationSummary,
  applicationList,
  applicationText,
} from './print-application.ts'

/** Asks for one application, or does something with it, and prints it as it is then. */
export async function show(
  call: Call,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: unknown,
) {
  const application = await withNode(call, node =>
    node.call<Application>(method, path, body === undefined ? {} : { body }),
  )
  await call.write(call.isJson ? json(application) : applicationText(application, call.language))
  return exitCodes.ok
}

/** Prints the applications that the caller may see. */
export async function list(call: Call, query: Readonly<Record<string, string | undefined>>) {
  const found = await withNode(call, node =>
    allOf<ApplicationSummary>(node, '/v1/applications', query),
  )
  await call.write(call.isJson ? json(found) : applicationList(found, call.language))
  return exitCodes.ok
}

export function pathOf({ arguments: [id = ''] }: Call): string {
  return `/v1/applications/${encodeURIComponent(id)}`
}
