/** The shell in a process of its own, over commands that do one thing each; `shell.test.ts` starts it. */
import process from 'node:process'
import { DataError } from '../core/base/errors.ts'
import type { CommandSpec, World } from './command.ts'
import { runShell } from './shell.ts'

function aborted({ signal }: World): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Keeps the process alive, as a socket would. */
function holdOpen(): void {
  setInterval(() => {}, 60_000)
}

const LINES = 50_000

const RUNS: { readonly [name: string]: CommandSpec['run'] } = {
  echo: async (world, { args }) => {
    await world.stdout.write(`${args.join(' ')}\n`)
    world.stderr.write('words\n')
    return 7
  },
  copy: async world => {
    for await (const chunk of world.stdin) await world.stdout.write(chunk)
    return 0
  },
  /** Answers once it has read everything. */
  count: async world => {
    let bytes = 0
    world.stderr.write('ready\n')
    for await (const chunk of world.stdin) {
      bytes += chunk.length
      world.stderr.write('block\n')
    }
    await world.stdout.write(`${bytes}\n`)
    return 0
  },
  flood: async world => {
    for (let line = 1; line <= LINES; line += 1) await world.stdout.write(`${JSON.stringify({ line })}\n`)
    return 0
  },
  careless: async world => {
    for (let line = 1; line <= LINES; line += 1) void world.stdout.write(`${JSON.stringify({ line })}\n`)
    return 0
  },
  world: async world => {
    const { color, quiet, verbose, cwd, stdout, stderr, stdin } = world
    const terminals = [stdin.isTTY, stdout.isTTY, stderr.isTTY]
    await world.stdout.write(
      JSON.stringify({ color, quiet, verbose, cwd, terminals, columns: stdout.columns }),
    )
    return 0
  },
  wait: async world => {
    holdOpen()
    world.stderr.write('ready\n')
    await aborted(world)
    await world.stdout.write(`stopped by ${world.signal.reason}\n`)
    return 0
  },
  /** Is stopped, and leaves something open. */
  open: async world => {
    holdOpen()
    world.stderr.write('ready\n')
    await aborted(world)
    return 5
  },
  /** Hears two hangups, and then no more. */
  hangup: async world => {
    holdOpen()
    let heard = 0
    const stop = world.hangup.listen(() => {
      heard += 1
      if (heard === 2) stop()
      world.stderr.write(`heard ${heard}\n`)
    })
    world.stderr.write('ready\n')
    return new Promise(() => {})
  },
  sleep: async world => {
    world.stderr.write('ready\n')
    await world.clock.sleep(60_000, world.signal)
    return 0
  },
  stubborn: async world => {
    holdOpen()
    world.stderr.write('ready\n')
    await aborted(world)
    world.stderr.write('aborted\n')
    return new Promise(() => {})
  },
  stuck: async world => {
    world.stderr.write('ready\n')
    for (;;) {
      await world.stdout.write('x'.repeat(1_000_000))
      if (world.signal.aborted) return 0
    }
  },
  refuse: async () => {
    throw new DataError('not a number', { file: 'a.csv', line: 2 }, 'mend the file')
  },
  fault: async () => {
    throw new Error('first\nsecond')
  },
  late: async () => {
    setImmediate(() => {
      throw new Error('thrown on the side')
    })
    holdOpen()
    return new Promise(() => {})
  },
  forgotten: () => new Promise(() => {}),
}

const registry = Object.entries(RUNS).map(([name, run]) => ({
  name,
  summary: name,
  load: async (): Promise<CommandSpec> => ({
    name,
    summary: name,
    examples: [],
    arguments: [{ name: '[words...]', description: '' }],
    ...(run === undefined ? {} : { run }),
  }),
}))

await runShell(process, registry, '0.0.0')
