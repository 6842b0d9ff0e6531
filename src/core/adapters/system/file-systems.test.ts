import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fileSystemType, freeBytes, networkFileSystem } from './file-systems.ts'

const test = suite('file systems')

test('file systems of a network are told from others, with or without the sign', () => {
  assert.is(networkFileSystem(0x6969), 'NFS')
  assert.is(networkFileSystem(0x517b), 'SMB')
  assert.is(networkFileSystem(0xff534d42), 'CIFS')
  assert.is(networkFileSystem(0xff534d42 | 0), 'CIFS')
  assert.is(networkFileSystem(0xef53), null)
  assert.is(networkFileSystem(0x01021994), null)
})

test('the folder of temporary files has a type and room, and one that is not there has none', () => {
  assert.ok(fileSystemType(tmpdir()) > 0)
  assert.ok(freeBytes(tmpdir()) > 0)
  assert.throws(() => fileSystemType(join(tmpdir(), 'bbw', 'none')), /ENOENT/)
})

test.run()
