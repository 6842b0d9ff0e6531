/**
 * Records on the pipe: one JSON object a line with `v`, `type`, `id` and `ts`. Prices and quantities that go to an
 * exchange are decimal strings; figures of rules are numbers. Ids follow from the content, so that the same decision
 * has the same id wherever it is made.
 */
import { hashText } from '../base/hash.ts'
import type { Signal } from '../decision/signal.ts'
import type { Alert } from '../engine/alerts.ts'
import type { EngineEvent, Scored } from '../engine/protocol.ts'
import { formatSteps, formatTicks } from '../market/quantise.ts'
import { MANUAL } from '../portfolio/position.ts'
import type { Trade } from '../portfolio/trade.ts'

/** Version of the records; raised when a field changes its meaning. */
export const WIRE_VERSION = 1

export type WireRecord = { readonly [field: string]: unknown }

export function signalRecord(signal: Signal): WireRecord {
  const { instrument, order, stop, target, id, ...figures } = signal
  return {
    v: WIRE_VERSION,
    type: 'signal',
    id,
    ts: signal.candleEnd,
    ...figures,
    order:
      order.type === 'market'
        ? { type: 'market' }
        : { type: 'limit', price: formatTicks(instrument, order.price) },
    stop: formatTicks(instrument, stop),
    target: target === null ? null : formatTicks(instrument, target),
    instrument: {
      baseCoin: instrument.baseCoin,
      quoteCoin: instrument.quoteCoin,
      tick: instrument.tick,
      step: instrument.step,
      minQty: formatSteps(instrument, instrument.minQty),
      maxQty: instrument.maxQty === null ? null : formatSteps(instrument, instrument.maxQty),
      minPrice: formatTicks(instrument, instrument.minPrice),
      minNotional: instrument.minNotional,
      maxLeverage: instrument.maxLeverage,
      maintenanceMarginRate: instrument.maintenanceMarginRate,
      source: instrument.source,
    },
  }
}

/** Something worth a look, for a person; no stage of the pipe acts on it. */
export function alertRecord({ id, candleEnd, ...alert }: Alert): WireRecord {
  return { v: WIRE_VERSION, type: 'alert', id, ts: candleEnd, ...alert }
}

/** Whether a record is an alert: it is passed on, or left aside, by whoever reads signals. */
export function isAlert(record: WireRecord): boolean {
  return record.type === 'alert'
}

/**
 * What scoring adds to a signal's record. There is no trained model, so the probability is absent and the verdict is
 * the heuristic score's alone.
 */
export function scoreFields({ score }: Scored, least: number): WireRecord {
  return {
    type: 'scored',
    score: score.value,
    parts: score.parts,
    adjustment: score.adjustmentTenths / 10,
    rejectedBy: score.rejectedBy,
    fundingAssumed: score.fundingAssumed,
    probability: null,
    verdict: score.rejectedBy === null && score.value >= least ? 'pass' : 'fail',
  }
}

export function eventRecord(event: EngineEvent, dry: boolean): WireRecord {
  const { ts, ...rest } = event
  return { v: WIRE_VERSION, type: 'event', id: hashText(JSON.stringify(event)), ts, ...rest, dry }
}

/** A trade of a position that a person opened says so: `origin`. */
export function tradeRecord(trade: Trade): WireRecord {
  const { id, ...rest } = trade
  const origin = trade.strategy === MANUAL ? { origin: MANUAL } : {}
  return { v: WIRE_VERSION, type: 'trade', id, ts: trade.closedAt, ...rest, ...origin }
}
