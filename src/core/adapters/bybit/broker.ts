/**
 * bbw's orders and account at Bybit, behind the live driver's port. A request that was received has come to nothing
 * yet: the stream tells what became of it, and a look-up where no answer says. Lists come whole or not at all; a row in
 * them that cannot be read is told as unread, and hides no other. The stop
 * travels with the entry and is edited in place, triggered by the mark price; it is never taken away to be set anew.
 */
import { broken } from '../../base/assert.ts'
import { DataError, ExchangeError } from '../../base/errors.ts'
import { DAY, MINUTE, type Milliseconds, type Steps, type Ticks, type Timestamp } from '../../base/units.ts'
import { NO_INSTANCE, ownerOf } from '../../engine/order-id.ts'
import type { BrokerPort } from '../../engine/ports.ts'
import type {
  Account,
  AccountPosition,
  ConditionalReport,
  Execution,
  Input,
  OrderReport,
  OrderRequest,
  RestingReport,
  Unread,
} from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import { inferFilters } from '../../market/instruments.ts'
import { formatSteps, formatTicks, priceOf } from '../../market/quantise.ts'
import type { PositionMode, Side } from '../../market/side.ts'
import { positionKey } from '../../portfolio/position.ts'
import type { BybitClient, Call } from './client.ts'
import { codeIn, incomplete, refusal, troubleIn } from './errors.ts'
import { executionsOf } from './executions.ts'
import { Fields } from './fields.ts'
import type { Lane } from './limits.ts'
import { type LoosePage, type LooseRows, loosePageOf, type SpoiltRow } from './loose-rows.ts'
import { balanceOf } from './mapper-account.ts'
import { pageOf } from './mapper-market.ts'
import {
  type ExecutionRow,
  executionRow,
  type OrderRow,
  orderAck,
  orderRow,
  type PositionIndex,
  type PositionRow,
  positionRow,
  wasRefused,
} from './mapper-orders.ts'
import { presentSteps, shownSteps, shownStop, shownTicks } from './shown.ts'

const CATEGORY = 'linear'
/** What comes with positions (Bybit v5, enums, `stopOrderType`). */
const GUARDS: readonly string[] = [
  'StopLoss',
  'TakeProfit',
  'TrailingStop',
  'PartialStopLoss',
  'PartialTakeProfit',
]
const COIN = 'USDT'
/** The one stop of a whole position: at the market, when the mark price gets there. */
const STOP = { tpslMode: 'Full', slTriggerBy: 'MarkPrice', slOrderType: 'Market' } as const
/** All of a position, whatever it is of. */
const ALL = { qty: '0', closeOnTrigger: true } as const
/** Bybit lists no more than seven days of executions at once. */
const WINDOW: Milliseconds = 7 * DAY
/** So far beside what was asked for an execution may be dated. */
const ASIDE: Milliseconds = MINUTE
/** Rows of one page, the most that there can be. */
const ORDERS_A_PAGE = 50
const EXECUTIONS_A_PAGE = 100
const POSITIONS_A_PAGE = 200
const MOST_PAGES = 200
/** What is refused so may have been made by filters of yesterday: bad parameters, a quantity cut to nothing. */
const BY_FILTERS: readonly number[] = [10_001, 110_017]
/** A stop that was set may be shown a moment later: it is read so often, with a pause in between. */
const READS = 4
const PAUSE: Milliseconds = 150

export interface BrokerPorts {
  readonly client: BybitClient
  /** The mode that the account is taken to be in until `seenIn` says another. */
  readonly mode: PositionMode
  /** When this process has begun, by the exchange's time: without books nothing earlier is bbw's. */
  readonly began: Timestamp
  /** Of every symbol that is listed or booked; `null` for any other. Throws an ExchangeError where it cannot be had. */
  instrument(symbol: string): Promise<Instrument | null>
  /** Of any other symbol, as far as the exchange has said of it by now. */
  named(symbol: string): Instrument | null
  /** Told that a request was refused as filters that have changed would have it. */
  doubtFilters(): void
  sleep(span: Milliseconds): Promise<void>
  /** Told what became of requests for stops and leverages. */
  hear(input: Input): void
  /** Told what lists show, for the stream to be compared with. */
  readonly stream: {
    shown(orders: readonly OrderRow[]): void
    listed(executions: readonly ExecutionRow[]): void
    /** An order without an id of a client's is about to be cancelled. */
    cancels(orderId: string): void
    /** How much of an order is known to have filled, as a decimal. */
    filled(clientOrderId: string): string
  } | null
}

