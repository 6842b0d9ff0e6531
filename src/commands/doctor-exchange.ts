/** What is looked at of the exchange. What needs a key is skipped where there is none to be had, never passed. */
import type { KeyVerdict } from '../core/adapters/bybit/key-check.ts'
import { ExchangeError } from '../core/base/errors.ts'
import { type Milliseconds, SECOND } from '../core/base/units.ts'
import type { PositionMode } from '../core/market/side.ts'
import { type Check, type CheckContext, failed, ok, skipped, type Verdict, warning } from './doctor-check.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** What the doctor asks of the market. Rejects with an ExchangeError. */
export interface MarketProbe {
  readonly url: string
  /** How far the wall clock is ahead of the exchange's. */
  clockAhead(): Promise<Milliseconds>
  /** How many perpetuals can be traded. */
  symbols(): Promise<number>
}

/** What the doctor asks of the account. Rejects with an ExchangeError; changes nothing. */
export interface AccountProbe {
  /** Where the key is from. */
  readonly from: string
  key(): Promise<KeyVerdict>
  positionMode(): Promise<PositionMode>
  /** As the exchange names it. */
  marginMode(): Promise<string>
  /** As fractions; `null` where the exchange lists none. */
  fees(): Promise<{ readonly maker: string; readonly taker: string } | null>
}

/** The exchange turns a request away that is dated a second ahead, or as old as its window. */
const MOST_AHEAD: Milliseconds = 0.9 * SECOND
const MOST_BEHIND: Milliseconds = 4 * SECOND
const WORTH_A_WORD: Milliseconds = 0.25 * SECOND

/**
 * @param market `null`: nothing is asked over a network
 * @param account a text where there is no key, and why; `null`: nothing is asked
 * @param unasked why nothing is asked
 * @param keyRemedy what helps where the key is wanting
 */
export function exchangeChecks(
  name: string,
  market: MarketProbe | null,
  account: AccountProbe | string | null,
  unasked = `the exchange is ${name}: nothing is asked over a network`,
  keyRemedy = 'make a key that may read and trade contracts and nothing else',
): readonly Check[] {
  const needsKey = name !== 'sim' && name !== 'paper'
  const without = (): Verdict => skipped(unasked)
  const ofMarket = ([id, title, why]: Words, ask: (probe: MarketProbe) => Promise<Verdict>): Check => ({
    ...{ id, title, why, exit: EXIT.exchange, isAsking: true },
    run: () => (market === null ? without() : asked(() => ask(market))),
  })
  const ofAccount = (
    [id, title, why]: Words,
    exit: ExitCode,
    ask: (probe: AccountProbe, context: CheckContext) => Promise<Verdict>,
  ): Check => ({
    ...{ id, title, why, exit, isAsking: true },
    run: context => {
      if (account === null) return without()
      if (typeof account === 'string') return skipped(account)
      return asked(() => ask(account, context))
    },
  })
  return [
    ofMarket(['exchange', 'exchange', 'Where it cannot be reached nothing can be done but wait.'], reached),
    ofMarket(
      ['exchange-clock', 'clock of the exchange', 'Requests that are dated wrong are turned away.'],
      clockOf,
    ),
    {
      ...{ id: 'credentials', title: 'API key', why: 'Without one no account can be traded.' },
      exit: EXIT.configuration,
      run: () => {
        if (account === null) return without()
        if (typeof account !== 'string') return ok(`from ${account.from}`)
        return needsKey ? failed(account, keyRemedy) : skipped(account)
      },
    },
    ofAccount(
      ['key-rights', 'rights of the key', 'A key that may withdraw is worth all that is in the account.'],
      EXIT.configuration,
      rightsOf,
    ),
    ofAccount(
      ['position-mode', 'position mode', 'Under another one orders are refused, or meet the other side.'],
      EXIT.configuration,
      positionModeOf,
    ),
    ofAccount(
      ['margin-mode', 'margin mode', 'Cross margin puts the whole account behind each position.'],
      EXIT.configuration,
      marginModeOf,
    ),
    ofAccount(['fees', 'fees', 'What a trade earns is reckoned with them.'], EXIT.exchange, feesOf),
  ]
}

type Words = readonly [id: string, title: string, why: string]

async function reached({ url, symbols }: MarketProbe): Promise<Verdict> {
  const count = await symbols()
  return count > 0 ? ok(`${url}: ${count} perpetuals`) : failed(`${url} lists nothing`, 'look at --url')
}

async function clockOf({ clockAhead }: MarketProbe): Promise<Verdict> {
  const ahead = await clockAhead()
  const words = `${(Math.abs(ahead) / SECOND).toFixed(3)} s ${ahead < 0 ? 'behind' : 'ahead'}`
  if (ahead > MOST_AHEAD || -ahead > MOST_BEHIND)
    return {
      ...failed(words, 'let a time service set the clock; bbw corrects what it sends, other programs do not'),
      exit: EXIT.configuration,
    }
  return Math.abs(ahead) > WORTH_A_WORD ? warning(words, 'let a time service set the clock') : ok(words)
}

async function rightsOf({ key }: AccountProbe): Promise<Verdict> {
  const { refused, warned } = await key()
  const [first = null] = refused
  const words = [...refused, ...warned].map(finding => `${finding.code} ${finding.words}`).join('; ')
  if (first !== null) return failed(words, first.remedy)
  const [worst = null] = warned
  return worst === null ? ok('it may trade, and moves no money') : warning(words, worst.remedy)
}

async function positionModeOf(
  { positionMode }: AccountProbe,
  { loaded: { config } }: CheckContext,
): Promise<Verdict> {
  const there = await positionMode()
  if (there === config.positionMode) return ok(there)
  return warning(
    `${there}, and positionMode is ${config.positionMode}`,
    `bbw switches an account that holds nothing; else set positionMode: ${there}`,
  )
}

async function marginModeOf({ marginMode }: AccountProbe): Promise<Verdict> {
  const there = await marginMode()
  if (there === 'ISOLATED_MARGIN') return ok('isolated')
  return warning(there, 'bbw reckons liquidations as of isolated margin: choose that for the account')
}

async function feesOf({ fees }: AccountProbe, { loaded: { config } }: CheckContext): Promise<Verdict> {
  const there = await fees()
  if (there === null) return skipped('the exchange lists none')
  const [maker, taker] = [Number(there.maker), Number(there.taker)]
  const words = `maker ${there.maker}, taker ${there.taker}`
  if (maker === config.fees.maker && taker === config.fees.taker) return ok(words)
  return warning(
    `${words}; the configuration has ${config.fees.maker} and ${config.fees.taker}`,
    `fees: {maker: ${there.maker}, taker: ${there.taker}}`,
  )
}

async function asked(ask: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    if (error.why === 'credentials' || error.why === 'account') {
      return failed(error.message, 'look at the key, and at the account at Bybit: trying again does not help')
    }
    const remedy = 'look at the network, and at the status page of the exchange; trying again may help'
    return { ...failed(error.message, remedy), exit: EXIT.exchange }
  }
}
