import { positionKey } from '../../core/portfolio/position.ts'
import type { DashboardModel } from './model.ts'

/** The keys of the positions in the order in which the screen shows them. */
export function positionKeys({ snapshot }: Pick<DashboardModel, 'snapshot'>): readonly string[] {
  return (snapshot?.positions ?? []).map(({ symbol, side }) => positionKey(symbol, side))
}
