/** Thrown inside a transaction whose event another one has handled meanwhile: rolls back; the caller sees 204. */
export class AlreadyHandled extends Error {
  constructor(id: string) {
    super(`event ${id} was handled already`)
    this.name = 'AlreadyHandled'
  }
}
