import type { Price } from '../base/units.ts'
import type { Instrument } from './instrument.ts'
import { type Side, sign } from './side.ts'

/**
 * The mark price at which an isolated position is taken over: its margin is down to the maintenance margin of its
 * entry. Source: Bybit help centre, "Liquidation price (USDT contract)", isolated, without added margin. Where the
 * exchange reckons the maintenance margin on the mark the true price lies a little further away: this one is never too
 * far.
 */
export function liquidationPrice(
  instrument: Pick<Instrument, 'maintenanceMarginRate'>,
  position: { readonly side: Side; readonly entry: Price; readonly leverage: number },
): Price {
  const room = 1 / position.leverage - instrument.maintenanceMarginRate
  return position.entry * (1 - sign(position.side) * room)
}
