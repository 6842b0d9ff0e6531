/** What is looked at of the state, its backups, and what lies beside it. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { backupFolder } from '../core/adapters/sqlite/backup.ts'
import { DECISIONS_FILE, DecisionReader } from '../core/adapters/sqlite/decision-journal.ts'
import { stampedFiles } from '../core/adapters/sqlite/files.ts'
import { liveHolder } from '../core/adapters/sqlite/lease.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { latestVersion } from '../core/adapters/sqlite/migrations.ts'
import { isAlive, thisProcess } from '../core/adapters/system/processes.ts'
import { StoreError } from '../core/base/errors.ts'
import { DAY } from '../core/base/units.ts'
import { STATE_FILE } from './desk.ts'
import { type Check, failed, ofState, ok, skipped, type Verdict, warning } from './doctor-check.ts'
import { EXIT } from './exit-codes.ts'

/** Longer than that no check may take. */
const MOST_CHECKED_BYTES = 256 * 2 ** 20
const MUCH_LOG_BYTES = 64 * 2 ** 20
const OLD_BACKUP_DAYS = 2
const OLD_CANDLES_DAYS = 3

const STAMP = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/
const BACKUP = /^state-(?:v\d+-)?\d{8}T\d{6}Z(?:-\d+)?\.db$/

