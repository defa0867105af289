import { responseCodes } from '../response-codes.ts'
import type { HandleClient } from './client.ts'
import type { ClientParts, Server, Service } from './parts.ts'
import type { HandleQuestion, ServerAnswer } from './question-frame.ts'
import { race } from './race.ts'
import { ServerAway } from './server-away.ts'
import type { ServerHealth } from './server-health.ts'
import { chooseServers } from './site-choice.ts'

/** Asks whichever server of a service answers first. @throws ServerAway, or the signal's reason */
export type AskService = (
  service: Service,
  question: HandleQuestion,
  signal: AbortSignal,
) => Promise<ServerAnswer>

export interface AskServiceParts extends Pick<ClientParts, 'clock'> {
  readonly client: Pick<HandleClient, 'ask'>
  readonly health: ServerHealth
  /** @see chooseServers */
  readonly mayBePrivate: boolean
}

export function makeAskService({
  client,
  health,
  clock,
  mayBePrivate,
}: AskServiceParts): AskService {
  async function attempt(
    server: Server,
    question: HandleQuestion,
    signal: AbortSignal,
  ): Promise<ServerAnswer> {
    const key = keyOf(server)
    try {
      const answer = await client.ask(server, question, signal)
      health.answered(key)
      if (answer.responseCode !== responseCodes.SERVER_TOO_BUSY) return answer
    } catch (error) {
      if (error instanceof ServerAway) health.failed(key)
      throw error
    }
    throw new ServerAway('the server is too busy')
  }

  return async function askService(service, question, signal) {
    const servers = chooseServers(service, question.handle, mayBePrivate)
    if (servers.length === 0) throw new ServerAway('no server of the service may be asked')
    const awake = servers.filter(server => !health.isResting(keyOf(server)))
    if (awake.length === 0) throw new ServerAway('no server of the service answered lately')
    return race(awake, (server, end) => attempt(server, question, end), { clock, signal })
  }
}

function keyOf({ address, ports }: Server): string {
  return `${address} ${ports.TCP ?? ''} ${ports.UDP ?? ''}`
}
