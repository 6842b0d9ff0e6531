import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('places')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const KEYS = { BBW_SIM_KEY: 'key', BBW_SIM_SECRET: 'secret' }

test.after(() => folder.remove())

function run(words: readonly string[], env: { readonly [name: string]: string } = {}): Promise<Outcome> {
  const all = ['run', '--speed', 'max', '--ndjson', ...words]
  return bbw(all, { cwd: folder.path, env: { BBW_DATA_DIR: join(folder.path, 'data'), ...env } })
}

test('an exchange in this process begins after some history, or where the range says so', async () => {
  const late = await run([...MARKET, '--no-state', '--until', '2024-06-20'])
  assert.match(late.err, '12 symbols from 2024-06-19 00:00 UTC')
  const early = await run([...MARKET, '--no-state', '--timerange', '20240301-20240303'])
  assert.is(early.code, 0, early.err)
  assert.match(early.err, '12 symbols from 2024-03-01 00:00 UTC')
  assert.is(records(early.out).at(-1)?.to, Date.UTC(2024, 2, 3))
})

test('one that is kept goes on from where it began, whatever is not said again', async () => {
  const data = ['--data-dir', join(folder.path, 'kept')]
  await run([...MARKET, ...data, '--timerange', '20240701-', '--until', '2024-07-03'])
  const again = await run([...MARKET, ...data, '--until', '2024-07-05'])
  assert.is(again.code, 0, again.err)
  assert.match(again.err, 'from 2024-07-03 00:00 UTC')
})

test('a market or an exchange that is none is refused', async () => {
  for (const [words, reason] of [
    [['--market', 'none'], 'none'],
    [['--exchange', 'other'], 'Allowed choices are sim'],
    [['--sim-url', 'http://192.0.2.1:80'], 'is not the address of an exchange on this machine'],
    [['--sim-url', 'https://127.0.0.1:80'], 'is not the address of an exchange on this machine'],
  ] as const) {
    const { code, out, err } = await run([...words, '--no-state'], KEYS)
    assert.equal([code, out], [2, ''], words.join(' '))
    assert.match(err, reason)
  }
})

test('an exchange of another process wants credentials, whole', async () => {
  const words = ['--sim-url', 'http://127.0.0.1:1', '--no-state']
  const none = await run(words)
  assert.is(none.code, 4)
  assert.match(none.err, 'there are no credentials for the exchange at http://127.0.0.1:1')
  const half = await run(words, { BBW_SIM_KEY: 'key' })
  assert.is(half.code, 4)
  assert.match(half.err, 'BBW_SIM_SECRET is not set')
})

test.run()
