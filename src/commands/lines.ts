import { harmless } from '../core/base/harmless.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import type { Figures } from '../core/guards/guard.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import type { World } from './command.ts'

/** Tells a person something beside the data, unless only data are wanted. */
export function say(world: Pick<World, 'stderr' | 'quiet'>, words: string): void {
  if (!world.quiet) world.stderr.write(`${harmless(words)}\n`)
}

/** One event as a line for a person: time, what, symbol and side, figures, why. */
export function eventLine(event: EngineEvent): string {
  const { kind, ts, symbol, side, strategy, reason, figures } = event
  const who = [symbol, side, strategy].filter(one => one !== null).join(' ')
  const parts = [minute(ts), kind.toUpperCase().padEnd(10), who, figureText(figures), reason]
  return harmless(parts.filter(part => part !== '').join('  '))
}

/** One closed trade as a line. */
export function tradeLine(trade: Trade): string {
  const { closedAt, symbol, side, strategy, net, netPercent, exitReason } = trade
  return `${minute(closedAt)}  ${'TRADE'.padEnd(10)}  ${symbol} ${side} ${strategy}  net ${net.toFixed(2)} USDT, ${netPercent.toFixed(2)} %  ${exitReason}`
}

/** Figures that a line shows, in this order; the rest is in the records. */
const SHOWN: readonly string[] = [
  'outcome',
  'score',
  'qty',
  'price',
  'from',
  'to',
  'stop',
  'target',
  'margin',
  'fee',
  'net',
  'equity',
  'wallet',
]

/** The figures that a line shows, in a fixed order: `score 6.5 qty 0.01 price 60000.0`. */
export function figureText(figures: Figures): string {
  const parts: string[] = []
  for (const name of SHOWN) {
    const value = figures[name]
    if (value === undefined || value === null) continue
    parts.push(`${name} ${typeof value === 'number' ? rounded(value) : value}`)
  }
  return parts.join(' ')
}

function rounded(value: number): string {
  // Cents are enough of large figures; of small ones, prices of cheap coins, what can be told apart.
  return Number.isInteger(value) || Math.abs(value) < 1
    ? String(Number(value.toPrecision(4)))
    : value.toFixed(2)
}

/** A moment to the minute, UTC. */
export function minute(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
