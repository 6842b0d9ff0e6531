/** What is looked at of the exchange. What needs a key is skipped without one, never passed. */
import { ExchangeError } from '../core/base/errors.ts'
import { type Milliseconds, SECOND } from '../core/base/units.ts'
import { type Check, failed, ok, skipped, type Verdict, warning } from './doctor-check.ts'
import { EXIT } from './exit-codes.ts'

/** What the doctor asks an exchange. Rejects with an ExchangeError. */
export interface ExchangeProbe {
  readonly url: string
  /** How far the wall clock is ahead of the exchange's. */
  clockAhead(): Promise<Milliseconds>
  /** How many perpetuals can be traded. */
  symbols(): Promise<number>
}

/** The exchange turns a request away that is dated a second ahead, or as old as its window. */
const MOST_AHEAD: Milliseconds = 0.9 * SECOND
const MOST_BEHIND: Milliseconds = 4 * SECOND
const WORTH_A_WORD: Milliseconds = 0.25 * SECOND

/** Those that need a key, and what each would tell. */
const WITH_KEY: readonly (readonly [id: string, title: string, why: string])[] = [
  ['key-rights', 'rights of the key', 'A key that may withdraw is worth all that is in the account.'],
  ['key-expiry', 'end of the key', 'A key that runs out leaves positions to their stops.'],
  ['position-mode', 'position mode', 'Under another one orders are refused.'],
  ['margin-mode', 'margin mode', 'Cross margin puts the whole account behind each position.'],
  ['rate-limits', 'rate limits', 'Beyond them nothing is answered.'],
]

/** @param probe `null` for the embedded exchange, which has neither clock nor key of its own */
export function exchangeChecks(probe: ExchangeProbe | null, name: string): readonly Check[] {
  const check = (
    [id, title, why]: readonly [string, string, string],
    ask: (probe: ExchangeProbe) => Promise<Verdict>,
  ): Check => ({
    ...{ id, title, why, exit: EXIT.exchange },
    run: () =>
      probe === null ? skipped(`the exchange is ${name}: nothing to ask over a network`) : ask(probe),
  })
  return [
    check(['exchange', 'exchange', 'Where it cannot be reached nothing can be done but wait.'], reached),
    check(
      ['exchange-clock', 'clock of the exchange', 'Requests that are dated wrong are turned away.'],
      clockOf,
    ),
    ...WITH_KEY.map(what =>
      check(what, async () => skipped(`${name} has no key: only public data are asked for`)),
    ),
  ]
}

function reached(probe: ExchangeProbe): Promise<Verdict> {
  return asked(async () => {
    const count = await probe.symbols()
    return count > 0
      ? ok(`${probe.url}: ${count} perpetuals`)
      : failed(`${probe.url} lists nothing`, 'look at --url')
  })
}

function clockOf(probe: ExchangeProbe): Promise<Verdict> {
  return asked(async () => {
    const ahead = await probe.clockAhead()
    const words = `${(Math.abs(ahead) / SECOND).toFixed(3)} s ${ahead < 0 ? 'behind' : 'ahead'}`
    if (ahead > MOST_AHEAD || -ahead > MOST_BEHIND)
      return failed(
        words,
        'let a time service set the clock; bbw corrects what it sends, other programs do not',
      )
    return Math.abs(ahead) > WORTH_A_WORD ? warning(words, 'let a time service set the clock') : ok(words)
  })
}

async function asked(ask: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    return failed(error.message, 'look at the network, and at the status page of the exchange')
  }
}
