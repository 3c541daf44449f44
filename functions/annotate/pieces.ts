import type { Query } from 'mezz/ports'
import type { Piece } from './annotation-queries.ts'
import { nextPiece } from './annotation-queries.ts'

/** Annotations that are read at once. */
const MOST = 5000

/** The labelled tasks of a project piece by piece, so that no more than one is in memory. */
export async function* pieces(query: Query, project: string): AsyncGenerator<Piece> {
  for (let beyond = -1; ; ) {
    const piece = await nextPiece(query, project, beyond, MOST)
    if (!piece) return
    yield piece
    beyond = piece.to
  }
}
