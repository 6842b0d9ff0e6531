/** What tests in which the process is killed have in common: the points, lives with a death in them, and complaints. */
import * as assert from 'uvu/assert'
import type { Code } from './core/base/codes.ts'
import type { Rigs } from './faults-complaints.fixture.ts'
import type { KillPoint, RequestBody } from './faults-mortal.fixture.ts'
import type { RigOptions, StreamRig } from './faults-streams-rig.fixture.ts'

export const CREATE = '/v5/order/create'
export const STOP = '/v5/position/trading-stop'

/** A life with a death in it; what is wrong with how it went on. */
export type Life = (rig: StreamRig, point: KillPoint) => Promise<readonly string[]>

/** What is wrong with a life whose process was killed at a point; `code` was told. */
export type CrashComplaints = (
  point: KillPoint,
  options: RigOptions,
  life: Life,
  code?: Code,
) => Promise<readonly string[]>

export function crashes({ withRig }: Pick<Rigs, 'withRig'>): CrashComplaints {
  return async (point, options, life, code) => {
    let found: readonly string[] = []
    await withRig(options, async rig => {
      found = await life(rig, point)
      assert.is(rig.kills, 1, `killed ${point.phase} the ${point.at}`)
      if (code !== undefined) assert.ok(rig.count(code) > 0, `${code} is told`)
    })
    return found
  }
}

/** The first request of a path that says so. */
export function request(
  phase: 'before' | 'taken',
  path: string,
  says: (body: RequestBody) => boolean = () => true,
): KillPoint {
  return { at: 'request', phase, when: (asked, body) => asked === path && says(body) }
}
