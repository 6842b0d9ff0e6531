import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { type Machine, thisMachine } from '../core/adapters/system/machine.ts'
import { leaveOrder } from '../core/adapters/system/standing-order.ts'
import { ExchangeError } from '../core/base/errors.ts'
import type { CommandSpec, World } from './command.ts'
import { diagnose, doctorCommand } from './doctor.ts'
import type { Check } from './doctor-check.ts'
import { exchangeChecks } from './doctor-exchange.ts'
import { MACHINE_CHECKS } from './doctor-machine.ts'
import { STATE_CHECKS } from './doctor-state.ts'
import { RUN_KEY } from './run-facts.ts'
import { Processes } from './started.fixture.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records, type Setting } from './world.fixture.ts'

const test = suite('bbw doctor')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder), '--timerange', '20240701-20240901']
const wall = Date.UTC(2026, 0, 1)
let count = 0
const processes = new Processes()
test.after(async () => {
  await processes.end()
  folder.remove()
})

type Row = { readonly [field: string]: unknown }

/** A machine that lacks nothing, whatever this one is like. */
const SOUND: Machine = {
  ...thisMachine(),
  ...{
    node: '24.1.0',
    sqlite: '3.53.4',
    uid: 1_000,
    timeZone: 'UTC',
    openFiles: 65_536,
    freeMemory: 2 ** 33,
  },
  ...{ load: 0.1, isClockSynchronised: true, freeFiles: () => 1e6, listen: async () => null },
}

/** A clock that goes from one sleeper to the next once nothing else is to be done; `stepMs` passes at every look. */
function clockFrom(start: number, stepMs: number): World['clock'] {
  let time = 0
  let sleepers: { readonly due: number; readonly wake: () => void }[] = []
  return {
    now: () => start + time,
    monotonic: () => (time += stepMs),
    sleep: (ms, stop) =>
      new Promise((resolve, reject) => {
        const one = { due: time + ms, wake: resolve }
        sleepers.push(one)
        stop?.addEventListener('abort', () => {
          sleepers = sleepers.filter(other => other !== one)
          reject(new Error('aborted'))
        })
        setImmediate(() => {
          sleepers.sort((a, b) => a.due - b.due)
          const first = sleepers.shift()
          time = Math.max(time, first?.due ?? time)
          first?.wake()
        })
      }),
  }
}

/** The doctor on a made-up machine. */
function doctor(
  data: string,
  machine: Partial<Machine> = {},
  setting: Setting = {},
  checks: readonly Check[] = [...MACHINE_CHECKS, ...STATE_CHECKS, ...exchangeChecks('sim', null, null)],
  words: readonly string[] = [],
  stepMs = 0,
): Promise<Outcome> {
  const command: CommandSpec = {
    ...doctorCommand,
    run: (world, parsed) =>
      diagnose(
        { ...world, clock: clockFrom(setting.wall ?? wall, stepMs) },
        parsed,
        { ...SOUND, ...machine },
        checks,
      ),
  }
  const { name, summary } = command
  const registry = [{ name, summary, load: async () => command }]
  return bbw(['doctor', '--data-dir', data, ...words], { wall, cwd: folder.path, registry, ...setting })
}

const of = ({ out }: Outcome, id: string): Row => {
  const found = records(out).find(row => row.check === id)
  assert.ok(found !== undefined, id)
  return found
}

const statuses = (outcome: Outcome, status: string): readonly unknown[] =>
  records(outcome.out).flatMap(row => (row.status === status ? [row.check] : []))

async function withState(): Promise<string> {
  const data = join(folder.path, `state-${++count}`)
  const words = ['run', ...MARKET, '--data-dir', data, '--speed', 'max', '--until', '2024-07-28']
  assert.is((await bbw(words)).code, 0)
  assert.is((await bbw(['db', 'backup', '--data-dir', data], { wall })).code, 0)
  return data
}

test('a sound machine with the state of a loop passes; what was not looked at is skipped with a reason', async () => {
  const data = await withState()
  const outcome = await doctor(data)
  assert.is(outcome.code, 0, outcome.out)
  assert.equal([statuses(outcome, 'failed'), statuses(outcome, 'warning')], [[], []])
  assert.equal(statuses(outcome, 'skipped').slice(0, 3), ['loop', 'market-cache', 'decisions'])
  for (const row of records(outcome.out).filter(({ status }) => status === 'skipped')) {
    assert.ok(String(row.found).length > 10, String(row.check))
  }
  const rows = records(outcome.out)
  const summary = rows.at(-1)
  assert.is(summary?.type, 'doctor')
  assert.is(Number(summary?.ok) + Number(summary?.skipped), rows.length - 1)
  assert.ok(rows.length > 30, `${rows.length} checks`)
  assert.match(String(of(outcome, 'protection').found), '4 positions, each with its stop')
  const text = await doctor(data, {}, { terminals: ['stdout'] })
  assert.match(text.out, /\nok {7}disk .* free\n/)
})

