import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codesSaid, Processes } from './started.fixture.ts'
import { bbw, Folder, records } from './world.fixture.ts'

const test = suite('run on paper')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

const SYMBOLS = 'BTCUSDT,ETHUSDT,SOLUSDT'

/** A minute of the market passes in a second: the price of an entry may be a second old. */
const SPEED = '60'

test('the real market is traded on paper: entered, and gone on with after a restart', async () => {
  const { url } = await processes.serve([
    '--protocol',
    'bybit',
    '--speed',
    SPEED,
    '--symbol',
    SYMBOLS,
    '--data-dir',
    join(folder.path, 'sim'),
  ])
  const data = join(folder.path, 'paper')
  const words = ['run', '--exchange', 'paper', '--url', url, '--speed', SPEED, '--data-dir', data, '--ndjson']
  const first = processes.start(words)
  await first.says(/"kind":"entered"/, 'out')
  const { code, err } = await first.stop('SIGTERM')
  assert.is(code, 0, err)
  const again = processes.start(words)
  await again.says(/paper at 127\.0\.0\.1/)
  const outcome = await again.stop('SIGINT')
  assert.is(outcome.code, 130, outcome.err)
  assert.equal(
    codesSaid(outcome.err).filter(one => /^[EC]/.test(one)),
    [],
    outcome.err,
  )
  const recovered = records(outcome.out).find(record => record.kind === 'recovered')
  assert.ok(recovered !== undefined, 'the books were compared with the account that was kept')
})

test('flags of another market, and a speed of the real one, are refused', async () => {
  const cases: readonly (readonly [words: readonly string[], says: RegExp])[] = [
    [['--exchange', 'paper', '--market', 'fixtures'], /--market is for --exchange sim/],
    [['--exchange', 'paper', '--csv', 'a.csv'], /--csv is for --exchange sim/],
    [['--exchange', 'paper', '--timerange', '20250101-'], /--timerange is for --exchange sim/],
    [['--exchange', 'paper', '--sim-url', 'http://127.0.0.1:1'], /--sim-url is for --exchange sim/],
    [['--exchange', 'paper', '--speed', '60'], /moves at its own speed/],
    [['--exchange', 'paper', '--speed', 'max', '--url', 'http://127.0.0.1:1'], /moves at its own speed/],
    [['--exchange', 'paper', '--url', 'http://example.com'], /is not encrypted/],
    [['--url', 'http://127.0.0.1:1'], /give --exchange paper with it/],
  ]
  for (const [words, says] of cases) {
    const { code, err } = await bbw(['run', '--no-state', ...words])
    assert.is(code, 2, `${words.join(' ')}: ${err}`)
    assert.match(err, says)
  }
})

test('an exchange that is not there ends it with 5, and says so', async () => {
  const { code, err } = await processes.start([
    'run',
    '--exchange',
    'paper',
    '--url',
    'http://127.0.0.1:9',
    '--data-dir',
    join(folder.path, 'nobody'),
  ]).ended
  assert.is(code, 5, err)
  assert.match(err, /127\.0\.0\.1:9|ECONNREFUSED/)
})

test.run()
