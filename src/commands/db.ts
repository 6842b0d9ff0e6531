import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { backup, backupFolder, type Counts, KEEP } from '../core/adapters/sqlite/backup.ts'
import { checkState } from '../core/adapters/sqlite/check.ts'
import {
  DECISIONS_FILE,
  type DecisionCheck,
  DecisionReader,
} from '../core/adapters/sqlite/decision-journal.ts'
import { restore } from '../core/adapters/sqlite/recovery.ts'
import { isAlive, thisProcess } from '../core/adapters/system/processes.ts'
import { StoreError, UsageError } from '../core/base/errors.ts'
import type { CommandSpec, FlagSpec, ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { say } from './lines.ts'

const DATA_DIR: FlagSpec = {
  flags: '--data-dir <folder>',
  description: 'folder of the state (BBW_DATA_DIR; default: $XDG_STATE_HOME/bbw)',
}

const MOST_KEPT = 10_000

function statePath(world: World, parsed: ParsedArguments): string {
  return join(dataDirectory(world, textFlag(parsed, 'dataDir')), 'state.db')
}

/** Whether there is a state; says so on standard error where there is none. */
function isThere(world: World, path: string): boolean {
  if (existsSync(path)) return true
  world.stderr.write(`there is no state yet (${path}); bbw run makes it\n`)
  return false
}

function keepFlag(parsed: ParsedArguments): number {
  const text = textFlag(parsed, 'keep')
  if (text === undefined) return KEEP
  const keep = Number(text)
  if (/^\d+$/.test(text) && keep >= 1 && keep <= MOST_KEPT) return keep
  throw new UsageError(
    `--keep ${text} is not a whole number from 1 to ${MOST_KEPT}`,
    'for example: --keep 14',
  )
}

function countText(counts: Counts): string {
  return Object.entries(counts)
    .map(([table, rows]) => `${rows.toLocaleString('en-US')} ${table}`)
    .join(', ')
}

async function runBackup(world: World, parsed: ParsedArguments): Promise<number> {
  const path = statePath(world, parsed)
  const keep = keepFlag(parsed)
  const to = textFlag(parsed, 'to')
  if (!isThere(world, path)) return EXIT.notFound
  const target = to === undefined ? undefined : resolve(world.cwd, to)
  if (target !== undefined && existsSync(target)) {
    throw new UsageError(`${to} is there already`, 'a backup replaces nothing: name another file')
  }
  const now = world.clock.now()
  const options = { now, folder: backupFolder(path), keep }
  const made = backup(path, target === undefined ? options : { ...options, target })
  const { schema, counts, removed } = made
  if (wantsRecords(world, parsed)) {
    const id = `backup/${made.path}`
    const record = { v: 1, type: 'backup', id, ts: now, path: made.path, schema, counts, removed }
    await world.stdout.write(`${JSON.stringify(record)}\n`)
  } else await world.stdout.write(`${made.path}\n`)
  say(world, `checked, opened and counted: ${countText(counts)}`)
  if (removed.length > 0) say(world, `removed ${removed.length} older than the newest ${keep}`)
  return EXIT.ok
}

async function runRestore(world: World, parsed: ParsedArguments): Promise<number> {
  const path = statePath(world, parsed)
  const [name] = parsed.args
  const source = resolve(world.cwd, name)
  if (!existsSync(source)) {
    throw new UsageError(`${name} is not there`, `the daily backups lie in ${backupFolder(path)}`)
  }
  if (source === path) throw new UsageError(`${name} is the state itself`, 'name a backup')
  const now = world.clock.now()
  const { aside, schema, counts } = restore(path, source, { ...thisProcess(), now, isAlive })
  if (wantsRecords(world, parsed)) {
    const id = `restore/${source}/${now}`
    const record = { v: 1, type: 'restore', id, ts: now, path, source, schema, counts, aside }
    await world.stdout.write(`${JSON.stringify(record)}\n`)
  } else await world.stdout.write(`${path}\n`)
  say(world, `checked before and after: ${countText(counts)}`)
  if (aside.length > 0) say(world, `what was there is kept: ${aside.join(', ')}`)
  return EXIT.ok
}

async function runCheck(world: World, parsed: ParsedArguments): Promise<number> {
  const path = statePath(world, parsed)
  if (!isThere(world, path)) return EXIT.notFound
  const { schema, counts, wrong } = checkState(path)
  const decisions = checkDecisions(path)
  if (wantsRecords(world, parsed)) {
    const record = {
      v: 1,
      type: 'check',
      id: `check/${path}`,
      ts: world.clock.now(),
      path,
      schema,
      counts,
      wrong,
      decisions,
    }
    await world.stdout.write(`${JSON.stringify(record)}\n`)
  } else {
    for (const words of [...wrong, ...(decisions?.wrong ?? [])]) await world.stdout.write(`${words}\n`)
  }
  const rows = counts === null ? '' : `, ${countText(counts)}`
  if (wrong.length === 0) say(world, `sound: schema ${schema}${rows}`)
  else {
    world.stderr.write(
      `C807 ${path} is damaged (${wrong.length} findings). Nothing was changed. Stop bbw, then: bbw db restore FILE\n`,
    )
  }
  const isDamaged = decisions !== null && decisions.wrong.length > 0
  if (isDamaged) {
    const count = `${decisions.wrong.length} findings`
    world.stderr.write(`E813 ${decisions.path} is damaged (${count}). Nothing was changed. Put it aside\n`)
  } else if (decisions !== null) say(world, `sound: ${decisions.path}, ${decisions.rows} decisions`)
  return wrong.length === 0 && !isDamaged ? EXIT.ok : EXIT.fault
}

/** Looks through the journal of decisions beside a state; `null` where none were taken down. */
function checkDecisions(state: string): (DecisionCheck & { readonly path: string }) | null {
  const path = join(dirname(state), DECISIONS_FILE)
  try {
    const reader = DecisionReader.open(path)
    try {
      return reader === null ? null : { path, ...reader.check() }
    } finally {
      reader?.close()
    }
  } catch (error) {
    if (!(error instanceof StoreError) || (error.trouble !== 'damaged' && error.trouble !== 'other'))
      throw error
    return { path, rows: null, wrong: [error.message] }
  }
}

export const dbCommand: CommandSpec = {
  name: 'db',
  summary: 'back up, check and restore the state',
  description:
    'The state (state.db) holds orders, positions, trades and the journal. Market data are another matter: bbw data.',
  examples: ['bbw db backup', 'bbw db check', 'bbw db restore backups/state-20250131T000500Z.db'],
  commands: [
    {
      name: 'backup',
      summary: 'copy the state while it is in use, and prove the copy',
      description:
        'The copy is checked throughout, opened, its books are read and its rows counted before it counts as made. ' +
        'Without --to it lies in the folder backups beside the state, of which the newest remain.',
      examples: ['bbw db backup', 'bbw db backup --keep 30', 'bbw db backup --to /mnt/usb/state.db'],
      flags: [
        { flags: '--to <file>', description: 'where to; never replaces a file' },
        { flags: '--keep <n>', description: 'backups to keep in the folder', default: String(KEEP) },
        RECORDS_FLAG,
        DATA_DIR,
      ],
      run: runBackup,
    },
    {
      name: 'restore',
      summary: 'put a backup in the place of the state, which is kept under another name',
      description:
        'The backup is proved first. While a process trades on the state nothing is done (exit 79). The next run ' +
        'compares the restored books with the exchange and sets right what differs.',
      examples: ['bbw db restore ~/.local/state/bbw/backups/state-20250131T000500Z.db'],
      arguments: [{ name: '<file>', description: 'the backup' }],
      flags: [RECORDS_FLAG, DATA_DIR],
      run: runRestore,
    },
    {
      name: 'check',
      summary: 'look through file, journal and books (exit 1 when something is wrong)',
      description:
        'The file and its indexes, the chain of hashes of the journal, and whether the books can be read; and where decisions are taken down, their journal likewise.',
      examples: ['bbw db check', 'bbw db check --json | jq .wrong'],
      flags: [RECORDS_FLAG, DATA_DIR],
      run: runCheck,
    },
  ],
}
