import { say, type Text } from '../model/text.ts'

/** How a command ended, for scripts; the same for every command. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unavailable: 5,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodeTexts: Readonly<Record<keyof typeof exitCodes, Text>> = {
  ok: say('成功', 'done'),
  failed: say('失败，或检查发现问题', 'failed, or a check found something'),
  usage: say('命令行、输入或配置有误', 'the command line, the input or the configuration is wrong'),
  notFound: say('没有此标识或对象', 'there is no such identifier or thing'),
  refused: say(
    '无凭证、无权限，或数据正被节点占用',
    'no credential, not permitted, or a node holds the store',
  ),
  unavailable: say('节点或存储不可用', 'the node or the store is not available'),
}

/** @param status of an HTTP answer that is a problem */
export function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 401:
    case 403:
      return exitCodes.refused
    case 404:
    case 410:
      return exitCodes.notFound
    case 400:
    case 413:
    case 414:
    case 415:
      return exitCodes.usage
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return exitCodes.unavailable
    default:
      return exitCodes.failed
  }
}