export class BybitBroker implements BrokerPort {
  readonly #ports: BrokerPorts
  #mode: PositionMode
  /** The index that each held side was shown under last: what closes or protects it goes there, whatever the mode. */
  #shownUnder: ReadonlyMap<string, PositionIndex> = new Map()
  /** What positions are of, as decimals, as the account was read last; `null`: it was not yet. */
  #sizes: ReadonlyMap<string, string> | null = null
  /** Filters by which the account was shown last on symbols that are not listed: it can be closed by them. */
  #unlisted: ReadonlyMap<string, Instrument> = new Map()
  /** The same of what it has shown before: what became of the orders that closed it is counted by them. */
  readonly #unlistedBefore = new Map<string, Instrument>()

  constructor(ports: BrokerPorts) {
    this.#ports = ports
    this.#mode = ports.mode
  }

  /** Told the mode in which the exchange keeps the account. */
  seenIn(mode: PositionMode): void {
    this.#mode = mode
  }

  // --- requests -----------------------------------------------------------------------------------------------

  async place(order: OrderRequest): Promise<void> {
    const { clientOrderId, symbol, side, purpose, price, steps, stop, postOnly } = order
    const instrument = await this.#instrument(symbol)
    const isEntry = purpose === 'entry'
    const timeInForce = price === null ? 'IOC' : postOnly ? 'PostOnly' : 'GTC'
    const request = {
      category: CATEGORY,
      symbol,
      side: isEntry === (side === 'long') ? 'Buy' : 'Sell',
      orderType: price === null ? 'Market' : 'Limit',
      ...((await this.#takesAll(order, instrument)) ? ALL : { qty: formatSteps(instrument, steps) }),
      ...(price === null ? {} : { price: formatTicks(instrument, price) }),
      timeInForce,
      positionIdx: isEntry ? this.#index(side) : this.#heldIndex(symbol, side),
      orderLinkId: clientOrderId,
      reduceOnly: !isEntry,
      ...(stop === null ? {} : { ...STOP, stopLoss: formatTicks(instrument, stop) }),
    } as const
    try {
      await this.#change(rest => rest.submitOrder(request), isEntry ? 'normal' : 'protective', orderAck)
    } catch (error) {
      if (troubleIn(error) !== 'duplicate-id') throw error
      const reason = error instanceof Error ? error.message : ''
      this.#hear({ type: 'order', at: 0, clientOrderId, status: 'rejected', reason, why: 'duplicate-id' })
    }
  }

  async amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    const instrument = await this.#instrument(symbol)
    // The exchange counts what has filled into the quantity.
    const filled = shownSteps(instrument, this.#ports.stream?.filled(clientOrderId) ?? '0')
    const request = {
      category: CATEGORY,
      symbol,
      orderLinkId: clientOrderId,
      price: formatTicks(instrument, price),
      qty: formatSteps(instrument, (filled + steps) as Steps),
    } as const
    try {
      await this.#change(rest => rest.amendOrder(request), 'protective', orderAck)
    } catch (error) {
      if (troubleIn(error) !== 'unchanged') throw error
      this.#hear({ type: 'order', at: 0, clientOrderId, status: 'amended', reason: 'it was so already' })
    }
  }

  /** An id that is no client's of bbw's is the exchange's own, of an order that waits for a price (`Account.conditional`). */
  async cancel(symbol: string, clientOrderId: string): Promise<void> {
    const isNamed = ownerOf(clientOrderId, NO_INSTANCE) !== 'other'
    if (!isNamed) await this.#checkProtectsNothing(symbol, clientOrderId)
    if (!isNamed) this.#ports.stream?.cancels(clientOrderId)
    const which = isNamed ? { orderLinkId: clientOrderId } : { orderId: clientOrderId }
    const request = { category: CATEGORY, symbol, ...which } as const
    await this.#change(rest => rest.cancelOrder(request), 'protective', orderAck)
  }

  /** Throws where something is held by now that an order may protect: whoever wants it gone has seen another moment. */
  async #checkProtectsNothing(symbol: string, orderId: string): Promise<void> {
    const [order] = await this.#ports.client.read(
      rest => rest.getActiveOrders({ category: CATEGORY, symbol, orderId }),
      result => pageOf(result, orderRow).items,
      'protective',
    )
    if (order === undefined) return
    const rows = await this.#positionsOf(symbol, 'protective')
    const isLiving = rows.some(
      ({ side, positionIndex }) =>
        side !== null && side !== order.side && positionIndex === order.positionIndex,
    )
    if (!isLiving) return
    throw new ExchangeError(`${symbol}: the order ${orderId} may protect what is held by now; it stays`, {
      retryable: false,
      ambiguous: false,
    })
  }

