/**
 * A door for tests and operators, beside the exchange's own: what goes wrong, what has gone wrong, and what somebody
 * does to the account. It is on the same loopback server under `/control`, asks for the exchange's secret as a bearer
 * token, and is no part of Bybit's protocol.
 *
 * | request | body | reply |
 * | --- | --- | --- |
 * | `GET /control` | | `{now, speed, counts, rules, sessions}` |
 * | `POST /control/faults` | `{rules}` (`fault-plan.ts`) | the same |
 * | `POST /control/cause` | one event, such as `{"fault":"liquidate","symbol":"BTCUSDT"}` | the same, or 409 with why not |
 */
import { DataError } from '../../../base/errors.ts'
import { Shape } from '../shape.ts'
import type { SimBybit } from './bybit.ts'
import { ruleFrom, rulesFrom } from './fault-plan.ts'
import type { HttpReply, HttpRequest } from './gate.ts'
import { isSecret } from './signing.ts'

export const CONTROL = '/control'

/** Answers a request to the door. */
export function control(sim: SimBybit, { method, target, headers, body }: HttpRequest): HttpReply {
  if (!isSecret(headers.authorization ?? '', `Bearer ${sim.options.secret}`))
    return reply(401, { error: 'the secret of the exchange is wanted as a bearer token' })
  try {
    const asked = `${method} ${target}`
    if (asked === `GET ${CONTROL}`) return reply(200, standing(sim))
    if (asked === `POST ${CONTROL}/faults`) {
      const shape = new Shape(parsed(body), '')
      const rules = rulesFrom(shape.value('rules'))
      shape.nothingElse()
      sim.setFaults(rules)
      return reply(200, standing(sim))
    }
    if (asked === `POST ${CONTROL}/cause`) {
      const refusal = sim.cause(ruleFrom(new Shape(parsed(body), '')))
      return refusal === null ? reply(200, standing(sim)) : reply(409, { error: refusal })
    }
    return reply(404, { error: `there is no ${asked.slice(0, 80)}` })
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return reply(400, { error: error.message })
  }
}

function standing(sim: SimBybit): object {
  const { plan, now, options, streams } = sim
  return {
    now: Math.floor(now),
    speed: options.speed,
    counts: plan.counts,
    rules: plan.rules,
    sessions: streams.sessions.length,
  }
}

function reply(status: number, value: object): HttpReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new DataError('the body is not JSON')
  }
}
