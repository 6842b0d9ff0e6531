import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DecisionJournal } from '../core/adapters/sqlite/decision-journal.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf, bookRows, eventOf, optionsOf, T0 } from '../core/adapters/sqlite/store.fixture.ts'
import { thisProcess } from '../core/adapters/system/processes.ts'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { settingsContext } from '../core/engine/decision-record.ts'
import { defaultSettings } from '../core/engine/settings.ts'
import type { World } from './command.ts'
import { readCommandLine } from './command-line.ts'
import { dbCommand } from './db.ts'
import { failureOf } from './failures.ts'
import { Folder, type Outcome, records, UNWATCHED } from './world.fixture.ts'

const test = suite('db')
const folder = new Folder()
let folders = 0
test.after(() => folder.remove())

/** Runs `bbw db` on a data folder, at a time of its own. */
async function db(words: readonly string[], data: string, isTerminal = false): Promise<Outcome> {
  let out = ''
  let err = ''
  const entry = { name: 'db', summary: dbCommand.summary, load: async () => dbCommand }
  const line = await readCommandLine(['db', ...words, '--data-dir', data], [entry], '0.0.0', 100)
  if (line.kind !== 'run') return { code: 2, out, err: line.text }
  const world: World = {
    env: {},
    cwd: folder.path,
    stdin: Object.assign((async function* () {})(), { isTTY: false }),
    stdout: {
      isTTY: isTerminal,
      columns: 100,
      write: async text => {
        out += text
      },
    },
    stderr: {
      isTTY: false,
      columns: 100,
      write: text => {
        err += text
      },
    },
    clock: { now: () => T0, monotonic: () => 0, sleep: async () => {} },
    signal: new AbortController().signal,
    hangup: { listen: () => () => {} },
    watchdog: async () => UNWATCHED,
    redactor: new Redactor([]),
    color: false,
    quiet: line.globals.quiet,
    verbose: false,
  }
  try {
    return { code: await line.run(world, line.parsed), out, err }
  } catch (error) {
    const { code, lines } = failureOf(error, false)
    return { code, out, err: `${err}${lines.join('\n')}\n` }
  }
}

/** A data folder with a booked state; with `isHeld` a process that lives holds it. */
function booked(isHeld = false): { readonly data: string; readonly path: string } {
  folders += 1
  const data = join(folder.path, `data-${folders}`)
  const path = join(data, 'state.db')
  const store = StateStore.open(path, optionsOf({ self: thisProcess() }))
  store.acquire(T0)
  store.commit(batchOf({ rows: bookRows(), events: [eventOf(), eventOf()] }))
  if (!isHeld) store.release()
  store.close()
  return { data, path }
}

test('a backup is made, proved and told, as a record or as a path', async () => {
  const { data } = booked()
  const { code, out, err } = await db(['backup'], data)
  const path = join(data, 'backups', 'state-20240726T120000Z.db')
  assert.is(code, 0, err)
  const [record] = records(out)
  assert.equal(
    [record.v, record.type, record.id, record.ts, record.path, record.schema, record.removed],
    [1, 'backup', `backup/${path}`, T0, path, 1, []],
  )
  assert.is((record.counts as { events: number }).events, 2)
  assert.match(err, 'checked, opened and counted: 0 signals, 0 intents, 2 orders, 1 positions')
  const shown = await db(['backup', '--keep', '1'], data, true)
  assert.is(shown.out, `${join(data, 'backups', 'state-20240726T120000Z-2.db')}\n`)
  assert.match(shown.err, 'removed 1 older than the newest 1')
  assert.is((await db(['backup', '--quiet'], data)).err, '')
})

test('a backup to a named file replaces nothing, and flags that cannot be are refused', async () => {
  const { data } = booked()
  assert.is((await db(['backup', '--to', 'copy.db'], data)).code, 0)
  assert.ok(existsSync(join(folder.path, 'copy.db')))
  const again = await db(['backup', '--to', 'copy.db'], data)
  assert.is(again.code, 2)
  assert.match(again.err, 'copy.db is there already')
  for (const keep of ['0', '-1', '1.5', 'x', '10001'])
    assert.is((await db(['backup', '--keep', keep], data)).code, 2)
})

test('without a state nothing is made, and the answer is 3', async () => {
  const none = join(folder.path, 'none')
  for (const words of [['backup'], ['check']]) {
    const { code, out, err } = await db(words, none)
    assert.equal([code, out], [3, ''])
    assert.match(err, 'there is no state yet')
  }
  assert.not(existsSync(none))
})