  async setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    const instrument = await this.#instrument(symbol)
    const request = {
      category: CATEGORY,
      symbol,
      ...STOP,
      stopLoss: formatTicks(instrument, stop),
      positionIdx: this.#heldIndex(symbol, side),
    } as const
    const told = { type: 'stop', at: 0, requestId } as const
    try {
      await this.#change(
        rest => rest.setTradingStop(request),
        'protective',
        () => null,
      )
    } catch (error) {
      const why = troubleIn(error)
      if (why !== 'unchanged' && why !== 'crossed') throw error
      const reason = error instanceof Error ? error.message : ''
      this.#hear({ ...told, ok: false, reason, why: why === 'crossed' ? 'crossed' : 'not-modified' })
      return
    }
    const isThere = await this.#shows(symbol, side, instrument, stop)
    if (isThere) this.#hear({ ...told, ok: true, reason: '' })
    else {
      const reason = 'it was received, and the position does not show it'
      this.#hear({ ...told, ok: false, reason, why: 'unknown' })
    }
  }

  async setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    const wanted = String(leverage)
    // Long and short of a hedged account have each their own; the one that is not meant stays.
    const other = this.#mode === 'hedge' && side !== undefined
    const kept = other ? String(await this.leverage(symbol, side === 'long' ? 'short' : 'long')) : wanted
    const request = {
      category: CATEGORY,
      symbol,
      buyLeverage: side === 'short' ? kept : wanted,
      sellLeverage: side === 'long' ? kept : wanted,
    } as const
    let reason = ''
    try {
      await this.#change(
        rest => rest.setLeverage(request),
        'normal',
        () => null,
      )
    } catch (error) {
      if (troubleIn(error) !== 'unchanged') {
        if (!(error instanceof ExchangeError) || error.ambiguous) throw error
        reason = error.message
      }
    }
    this.#hear({
      type: 'leverage',
      at: 0,
      requestId,
      leverage: await this.leverage(symbol, side),
      reason,
    })
  }

  // --- questions ----------------------------------------------------------------------------------------------

  async leverage(symbol: string, side: Side = 'long'): Promise<number> {
    const rows = await this.#positionsOf(symbol, 'normal')
    const row = rows.find(one => one.positionIndex === this.#index(side))
    if (row === undefined && rows.length > 0) {
      const asked = { method: 'GET', path: '/v5/position/list', changes: false } as const
      throw refusal(asked, 10_001, `position idx not of the ${this.#mode} mode`)
    }
    const leverage = row?.leverage ?? null
    if (leverage === null) throw incomplete(`the leverage of ${symbol} is not told`)
    return Number(leverage)
  }

  async account(): Promise<Account> {
    const [wallet, positions, orders] = await Promise.all([
      this.#wallet(),
      this.#pages(
        cursor => rest =>
          rest.getPositionInfo({ category: CATEGORY, settleCoin: COIN, limit: POSITIONS_A_PAGE, ...cursor }),
        heldRow,
        'positions',
      ),
      this.#pages(
        cursor => rest =>
          rest.getActiveOrders({
            category: CATEGORY,
            settleCoin: COIN,
            openOnly: 0,
            limit: ORDERS_A_PAGE,
            ...cursor,
          }),
        row => named(row, orderRow),
        'orders',
      ),
    ])
    this.#ports.stream?.shown(orders.items)
    const held = positions.items.filter(({ side }) => side !== null)
    this.#shownUnder = new Map(
      held.map(row => [positionKey(row.symbol, heldSide(row)), row.positionIndex] as const),
    )
    this.#sizes = new Map(held.map(row => [positionKey(row.symbol, heldSide(row)), row.size] as const))
    // What waits for a price is no order of the books; the stop of a position is shown by that.
    const resting = orders.items.filter(({ stopOrderType }) => stopOrderType === null)
    const instruments = await this.#instrumentsOf(held, resting)
    const shown = readable(held, row => positionOf(row, instruments(row.symbol)))
    const waiting = readable(resting, row => restingOf(row, instruments(row.symbol)))
    const unread = [
      ...(typeof wallet === 'string' ? [this.#unread('wallet', { symbol: null, reason: wallet })] : []),
      ...[...positions.spoilt, ...shown.spoilt].map(row => this.#unread('position', row)),
      ...[...orders.spoilt, ...waiting.spoilt].map(row => this.#unread('order', row)),
    ]
    return {
      wallet: typeof wallet === 'string' ? null : wallet,
      positions: shown.items,
      orders: waiting.items,
      conditional: orders.items.filter(({ stopOrderType }) => stopOrderType !== null).map(conditionalOf),
      ...(unread.length === 0 ? {} : { unread }),
    }
  }

  /** What the account has; in words why that cannot be read. */
  #wallet(): Promise<number | string> {
    return this.#ports.client.read(
      rest => rest.getWalletBalance({ accountType: 'UNIFIED', coin: COIN }),
      result => {
        const rows = new Fields(result, 'result').list('list')
        // Every account has a row: without one nothing is known, which is not a wallet of nothing.
        if (rows.length === 0) throw incomplete('the wallet is not told')
        try {
          return Number(balanceOf(rows, COIN) ?? '0')
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          return error.message
        }
      },
      'protective',
    )
  }

  /** Asks the open and recent orders, then the history, then the executions: none of them knows everything. */
  async lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    const report = await this.#reportOf(symbol, clientOrderId)
    return { ...report, reason: this.#ports.client.harmless(report.reason) }
  }

  async #reportOf(symbol: string, clientOrderId: string): Promise<OrderReport> {
    const instrument = await this.#instrument(symbol)
    const which = { category: CATEGORY, symbol, orderLinkId: clientOrderId } as const
    const ask = (call: Call): Promise<readonly OrderRow[]> =>
      this.#ports.client.read(call, result => pageOf(result, orderRow).items, 'protective')
    const [open] = await ask(rest => rest.getActiveOrders(which))
    const row = open ?? (await ask(rest => rest.getHistoricOrders(which))).at(0)
    if (row !== undefined) return reportOf(row, clientOrderId, instrument)
    const executed = await this.#ports.client.read(
      rest => rest.getExecutionList(which),
      result => pageOf(result, executionRow).items.filter(({ linkId }) => linkId === clientOrderId),
      'protective',
    )
    const filled = executed.reduce((sum, { qty }) => sum + shownSteps(instrument, qty), 0) as Steps
    if (filled === 0) {
      const reason = `no order ${clientOrderId} on ${symbol} is known`
      return { clientOrderId, state: 'absent', filled, reason }
    }
    const isDone = executed.some(({ leaves }) => leaves !== null && Number(leaves) === 0)
    return {
      clientOrderId,
      state: isDone ? 'filled' : 'resting',
      filled,
      reason: 'only its executions are known',
    }
  }

  async executions(since: Timestamp): Promise<readonly (Execution | Unread)[]> {
    const { client, began, stream } = this.#ports
    const now = await client.serverNow()
    const rows: ExecutionRow[] = []
    const spoilt: SpoiltRow[] = []
    for (let from = since > 0 ? since : began; from <= now; from += WINDOW) {
      const to = Math.min(now, from + WINDOW - 1)
      const page = await this.#pages(
        cursor => rest =>
          rest.getExecutionList({
            category: CATEGORY,
            startTime: Math.floor(from),
            endTime: Math.ceil(to),
            limit: EXECUTIONS_A_PAGE,
            ...cursor,
          }),
        row => named(row, executionRow),
        'executions',
      )
      for (const row of page.items) {
        if (row.time > from - ASIDE && row.time < now + ASIDE) rows.push(row)
        else
          spoilt.push({ symbol: row.symbol, reason: `${row.symbol}: execTime ${row.time} was not asked for` })
      }
      spoilt.push(...page.spoilt)
    }
    rows.sort((one, other) => one.time - other.time || one.sequence - other.sequence)
    stream?.listed(rows)
    const found: (Execution | Unread)[] = spoilt.map(row => this.#unread('execution', row))
    // Of what is neither listed nor booked any more nothing in the books can change.
    const instruments = new Map<string, Instrument | null>()
    for (const row of rows) {
      const { symbol } = row
      const known = instruments.get(symbol)
      const instrument = known === undefined ? await this.#known(symbol) : known
      instruments.set(symbol, instrument)
      if (instrument === null) continue
      const read = readable([row], one => executionsOf(one, instrument))
      found.push(...read.items.flat(), ...read.spoilt.map(one => this.#unread('execution', one)))
    }
    return found
  }

  // --- parts --------------------------------------------------------------------------------------------------

  /** What is told repeats what the exchange says, which may repeat the key. */
  #unread(what: Unread['what'], { symbol, reason }: SpoiltRow): Unread {
    return { type: 'unread', what, symbol, reason: this.#ports.client.harmless(reason) }
  }

  async #change<T>(call: Call, lane: Lane, decode: (result: unknown) => T): Promise<T> {
    try {
      return await this.#ports.client.change(call, decode, lane)
    } catch (error) {
      if (BY_FILTERS.includes(codeIn(error) ?? 0)) this.#ports.doubtFilters()
      throw error
    }
  }

  #hear(input: Input): void {
    this.#ports.hear(input)
  }

  async #instrument(symbol: string): Promise<Instrument> {
    const instrument = await this.#known(symbol)
    if (instrument === null) throw incomplete(`the exchange does not list ${symbol}`)
    return instrument
  }

  async #known(symbol: string): Promise<Instrument | null> {
    const shown = this.#unlisted.get(symbol)
    return shown ?? (await this.#ports.instrument(symbol)) ?? this.#unlistedBefore.get(symbol) ?? null
  }

  /**
   * The filters of what the account has. A row of something that is not listed is somebody else's, and must not keep
   * anybody from seeing the others: where the exchange does not name its filters they are read off it. The function
   * throws a DataError where even that cannot be.
   */
  async #instrumentsOf(
    held: readonly PositionRow[],
    resting: readonly OrderRow[],
  ): Promise<(symbol: string) => Instrument> {
    const listed = new Map<string, Instrument>()
    const unlisted = new Map<string, Instrument>()
    const unknown = new Map<string, string>()
    for (const symbol of new Set([...held, ...resting].map(row => row.symbol))) {
      const instrument = await this.#ports.instrument(symbol)
      if (instrument !== null) listed.set(symbol, instrument)
      else {
        try {
          unlisted.set(symbol, this.#ports.named(symbol) ?? inferredFrom(symbol, held, resting))
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          unknown.set(symbol, error.message)
        }
      }
    }
    this.#unlisted = unlisted
    for (const [symbol, instrument] of unlisted) this.#unlistedBefore.set(symbol, instrument)
    return symbol => {
      const found = listed.get(symbol) ?? unlisted.get(symbol)
      if (found !== undefined) return found
      throw new DataError(unknown.get(symbol) ?? broken(`the filters of ${symbol} were looked for`))
    }
  }

  #index(side: Side): PositionIndex {
    if (this.#mode === 'one-way') return 0
    return side === 'long' ? 1 : 2
  }

  /**
   * Whether an order closes the whole of a position that is of no whole steps, as its filters have become coarser: no
   * quantity that can be written would take the rest as well. The account is what tells; where it was not read yet, the
   * position is, and what cannot be read does not keep anything from being closed.
   */
  async #takesAll(
    { symbol, side, purpose, price, steps }: OrderRequest,
    instrument: Instrument,
  ): Promise<boolean> {
    if (purpose === 'entry' || price !== null) return false
    const size =
      this.#sizes === null ? await this.#sizeOf(symbol, side) : this.#sizes.get(positionKey(symbol, side))
    if (size === undefined || presentSteps(instrument, size) !== steps) return false
    return Number(formatSteps(instrument, steps)) !== Number(size)
  }

  async #sizeOf(symbol: string, side: Side): Promise<string | undefined> {
    try {
      const rows = await this.#positionsOf(symbol, 'protective')
      return rows.find(row => row.side !== null && heldSide(row) === side)?.size
    } catch (error) {
      if (error instanceof ExchangeError) return undefined
      throw error
    }
  }

  #heldIndex(symbol: string, side: Side): PositionIndex {
    return this.#shownUnder.get(positionKey(symbol, side)) ?? this.#index(side)
  }

  #positionsOf(symbol: string, lane: Lane): Promise<readonly PositionRow[]> {
    return this.#ports.client.read(
      rest => rest.getPositionInfo({ category: CATEGORY, symbol }),
      result => pageOf(result, positionRow).items,
      lane,
    )
  }

  /** Whether the position shows a stop. */
  async #shows(symbol: string, side: Side, instrument: Instrument, stop: Ticks): Promise<boolean> {
    for (let read = 1; ; read++) {
      const rows = await this.#positionsOf(symbol, 'protective')
      const shown = rows.find(row => row.positionIndex === this.#heldIndex(symbol, side))?.stopLoss ?? null
      if (shown !== null && Number(shown) === priceOf(instrument, stop)) return true
      if (read === READS) return false
      await this.#ports.sleep(PAUSE)
    }
  }

  /** All pages of a list, or an error; rows that cannot be read apart. */
  async #pages<T>(
    ask: (cursor: { readonly cursor?: string }) => Call,
    read: (row: Fields) => T,
    what: string,
  ): Promise<LooseRows<T>> {
    const items: T[] = []
    const spoilt: SpoiltRow[] = []
    const seen = new Set<string>()
    let cursor: { readonly cursor?: string } = {}
    for (;;) {
      const page: LoosePage<T> = await this.#ports.client.read(
        ask(cursor),
        result => loosePageOf(result, read),
        'protective',
      )
      items.push(...page.items)
      spoilt.push(...page.spoilt)
      if (page.next === null) return { items, spoilt }
      if (seen.has(page.next) || seen.size >= MOST_PAGES) throw incomplete(`the list of ${what} does not end`)
      seen.add(page.next)
      cursor = { cursor: page.next }
    }
  }
}

