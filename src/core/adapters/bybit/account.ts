/**
 * What belongs to a Bybit account as a whole: its key, its terms, its mode of margin and of positions. Orders and
 * positions are the broker's.
 */
import { DataError, ExchangeError } from '../../base/errors.ts'
import type { Fraction } from '../../base/units.ts'
import type { PositionModePort } from '../../engine/ports.ts'
import type { AccountTerms } from '../../engine/protocol.ts'
import type { PositionMode } from '../../market/side.ts'
import type { BybitClient } from './client.ts'
import type { Environment } from './environments.ts'
import { codeIn, incomplete, refusal, troubleIn } from './errors.ts'
import type { Fields } from './fields.ts'
import { checkKey, type KeyUse, type KeyVerdict, rejectedKey, unknownKey, unreadKey } from './key-check.ts'
import { isTraded } from './listing.ts'
import { loosePageOf } from './loose-rows.ts'
import {
  type AccountInfo,
  accountInfo,
  type FeeRate,
  feeRate,
  type KeyInfo,
  keyInfo,
  type Maintenance,
  maintenanceRow,
} from './mapper-account.ts'
import { pageOf } from './mapper-market.ts'
import { type PositionMark, positionMark } from './mapper-orders.ts'
import { BybitMarket, NOT_THERE } from './market.ts'

const CATEGORY = 'linear'
const COIN = 'USDT'
/** A perpetual that Bybit always lists: its rows tell the mode of an account without positions. */
const PROBE = 'BTCUSDT'
const POSITIONS_PER_PAGE = 200
const MOST_PAGES = 20
/** The exchange's names of modes. */
const MODES = { 'one-way': 0, hedge: 3 } as const satisfies { readonly [mode in PositionMode]: 0 | 3 }
/** A position, or an order, is in the way (Bybit v5, error codes). */
const IN_THE_WAY: readonly number[] = [110_024, 110_028]
/** The key is not of the address that is asked, or is no more. */
const UNKNOWN_KEY = 10_003
const WRONG_SIGNATURE = 10_004

/** What is said of a key, and whose it is. */
export interface CheckedKey extends KeyVerdict {
  /** The user; `null`: the exchange does not tell. */
  readonly owner: string | null
}

export class BybitAccount implements PositionModePort {
  readonly #client: BybitClient

  constructor(client: BybitClient) {
    this.#client = client
  }

  /** What the key may do. */
  key(): Promise<KeyInfo> {
    return this.#client.read(rest => rest.getQueryApiKey(), keyInfo)
  }

  /**
   * Whether the key may be used in an environment: what `checkKey` says of it, or that the exchange rejects it. Where the
   * exchange does not say what it may, as demo accounts may not, that is told of; to close with it that is enough anywhere,
   * also where the exchange just does not answer.
   *
   * @throws ExchangeError where the exchange is away
   */
  async checkedKey({ name }: Environment, use: KeyUse): Promise<CheckedKey> {
    try {
      const key = await this.key()
      return { ...checkKey(key, await this.#client.serverNow(), use), owner: key.userId }
    } catch (error) {
      const why = troubleIn(error)
      const words = error instanceof Error ? error.message : ''
      if (codeIn(error) === UNKNOWN_KEY) return { refused: [unknownKey(name)], warned: [], owner: null }
      if (why === 'credentials') {
        const rejected = rejectedKey(words, codeIn(error) === WRONG_SIGNATURE)
        return { refused: [rejected], warned: [], owner: null }
      }
      const mayBeUnread = use === 'closes' || (name === 'demo' && !isPassing(error))
      if (mayBeUnread && error instanceof ExchangeError) {
        return { refused: [], warned: [unreadKey(words)], owner: null }
      }
      throw error
    }
  }

  /** The mode of the margin, which is the whole account's. */
  info(): Promise<AccountInfo> {
    return this.#client.read(rest => rest.getAccountInfo(), accountInfo)
  }

  /** Under which terms it trades. That it may only reduce no answer says: orders are refused then. */
  async terms(): Promise<AccountTerms> {
    const { marginMode } = await this.info()
    // What else is in a wallet is the broker's matter, and of coins that nobody asks about nobody's.
    const [wallet] = await this.#client.read(
      rest => rest.getWalletBalance({ accountType: 'UNIFIED', coin: COIN }),
      result =>
        pageOf(result, row => ({
          accountType: row.textOrNull('accountType'),
          marginUse: row.numberOrNull('accountMMRate') ?? marginUse(row),
        })).items,
    )
    return {
      marginMode,
      accountType: wallet?.accountType ?? 'UNIFIED',
      mayOnlyReduce: false,
      marginUse: wallet?.marginUse ?? null,
    }
  }

  /** Maintenance of what bbw trades that is on or announced, soonest first. */
  async maintenance(): Promise<readonly Maintenance[]> {
    const rows = await this.#client.read(
      rest => rest.getSystemStatus(),
      result => pageOf(result, maintenanceRow).items,
    )
    return rows.flatMap(row => (row === null ? [] : [row])).sort((one, other) => one.from - other.from)
  }

