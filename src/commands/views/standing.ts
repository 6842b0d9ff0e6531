import type { DashboardModel } from './model.ts'

/** How the loop stands, in one word. */
export type StandingWord =
  | 'RUNNING'
  | 'PAUSED'
  | 'HALTED'
  | 'RECOVERING'
  | 'STOPPING'
  | 'NOT RUNNING'
  | 'STARTING'

/** Gates by which a person or a loss stops all entries: what they are called says how the house stands. */
const HALTING = /^halt/
const PAUSING = /^(?:pause|drawdown$)/

/** How the loop stands, and why where it does not simply run. */
export function standingOf(
  model: Pick<DashboardModel, 'isRunning' | 'isStopping' | 'snapshot' | 'standing'>,
): { readonly word: StandingWord; readonly reason: string } {
  const { isRunning, isStopping, snapshot, standing } = model
  if (!isRunning) return { word: 'NOT RUNNING', reason: 'no loop is running on this state' }
  if (isStopping) return { word: 'STOPPING', reason: 'sends nothing new and waits for what is on its way' }
  const closed = (snapshot?.gates ?? []).filter(one => !one.isOpen)
  const { halted, paused } = standing
  if (halted !== null) return { word: 'HALTED', reason: `halted by ${halted.by}: ${halted.reason}` }
  const halting = closed.find(one => HALTING.test(one.gate))
  if (halting !== undefined) return { word: 'HALTED', reason: halting.reason }
  if (snapshot === null) return { word: 'STARTING', reason: 'no state has been told yet' }
  if (snapshot.isRecovering)
    return { word: 'RECOVERING', reason: 'no entries until books and exchange agree' }
  if (paused !== null) return { word: 'PAUSED', reason: `paused by ${paused.by}: ${paused.reason}` }
  const pausing = closed.find(one => PAUSING.test(one.gate))
  if (pausing !== undefined) return { word: 'PAUSED', reason: pausing.reason }
  return { word: 'RUNNING', reason: '' }
}
