import { requestContext } from './context.ts'

/** The id of who asks, as their token says it; `developer` on a laptop without an issuer. */
export function callerId(): string {
  const caller = requestContext.getStore()?.caller
  if (!caller) throw new Error('callerId is asked outside a request')
  return caller.id
}
