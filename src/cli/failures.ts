import { KeyError } from '../crypto/master-key.ts'
import { Failure } from '../model/failures.ts'
import { say } from '../model/text.ts'
import { ConfigError } from '../runtime/config.ts'
import { FolderTaken } from '../storage/postgres/folder-lock.ts'
import { UsageError } from './command.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import type { Language } from './language.ts'
import { ProblemError, Unreachable } from './node-client.ts'
import { visible } from './print.ts'
import { StoreHeld, StoreMissing } from './store.ts'

/** A failure of a command, for a person, for a program and for a script. */
export interface Told {
  readonly exitCode: ExitCode
  /** Lines for a person. */
  readonly lines: readonly string[]
  /** The problem as `--json` prints it. */
  readonly problem: Readonly<Record<string, unknown>>
}

export function tell(error: unknown, language: Language): Told {
  if (error instanceof ProblemError) return tellProblem(error, language)
  if (error instanceof UsageError) return simple(exitCodes.usage, error.text[language])
  if (error instanceof Unreachable) return simple(exitCodes.unavailable, error.text[language])
  if (error instanceof StoreMissing) return simple(exitCodes.notFound, error.text[language])
  if (error instanceof StoreHeld) return simple(exitCodes.refused, error.text[language])
  if (error instanceof ConfigError) {
    return {
      exitCode: exitCodes.usage,
      lines: error.message.split('\n'),
      problem: { detail: error.message, problems: error.problems },
    }
  }
  if (error instanceof FolderTaken) return simple(exitCodes.refused, error.message)
  if (error instanceof KeyError) return simple(exitCodes.failed, error.message)
  if (error instanceof Failure) {
    const isAway = error.code === 'STORE_AWAY' || error.code === 'UPSTREAM_AWAY'
    const told = simple(isAway ? exitCodes.unavailable : exitCodes.failed, error.detail[language])
    return { ...told, problem: { ...told.problem, code: error.code } }
  }
  return simple(exitCodes.failed, error instanceof Error ? error.message : String(error))
}

function simple(exitCode: ExitCode, detail: string): Told {
  return { exitCode, lines: [detail], problem: { detail } }
}

function tellProblem({ problem }: ProblemError, language: Language): Told {
  const { status, title = `HTTP ${status}`, detail = '', errors = [] } = problem
  const first = detail === '' || detail === title ? title : `${title}: ${detail}`
  const fields = errors
    .filter(each => each.detail !== detail || each.pointer !== '')
    .map(each => `  ${[each.pointer, each.detail, `[${each.rule}]`].filter(Boolean).join(' ')}`)
  const facts = ['reason', 'successor', 'suggestion', 'serial', 'oldest'].flatMap(name =>
    problem[name] === undefined || problem[name] === null ? [] : `  ${name}: ${problem[name]}`,
  )
  const advice = status === 401 ? [`  ${howToAuthenticate[language]}`] : []
  return {
    exitCode: exitCodeOf(status),
    lines: [first, ...fields, ...facts, ...advice].map(visible),
    problem,
  }
}

const howToAuthenticate = say(
  '请设置 QXM_KEY，或在节点所在机器上以节点的用户运行（数据目录由 --config 或 QXM_DATA_DIR 指明）',
  "set QXM_KEY, or run this on the node's machine as its user (its data folder by --config or QXM_DATA_DIR)",
)
