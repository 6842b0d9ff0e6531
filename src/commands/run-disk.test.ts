/** A loop whose database cannot be written: locked by another process, on a full disk, or refused by the system. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BUSY, inDatabase, Loops, type Started } from './started.fixture.ts'
import { records } from './world.fixture.ts'

const test = suite('a disk that fails')
const loops = new Loops()
const { processes } = loops

test.after(async () => {
  await processes.end()
  await loops.end()
})

/** The records of the trouble, of its end, and of what reduces a position. */
const TROUBLE = (code: string): RegExp => new RegExp(`"kind":"store","code":"${code}"`)
const SAVED = /"kind":"store"[^\n]*the state is saved again/
const REDUCES = /"kind":"(?:exited|stop-moved|targets|filled)"/

/**
 * Waits for the trouble, for something that goes on in spite of it, and after `heal` for its end. Nothing was entered
 * meanwhile, and something is afterwards.
 */
async function throughTrouble(loop: Started, code: string, heal: () => void): Promise<void> {
  await loop.says(TROUBLE(code), 'out')
  await loop.says(new RegExp(`${code} `), 'err')
  const begun = loop.out.search(TROUBLE(code))
  heal()
  await loop.says(SAVED, 'out', begun)
  const end = begun + loop.out.slice(begun).search(SAVED)
  const during = records(
    loop.out.slice(loop.out.indexOf('\n', begun) + 1, loop.out.lastIndexOf('\n', end) + 1),
  )
  assert.equal(
    during.filter(record => record.kind === 'entered'),
    [],
  )
  await loop.says(/"kind":"entered"/, 'out', end)
}

/** A loop on a folder of its own whose exchange keeps its journal elsewhere. */
async function apart(
  data: string,
  shell?: string,
): Promise<{ readonly loop: Started; readonly server: Started }> {
  const { server, url, env } = await processes.serve(['--data-dir', loops.fresh(), ...loops.market])
  const words = ['run', '--data-dir', data, '--sim-url', url, '--ndjson', ...BUSY]
  const setting = { env: { ...env, NODE_DISABLE_COMPILE_CACHE: '1' } }
  return { loop: processes.start(words, shell === undefined ? setting : { ...setting, shell }), server }
}

test('H3: while another process holds the database entries wait, and go on once it lets go', async () => {
  const data = loops.fresh()
  const loop = loops.run(data, ...BUSY)
  await loop.says(/"kind":"filled"/, 'out')
  const other = new DatabaseSync(join(data, 'state.db'), { timeout: 5_000 })
  let injected = 0
  try {
    other.exec('BEGIN IMMEDIATE')
    injected += 1
    await throughTrouble(loop, 'W803', () => other.exec('ROLLBACK'))
  } finally {
    other.close()
  }
  assert.is(injected, 1)
  assert.is((await loop.stop()).code, 0)
})

/** Fills a disk to the last byte; returns how many it took. */
function fill(path: string): number {
  let written = 0
  for (let bytes = 2 ** 20; bytes >= 512; ) {
    try {
      writeFileSync(path, Buffer.alloc(bytes, 120), { flag: 'a' })
      written += bytes
    } catch {
      bytes /= 2
    }
  }
  return written
}

const disk = join(loops.folder.path, 'disk')
mkdirSync(disk)
/** Mounts a small disk that only the process which follows sees, so that it is gone with it. */
const MOUNT = `exec unshare -m sh -c 'mount -t tmpfs -o size=40m tmpfs ${disk} && exec "$0" "$@"' "$0" "$@"`
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', disk]).status === 0
// Mounting takes root: elsewhere the store's own tests with a full database stand for it.
const diskTest = canMount ? test : test.skip
diskTest(
  'H5: on a full disk the reserve is used, then entries wait while exits and stops go on, until there is room',
  async () => {
    const { loop } = await apart(join(disk, 'data'), MOUNT)
    await loop.says(/"kind":"filled"/, 'out')
    const seenBy = join(`/proc/${loop.pid}/root`, disk)
    const [reserve, filler] = [join(seenBy, 'data', 'state.ballast'), join(seenBy, 'filler')]
    assert.ok(existsSync(reserve))
    let injected = fill(filler)
    assert.ok(injected > 0)
    let troubled = false
    const seen = loop.says(TROUBLE('C805'), 'out').then(() => {
      troubled = true
    })
    // The reserve gives room for last words, until that is used up too.
    for (let looks = 0; looks < 500 && !troubled; looks += 1) {
      await new Promise(resolve => setTimeout(resolve, 50))
      if (!existsSync(reserve)) injected += fill(filler)
    }
    await seen
    assert.not(existsSync(reserve))
    assert.ok(injected > 8 * 2 ** 20)
    await loop.says(REDUCES, 'out', loop.out.search(TROUBLE('C805')))
    await throughTrouble(loop, 'C805', () => rmSync(filler))
    assert.is((await loop.stop()).code, 0)
  },
)

const limitTest = spawnSync('prlimit', ['--version']).status === 0 ? test : test.skip
limitTest(
  'H6: when the system refuses the write entries wait while exits and stops go on, until it does not',
  async () => {
    const data = loops.fresh()
    // Files beyond a size are refused, without a signal.
    const { loop } = await apart(data, `trap '' XFSZ; ulimit -S -f 2000`)
    await loop.says(TROUBLE('C806'), 'out')
    await loop.says(REDUCES, 'out', loop.out.search(TROUBLE('C806')))
    await throughTrouble(loop, 'C806', () => {
      const { status, stderr } = spawnSync('prlimit', [`--pid=${loop.pid}`, '--fsize=unlimited:'])
      assert.is(status, 0, String(stderr))
    })
    assert.is((await loop.stop()).code, 0)
    const [{ n }] = inDatabase(join(data, 'state.db'), db =>
      db.prepare("SELECT count(*) AS n FROM events WHERE code = 'C806'").all(),
    )
    assert.is(Number(n), 1, 'and the journal has it')
  },
)

test('incident 78: a log that cannot be written is said, and the loop goes on to its end', async () => {
  const log = loops.folder.file('full.log', `${'x'.repeat(599_999)}\n`)
  const config = loops.folder.file('log.yaml', `operations:\n  log:\n    file: ${log}\n    level: debug\n`)
  const words = ['run', '--no-state', ...loops.market, '--speed', 'max', '--ndjson', '--config', config]
  const plain = await processes.start(['run', '--no-state', ...loops.market, '--speed', 'max', '--ndjson'])
    .ended
  const { code, out, err } = await processes.start(words, {
    // The log has reached the size that files may have.
    shell: `trap '' XFSZ; ulimit -S -f 1000`,
    env: { NODE_DISABLE_COMPILE_CACHE: '1' },
  }).ended
  assert.is(code, 0, err)
  assert.match(err, /the log cannot be written to \S+: .*trading goes on/)
  assert.is(out, plain.out, 'it trades the same')
  assert.is(statSync(log).size, 600_000)
})

test.run()
