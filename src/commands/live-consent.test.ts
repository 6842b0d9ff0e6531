import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ENVIRONMENTS,
  type EnvironmentName,
  environmentAt,
  environmentOf,
} from '../core/adapters/bybit/environments.ts'
import { ConfigError, UsageError } from '../core/base/errors.ts'
import type { Mode } from './config.ts'
import { liveConsent } from './live-consent.ts'

const test = suite('live consent')

interface Asked {
  readonly mode?: Mode
  readonly live?: boolean
  readonly account?: string
  readonly alias?: string | null
  /** What is typed at the terminal; `null` where there is none. */
  readonly typed?: string | null
}

async function consent(name: EnvironmentName, asked: Asked): Promise<string> {
  const { mode = 'dry', live, account, alias = 'savings', typed = null } = asked
  let shown = ''
  const world = {
    stdin: Object.assign(
      (async function* () {
        yield Buffer.from(`${typed}\n`)
      })(),
      { isTTY: typed !== null },
    ),
    stderr: {
      isTTY: typed !== null,
      columns: 80,
      write: (text: string) => {
        shown += text
      },
    },
    signal: new AbortController().signal,
  }
  const flags = { live, account }
  try {
    const config = { mode, account: { alias, keyFile: null } }
    const isLive = await liveConsent(world, { flags, args: [] }, config, environmentOf(name))
    return `${isLive} ${shown}`.trim()
  } catch (error) {
    if (error instanceof UsageError || error instanceof ConfigError) return `${error.name}: ${error.message}`
    throw error
  }
}

test('all three keys together move money, and the alias is typed at the terminal', async () => {
  const all = { mode: 'live', live: true, typed: 'savings' } as const
  assert.match(await consent('live', all), /^true Real money. Type the alias of the account \(savings\)/)
  assert.is(await consent('live', { ...all, typed: null, account: 'savings' }), 'true')
})

/** What moves money without all three keys, and how many combinations do with them. */
async function moved(
  consents: (name: EnvironmentName, asked: Asked) => Promise<string>,
): Promise<{ readonly wrong: readonly string[]; readonly allowed: number }> {
  let allowed = 0
  const wrong: string[] = []
  for (const name of ENVIRONMENTS) {
    for (const mode of ['dry', 'live'] as const) {
      for (const live of [undefined, true]) {
        for (const alias of ['savings', null]) {
          for (const typed of [null, '', 'y', 'saving', 'savings ']) {
            for (const account of [undefined, 'other', 'savings']) {
              const told = await consents(name, {
                mode,
                alias,
                typed,
                ...(live ? { live } : {}),
                ...(account ? { account } : {}),
              })
              const isMeant = name === 'live' && mode === 'live' && live === true && alias !== null
              const isRight = typed === null ? account === 'savings' : typed === 'savings '
              if (told.startsWith('true') !== (isMeant && isRight))
                wrong.push(JSON.stringify({ name, mode, live, alias, typed, account }))
              if (told.startsWith('true')) allowed++
            }
          }
        }
      }
    }
  }
  return { wrong, allowed }
}

test('K9: any other combination of them than all does not', async () => {
  const { wrong, allowed } = await moved(consent)
  assert.equal(wrong, [])
  // With a terminal the flag does not stand in for typing.
  assert.is(allowed, 4)
})

test('K9: a start that goes by the configuration and the flag alone is found out', async () => {
  const eager = async (name: EnvironmentName, { mode, live }: Asked): Promise<string> =>
    String(name === 'live' && mode === 'live' && live === true)
  assert.ok((await moved(eager)).wrong.length > 0)
})

const HOSTS = ENVIRONMENTS.flatMap(name => environmentOf(name).account?.rest ?? [])
type Reached = (name: EnvironmentName, given: string) => ReturnType<typeof environmentOf>['account']

/** Names without real money under which a key would go to the host of a real account, or to one of yet another name. */
function astray(reached: Reached): readonly string[] {
  const wrong: string[] = []
  for (const name of ENVIRONMENTS) {
    for (const given of [...HOSTS, 'https://example.com']) {
      let account: ReturnType<Reached> = null
      try {
        account = reached(name, given)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
      }
      if (account !== null && account.rest !== environmentOf(name).account?.rest)
        wrong.push(`${name} ${given}`)
    }
  }
  return wrong
}

test('K9: no name leads a key to the account of another one, whatever address is given', () => {
  assert.equal(
    astray((name, given) => environmentAt(name, given).account),
    [],
  )
})

test('K9: an address that is taken as it is given is found out', () => {
  const wrong = astray((name, given) => {
    const { account } = environmentOf(name)
    return account === null ? null : { ...account, rest: given }
  })
  assert.ok(wrong.includes('demo https://api.bybit.com'))
})

test('one key alone is refused rather than passed over', async () => {
  assert.match(await consent('live', { mode: 'live' }), /^UsageError: .*--live is not given/)
  assert.match(await consent('live', { live: true }), /^ConfigError: .*does not say mode: live/)
  assert.match(
    await consent('demo', { live: true }),
    /^UsageError: --live is for real money, and demo has none/,
  )
  assert.match(
    await consent('live', { mode: 'live', live: true, alias: null }),
    /^ConfigError: real money needs a name/,
  )
  assert.match(await consent('live', { mode: 'live', live: true }), /^UsageError: there is no terminal/)
  assert.is(await consent('live', {}), 'false')
  assert.is(await consent('paper', { mode: 'live' }), 'false')
})

test.run()
