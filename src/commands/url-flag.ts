import { HOSTS } from '../core/adapters/bybit/hosts.ts'
import type { FlagSpec } from './command.ts'

export const URL_FLAG: FlagSpec = {
  flags: '--url <address>',
  description: `where the exchange is (default: ${HOSTS.mainnet}); http on this machine alone, and with a key no other host than the environment’s`,
}
