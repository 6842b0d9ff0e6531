/** A program that shows a made-up dashboard on its own terminal, and says how it ended. */
import process from 'node:process'
import { setTimeout as after } from 'node:timers/promises'
import { model, snapshot } from './model.fixture.ts'
import { dashboardModel } from './model.ts'
import { canMount, mountDashboard } from './mount.ts'

const { stdin, stdout, env } = process
const world = {
  env,
  color: true,
  stdin: Object.assign(stdin, { isTTY: stdin.isTTY === true }),
  stdout: { isTTY: stdout.isTTY === true, columns: stdout.columns, write: async () => {} },
  clock: {
    now: () => 0,
    monotonic: () => performance.now(),
    sleep: (ms: number, signal?: AbortSignal) => after(ms, undefined, signal === undefined ? {} : { signal }),
  },
}
if (!canMount(world)) {
  stdout.write('no terminal\n')
  process.exit(3)
}
const asked: string[] = []
const actions = {
  pause: () => asked.push('pause'),
  resume: () => asked.push('resume'),
  halt: () => asked.push('halt'),
  quit: () => asked.push('quit'),
}
const first = model()
const mounted = await mountDashboard({
  world,
  model: first,
  actions,
  interrupt: () => asked.push('interrupt'),
})
mounted.update(dashboardModel(first, { type: 'snapshot', snapshot: snapshot({ equity: 4_321 }) }))
const how = await mounted.done
stdout.write(`ended by ${how} after ${asked.join(', ')}\n`, () => process.exit(0))
