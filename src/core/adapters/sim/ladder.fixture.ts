/** A made-up coin that dips below its bands, for tests of ladders: its days are written down one by one. */

import { DAY } from '../../base/units.ts'
import { instrumentOf } from '../../decision/view.fixture.ts'
import { defaultSettings, overlay, type Settings } from '../../engine/settings.ts'
import { CandleSeries } from '../../market/candles.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import { HISTORY_DAYS } from './market.fixture.ts'

/** A day after the history: open is the close of the day before. */
export interface LadderDay {
  readonly low: number
  readonly high: number
  readonly close: number
}

/** 2025-01-06, a Monday. */
const BEGIN = 20_094 * DAY

export const DIP = 95

/** The coin's history: a slow fall from 110 to 98 with small waves, and a last day that closes below the bands. */
export function ladderMarket(days: readonly LadderDay[]): SymbolMarket {
  const candles = new CandleSeries('SOLUSDT', '1d', HISTORY_DAYS + days.length)
  let before = 110
  const push = (low: number, high: number, close: number): void => {
    const start = BEGIN + candles.length * DAY
    candles.push(start, before, Math.max(high, before), Math.min(low, before), close, 1e6, 60e6)
    before = close
  }
  for (let day = 0; day < HISTORY_DAYS - 1; day++) {
    const close = 110 - (12 * day) / HISTORY_DAYS + (day % 2 === 0 ? 0.8 : -0.8)
    push(close - 0.5, close + 0.5, close)
  }
  push(DIP - 0.1, before, DIP)
  for (const { low, high, close } of days) push(low, high, close)
  return {
    instrument: instrumentOf({ symbol: 'SOLUSDT', tick: '0.01' }),
    candles: new Map([['1d', candles]]),
    mark: new Map(),
    funding: null,
  }
}

/** The defaults with the ladder switched on, and no entry but the grid's long side. */
export function ladderSettings(isOn = true, over: object = {}): Settings {
  const off = { enabled: false }
  return overlay(
    overlay(
      { ...defaultSettings() },
      {
        strategies: {
          'dca-ladder': { enabled: isOn },
          'mean-reversion': off,
          'bollinger-grid-short': off,
          'sl-reentry': off,
        },
      },
    ),
    over,
  )
}
