/**
 * Families of faults, and the profiles that say which of them a simulation has. A seed switches some of the families of
 * its profile on and draws how often each of their faults comes about (swarm testing: a run in which everything goes
 * wrong at once never gets far enough to meet what goes wrong after a while).
 */
import type { Draws } from './draws.fixture.ts'
import type { RateTable } from './fault-plan.fixture.ts'

/** The most that a fault's rate is drawn as: a share of the occasions of its place. */
export const FAMILIES = {
  requests: {
    request: {
      'lose-request': 0.04,
      'lose-reply': 0.04,
      'hold-request': 0.04,
      slow: 0.08,
      'double-request': 0.02,
      unclear: 0.03,
      unreadable: 0.03,
    },
  },
  pushes: { push: { 'lose-push': 0.06, 'double-push': 0.06, 'late-push': 0.06 } },
  outages: { weather: { 'break-streams': 0.02, 'refuse-connections': 0.006, 'swallow-everything': 0.006 } },
  disk: { commit: { busy: 0.02, full: 0.01, io: 0.01 } },
  crashes: {
    'crash commit': { before: 0.004, after: 0.004 },
    'crash place': { before: 0.03, after: 0.03 },
    'crash amend': { before: 0.03, after: 0.03 },
    'crash cancel': { before: 0.5, after: 0.5 },
    'crash setStop': { before: 0.3, after: 0.3 },
    'crash setLeverage': { before: 0.03, after: 0.03 },
    life: { kill: 0.01, stop: 0.005 },
  },
  clocks: { clock: { 'step-forward': 0.01, 'step-back': 0.01, skew: 0.02, freeze: 0.01, sleep: 0.003 } },
  people: {
    person: {
      reduce: 0.01,
      open: 0.006,
      'remove-stop': 0.01,
      'loosen-stop': 0.01,
      'tighten-stop': 0.01,
      'cancel-all': 0.006,
    },
    command: { pause: 0.004, halt: 0.004, 'ask-twice': 0.01 },
  },
  market: { venue: { 'drop-stop': 0.02, 'reject-later': 0.02, thin: 0.02, liquidate: 0.003 } },
  rivals: { rival: { 'second-run': 0.02, scan: 0.03, status: 0.03 } },
} as const satisfies { readonly [family: string]: RateTable }

/** What only the simulated Bybit can do: upsets of its own, and answers that refuse, by their `retCode`. */
export const BYBIT: RateTable = {
  upset: {
    amnesia: 0.02,
    'dead-topic': 0.01,
    ban: 0.003,
    adl: 0.004,
    'hold-triggers': 0.01,
    'human-leverage': 0.006,
    'funding-interval': 0.01,
    'orphan-stop': 0.01,
    'half-open': 0.01,
    flap: 0.006,
    delist: 0.002,
    maintenance: 0.003,
    'clock-skew': 0.006,
    transfer: 0.004,
  },
  answer: { 10000: 0.02, 10002: 0.01, 10006: 0.02, 10016: 0.02 },
}

export type Family = keyof typeof FAMILIES

export const PROFILES = {
  calm: [],
  'bad-net': ['requests', 'pushes', 'outages'],
  disk: ['disk', 'crashes'],
  human: ['people', 'market'],
  'two-bots': ['rivals', 'crashes', 'requests'],
  clock: ['clocks', 'pushes', 'rivals'],
  exchange: ['market', 'pushes'],
  meltdown: ['requests', 'pushes', 'outages', 'disk', 'crashes', 'clocks', 'people', 'market', 'rivals'],
} as const satisfies { readonly [profile: string]: readonly Family[] }

export type Profile = keyof typeof PROFILES

/** Those in which the simulated Bybit is upset, too. */
const UPSET: readonly Profile[] = ['exchange', 'meltdown']

/** The rates of a seed. A profile of few families has all of them on, a wide one about two of three. */
export function ratesOf(profile: Profile, draws: Draws, isBybit: boolean): RateTable {
  const families: readonly Family[] = PROFILES[profile]
  const rates: { [place: string]: { [kind: string]: number } } = {}
  const tables: readonly (readonly [name: string, table: RateTable])[] = [
    ...families.map(family => [family, FAMILIES[family]] as const),
    ...(isBybit && UPSET.includes(profile) ? [['bybit', BYBIT] as const] : []),
  ]
  for (const [name, table] of tables) {
    if (families.length > 3 && draws.next(`family ${name}`) > 0.65) continue
    for (const [place, kinds] of Object.entries(table)) {
      rates[place] = Object.fromEntries(
        // Squared: as a rule little, now and then a lot.
        Object.entries(kinds).map(([kind, most]) => [kind, most * draws.next(`rate ${place} ${kind}`) ** 2]),
      )
    }
  }
  return rates
}
