import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { foundStandstill, STANDSTILL_FILE } from './standstill.ts'
import { type Ended, LIMIT, SECRET, WatchedProcesses } from './watchdog.fixture.ts'
import type { ChildSetting } from './watchdog-child.fixture.ts'

const test = suite('watchdog thread')
const processes = new WatchedProcesses()
const fresh = (): string => processes.folder()
const outcome = (setting: Partial<ChildSetting>): Promise<Ended> => processes.outcome(setting)
test.after(() => processes.end())

test('G7: a loop that stands still is ended, said on standard error and in the log, and leaves a trace', async () => {
  const folder = fresh()
  const logFile = join(folder, 'bbw.log')
  const [logged, silent] = await Promise.all([
    outcome({ loop: 'is blocked', folder, logFile }),
    outcome({ loop: 'ends nothing' }),
  ])
  assert.equal([logged.signal, logged.out], ['SIGKILL', 'begun\n'])
  assert.match(
    logged.err,
    /^bbw run: C707 the loop stood still: no light cycle has ended for 2 s; this process ends/,
  )
  const line = JSON.parse(readFileSync(logFile, 'utf8'))
  assert.equal([line.level, line.code], ['fatal', 'C707'])
  const found = foundStandstill(folder)
  assert.is(found?.what, 'light cycle')
  assert.ok(found !== null && found.silentMs >= LIMIT.limitMs && found.pid > 0)
  assert.is(statSync(join(folder, STANDSTILL_FILE)).mode & 0o777, 0o600)
  // Without a log file the log is on standard error.
  assert.equal([silent.signal, JSON.parse(silent.err).code], ['SIGKILL', 'C707'])
})

test('no secret of the process is told to the thread or left in the trace', async () => {
  const folder = fresh()
  const logFile = join(folder, 'bbw.log')
  const { err } = await outcome({ loop: 'is blocked', folder, logFile })
  const files = [STANDSTILL_FILE, 'bbw.log'].map(name => readFileSync(join(folder, name), 'utf8'))
  for (const text of [err, ...files]) assert.not.match(text, SECRET)
})

test('a trace that cannot be left keeps nothing from ending', async () => {
  const folder = join(fresh(), 'not there')
  const { signal, err } = await outcome({ loop: 'is blocked', folder })
  assert.is(signal, 'SIGKILL')
  assert.match(err, 'C707')
  assert.not(existsSync(folder))
})

test.run()