/** A row of something that is listed by its symbol: one that bears another word than a symbol could be any. */
function named<T extends { readonly symbol: string }>(row: Fields, read: (row: Fields) => T): T {
  row.symbol('symbol')
  return read(row)
}

/** A row of the positions that are held: the list has no others, so that one without a size does not say that it is flat. */
function heldRow(row: Fields): PositionRow {
  const isHeld = row.has('side') && row.value('side') !== 'None'
  if (isHeld) row.positive('size')
  return named(row, positionRow)
}

/** What rows come to with the filters of their symbol; those that come to nothing possible apart. */
function readable<T extends { readonly symbol: string }, U>(
  rows: readonly T[],
  read: (row: T) => U,
): { readonly items: readonly U[]; readonly spoilt: readonly SpoiltRow[] } {
  const items: U[] = []
  const spoilt: SpoiltRow[] = []
  for (const row of rows) {
    try {
      items.push(read(row))
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      spoilt.push({ symbol: row.symbol, reason: error.message })
    }
  }
  return { items, spoilt }
}

function reportOf(row: OrderRow, clientOrderId: string, instrument: Instrument): OrderReport {
  const filled = shownSteps(instrument, row.filled)
  const reason = row.rejectReason ?? row.cancelType ?? ''
  const report = { clientOrderId, filled, reason }
  switch (row.status) {
    case 'New':
    case 'PartiallyFilled':
    case 'Untriggered':
    case 'Triggered':
      return { ...report, state: 'resting' }
    case 'Filled':
      return { ...report, state: 'filled' }
    case 'Rejected':
      return { ...report, state: 'rejected' }
    case 'Cancelled':
    case 'PartiallyFilledCanceled':
    case 'Deactivated':
      return { ...report, state: wasRefused(row) ? 'rejected' : 'cancelled' }
  }
}

