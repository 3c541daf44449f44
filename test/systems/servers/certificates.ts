import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate authority of one's own, and a server's certificate for 127.0.0.1 that it signed: all PEM. */
export interface Certificates {
  readonly authority: string
  /** File with the server's key, its certificate and the authority's. */
  readonly server: string
}

/** Makes them anew in `folder`, by OpenSSL. */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true })
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void => {
    try {
      execFileSync('openssl', args, { stdio: 'pipe' })
    } catch (cause) {
      throw new Error('no certificates for this test: they are made by "openssl", which failed or is not here', {
        cause,
      })
    }
  }
  const key = ['-newkey', 'rsa:2048', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=test authority')
  openssl('req', ...key, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=127.0.0.1')
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('names')]
  openssl('x509', '-req', '-in', at('server.csr'), ...signed, '-out', at('server.pem'))
  const parts = ['server.key', 'server.pem', 'ca.pem'].map((name) => readFileSync(at(name), 'utf8'))
  writeFileSync(at('chain.pem'), parts.join(''), { mode: 0o600 })
  return { authority: readFileSync(at('ca.pem'), 'utf8'), server: at('chain.pem') }
}
