import { statfsSync } from 'node:fs'

/** Types of statfs(2) under which locks and shared memory do not hold between machines. */
const NETWORK: { readonly [type: number]: string | undefined } = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  1397113167: 'AFS',
  1937076805: 'Coda',
}

/** The type of the file system that a folder lies on, as statfs(2) has it. */
export function fileSystemType(folder: string): number {
  // Some kernels hand it over with its sign.
  return Number(statfsSync(folder).type) >>> 0
}

/** The name of a network file system; `null` for any other type. */
export function networkFileSystem(type: number): string | null {
  return NETWORK[type >>> 0] ?? null
}

/** Bytes that this user can still write below a folder. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