test('a restore keeps what was there and tells where, and the state is as it was', async () => {
  const { data, path } = booked()
  await db(['backup'], data)
  const store = StateStore.open(path, optionsOf())
  store.acquire(T0)
  store.commit(batchOf({ events: [eventOf()] }))
  store.release()
  store.close()
  const source = join(relative(folder.path, data), 'backups', 'state-20240726T120000Z.db')
  assert.ok(existsSync(join(folder.path, source)))
  const { code, out, err } = await db(['restore', source], data)
  assert.is(code, 0, err)
  const aside = join(data, 'state-replaced-20240726T120000Z.db')
  const [record] = records(out)
  assert.equal(record.aside, [aside])
  assert.is((record.counts as { events: number }).events, 2)
  assert.match(err, `what was there is kept: ${aside}`)
  assert.equal(
    readdirSync(data).filter(name => name.includes('restoring')),
    [],
  )
  assert.is((await db(['check'], data)).code, 0)
})

test('while a process trades on the state it is not replaced: exit 79, with who it is', async () => {
  const { data, path } = booked(true)
  await db(['backup'], data)
  const before = readFileSync(path)
  const { code, out, err } = await db(['restore', join(data, 'backups', 'state-20240726T120000Z.db')], data)
  assert.equal([code, out], [79, ''])
  assert.match(err, `E801 process ${process.pid} on `)
  assert.match(err, 'stop it first')
  assert.equal(readFileSync(path), before)
})

test('a backup that is not there, is no good, or is the state itself is refused and nothing changes', async () => {
  const { data, path } = booked()
  const before = readFileSync(path)
  const noise = folder.file('noise.db', 'x'.repeat(5_000))
  const cases: readonly (readonly [string, number, string])[] = [
    ['none.db', 2, 'none.db is not there'],
    [path, 2, 'is the state itself'],
    [noise, 1, 'C807'],
  ]
  for (const [source, expected, words] of cases) {
    const { code, err } = await db(['restore', source], data)
    assert.is(code, expected, err)
    assert.match(err, words)
  }
  assert.equal(readFileSync(path), before)
})

test('a check says that all is well with 0, or each thing that is wrong with 1', async () => {
  const { data, path } = booked()
  const sound = await db(['check'], data)
  assert.is(sound.code, 0)
  assert.equal(records(sound.out)[0].wrong, [])
  assert.match(sound.err, 'sound: schema 1, 0 signals')
  const file = new DatabaseSync(path)
  file.exec("UPDATE events SET ts = 1 WHERE seq = 1; UPDATE positions SET record = '{}'")
  file.close()
  const damaged = await db(['check'], data)
  assert.is(damaged.code, 1)
  assert.is((records(damaged.out)[0].wrong as string[]).length, 2)
  assert.match(damaged.err, 'C807')
  assert.match(damaged.err, 'bbw db restore FILE')
  const shown = await db(['check'], data, true)
  assert.match(shown.out, 'events, row 1: it was changed\n')
  writeFileSync(path, 'x'.repeat(5_000))
  assert.is((await db(['check'], data)).code, 1)
})

test('a check looks through the journal of decisions as well, which a state does without', async () => {
  const { data } = booked()
  assert.is(records((await db(['check'], data)).out)[0].decisions, null)
  const path = join(data, 'decisions.db')
  const journal = DecisionJournal.open(path, () => 0)
  const context = settingsContext('1.2.3', defaultSettings())
  const inputs = { candles: null, parameters: '', fees: '', instrument: null, state: '', price: null }
  const about = { cycle: null, step: null, strategy: null, symbol: null, side: null, told: [] }
  const decision = { at: T0, kind: 'score' as const, ...about, context: context.hash, inputs, seen: '{}' }
  const decisions = ['[]', '[1]', '[2]'].map(answer => ({ ...decision, answer }))
  assert.is(journal.keep({ contexts: [context], prints: [], decisions }), null)
  journal.close()
  const sound = await db(['check'], data)
  assert.is(sound.code, 0, sound.err)
  assert.equal(records(sound.out)[0].decisions, { path, rows: 3, wrong: [] })
  assert.match(sound.err, '3 decisions')
  const change = (sql: string): void => {
    const file = new DatabaseSync(path)
    file.exec(sql)
    file.close()
  }
  change('DELETE FROM contexts')
  const without = await db(['check'], data)
  assert.is(without.code, 1)
  assert.match((records(without.out)[0].decisions as { wrong: string[] }).wrong[0], 'it is missing')
  change("UPDATE decisions SET answer = '[7]' WHERE seq = 2")
  const changed = await db(['check'], data, true)
  assert.is(changed.code, 1)
  assert.match(changed.out, 'decisions, row 2: it was changed')
  assert.match(changed.err, `E813 ${path} is damaged`)
  assert.not.match(changed.err, 'C807')
  for (const noise of ['x'.repeat(5_000), '']) {
    writeFileSync(path, noise)
    assert.is((await db(['check'], data)).code, 1, noise.slice(0, 1))
  }
})

test.run()
