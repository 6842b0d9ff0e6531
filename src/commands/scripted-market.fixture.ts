/**
 * Eighty minutes of a market in which a few trades are certain: the days before are those of the fixtures, and the
 * price of that morning goes where its script says.
 */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { DAY, MINUTE, type Timestamp } from '../core/base/units.ts'
import { FIXTURES, type Folder } from './world.fixture.ts'

/** When its morning begins. */
export const MORNING: Timestamp = Date.UTC(2025, 9, 31)

type Script = readonly (readonly [minute: number, factor: number])[]

/**
 * Where the price is at a minute, as a multiple of the close of the day before, in straight lines. BTC stands still
 * while its entry is filled, so that this costs the same whenever that is.
 */
const SCRIPTS: { readonly [symbol: string]: Script } = {
  // Up, for a moment without a move, and back: one short, closed by its target.
  BTCUSDT: [
    [0, 1],
    [10, 1],
    [15, 1.015],
    [20, 1.015],
    [40, 1],
  ],
  // Through a limit under the lower band, far up to its first target, and back below where it was bought.
  ADAUSDT: [
    [0, 1],
    [10, 1],
    [25, 0.9],
    [55, 1.1],
    [75, 0.9],
  ],
  // Through a limit above, on to its stop, and back to the target of the short that follows.
  LINKUSDT: [
    [0, 1],
    [15, 1],
    [30, 1.03],
    [40, 1.03],
    [50, 1.08],
    [70, 1],
  ],
  // Down and back: one long, entered while the price moves.
  INJUSDT: [
    [0, 1],
    [10, 1],
    [30, 0.9],
    [50, 1],
  ],
}

export const SCRIPTED = Object.keys(SCRIPTS).join(',')

/** How long before the morning the fine candles begin, and how long it is, in minutes. */
const BEFORE = DAY / MINUTE
const LENGTH = 80
const STEP = 5

/** Writes the market and returns its folder. */
export function scriptedMarket(folder: Folder): string {
  const market = join(folder.path, 'scripted')
  for (const part of ['instruments', 'funding'])
    cpSync(join(FIXTURES, part), join(market, part), { recursive: true })
  for (const [symbol, script] of Object.entries(SCRIPTS)) {
    const [head, ...rows] = daysOf(symbol)
    const days = rows.filter(row => Number(row.split(',')[0]) < MORNING)
    folder.file(`scripted/klines/1d/${symbol}.csv`, text(head, days))
    const last = days[days.length - 1].split(',')
    const decimals = last[4].split('.')[1]?.length ?? 0
    const fine = candles(symbol, script, Number(last[4]), Number(last[5]) / (DAY / MINUTE / STEP), decimals)
    folder.file(
      `scripted/klines/5m/${symbol}.csv`,
      text(
        head,
        fine.map(row => row.join(',')),
      ),
    )
  }
  return market
}

function daysOf(symbol: string): readonly string[] {
  return gunzipSync(readFileSync(join(FIXTURES, 'klines/1d', `${symbol}.csv.gz`)))
    .toString()
    .trim()
    .split('\n')
}

function text(head: string, rows: readonly string[]): string {
  return `${[head, ...rows].join('\n')}\n`
}

function candles(
  symbol: string,
  script: Script,
  close: number,
  volume: number,
  decimals: number,
): readonly (readonly number[])[] {
  const price = (minute: number): number =>
    Number((close * factorAt(symbol, script, minute)).toFixed(decimals))
  const rows: (readonly number[])[] = []
  for (let minute = -BEFORE; minute < LENGTH; minute += STEP) {
    const [open, shut] = [price(minute), price(minute + STEP)]
    const traded = Math.round(volume)
    rows.push([
      MORNING + minute * MINUTE,
      open,
      Math.max(open, shut),
      Math.min(open, shut),
      shut,
      traded,
      Math.round(traded * shut),
    ])
  }
  return rows
}

/** Before the morning the price swings a little, on each symbol in a time of its own: nothing moves with anything. */
function factorAt(symbol: string, script: Script, minute: number): number {
  if (minute <= 0) {
    const period = STEP * (5 + (symbol.charCodeAt(0) % 11) + (symbol.charCodeAt(1) % 7) / 3)
    return 1 + 0.0012 * Math.sin((2 * Math.PI * minute) / period)
  }
  const next = script.findIndex(([at]) => at > minute)
  if (next < 0) return script[script.length - 1][1]
  const [[from, a], [to, b]] = [script[next - 1], script[next]]
  return a + ((b - a) * (minute - from)) / (to - from)
}