export const STATE_CHECKS: readonly Check[] = [
  {
    ...{ id: 'state', title: 'state', why: 'Without it nobody knows what bbw holds.', exit: EXIT.fault },
    run: ({ state, folder }) => {
      if (state === null) return skipped('there is none yet; bbw run makes it')
      const remedy = 'bbw db check says more; bbw db restore FILE puts a backup in its place'
      if (typeof state === 'string') return failed(state, remedy)
      const { schema } = state.view
      if (schema < latestVersion())
        return warning(`schema ${schema}, upgraded at the next start`, 'bbw db backup')
      return ok(`${join(folder, STATE_FILE)}, schema ${schema}`)
    },
  },
  ofState('state-file', 'its file', 'A damaged file loses what bbw holds.', ({ source }, { folder }) => {
    const { size } = statSync(join(folder, STATE_FILE))
    if (size > MOST_CHECKED_BYTES) return skipped('too large for a quick look: bbw db check')
    const [first, ...more] = source.query('PRAGMA quick_check(3)').map(row => String(Object.values(row)[0]))
    if (first === 'ok' && more.length === 0) return ok('sound, by a quick look')
    return failed([first, ...more].join('; '), 'bbw db restore FILE puts a backup in its place')
  }),
  ofState(
    'state-log',
    'its log',
    'A log that grows is held by a reader, and fills the disk.',
    ({ source }, { folder }) => {
      const [mode] = source.query('PRAGMA journal_mode').map(row => String(Object.values(row)[0]))
      if (mode !== 'wal')
        return failed(`journal mode ${mode}`, 'bbw run sets it; does somebody else write to the file?')
      const bytes = statSync(join(folder, `${STATE_FILE}-wal`), { throwIfNoEntry: false })?.size ?? 0
      const words = `${Math.ceil(bytes / 2 ** 20)} MB ahead`
      return bytes > MUCH_LOG_BYTES ? warning(words, 'end what has the state open for long') : ok(words)
    },
  ),
  ofState(
    'lease',
    'lease',
    'Two that trade on one account double every order.',
    ({ view: { lease } }, { now }) => {
      const holder = lease?.holder ?? null
      if (holder === null) return ok('free: no loop runs')
      const { pid, host } = holder
      if (liveHolder(lease, { host: thisProcess().host, now, isAlive }) !== null)
        return ok(`process ${pid} on ${host} trades`)
      return warning(
        `process ${pid} on ${host} has ended without a word`,
        'bbw run recovers, as after any start',
      )
    },
  ),
  ofState('loop', 'loop', 'A loop that hangs manages nothing.', ({ view: { lease } }, { now }) => {
    const alive = liveHolder(lease, { host: thisProcess().host, now, isAlive })
    if (alive === null) return skipped('no loop runs at present')
    const seconds = Math.round(alive.ageMs / 1_000)
    if (seconds <= 30) return ok(`heard of ${Math.max(0, seconds)} s ago`)
    return warning(`not heard of for ${seconds} s`, 'look at its log; stops stay at the exchange')
  }),
  ofState('standing', 'entries', 'Halted or paused, nothing is entered.', ({ view: { ledger } }) => {
    const { halted = null, paused = null } = ledger?.standing ?? {}
    if (halted !== null)
      return warning(`halted by ${halted.by}: ${halted.reason}`, 'find out why, then: bbw trade resume')
    if (paused !== null) return warning(`paused by ${paused.by}: ${paused.reason}`, 'bbw trade resume')
    return ok('neither halted nor paused')
  }),
  ofState('protection', 'stops', 'A position without one can lose everything.', ({ view: { snapshot } }) => {
    if (snapshot === null) return skipped('no loop has said so far what it holds')
    const { positions } = snapshot
    const bare = positions
      .filter(({ isProtected }) => !isProtected)
      .map(({ symbol, side }) => `${symbol} ${side}`)
    if (bare.length === 0) return ok(`${positions.length} positions, each with its stop, when last seen`)
    return failed(
      `without a stop when last seen: ${bare.join(', ')}`,
      'start bbw run, or set a stop at the exchange',
    )
  }),
  ofState(
    'books',
    'books',
    'Where they differ from the exchange, one of the two is wrong.',
    ({ view: { snapshot } }) => {
      if (snapshot === null) return skipped('no loop has said so far')
      if (snapshot.drift !== '')
        return warning(snapshot.drift, 'bbw status; the next bbw run compares them anew')
      return ok('as at the exchange, when last compared')
    },
  ),
  ofState('queue', 'commands that wait', 'Nobody carries them out.', ({ view: { queued } }) =>
    queued === 0 ? ok('none') : warning(`${queued}`, 'they are taken by the next bbw run'),
  ),
  ofState('backup', 'backup', 'A state that is lost is gone without one.', (_, { folder, now }) => {
    const [newest] = stampedFiles(backupFolder(join(folder, STATE_FILE)), BACKUP)
    if (newest === undefined) return warning('none', 'bbw db backup; bbw run makes one a day')
    const days = (now - madeAt(newest)) / DAY
    const words = `${newest}, ${days.toFixed(1)} days old`
    return days > OLD_BACKUP_DAYS ? warning(words, 'bbw db backup') : ok(words)
  }),
  {
    ...{
      id: 'market-cache',
      title: 'market data',
      why: 'On old candles nothing is decided.',
      exit: EXIT.fault,
    },
    run: ({ folder, now }) => {
      const path = join(folder, 'market.db')
      if (!existsSync(path)) return skipped('none are kept; bbw data import or download brings them')
      return besideState(path, 'remove the file: it is made anew', () => {
        const cache = MarketCache.open(path, { readonly: true })
        try {
          const list = cache.list()
          if (list.length === 0) return ok('empty')
          const last = Math.max(...list.map(one => one.last))
          const words = `${list.length} series, up to ${new Date(last).toISOString().slice(0, 10)}`
          const isOld = now - last > OLD_CANDLES_DAYS * DAY
          return isOld ? warning(words, 'bbw data download, or bbw data import') : ok(words)
        } finally {
          cache.close()
        }
      })
    },
  },
  {
    ...{
      id: 'decisions',
      title: 'journal of decisions',
      why: 'Without it none can be made again.',
      exit: EXIT.fault,
    },
    run: ({ folder, loaded: { config } }) => {
      const path = join(folder, DECISIONS_FILE)
      const isWanted = config.operations.decisions.journal
      if (!existsSync(path))
        return isWanted ? ok('the next run begins it') : skipped('none is kept: bbw run --decisions does')
      return besideState(path, 'move the file away: the next run begins anew', () => {
        const reader = DecisionReader.open(path)
        if (reader === null) return ok('empty')
        try {
          const span = reader.span(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
          return ok(span === null ? 'empty' : `up to ${new Date(span.last).toISOString().slice(0, 16)}Z`)
        } finally {
          reader.close()
        }
      })
    },
  },
]

/** When a backup was made, as its name says: copies bear another date. */
function madeAt(path: string): number {
  const [, year, month, day, hour, minute, second] = STAMP.exec(path) ?? []
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
}

function besideState(path: string, remedy: string, look: () => Verdict): Verdict {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return failed(
      error.message.includes(path) ? error.message : `${path}: ${error.message}`,
      error.remedy ?? remedy,
    )
  }
}
