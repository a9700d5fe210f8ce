import type { GuardCertificate } from './certificate.js'
import { GuardListener } from './guard-listener.js'
import { GuardPassage } from './guard-passage.js'
import type { GuardReport, GuardRules } from './guard-rules.js'

/** A proxy on this machine for the browser's side of one render. */
interface Guard {
  /** `http://127.0.0.1:PORT` */
  readonly address: string
  /** How long nothing has been asked for or answered; 0 = something is under way. */
  quietMs(): number
  report(): GuardReport
  /** Ends every connection, to both sides. */
  close(): Promise<void>
}

/**
 * Opens a guard. Whatever the browser wants of the network comes here: plain requests as they are, https inside of a tunnel that ends
 * here too, for which the guard shows a certificate of its own. So every URL is seen, those that a redirect leads to as well, and each is
 * asked about before its connection is dialled by the rules of every other fetch.
 */
export async function openGuard(certificate: GuardCertificate, rules: GuardRules): Promise<Guard> {
  const passage = new GuardPassage(rules)
  const listener = new GuardListener(certificate, passage)
  const address = await listener.listen()
  return {
    address,
    quietMs: () => passage.quietMs(),
    report: () => passage.report(),
    close: async () => {
      await Promise.all([listener.close(), passage.close()])
    },
  }
}
