/**
 * Runs simulations of the whole live loop (`npm run dst`). Prints one line for each and, where something does not hold,
 * what, where, and how to see it again; the exit status is 1 then.
 *
 *   --seed 0x5f3a91    the seed, or the first of several; 1 if left out
 *   --seeds 20         how many
 *   --profile meltdown one of the profiles; all of them if left out
 *   --protocol bybit   bbw's own adapter at the simulated Bybit; the embedded exchange if left out
 *   --days 0.5         of the market; 0.25 if left out
 *   --busy             settings are drawn, and positions come and go all the time
 *   --until 181442     ends after so many events
 *   --trace            prints every event
 *   --shrink           looks for the fewest faults that lead to the same failure
 */
import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { MemoryFolder } from '../src/kernel/memory-folder.fixture.ts'
import { PROFILES, type Profile } from '../src/kernel/profiles.fixture.ts'
import { shrunk } from '../src/kernel/shrink.fixture.ts'
import {
  failureLines,
  type Outcome,
  Simulation,
  type SimulationOptions,
} from '../src/kernel/simulation.fixture.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    profile: { type: 'string' },
    protocol: { type: 'string', default: 'sim' },
    days: { type: 'string', default: '0.25' },
    busy: { type: 'boolean', default: false },
    until: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
  },
})

const profiles = Object.keys(PROFILES) as Profile[]
const chosen = values.profile === undefined ? profiles : profiles.filter(name => name === values.profile)
const first = Number(values.seed)
const protocol = values.protocol === 'bybit' ? 'bybit' : 'sim'
const [count, days] = [Number(values.seeds), Number(values.days)]
if (chosen.length === 0 || ![first, count, days].every(Number.isFinite)) {
  process.stderr.write(`profiles: ${profiles.join(' ')}; seeds and days are numbers\n`)
  process.exit(2)
}

const folder = new MemoryFolder()
const out = (text: string): void => void process.stdout.write(`${text}\n`)

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

async function simulate(
  seed: number,
  profile: Profile,
  over: Partial<SimulationOptions> = {},
): Promise<Outcome> {
  return await new Simulation({
    seed,
    profile,
    protocol,
    days,
    isBusy: values.busy,
    folder: folder.fresh(),
    ...(values.until === undefined ? {} : { until: Number(values.until) }),
    ...over,
  }).run()
}

let failures = 0
for (const profile of chosen) {
  for (let seed = first; seed < first + count; seed++) {
    const began = process.hrtime.bigint()
    const outcome = await simulate(seed, profile, values.trace ? { trace: out } : {})
    const seconds = Number(process.hrtime.bigint() - began) / 1e9
    const speed = (outcome.span / 86_400_000 / seconds).toFixed(2)
    const { hash, events, trades, starts, fired, failure } = outcome
    out(
      `seed=0x${seed.toString(16)} profile=${profile} hash=${hash} events=${events} trades=${trades} starts=${starts} faults=${fired.length} days/s=${speed}`,
    )
    if (failure === null) continue
    failures++
    out(failureLines({ seed, profile, protocol, days, isBusy: values.busy }, failure, commit()))
    if (!values.shrink) continue
    const isSame = async (faults: Outcome['fired']): Promise<boolean> =>
      (await simulate(seed, profile, { faults })).failure?.invariant === failure.invariant
    const least = await shrunk(fired, isSame)
    out(`${least.length} of ${fired.length} faults are enough:`)
    for (const fault of least) out(`  ${JSON.stringify(fault)}`)
  }
}
folder.remove()
process.exitCode = failures > 0 ? 1 : 0
