/** The limits of the exchange, shared with the other processes of a data folder. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HostBudgets } from '../core/adapters/bybit/limits.ts'
import { RateShares } from '../core/adapters/sqlite/rate-shares.ts'
import { thisProcess } from '../core/adapters/system/processes.ts'
import { hashText } from '../core/base/hash.ts'
import type { World } from './command.ts'
import { STATE_FILE } from './desk.ts'

const FILE = 'rates.db'

export interface SharedRates {
  readonly budgets: HostBudgets
  /** To be called about once a second while the process goes on. */
  keep(): void
  close(): void
}

/**
 * The budgets of this process. Where the folder has no state nobody else is reckoned with, nor where the file that is
 * shared cannot be used.
 *
 * @param asks `key` of the account that is asked about, `null`: none; `trades`: orders are sent, the reserve is for them;
 * `isLoop`: it is not to wait for others; `speed` of the exchange's clock: 1, unless it is a simulated one
 */
export function sharedRates(
  world: World,
  folder: string,
  asks: {
    readonly key: string | null
    readonly trades: boolean
    readonly isLoop: boolean
    readonly speed: number
  },
): SharedRates {
  const { key, trades, isLoop, speed } = asks
  const alone = { budgets: new HostBudgets(), keep: () => {}, close: () => {} }
  if (!existsSync(join(folder, STATE_FILE))) return alone
  const { pid, processStart } = thisProcess()
  try {
    const shares = new RateShares(join(folder, FILE), {
      id: `${pid} ${processStart}`,
      account: key === null ? null : hashText(key),
      trades,
      isLoop,
      speed,
      clock: world.clock,
    })
    return { budgets: new HostBudgets(shares), keep: () => shares.keep(), close: () => shares.close() }
  } catch {
    return alone
  }
}
