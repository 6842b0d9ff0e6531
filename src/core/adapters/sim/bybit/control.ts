/**
 * A door for tests and operators, beside the exchange's own: what goes wrong, what has gone wrong, and what somebody
 * does to the account. It is on the same loopback server under `/control`, asks for the exchange's secret as a bearer
 * token, and is no part of Bybit's protocol.
 *
 * | request | body | reply |
 * | --- | --- | --- |
 * | `GET /control` | | `{now, speed, pace, counts, rules, sessions, opened, requests, bare}` |
 * | `GET /control/books` | | `{positions, links}` |
 * | `POST /control/faults` | `{rules}` (`fault-plan.ts`) | the same |
 * | `POST /control/cause` | one event, such as `{"fault":"liquidate","symbol":"BTCUSDT"}` | the same, or 409 with why not |
 *
 * `pace` is how fast the clock goes at present, `sessions` are the connections that stand, `opened` all there have been, `requests` count by path, `bare` says for how long
 * positions had no stop (`exposure.ts`). `positions` are in steps, with their stops in ticks; of `links`, the ids that
 * clients give to orders, each says how many orders bear it, how often it was refused as used, and how many steps filled.
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
    if (asked === `GET ${CONTROL}/books`) return reply(200, books(sim))
    if (asked === `POST ${CONTROL}/faults`) {
      const shape = new Shape(parsed(body), '')
      const rules = rulesFrom(shape.value('rules'), sim.desk.feeds)
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
  const { plan, now, pace, streams, requests, exposure } = sim
  return {
    now: Math.floor(now),
    speed: pace.speed,
    pace: pace.present,
    counts: plan.counts,
    rules: plan.rules,
    sessions: streams.sessions.length,
    opened: streams.opened,
    requests: Object.fromEntries(requests),
    bare: exposure.report(now),
  }
}

/** What is held, and what came of every order that bears an id of a client's. */
function books({ desk: { account, stops } }: SimBybit): object {
  const held = account.positions.filter(({ steps }) => steps > 0)
  return {
    positions: held.map(({ symbol, idx, side, steps }) => {
      const stop = stops.protecting(symbol, idx).find(({ stopOrderType }) => stopOrderType === 'StopLoss')
      return { symbol, idx, side, steps, stop: stop?.trigger?.price ?? null }
    }),
    links: [...account.links].map(([id, link]) => ({ id, ...link })),
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