/** What the rows of a symbol say of its filters. */
function inferredFrom(
  symbol: string,
  held: readonly PositionRow[],
  resting: readonly OrderRow[],
): Instrument {
  const positions = held.filter(row => row.symbol === symbol)
  const orders = resting.filter(row => row.symbol === symbol)
  const numbers = (texts: readonly (string | null)[]): readonly number[] => texts.map(Number)
  return inferFilters(
    symbol,
    numbers([...positions.map(({ stopLoss }) => stopLoss), ...orders.map(({ price }) => price)]),
    numbers([
      ...positions.map(({ size }) => size),
      ...orders.flatMap(({ qty, filled, leaves }) => [qty, filled, leaves]),
    ]),
  )
}

function heldSide({ side }: PositionRow): Side {
  return side === 'Buy' ? 'long' : 'short'
}

function positionOf(row: PositionRow, instrument: Instrument): AccountPosition {
  const { symbol, size, averagePrice, leverage, stopLoss, liquidationPrice } = row
  if (averagePrice === null) throw new DataError(`${symbol}: avgPrice is not told`)
  const held = heldSide(row)
  return {
    symbol,
    side: held,
    steps: presentSteps(instrument, size),
    entry: Number(averagePrice),
    leverage: Number(leverage ?? '1'),
    stop: stopLoss === null ? null : shownStop(instrument, stopLoss, held),
    ...(liquidationPrice === null ? {} : { liquidation: Number(liquidationPrice) }),
  }
}

