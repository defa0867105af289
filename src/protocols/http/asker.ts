import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Action } from '../../access/permissions.ts'
import { anyone, type Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { callerAddress } from './caller-address.ts'
import { type ResolveLimits, tooMany } from './limits.ts'
import type { HttpParts } from './parts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before anything of the request is read. */
    caller: Caller
    /** Where the caller is, as limits and logs see it. */
    address: string
  }
  interface FastifyContextConfig {
    /** What the route lets somebody do, as the permissions name it; `public` asks for nothing. */
    action?: Action | 'public'
  }
}

/** Refused credentials of one address in a minute; more keep the store busy without ever being right. */
const refusedPerMinuteMax = 300
/** Credentials and addresses that are counted at once; the one seen longest ago is forgotten first. */
const countedMax = 20_000

/**
 * Before anything of a request is read: who asks, whether its role may do this at all, and whether it writes too
 * fast. What depends on more than the role is decided where the work is done.
 */
export async function askFirst(
  app: FastifyInstance,
  { authenticate, permissions, rates, trustedProxies, clock }: HttpParts,
  limits: ResolveLimits,
): Promise<void> {
  await app.register(rateLimit, { global: false, cache: countedMax })
  const countRefused = app.createRateLimit({
    max: refusedPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: request => request.address,
    allowList: request => limits.isExempt(request.address),
  })
  const countWrite = app.createRateLimit({
    max: () => rates().write,
    timeWindow: 1_000,
    keyGenerator: request => request.caller.id,
    allowList: request => rates().write === 0 || limits.isExempt(request.address),
  })
  const rolesOf = rolesByAction(permissions)

  async function identify(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    if (authorization === undefined) return anyone
    const before = await countRefused(request, { increment: false })
    if (!before.isAllowed && before.remaining <= 0) throw tooMany(before.ttl)
    try {
      return await authenticate(authorization, request.address, clock.now())
    } catch (error) {
      if (error instanceof Failure && error.code === 'NOT_AUTHENTICATED')
        await countRefused(request)
      throw error
    }
  }

  app.decorateRequest('caller')
  app.decorateRequest('address', '')
  app.addHook('onRequest', async request => {
    request.address = callerAddress(request.raw, trustedProxies())
    request.caller = await identify(request)
    const { action } = request.routeOptions.config
    if (action === undefined || action === 'public') return
    demandRole(request.caller, action, rolesOf)
    if (isWrite(request, action)) {
      const count = await countWrite(request)
      if (!count.isAllowed && count.isExceeded) throw tooMany(count.ttl)
    }
  })
}

/** What anyone may do, without a credential. */
export function openActions(permissions: HttpParts['permissions']): ReadonlySet<string> {
  const open = permissions.matrix().filter(({ role }) => role === anyone.role)
  return new Set<string>(['public', ...open.map(({ action }) => action)])
}

function isWrite({ method }: FastifyRequest, action: Action): boolean {
  return action !== 'resolve' && method !== 'GET' && method !== 'HEAD'
}

function rolesByAction(
  permissions: HttpParts['permissions'],
): ReadonlyMap<Action, Set<Caller['role']>> {
  const roles = new Map<Action, Set<Caller['role']>>()
  for (const { action, role } of permissions.matrix()) {
    roles.set(action, (roles.get(action) ?? new Set()).add(role))
  }
  return roles
}

function demandRole(
  { role }: Caller,
  action: Action,
  rolesOf: ReadonlyMap<Action, Set<Caller['role']>>,
): void {
  if (rolesOf.get(action)?.has(role)) return
  if (role === anyone.role) throw new Failure('NOT_AUTHENTICATED')
  const detail = say(`角色 ${role} 不能执行 ${action}`, `the role ${role} may not do ${action}`)
  throw new Failure('NOT_PERMITTED', detail, { errors: [{ pointer: '', rule: 'role', detail }] })
}
