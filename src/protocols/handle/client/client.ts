import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { responseCodes } from '../response-codes.ts'
import { makeAskTcp } from './ask-tcp.ts'
import { makeAskUdp } from './ask-udp.ts'
import type { ClientParts, Server, Transport } from './parts.ts'
import {
  encodeQuestion,
  type HandleQuestion,
  readAnswer,
  type ServerAnswer,
} from './question-frame.ts'
import { ServerAway } from './server-away.ts'
import { within } from './within.ts'

/** Asks one server. Knows nothing of sites and prefixes: `walk.ts` does. */
export interface HandleClient {
  /**
   * @param transports tried in this order, where the server has them; over UDP "too busy" means "come over TCP"
   * @throws ServerAway when none brought an answer, or the signal's reason
   */
  ask(
    server: Server,
    question: HandleQuestion,
    signal: AbortSignal,
    transports?: readonly Transport[],
  ): Promise<ServerAnswer>
  close(): void
}

/** TCP first: kept connections cost no more, cannot be forged from aside, and carry answers of any size. */
const transportsDefault: readonly Transport[] = ['TCP', 'UDP']

export function makeHandleClient(parts: ClientParts): HandleClient {
  const { clock, random, metrics } = parts
  const askTcp = makeAskTcp(parts)
  const askUdp = makeAskUdp(parts)

  async function askOver(
    transport: Transport,
    { address }: Server,
    port: number,
    question: HandleQuestion,
    outer: AbortSignal,
  ): Promise<ServerAnswer> {
    using deadline = within(clock, parts.attemptTimeoutMs, outer)
    const { signal } = deadline
    const requestId = random(4).readUInt32BE()
    const frame = encodeQuestion(question, requestId, clock.now())
    const place = { address, port }
    try {
      if (transport === 'TCP') {
        return readAnswer(await askTcp(place, requestId, frame, signal), question, requestId)
      }
      const isAnswer = (bytes: Buffer) => findAnswer(bytes, question, requestId) !== undefined
      return readAnswer(
        await askUdp(place, requestId, frame, isAnswer, signal),
        question,
        requestId,
      )
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      throw new ServerAway(`not an answer: ${error.message}`, { cause: error })
    }
  }

  return {
    async ask(server, question, signal, transports = transportsDefault) {
      const ports = transports.filter(transport => server.ports[transport] !== undefined)
      let problem = new ServerAway('the server has no interface that we speak')
      for (const [position, transport] of ports.entries()) {
        try {
          const port = server.ports[transport] as number
          const answer = await askOver(transport, server, port, question, signal)
          const isBusy = answer.responseCode === responseCodes.SERVER_TOO_BUSY
          metrics.asked(transport, isBusy ? 'busy' : 'answer')
          if (!isBusy || position === ports.length - 1) return answer
        } catch (error) {
          if (!(error instanceof ServerAway)) throw error
          metrics.asked(transport, 'away')
          if (signal.aborted) throw error
          problem = error
        }
      }
      throw problem
    },
    close: () => askTcp.close(),
  }
}

function findAnswer(
  frame: Buffer,
  question: HandleQuestion,
  requestId: number,
): ServerAnswer | undefined {
  try {
    return readAnswer(frame, question, requestId)
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
