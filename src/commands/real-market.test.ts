import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bbw, Folder } from './world.fixture.ts'

const test = suite('real market')
const folder = new Folder()
test.after(() => folder.remove())

const env = { BBW_API_KEY: 'a-key-of-mine', BBW_API_SECRET: 'a-secret-of-mine' }

test('no command takes a key to an address of another environment', async () => {
  const data = join(folder.path, 'nothing')
  for (const words of [
    ['run'],
    ['trade', 'close', 'BTCUSDT', '--execute'],
    ['trade', 'flatten', '--execute'],
    ['trade', 'flatten', '--all', '--without-state'],
    ['trade', 'adopt', 'BTCUSDT', '--execute'],
    ['doctor'],
  ]) {
    for (const [name, url] of [
      ['demo', 'https://api.bybit.com'],
      ['testnet', 'https://api.bybit.com'],
      ['demo', 'https://example.com'],
    ]) {
      const all = [...words, '--exchange', name, '--url', url, '--data-dir', data]
      const { code, err } = await bbw(all, { env, wall: Date.UTC(2026, 0, 1) })
      assert.is(code, 4, `${all.join(' ')}: ${err}`)
      assert.match(err, `--exchange ${name} does not go to ${url}`)
      assert.match(err, 'leave --url out')
    }
  }
  assert.not(existsSync(join(data, 'market.db')))
})

test.run()
