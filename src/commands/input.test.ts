import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../core/base/errors.ts'
import type { ParsedArguments } from './command.ts'
import { refuseSharedInput } from './input.ts'

const test = suite('input')

function readers(config: readonly string[], csv: readonly string[]): ParsedArguments {
  return { flags: { config, csv }, args: [] }
}

test('standard input is for one reader', () => {
  refuseSharedInput(readers([], []))
  refuseSharedInput(readers(['a.yaml'], ['a.csv']), 'the records')
  refuseSharedInput(readers(['-'], ['a.csv']))
  refuseSharedInput(readers(['a.yaml', '-'], []))
  for (const [config, csv, others] of [
    [['-'], ['-'], []],
    [['-', '-'], [], []],
    [[], ['-', 'a.csv', '-'], []],
    [['-'], [], ['the records']],
    [[], ['-'], ['the records']],
  ] as const) {
    assert.throws(
      () => refuseSharedInput(readers(config, csv), ...others),
      (error: unknown) => error instanceof UsageError && /cannot be read twice/.test(error.message),
    )
  }
})

test.run()