  /** The fee rates of all symbols. */
  async fees(): Promise<readonly FeeRate[]> {
    const { items } = await this.#client.read(
      rest => rest.getFeeRate({ category: CATEGORY }),
      result => pageOf(result, feeRate),
    )
    return items
  }

  /**
   * The mode in which the exchange keeps the account's positions, by what it lists of one symbol, and of everything that
   * is held: a symbol may have a mode of its own.
   *
   * @throws ExchangeError, where they contradict each other too: in an account that is half hedged no order is safe
   */
  async positionMode(): Promise<PositionMode> {
    const told = [...(await this.#ofProbe()), ...(await this.#positions({ settleCoin: COIN }))]
    const rows = told.length > 0 ? told : await this.#positions({ symbol: await this.#anyListed() })
    const modes = new Set(
      rows.map(({ positionIndex }): PositionMode => (positionIndex === 0 ? 'one-way' : 'hedge')),
    )
    const [mode] = modes
    if (mode === undefined) throw incomplete('no position is listed, not even an empty one')
    if (modes.size === 1) return mode
    const held = rows.filter(({ isHeld }) => isHeld).map(({ symbol }) => symbol)
    const asked = { method: 'GET', path: '/v5/position/list', changes: false } as const
    throw refusal(asked, 10_001, `position idx not of one mode: ${[...new Set(held)].join(', ')}`)
  }

  /** What is listed of the probe; nothing where the exchange does not have it, as one of chosen symbols may not. */
  async #ofProbe(): Promise<readonly PositionMark[]> {
    try {
      return await this.#positions({ symbol: PROBE })
    } catch (error) {
      if (NOT_THERE.includes(troubleIn(error))) return []
      throw error
    }
  }

  /** One of the perpetuals that the exchange has. */
  async #anyListed(): Promise<string> {
    const { items } = await new BybitMarket(this.#client).instruments()
    const listed = items.find(isTraded)
    if (listed === undefined) throw incomplete('no perpetual is listed')
    return listed.symbol
  }

  async setPositionMode(mode: PositionMode): Promise<string | null> {
    try {
      await this.#client.change(
        rest => rest.switchPositionMode({ category: CATEGORY, coin: COIN, mode: MODES[mode] }),
        () => null,
        'normal',
      )
      return null
    } catch (error) {
      if (troubleIn(error) === 'unchanged') return null
      if (IN_THE_WAY.includes(codeIn(error) ?? 0)) return 'a position or an order is in the way'
      throw error
    }
  }

  /** All pages of positions, never part of them; rows of which the mode cannot be read say nothing of it. */
  async #positions(
    of: { readonly symbol: string } | { readonly settleCoin: string },
  ): Promise<readonly PositionMark[]> {
    const rows: PositionMark[] = []
    const seen = new Set<string>()
    let cursor: string | undefined
    for (;;) {
      const next = cursor
      const page = await this.#client.read(
        rest =>
          rest.getPositionInfo({
            category: CATEGORY,
            ...of,
            limit: POSITIONS_PER_PAGE,
            ...(next === undefined ? {} : { cursor: next }),
          }),
        result => {
          const read = loosePageOf(result, positionMark)
          if (read.category === CATEGORY) return read
          throw new DataError(`result.category has to be ${CATEGORY} and is ${read.category ?? 'missing'}`)
        },
        'protective',
      )
      rows.push(...page.items)
      if (page.next === null) return rows
      if (seen.has(page.next) || seen.size >= MOST_PAGES)
        throw incomplete('the list of positions does not end')
      seen.add(page.next)
      cursor = page.next
    }
  }
}

/**
 * Maintenance margin as a share of equity, by what the coin's positions have to keep. Bybit tells the share of an account in
 * cross margin; in isolated margin, where it says that figures of the whole account do not apply, that may be empty.
 * `null` where the coin's figures are not told either.
 */
function marginUse(row: Fields): Fraction | null {
  const coin = row.list('coin').find(one => one.text('coin') === COIN)
  const kept = coin?.numberOrNull('totalPositionMM') ?? null
  if (coin === undefined || kept === null) return null
  if (kept === 0) return 0
  const equity = coin.number('equity')
  return equity > 0 ? kept / equity : 1
}

/** Whether the same question may be answered later. */
function isPassing(error: unknown): boolean {
  return error instanceof ExchangeError && error.retryable
}
