/** Whether a strategy may send orders that move real money. Holds with and without portfolio gates. */
import { admit, type Guard, refuse } from './guard.ts'

/**
 * On the embedded exchange, in backtests and on paper a strategy trades as soon as it is switched on. At a real exchange,
 * its demo and its testnet among them, it needs a word more: `strategies.<id>.live: true`.
 */
export const liveSwitch: Guard<Record<string, never>> = {
  id: 'live-switch',
  scope: 'signal',
  reads: 'order',
  params: {},
  check(proposal, { live }) {
    const { strategy } = proposal.signal
    const figures = { strategy, isReal: live !== null, live: live?.includes(strategy) ?? null }
    if (figures.live !== false) return admit(proposal, figures)
    const reason = `${strategy} may not send real orders: strategies.${strategy}.live is off`
    return refuse('live-switch', reason, figures)
  },
}
