import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codesSaid, Processes } from './started.fixture.ts'
import { bbw, Folder, records } from './world.fixture.ts'

const test = suite('run on an account')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

/** Two minutes of the market pass in a second: deadlines and ages are as much shorter, which is warned of. */
const SPEED = '40'
const KEYS = { BBW_API_KEY: 'a-key-of-mine', BBW_API_SECRET: 'a-secret-of-mine' }

/** A configuration in which strategies may send real orders. */
const config = join(folder.path, 'live.yaml')
writeFileSync(
  config,
  `strategies:\n${['mean-reversion', 'bollinger-grid-long', 'bb-scalping'].map(id => `  ${id}: { live: true }\n`).join('')}`,
  { mode: 0o600 },
)

test('a demo account is traded over the wire: an order rests there, and a restart finds it', async () => {
  const { url, env } = await processes.serve([
    '--protocol',
    'bybit',
    '--speed',
    SPEED,
    '--symbol',
    'BTCUSDT,ETHUSDT,SOLUSDT',
    '--data-dir',
    join(folder.path, 'sim'),
  ])
  const keys = { BBW_API_KEY: env.BBW_SIM_KEY, BBW_API_SECRET: env.BBW_SIM_SECRET }
  const words = ['run', '--exchange', 'demo', '--url', url, '--speed', SPEED, '-c', config, '--ndjson']
  const data = ['--data-dir', join(folder.path, 'demo')]
  const first = processes.start([...words, ...data], { env: keys })
  await first.says(/"kind":"entered"/, 'out')
  const { code, err } = await first.stop('SIGTERM')
  assert.is(code, 0, err)
  assert.match(err, /demo: the real market, a demo account/)
  const again = processes.start([...words, ...data], { env: keys })
  await again.says(/demo account at 127\.0\.0\.1/)
  const outcome = await again.stop('SIGINT')
  assert.is(outcome.code, 130, outcome.err)
  assert.equal(
    codesSaid(outcome.err).filter(one => /^[EC]/.test(one)),
    [],
    outcome.err,
  )
  const recovered = records(outcome.out).find(record => record.kind === 'recovered')
  const { found, positions, pending } = (recovered?.figures ?? {}) as { readonly [name: string]: number }
  // Minutes have passed there since: it rests, is held, or has ended and is found.
  assert.ok(found + positions + pending > 0, `what was entered is known to both: ${outcome.out}`)
  const other = processes.start([...words, '--data-dir', join(folder.path, 'other')], { env: KEYS })
  const refused = await other.ended
  assert.is(refused.code, 4, refused.err)
  assert.match(refused.err, /C976 the API key is none of the demo environment/)
  const caused = await fetch(`${url}/control/cause`, {
    method: 'POST',
    headers: { authorization: `Bearer ${env.BBW_SIM_SECRET}` },
    body: JSON.stringify({ fault: 'margin-mode' }),
  })
  assert.is(caused.status, 200)
  const cross = await processes.start([...words, '--data-dir', join(folder.path, 'cross')], { env: keys })
    .ended
  assert.is(cross.code, 4, cross.err)
  assert.match(cross.err, /C616 the account is in cross margin/)
  for (const secret of [...Object.values(keys), ...Object.values(KEYS)].filter(one => one.length > 20)) {
    for (const text of [err, outcome.err, outcome.out, refused.err]) assert.not.match(text, secret)
  }
})

test('an account at an exchange without BTCUSDT is opened as any other', async () => {
  const served = ['--protocol', 'bybit', '--speed', SPEED, '--symbol', 'SOLUSDT']
  const { url, env } = await processes.serve([...served, '--data-dir', join(folder.path, 'few')])
  const keys = { BBW_API_KEY: env.BBW_SIM_KEY, BBW_API_SECRET: env.BBW_SIM_SECRET }
  const words = ['run', '--exchange', 'demo', '--url', url, '--speed', SPEED, '-c', config, '--ndjson']
  const loop = processes.start([...words, '--data-dir', join(folder.path, 'of-few')], { env: keys })
  await loop.says(/demo account at 127\.0\.0\.1/)
  const { code, err } = await loop.stop('SIGTERM')
  assert.is(code, 0, err)
  const looked = await processes.start(['doctor', '--exchange', 'demo', '--url', url, '--json'], {
    env: keys,
  }).ended
  const checks = records(looked.out).filter(({ check }) => check === 'fees' || check === 'position-mode')
  assert.equal(
    checks.map(({ status, found }) => [status, found]),
    [
      ['ok', 'one-way'],
      ['ok', 'maker 0.0002, taker 0.00055'],
    ],
  )
})

test('without a key, or the three keys of real money, nothing begins', async () => {
  const live = join(folder.path, 'money.yaml')
  writeFileSync(live, 'mode: live\naccount: { alias: mine }\n', { mode: 0o600 })
  const cases: readonly (readonly [words: readonly string[], env: object, code: number, says: RegExp])[] = [
    [['--exchange', 'demo'], {}, 4, /there is no API key/],
    [['--exchange', 'demo', '--live'], KEYS, 2, /--live is for real money, and demo has none/],
    [
      ['--exchange', 'live'],
      KEYS,
      2,
      /real money is traded with mode: live in the configuration and --live only/,
    ],
    [['--exchange', 'live', '--live'], KEYS, 4, /the configuration does not say mode: live/],
    [['--exchange', 'live', '-c', live], KEYS, 2, /--live is not given/],
    [['--exchange', 'live', '--live', '-c', live], KEYS, 2, /no terminal to type the alias/],
    [
      ['--exchange', 'live', '--live', '--account', 'other', '-c', live],
      KEYS,
      2,
      /not the alias of the account/,
    ],
    [['--exchange', 'paper', '--live'], KEYS, 2, /--live is for real money, and paper has none/],
    [['--live'], KEYS, 2, /--live is for real money, and sim has none/],
  ]
  for (const [words, env, code, says] of cases) {
    const outcome = await bbw(['run', ...words], { env: { BBW_DATA_DIR: folder.path, ...env } })
    assert.is(outcome.code, code, `${words.join(' ')}: ${outcome.err}`)
    assert.match(outcome.err, says)
  }
})

test('where orders go to an account nothing runs without a state', async () => {
  for (const words of [['demo'], ['testnet'], ['live', '--live', '--account', 'mine']]) {
    const asked = ['run', '--no-state', '--url', 'http://127.0.0.1:1', '--exchange', ...words]
    const { code, out, err } = await bbw(asked, { env: { BBW_DATA_DIR: folder.path, ...KEYS } })
    assert.equal([code, out], [2, ''], err)
    assert.match(err, `--no-state keeps no books, and --exchange ${words[0]} sends orders to an account`)
    assert.match(err, /leave --no-state out/)
  }
})

test.run()
