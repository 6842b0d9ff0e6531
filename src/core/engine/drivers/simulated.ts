/**
 * The simulated driver: carries effects out and feeds back what comes of them, at once and without a promise. It is
 * the backtest's. Time is the market's.
 */
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { Side } from '../../market/side.ts'
import type { Engine } from '../engine.ts'
import type { JournalPort } from '../ports.ts'
import type { Account, Effect, Execution, Input, OrderReport, OrderRequest } from '../protocol.ts'

/** A market with an exchange that answers at once. */
export interface SimulatedMarket {
  readonly from: Timestamp
  readonly nextAt: Timestamp | null
  readonly exchange: {
    setTime(now: Timestamp): void
    amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): void
    cancel(symbol: string, clientOrderId: string): void
    setStop(requestId: string, symbol: string, side: Side, stop: Ticks): void
    setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): void
    leverage(symbol: string, side?: Side): number
    account(): Account
    lookUp(symbol: string, clientOrderId: string): OrderReport
    executions(since: Timestamp): readonly Execution[]
  }
  place(order: OrderRequest): void
  history(): readonly Input[]
  take(): readonly Input[]
  advance(at: Timestamp): Generator<void, void>
}

/**
 * Runs an engine through a market from its beginning to its end.
 *
 * @param progress called after every instant with its time; returning false ends the run there
 */
export function runSimulated(
  engine: Engine,
  market: SimulatedMarket,
  journal: JournalPort,
  progress: (at: Timestamp) => boolean = () => true,
): void {
  const feed = (input: Input): void => {
    const effects = engine.step(input)
    for (const effect of effects) {
      const reply = carry(market, journal, effect, input.at)
      if (reply !== null) feed(reply)
    }
  }
  const deliver = (): void => {
    for (let inputs = market.take(); inputs.length > 0; inputs = market.take()) {
      for (const input of inputs) feed(input)
    }
  }
  for (const input of market.history()) feed(input)
  feed({ type: 'time', at: market.from })
  deliver()
  for (;;) {
    const next = market.nextAt
    if (next === null) return
    const wake = engine.wakeAt
    const at = wake !== null && wake < next ? wake : next
    if (at === next) for (const _ of market.advance(at)) deliver()
    else market.exchange.setTime(at)
    if (market.nextAt !== null && engine.wakeAt !== null && engine.wakeAt <= at) {
      feed({ type: 'time', at })
      deliver()
    }
    if (!progress(at)) return
  }
}

/** Carries one effect out; returns the reply where there is one at once. */
function carry(market: SimulatedMarket, journal: JournalPort, effect: Effect, at: Timestamp): Input | null {
  switch (effect.type) {
    case 'place':
      market.place(effect.order)
      return null
    case 'amend':
      market.exchange.amend(effect.symbol, effect.clientOrderId, effect.price, effect.steps)
      return null
    case 'cancel':
      market.exchange.cancel(effect.symbol, effect.clientOrderId)
      return null
    case 'set-stop':
      market.exchange.setStop(effect.requestId, effect.symbol, effect.side, effect.stop)
      return null
    case 'set-leverage':
      market.exchange.setLeverage(effect.requestId, effect.symbol, effect.leverage, effect.side)
      return null
    case 'query-leverage': {
      const leverage = market.exchange.leverage(effect.symbol, effect.side)
      return { type: 'leverage', at, requestId: effect.requestId, leverage, reason: '' }
    }
    case 'query-account':
      return { type: 'account', at, queryId: effect.queryId, account: market.exchange.account() }
    case 'query-order': {
      const report = market.exchange.lookUp(effect.symbol, effect.clientOrderId)
      return { type: 'order-found', at, queryId: effect.queryId, report }
    }
    case 'query-executions': {
      const executions = market.exchange.executions(effect.since)
      return { type: 'executions', at, queryId: effect.queryId, executions }
    }
    case 'event':
      journal.event(effect.event)
      return null
    case 'trade':
      journal.trade(effect.trade)
      return null
    case 'decisions':
      journal.decisions?.(effect.batch)
      return null
    // Nothing outlives a simulation, so there is nothing to be made durable.
    case 'persist':
    case 'outcome':
    case 'verdict':
    case 'answer':
      return null
  }
}
