import { say } from '../model/text.ts'
import { printConfig, type ReadConfig } from '../runtime/config.ts'
import { eachKey } from '../runtime/config-keys.ts'
import type { Command } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json } from './print.ts'

export const configCheck: Command = {
  name: 'config check',
  summary: say('检查配置，一次列出全部错误', 'check the configuration; all mistakes at once'),
  options: configOptions,
  async run(call) {
    const { origins, notices } = configOf(call)
    const setCount = [...origins.values()].filter(origin => origin !== 'default').length
    for (const notice of notices) call.remark(notice)
    const fine = say(
      `配置无误，设置了 ${setCount} 项`,
      `no mistakes; keys that are set: ${setCount}`,
    )
    await call.write(call.isJson ? json({ set: setCount, notices }) : `${fine[call.language]}\n`)
    return exitCodes.ok
  },
}

export const configPrint: Command = {
  name: 'config print',
  summary: say(
    '显示生效的配置及其来源，不含秘密',
    'print the configuration in force and where it comes from, without secrets',
  ),
  options: configOptions,
  async run(call) {
    const read = configOf(call)
    await call.write(call.isJson ? json(configJson(read)) : printConfig(read))
    return exitCodes.ok
  },
}

/** By path: the value, null where there is none, and its origin. */
function configJson({ config, origins }: ReadConfig) {
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = config
  return Object.fromEntries(
    eachKey().map(({ path, key }) => {
      const [section = '', name = ''] = path.split('.')
      const value = sections[section]?.[name] ?? null
      const isHidden = key.secret === true && value !== null && origins.get(path) !== 'default'
      return [path, { value: isHidden ? '[secret]' : value, origin: origins.get(path) }]
    }),
  )
}
