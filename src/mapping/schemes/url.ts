import { malformed } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Scheme } from './scheme.ts'

/**
 * An http(s) URL that carries no identifier of another system: host in lower case, default port
 * and fragment dropped, path and query as they are (RFC 3986 §6.2).
 */
export const url: Scheme = {
  system: 'url',
  parse(_text, { url }) {
    if (url === undefined) return undefined
    if (url.hasUser) {
      throw malformed(
        'url.user',
        say('网址中不得含用户名或密码', 'a URL here has no user name or password'),
      )
    }
    const authority = `${url.host}${url.path}`
    return { system: 'url', text: url.text, key: `url:${url.text}`, authority }
  },
}
