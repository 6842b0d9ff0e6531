import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { World } from '../command.ts'
import { Desk, settled } from './desk.fixture.ts'
import { model, snapshot } from './model.fixture.ts'
import { type DashboardModel, dashboardModel } from './model.ts'
import { canMount, type MountedDashboard, mountDashboard } from './mount.ts'

const test = suite('mounting of the dashboard')
const PROGRAM = join(import.meta.dirname, 'terminal.fixture.ts')

function place(
  stdin: boolean,
  stdout: boolean,
  env: World['env'] = { TERM: 'xterm' },
): Pick<World, 'stdin' | 'stdout' | 'env'> {
  const none = async function* (): AsyncGenerator<Uint8Array> {}
  return {
    env,
    stdin: Object.assign(none(), { isTTY: stdin }),
    stdout: { isTTY: stdout, columns: 80, write: async () => {} },
  }
}

test('it is mounted only where keys can be read and the cursor goes where it is sent', () => {
  assert.is(canMount(place(true, true)), true)
  assert.is(canMount(place(true, true, {})), true)
  assert.is(canMount(place(false, true)), false)
  assert.is(canMount(place(true, false)), false)
  assert.is(canMount(place(true, true, { TERM: 'dumb' })), false)
})

function mount(desk: Desk, does: 'act' | 'look', first: DashboardModel): Promise<MountedDashboard> {
  const { world, terminal, actions, interrupt } = desk
  return mountDashboard({
    world,
    terminal,
    interrupt,
    model: first,
    actions: does === 'act' ? actions : null,
  })
}

function worth(equity: number): DashboardModel {
  return dashboardModel(model(), { type: 'snapshot', snapshot: snapshot({ equity }) })
}

test('the whole terminal is taken and given back, and q quits', async () => {
  const desk = new Desk()
  const { done } = await mount(desk, 'act', model())
  await desk.sees('stop and quit')
  assert.ok(desk.written.startsWith('\u001b[?1049h'), 'the other screen')
  assert.match(desk.written, 'POSITIONS 3')
  desk.stdin.write('q')
  assert.is(await done, 'quit')
  await settled()
  assert.match(desk.written, '\u001b[?1049l')
  assert.ok(desk.written.lastIndexOf('\u001b[?25h') > 0, 'the cursor is there again')
  assert.equal(desk.asked, ['quit'])
})

test('models that come at once are drawn once, the last of them, a quarter of a second after the one before', async () => {
  const desk = new Desk()
  const mounted = await mount(desk, 'look', model())
  await desk.sees('read-only')
  desk.written = ''
  for (const equity of [1_111, 2_222, 3_333]) mounted.update(worth(equity))
  await settled()
  assert.equal([desk.written, desk.sleeps], ['', [250]])
  await desk.wake()
  await desk.sees('3,333.00')
  assert.not.match(desk.written, '2,222.00')
  mounted.update(worth(4_444))
  await desk.wake()
  await desk.sees('4,444.00')
  assert.equal(desk.sleeps, [250, 250])
  await mounted.unmount()
})

test('it goes when it is taken away, while a drawing waits too, and nothing is drawn afterwards', async () => {
  const desk = new Desk()
  const mounted = await mount(desk, 'act', model())
  mounted.update(worth(2_222))
  await mounted.unmount()
  assert.is(await mounted.done, 'unmounted')
  await settled()
  const { written } = desk
  mounted.update(worth(3_333))
  await desk.wake()
  assert.is(desk.written, written)
  assert.equal(desk.asked, [])
})

test('Ctrl-C is handed on, and pause and halt are asked for', async () => {
  const desk = new Desk()
  const mounted = await mount(desk, 'act', model())
  await desk.sees('stop and quit')
  for (const key of ['p', 'h', 'y', '\u0003']) {
    desk.stdin.write(key)
    await settled()
  }
  assert.equal(desk.asked, ['pause', 'halt', 'interrupt'])
  await mounted.unmount()
})

test('without a terminal nothing is mounted', () => {
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8', input: 'q' })
  assert.equal([status, stdout], [3, 'no terminal\n'])
})

// util-linux's own, not that of BSD: it has a terminal to give away.
const canScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

;(canScript ? test : test.skip)(
  'on a real terminal it draws, takes keys and leaves the terminal as it was',
  async () => {
    const command = `stty cols 80 rows 24; exec '${process.execPath}' '${PROGRAM}'`
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: '/',
      env: { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8', CI: 'true' },
    })
    let seen = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text
      // Both are answers to what was drawn, so that nothing has to be waited for.
      if (seen.includes('4,321.00') && !seen.includes('asked for')) child.stdin.write('p')
      else if (seen.includes('asked for') && !seen.includes('ended')) child.stdin.write('q')
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    assert.is(code, 0, seen)
    assert.match(seen, '\u001b[?1049h')
    assert.match(seen, 'EQUITY')
    assert.match(seen, /ended by quit after (?:pause, )+quit/)
    assert.ok(
      seen.lastIndexOf('\u001b[?1049l') < seen.indexOf('ended'),
      'the words stand on the screen of before',
    )
  },
)

test.run()