function conditionalOf(row: OrderRow): ConditionalReport {
  const { orderId, linkId, symbol, side, reduceOnly, closeOnTrigger, stopOrderType, created } = row
  const isGuard = GUARDS.includes(stopOrderType ?? '')
  const isExit = isGuard || reduceOnly || closeOnTrigger
  return {
    id: linkId ?? orderId,
    symbol,
    side: (side === 'Buy') !== isExit ? 'long' : 'short',
    purpose: isExit ? 'exit' : 'entry',
    isGuard,
    since: created,
  }
}

function restingOf(row: OrderRow, instrument: Instrument): RestingReport {
  const { orderId, linkId, symbol, side, reduceOnly, type, price, qty, filled, leaves } = row
  const isLong = (side === 'Buy') !== reduceOnly
  const left =
    leaves === null
      ? ((presentSteps(instrument, qty) - shownSteps(instrument, filled)) as Steps)
      : presentSteps(instrument, leaves)
  // As the books count a target, towards the entry.
  const rounding = !reduceOnly ? 'nearest' : isLong ? 'down' : 'up'
  return {
    clientOrderId: linkId ?? orderId,
    symbol,
    side: isLong ? 'long' : 'short',
    purpose: reduceOnly ? 'exit' : 'entry',
    price: type === 'Market' || price === null ? null : shownTicks(instrument, price, rounding),
    steps: left,
  }
}
