import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Ended, LIMIT, WatchedProcesses } from './watchdog.fixture.ts'
import { startWatchdog } from './watchdog.ts'
import type { ChildSetting } from './watchdog-child.fixture.ts'

const test = suite('watchdog')
const processes = new WatchedProcesses()
const outcome = (setting: Partial<ChildSetting>): Promise<Ended> => processes.outcome(setting)
test.after(() => processes.end())

test('G7: a watchdog that a timer feeds, and one within the loop, are found out', async () => {
  const scenes = ['is blocked', 'ends nothing'] as const
  const kinds = ['real', 'fed by a timer', 'in the loop'] as const
  const ended = await Promise.all(
    kinds.flatMap(watchdog =>
      scenes.map(async loop => `${watchdog}, ${loop}: ${(await outcome({ watchdog, loop })).signal}`),
    ),
  )
  assert.equal(ended, [
    'real, is blocked: SIGKILL',
    'real, ends nothing: SIGKILL',
    'fed by a timer, is blocked: SIGKILL',
    'fed by a timer, ends nothing: null',
    'in the loop, is blocked: null',
    'in the loop, ends nothing: SIGKILL',
  ])
})

test('a loop that comes on, does what was allowed, or is held by a debugger, lives', async () => {
  const loops = ['goes on', 'does upkeep', 'is debugged'] as const
  const all = await Promise.all(loops.map(loop => outcome({ loop })))
  for (const { signal, out, err } of all) {
    assert.equal([signal, out], [null, 'begun\nlived\n'])
    assert.not.match(err, 'C707')
  }
})

test('a process that was stopped for longer than the limit lives when it goes on', async () => {
  const { child, ended } = processes.begin({ lifeMs: 2 * LIMIT.limitMs })
  await once(child.stdout ?? child, 'data')
  child.kill('SIGSTOP')
  await new Promise(resolve => setTimeout(resolve, 3 * LIMIT.limitMs))
  child.kill('SIGCONT')
  const { signal, out } = await ended
  assert.equal([signal, out], [null, 'begun\nlived\n'])
})

test('a thread that cannot be had is said, and the loop goes on', () => {
  const said: string[] = []
  const uncloneable = { what: 'light cycle', limitMs: 1, toString: () => 'no thread takes a function' }
  const watchdog = startWatchdog({
    watched: [uncloneable],
    folder: null,
    logFile: null,
    isTerminal: false,
    restores: '',
    onTrouble: words => said.push(words),
  })
  watchdog.note(0, 1)
  watchdog.allow(5)
  watchdog.close()
  assert.is(said.length, 1)
  assert.match(said[0], /^nobody watches whether the loop stands still: /)
})

test.run()
