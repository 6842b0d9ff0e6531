import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Log, type LogOptions, openLog } from './log.ts'
import { Redactor } from './redactor.ts'

const test = suite('log')
const folder = mkdtempSync(join(tmpdir(), 'bbw-log-'))

test.after(() => rmSync(folder, { recursive: true }))

interface Opened {
  readonly log: Log
  readonly lines: string[]
  readonly records: () => readonly { readonly [field: string]: unknown }[]
}

function open(options: Partial<LogOptions> & { readonly isTTY?: boolean } = {}): Opened {
  const lines: string[] = []
  const { isTTY = false, ...rest } = options
  const log = openLog({
    level: 'debug',
    file: null,
    maxMegabytes: 1,
    stderr: { isTTY, write: text => void lines.push(text) },
    redactor: new Redactor([]),
    clock: { now: () => Date.UTC(2025, 0, 2, 3, 4, 5), monotonic: () => 0 },
    ...rest,
  })
  return { log, lines, records: () => lines.map(line => JSON.parse(line)) }
}

test('a line in a pipe is one JSON object with time, level, fields and words', () => {
  const { log, lines } = open()
  log.info({ symbol: 'BTCUSDT', level: 3 }, 'entered 100 % of %s')
  assert.equal(lines, [
    '{"level":"info","time":"2025-01-02T03:04:05.000Z","symbol":"BTCUSDT","level_":3,"msg":"entered 100 % of %s"}\n',
  ])
})

test('a line on a terminal is words, and cannot move its cursor', () => {
  const { log, lines } = open({ isTTY: true })
  log.warn({ symbol: 'BTC\u001b[2J\u202e', figures: { a: 1 } }, 'one\ntwo')
  assert.equal(lines, ['03:04:05 warn one two symbol=BTC [2J  figures={"a":1}\n'])
})

test('what is below the level is left out', () => {
  const { log, records } = open({ level: 'warn' })
  log.debug({}, 'debug')
  log.info({}, 'info')
  log.warn({}, 'warn')
  log.error({}, 'error')
  assert.equal(
    records().map(({ msg }) => msg),
    ['warn', 'error'],
  )
})

test('a code is said in front, at the level of its severity', () => {
  const { log, records } = open()
  log.code('I704', 'Stopped.')
  log.code('W308', 'Unreadable.', { topic: 'wallet', code: 'x' })
  log.code('E109', 'Cannot save.')
  log.code('C805', 'Disk full.')
  assert.equal(
    records().map(({ level, code, msg }) => [level, code, msg]),
    [
      ['info', 'I704', 'I704 Stopped.'],
      ['warn', 'W308', 'W308 Unreadable.'],
      ['error', 'E109', 'E109 Cannot save.'],
      ['fatal', 'C805', 'C805 Disk full.'],
    ],
  )
})

test('no secret of any kind comes through, by whatever way it goes', () => {
  const letters = 'xY7'.repeat(12)
  const canaries: { readonly [kind: string]: string } = {
    apiKey: 'CanaryApiKey0001',
    apiSecret: 'canary/secret+with=signs"0002',
    demoSecret: 'CANARY\\back 0003',
    hmac: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    telegramToken: `987654321:${letters}`,
    bearer: 'canarybearer.0006.token',
    password: 'canary password 0007',
    passphrase: 'cañary-0008-phräse',
    cookie: 'canarysession0009',
    listenKey: 'canarylisten0010',
    webhook: 'https://hooks.example/canary-0011/path',
    pin: '00120012',
  }
  const kinds = Object.entries(canaries)
  assert.is(kinds.length, 12)
  for (const isTTY of [true, false]) {
    for (const file of [null, join(folder, `canary-${isTTY}.log`)]) {
      const { log, lines } = open({ isTTY, file, redactor: new Redactor(Object.values(canaries)) })
      for (const [kind, secret] of kinds) {
        const url = `https://api.example/v5/${encodeURIComponent(secret)}/x?sign=${encodeURIComponent(secret)}&a=1`
        const basic = Buffer.from(`user:${secret}`).toString('base64')
        const headers = { 'X-BAPI-SIGN': secret, Authorization: `Basic ${basic}`, Other: secret }
        const cause = Object.assign(new Error(`${kind} ${secret}`), {
          config: {
            url,
            headers,
            data: JSON.stringify({ secret, nested: JSON.stringify({ value: secret }) }),
          },
          rawHeaders: ['Cookie', secret, 'X-Other', secret],
        })
        const error = new Error(`request failed: ${url}`, { cause: new Error('between', { cause }) })
        log.error({ err: error }, 'failed')
        log.warn({ [kind]: secret, list: [secret], [secret]: 1, map: new Map([[secret, secret]]) }, 'fields')
        log.info({ headers }, `message ${secret} and ${url} and ${JSON.stringify({ secret })}`)
        log.code('E105', `unclear ${secret}`, { error })
        log.error(
          { number: Number(secret) || 0, bytes: Buffer.from(secret), split: [secret, [secret]] },
          basic,
        )
      }
      log.close()
      const text = file === null ? lines.join('') : readFileSync(file, 'utf8')
      assert.is(text.trim().split('\n').length, kinds.length * 5)
      for (const [kind, secret] of kinds) {
        const forms = [
          secret,
          JSON.stringify(secret).slice(1, -1),
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64').slice(0, -4),
          Buffer.from(`user:${secret}`).toString('base64').slice(8, -4),
        ]
        for (const form of forms) assert.not(text.includes(form), `${kind} as ${form} (${file ?? 'stderr'})`)
      }
      assert.not(text.includes('withheld'), 'what is no secret is still said')
      if (file !== null) assert.equal(lines, [])
    }
  }
})

test('secrets that nobody named are known by name and shape', () => {
  const { log, lines } = open()
  const token = `123456789:${'aB3'.repeat(12)}`
  log.info(
    { err: new Error('x', { cause: { headers: { authorization: 'Bearer abc123' } } }) },
    `bot${token}/x`,
  )
  log.info({ config: { api_key: 'abc123', secret: 'abc123' }, key: 'abc123' }, 'signature=abc123&qty=1')
  const text = lines.join('')
  assert.not(text.includes('abc123'))
  assert.not(text.includes(token))
  assert.match(text, 'qty=1')
})

test('a disk that is full is told on standard error and to who listens, and stops nothing', () => {
  const told: string[] = []
  const { log, lines } = open({
    file: join(folder, 'full.log'),
    redactor: new Redactor(['full.log']),
    onTrouble: words => void told.push(words),
    write: () => {
      throw new Error('ENOSPC: no space left on device')
    },
  })
  for (let line = 0; line < 100; line += 1) log.error({}, 'words')
  assert.is(log.lost, 100)
  assert.is(lines.length, 1)
  assert.match(lines[0], /^bbw: the log cannot be written .*no space left on device/)
  assert.not(lines[0].includes('full.log'))
  assert.is(told.length, 1)
  log.close()
})

test('nothing that is logged can throw', () => {
  const { log, lines } = open({
    stderr: {
      isTTY: false,
      write: () => {
        throw new Error('gone')
      },
    },
  })
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no')
      },
    },
  )
  log.info({ hostile, big: 10n, toJSON: 3 }, 'x')
  log.info(hostile, 'y')
  assert.equal(lines, [])
})

test.run()