test('without a folder nothing of it is passed, and nothing is made', async () => {
  const data = join(folder.path, 'nothing', 'at', 'all')
  const outcome = await doctor(data)
  assert.is(outcome.code, 0, outcome.out)
  for (const { id } of STATE_CHECKS) assert.is(of(outcome, id).status, 'skipped', id)
  assert.not(existsSync(join(folder.path, 'nothing')))
})

test('each trouble of the machine is found, with why it matters and what helps', async () => {
  const data = join(folder.path, 'empty')
  for (const [machine, id, status, code] of [
    [{ node: '22.4.0' }, 'node', 'failed', 4],
    [{ sqlite: '3.51.2' }, 'sqlite', 'failed', 4],
    [{ uid: 0 }, 'user', 'warning', 0],
    [{ freeMemory: 1e6 }, 'memory', 'warning', 0],
    [{ load: 9 }, 'load', 'warning', 0],
    [{ openFiles: 256 }, 'open-files', 'warning', 0],
    [{ openFiles: null }, 'open-files', 'skipped', 0],
    [{ isClockSynchronised: false }, 'time-service', 'warning', 0],
    [{ freeFiles: () => 5 }, 'inodes', 'warning', 0],
    [{ listen: async () => 'EACCES' }, 'loopback', 'failed', 4],
  ] as const) {
    const outcome = await doctor(data, machine)
    const row = of(outcome, id)
    assert.equal([row.status, outcome.code], [status, code], id)
    assert.is(row.remedy === null, status === 'skipped', id)
    assert.is.not(row.why, '')
  }
  const dated = await doctor(data, {}, { wall: Date.UTC(2001, 0, 1) })
  assert.equal([of(dated, 'year').status, dated.code], ['failed', 4])
  const proxied = await doctor(data, {}, { env: { BBW_DATA_DIR: data, HTTPS_PROXY: 'http://me:word@proxy' } })
  assert.is(of(proxied, 'proxy').status, 'warning')
  assert.not.match(proxied.out, 'word', 'its password is nobody else its concern')
  const trusting = await doctor(data, {}, { env: { BBW_DATA_DIR: data, NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
  assert.equal([of(trusting, 'certificates').status, trusting.code], ['warning', 0])
  assert.is(of(trusting, 'certificates').remedy, 'unset NODE_TLS_REJECT_UNAUTHORIZED')
  assert.is(of(await doctor(data), 'certificates').status, 'ok')
})

test('rights that are too wide, a link and an order beside the state are found', async () => {
  const data = join(folder.path, 'rights')
  mkdirSync(data, { mode: 0o755 })
  chmodSync(data, 0o755)
  const wide = await doctor(data)
  assert.equal(
    [of(wide, 'folder-rights').status, of(wide, 'folder-rights').remedy],
    ['warning', `chmod 700 ${data}`],
  )
  writeFileSync(join(data, 'market.csv'), 'x')
  chmodSync(join(data, 'market.csv'), 0o644)
  symlinkSync('/etc/hostname', join(data, 'link'))
  leaveOrder(data, { command: 'halt', by: 'cli', reason: 'a fire', at: wall })
  const outcome = await doctor(data)
  assert.is(outcome.code, 4)
  assert.match(String(of(outcome, 'file-rights').found), /link is a link/)
  assert.match(String(of(outcome, 'file-rights').found), /market.csv is 0644/)
  assert.match(String(of(outcome, 'standing-order').found), 'halt: a fire')
})

test('a configuration that is wrong fails, and nothing else of it is trusted less', async () => {
  const config = folder.file('wrong.yaml', 'fees: {makr: 1}')
  const outcome = await doctor(join(folder.path, 'empty'), {}, {}, MACHINE_CHECKS, ['-c', config])
  assert.is(outcome.code, 4)
  assert.match(String(of(outcome, 'configuration').found), 'makr')
  const logging = folder.file('log.yaml', 'operations: {log: {file: /nowhere/bbw.log}}')
  const log = await doctor(join(folder.path, 'empty'), {}, {}, MACHINE_CHECKS, ['-c', logging])
  assert.equal([of(log, 'log').status, log.code], ['failed', 4])
})

test('a state that is damaged, halted, old or left behind is told', async () => {
  const data = await withState()
  await bbw(['trade', 'halt', '--data-dir', data, '--reason', 'a fire'], { wall })
  const halted = await doctor(data, {}, { wall: wall + 5 * 86_400_000 })
  assert.equal([of(halted, 'standing').status, halted.code], ['warning', 0])
  assert.match(String(of(halted, 'standing').found), 'halted by cli: a fire')
  assert.match(String(of(halted, 'backup').found), '5.0 days old')
  writeFileSync(join(data, 'market.db'), 'no cache of candles at all, whatever it is called'.repeat(30))
  writeFileSync(join(data, 'state.db'), 'no state'.repeat(1_000))
  const outcome = await doctor(data)
  assert.is(outcome.code, 1)
  assert.equal([of(outcome, 'state').status, of(outcome, 'protection').status], ['failed', 'skipped'])
  assert.is(of(outcome, 'market-cache').status, 'failed')
  assert.match(String(of(outcome, 'state').remedy), 'bbw db restore')
})

test('a check that hangs or breaks is told, and the others are made', async () => {
  const check = (id: string, run: Check['run']): Check => ({ id, title: id, why: 'Because.', exit: 4, run })
  const checks = [
    check('breaks', () => {
      throw new Error('a fault of its own')
    }),
    check('hangs', () => new Promise(() => {})),
    check('works', () => ({ status: 'ok', found: 'fine' })),
  ]
  const outcome = await doctor(join(folder.path, 'empty'), {}, {}, checks)
  assert.is(outcome.code, 4)
  assert.equal([of(outcome, 'breaks').status, of(outcome, 'breaks').found], ['failed', 'a fault of its own'])
  assert.equal([of(outcome, 'hangs').status, of(outcome, 'works').status], ['skipped', 'ok'])
  const late = await doctor(join(folder.path, 'empty'), {}, {}, checks, [], 4_000)
  assert.match(String(of(late, 'works').found), 'no time was left of 3 s')
})

test('an exchange that takes requests and answers none exits 5 once the time is up', async () => {
  const never = (): Promise<never> => new Promise(() => {})
  const market = { url: 'https://there', symbols: never, clockAhead: never }
  const account = {
    from: 'a file',
    key: never,
    positionMode: never,
    marginMode: never,
    fees: never,
  }
  const outcome = await doctor(join(folder.path, 'empty'), {}, {}, exchangeChecks('demo', market, account))
  assert.is(outcome.code, 5)
  const all = ['exchange', 'exchange-clock', 'key-rights', 'position-mode', 'margin-mode', 'fees']
  assert.equal(statuses(outcome, 'failed'), all)
  assert.is(of(outcome, 'exchange').found, 'no answer within 3 s')
})

test('what the account does not answer exits 5, and what it says no to exits 4', async () => {
  const market = { url: 'https://there', symbols: async () => 500, clockAhead: async () => 0 }
  const never = (): Promise<never> => new Promise(() => {})
  const fails = (retryable: boolean, why: string) => async (): Promise<never> => {
    throw new ExchangeError(why, { retryable, ambiguous: false, why })
  }
  const refused = async () => ({ refused: [{ code: 'C415', words: 'no', remedy: 'another' }], warned: [] })
  for (const [key, code] of [
    [fails(true, 'network'), 5],
    [fails(true, 'banned'), 5],
    [fails(false, 'credentials'), 4],
    [fails(false, 'account'), 4],
    [refused, 4],
    [never, 5],
  ] as const) {
    const asked = key as () => Promise<never>
    const account = { from: 'a file', key: asked, positionMode: never, marginMode: never, fees: never }
    const checks = exchangeChecks('demo', market, account).filter(({ id }) => id === 'key-rights')
    const outcome = await doctor(join(folder.path, 'empty'), {}, {}, checks)
    assert.equal([outcome.code, statuses(outcome, 'failed')], [code, ['key-rights']])
  }
  const slow = exchangeChecks('demo', { ...market, clockAhead: async () => 9_000 }, 'there is no key')
  const clock = slow.filter(({ id }) => id === 'exchange-clock')
  assert.is((await doctor(join(folder.path, 'empty'), {}, {}, clock)).code, 4, 'the machine is to be set')
})

test('where no exchange is named the doctor says which one the state is of, and asks none', async () => {
  const data = join(folder.path, 'demo')
  mkdirSync(data)
  const store = StateStore.open(join(data, 'state.db'), { now: 0, random: () => 0, origin: 'demo' })
  assert.ok(store.acquire(0).ok)
  const url = 'http://127.0.0.1:9'
  store.write(RUN_KEY, { exchange: 'demo', dry: false, market: 'a market', url })
  store.release()
  store.close()
  const plain = await bbw(['doctor', '--data-dir', data], { wall, cwd: folder.path })
  assert.is(of(plain, 'exchange').found, 'the state is of demo, which is asked with --exchange demo alone')
  const named = await bbw(['doctor', '--data-dir', data, '--exchange', 'sim'], { wall, cwd: folder.path })
  assert.match(String(of(named, 'exchange').found), 'the exchange is sim')
  // Asked where the state's exchange was reached: its key is not for Bybit's own address.
  const env = { BBW_API_KEY: 'abcdefgh1234', BBW_API_SECRET: 'ijklmnop5678' }
  const words = ['doctor', '--data-dir', data, '--exchange', 'demo']
  const there = await processes.start(words, { env }).ended
  assert.is(there.code, 5, there.out)
  assert.match(String(of(there, 'exchange').found), '127.0.0.1:9')
})

test('an exchange that is away exits 5, and what needs a key is skipped', async () => {
  const probe = {
    url: 'https://there',
    symbols: async () => Promise.reject(new ExchangeError('away', { retryable: true, ambiguous: false })),
    clockAhead: async () => 0,
  }
  const outcome = await doctor(
    join(folder.path, 'empty'),
    {},
    {},
    exchangeChecks('paper', probe, 'paper has no key'),
  )
  assert.is(outcome.code, 5)
  assert.equal([of(outcome, 'exchange').status, of(outcome, 'key-rights').status], ['failed', 'skipped'])
  assert.is(of(outcome, 'exchange-clock').status, 'ok')
})

test.run()
