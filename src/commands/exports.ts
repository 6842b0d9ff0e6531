import { UsageError } from '../core/base/errors.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { tradeRecord } from '../core/wire/encode.ts'
import type { World } from './command.ts'
import { ExportFile } from './export.ts'
import { ndjson } from './ndjson.ts'
import { type Report, summaryRecord } from './report.ts'

/**
 * Where `--export` writes results to: a database for a name that ends in `.db` and for `-`, which is standard output;
 * records for every other file. A wrong path is known before the work begins.
 */
export class Exports {
  readonly #world: Pick<World, 'stdout'>
  readonly #file: ExportFile | null
  readonly #isDatabase: boolean
  /** Standard output carries the database and nothing else. */
  readonly isOut: boolean

  /** Throws a UsageError when the file cannot be written. */
  constructor(world: Pick<World, 'stdout' | 'cwd'>, name: string | undefined) {
    this.#world = world
    this.isOut = name === '-'
    if (this.isOut && world.stdout.isTTY) {
      throw new UsageError(
        '--export - would write a database to the terminal',
        'redirect it: --export - > x.db',
      )
    }
    this.#isDatabase = this.isOut || name?.endsWith('.db') === true
    this.#file = name === undefined || this.isOut ? null : new ExportFile(world, name)
  }

  /** Writes the results, whole. Throws a StoreError. */
  async keep(trades: readonly Trade[], report: Report, events: readonly EngineEvent[] = []): Promise<void> {
    if (this.#file === null && !this.isOut) return
    const summary = summaryRecord(report)
    if (this.#isDatabase) {
      const { portableDatabase } = await import('../core/adapters/sqlite/portable.ts')
      const bytes = await portableDatabase({ trades, summary, events, origin: 'sim' })
      if (this.isOut) await this.#world.stdout.write(bytes)
      else this.#file?.write(bytes)
    } else {
      for (const record of [...trades.map(tradeRecord), summary]) this.#file?.write(ndjson(record))
    }
    this.#file?.keep()
  }

  /** Takes an unfinished file away. */
  drop(): void {
    this.#file?.drop()
  }
}
