import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CommandSpec } from './command.ts'
import { REGISTRY } from './registry.ts'

const test = suite('registry')

function check(spec: CommandSpec, title: string): void {
  assert.ok(spec.summary !== '' && !spec.summary.endsWith('.'), `the summary of ${title} is a phrase`)
  assert.ok(spec.examples.length > 0, `${title} has examples`)
  for (const example of spec.examples) assert.match(example, title, `an example of ${title} shows it`)
  const names = (spec.commands ?? []).map(({ name }) => name)
  assert.is(new Set(names).size, names.length, `${title} names each command once`)
  for (const child of spec.commands ?? []) check(child, `${title} ${child.name}`)
}

test('every command is what the overview says of it', async () => {
  for (const entry of REGISTRY) {
    const spec = await entry.load()
    assert.equal([spec.name, spec.summary], [entry.name, entry.summary])
    check(spec, `bbw ${spec.name}`)
  }
})

test('no command is listed twice', () => {
  const names = REGISTRY.map(({ name }) => name)
  assert.is(new Set(names).size, names.length)
})

test.run()
